package mailer_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"akkoord"
	"akkoord/mailer/mailertest"
)

// M18, P08: a question goes out by real SMTP with a link that keeps the consent,
// once more when its answer was lost, as the same message; a refused one is
// known to be refused.
func TestAQuestionIsMailedAndItsLinkKeepsTheConsentM18(t *testing.T) {
	w := newWorld(t, 0)
	w.run()
	e := w.signUp("anouk@voorbeeld.example")
	got, err := w.server.Wait(timeout(t), e.Address(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.Confirm(t.Context(), w.confirmLink(got[0].Raw), akkoord.Origin{Source: "link", Actor: akkoord.ActorPerson}); err != nil {
		t.Fatal(err)
	}
	p := w.purpose
	p.InactiveAfter = 365
	if w.purpose, err = w.store.PutPurpose(t.Context(), akkoord.ActorSystem, p); err != nil {
		t.Fatal(err)
	}
	w.settled()
	w.clock.Advance(366 * 24 * time.Hour)
	w.server.SetRules(mailertest.Rule{Stage: mailertest.AtDot, Do: mailertest.Drop, Times: 1})
	if done, _, err := w.store.Retain(t.Context()); err != nil || done[akkoord.ActAsk] != 1 {
		t.Fatal(done, err)
	}
	w.until("two copies", func() bool { w.clock.Advance(10 * time.Second); return len(w.server.Messages(e.Address())) == 3 })
	got = w.server.Messages(e.Address())
	if !bytes.Equal(got[1].Raw, got[2].Raw) {
		t.Error("a repeated question is another message")
	}
	text := string(bytes.ReplaceAll(got[2].Raw, []byte("=\r\n"), nil))
	_, rest, ok := strings.Cut(text, sender.BaseURL+"/keep/")
	if !ok {
		t.Fatalf("no link to keep it:\n%s", text)
	}
	link, err := w.keys.Links().Read(akkoord.LinkKeep, rest[:strings.IndexAny(rest, "\r\n \"<")], w.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	asked, err := w.store.Keep(t.Context(), link, akkoord.Origin{Source: "keep", Actor: akkoord.ActorPerson})
	if err != nil || asked.Answer != akkoord.AnswerConfirmed {
		t.Fatal(asked.Answer, err)
	}
	w.settled()
	w.clock.Advance(60 * 24 * time.Hour)
	if done, _, err := w.store.Retain(t.Context()); err != nil || len(done) != 0 {
		t.Fatal(done, err)
	}
}
