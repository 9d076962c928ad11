package templates

import (
	"bytes"
	"html/template"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// unlinked is a link in a text that was meant to become one.
var unlinked = regexp.MustCompile(`\]\([a-z-]+\)`)

// Every text exists in every language (M24, requirements-mail L.5).
func TestLanguagesHaveTheSameKeys(t *testing.T) {
	set := newSet(t)
	want := slices.Sorted(maps.Keys(set.texts["nl"].messages))
	for _, locale := range set.Locales() {
		got := slices.Sorted(maps.Keys(set.texts[locale].messages))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("keys of nl and %s differ (-nl +%s):\n%s", locale, locale, diff)
		}
		for key, m := range set.texts[locale].messages {
			if len(m.other) == 0 {
				t.Errorf("%s: %s is empty", locale, key)
			}
			for _, s := range m.other {
				if s.kind == literal && unlinked.MatchString(s.text) {
					t.Errorf("%s: %s has a link that is none: a name of a link is one word", locale, key)
				}
			}
		}
	}
}

// Translations fill in the same fields and link to the same things.
func TestLanguagesUseTheSameFields(t *testing.T) {
	set := newSet(t)
	fields := func(p phrase) (names []string) {
		for _, s := range p {
			if s.kind == field || s.kind == linkStart {
				names = append(names, s.text)
			}
		}
		slices.Sort(names)
		return slices.Compact(names)
	}
	for key, nl := range set.texts["nl"].messages {
		if strings.HasPrefix(key, "mail.") || strings.HasPrefix(key, "date.") {
			continue
		}
		for _, locale := range set.Locales() {
			if diff := cmp.Diff(fields(nl.other), fields(set.texts[locale].messages[key].other)); diff != "" {
				t.Errorf("%s: fields differ (-nl +%s):\n%s", key, locale, diff)
			}
		}
	}
}

// French keeps :, ;, ?, !, % and guillemets on the line of their word.
func TestFrenchPunctuationStaysOnItsLine(t *testing.T) {
	loose := regexp.MustCompile(`[\p{L}\p{N})}] [:;?!%»]|« |[\p{L})}][?!»]`)
	for key, m := range newSet(t).texts["fr"].messages {
		for _, p := range append(slices.Collect(maps.Values(m.forms)), m.other) {
			if text := p.text(nil); loose.MatchString(text) {
				t.Errorf("%s: %q", key, text)
			}
		}
	}
}

var (
	quoted  = regexp.MustCompile(`"([a-z_]+\.[a-z_0-9]+)"`)
	printed = regexp.MustCompile(`print "([a-z_]+\.[a-z_]*)"`)
)

// Every key that a page names exists, and every key is named by a page or by
// the code that finds it by its prefix.
func TestKeysExistAndAreUsed(t *testing.T) {
	set := newSet(t)
	used, prefixes := map[string]bool{}, []string{"mail.", "error.", "status.", "language.", "date.", "duration.", "list.", "number.", "dossier.", "records.", "desk.role_", "desk.party_", "purpose.ready_", "setup.ready_", "segments.words_", "segments.within", "results.begun", "signup.tracking_ready"}
	for _, pattern := range []string{"page/*.html", "admin/*.html", "embed/*.html", "parts/*.html"} {
		names, err := fs.Glob(pagesFS, pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("no files %s: %v", pattern, err)
		}
		for _, name := range names {
			raw, err := fs.ReadFile(pagesFS, name)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range quoted.FindAllStringSubmatch(string(raw), -1) {
				used[m[1]] = true
				if _, ok := set.texts["nl"].messages[m[1]]; !ok && !slices.ContainsFunc(printed.FindAllStringSubmatch(string(raw), -1), func(p []string) bool { return p[1] == m[1] }) {
					t.Errorf("%s names %q, which is no text", name, m[1])
				}
			}
			for _, m := range printed.FindAllStringSubmatch(string(raw), -1) {
				prefixes = append(prefixes, m[1])
			}
		}
	}
	hasPrefix := func(key string) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(key, p) })
	}
	for key := range set.texts["nl"].messages {
		if !used[key] && !hasPrefix(key) {
			t.Errorf("text %q is used nowhere", key)
		}
	}
	for _, p := range prefixes {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(set.texts["nl"].messages)), func(key string) bool { return strings.HasPrefix(key, p) }) {
			t.Errorf("prefix %q has no texts", p)
		}
	}
}

