package admin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"akkoord"
)

// TestBasisByHand puts a basis on record by the form of a person's page, with
// its facts or not at all (M7, M8).
func TestBasisByHand(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	_, err := f.store.PutPurpose(t.Context(), akkoord.ActorSystem, akkoord.Purpose{Slug: "club", Basis: akkoord.BasisConsent, Texts: map[string]akkoord.PurposeText{"en": {Name: "Club", Explanation: "News.", Wording: "Mail me."}}})
	f.check(err)
	path := "/admin/people/" + f.person("pim@voorbeeld.example").PublicID.String()
	b := f.as(akkoord.RoleManager)
	b.get(path, `action="`+path+`/basis"`)
	facts := url.Values{"purpose": {"club"}, "basis": {"existing_customer"}, "reason": {"bought skis"}, "sold_on": {"2026-11-01"}, "sale": {"F-118"}, "similar": {"1"}}
	if page := b.post(path+"/basis", path, facts); !strings.Contains(page.body, `role="alert"`) {
		t.Error("a sale at which refusing was not offered is taken")
	}
	facts.Set("refusal_offered", "1")
	if page := b.post(path+"/basis", path, facts); !strings.Contains(page.body, "The lawful basis is on record.") || !strings.Contains(page.body, "existing customer") {
		t.Errorf("%s", page.body)
	}
	if analyst := f.as(akkoord.RoleDPO); strings.Contains(analyst.get("/admin/people").body, "/basis") {
		t.Error("the list of people has a form")
	}
}

// TestGatePage answers for now and for a past date, in words, and leaves a line
// for each question (M1, M27).
func TestGatePage(t *testing.T) {
	f := newFixture(t)
	mailing := strings.TrimPrefix(f.mailing(), "/admin/mailings/")
	before := f.wall(f.clock().Add(-time.Hour))
	hour := f.wall(f.clock().Truncate(time.Hour).Add(-time.Hour))
	f.person("pim@voorbeeld.example")
	b := f.as(akkoord.RoleDPO)
	b.get("/admin/people", `href="/admin/gate"`)
	for _, tt := range []struct{ query, want string }{
		{"email=pim@voorbeeld.example&about=travel-news", "Yes, for Travel news"},
		{"email=pim@voorbeeld.example&about=travel-news&at=" + before, "unknown address"},
		{"email=pim@voorbeeld.example&about=travel-news&at=" + hour, "unknown address"},
		{"email=pim@voorbeeld.example&about=travel-news&at=" + hour + ":00", "unknown address"},
		{"email=nobody@voorbeeld.example&about=travel-news", "unknown address"},
		{"email=pim@voorbeeld.example&about=" + mailing, "not being sent"},
		{"email=pim@voorbeeld.example&mailing=" + mailing + "&at=" + before, "unknown address"},
	} {
		_, n := f.trail()
		b.get("/admin/gate?"+tt.query, tt.want)
		if last, m := f.trail(); m != n+1 || !strings.Contains(last, "gate.ask") {
			t.Errorf("%s left %q", tt.query, last)
		}
	}
	for _, bad := range []string{"email=a@b@c&about=travel-news", "email=pim@voorbeeld.example&about=nothing", "email=pim@voorbeeld.example&about=travel-news&at=yesterday",
		"email=pim@voorbeeld.example&about=travel-news&at=" + f.wall(f.clock().Add(2*time.Minute))} {
		b.get("/admin/gate?"+bad, `role="alert"`)
	}
}

