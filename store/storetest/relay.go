package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"akkoord"
)

// relay registers a relay of a party.
func (a *Agency) relay(t testing.TB, slug, party string) akkoord.Relay {
	t.Helper()
	addr := slug + ".example:465"
	if party == akkoord.OwnProcessor {
		addr = "127.0.0.1:465"
	}
	return must(a.AddRelay(t.Context(), Admin, akkoord.RelaySettings{
		Relay: akkoord.Relay{Slug: slug, Addr: addr, Notices: true, Security: "implicit", Login: true, Connections: 2, Processor: party},
		URL:   akkoord.Secret("smtps://user:hush-" + slug + "@" + slug + ".example"),
	}))(t)
}

// carrier is a relay, as it was added, that asks for mail.
func carrier(slug string, answering ...string) akkoord.Carrier {
	c := akkoord.Carrier{Relay: slug, Version: 1, Answering: answering}
	if slug == akkoord.DefaultRelay {
		c.Version = 0
	}
	return c
}

func (a *Agency) party(t testing.TB, slug string, until time.Time) {
	t.Helper()
	must(a.AddProcessor(t.Context(), Admin, akkoord.Processor{Slug: slug, Name: slug, Role: "relay", Country: "NL", Agreement: akkoord.Agreement{SignedOn: Start.Truncate(24 * time.Hour), ValidUntil: until}}))(t)
}

// testSenders: an address that mailings can come from is checked like that of the
// settings, named by purposes, and not retired while one names it.
func testSenders(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	ski := akkoord.SendingAddress{Slug: "ski", Name: "Zonvaart Ski", Address: email(t, "ski@ski.example")}
	added := must(a.AddSender(ctx, Admin, ski))(t)
	if all := must(a.Senders(ctx))(t); len(all) != 1 || all[0] != added || added.Mailbox().Address != "ski@ski.example" {
		t.Errorf("added %+v, and there are %+v", added, all)
	}
	for code, wrong := range map[string]akkoord.SendingAddress{
		"slug_taken":      ski,
		"slug_invalid":    {Slug: "Ski!", Name: "x", Address: ski.Address},
		"name_missing":    {Slug: "b", Name: " ", Address: ski.Address},
		"text_invalid":    {Slug: "b", Name: "a\r\nBcc: b@b.example", Address: ski.Address},
		"field_missing":   {Slug: "b", Name: "b"},
		"sender_freemail": {Slug: "b", Name: "b", Address: email(t, "b@gmail.com")},
	} {
		if _, err := a.AddSender(ctx, Admin, wrong); akkoord.CodeOf(err) != code {
			t.Errorf("%+v gave %v, want %s", wrong, err, code)
		}
	}
	if _, err := a.RoutePurpose(ctx, Admin, a.Ski.Slug, "nobody", nil); akkoord.CodeOf(err) != "sender_unknown" {
		t.Errorf("a sender that is not there gave %v", err)
	}
	if p := must(a.RoutePurpose(ctx, Admin, a.Ski.Slug, "ski", nil))(t); p.Sender != "ski" || must(a.Purpose(ctx, a.Ski.Slug))(t).Sender != "ski" {
		t.Errorf("the purpose is %+v", p)
	}
	if _, err := a.RetireSender(ctx, Admin, "ski"); akkoord.CodeOf(err) != "sender_in_use" || !strings.Contains(err.Error(), a.Ski.Slug) {
		t.Errorf("retiring a sender in use gave %v", err)
	}
	renamed := must(a.EditSender(ctx, Admin, "ski", func(s *akkoord.SendingAddress) { s.Name, s.Slug = "Zonvaart Sneeuw", "other" }))(t)
	if renamed.Slug != "ski" || renamed.Name != "Zonvaart Sneeuw" {
		t.Errorf("it is %+v now", renamed)
	}
	must(a.RoutePurpose(ctx, Admin, a.Ski.Slug, "", nil))(t)
	must(a.RetireSender(ctx, Admin, "ski"))(t)
	if _, err := a.RoutePurpose(ctx, Admin, a.Ski.Slug, "ski", nil); akkoord.CodeOf(err) != "sender_unknown" {
		t.Errorf("naming a retired sender gave %v", err)
	}
}

