package admin_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"akkoord"
)

var hidden = regexp.MustCompile(`name="read" value="(\d+)"`)

// read gives the hidden field of a draft's form.
func (b *browser) read(edit string) string {
	b.f.t.Helper()
	m := hidden.FindStringSubmatch(b.get(edit).body)
	if m == nil {
		b.f.t.Fatal("the editor lacks its hidden field")
	}
	return m[1]
}

// From nothing to a mailing that can be sent, by forms alone.
func TestACampaignIsMadeWrittenAndSentInTheBrowser(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	f.person("kanarie@voorbeeld.example")
	b := f.as(akkoord.RoleManager)
	b.get("/admin", `href="/admin/campaigns/new"`)
	b.get("/admin/campaigns/new", "Travel news")
	r := b.send("POST", "/admin/campaigns", url.Values{"name": {"Zomer in Zürich"}, "purpose": {"travel-news"}}.Encode())
	if r.status != http.StatusSeeOther || r.header.Get("Location") != "/admin/campaigns/zomer-in-zurich" {
		t.Fatalf("making a campaign: %d to %q: %s", r.status, r.header.Get("Location"), r.body)
	}
	b.get("/admin/campaigns/zomer-in-zurich", "Zomer in Zürich", "No mailings yet")
	r = b.send("POST", "/admin/campaigns/zomer-in-zurich/mailings", "")
	edit := r.header.Get("Location")
	if r.status != http.StatusSeeOther || !strings.HasSuffix(edit, "/edit") {
		t.Fatalf("drafting: %d to %q", r.status, edit)
	}
	in := url.Values{
		"read": {b.read(edit)}, "act": {"done"}, "subject": {"Zon voor {{name | default: \"u\"}}"}, "kind": {"markdown"}, "body": {"# Zomer\r\n\r\nKom mee."}, "zone": {"Europe/Amsterdam"},
		"from": {"09:00"}, "until": {"20:00"}, "days": {"mon", "tue", "wed", "thu", "fri", "sat", "sun"}, "per_hour": {"2000"}, "missed": {"skip"},
	}
	page := strings.TrimSuffix(edit, "/edit")
	if r := b.send("POST", edit, in.Encode()); r.status != http.StatusSeeOther || r.header.Get("Location") != page {
		t.Fatalf("saving: %d to %q: %s", r.status, r.header.Get("Location"), r.body)
	}
	id, err := akkoord.ParseID(strings.TrimPrefix(page, "/admin/mailings/"))
	f.check(err)
	m, err := f.store.Mailing(t.Context(), id)
	f.check(err)
	if !m.Content.Equal(akkoord.Content{Subject: "Zon voor {{name | default: \"u\"}}", Markdown: "# Zomer\n\nKom mee."}) || m.Plan.Cap.Hour != 2000 || m.Plan.Hours.From != "09:00" || m.Plan.Hours.Days != nil || m.Plan.Missed != akkoord.MissedSkip || m.Plan.Zone != "" {
		t.Errorf("stored: %+v %+v", m.Content, m.Plan)
	}
	b.get(edit, "Kom mee.", `value="2000"`)
	if body := b.press(page, url.Values{"act": {"send"}}).body; !strings.Contains(body, "The mailing has started.") {
		t.Errorf("the page after sending: %s", body)
	}
	if r := b.send("GET", edit, ""); r.status != http.StatusSeeOther || r.header.Get("Location") != page {
		t.Errorf("the editor of what is no draft: %d", r.status)
	}
	r = b.send("POST", "/admin/campaigns/zomer-in-zurich/mailings", url.Values{"copy": {id.String()}}.Encode())
	b.get(r.header.Get("Location"), "Kom mee.")
}