// ownScripts are those of pages that ask for passkeys, of the form of a segment, of forms
// that ask for work and of the editor of mailings.
var ownScripts = []string{
	`<script src="/static/js/passkey.js" defer></script>`, `<script type="module" src="/static/js/segment.js"></script>`,
	`<script type="module" src="/static/js/challenge.js"></script>`,
	`<script src="/static/vendor/sortable/sortable.min.js" defer></script>`, `<script src="/static/js/editor.js" defer></script>`,
	`<script src="/static/js/mjml.js" defer></script>`,
}

// A strict content policy holds: nothing inline, nothing of others (rule 13, F.18).
func TestPagesHoldNothingInlineOrForeign(t *testing.T) {
	set := newSet(t)
	inline := regexp.MustCompile(`(?i)<script|<style|\sstyle=|\son[a-z]+=|(src|srcset|action)="(https?:)?//|<link[^>]+href="(https?:)?//`)
	for name, page := range gallery() {
		for _, locale := range set.Locales() {
			var b bytes.Buffer
			if err := set.Render(&b, locale, page); err != nil {
				t.Fatal(err)
			}
			own := b.String()
			for _, script := range ownScripts {
				own = strings.ReplaceAll(own, script, "")
			}
			if found := inline.FindString(own); found != "" {
				t.Errorf("%s.%s holds %q", name, locale, found)
			}
			if !strings.Contains(b.String(), `<html lang="`+locale+`">`) {
				t.Errorf("%s.%s does not say its language", name, locale)
			}
			if strings.Contains(b.String(), "ZgotmplZ") || strings.Contains(b.String(), "no value") {
				t.Errorf("%s.%s holds a value that the template refused", name, locale)
			}
			if n := strings.Count(b.String(), "<h1"); n != 1 {
				t.Errorf("%s.%s has %d first headings", name, locale, n)
			}
		}
	}
}

// The confirm page has one main button; nothing on it is ticked or typed (M6).
func TestConfirmPageAsksOneThing(t *testing.T) {
	set := newSet(t)
	var b bytes.Buffer
	if err := set.Render(&b, "nl", gallery()["confirm-both"]); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	if got := strings.Count(page, "btn-main"); got != 1 {
		t.Errorf("%d main buttons, want 1", got)
	}
	for _, wording := range []string{newsWording, skiWording} {
		if !strings.Contains(page, template.HTMLEscapeString(wording)) {
			t.Errorf("wording %q is not quoted verbatim (M4)", wording)
		}
	}
	if strings.Contains(page, "<input") {
		t.Error("the page asks for more than a press of the button")
	}
}

// No box is ticked before the visitor does (M2).
func TestSignUpTicksNothing(t *testing.T) {
	set := newSet(t)
	var b bytes.Buffer
	if err := set.Render(&b, "nl", signUp()); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), " checked") {
		t.Error("a box is ticked beforehand")
	}
}

// What people typed is shown, never run.
func TestPagesEscapeWhatPeopleTyped(t *testing.T) {
	set := newSet(t)
	const attack = `"><script>alert(1)</script>[x](privacy)**y**`
	site := zonvaart(attack)
	site.Brand.Name, site.PostalAddress, site.Contact, site.Preferences = attack, attack, "javascript:alert(1)", attack
	for _, page := range []any{
		SignUpPage{Site: site, Action: attack, Title: attack, Intro: attack, Email: attack, Purposes: []PurposeChoice{{Slug: attack, Name: attack, Wording: attack}}, Errors: FieldErrors{{Field: "email", Code: "x", Text: attack}}},
		ConfirmPage{Site: site, Action: attack, Address: attack, Purposes: []AskedPurpose{{Name: attack, Wording: attack}}},
		UnsubscribedPage{Site: site, Scope: "campaign", Campaign: attack, At: now},
		ErrorPage{Site: site, Status: 404, Code: attack, Text: attack},
	} {
		var b bytes.Buffer
		if err := set.Render(&b, "en", page); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), "<script") || strings.Contains(b.String(), "javascript:") {
			t.Errorf("%T runs what was typed", page)
		}
		if strings.Contains(b.String(), `>x</a>`) || strings.Contains(b.String(), "<b>y</b>") {
			t.Errorf("%T takes what was typed for markup", page)
		}
	}
}