// testRelays: a relay's URL is sealed and comes out for whoever dials it alone (P32);
// purposes name relays in order, and one that is named alone is not retired.
func testRelays(t *testing.T, open Open) {
	cfg, clock := Config(t)
	a := NewAgency(t, open(t, cfg), clock)
	ctx := t.Context()
	spare := akkoord.RelaySettings{Relay: akkoord.Relay{Slug: "spare", Addr: "spare.example:465", Security: "implicit", Connections: 2, Processor: "post"}, URL: "smtps://u:p@spare.example"}
	if _, err := a.AddRelay(ctx, Admin, spare); akkoord.CodeOf(err) != "processor_unknown" {
		t.Errorf("a relay of a party that is not on record gave %v", err)
	}
	a.party(t, "post", time.Time{})
	a.relay(t, "spare", "post")
	other := a.relay(t, "other", akkoord.OwnProcessor)
	for code, change := range map[string]func(*akkoord.RelaySettings){
		"slug_taken":    func(*akkoord.RelaySettings) {},
		"slug_reserved": func(r *akkoord.RelaySettings) { r.Slug = akkoord.DefaultRelay },
		"number_range":  func(r *akkoord.RelaySettings) { r.Connections = 101 },
		"field_missing": func(r *akkoord.RelaySettings) { r.Processor = "" },
		"relay_own":     func(r *akkoord.RelaySettings) { r.Processor = akkoord.OwnProcessor },
	} {
		wrong := spare
		change(&wrong)
		if _, err := a.AddRelay(ctx, Admin, wrong); akkoord.CodeOf(err) != code {
			t.Errorf("%s: %v", code, err)
		}
	}
	for _, r := range must(a.RelaySettings(ctx))(t) {
		if want := "hush-" + r.Slug; !strings.Contains(string(r.URL), want) || strings.Contains(fmt.Sprintf("%v %+v %#v", r, r, r), want) {
			t.Errorf("%s: the URL is %q, and prints as %+v", r.Slug, string(r.URL), r)
		}
	}
	a.keepsQuiet(t, "hush-")
	must(a.EditRelay(ctx, Admin, "spare", "", func(r *akkoord.Relay) { r.Connections = 7 }))(t)
	changed := must(a.EditRelay(ctx, Admin, "spare", "smtps://u:hush-new@spare.example", func(*akkoord.Relay) {}))(t)
	if all := must(a.RelaySettings(ctx))(t); changed.Version != 3 || changed.Connections != 7 || !strings.Contains(string(all[0].URL), "hush-new") {
		t.Errorf("it is %+v now", changed)
	}
	for code, relays := range map[string][]string{"relay_unknown": {"nobody"}, "relay_twice": {"spare", "spare"}, "too_many_items": strings.Split("abcdefghijk", "")} {
		if _, err := a.RoutePurpose(ctx, Admin, a.News.Slug, "", relays); akkoord.CodeOf(err) != code {
			t.Errorf("relays %v gave %v, want %s", relays, err, code)
		}
	}
	must(a.RoutePurpose(ctx, Admin, a.News.Slug, "", []string{"spare", akkoord.DefaultRelay, "other"}))(t)
	must(a.RoutePurpose(ctx, Admin, a.Ski.Slug, "", []string{"other"}))(t)
	if _, err := a.RetireRelay(ctx, Admin, "other"); akkoord.CodeOf(err) != "relay_in_use" || !strings.Contains(err.Error(), a.Ski.Slug) {
		t.Errorf("retiring the only relay of a purpose gave %v", err)
	}
	must(a.RetireRelay(ctx, Admin, "spare"))(t)
	if got := must(a.Purpose(ctx, a.News.Slug))(t).Relays; !slices.Equal(got, []string{akkoord.DefaultRelay, "other"}) {
		t.Errorf("the purpose goes by %v", got)
	}
	if all := must(a.RelaySettings(ctx))(t); len(all) != 1 || all[0].Relay != other {
		t.Errorf("in use is %+v", all)
	}
	if r := must(a.Relay(ctx, "spare"))(t); r.RetiredAt.IsZero() || r.Login {
		t.Errorf("the retired one is %+v", r)
	}
	trail := strings.Join(a.trail(t), "\n")
	for _, want := range []string{"relay.create", "relay.change", "relay.retire", "purpose.route"} {
		if !strings.Contains(trail, want) {
			t.Errorf("the audit trail has no %s", want)
		}
	}
}

