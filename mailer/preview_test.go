package mailer_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"

	"akkoord"
	"akkoord/mailer"
	"akkoord/mailer/mailertest"
)

func (w *world) signer(t *testing.T) (*mailer.Signer, string) {
	t.Helper()
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := mailer.ParseDKIM("s1:key.pem", func(string) ([]byte, error) {
		return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := mailer.NewSigner("zonvaart.example", keys)
	if err != nil {
		t.Fatal(err)
	}
	return s, "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(pub)
}

func refuse(context.Context, string, string) (net.Conn, error) {
	return nil, errors.New("connection refused")
}

func verify(t *testing.T, raw []byte, record string) {
	t.Helper()
	v, err := dkim.VerifyWithOptions(bytes.NewReader(raw), &dkim.VerifyOptions{LookupTXT: func(string) ([]string, error) { return []string{record}, nil }})
	if err != nil || len(v) != 1 || v[0].Err != nil {
		t.Errorf("signature: %v, %+v", err, v)
	}
}

func TestMailsAreSignedWhenAKeyIsSetE4(t *testing.T) {
	w := newWorld(t, 30)
	var record string
	w.sign, record = w.signer(t)
	m := w.start()
	e := w.signUp("anouk@voorbeeld.example")
	w.run()
	w.untilState(m, akkoord.MailingSent)
	if _, err := w.server.Wait(timeout(t), e.Address(), 1); err != nil {
		t.Fatal(err)
	}
	got := w.server.Messages("")
	if len(got) != 31 {
		t.Fatalf("%d mails", len(got))
	}
	for _, msg := range got {
		verify(t, msg.Raw, record)
	}
}

func TestPreviewShowsWhatIsSentAndLeadsToNobody(t *testing.T) {
	w := newWorld(t, 1)
	m := w.draft()
	html, text, subject, err := w.press().Preview(t.Context(), m, 0, "nl")
	if err != nil {
		t.Fatal(err)
	}
	if subject != "Reiziger, sneeuw!" || !bytes.Contains(html, []byte("de sneeuw ligt er")) || !bytes.Contains(text, []byte("de sneeuw ligt er")) {
		t.Errorf("%q\n%s", subject, text)
	}
	if !bytes.Contains(text, []byte("Oudegracht 118")) {
		t.Error("the preview hides the footer")
	}
	_, rest, _ := strings.Cut(string(text), "/unsubscribe/")
	link, err := w.keys.Links().Read(akkoord.LinkUnsubscribe, strings.Fields(rest)[0], w.clock.Now())
	if err != nil || !link.Subscriber.IsZero() {
		t.Errorf("%+v, %v", link, err)
	}
}

func TestAMailCanBeSeenAsAWebPageByWhoGotIt(t *testing.T) {
	w := newWorld(t, 2)
	d := w.draft()
	d.Variants = []akkoord.Variant{{Name: "a", Content: akkoord.Content{Markdown: "Variant A voor {{name}}"}}, {Name: "b", Content: akkoord.Content{Markdown: "Variant B voor {{name}}"}}}
	d, err := w.store.PutMailing(t.Context(), "user:1", d)
	if err != nil {
		t.Fatal(err)
	}
	m, err := w.store.StartMailing(t.Context(), "user:1", d.PublicID)
	if err != nil {
		t.Fatal(err)
	}
	press := w.press()
	for i, want := range []string{"Variant A voor Persoon 0", "Variant B voor Persoon 1"} {
		html, err := press.Web(t.Context(), m, w.standing(person(i)))
		if err != nil || !bytes.Contains(html, []byte(want)) {
			t.Errorf("person %d: %v, %q not found", i, err, want)
		}
	}
	e := w.signUp("vreemd@voorbeeld.example")
	if _, err := press.Web(t.Context(), m, w.standing(e)); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("shown to somebody it was not for: %v", err)
	}
}

func TestATestMailIsTheMailAndRecordsNothing(t *testing.T) {
	w := newWorld(t, 3)
	m := w.draft()
	relay, err := mailer.ParseRelay(w.server.URL())
	if err != nil {
		t.Fatal(err)
	}
	to, err := akkoord.ParseEmail("redactie@zonvaart.example")
	if err != nil {
		t.Fatal(err)
	}
	tester := &mailer.Tester{Press: w.press(), Dialer: &mailer.Dialer{Relay: relay}}
	if err := tester.SendTest(t.Context(), m, 0, "en", to); err != nil {
		t.Fatal(err)
	}
	got := w.server.Messages("")
	if len(got) != 1 || got[0].To[0] != to.Address() || len(mailertest.Lint(got[0].Raw)) > 0 {
		t.Fatalf("%d mails, %v", len(got), mailertest.Lint(got[0].Raw))
	}
	if c := w.counts(m); c.Total != 0 || w.mailing(m).State != akkoord.MailingDraft {
		t.Errorf("%+v", c)
	}
	w.server.SetRules(mailertest.Rule{Stage: mailertest.AtRcpt, Code: 550, Enhanced: [3]int{5, 1, 1}})
	if err := tester.SendTest(t.Context(), m, 0, "en", to); akkoord.CodeOf(err) != "test_refused" || strings.Contains(err.Error(), "redactie") {
		t.Errorf("%v", err)
	}
	// What the settings name is no secret of ours; of any other host nothing is told.
	w.server.SetRules(mailertest.Rule{Stage: mailertest.AtRcpt, Code: 550, Enhanced: [3]int{5, 1, 1}, Text: "version 7.2 inside"})
	if err := tester.SendTest(t.Context(), m, 0, "en", to); err == nil || !strings.Contains(err.Error(), "7.2") {
		t.Errorf("%v", err)
	}
	w.register("spare", akkoord.OwnProcessor, w.server.URL())
	w.route(w.purpose, "", "spare")
	tester.Relays = w.store.RelaySettings
	if err := tester.SendTest(t.Context(), m, 0, "en", to); akkoord.CodeOf(err) != "test_refused" || strings.Contains(err.Error(), "7.2") || strings.Contains(err.Error(), "550") {
		t.Errorf("%v", err)
	}
	w.route(w.purpose, "", akkoord.DefaultRelay)
	tester.Dialer.DialNet = refuse
	if err := tester.SendTest(t.Context(), m, 0, "en", to); akkoord.CodeOf(err) != "test_refused" {
		t.Errorf("%v", err)
	}
	if err := (&mailer.Tester{Press: w.press()}).SendTest(t.Context(), m, 0, "en", to); akkoord.CodeOf(err) != "no_relay" {
		t.Errorf("%v", err)
	}
}

func TestReturnPathsComeBackToTheirDelivery(t *testing.T) {
	w := newWorld(t, 3)
	w.verp = mailer.NewReturnPath("bounces@zonvaart.example", w.keys.Derive("return-path"))
	m := w.start()
	w.run()
	w.untilState(m, akkoord.MailingSent)
	for _, msg := range w.server.Messages("") {
		to, err := akkoord.ParseEmail(msg.To[0])
		if err != nil {
			t.Fatal(err)
		}
		if mailing, subscriber, ok := w.verp.Read(msg.From); !ok || mailing != m.ID || subscriber != w.standing(to).Subscriber.ID {
			t.Errorf("%s leads to %d %d %v", msg.From, mailing, subscriber, ok)
		}
	}
}

func TestGateAnswersWithACodeM1(t *testing.T) {
	w := newWorld(t, 3)
	m := w.start()
	w.leave(person(1), akkoord.ScopePurpose, m)
	w.leave(person(2), akkoord.ScopeCampaign, m)
	pending := w.signUp("nieuw@voorbeeld.example")
	stranger, err := akkoord.ParseEmail("niemand@voorbeeld.example")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		e       akkoord.Email
		mailing bool
		want    string
	}{
		{person(0), false, ""}, {person(0), true, ""}, {person(1), false, "withdrawn"}, {person(2), false, ""}, {person(2), true, "left_campaign"},
		{pending, false, "pending"}, {stranger, false, "unknown"}, {stranger, true, "unknown"},
	} {
		var id *akkoord.ID
		if c.mailing {
			id = &m.PublicID
		}
		v, err := w.store.Gate(t.Context(), c.e, w.purpose.Slug, id)
		if err != nil || v.Code != c.want || v.Allowed != (c.want == "") {
			t.Errorf("%v, mailing %v: %+v, %v; want %q", c.e, c.mailing, v, err, c.want)
		}
	}
	if _, err := w.store.Gate(t.Context(), person(0), "no-such", nil); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("unknown purpose: %v", err)
	}
	if list, err := w.store.SentTo(t.Context(), w.standing(person(0)).Subscriber.ID, 5); err != nil || len(list) != 0 {
		t.Errorf("sent before anything was: %v, %v", list, err)
	}
	w.run()
	w.untilState(m, akkoord.MailingSent)
	if list, err := w.store.SentTo(t.Context(), w.standing(person(0)).Subscriber.ID, 5); err != nil || len(list) != 1 || list[0].MailingID != m.ID {
		t.Errorf("sent: %v, %v", list, err)
	}
}
