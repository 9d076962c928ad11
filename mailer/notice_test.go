package mailer_test

import (
	"bytes"
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	"akkoord"
	"akkoord/mailer/mailertest"
)

func (w *world) signUp(address string) akkoord.Email {
	w.t.Helper()
	e, err := akkoord.ParseEmail(address)
	if err != nil {
		w.t.Fatal(err)
	}
	in := akkoord.SignUp{Email: e, Locale: "nl", Purposes: []akkoord.Purpose{w.purpose}, Origin: akkoord.Origin{Source: "form:home", Actor: akkoord.ActorPerson, FormID: 1, Locale: "nl"}}
	if err := w.store.SignUp(w.t.Context(), in); err != nil {
		w.t.Fatal(err)
	}
	return e
}

// confirmLink finds the link of a confirmation mail and reads it.
func (w *world) confirmLink(raw []byte) akkoord.Link {
	w.t.Helper()
	text := string(bytes.ReplaceAll(raw, []byte("=\r\n"), nil))
	_, rest, ok := strings.Cut(text, sender.BaseURL+"/confirm/")
	if !ok {
		w.t.Fatal("no confirmation link")
	}
	end := strings.IndexAny(rest, "\r\n \"<")
	link, err := w.keys.Links().Read(akkoord.LinkConfirm, rest[:end], w.clock.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	return link
}

// settled waits until every row of the outbox is done.
func (w *world) settled() {
	w.t.Helper()
	db, err := sql.Open("sqlite", "file:"+w.path+"?_pragma=query_only(1)")
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	w.until("the outbox is empty", func() bool {
		var open int
		if err := db.QueryRowContext(w.t.Context(), `SELECT count(*) FROM outbox WHERE state = 0`).Scan(&open); err != nil {
			w.t.Fatal(err)
		}
		return open == 0
	})
}

func TestASignUpGetsOneMailWhoseLinkConfirmsP03(t *testing.T) {
	w := newWorld(t, 0)
	w.run()
	e := w.signUp("anouk@voorbeeld.example")
	got, err := w.server.Wait(timeout(t), e.Address(), 1)
	if err != nil {
		t.Fatal(err)
	}
	a, err := w.store.Confirm(t.Context(), w.confirmLink(got[0].Raw), akkoord.Origin{Source: "link", Actor: akkoord.ActorPerson})
	if err != nil || a.Answer != akkoord.AnswerConfirmed {
		t.Fatal(a.Answer, err)
	}
	if h := header(t, got[0].Raw); h.Get("Auto-Submitted") != "auto-generated" || h.Get("List-Unsubscribe") != "" {
		t.Errorf("%v", h)
	}
	// Signing up again tells the person, once a day, and changes nothing.
	w.signUp("anouk@voorbeeld.example")
	w.signUp("Anouk@voorbeeld.example")
	if got, err = w.server.Wait(timeout(t), e.Address(), 2); err != nil {
		t.Fatal(err)
	}
	w.settled()
	if got = w.server.Messages(e.Address()); len(got) != 2 || bytes.Contains(got[1].Raw, []byte("/confirm/")) {
		t.Errorf("%d mails", len(got))
	}
}

func timeout(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestALostAnswerRepeatsTheSameConfirmationP08M10(t *testing.T) {
	w := newWorld(t, 0)
	w.server.SetRules(mailertest.Rule{Stage: mailertest.AtDot, Do: mailertest.Drop, Times: 2})
	w.run()
	e := w.signUp("bram@voorbeeld.example")
	w.until("three copies", func() bool { w.clock.Advance(10 * time.Second); return len(w.server.Messages(e.Address())) == 3 })
	got := w.server.Messages(e.Address())
	for _, m := range got[1:] {
		if !bytes.Equal(m.Raw, got[0].Raw) {
			t.Error("a repeated confirmation mail is another message")
		}
	}
}

func TestAMailboxGetsThreeConfirmationsADayP14(t *testing.T) {
	w := newWorld(t, 0)
	stop := w.run()
	for i := range 12 {
		w.signUp([]string{"lotte@gmail.com", "l.otte@gmail.com", "lotte+a@gmail.com", "LOTTE@googlemail.com", "lo.tte+b@gmail.com"}[i%5])
		w.clock.Advance(time.Minute)
		if i == 6 { // limits survive restarts
			w.settled()
			stop()
			if err := w.store.Close(); err != nil {
				t.Fatal(err)
			}
			w.open()
			stop = w.run()
		}
	}
	w.settled()
	stop()
	if n := len(w.server.Messages("")); n != 3 {
		t.Errorf("%d confirmation mails", n)
	}
}

func TestAClaimedConfirmationOfADeadProcessIsSentAndCountedOnceP03P14(t *testing.T) {
	w := newWorld(t, 0)
	e := w.signUp("pien@voorbeeld.example")
	for range 5 { // a process that claims and dies, five times
		w.clock.Advance(time.Second)
		due, err := w.store.ClaimSystem(t.Context(), 10)
		if err != nil || len(due) != 1 {
			t.Fatal(len(due), err)
		}
		if err := w.store.Close(); err != nil {
			t.Fatal(err)
		}
		w.open()
	}
	w.run()
	if _, err := w.server.Wait(timeout(t), e.Address(), 1); err != nil {
		t.Fatal(err)
	}
	w.settled()
	if n := len(w.server.Messages("")); n != 1 {
		t.Errorf("%d mails", n)
	}
}

func TestNotMeEndsTheMailsAndForgetsWhatComesAfterF15(t *testing.T) {
	w := newWorld(t, 0)
	stop := w.run()
	e := w.signUp("kees@voorbeeld.example")
	got, err := w.server.Wait(timeout(t), e.Address(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.store.NotMe(t.Context(), w.confirmLink(got[0].Raw), akkoord.Origin{Source: "link", Actor: akkoord.ActorPerson}); err != nil {
		t.Fatal(err)
	}
	w.signUp("kees@voorbeeld.example")
	w.until("the new data is forgotten", func() bool { return w.standing(e).Subscriber.ID == 0 })
	stop()
	if n := len(w.server.Messages("")); n != 1 {
		t.Errorf("%d mails", n)
	}
}

func TestAMailingDoesNotDelayConfirmationsM13(t *testing.T) {
	w := newWorld(t, 200)
	w.lanes = 1
	w.server.SetRules(mailertest.Rule{Stage: mailertest.AtDot, Match: "p0", Do: mailertest.Hang})
	m := w.start()
	w.run()
	e := w.signUp("daan@voorbeeld.example")
	if _, err := w.server.Wait(timeout(t), e.Address(), 1); err != nil {
		t.Fatal(err)
	}
	if c := w.counts(m); c.Open != 200 {
		t.Errorf("the mailing was meant to hang: %+v", c)
	}
	w.server.Close()
}