// keepsQuiet reports a secret that is in the audit trail.
func (a *Agency) keepsQuiet(t testing.TB, secret string) {
	t.Helper()
	entries, _, err := a.AuditTrail(t.Context(), akkoord.Page{})
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprintf("%+v", entries); strings.Contains(text, secret) {
		t.Errorf("the audit trail has a secret: %s", text)
	}
}

// testUncertainRoutes: who may have a mailing without an answer, as after a kill, may
// have it by the relay that it was last given to, also where another deferred it before.
func testUncertainRoutes(t *testing.T, open Open) {
	cfg, clock := Config(t)
	a := NewAgency(t, open(t, cfg), clock)
	ctx := t.Context()
	for _, address := range []string{"anouk@voorbeeld.example", "pim@voorbeeld.example"} {
		a.active(t, address, a.News)
	}
	a.relay(t, "first", akkoord.OwnProcessor)
	a.relay(t, "second", akkoord.OwnProcessor)
	must(a.RoutePurpose(ctx, Admin, a.News.Slug, "", []string{"first", "second"}))(t)
	must(a.StartMailing(ctx, Admin, a.Mailing.PublicID))(t)
	again := clock.Now().Add(time.Hour)
	send := func(relay string, results ...akkoord.Result) {
		t.Helper()
		w := must(a.ClaimBy(ctx, carrier(relay)))(t)
		if w == nil || len(w.Recipients) != len(results) {
			t.Fatalf("%s claimed %+v", relay, w)
		}
		for i, r := range results {
			if err := a.Mark(w, i, clock.Now()); err != nil {
				t.Fatal(err)
			}
			r.At = clock.Now()
			a.Note(w, i, r)
		}
		if err := a.Release(ctx, w); err != nil {
			t.Fatal(err)
		}
	}
	send("first", akkoord.Result{State: akkoord.Uncertain, Code: "interrupted"}, akkoord.Result{State: akkoord.Deferred, Code: "451", Attempts: 1, FirstAt: clock.Now(), NextAt: again})
	by := func(want ...string) {
		t.Helper()
		all, _, err := a.Deliveries(ctx, a.Mailing.ID, akkoord.DeliveryFilter{}, akkoord.Page{})
		if err != nil || len(all) != len(want) {
			t.Fatalf("the deliveries are %v, %v", all, err)
		}
		for i, d := range all {
			if d.Relay != want[i] {
				t.Errorf("%s went by %q, want %q", d.State, d.Relay, want[i])
			}
		}
	}
	by("first", "first")
	clock.Move(time.Hour)
	send("second", akkoord.Result{State: akkoord.Uncertain, Code: "interrupted"})
	by("first", "second")
}

