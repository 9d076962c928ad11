package mailer_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"akkoord"
)

// look runs the job that takes people into the running mailings of series.
func (w *world) look() {
	w.t.Helper()
	if _, err := w.store.RunSeries(context.Background(), akkoord.Job{EndedAt: w.clock.Now()}); err != nil {
		w.t.Fatal(err)
	}
}

// confirm signs somebody up by a form and presses the button behind the link.
func (w *world) confirm(e akkoord.Email) {
	w.t.Helper()
	o := akkoord.Origin{Source: "form:home", Actor: akkoord.ActorPerson, FormID: 1, Locale: "nl"}
	if err := w.store.SignUp(w.t.Context(), akkoord.SignUp{Email: e, Name: "Anouk", Locale: "nl", Purposes: []akkoord.Purpose{w.purpose}, Origin: o}); err != nil {
		w.t.Fatal(err)
	}
	st := w.standing(e)
	link := akkoord.Link{Subscriber: st.Subscriber.PublicID, Request: st.Subscriptions[0].Request}
	if _, err := w.store.Confirm(w.t.Context(), link, o); err != nil {
		w.t.Fatal(err)
	}
}

// subjects are those of the mails of a mailing that an address got.
func (w *world) subjects(e akkoord.Email, m akkoord.Mailing) (out []string) {
	for _, got := range w.server.Messages(e.Address()) {
		if text := string(got.Raw); strings.Contains(text, "X-Mailing: "+m.PublicID.String()) {
			_, rest, _ := strings.Cut(text, "\nSubject: ")
			subject, _, _ := strings.Cut(rest, "\r\n")
			out = append(out, subject)
		}
	}
	return out
}

// A welcome series end to end: a mail after confirming and one two days later, by
// SMTP; whoever leaves in between gets the first alone, and who comes after an
// edit gets the new words (M1, M13).
func TestASeriesWelcomesWhoConfirmsAndForgetsWhoLeaves(t *testing.T) {
	w := newWorld(t, 3) // who confirmed before it began
	draft := func(subject string, trigger akkoord.MailingTrigger) akkoord.Mailing {
		m, err := w.store.PutMailing(t.Context(), "user:1", akkoord.Mailing{CampaignID: w.campaign.ID, Content: akkoord.Content{Subject: subject, Markdown: "Dag {{name}}"}, Trigger: &trigger})
		if err == nil {
			m, err = w.store.StartMailing(t.Context(), "user:1", m.PublicID)
		}
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	welcome := draft("Welkom", akkoord.MailingTrigger{On: akkoord.OnConfirmed})
	tips := draft("Tips", akkoord.MailingTrigger{On: akkoord.OnMailing, Mailing: welcome.PublicID, Days: 2})
	w.run()
	stays, leaves, late := person(100), person(101), person(102)
	w.clock.Advance(time.Minute)
	w.confirm(stays)
	w.confirm(leaves)
	w.clock.Advance(time.Minute)
	w.look()
	w.until("two are welcomed", func() bool { return w.counts(welcome).Sent == 2 })

	w.clock.Advance(24 * time.Hour)
	w.look()
	w.leave(leaves, akkoord.ScopeCampaign, welcome)
	edited := w.mailing(welcome)
	edited.Content.Subject = "Van harte welkom"
	if _, err := w.store.PutMailing(t.Context(), "user:1", edited); err != nil {
		t.Fatal(err)
	}
	w.confirm(late)
	w.clock.Advance(25 * time.Hour)
	w.look()
	w.until("the second step", func() bool { return w.counts(tips).Sent == 1 && w.counts(welcome).Sent == 3 })
	w.look()

	for _, tt := range []struct {
		who  akkoord.Email
		m    akkoord.Mailing
		want string
	}{
		{stays, welcome, "Welkom"}, {stays, tips, "Tips"}, {leaves, welcome, "Welkom"}, {leaves, tips, ""}, {late, welcome, "Van harte welkom"}, {late, tips, ""}, {person(0), welcome, ""},
	} {
		if got := strings.Join(w.subjects(tt.who, tt.m), ", "); got != tt.want {
			t.Errorf("%s got %q, want %q", tt.who.Address(), got, tt.want)
		}
	}
	if c := w.counts(tips); c.Total != 1 {
		t.Errorf("of the second step %+v", c)
	}
	page, err := w.press().Web(t.Context(), w.mailing(welcome), w.standing(stays))
	if err != nil || strings.Contains(string(page), "Van harte") {
		t.Errorf("who was mailed before the edit is shown its words (%v)", err)
	}
}
