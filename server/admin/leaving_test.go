package admin_test

import (
	"net/url"
	"strings"
	"testing"

	"akkoord"
)

// M13: staff who were asked to end a purpose or everything on the person's page,
// with a reason that names nobody; who may not change people sees no button.
func TestLeavingAtAPersonsRequest(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	p := f.person("pim@voorbeeld.example")
	path := "/admin/people/" + p.PublicID.String()
	b := f.as(akkoord.RoleManager)
	b.get("/admin?locale=nl")
	b.get(path, "Uitschrijven op verzoek", `value="travel-news"`)
	state := func() akkoord.State {
		st, err := f.store.Standing(t.Context(), p.PublicID)
		f.check(err)
		return st.Subscriptions[0].State
	}
	withdraw := func(in url.Values) reply {
		t.Helper()
		return b.post(path+"/withdraw", path, in)
	}
	was := state()
	for reason, says := range map[string]string{"": "Vul in waarom", "voor pim": "geen naam of adres"} {
		if page := withdraw(url.Values{"purpose": {"travel-news"}, "reason": {reason}}); !strings.Contains(page.body, says) || state() != was {
			t.Errorf("the reason %q: %s", reason, state())
		}
	}
	if page := withdraw(url.Values{"purpose": {"travel-news"}, "reason": {"belde erover"}}); !strings.Contains(page.body, "De uitschrijving is vastgelegd.") || state() != akkoord.Withdrawn {
		t.Errorf("%s\n%s", state(), page.body)
	}
	events, err := f.store.EventsOf(t.Context(), p.PublicID)
	f.check(err)
	if last := events[len(events)-1]; last.Source != "admin" || !strings.HasPrefix(string(last.Actor), "user:") || last.Evidence.ToldIn != "Europe/Amsterdam" {
		t.Errorf("M12: %+v", last)
	}
	b.get(path, "tijd getoond in Europe/Amsterdam")
	if page := withdraw(url.Values{"purpose": {""}, "reason": {"belde erover"}}); !strings.Contains(page.body, "vastgelegd") {
		t.Error("everything")
	}
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
