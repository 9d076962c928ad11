package admin_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/go-rod/rod"
	"github.com/google/go-cmp/cmp"

	"akkoord"
)

// english is a stored mailing's English text.
func (f *fixture) english(path string) akkoord.Translation {
	f.t.Helper()
	return f.content(path).Languages["en"]
}

// TestAMailingIsTranslatedByForms: a translation begins as a copy of the main text, is seen
// before it is saved, stays when the main text changes, and is removed by a button; whom it
// lacks is told (issue 6.6, ADR 60).
func TestAMailingIsTranslatedByForms(t *testing.T) {
	f := newFixture(t)
	path := f.mailing()
	b := f.as(akkoord.RoleEditor)
	b.get(path+"/edit", `href="`+path+`/edit?in=en"`)
	a := &author{browser: b, at: path + "/edit"}
	open := func(at string) {
		a.page = b.get(at).body
		a.fields = f.fieldsOf(a.page, "draft")
	}
	open(path + "/edit?in=en")
	if a.fields.Get("translation") != "en" || !strings.Contains(a.fields.Get("body"), "De sneeuw ligt er.") || strings.Contains(a.page, `value="untranslate"`) {
		t.Fatalf("a new translation: %v", a.fields)
	}
	before := f.content(path)
	a.fields.Set("subject", "Snow")
	a.fields.Set("sender", "Sunvoyage")
	a.fields.Set("body", "The snow is there.")
	seen := url.Values{}
	for name, values := range a.fields {
		seen[name] = values
	}
	seen.Set("as", "light")
	if r := b.send("POST", path+"/preview", seen.Encode()); r.status != http.StatusOK || !strings.Contains(r.body, "The snow is there.") || !strings.Contains(r.body, `lang="en"`) || !strings.Contains(r.body, "Unsubscribe from") {
		t.Errorf("the preview: %d %s", r.status, r.body)
	}
	if !f.content(path).Equal(before) {
		t.Errorf("before it is saved, %+v is stored", f.content(path))
	}
	if r := a.press("save"); r.status != http.StatusSeeOther || r.header.Get("Location") != path+"/edit?in=en" {
		t.Fatalf("saving: %d to %q: %s", r.status, r.header.Get("Location"), r.body)
	}
	want := akkoord.Content{Subject: before.Subject, Markdown: before.Markdown, HTML: before.HTML, Language: "nl", Languages: map[string]akkoord.Translation{"en": {Sender: "Sunvoyage", Content: akkoord.Content{Subject: "Snow", Markdown: "The snow is there."}}}}
	if got := f.content(path); !got.Equal(want) {
		t.Errorf("stored: %+v, want %+v", got, want)
	}
	b.get(path+"/preview?in=en", "The snow is there.")

	open(path + "/edit")
	a.fields.Set("subject", "IJs")
	if r := a.press("save"); r.status != http.StatusSeeOther || f.english(path).Subject != "Snow" || f.content(path).Subject != "IJs" {
		t.Errorf("a change of the main text: %d, %+v", r.status, f.content(path))
	}
	for name, spoil := range map[string]url.Values{
		"nothing": {"subject": {""}, "body": {""}}, "two lines": {"subject": {strings.Repeat("x", 3000)}},
	} {
		open(path + "/edit?in=en")
		for field, value := range spoil {
			a.fields[field] = value
		}
		if r := a.press("save"); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, `id="subject-e"`) || f.english(path).Subject != "Snow" {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	open(path + "/edit?in=en")
	if r := a.press("untranslate"); r.status != http.StatusSeeOther || len(f.content(path).Languages) != 0 {
		t.Errorf("removing it: %d %s, %+v", r.status, r.body, f.content(path))
	}
	for _, in := range []string{"de", "xx"} {
		if r := b.send("GET", path+"/edit?in="+in, ""); r.status != http.StatusNotFound {
			t.Errorf("a language that the purpose has no texts in: %s %d", in, r.status)
		}
	}
}

// TestVariantsAreTranslatedByForms: each variant has fields of its own in a translation, of
// which those left empty are the mailing's; a test goes out of the variant and in the
// language that are chosen, or in each; and the main text's language is chosen, but not one
// that there is a translation into (issue 6.6, ADR 60).
func TestVariantsAreTranslatedByForms(t *testing.T) {
	f := newFixture(t)
	path := f.mailing()
	id, err := akkoord.ParseID(strings.TrimPrefix(path, "/admin/mailings/"))
	f.check(err)
	stored := func() akkoord.Mailing {
		m, err := f.store.Mailing(t.Context(), id)
		f.check(err)
		return m
	}
	m := stored()
	m.Variants = []akkoord.Variant{{Name: "A"}, {Name: "B", Content: akkoord.Content{Subject: "IJs"}}}
	_, err = f.store.PutMailing(t.Context(), akkoord.ActorSystem, m)
	f.check(err)
	b := f.as(akkoord.RoleEditor)
	a := &author{browser: b, at: path + "/edit"}
	open := func(at string) {
		a.page = b.get(at).body
		a.fields = f.fieldsOf(a.page, "draft")
	}
	refused := func(what, field string) {
		if r := a.press("save"); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, `id="`+field+`-e"`) {
			t.Errorf("%s: %d %s", what, r.status, r.body)
		}
	}

	open(path + "/edit?in=en")
	for _, not := range []string{`value="variant"`, `name="trial"`, `name="variant_at"`} {
		if strings.Contains(a.page, not) {
			t.Errorf("a translation's form has %s", not)
		}
	}
	a.fields["variant_subject"] = []string{"", "Ice"}
	a.fields["variant_sender"] = []string{"", "Sunvoyage"}
	a.fields.Set("subject", "")
	a.fields.Set("body", "")
	seen := url.Values{"variant": {"1"}, "as": {"text"}}
	for name, values := range a.fields {
		seen[name] = values
	}
	if r := b.send("POST", path+"/preview", seen.Encode()); r.status != http.StatusOK {
		t.Errorf("the preview of a variant's translation: %d %s", r.status, r.body)
	}
	if r := a.press("save"); r.status != http.StatusSeeOther {
		t.Fatalf("saving: %d %s", r.status, r.body)
	}
	ice := akkoord.Translation{Sender: "Sunvoyage", Content: akkoord.Content{Subject: "Ice"}}
	if m := stored(); len(m.Content.Languages) != 0 || len(m.Variants[0].Languages) != 0 || !m.Variants[1].Languages["en"].Content.Equal(ice.Content) || m.Variants[1].Languages["en"].Sender != ice.Sender || m.Variants[1].Subject != "IJs" {
		t.Errorf("stored: %+v", m)
	}

	open(path + "/edit?in=en")
	if a.fields.Get("subject") != "" || a.fields["variant_subject"][1] != "Ice" || !strings.Contains(a.page, `value="untranslate"`) {
		t.Errorf("the translation of one variant is shown as %v", a.fields)
	}
	a.fields["variant_subject"] = []string{"", strings.Repeat("x", 3000)}
	refused("a line too long", "variants")
	a.fields["variant_subject"] = []string{"Snow A", "Ice"}
	a.fields.Set("subject", "Snow")
	if r := a.press("save"); r.status != http.StatusSeeOther {
		t.Fatalf("saving all: %d %s", r.status, r.body)
	}
	if m := stored(); m.Text(0, "en").Subject != "Snow A" || m.Text(1, "en").Subject != "Ice" || m.Content.Languages["en"].Subject != "Snow" {
		t.Errorf("stored: %+v", m)
	}

	for _, test := range []struct {
		in   url.Values
		want []string
	}{
		{url.Values{"variant": {"B"}, "in": {"en"}}, []string{"Ice|en"}},
		{url.Values{"variant": {"A"}, "in": {"each"}}, []string{"Sneeuw <b>|nl", "Snow A|en"}},
		{url.Values{"variant": {"C"}, "in": {"en"}}, nil},
		{url.Values{"variant": {"A"}, "in": {"de"}}, nil},
	} {
		f.mail.sent = nil
		test.in.Set("act", "test")
		test.in.Set("email", "femke@zonvaart.example")
		b.press(path, test.in)
		for i := range test.want {
			test.want[i] += "|femke@zonvaart.example"
		}
		if diff := cmp.Diff(test.want, f.mail.sent); diff != "" {
			t.Errorf("a test of %v:\n%s", test.in, diff)
		}
	}

	open(path + "/edit")
	a.fields.Set("language", "en")
	refused("a language that it is translated into", "language")
	open(path + "/edit?in=en")
	if r := a.press("untranslate"); r.status != http.StatusSeeOther || slices.Contains(stored().Translated(), "en") {
		t.Errorf("removing it: %d %+v", r.status, stored())
	}
	open(path + "/edit")
	a.fields.Set("language", "fr")
	refused("a language that the purpose has no texts in", "language")
	a.fields.Set("language", "en")
	if r := a.press("save"); r.status != http.StatusSeeOther || stored().Content.Language != "en" {
		t.Errorf("choosing the main language: %d %+v", r.status, stored())
	}
	b.get(path+"/edit", `href="`+path+`/edit?in=nl"`)
}

// TestAMailingIsTranslatedInABrowserWithoutJavaScript: by links, fields and a button.
func TestAMailingIsTranslatedInABrowserWithoutJavaScript(t *testing.T) {
	f := newFixture(t)
	var path string
	if err := rod.Try(func() {
		d := f.opensEditor(false)
		path = d.path
		fill := func(selector, text string) {
			d.focus(selector)
			d.MustEval(`s => document.querySelector(s).select()`, selector)
			d.MustInsertText(text)
		}
		d.loads(func() { d.press("a[href$='?in=en']") })
		fill("#subject", "Snow")
		fill("#body", "The snow is there.")
		d.loads(func() { d.press("button[name=act][value=save]") })
		d.MustElement("button[value=untranslate]")
		d.loads(func() { d.press("nav a[href$='/edit']") })
		if got := d.MustEval(`() => document.querySelector('#body').value`).Str(); !strings.Contains(got, "De sneeuw ligt er.") {
			t.Errorf("the main text is %q", got)
		}
	}); err != nil {
		t.Fatal(err)
	}
	if got := f.english(path); got.Subject != "Snow" || got.Markdown != "The snow is there." {
		t.Errorf("stored is %+v", got)
	}
}
