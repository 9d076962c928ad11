package admin_test

import (
	"net/url"
	"strings"
	"testing"

	"akkoord"
)

// TestUncomposableMailing shows why a mailing can't be sent before it is, and
// starts nothing.
func TestUncomposableMailing(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	ctx := t.Context()
	c, err := f.store.CampaignByID(ctx, 1)
	f.check(err)
	m, err := f.store.PutMailing(ctx, akkoord.ActorSystem, akkoord.Mailing{CampaignID: c.ID, Content: akkoord.Content{Subject: "Snow", Markdown: "[Here](javascript:alert)."}})
	f.check(err)
	path := "/admin/mailings/" + m.PublicID.String()
	b := f.as(akkoord.RoleOwner)
	b.get("/admin?locale=nl")
	b.get(path, "een link die niet in een mail mag")
	if page := b.press(path, url.Values{"act": {"send"}}); !strings.Contains(page.body, "een link die niet in een mail mag") {
		t.Error("pressing the button all the same does not say why")
	}
	if m, err = f.store.Mailing(ctx, m.PublicID); err != nil || m.State != akkoord.MailingDraft {
		t.Errorf("it is %s now, %v", m.State, err)
	}
}

// TestNoTestForm to somebody who said that they never asked (I.5).
func TestNoTestForm(t *testing.T) {
	f := newFixture(t)
	path := f.mailing()
	person := f.person("pim@voorbeeld.example")
	st, err := f.store.Standing(t.Context(), person.PublicID)
	f.check(err)
	link := akkoord.Link{Subscriber: person.PublicID, Request: st.Subscriptions[0].Request}
	f.check(f.store.NotMe(t.Context(), link, akkoord.Origin{Source: "link", Actor: akkoord.ActorPerson}))
	b := f.as(akkoord.RoleEditor)
	b.get("/admin?locale=nl")
	page := b.press(path, url.Values{"act": {"test"}, "email": {"pim@voorbeeld.example"}})
	if !strings.Contains(page.body, "Naar dit adres mag geen mail") || len(f.mail.sent) != 0 {
		t.Errorf("sent %q", f.mail.sent)
	}
}