// Language follows choice, person, browser, form; an unknown one is passed over (M24, L.5, L.6).
func TestMatch(t *testing.T) {
	set := newSet(t)
	tests := map[string]struct {
		choice, person, accept, form string
		only                         []string
		want                         string
	}{
		"choice wins":              {choice: "en", person: "nl", accept: "nl", form: "nl", want: "en"},
		"then the person":          {person: "nl", accept: "en", form: "en", want: "nl"},
		"then the browser":         {accept: "fr;q=0.2, nl-BE;q=0.9, en;q=0.5", form: "en", want: "nl"},
		"q-values count":           {accept: "nl;q=0.1, en-GB;q=0.8", want: "en"},
		"a q of zero is a refusal": {accept: "nl;q=0", form: "en", want: "en"},
		"then the form":            {accept: "sv, pl;q=0.5", form: "nl", want: "nl"},
		"else English":             {accept: "sv", want: "en"},
		"a neighbour's browser":    {accept: "de-AT,de;q=0.9", form: "nl", want: "de"},
		"region is ignored":        {choice: "nl_BE", want: "nl"},
		"path as a choice":         {choice: "../../etc/passwd", form: "nl", want: "nl"},
		"broken header":            {accept: ";;;q=,,\x00", form: "nl", want: "nl"},
		"endless header":           {accept: strings.Repeat("en,", 10000), form: "nl", want: "nl"},
		"only some languages":      {choice: "en", accept: "en", only: []string{"nl"}, want: "nl"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := set.Match(tt.choice, tt.person, tt.accept, tt.form, tt.only...); got != tt.want {
				t.Errorf("Match() = %q, want %q", got, tt.want)
			}
		})
	}
}

// Dates are written as natives do, in the person's zone.
func TestDates(t *testing.T) {
	set := newSet(t)
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	dhaka, err := time.LoadLocation("Asia/Dhaka")
	if err != nil {
		t.Fatal(err)
	}
	nl, en, de, fr := &set.texts["nl"].calendar, &set.texts["en"].calendar, &set.texts["de"].calendar, &set.texts["fr"].calendar
	tests := map[string]struct {
		got  template.HTML
		want string
	}{
		"moment":      {nl.write(nl.moment, nil, now), "dinsdag 24 november 2026 om 14.32 uur"},
		"in English":  {en.write(en.moment, nil, now), "Tuesday 24 November 2026 at 14:32"},
		"in German":   {de.write(de.moment, nil, now), "Dienstag, 24. November 2026 um 14:32 Uhr"},
		"in French":   {fr.write(fr.moment, nil, now), "mardi 24 novembre 2026 à 14\u00a0h\u00a032"},
		"first day":   {fr.write(fr.day, nil, now.AddDate(0, 0, 7)), "mardi 1er décembre 2026"},
		"exact":       {nl.write(nl.exact, nil, now), "dinsdag 24 november 2026 om 14.32.08 uur"},
		"other zone":  {nl.write(nl.moment, tokyo, now), "dinsdag 24 november 2026 om 22.32 uur"},
		"summer time": {nl.write(nl.moment, nil, now.AddDate(0, -5, 0)), "woensdag 24 juni 2026 om 15.32 uur"},
		"with a zone": {nl.clock(nl.compact, nil, now), "24 nov. 2026 14.32 CET"},
		"in summer":   {en.clock(en.exact, nil, now.AddDate(0, -5, 0)), "Wednesday 24 June 2026 at 15:32:08 CEST"},
		"in UTC":      {de.clock(de.moment, time.UTC, now), "Dienstag, 24. November 2026 um 13:32 Uhr UTC"},
		"by number":   {en.clock(en.moment, dhaka, now), "Tuesday 24 November 2026 at 19:32 UTC+06"},
		"short":       {nl.write(nl.short, nil, now.AddDate(0, -8, 0)), "24 mrt. 2026"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(string(tt.got), ">"+tt.want+"</time>") {
				t.Errorf("got %s, want %s", tt.got, tt.want)
			}
		})
	}
	if got := nl.write(nl.moment, nil, time.Time{}); got != "" {
		t.Errorf("no time is written as %q", got)
	}
}

