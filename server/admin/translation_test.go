package admin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/go-rod/rod"

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
