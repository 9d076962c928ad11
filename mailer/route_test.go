package mailer_test

import (
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"akkoord"
	"akkoord/mailer/mailertest"
	"akkoord/store"
)

// spare starts another mail server and registers it as a relay.
func (w *world) spare(slug, party string, rules ...mailertest.Rule) *mailertest.Server {
	w.t.Helper()
	s, err := mailertest.Start(mailertest.Config{Keep: 100000, Rules: rules})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { s.Close() })
	w.register(slug, party, s.URL())
	return s
}

func (w *world) register(slug, party, url string) {
	w.t.Helper()
	r := akkoord.RelaySettings{Relay: akkoord.Relay{Slug: slug, Addr: "127.0.0.1:25", Security: "none", Connections: 2, Processor: party}, URL: akkoord.Secret(url)}
	if _, err := w.store.AddRelay(w.t.Context(), "user:1", r); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) route(purpose akkoord.Purpose, sender string, relays ...string) {
	w.t.Helper()
	if _, err := w.store.RoutePurpose(w.t.Context(), "user:1", purpose.Slug, sender, relays); err != nil {
		w.t.Fatal(err)
	}
}

// once reports anybody who got a mailing twice over all servers, and counts who did.
func once(t *testing.T, servers ...*mailertest.Server) int {
	t.Helper()
	got := map[string]int{}
	for _, s := range servers {
		for _, m := range s.Messages("") {
			if strings.Contains(string(m.Raw), "\r\nX-Campaign:") {
				got[m.To[0]]++
			}
		}
	}
	for to, n := range got {
		if n != 1 {
			t.Errorf("%s got it %d times", to, n)
		}
	}
	return len(got)
}

// The first relay dies while a mailing runs: the second takes it over, nobody gets it
// twice and nobody is left out; whoever was on a wire is uncertain, and never tried
// again by the other (P06, P07). When the first answers again new people go there.
func TestASecondRelayTakesOverAndNobodyGetsItTwiceP06P07(t *testing.T) {
	const people = 1500
	w := newWorld(t, people)
	second := w.spare("second", akkoord.OwnProcessor)
	w.route(w.purpose, "", akkoord.DefaultRelay, "second")
	first := w.server
	m := w.start()
	stop := w.run()
	w.until("the first is at work", func() bool { return len(first.Messages("")) > 200 })
	first.Close()
	w.until("the second takes over", func() bool { return len(second.Messages("")) > 0 })
	w.until("all is said", func() bool { c := w.counts(m); return c.Open == 0 && c.Deferred == 0 })
	c := w.counts(m)
	if reached := int64(once(t, first, second)); c.Sent+c.Uncertain != people || reached < c.Sent || c.Uncertain > int64(w.lanes) {
		t.Errorf("%d were reached, and the mailing says %+v", reached, c)
	}
	if state := w.worker.RelayStates()[0]; state.Slug != akkoord.DefaultRelay || state.OpenSince.IsZero() || state.LastFault == "" || state.LastAccepted.IsZero() {
		t.Errorf("the first is %+v", state)
	}
	back, err := mailertest.Start(mailertest.Config{Addr: first.Addr(), Keep: people})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { back.Close() })
	w.clock.Advance(time.Hour)
	next := w.start()
	w.until("the first answers again", func() bool { w.clock.Advance(time.Second); return len(back.Messages("")) > 0 })
	w.until("the next is said", func() bool { w.clock.Advance(time.Second); return w.mailing(next).State == akkoord.MailingSent })
	if got := w.counts(next); got.Sent != people {
		t.Errorf("then %+v", got)
	}
	stop()
	deliveries, _, err := w.store.Deliveries(t.Context(), m.ID, akkoord.DeliveryFilter{}, akkoord.Page{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	var by []string
	for _, d := range deliveries {
		if d.State == akkoord.Sent {
			by = append(by, d.Relay)
		}
	}
	slices.Sort(by)
	if by = slices.Compact(by); !slices.Equal(by, []string{akkoord.DefaultRelay, "second"}) {
		t.Errorf("the mails went by %v", by)
	}
}

// A relay that nobody listens at, one that refuses the login and one that has no more
// room are each passed over, for mailings and for the mails of sign-ups.
func TestRelaysThatCantBeUsedArePassedOver(t *testing.T) {
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	deaf := nobody.Addr().String()
	nobody.Close()
	strict, err := mailertest.Start(mailertest.Config{User: "u", Password: "p", Rules: []mailertest.Rule{{Stage: mailertest.AtMail, Code: 421, Enhanced: [3]int{4, 3, 2}}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { strict.Close() })
	for name, url := range map[string]string{
		"nobody listens": "smtp://" + deaf + "?tls=none",
		"login refused":  strings.Replace(strict.URL(), "u:p@", "u:wrong@", 1),
		"421 for all":    strict.URL(),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 40)
			w.register("first", akkoord.OwnProcessor, url)
			w.route(w.purpose, "", "first", akkoord.DefaultRelay)
			m := w.start()
			stop := w.run()
			w.until("sent", func() bool { return w.mailing(m).State == akkoord.MailingSent })
			stop()
			if c := w.counts(m); c.Sent != 40 || once(t, w.server) != 40 {
				t.Errorf("%+v", c)
			}
		})
	}
}

