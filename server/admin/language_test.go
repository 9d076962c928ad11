package admin_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"akkoord"
)

// TestMailLocale shows a mailing in the reader's language only where its
// purpose has texts in it.
func TestMailLocale(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	both := f.mailing()
	p, err := f.store.PutPurpose(ctx, akkoord.ActorSystem, akkoord.Purpose{Slug: "english", Basis: akkoord.BasisConsent,
		Texts: map[string]akkoord.PurposeText{"en": {Name: "News", Explanation: "Ideas.", Wording: "Yes."}}})
	f.check(err)
	c, err := f.store.PutCampaign(ctx, akkoord.ActorSystem, akkoord.Campaign{Slug: "english", Name: "English", PurposeID: p.ID})
	f.check(err)
	m, err := f.store.PutMailing(ctx, akkoord.ActorSystem, akkoord.Mailing{CampaignID: c.ID, Content: akkoord.Content{Subject: "Snow", Markdown: "Snow."}})
	f.check(err)
	b := f.as(akkoord.RoleOwner)
	b.get("/admin?locale=nl", `<html lang="nl">`)
	for _, path := range []string{both, "/admin/mailings/" + m.PublicID.String()} {
		b.get(path + "/preview")
		b.press(path, url.Values{"act": {"test"}, "email": {"femke@zonvaart.example"}})
	}
	if len(f.mail.sent) != 2 || !strings.Contains(f.mail.sent[0], "|nl|") || !strings.Contains(f.mail.sent[1], "|en|") {
		t.Errorf("sent %q", f.mail.sent)
	}
}

// TestLanguageLinksKeepTheQuery lead to what is on the screen, whatever was asked for.
func TestLanguageLinksKeepTheQuery(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	b := f.as(akkoord.RoleOwner)
	for path, want := range map[string]string{
		"/admin/segments/new?purpose=travel-news":        "/admin/segments/new?locale=nl&amp;purpose=travel-news",
		"/admin/people?state=active&purpose=travel-news": "/admin/people?locale=nl&amp;purpose=travel-news&amp;state=active",
		"/admin/people?state=active&locale=fr":           "/admin/people?locale=nl&amp;state=active",
		"/admin/campaigns/new?name=Sneeuw+%26+ijs":       "/admin/campaigns/new?locale=nl&amp;name=Sneeuw+%26+ijs",
		"/admin/campaigns/new?name=%22%3E%3Cscript%3E":   "/admin/campaigns/new?locale=nl&amp;name=%22%3E%3Cscript%3E",
		"/admin/purposes": "/admin/purposes?locale=nl",
	} {
		page := b.get(path, `<a href="`+want+`" lang="nl"`)
		if strings.Contains(page.body, "<script>") {
			t.Errorf("%s: what was asked for stands in the page as it is", path)
		}
		b.get(strings.ReplaceAll(want, "&amp;", "&"), `<html lang="nl">`)
	}
}

// TestWhatThereIsNotStaysWithinTheAdminSite: it keeps the menu, says nothing that is for
// recipients, and not whether it is there at all (P28).
func TestWhatThereIsNotStaysWithinTheAdminSite(t *testing.T) {
	f := newFixture(t)
	reader := f.as(akkoord.RoleAnalyst)
	for _, path := range []string{"/admin/nowhere", "/admin/users", "/admin/people", "/admin/mailings/01a22f00-0000-7000-8000-000000000000"} {
		r := reader.send("GET", path, "", "Accept-Language: en")
		if r.status != 404 || !strings.Contains(r.body, "or your role may not see it") || !strings.Contains(r.body, `action="/admin/logout"`) || strings.Contains(r.body, "Open the mail again") {
			t.Errorf("%s: %d %s", path, r.status, r.body)
		}
	}
	if r := f.browser().send("GET", "/admin/setup?code=x", "", "Accept-Language: en"); r.status != 404 || strings.Contains(r.body, "Open the mail again") || strings.Contains(r.body, "code=x") {
		t.Errorf("a setup link that is none: %d %s", r.status, r.body)
	}
}

// TestABreachSaysWhichTimeIsWrong names the field in the reader's language and marks it.
func TestABreachSaysWhichTimeIsWrong(t *testing.T) {
	f := newFixture(t)
	b := f.as(akkoord.RoleOwner)
	const path = "/admin/privacy/breaches"
	b.get(path + "?locale=en")
	past, future := f.wall(f.clock().AddDate(0, 0, -1)), f.wall(f.clock().AddDate(0, 0, 1))
	for name, try := range map[string]struct {
		in              url.Values
		field, sentence string
	}{
		"reversed":    {url.Values{"since": {past}, "until": {f.wall(f.clock().AddDate(0, 0, -2))}}, "until", "“Until” has to be later than “From”"},
		"from later":  {url.Values{"since": {future}}, "since", "“From” lies in the future"},
		"known later": {url.Values{"since": {past}, "aware_at": {future}}, "aware_at", "“Known since” lies in the future"},
		"garbage":     {url.Values{"since": {"soon"}}, "since", "This is no day and time"},
	} {
		try.in.Set("what", "A list lay open.")
		try.in.Set("people", "all")
		r := b.send("POST", path, try.in.Encode())
		if !r.refused() || !strings.Contains(r.body, try.sentence) || !regexp.MustCompile(`<input[^>]*name="`+try.field+`"[^>]*aria-invalid="true"`).MatchString(r.body) {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
}

// TestRefusals are told in the reader's language, with what the mail server
// said beside it.
func TestRefusals(t *testing.T) {
	f := newFixture(t)
	path := f.mailing()
	b := f.as(akkoord.RoleOwner)
	b.get("/admin?locale=nl")
	f.mail.err = akkoord.Errorf(akkoord.Unavailable, "test_refused", "The mail server did not take the test (failed 550 5.7.1 no).")
	page := b.press(path, url.Values{"act": {"test"}, "email": {"femke@zonvaart.example"}})
	for _, want := range []string{"De mailserver nam de testmail niet aan.", "550 5.7.1 no"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("after a refused test the page lacks %q", want)
		}
	}
	if page := b.press(path, url.Values{"act": {"drop"}}); !strings.Contains(page.body, "Gebruik een van de knoppen op de pagina.") {
		t.Error("an act that there is not is not told in Dutch")
	}
	if r := b.send("POST", path, "act=send", "Origin: https://evil.example", "Accept-Language: nl"); !strings.Contains(r.body, "kwam van een andere website") {
		t.Errorf("a post of another site: %s", r.body)
	}
}