// testRoutes: a window is for the first relay of its purpose that answers and whose
// party has an agreement in force (M28), names who it comes from, and its results say
// which relay they came from.
func testRoutes(t *testing.T, open Open) {
	cfg, clock := Config(t)
	a := NewAgency(t, open(t, cfg), clock)
	ctx := t.Context()
	for _, address := range []string{"anouk@voorbeeld.example", "pim@voorbeeld.example"} {
		a.active(t, address, a.News)
	}
	last := Start.Truncate(24 * time.Hour)
	a.party(t, "post", last)
	a.relay(t, "first", "post")
	a.relay(t, "second", akkoord.OwnProcessor)
	must(a.AddSender(ctx, Admin, akkoord.SendingAddress{Slug: "news", Name: "Zonvaart Nieuws", Address: email(t, "nieuws@zonvaart.example")}))(t)
	must(a.RoutePurpose(ctx, Admin, a.News.Slug, "news", []string{"first", "second"}))(t)
	must(a.StartMailing(ctx, Admin, a.Mailing.PublicID))(t)

	claims := func(want bool, relay string, answering ...string) {
		t.Helper()
		w := must(a.ClaimBy(ctx, carrier(relay, answering...)))(t)
		if (w != nil) != want {
			t.Fatalf("%s, while %v answer, claimed %+v", relay, answering, w)
		}
		if w == nil {
			return
		}
		if w.From.Address != "nieuws@zonvaart.example" || w.From.Name != "Zonvaart Nieuws" || !slices.Contains(w.Relays, relay) {
			t.Errorf("the window is from %v by %v", w.From, w.Relays)
		}
		if err := a.Release(ctx, w); err != nil {
			t.Fatal(err)
		}
	}
	claims(false, akkoord.DefaultRelay)
	claims(true, "first", "first", "second")
	claims(true, "first") // it finds out whether it is back
	claims(false, "second", "first", "second")
	claims(true, "second", "second")
	claims(false, "nobody")

	// One gets it by the second, and of the other nothing is known.
	w := must(a.ClaimBy(ctx, carrier("second")))(t)
	if err := a.Mark(w, 0, clock.Now()); err != nil {
		t.Fatal(err)
	}
	a.Note(w, 0, akkoord.Result{State: akkoord.Sent, Code: "250", Attempts: 1, At: clock.Now(), FirstAt: clock.Now()})
	if err := a.Release(ctx, w); err != nil {
		t.Fatal(err)
	}
	all, _, err := a.Deliveries(ctx, a.Mailing.ID, akkoord.DeliveryFilter{}, akkoord.Page{})
	if err != nil || len(all) != 2 {
		t.Fatalf("the deliveries are %v, %v", all, err)
	}
	for _, d := range all {
		if want := map[akkoord.DeliveryState]string{akkoord.Sent: "second", akkoord.Queued: ""}[d.State]; d.Relay != want {
			t.Errorf("%s went by %q, want %q", d.State, d.Relay, want)
		}
	}

	// The agreement with the party of the first ends: the second takes what is left.
	clock.Move(24 * time.Hour)
	claims(false, "first", "first", "second")
	claims(true, "second", "first", "second")
	if m := must(a.MailingByID(ctx, a.Mailing.ID))(t); m.State != akkoord.MailingSending {
		t.Errorf("the mailing is %s (%s)", m.State, m.Why.Text)
	}
	if why := must(a.RouteObstacles(ctx, a.News.ID))(t); len(why) != 0 {
		t.Errorf("one may be used, and yet %v", why)
	}
	// Without a relay that may be used it is paused, and does not go on.
	must(a.RoutePurpose(ctx, Admin, a.News.Slug, "news", []string{"first"}))(t)
	claims(false, "first")
	if m := must(a.MailingByID(ctx, a.Mailing.ID))(t); m.State != akkoord.MailingPaused || m.Why.Text == "" {
		t.Errorf("the mailing is %s (%s)", m.State, m.Why.Text)
	}
	if _, err := a.ResumeMailing(ctx, Admin, a.Mailing.PublicID); akkoord.CodeOf(err) != "agreement_expired" {
		t.Errorf("going on gave %v", err)
	}
	if why := must(a.RouteObstacles(ctx, a.News.ID))(t); len(why) != 1 || why[0].Code != "agreement_expired" {
		t.Errorf("what forbids it is %v", why)
	}
	// Mail that is of no mailing goes by that of the settings, else by the others.
	if err := a.SignUp(ctx, a.signUp(email(t, "bo@voorbeeld.example"), a.News)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		by    akkoord.Carrier
		mails int
	}{
		{carrier("first"), 0},
		{carrier("second", akkoord.DefaultRelay), 0},
		{carrier("second", "first"), 1},
	} {
		if due := must(a.ClaimSystemBy(ctx, c.by, 10))(t); len(due) != c.mails {
			t.Errorf("%+v got %d mails, want %d", c.by, len(due), c.mails)
		}
	}
}