func TestTexts(t *testing.T) {
	set := newSet(t)
	tests := map[string]struct{ got, want string }{
		"plural one":       {set.T("nl", "signup.erase", "Count", 1), "Doet u niets, dan wissen wij uw gegevens na 1 dag."},
		"plural other":     {set.T("en", "signup.erase", "Count", 14), "If you do nothing, we erase your details after 14 days."},
		"unknown key":      {set.T("nl", "no.such"), "no.such"},
		"unknown locale":   {set.T("xx", "site.contact"), "Contact"},
		"markup is left":   {set.T("en", "signup.privacy"), "It is all in our privacy statement."},
		"error by code":    {set.ErrorText("nl", "email_missing_at", "x"), "In het e-mailadres ontbreekt een @, zoals bij naam@voorbeeld.nl."},
		"error otherwise":  {set.ErrorText("nl", "no_such_code", "Said by the rule."), "Said by the rule."},
		"error of nothing": {set.ErrorText("en", "", ""), "Something went wrong on our side. It has been recorded. Please try again later."},
		"number":           {set.texts["nl"].number(1234567), "1.234.567"},
		"small number":     {set.texts["en"].number(-12), "-12"},
		"a share":          {set.texts["nl"].share(1234, 10000), "12,3\u00a0%"},
		"a small share":    {set.texts["en"].share(3, 8217), "0.04\u00a0%"},
		"no share":         {set.texts["fr"].share(0, 10), "0,0\u00a0%"},
		"share of nothing": {set.texts["fr"].share(0, 0), "–"},
		"plural of none":   {set.T("fr", "signup.erase", "Count", 0), "Si vous ne faites rien, nous effaçons vos données après 0 jour."},
		"list":             {set.texts["nl"].list([]string{"a", "b", "c"}), "a, b en c"},
		"list of one":      {set.texts["nl"].list([]string{"a"}), "a"},
		"seconds":          {set.texts["nl"].duration(65 * time.Second), "65 seconden"},
		"hours":            {set.texts["en"].duration(3 * time.Hour), "3 hours"},
		"a link":           {string(parsePhrase("Go [home {{.N}}](home).").html([]any{"home", "/", "N", "<x>"})), `Go <a href="/">home &lt;x&gt;</a>.`},
		"a link nowhere":   {string(parsePhrase("Go [home](home).").html(nil)), "Go home."},
		"a bad link":       {string(parsePhrase("[x](home)").html([]any{"home", "javascript:alert(1)"})), "x"},
	}
	for name, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: got %q, want %q", name, tt.got, tt.want)
		}
	}
}

func TestMistakesInPagesAreRefused(t *testing.T) {
	set := newSet(t)
	for name, page := range map[string]string{
		"unknown key":      `{{define "main"}}{{t "no.such"}}{{end}}`,
		"key in a branch":  `{{define "main"}}{{if .X}}{{rich "no.such" "a" 1}}{{end}}{{end}}`,
		"unknown function": `{{define "main"}}{{shout "x"}}{{end}}`,
	} {
		files := fstest.MapFS{"bad/layout.html": {Data: []byte(`{{define "layout"}}{{template "main" .}}{{end}}`)}, "bad/x.html": {Data: []byte(page)}}
		if err := set.list(files, "bad", "nl"); err != nil {
			t.Fatal(err)
		}
		if _, err := set.pages[pageKey{"nl", "bad/x.html"}](); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if err := set.Render(&bytes.Buffer{}, "nl", struct{}{}); err == nil {
		t.Error("a struct that is no page was drawn")
	}
}

func TestProgress(t *testing.T) {
	p := progress()
	if got := p.Done(); got != 67 {
		t.Errorf("Done() = %d, want 67", got)
	}
	if got := (Progress{Total: 3, Sent: 2, Open: 1}).Done(); got != 66 {
		t.Errorf("Done() = %d, want 66", got)
	}
	var count, from int
	for _, part := range p.Parts() {
		if part.From != from {
			t.Errorf("%s begins at %d, want %d", part.State, part.From, from)
		}
		from, count = part.From+part.Width, count+part.Count
	}
	if count != p.Total-p.Open {
		t.Errorf("the bar shows %d people, want %d (P07)", count, p.Total-p.Open)
	}
}

// A page is parsed when it is first drawn; that each can be is seen here, not by
// a visitor.
func TestEachPageParsesInEachLanguage(t *testing.T) {
	for key, parsed := range newSet(t).pages {
		if _, err := parsed(); err != nil {
			t.Error(key, err)
		}
	}
}
