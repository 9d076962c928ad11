package admin_test

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"akkoord"
)

// M4: what people can agree to is written in the browser, in languages that
// have all words; each change says what it is, and no word that there was is lost.
func TestAPurposeIsWordedInTheBrowserAndEveryVersionStays(t *testing.T) {
	f := newFixture(t)
	b := f.as(akkoord.RoleOwner)
	b.get("/admin/purposes", `href="/admin/purposes/new"`)
	b.get("/admin/purposes/new?ready=1", "Yes, mail me the news of Zonvaart Reizen B.V.", "Ja, mail mij het nieuws van Zonvaart Reizen B.V.")
	if r := b.send("POST", "/admin/purposes", "basis=consent"); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, `id="name-en-e"`) || !strings.Contains(r.body, `id="wording-en-e"`) || !strings.Contains(r.body, `id="explanation-en-e"`) || strings.Contains(r.body, `id="slug-e"`) {
		t.Errorf("nothing typed: %d %s", r.status, r.body)
	}
	cyrillic := url.Values{"basis": {"consent"}, "name-nl": {"Круиз"}, "wording-nl": {"Да."}, "explanation-nl": {"Круизы."}}
	if r := b.send("POST", "/admin/purposes", cyrillic.Encode()); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, "No name in addresses can be made") || strings.Contains(r.body, `id="name-nl-e"`) {
		t.Errorf("a name that gives no slug: %d %s", r.status, r.body)
	}
	in := url.Values{"basis": {"consent"}, "name-nl": {"Reisnieuws"}, "wording-nl": {"Ja, mail mij."}, "explanation-nl": {"Reisideeën."}, "name-en": {"Travel news"}, "wording-en": {"Yes <please>."}}
	r := b.send("POST", "/admin/purposes", in.Encode())
	if r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, `id="explanation-en-e"`) || !strings.Contains(r.body, html.EscapeString("Yes <please>.")) {
		t.Fatalf("a language without all its words: %d %s", r.status, r.body)
	}
	in.Set("explanation-en", "Travel ideas.")
	if r := b.send("POST", "/admin/purposes", in.Encode()); r.status != http.StatusSeeOther || r.header.Get("Location") != "/admin/purposes/reisnieuws" {
		t.Fatalf("making it: %d to %q: %s", r.status, r.header.Get("Location"), r.body)
	}
	const page = "/admin/purposes/reisnieuws"
	change := func(read, wording string, more ...string) reply {
		in := url.Values{"read": {read}, "name-nl": {"Reisnieuws"}, "wording-nl": {wording}, "explanation-nl": {"Reisideeën."}, "name-en": {"Travel news"}, "wording-en": {"Yes <please>."}, "explanation-en": {"Travel ideas."}}
		for i := 0; i < len(more); i += 2 {
			in.Set(more[i], more[i+1])
		}
		return b.send("POST", page, in.Encode())
	}
	for _, tt := range []struct {
		name string
		r    reply
		code int
		says string
	}{
		{"a change of what is not said", change("1", "Ja, mail mij twee keer."), http.StatusUnprocessableEntity, `id="change-e"`},
		{"a correction without a reason", change("1", "Ja, mail mij twee keer.", "change", "correction"), http.StatusUnprocessableEntity, `id="reason-e"`},
	} {
		if tt.r.status != tt.code || !strings.Contains(tt.r.body, tt.says) || !strings.Contains(tt.r.body, "Ja, mail mij twee keer.") {
			t.Errorf("%s: %d %s", tt.name, tt.r.status, tt.r.body)
		}
	}
	if r := change("1", "Ja, mail mij twee keer.", "change", "wider"); r.status != http.StatusSeeOther {
		t.Fatalf("a wider purpose: %d %s", r.status, r.body)
	}
	b.get(page, "Ja, mail mij.", "Ja, mail mij twee keer.", "asked for more")
	if r := change("1", "Van een ander.", "change", "wider"); r.status != http.StatusConflict || !strings.Contains(r.body, "Van een ander.") || !strings.Contains(r.body, `name="read" value="2"`) {
		t.Errorf("a stale change: %d %s", r.status, r.body)
	}
	p, err := f.store.Purpose(t.Context(), "reisnieuws")
	f.check(err)
	if p.Version != 2 || p.Wider != 2 || p.Texts["nl"].Wording != "Ja, mail mij twee keer." {
		t.Errorf("stored: %+v", p)
	}
	analyst := f.as(akkoord.RoleAnalyst)
	if body := analyst.get(page, "Ja, mail mij.").body; strings.Contains(body, "<textarea") {
		t.Error("an analyst gets the form")
	}
}

