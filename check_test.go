package akkoord

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fine is a mail of which nothing is to be said.
func fine() ComposedMail {
	return ComposedMail{
		Subject: "Drie dorpen waar de sneeuw al ligt", Preheader: "Met de trein, en voor niet veel", Text: "De sneeuw ligt er.", HTMLSize: 12 << 10,
		Links:  []ComposedLink{{"https://www.zonvaart.example/tirol", "Naar Tirol"}},
		Images: []ComposedImage{{"https://www.zonvaart.example/berg.png", "Een berg", true}},
		Shades: []Shade{{"#1b1c1e", "#ffffff", 17, 17}},
	}
}

// TestEachFaultOfAMailHasItsFinding: what a reader would trip over is told with its
// code, how much it matters and what it is about (issue 6.6, A.18, L.3, L.4).
func TestEachFaultOfAMailHasItsFinding(t *testing.T) {
	if found := fine().Check(); len(found) > 0 {
		t.Errorf("a mail without faults: %+v", found)
	}
	for _, tt := range []struct {
		spoil func(*ComposedMail)
		want  Finding
	}{
		{func(c *ComposedMail) { c.Subject = strings.Repeat("é", 71) }, Finding{Code: "subject_long", Severity: SeverityWarn, Field: "subject", Number: 71}},
		{func(c *ComposedMail) { c.Subject = "NU BOEKEN {{name | u}}!" }, Finding{Code: "subject_capitals", Severity: SeverityWarn, Field: "subject"}},
		{func(c *ComposedMail) { c.Language, c.Untranslated = "en", []string{"subject"} }, Finding{Code: "variant_subject", Severity: SeverityWarn, Field: "subject", Language: "en"}},
		{func(c *ComposedMail) { c.Language, c.Lacks = "en", []string{"subject"} }, Finding{Code: "translation_subject", Severity: SeverityWarn, Field: "subject", Language: "en"}},
		{func(c *ComposedMail) { c.Language, c.Lacks = "en", []string{"body"} }, Finding{Code: "translation_body", Severity: SeverityWarn, Field: "body", Language: "en"}},
		{func(c *ComposedMail) { c.Preheader = " " }, Finding{Code: "preheader_missing", Severity: SeverityHint, Field: "preheader"}},
		{func(c *ComposedMail) { c.HTMLSize = 81 << 10 }, Finding{Code: "html_large", Severity: SeverityWarn, Field: "body", Number: 81}},
		{func(c *ComposedMail) { c.Text = "\n" }, Finding{Code: "text_empty", Severity: SeverityWarn, Field: "body"}},
		{func(c *ComposedMail) { c.Links[0].Words = " " }, Finding{Code: "link_empty", Severity: SeverityWarn, Field: "body", Detail: "https://www.zonvaart.example/tirol"}},
		{func(c *ComposedMail) { c.Links[0].Words = "Klik hier!" }, Finding{Code: "link_words", Severity: SeverityHint, Field: "body", Detail: "Klik hier!"}},
		{func(c *ComposedMail) { c.Links[0].URL = "http://a.example/" }, Finding{Code: "link_http", Severity: SeverityWarn, Field: "body", Detail: "http://a.example/"}},
		{func(c *ComposedMail) { c.Images[0].Alt, c.Images[0].Described = "", false }, Finding{Code: "image_alt", Severity: SeverityWarn, Field: "body", Detail: "https://www.zonvaart.example/berg.png"}},
		{func(c *ComposedMail) { c.Images[0].Alt = "" }, Finding{Code: "image_decorative", Severity: SeverityHint, Field: "body", Detail: "https://www.zonvaart.example/berg.png"}},
		{func(c *ComposedMail) { c.Images[0].URL = "http://a.example/b.png" }, Finding{Code: "image_http", Severity: SeverityWarn, Field: "body", Detail: "http://a.example/b.png"}},
		{func(c *ComposedMail) { c.Shades[0] = Shade{"#aaaaaa", "#ffffff", 2.32, 7} }, Finding{Code: "contrast", Severity: SeverityWarn, Field: "body", Detail: "#aaaaaa / #ffffff: 2.3"}},
		{func(c *ComposedMail) { c.Shades[0].Dark = 1.2 }, Finding{Code: "contrast_dark", Severity: SeverityHint, Field: "body", Detail: "#1b1c1e"}},
		{func(c *ComposedMail) { c.Bare = []string{"name"} }, Finding{Code: "field_bare", Severity: SeverityHint, Field: "body", Detail: "{{name}}"}},
		{func(c *ComposedMail) { c.Text = "Lorem ipsum dolor" }, Finding{Code: "placeholder", Severity: SeverityWarn, Field: "body", Detail: "Lorem ipsum"}},
		{func(c *ComposedMail) { c.Subject = "Dag *|FNAME|*" }, Finding{Code: "placeholder", Severity: SeverityWarn, Field: "body", Detail: "*|FNAME|*"}},
		{func(c *ComposedMail) { c.Text = "Beste [naam]," }, Finding{Code: "placeholder", Severity: SeverityWarn, Field: "body", Detail: "[naam]"}},
		{func(c *ComposedMail) { c.Preheader = "{% if x %}" }, Finding{Code: "placeholder", Severity: SeverityWarn, Field: "body", Detail: "{% if x %}"}},
	} {
		c := fine()
		tt.spoil(&c)
		if diff := cmp.Diff([]Finding{tt.want}, c.Check()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.want.Code, diff)
		}
		c.Variant = "B"
		if got := c.Check(); len(got) != 1 || got[0].Variant != "B" {
			t.Errorf("%s of a variant: %+v", tt.want.Code, got)
		}
	}
}