// TestWhoIsLeftOutIsListed counts whom a mailing leaves out by reason, before
// and after it is sent, each count a link to the people (issue 5, point 1).
func TestWhoIsLeftOutIsListed(t *testing.T) {
	f := newFixture(t)
	path := f.mailing()
	id, err := akkoord.ParseID(strings.TrimPrefix(path, "/admin/mailings/"))
	f.check(err)
	for _, name := range []string{"pim", "eva", "mia"} {
		f.person(name + "@voorbeeld.example")
	}
	left := f.person("weg@voorbeeld.example")
	p, err := f.store.Purpose(t.Context(), "travel-news")
	f.check(err)
	f.check(f.store.Withdraw(t.Context(), left.PublicID, p.ID, "asked by phone", akkoord.Origin{Source: "admin", Actor: akkoord.ActorSystem}))
	b := f.as(akkoord.RoleDPO)
	link := `<a href="` + path + `/left-out?code=withdrawn">1</a>`
	list := func() {
		t.Helper()
		_, n := f.trail()
		r := b.get(path+"/left-out?code=withdrawn", "weg@voorbeeld.example")
		if strings.Contains(r.body, "pim@") {
			t.Error("somebody who gets the mail is in the list")
		}
		if last, after := f.trail(); after != n+1 || !strings.Contains(last, "subscriber.list mailing:") {
			t.Errorf("the list left %q", last)
		}
	}
	b.get(path, "3 of 4 people", link)
	list()
	_, err = f.store.StartMailing(t.Context(), akkoord.ActorSystem, id)
	f.check(err)
	_, err = f.store.PauseMailing(t.Context(), akkoord.ActorSystem, id)
	f.check(err)
	b.get(path, "3 of 4 people", link)
	list()
	if r := b.send("GET", path+"/left-out", ""); r.status != http.StatusUnprocessableEntity {
		t.Errorf("without a reason: %d", r.status)
	}
	if r := f.as(akkoord.RoleAnalyst).get(path, "3 of 4 people"); strings.Contains(r.body, "left-out?code") {
		t.Error("somebody who may not see people is led to them")
	}
}

// TestRoundByButton asks those who agreed to less by a button that says how
// many they are, and stops (M4).
func TestRoundByButton(t *testing.T) {
	f := newFixture(t)
	path := f.mailing()
	f.person("pim@voorbeeld.example")
	b := f.as(akkoord.RoleManager)
	if strings.Contains(b.get("/admin/purposes").body, "/ask") {
		t.Error("there is a button before the words are wider")
	}
	_, err := f.store.AddPurposeTexts(t.Context(), akkoord.ActorSystem, "travel-news", map[string]akkoord.PurposeText{"nl": {Name: "Reisnieuws", Explanation: "Ook hotels.", Wording: "Ja, ook hotels."}}, akkoord.WordingChange{Kind: akkoord.WordingWider})
	f.check(err)
	b.get("/admin/purposes", "Ask 1 people", `name="days"`)
	b.get(path, "Who is left out, and why", "agreed to less", "0 of 1")
	for _, days := range []string{"soon", "-1", "91"} {
		if page := b.post("/admin/purposes/travel-news/ask", "/admin/purposes", url.Values{"act": {"ask"}, "days": {days}}); !strings.Contains(page.body, `role="alert"`) || strings.Contains(page.body, "Stop asking") {
			t.Errorf("a reminder after %q days is taken", days)
		}
	}
	if page := b.post("/admin/purposes/travel-news/ask", "/admin/purposes", url.Values{"act": {"ask"}, "days": {"7"}}); !strings.Contains(page.body, "Stop asking") || !strings.Contains(page.body, "0 sent, after 7 days") {
		t.Errorf("%s", page.body)
	}
	if page := b.post("/admin/purposes/travel-news/ask", "/admin/purposes", url.Values{"act": {"stop"}}); !strings.Contains(page.body, "Nobody is asked any more.") || !strings.Contains(page.body, "stopped") {
		t.Errorf("%s", page.body)
	}
	if page := f.as(akkoord.RoleAnalyst).get("/admin/purposes"); strings.Contains(page.body, `value="ask"`) {
		t.Error("an analyst has the button")
	}
}

// post posts a form, and gives the page that it leads to.
func (b *browser) post(path, next string, in url.Values) reply {
	b.f.t.Helper()
	r := b.send("POST", path, in.Encode())
	if r.refused() {
		return r
	}
	if r.status != http.StatusSeeOther || r.header.Get("Location") != next {
		b.f.t.Fatalf("POST %s %v: %d to %q: %s", path, in, r.status, r.header.Get("Location"), r.body)
	}
	return b.get(next)
}