// M2, M3: a form is made in the browser, asks in the owner's order, is refused
// with what was typed, and gives HTML for other pages with the words that count
// and no box ticked.
func TestAFormIsMadeInTheBrowser(t *testing.T) {
	f := newFixture(t)
	f.mailing() // purpose travel-news, form home
	b := f.as(akkoord.RoleOwner)
	_, err := f.store.PutPurpose(t.Context(), akkoord.ActorSystem, akkoord.Purpose{Slug: "ski", Basis: akkoord.BasisConsent, Texts: map[string]akkoord.PurposeText{
		"en": {Name: "Ski", Explanation: "Offers.", Wording: "Yes, \"ski\" <offers>."}}})
	f.check(err)
	b.get("/admin/forms", `href="/admin/forms/home"`)
	in := url.Values{
		"slug": {"zomer"}, "purposes": {"travel-news", "ski"}, "place-travel-news": {"2"}, "place-ski": {"1"}, "title-en": {"Sun <in> your mailbox"}, "interest": {"beach", ""}, "interest-en": {"Beach", ""},
		"interest-nl": {"", ""}, "origins": {"https://www.zonvaart.example/pagina"}, "act": {"save"},
	}
	if r := b.send("POST", "/admin/forms", "act=save"); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, `id="slug-e"`) || !strings.Contains(r.body, "Tick at least one purpose") || strings.Contains(r.body, "Without your yes") {
		t.Errorf("an empty form: %d %s", r.status, r.body)
	}
	r := b.send("POST", "/admin/forms", in.Encode())
	if r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, `id="origins-e"`) || !strings.Contains(r.body, html.EscapeString("Sun <in> your mailbox")) || !strings.Contains(r.body, `value="zomer"`) {
		t.Fatalf("a wrong origin: %d %s", r.status, r.body)
	}
	in.Set("origins", "https://www.zonvaart.example")
	if r := b.send("POST", "/admin/forms", in.Encode()); r.status != http.StatusSeeOther || r.header.Get("Location") != "/admin/forms/zomer" {
		t.Fatalf("making it: %d to %q %s", r.status, r.header.Get("Location"), r.body)
	}
	form, err := f.store.Form(t.Context(), "zomer")
	f.check(err)
	if got := strings.Join(form.Version.Purposes, " "); got != "ski travel-news" || form.Version.Texts["en"].Interests["beach"] != "Beach" || len(form.Version.Texts) != 1 {
		t.Errorf("stored: %s %+v", got, form.Version)
	}
	embedded := html.UnescapeString(b.get("/admin/forms/zomer").body)
	if !strings.Contains(embedded, `action="http://127.0.0.1:8080/f/zomer"`) || !strings.Contains(embedded, "&#34;ski&#34; &lt;offers&gt;") || strings.Contains(embedded, `value="ski" checked> Yes`) {
		t.Errorf("the HTML for other pages: %s", embedded)
	}
	in.Set("read", "1")
	in.Set("act", "more")
	if r := b.send("POST", "/admin/forms/zomer", in.Encode()); r.status != http.StatusOK || strings.Count(r.body, `name="interest"`) != 3 {
		t.Errorf("more lines: %d", r.status)
	}
	in.Set("act", "save")
	in.Set("title-en", "Sun")
	if r := b.send("POST", "/admin/forms/zomer", in.Encode()); r.status != http.StatusSeeOther {
		t.Errorf("changing it: %d %s", r.status, r.body)
	}
	if r := b.send("POST", "/admin/forms/zomer", in.Encode()); r.status != http.StatusConflict || !strings.Contains(r.body, `name="read" value="2"`) {
		t.Errorf("a stale change: %d %s", r.status, r.body)
	}
	in.Del("purposes")
	in.Set("read", "2")
	if r := b.send("POST", "/admin/forms/zomer", in.Encode()); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, `id="purposes-e"`) {
		t.Errorf("a form that asks nothing: %d %s", r.status, r.body)
	}
}

// M22: the box about clicks is off until the form says so; words that are left out
// are the ready ones, kept with the version, in the languages in which the form is public.
func TestAFormMayAskAboutClicksM22(t *testing.T) {
	f := newFixture(t)
	f.mailing() // purpose travel-news, form home
	b := f.as(akkoord.RoleOwner)
	in := url.Values{"slug": {"kliks"}, "purposes": {"travel-news"}, "tracking-fr": {""}, "act": {"save"}}
	stored := func() akkoord.FormVersion {
		form, err := f.store.Form(t.Context(), "kliks")
		f.check(err)
		return form.Version
	}
	if r := b.send("POST", "/admin/forms", in.Encode()); r.status != http.StatusSeeOther || stored().Tracking || len(stored().Texts) != 0 {
		t.Fatalf("by default: %d %+v", r.status, stored())
	}
	in.Set("read", "1")
	in.Set("tracking", "1")
	in.Set("tracking-en", "Count <my> clicks.")
	if r := b.send("POST", "/admin/forms/kliks", in.Encode()); r.status != http.StatusSeeOther {
		t.Fatalf("asking it: %d %s", r.status, r.body)
	}
	v := stored()
	if !v.Tracking || v.Texts["en"].Tracking != "Count <my> clicks." {
		t.Errorf("stored: %+v", v)
	}
	news, err := f.store.Purpose(t.Context(), "travel-news")
	f.check(err)
	for locale := range v.Texts {
		if _, public := news.Texts[locale]; !public || v.Texts[locale].Tracking == "" {
			t.Errorf("in %s the form has %+v", locale, v.Texts[locale])
		}
	}
	page := b.get("/admin/forms/kliks", `name="tracking" value="1" checked`, "Count &lt;my&gt; clicks.</textarea>").body
	if !strings.Contains(html.UnescapeString(page), `<input type="checkbox" name="tracking" value="1"> Count`) {
		t.Errorf("the HTML for other pages lacks the box, or has it ticked: %s", page)
	}
}
