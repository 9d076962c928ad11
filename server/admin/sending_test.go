package admin_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

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

// TestAMailingForLaterSaysWhen: its button schedules and names the time, its page says when
// it goes out and offers the way back, and a draft whose time has passed says that it goes
// out now. An editor is told that others send.
func TestAMailingForLaterSaysWhen(t *testing.T) {
	f := newFixture(t)
	path := f.mailing()
	f.person("pim@voorbeeld.example")
	b := f.as(akkoord.RoleManager)
	id, err := akkoord.ParseID(strings.TrimPrefix(path, "/admin/mailings/"))
	f.check(err)
	m, err := f.store.Mailing(t.Context(), id)
	f.check(err)
	m.SendAt = f.clock().Add(5 * time.Minute)
	m, err = f.store.PutMailing(t.Context(), akkoord.ActorSystem, m)
	f.check(err)
	b.get(path, "Schedule for ", `value="send"`)
	body := b.press(path, url.Values{"act": {"send"}}).body
	for _, want := range []string{"The mailing is scheduled.", "It goes out by itself at", "Back to draft"} {
		if !strings.Contains(body, want) {
			t.Errorf("once scheduled, the page lacks %q", want)
		}
	}
	if strings.Contains(body, `value="send"`) {
		t.Error("what is scheduled can be sent again")
	}
	if body := b.press(path, url.Values{"act": {"pause"}}).body; !strings.Contains(body, "is a draft again. Nothing of it was sent.") {
		t.Error("taking it back does not say that nothing was sent")
	}
	f.mu.Lock()
	f.now = f.now.Add(7 * time.Minute)
	f.mu.Unlock()
	late := f.as(akkoord.RoleOwner).get(path, "The time to send has passed", "Send now to 1 person")
	if strings.Contains(late.body, "Schedule for") {
		t.Error("a time that has passed is offered")
	}
	if body := f.as(akkoord.RoleEditor).get(path, "A manager or an owner sends this one.").body; strings.Contains(body, `value="send"`) {
		t.Error("an editor can send")
	}
}