// What can't be stored comes back as it was typed, with what is wrong at its
// field; two who edit at once lose nothing of either.
func TestADraftThatIsRefusedKeepsWhatWasTyped(t *testing.T) {
	f := newFixture(t)
	edit := f.mailing() + "/edit"
	b := f.as(akkoord.RoleEditor)
	mine := func(read, subject string, more ...string) string {
		in := url.Values{"read": {read}, "act": {"save"}, "subject": {subject}, "kind": {"markdown"}, "body": {"Getypt met <zorg> & aandacht"}, "zone": {"Europe/Amsterdam"}, "missed": {"ask"}}
		for i := 0; i < len(more); i += 2 {
			in.Add(more[i], more[i+1])
		}
		return in.Encode()
	}
	first := b.read(edit)
	for _, tt := range []struct {
		name string
		form string
		says string // near the field
	}{
		{"hours", mine(first, "Sneeuw", "from", "20:00", "until", "09:00"), `id="from-e"`},
		{"unknown zone", strings.Replace(mine(first, "Sneeuw"), "Europe%2FAmsterdam", "Mars", 1), `id="zone-e"`},
		{"past", mine(first, "Sneeuw", "send_at", "2020-01-01T09:00"), `id="send_at-e"`},
		{"time", mine(first, "Sneeuw", "send_at", "morgen"), `id="send_at-e"`},
		{"cap", mine(first, "Sneeuw", "per_hour", "veel"), `id="cap-e"`},
		{"one variant", mine(first, "Sneeuw", "variant_name", "A"), `id="variants-e"`},
		{"subject", mine(first, strings.Repeat("x", 999)), `id="subject-e"`},
		{"test", mine(first, "Sneeuw", "variant_name", "A", "variant_name", "B", "trial", "1", "share", "200"), `id="ab-e"`},
	} {
		r := b.send("POST", edit, tt.form)
		if r.status != http.StatusUnprocessableEntity && r.status != http.StatusBadRequest {
			t.Errorf("%s: %d", tt.name, r.status)
		}
		for _, w := range []string{tt.says, html.EscapeString("Getypt met <zorg> & aandacht")} {
			if !strings.Contains(r.body, w) {
				t.Errorf("%s lacks %q:\n%s", tt.name, w, r.body)
			}
		}
	}
	if r := b.send("POST", edit, mine(first, "Van mij")); r.status != http.StatusSeeOther {
		t.Fatalf("the first edit: %d %s", r.status, r.body)
	}
	r := b.send("POST", edit, mine(first, "Van een ander"))
	if r.status != http.StatusConflict || !strings.Contains(r.body, "Van mij") || !strings.Contains(r.body, `value="Van een ander"`) {
		t.Errorf("a stale edit: %d %s", r.status, r.body)
	}
	again := hidden.FindStringSubmatch(r.body)[1]
	if r := b.send("POST", edit, mine(again, "Van een ander")); r.status != http.StatusSeeOther {
		t.Errorf("the stale edit, made again on purpose: %d", r.status)
	}
	in, _ := url.ParseQuery(mine(again, "Nog een"))
	in.Set("act", "variant")
	if body := b.send("POST", edit, in.Encode()).body; strings.Count(body, `name="variant_subject"`) != 2 || !strings.Contains(body, `value="Nog een"`) {
		t.Errorf("a first variant is two: %s", body)
	}
}

// A text of the length that a mailing may have is saved by the browser, whatever its
// letters become on the way; a longer one comes back as it was typed, with a sentence.
func TestALongTextIsSavedAndATooLongOneComesBack(t *testing.T) {
	f := newFixture(t)
	path := f.mailing()
	b := f.as(akkoord.RoleEditor)
	post := func(body string) reply {
		in := url.Values{"read": {b.read(path + "/edit")}, "act": {"save"}, "subject": {"Sneeuw"}, "kind": {"markdown"}, "body": {body}, "zone": {"Europe/Amsterdam"}, "missed": {"ask"}}
		return b.send("POST", path+"/edit", in.Encode())
	}
	line := "é <&> sneeuw \"ligt\" er.\r\n"
	long := strings.Repeat(line, 150<<10/len(line))
	if r := post(long); r.status != http.StatusSeeOther {
		t.Fatalf("saving %d bytes: %d", len(long), r.status)
	}
	id, err := akkoord.ParseID(strings.TrimPrefix(path, "/admin/mailings/"))
	f.check(err)
	m, err := f.store.Mailing(t.Context(), id)
	f.check(err)
	if want := strings.ReplaceAll(long, "\r\n", "\n"); m.Content.Markdown != want {
		t.Errorf("%d bytes were stored of %d", len(m.Content.Markdown), len(want))
	}
	tooLong := strings.Repeat("x", akkoord.Limits.Content) + " het einde"
	if r := post(tooLong); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, `id="body-e"`) || !strings.Contains(r.body, tooLong) {
		t.Errorf("a text over the limit: %d, %d bytes", r.status, len(r.body))
	}
	if r := post(strings.Repeat("x", int(akkoord.Limits.EditorBody))); r.status != http.StatusRequestEntityTooLarge {
		t.Errorf("a post over the limit: %d", r.status)
	}
}

// What is typed into the form of a new campaign stays where it is refused.
func TestANewCampaignThatIsRefusedKeepsWhatWasTyped(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	b := f.as(akkoord.RoleManager)
	for _, tt := range []struct {
		name string
		in   url.Values
		says string
	}{
		{"no name", url.Values{"purpose": {"travel-news"}}, `id="name-e"`},
		{"no purpose", url.Values{"name": {"Zomer"}, "purpose": {"x"}}, `id="purpose-e"`},
		{"no segment", url.Values{"name": {"Zomer"}, "purpose": {"travel-news"}, "segment": {"x"}}, `There is no such segment`},
		{"taken", url.Values{"name": {"Winter 2027"}, "purpose": {"travel-news"}}, `value="winter-2027"`},
		{"no slug of it", url.Values{"name": {"冬"}, "purpose": {"travel-news"}}, `id="slug-e"`},
		{"slug", url.Values{"name": {"Zomer"}, "slug": {"A B"}, "purpose": {"travel-news"}}, `id="slug-e"`},
	} {
		r := b.send("POST", "/admin/campaigns", tt.in.Encode())
		if r.status < 400 || r.status >= 500 || !strings.Contains(r.body, tt.says) || !strings.Contains(r.body, html.EscapeString(tt.in.Get("name"))) {
			t.Errorf("%s: %d %s", tt.name, r.status, r.body)
		}
	}
	if r := f.as(akkoord.RoleAnalyst).send("GET", "/admin/campaigns/new", ""); r.status != http.StatusNotFound {
		t.Errorf("an analyst opens the form: %d", r.status)
	}
}