// The answer to a final dot is lost: the mail is uncertain, and no other relay sends
// it again (P08).
func TestALostAnswerIsNotSentAgainByAnotherRelayP08(t *testing.T) {
	w := newWorld(t, 30)
	second := w.spare("second", akkoord.OwnProcessor)
	w.route(w.purpose, "", akkoord.DefaultRelay, "second")
	w.server.SetRules(mailertest.Rule{Stage: mailertest.AtDot, Match: "p00003@", Do: mailertest.Drop})
	m := w.start()
	stop := w.run()
	w.until("all is said", func() bool { c := w.counts(m); return c.Open == 0 && c.Deferred == 0 })
	stop()
	if c := w.counts(m); c.Uncertain != 1 || c.Sent != 29 {
		t.Errorf("%+v", c)
	}
	if got := second.Messages("p00003@voorbeeld.example"); len(got) != 0 {
		t.Error("another relay sent it again")
	}
}

// Each purpose goes by its own relay and from its own sender; the agreement with the
// party of one ends in between, and what is left of its purpose waits while the other
// goes on (M28).
func TestPurposesHaveRelaysAndSendersOfTheirOwnM28(t *testing.T) {
	w := newWorld(t, 20)
	ctx := t.Context()
	day := w.clock.Now().Truncate(24 * time.Hour)
	if _, err := w.store.AddProcessor(ctx, "user:1", akkoord.Processor{Slug: "post", Name: "Post B.V.", Role: "relay", Agreement: akkoord.Agreement{SignedOn: day.AddDate(0, -1, 0), ValidUntil: day}}); err != nil {
		t.Fatal(err)
	}
	a := w.spare("a", akkoord.OwnProcessor)
	b := w.spare("b", "post", mailertest.Rule{Stage: mailertest.AtRcpt, Match: "p00025@", Code: 450, Enhanced: [3]int{4, 2, 0}})
	from, err := akkoord.ParseEmail("ski@ski.example")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.AddSender(ctx, "user:1", akkoord.SendingAddress{Slug: "ski", Name: "Zonvaart Ski", Address: from}); err != nil {
		t.Fatal(err)
	}
	ski, err := w.store.PutPurpose(ctx, "user:1", akkoord.Purpose{Slug: "ski", Basis: akkoord.BasisConsent, Texts: map[string]akkoord.PurposeText{"nl": {Name: "Ski", Explanation: "Over ski.", Wording: "Ja, ski."}}})
	if err != nil {
		t.Fatal(err)
	}
	skiing, err := w.store.PutCampaign(ctx, "user:1", akkoord.Campaign{Slug: "ski-2027", Name: "Ski 2027", PurposeID: ski.ID})
	if err != nil {
		t.Fatal(err)
	}
	var seeds []store.Seed
	for i := range 20 {
		seeds = append(seeds, store.Seed{Email: person(20 + i), Locale: "nl", Purposes: []akkoord.Purpose{ski}, Origin: akkoord.Origin{Source: "form:home", FormID: 1},
			RequestedAt: w.clock.Now().Add(-48 * time.Hour), ConfirmedAt: w.clock.Now().Add(-47 * time.Hour)})
	}
	if err := w.store.SeedPeople(ctx, seeds); err != nil {
		t.Fatal(err)
	}
	w.route(w.purpose, "", "a")
	w.route(ski, "ski", "b")
	news := w.start()
	w.campaign = skiing
	offers := w.start()
	stop := w.run()
	w.until("sent", func() bool { return w.mailing(news).State == akkoord.MailingSent && w.counts(offers).Sent == 19 })
	if len(w.server.Messages("")) != 0 || len(a.Messages("")) != 20 || len(b.Messages("")) != 19 {
		t.Errorf("the settings' relay got %d, a %d and b %d", len(w.server.Messages("")), len(a.Messages("")), len(b.Messages("")))
	}
	for _, got := range b.Messages("") {
		if got.From != "ski@ski.example" || !strings.Contains(string(got.Raw), "\r\nFrom: \"Zonvaart Ski\" <ski@ski.example>\r\n") {
			t.Fatalf("it comes from %s:\n%s", got.From, got.Raw)
		}
	}
	if got := a.Messages("")[0]; got.From != sender.From.Address {
		t.Errorf("the other comes from %s", got.From)
	}
	// Somebody is tried again on the day after the agreement ended.
	w.clock.Advance(24 * time.Hour)
	w.until("paused", func() bool { return w.mailing(offers).State == akkoord.MailingPaused })
	if m := w.mailing(offers); !strings.Contains(m.Why.Text, "Post B.V.") {
		t.Errorf("it is paused since %q", m.Why.Text)
	}
	stop()
	if len(b.Messages("")) != 19 {
		t.Errorf("b got %d", len(b.Messages("")))
	}
}