// TestOneFaultFillsNoPage: of one code a few are told.
func TestOneFaultFillsNoPage(t *testing.T) {
	c := fine()
	for i := range 100 {
		c.Links = append(c.Links, ComposedLink{"http://a.example/" + strings.Repeat("x", i%50), "Lees over x"})
	}
	if n := len(c.Check()); n != sameFindings {
		t.Errorf("%d findings", n)
	}
}

func TestWhoAMailComesFromAndWhoReadsItIsChecked(t *testing.T) {
	for _, tt := range []struct {
		e    Envelope
		want []string
	}{
		{Envelope{From: "reis@zonvaart.example", DKIM: "zonvaart.example"}, nil},
		{Envelope{From: "reis@nieuws.zonvaart.example", DKIM: "zonvaart.example"}, nil},
		{Envelope{From: "reis@zonvaart.example", DKIM: "mail.zonvaart.example"}, nil},
		{Envelope{From: "reis@zonvaart.example", DKIM: "aart.example"}, []string{"from_unaligned"}},
		{Envelope{From: "no-reply@zonvaart.example"}, []string{"unsigned", "from_noreply"}},
		{Envelope{}, nil},
		{Envelope{From: "a@b.example", DKIM: "b.example", Readers: map[string]int64{"nl": 3, "fr": 0}, Spoken: []string{"nl"}, Written: []string{"nl"}}, nil},
		{Envelope{From: "a@b.example", DKIM: "b.example", Readers: map[string]int64{"nl": 3, "fr": 2}, Spoken: []string{"nl"}, Written: []string{"nl"}}, []string{"language_missing"}},
		{Envelope{From: "a@b.example", DKIM: "b.example", Readers: map[string]int64{"nl": 3, "en": 41, "fr": 2, "de": 0}, Spoken: []string{"nl", "en", "de", "fr"}, Written: []string{"nl", "fr"}}, []string{"translation_missing"}},
	} {
		var got []string
		for _, f := range tt.e.Check() {
			got = append(got, f.Code)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%+v: %v, want %v", tt.e, got, tt.want)
		}
	}
}
