package admin_test

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/input"

	"akkoord"
)

// skiing is a second purpose, in English and Dutch, or only in Dutch.
func (f *fixture) skiing(locales ...string) {
	f.t.Helper()
	texts := map[string]akkoord.PurposeText{}
	for _, locale := range locales {
		texts[locale] = akkoord.PurposeText{Name: "Ski " + locale, Explanation: "Offers.", Wording: "Yes, ski <offers>, " + locale}
	}
	_, err := f.store.PutPurpose(f.t.Context(), akkoord.ActorSystem, akkoord.Purpose{Slug: "ski", Basis: akkoord.BasisConsent, Texts: texts})
	f.check(err)
}

// A form is seen as its page shows it before it is saved: in a language, in light or
// dark, with all that is typed; nothing is stored or counted, and nothing in the frame
// runs or is sent (issue 7.3).
func TestAFormIsSeenWhileItIsBuilt(t *testing.T) {
	f := newFixture(t)
	f.mailing() // purpose travel-news, form home
	f.skiing("en", "nl")
	_, err := f.store.AddAttribute(t.Context(), akkoord.ActorSystem, akkoord.Attribute{Slug: "city", Type: akkoord.AttributeText}, "travel-news")
	f.check(err)
	b := f.as(akkoord.RoleManager)
	in := url.Values{
		"purposes": {"travel-news", "ski"}, "place-travel-news": {"2"}, "place-ski": {"1"}, "title-en": {"Sun <in> your mailbox"}, "title-nl": {"Zon in de bus"}, "interest": {"", "city-trips"}, "interest-en": {"Beach & sea", ""},
		"ask-city": {"required"}, "ask-city-en": {"Where do you live?"}, "as": {"dark"},
	}
	r := b.send("POST", "/admin/forms/new/preview", in.Encode())
	if r.status != http.StatusOK {
		t.Fatalf("%d %s", r.status, r.body)
	}
	has(t, r, `data-theme="dark"`, `lang="en"`, "Sun &lt;in&gt; your mailbox", "Yes, ski &lt;offers&gt;, en", "Beach &amp; sea", `value="beach-sea"`, "City trips", "Where do you live?", "Zonvaart Reizen B.V.")
	if strings.Index(r.body, "Ski en") > strings.Index(r.body, "Travel news") {
		t.Error("the boxes are not in the order of their numbers")
	}
	for _, not := range []string{"<script", "locale=", " checked", `name="stamp"`} {
		if strings.Contains(r.body, not) {
			t.Errorf("the frame has %q", not)
		}
	}
	if policy := r.header.Get("Content-Security-Policy"); !strings.Contains(policy, "form-action 'none'") || !strings.HasSuffix(policy, "sandbox allow-same-origin") || strings.Contains(policy, "script-src") {
		t.Errorf("its policy is %s", policy)
	}
	in.Set("in", "nl")
	in.Set("as", "light")
	has(t, b.send("POST", "/admin/forms/home/preview", in.Encode()), `data-theme="light"`, `lang="nl"`, "Zon in de bus", "Ja, mail mij.")
	has(t, b.get("/admin/forms/home/preview?in=nl"), "Ja, mail mij.")
	if form, err := f.store.Form(t.Context(), "home"); err != nil || form.Version.Number != 1 || len(form.Version.Purposes) != 1 {
		t.Errorf("the form that is stored became %+v, %v", form, err)
	}
	g, err := f.store.Growth(t.Context(), akkoord.DayOf(f.clock()))
	if err != nil || len(g.Forms) != 0 {
		t.Errorf("counted is %+v, %v", g.Forms, err)
	}
}