// A relay that is added, changed or retired while the worker runs is used, dialled
// anew, or left alone, without a restart.
func TestRelaysComeAndGoWhileTheWorkerRuns(t *testing.T) {
	w := newWorld(t, 5)
	stop := w.run()
	late := w.spare("late", akkoord.OwnProcessor)
	w.route(w.purpose, "", "late", akkoord.DefaultRelay)
	w.until("known", func() bool { return len(w.worker.RelayStates()) == 2 })
	m := w.start()
	w.until("sent by the late one", func() bool { return w.mailing(m).State == akkoord.MailingSent })
	moved, err := mailertest.Start(mailertest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { moved.Close() })
	if _, err := w.store.EditRelay(t.Context(), "user:1", "late", akkoord.Secret(moved.URL()), func(*akkoord.Relay) {}); err != nil {
		t.Fatal(err)
	}
	m = w.start()
	w.until("sent again", func() bool { return w.mailing(m).State == akkoord.MailingSent })
	if _, err := w.store.RetireRelay(t.Context(), "user:1", "late"); err != nil {
		t.Fatal(err)
	}
	w.until("forgotten", func() bool { return len(w.worker.RelayStates()) == 1 })
	m = w.start()
	w.until("sent by that of the settings", func() bool { return w.mailing(m).State == akkoord.MailingSent })
	stop()
	for name, s := range map[string]*mailertest.Server{"where it was": late, "where it moved to": moved, "that of the settings": w.server} {
		if got := len(s.Messages("")); got != 5 {
			t.Errorf("%s got %d, want 5", name, got)
		}
	}
}
