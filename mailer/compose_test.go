package mailer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	netmail "net/mail"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-message/mail"

	"akkoord"
	"akkoord/goldentest"
)

// zeros is a source of boundaries that never changes, for golden mails.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func newComposer(t testing.TB) *Composer {
	t.Helper()
	c, err := NewComposer(os.DirFS("../templates"), zeros{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var zonvaart = Sender{
	From:       netmail.Address{Name: "Zonvaart Reizen", Address: "reisnieuws@zonvaart.example"},
	ReplyTo:    "service@zonvaart.example",
	Controller: "Zonvaart Reizen", PostalAddress: "Oudegracht 118\n3511 AW Utrecht", PrivacyContact: "privacy@zonvaart.example",
	BaseURL: "https://mail.zonvaart.example", Brand: "#b8400e",
}

var texts = map[string]struct{ campaign, purpose, subject, preheader, body string }{
	"nl": {"Winter 2027", "Reisnieuws", `{{name | default: "Reiziger"}}, drie dorpen waar de sneeuw al ligt`, "Vroeg de berg op, zonder file en zonder rij.", `# Drie dorpen waar de sneeuw al ligt

Dag {{name | default: "reiziger"}},

De eerste pistes gaan op **28 november** open. Wij kozen drie dorpen waar u nu nog kamers met uitzicht vindt, en waar u met de trein komt.

## Obertauern: zeker van sneeuw

Op 1.740 meter ligt er vanaf november een pak van een meter. [Bekijk de hotels in Obertauern](https://www.zonvaart.example/obertauern?van=mail&plaats=Obertauern).

- Met de nachttrein tot Radstadt
- Skipas inbegrepen tot 20 december
- Kinderen tot 6 jaar skiën *gratis*

> Het mooiste blauw van de Alpen begint om acht uur ’s ochtends.

| Dorp | Hoogte | Vanaf |
|---|---|---|
| Obertauern | 1.740 m | € 589 |
| Zermatt | 1.620 m | € 745 |

Liever de zon? Kijk op https://www.zonvaart.example/zon.
`},
	"en": {"Winter 2027", "Travel news", `{{name | default: "Traveller"}}, three villages where the snow has come`, "", `# Three villages where the snow has come

Hello {{name | default: "traveller"}},

The first slopes open on **28 November**. [See the hotels](https://www.zonvaart.example/en/obertauern?for={{name}}) in Obertauern.

![Two skiers above the village at sunrise](https://www.zonvaart.example/img/sunrise.jpg)
`},
}

func letter(locale string) Letter {
	t := texts[locale]
	return Letter{
		Sender: zonvaart, CampaignSlug: "winter-2027", CampaignName: t.campaign, PurposeSlug: "travel-news", PurposeName: t.purpose,
		MailingID: akkoord.ID{0x01, 0x9a, 0xb0, 15: 7}, Locale: locale, Subject: t.subject, Preheader: t.preheader, Markdown: t.body,
	}
}

var noon = time.Date(2026, 11, 24, 14, 32, 5, 0, time.FixedZone("CET", 3600))

func copyFor(name string) *Copy {
	return &Copy{
		To: "anouk@voorbeeld.example", Date: noon, MessageID: "0123456789abcdef0123456789abcdef@zonvaart.example",
		UnsubscribeURL: "https://mail.zonvaart.example/unsubscribe/" + strings.Repeat("Tok3n-", 25),
		PreferencesURL: "https://mail.zonvaart.example/preferences/" + strings.Repeat("Pr_f.", 30),
		ViewURL:        "https://mail.zonvaart.example/view/" + strings.Repeat("v13w", 30),
		Field: func(field string) string {
			return map[string]string{"name": name, "email": "anouk@voorbeeld.example"}[field]
		},
	}
}

func mustCampaign(t testing.TB, l Letter) *Skeleton {
	t.Helper()
	s, err := newComposer(t).Campaign(l)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// read parses a message as a mail program does, with another library than the
// one that wrote it.
func read(raw []byte) (h mail.Header, text, html string, err error) {
	r, err := mail.CreateReader(bytes.NewReader(raw))
	if err != nil {
		return h, "", "", err
	}
	var parts []string
	for {
		p, err := r.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			return h, "", "", err
		}
		b, err := io.ReadAll(p.Body)
		if err != nil {
			return h, "", "", err
		}
		parts = append(parts, p.Header.Get("Content-Type"), strings.ReplaceAll(string(b), "\r\n", "\n"))
	}
	if len(parts) != 4 || !strings.HasPrefix(parts[0], "text/plain") || !strings.HasPrefix(parts[2], "text/html") {
		return h, "", "", fmt.Errorf("want a text part, then an HTML part (A.10); got %q", parts)
	}
	return r.Header, parts[1], parts[3], nil
}

func mustRead(t *testing.T, raw []byte) (h mail.Header, text, html string) {
	t.Helper()
	h, text, html, err := read(raw)
	if err != nil {
		t.Fatal(err)
	}
	return h, text, html
}

// checkWire checks the bytes as such: A.1, A.2, A.11, A.12.
func checkWire(raw []byte) error {
	if n := bytes.Count(raw, []byte("\r\n")); bytes.Count(raw, []byte("\n")) != n || bytes.Count(raw, []byte("\r")) != n {
		return errors.New("a bare CR or LF")
	}
	head, body, _ := strings.Cut(string(raw), "\r\n\r\n")
	for line := range strings.SplitSeq(string(raw), "\r\n") {
		if len(line) > 998 {
			return fmt.Errorf("a line of %d octets", len(line))
		}
		if i := strings.IndexFunc(line, func(r rune) bool { return r < ' ' || r >= 0x7f }); i >= 0 {
			return fmt.Errorf("byte %#x in %q", line[i], line)
		}
	}
	for line := range strings.SplitSeq(body, "\r\n") {
		if len(line) > 76 || strings.HasSuffix(line, " ") {
			return fmt.Errorf("quoted-printable line of %d: %q", len(line), line)
		}
	}
	for line := range strings.SplitSeq(head, "\r\n") {
		if strings.Contains(line, "=?UTF-8") && len(line) > 76 {
			return fmt.Errorf("encoded-word line of %d: %q", len(line), line)
		}
		for word := range strings.FieldsSeq(line) {
			if strings.HasPrefix(word, "=?UTF-8") && len(word) > 75 {
				return fmt.Errorf("encoded-word of %d (A.9)", len(word))
			}
		}
	}
	return nil
}

func TestGoldenCampaignMails(t *testing.T) {
	for locale := range texts {
		raw := mustCampaign(t, letter(locale)).Append(nil, copyFor("Zoë 🎿"))
		if err := checkWire(raw); err != nil {
			t.Error(err)
		}
		goldentest.Check(t, "golden/campaign."+locale+".eml", raw)
	}
}

func TestCampaignHeaderFields(t *testing.T) {
	raw := mustCampaign(t, letter("nl")).Append(nil, copyFor("Zoë"))
	h, _, _ := mustRead(t, raw)
	want := map[string]string{
		"From":                  `"Zonvaart Reizen" <reisnieuws@zonvaart.example>`,
		"Reply-To":              "<service@zonvaart.example>",
		"To":                    "<anouk@voorbeeld.example>",
		"Date":                  "Tue, 24 Nov 2026 14:32:05 +0100",
		"Message-Id":            "<0123456789abcdef0123456789abcdef@zonvaart.example>",
		"Mime-Version":          "1.0",
		"Content-Language":      "nl",
		"List-Unsubscribe":      "<" + copyFor("").UnsubscribeURL + ">",
		"List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
		"List-Id":               "<travel-news.lists.zonvaart.example>",
		"X-Campaign":            "winter-2027",
		"X-Mailing":             "019ab000-0000-0000-0000-000000000007",
	}
	seen := map[string]int{}
	for f := h.Fields(); f.Next(); {
		seen[f.Key()]++
		if w, ok := want[f.Key()]; ok && w != f.Value() {
			t.Errorf("%s: %q, want %q", f.Key(), f.Value(), w)
		}
	}
	for _, key := range []string{"Subject", "Content-Type", "Feedback-Id"} {
		want[key] = ""
	}
	for key := range want {
		if seen[key] != 1 {
			t.Errorf("%d of %s, want one (A.3)", seen[key], key)
		}
	}
	if len(seen) != len(want) {
		t.Errorf("fields that nobody asked for (A.14): %v", seen)
	}
	if s, err := h.Subject(); err != nil || s != "Zoë, drie dorpen waar de sneeuw al ligt" {
		t.Errorf("subject %q, %v", s, err)
	}
	feedback := strings.Split(h.Get("Feedback-Id"), ":")
	if len(feedback) != 4 || len(feedback[3]) < 5 || len(feedback[3]) > 15 {
		t.Errorf("Feedback-ID %q (C.16)", feedback)
	}
	if !bytes.Contains(raw, []byte("\r\nList-Unsubscribe:\r\n <https://")) {
		t.Error("List-Unsubscribe's URL has no line of its own (A.2)")
	}
}

func TestListUnsubscribeHasAMailboxOnlyWhenOneIsSet(t *testing.T) {
	c := copyFor("Zoë")
	c.UnsubscribeMailto = "mailto:leave+abc@zonvaart.example"
	h, _, _ := mustRead(t, mustCampaign(t, letter("nl")).Append(nil, c))
	if got, want := h.Get("List-Unsubscribe"), "<"+c.UnsubscribeURL+">, <mailto:leave+abc@zonvaart.example>"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestEveryCampaignMailHasTheFooterInBothParts(t *testing.T) {
	bodies := map[string]Letter{"markdown": letter("nl"), "html": letter("nl"), "unclosed html": letter("nl"), "closing html": letter("nl"), "empty": letter("nl")}
	set := func(name, markdown, html string) {
		l := bodies[name]
		l.Markdown, l.HTML = markdown, html
		bodies[name] = l
	}
	set("html", "", "<h1>Dag</h1><p>Mooi weer</p>")
	set("unclosed html", "", `<div style="display:none"><table><tr><td><!-- <p title="x>`)
	set("closing html", "", "</td></tr></table></body></html><style>.colophon{display:none}</style>")
	set("empty", "", "")
	c := copyFor("Zoë")
	for name, l := range bodies {
		_, text, html := mustRead(t, mustCampaign(t, l).Append(nil, c))
		for _, want := range []string{"U krijgt deze mail omdat", "Reisnieuws", "Uitschrijven voor Winter 2027", "Voorkeuren aanpassen", "Privacyverklaring", "Bekijk in uw browser",
			c.UnsubscribeURL, c.PreferencesURL, c.ViewURL, "https://mail.zonvaart.example/privacy?locale=nl", "Zonvaart Reizen", "Oudegracht 118, 3511 AW Utrecht", "privacy@zonvaart.example"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the text part lacks %q", name, want)
			}
			if !strings.Contains(html, want) {
				t.Errorf("%s: the HTML part lacks %q", name, want)
			}
		}
		if at := strings.LastIndex(html, `class="card"`); strings.Contains(html[at:], "display:none") || strings.Contains(html[at:], "<!--") {
			t.Errorf("%s: something can hide the footer", name)
		}
		for _, url := range []string{c.UnsubscribeURL, c.PreferencesURL, c.ViewURL} {
			if !strings.Contains(text, "\n"+url+"\n") {
				t.Errorf("%s: %s is not alone on its line (G.9)", name, url)
			}
		}
	}
}

func TestLetterRefused(t *testing.T) {
	tests := map[string]struct {
		change      func(*Letter)
		code, field string
	}{
		"no postal address":      {func(l *Letter) { l.PostalAddress = " " }, "sender_incomplete", ""},
		"unknown field, subject": {func(l *Letter) { l.Subject = "Dag {{naam}}" }, "unknown_field", "subject"},
		"broken field, body":     {func(l *Letter) { l.Markdown = "Dag {{name" }, "template_invalid", "markdown"},
		"line break in subject":  {func(l *Letter) { l.Subject = "Dag\r\nBcc: a@b.example" }, "text_invalid", "subject"},
		"bidi in subject":        {func(l *Letter) { l.Subject = "Dag \u202e" }, "text_invalid", "subject"},
		"script link":            {func(l *Letter) { l.Markdown = "[x](javascript:alert(1))" }, "link_refused", "markdown"},
		"data image":             {func(l *Letter) { l.Markdown = "![x](data:image/png;base64,AAAA)" }, "link_refused", "markdown"},
		"relative link":          {func(l *Letter) { l.Markdown = "[x](/winter)" }, "link_refused", "markdown"},
		"field as link":          {func(l *Letter) { l.Markdown = "[x]({{name}})" }, "link_refused", "markdown"},
		"field as host":          {func(l *Letter) { l.Markdown = "[x](https://{{name}}/)" }, "link_refused", "markdown"},
		"script link, html":      {func(l *Letter) { l.HTML = `<a href=" JaVaScRiPt:alert(1)">x</a>` }, "link_refused", "html"},
		"field as link, html":    {func(l *Letter) { l.HTML = `<a href="{{name}}">x</a>` }, "link_refused", "html"},
		"deep html":              {func(l *Letter) { l.HTML = strings.Repeat("<div>", 5000) }, "html_invalid", "html"},
		"too large":              {func(l *Letter) { l.Markdown = strings.Repeat("woord ", 20000) }, "mail_too_large", ""},
		"slug with a colon":      {func(l *Letter) { l.CampaignSlug = "a:b" }, "slug_invalid", "campaign"},
	}
	c := newComposer(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l := letter("nl")
			tt.change(&l)
			_, err := c.Campaign(l)
			e, _ := err.(*akkoord.Error)
			if akkoord.CodeOf(err) != tt.code || e.Field != tt.field {
				t.Errorf("error %v (code %q), want %q in %q", err, akkoord.CodeOf(err), tt.code, tt.field)
			}
		})
	}
}

func TestSenderIncompleteTellsAllReasonsAtOnce(t *testing.T) {
	_, err := newComposer(t).Campaign(Letter{})
	if e, ok := err.(*akkoord.Error); !ok || e.Kind != akkoord.Conflict || len(e.Reasons) != 5 {
		t.Errorf("%#v", err)
	}
}