// What could not be saved is said in the frame, in the place of the page.
func TestWhatIsWrongWithAFormIsSaidInItsPreview(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	f.skiing("nl")
	b := f.as(akkoord.RoleManager)
	long := strings.Repeat("x", akkoord.Limits.Text+1)
	for name, tt := range map[string]struct {
		in   url.Values
		want string
	}{
		"nothing is ticked":              {url.Values{}, "Tick what the form asks about"},
		"an unknown purpose":             {url.Values{"purposes": {"none"}}, "none"},
		"the same twice":                 {url.Values{"purposes": {"ski", "ski"}}, "twice"},
		"not public in this language":    {url.Values{"purposes": {"ski"}, "in": {"en"}}, "not public in this language"},
		"texts in a language without":    {url.Values{"purposes": {"ski"}, "title-fr": {"Neige"}}, "Add these texts to the purpose first"},
		"a long heading":                 {url.Values{"purposes": {"ski"}, "title-nl": {long}}, "long"},
		"a name of an interest is wrong": {url.Values{"purposes": {"ski"}, "interest": {"Wat is dit?"}}, "Interests: Use only lower-case letters"},
	} {
		r := b.send("POST", "/admin/forms/new/preview", tt.in.Encode())
		if r.status < 400 || r.status >= 500 || !strings.Contains(r.body, tt.want) || !strings.Contains(r.header.Get("Content-Security-Policy"), "form-action 'none'") {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	has(t, b.send("POST", "/admin/forms/new/preview", url.Values{"purposes": {"ski"}}.Encode()), "Yes, ski &lt;offers&gt;, nl") // its one language
	if r := b.send("GET", "/admin/forms/new/preview", ""); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, "Tick what") {
		t.Errorf("a form that is not there yet: %d %s", r.status, r.body)
	}
	if r := b.send("POST", "/admin/forms/new/preview", url.Values{"intro-nl": {strings.Repeat("x", int(akkoord.Limits.FormBody))}}.Encode()); r.status != http.StatusRequestEntityTooLarge {
		t.Errorf("too much: %d", r.status)
	}
	for _, role := range []akkoord.Role{akkoord.RoleAnalyst, akkoord.RoleEditor} {
		if r := f.as(role).send("POST", "/admin/forms/home/preview", "purposes=ski"); r.status != http.StatusNotFound {
			t.Errorf("%s: %d", role, r.status)
		}
	}
	ski, err := f.store.Purpose(t.Context(), "ski")
	f.check(err)
	_, err = f.store.ArchivePurpose(t.Context(), akkoord.ActorSystem, ski.Slug)
	f.check(err)
	has(t, b.send("POST", "/admin/forms/new/preview", url.Values{"purposes": {"ski"}}.Encode()), "archived")
}

// Purposes and interests are moved by buttons that store nothing and keep the focus; the
// page keeps all that was typed.
func TestRowsOfAFormAreMovedWithoutJavaScript(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	f.skiing("en", "nl")
	b := f.as(akkoord.RoleManager)
	in := url.Values{"read": {"1"}, "purposes": {"travel-news", "ski"}, "place-travel-news": {"1"}, "place-ski": {"2"}, "interest": {"sun", "snow", ""}, "interest-en": {"Sun", "Snow", ""}, "intro-en": {"Kept <as> typed"}, "act": {"up:purpose:ski"}}
	r := b.send("POST", "/admin/forms/home", in.Encode())
	if r.status != http.StatusOK {
		t.Fatalf("%d %s", r.status, r.body)
	}
	has(t, r, html.EscapeString("Kept <as> typed"), `name="place-ski" value="1"`, `name="place-travel-news" value="2"`, `value="up:purpose:ski" title="Move up" autofocus`, "data-unsaved")
	in.Set("act", "down:interest:sun")
	r = b.send("POST", "/admin/forms/home", in.Encode())
	has(t, r, `value="down:interest:sun" title="Move down" autofocus`)
	if strings.Index(r.body, `name="interest" autocomplete="off" placeholder="wintersport" value="snow"`) > strings.Index(r.body, `name="interest" autocomplete="off" placeholder="wintersport" value="sun"`) {
		t.Errorf("the interests stand in their old order: %s", r.body)
	}
	for _, act := range []string{"up:purpose:travel-news", "down:interest:snow", "up:interest:none", "up:purpose:", "down:x:y", "show"} { // at an end, and nowhere
		in.Set("act", act)
		if r := b.send("POST", "/admin/forms/home", in.Encode()); r.status != http.StatusOK {
			t.Errorf("%s: %d", act, r.status)
		}
	}
	if form, err := f.store.Form(t.Context(), "home"); err != nil || form.Version.Number != 1 {
		t.Errorf("moving stored %+v, %v", form, err)
	}
	in.Set("act", "save")
	in["interest"], in["interest-en"] = []string{"snow", ""}, []string{"Snow", "City trips"}
	if r := b.send("POST", "/admin/forms/home", in.Encode()); r.status != http.StatusSeeOther {
		t.Fatalf("saving: %d %s", r.status, r.body)
	}
	form, err := f.store.Form(t.Context(), "home")
	f.check(err)
	if v := form.Version; strings.Join(v.Interests, " ") != "snow city-trips" || v.Texts["en"].Interests["city-trips"] != "City trips" {
		t.Errorf("stored: %+v", v)
	}
}

// In a browser with JavaScript the preview follows what is typed, a row is moved with
// the keyboard and by hand, and what is seen is the page itself.
func TestAFormIsBuiltInABrowser(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	f.skiing("en", "nl")
	d := f.opensBuilder(true)
	if err := rod.Try(func() {
		d.focus("#title-en")
		d.MustInsertText("Snow in your mailbox")
		d.shows("Snow in your mailbox")
		d.MustElement("input[name=purposes][value=ski]").MustFocus()
		d.Keyboard.MustType(input.Space)
		d.shows("Ski en")
		d.press("button[value='up:purpose:ski']")
		d.MustWait(`() => document.querySelector('.ranked .block [name=purposes]').value === 'ski' && document.activeElement.value === 'up:purpose:ski'`)
		d.press(".switches .as[value=dark]")
		d.shows(`data-theme="dark"`)
		if got := d.MustElement(".mail-frames iframe").MustFrame().MustElement("h1").MustText(); got != "Snow in your mailbox" {
			t.Errorf("the frame shows %q", got)
		}
		d.dragUntil(".ranked .block:last-child .grip", ".ranked .block:first-child", ".ranked .block.lifted:first-child")
		d.MustWait(`() => document.querySelector('[name=place-travel-news]').value === '1' && document.querySelector('[name=place-ski]').value === '2'`)
		d.press("button[name=act][value=save]")
		d.MustElement(".notice.ok")
	}); err != nil {
		t.Fatal(err)
	}
	form, err := f.store.Form(t.Context(), "home")
	f.check(err)
	if v := form.Version; v.Number != 2 || strings.Join(v.Purposes, " ") != "travel-news ski" || v.Texts["en"].Title != "Snow in your mailbox" {
		t.Errorf("stored: %+v", v)
	}
}

// Without JavaScript the button shows the same in the frame, and the page keeps what was
// typed.
func TestAFormIsSeenInABrowserWithoutJavaScript(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	d := f.opensBuilder(false)
	if err := rod.Try(func() {
		d.focus("#title-en")
		d.MustInsertText("Snow in your mailbox")
		d.press(".switches .as[value=light]")
		d.shows("Snow in your mailbox")
		if got := d.MustElement("#title-en").MustProperty("value").Str(); got != "Snow in your mailbox" {
			t.Errorf("the page has %q", got)
		}
	}); err != nil {
		t.Fatal(err)
	}
	if form, err := f.store.Form(t.Context(), "home"); err != nil || form.Version.Number != 1 {
		t.Errorf("looking stored %+v, %v", form, err)
	}
}

// opensBuilder logs in a manager and opens the builder of the form home.
func (f *fixture) opensBuilder(script bool) *desk {
	f.t.Helper()
	return f.opensDesk(akkoord.RoleManager, "/admin/forms/home", "/admin/forms/home", script)
}

// What became of a form is told by step, language and day, with where people fall off;
// before anybody saw it the page says how to come by them (issue 7.3).
func TestFiguresOfAForm(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	b := f.as(akkoord.RoleAnalyst)
	has(t, b.get("/admin/forms/home/figures"), "Nobody has seen this form", "/admin/forms/home#embed")
	f.person("anouk@voorbeeld.example")
	home, err := f.store.Form(t.Context(), "home")
	f.check(err)
	today := akkoord.DayOf(f.clock())
	f.check(f.store.AddShowings(t.Context(), []akkoord.FormShowing{
		{FormVersionID: home.Version.ID, Locale: "nl", Day: today, Shown: 12, Opened: 1}, {FormVersionID: home.Version.ID, Locale: "en", Day: today - 3, Shown: 30}, {FormVersionID: home.Version.ID, Locale: "nl", Day: today - 40, Shown: 500},
	}))
	r := b.get("/admin/forms/home/figures")
	has(t, r, "of 42 showings led to no sign-up", "Greatest loss", "Day by day", `href="/admin/forms/home/figures?days=30&amp;in=en"`, `href="/admin/forms/home/figures?days=90"`)
	if strings.Contains(r.body, "/admin/people?") || strings.Contains(r.body, "/admin/unconfirmed") {
		t.Error("an analyst is led to people")
	}
	has(t, b.get("/admin/forms/home/figures?in=en"), "30 of 30 showings led to no sign-up", `href="/admin/forms/home/figures?days=7&amp;in=en"`)
	has(t, b.get("/admin/forms/home/figures?days=90&in=xx"), "of 542 showings")
	if r := b.send("GET", "/admin/forms/home/figures?days=900", ""); r.status != http.StatusUnprocessableEntity {
		t.Errorf("900 days: %d", r.status)
	}
	if r := b.send("GET", "/admin/forms/none/figures", ""); r.status != http.StatusNotFound {
		t.Errorf("no such form: %d", r.status)
	}
}

// A form's address, its QR code, its script and its HTML stand in one place.
func TestAFormIsShared(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	b := f.as(akkoord.RoleAnalyst)
	b.get("/admin/forms/home", "http://127.0.0.1:8080/f/home<", `src=&quot;http://127.0.0.1:8080/embed/home.js&quot;`, `src="/admin/forms/home/qr.svg"`, `action=&#34;http://127.0.0.1:8080/f/home&#34;`)
	r := b.get("/admin/forms/home/qr.svg", `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 `, "h7v1h-7z")
	if r.header.Get("Content-Type") != "image/svg+xml" {
		t.Errorf("it comes as %s", r.header.Get("Content-Type"))
	}
}
