package admin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"akkoord"
)

// M13: staff who were asked end a purpose or everything for a person, with a
// reason that names nobody.
func TestLeavingAtAPersonsRequest(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	p := f.person("pim@voorbeeld.example")
	path := "/admin/people/" + p.PublicID.String()
	b := f.as(akkoord.RoleManager)
	b.get("/admin?locale=nl")
	b.get(path, "Uitschrijven op verzoek")
	b.get(path+"/withdraw", "Uitschrijven op verzoek", `value="purpose:travel-news"`, `value="campaign:winter-2027"`)
	state := func() akkoord.State {
		st, err := f.store.Standing(t.Context(), p.PublicID)
		f.check(err)
		return st.Subscriptions[0].State
	}
	was := state()
	for reason, says := range map[string]string{"": "Vul in waarom", "voor pim": "geen naam of adres"} {
		r := b.send("POST", path+"/withdraw", url.Values{"what": {"purpose:travel-news"}, "reason": {reason}}.Encode())
		if r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, says) || state() != was {
			t.Errorf("the reason %q: %d %s", reason, r.status, state())
		}
	}
	withdraw := func(what string) {
		t.Helper()
		if r := b.send("POST", path+"/withdraw", url.Values{"what": {what}, "reason": {"belde erover"}}.Encode()); r.status != http.StatusSeeOther || r.header.Get("Location") != path {
			t.Fatalf("%d %s", r.status, r.body)
		}
		b.get(path, "De uitschrijving is vastgelegd.")
	}
	if withdraw("purpose:travel-news"); state() != akkoord.Withdrawn {
		t.Error(state())
	}
	events, err := f.store.EventsOf(t.Context(), p.PublicID)
	f.check(err)
	if last := events[len(events)-1]; last.Source != "admin" || !strings.HasPrefix(string(last.Actor), "user:") || last.Evidence.ToldIn != "Europe/Amsterdam" {
		t.Errorf("M12: %+v", last)
	}
	b.get(path, "tijd getoond in Europe/Amsterdam")
	withdraw("all")
	st, err := f.store.Standing(t.Context(), p.PublicID)
	f.check(err)
	if !st.Suppressed(akkoord.SuppressedUnsubscribed) {
		t.Error("leaving everything left something")
	}
}

// M11: the figures of those who left by a mailing stand on its page.
func TestLeavingsOfAMailing(t *testing.T) {
	f := newFixture(t)
	path := f.mailing()
	id, err := akkoord.ParseID(strings.TrimPrefix(path, "/admin/mailings/"))
	f.check(err)
	m, err := f.store.StartMailing(t.Context(), akkoord.ActorSystem, id)
	f.check(err)
	p := f.person("pim@voorbeeld.example")
	st, err := f.store.Standing(t.Context(), p.PublicID)
	f.check(err)
	link := akkoord.Link{Subscriber: p.PublicID, Purpose: st.Subscriptions[0].PurposeID, Campaign: m.CampaignID, Mailing: m.ID}
	_, err = f.store.Leave(t.Context(), link, akkoord.ScopePurpose, akkoord.Origin{Source: "one-click", Actor: akkoord.ActorPerson})
	f.check(err)
	b := f.as(akkoord.RoleAnalyst)
	b.get("/admin?locale=nl")
	b.get(path, "Uitschrijvingen via deze mailing", "Het hele doel", "Knop van het mailprogramma")
}

// Whoever gets no mail although they agreed, since their data may not be used (Art. 18
// GDPR) or they asked for a pause, is not shown as somebody who does.
func TestAPersonsPageSaysThatMailIsStopped(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	p := f.person("pim@voorbeeld.example")
	path := "/admin/people/" + p.PublicID.String()
	b := f.as(akkoord.RoleDPO)
	b.get("/admin?locale=en")
	if page := b.get(path); strings.Contains(page.body, "No mail goes to this person now") {
		t.Error("somebody who is mailed is shown as stopped")
	}
	f.check(f.store.Restrict(t.Context(), p.PublicID, "asked for", akkoord.Origin{Source: "admin", Actor: "user:1"}))
	page := b.get(path, "No mail goes to this person now", "Processing restricted", "active, but stopped")
	if strings.Contains(page.body, `badge ok`) {
		t.Error("a consent is still green")
	}
}
