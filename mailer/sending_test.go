package mailer_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	netmail "net/mail"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"akkoord"
	"akkoord/mailer"
	"akkoord/mailer/mailertest"
	"akkoord/store"
	"akkoord/store/sqlitetest"
)

// world is a whole sending path: a store on a file, a real SMTP server, a
// clock that tests move, and a worker that tests start and stop.
type world struct {
	t        testing.TB
	store    *store.Store
	server   *mailertest.Server
	clock    *clock
	keys     *akkoord.Keyring
	purpose  akkoord.Purpose
	campaign akkoord.Campaign
	path     string

	deliveries mailer.Deliveries // the store, unless a test listens in
	catalog    mailer.Catalog    // likewise
	dialNet    func(context.Context, string, string) (net.Conn, error)
	lanes      int
	sign       *mailer.Signer
	verp       *mailer.ReturnPath
	leaveBy    *mailer.ReturnPath
	worker     *mailer.Worker // the last that run started
}

type clock struct{ at atomic.Int64 }

func (c *clock) Now() time.Time          { return time.UnixMicro(c.at.Load()).UTC() }
func (c *clock) Advance(d time.Duration) { c.at.Add(d.Microseconds()) }

func newWorld(t testing.TB, people int) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{}, path: filepath.Join(t.TempDir(), "akkoord.db"), lanes: 3}
	sqlitetest.At(t, w.path, store.Migrate)
	w.clock.at.Store(time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC).UnixMicro())
	var err error
	if w.keys, err = akkoord.NewKeyring(w.clock.Now(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	w.open()
	t.Cleanup(func() { w.store.Close() })
	if w.server, err = mailertest.Start(mailertest.Config{Keep: 100000}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.server.Close() })
	w.purpose, err = w.store.PutPurpose(t.Context(), "user:1", akkoord.Purpose{Slug: "travel-news", Basis: akkoord.BasisConsent, Texts: map[string]akkoord.PurposeText{
		"nl": {Name: "Reisnieuws", Explanation: "Over reizen.", Wording: "Ja, mail mij reisnieuws."},
	}})
	if err != nil {
		t.Fatal(err)
	}
	w.campaign, err = w.store.PutCampaign(t.Context(), "user:1", akkoord.Campaign{Slug: "winter-2027", Name: "Winter 2027", PurposeID: w.purpose.ID})
	if err != nil {
		t.Fatal(err)
	}
	var seeds []store.Seed
	for i := range people {
		seeds = append(seeds, store.Seed{
			Email: person(i), Name: "Persoon " + strconv.Itoa(i), Locale: "nl", Purposes: []akkoord.Purpose{w.purpose},
			Origin:      akkoord.Origin{Source: "form:home", FormID: 1},
			RequestedAt: w.clock.Now().Add(-48 * time.Hour), ConfirmedAt: w.clock.Now().Add(-47 * time.Hour),
		})
	}
	if err := w.store.SeedPeople(t.Context(), seeds); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) open() {
	s, err := store.Open(w.t.Context(), store.Config{Database: "sqlite:" + w.path, Keyring: w.keys, Now: w.clock.Now, Random: rand.Reader, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		w.t.Fatal(err)
	}
	w.store, w.deliveries, w.catalog = s, s, s
}

func person(i int) akkoord.Email {
	e, err := akkoord.ParseEmail(fmt.Sprintf("p%05d@voorbeeld.example", i))
	if err != nil {
		panic(err) // a constant pattern
	}
	return e
}

var sender = mailer.Sender{
	From: netmail.Address{Name: "Zonvaart Reizen", Address: "nieuws@zonvaart.example"}, Controller: "Zonvaart Reizen",
	PostalAddress: "Oudegracht 118, Utrecht", PrivacyContact: "privacy@zonvaart.example", BaseURL: "https://mail.zonvaart.example",
}

// run starts the worker; the function that it gives stops it and waits.
func (w *world) run() (stop func()) {
	w.t.Helper()
	relay, err := mailer.ParseRelay(w.server.URL() + "&connections=" + strconv.Itoa(w.lanes))
	if err != nil {
		w.t.Fatal(err)
	}
	worker := mailer.New(mailer.Config{
		Deliveries: w.deliveries, Outbox: w.store, Press: w.press(), Dialer: &mailer.Dialer{Relay: relay, DialNet: w.dialNet},
		Signer: w.sign, ReturnPath: w.verp, Relays: w.store.RelaySettings,
		Now: w.clock.Now, Jitter: func() float64 { return .5 }, Log: slog.New(slog.DiscardHandler), Poll: time.Millisecond,
	})
	w.worker = worker
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { _ = worker.Run(ctx) })
	all.Go(func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			w.advance()
			<-tick.C
		}
	})
	stop = sync.OnceFunc(func() { cancel(); all.Wait() })
	w.t.Cleanup(stop)
	return stop
}

// advance runs the jobs of mailings that are due.
func (w *world) advance() {
	ctx := context.Background()
	for {
		if due, err := w.store.JobDue(ctx, akkoord.JobMailing); err != nil || !due {
			return
		}
		j, claimed, err := w.store.ClaimJob(ctx, akkoord.JobMailing)
		if err != nil || !claimed {
			return
		}
		next, err := w.store.AdvanceMailing(ctx, j)
		if err := w.store.SettleJob(ctx, j.Ran(next, err, w.clock.Now())); err != nil {
			return
		}
	}
}

func (w *world) press() *mailer.Press {
	w.t.Helper()
	c, err := mailer.NewComposer(os.DirFS("../templates"), rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	return &mailer.Press{Composer: c, Sender: sender, Catalog: w.catalog, Links: w.keys.Links(), Key: w.keys.Derive("message-id"), Now: w.clock.Now, Leave: w.leaveBy}
}

func (w *world) draft() akkoord.Mailing {
	w.t.Helper()
	m, err := w.store.PutMailing(w.t.Context(), "user:1", akkoord.Mailing{CampaignID: w.campaign.ID, Content: akkoord.Content{
		Subject: `{{name | default: "Reiziger"}}, sneeuw!`, Markdown: "Dag {{name}},\n\nde sneeuw ligt er.",
	}})
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

func (w *world) start() akkoord.Mailing {
	w.t.Helper()
	m, err := w.store.StartMailing(w.t.Context(), "user:1", w.draft().PublicID)
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

func (w *world) counts(m akkoord.Mailing) akkoord.Counts {
	w.t.Helper()
	c, err := w.store.Counts(w.t.Context(), m.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) mailing(m akkoord.Mailing) akkoord.Mailing {
	w.t.Helper()
	m, err := w.store.MailingByID(w.t.Context(), m.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

// until waits for something that the worker brings about.
func (w *world) until(what string, ok func() bool) {
	w.t.Helper()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline.C:
			w.t.Fatalf("waited in vain: %s", what)
		}
	}
}

func (w *world) untilState(m akkoord.Mailing, s akkoord.MailingState) {
	w.t.Helper()
	w.until("mailing "+string(s), func() bool { return w.mailing(m).State == s })
}

func (w *world) standing(e akkoord.Email) akkoord.Standing {
	w.t.Helper()
	st, err := w.store.StandingByEmail(w.t.Context(), e)
	if err != nil {
		w.t.Fatal(err)
	}
	return st
}

func (w *world) leave(e akkoord.Email, scope akkoord.Scope, m akkoord.Mailing) {
	w.t.Helper()
	link := akkoord.Link{Subscriber: w.standing(e).Subscriber.PublicID, Purpose: w.purpose.ID, Campaign: w.campaign.ID, Mailing: m.ID}
	if _, err := w.store.Leave(w.t.Context(), link, scope, akkoord.Origin{Source: "unsubscribe", Actor: akkoord.ActorPerson}); err != nil {
		w.t.Fatal(err)
	}
}

// received counts the mails that the server took, by recipient.
func (w *world) received() map[string]int {
	got := map[string]int{}
	for _, m := range w.server.Messages("") {
		got[m.To[0]]++
	}
	return got
}

func (w *world) noneTwice() {
	w.t.Helper()
	for to, n := range w.received() {
		if n > 1 {
			w.t.Errorf("%s got the mail %d times", to, n)
		}
	}
}

func (w *world) delivery(m akkoord.Mailing, e akkoord.Email) akkoord.Delivery {
	w.t.Helper()
	d, err := w.store.DeliveryTo(w.t.Context(), m.ID, w.standing(e).Subscriber.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func header(t testing.TB, raw []byte) netmail.Header {
	t.Helper()
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return m.Header
}

// ear is the real store; a test hears each mark before it is made.
type ear struct {
	*store.Store
	mark func(w *akkoord.Window, i int)
}

func (e ear) Mark(w *akkoord.Window, i int, at time.Time) error {
	e.mark(w, i)
	return e.Store.Mark(w, i, at)
}

// M8, H.18: the footer says of each person why they get the mail, whatever the
// basis of the purpose is: a customer never signed up.
func TestTheFooterSaysWhyThisPersonGetsTheMail(t *testing.T) {
	w := newWorld(t, 1)
	why := map[string]string{person(0).Address(): "omdat u zich bij Zonvaart Reizen aanmeldde"}
	for basis, columns := range map[akkoord.Basis][2]string{
		akkoord.BasisExistingCustomer: {"2025-11-24,F-118,yes,yes", "omdat u klant bent van Zonvaart Reizen"},
		akkoord.BasisContract:         {",,,", "omdat u een overeenkomst hebt met Zonvaart Reizen"},
		akkoord.BasisOther:            {",,,", "zonder dat u zich ervoor inschreef"},
	} {
		address := string(basis) + "@voorbeeld.example"
		why[address] = columns[1]
		file := "email,sold_on,sale,similar,refusal_offered\n" + address + "," + columns[0] + "\n"
		i, err := w.store.BeginImport(t.Context(), akkoord.ImportSpec{Actor: "user:1", Purpose: "travel-news", Basis: basis, Evidence: "orders"}, akkoord.ImportFile{Size: int64(len(file))})
		if err == nil {
			_, err = w.store.RunImport(t.Context(), i.PublicID, strings.NewReader(file), nil)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	m := w.start()
	w.run()
	w.untilState(m, akkoord.MailingSent)
	got := w.server.Messages("")
	if len(got) != len(why) {
		t.Fatalf("%d mails", len(got))
	}
	for _, mail := range got {
		text := strings.ReplaceAll(string(mail.Raw), "=\r\n", "")
		for _, reason := range why {
			if has := strings.Contains(text, reason); has != (reason == why[mail.To[0]]) {
				t.Errorf("the mail to %s says %q: %t", mail.To[0], reason, has)
			}
		}
	}
	customer, err := akkoord.ParseEmail("existing_customer@voorbeeld.example")
	if err != nil {
		t.Fatal(err)
	}
	page, err := w.press().Web(t.Context(), m, w.standing(customer))
	if err != nil || !bytes.Contains(page, []byte("omdat u klant bent van")) {
		t.Errorf("the web page says otherwise: %v", err)
	}
}

func TestEverybodyGetsTheirOwnMailOnceP06P07P29(t *testing.T) {
	w := newWorld(t, 300)
	m := w.start()
	if got := w.counts(m); got != (akkoord.Counts{Total: 300, Open: 300}) {
		t.Fatalf("frozen: %+v", got)
	}
	w.run()
	w.untilState(m, akkoord.MailingSent)
	if got := w.counts(m); got != (akkoord.Counts{Total: 300, Sent: 300}) {
		t.Errorf("sent: %+v", got)
	}
	if got := w.received(); len(got) != 300 {
		t.Errorf("%d people got mail", len(got))
	}
	w.noneTwice()
	ids := map[string]bool{}
	for _, msg := range w.server.Messages("") {
		if faults := mailertest.Lint(msg.Raw); len(faults) > 0 {
			t.Fatal(faults)
		}
		h := header(t, msg.Raw)
		n, _ := strconv.Atoi(msg.To[0][1:6])
		if want := fmt.Sprintf("Persoon %d, sneeuw!", n); h.Get("Subject") != want {
			t.Errorf("%s got the subject %q", msg.To[0], h.Get("Subject"))
		}
		token := strings.TrimSuffix(h.Get("List-Unsubscribe")[strings.LastIndexByte(h.Get("List-Unsubscribe"), '/')+1:], ">")
		link, err := w.keys.Links().Read(akkoord.LinkUnsubscribe, token, w.clock.Now())
		if err != nil || link.Subscriber != w.standing(person(n)).Subscriber.PublicID || link.Mailing != m.ID || link.Campaign != w.campaign.ID || link.Purpose != w.purpose.ID {
			t.Errorf("link of %s: %+v, %v", msg.To[0], link, err)
		}
		ids[h.Get("Message-Id")] = true
	}
	if len(ids) != 300 {
		t.Errorf("%d message ids", len(ids))
	}
}

func TestTheSumHoldsAtEveryMomentAndFaultsTouchOneRowP07P11(t *testing.T) {
	const people = 400
	w := newWorld(t, people)
	w.server.SetRules(
		mailertest.Rule{Stage: mailertest.AtRcpt, Match: "p00007@", Code: 550, Enhanced: [3]int{5, 1, 1}, Text: "no such user"},
		mailertest.Rule{Stage: mailertest.AtRcpt, Match: "p00008@", Code: 451, Enhanced: [3]int{4, 2, 0}, Times: 1},
		mailertest.Rule{Stage: mailertest.AtDot, Match: "p00009@", Code: 552, Enhanced: [3]int{5, 2, 2}, Text: "full"},
		mailertest.Rule{Stage: mailertest.AtDot, Match: "p00010@", Do: mailertest.Drop},
	)
	m := w.start()
	w.leave(person(11), akkoord.ScopePurpose, m)
	w.leave(person(12), akkoord.ScopeCampaign, m)
	w.run()
	w.until("all but one are settled", func() bool {
		c := w.counts(m)
		if sum := c.Open + c.Sent + c.Deferred + c.Bounced + c.Failed + c.Uncertain + c.Skipped; c.Total != people || sum != people {
			t.Fatalf("the sum is broken: %+v", c)
		}
		w.clock.Advance(time.Second) // past the pause that the lost connection costs
		return c.Open == 0 && c.Deferred <= 1
	})
	w.until("the deferred one is sent", func() bool { w.clock.Advance(time.Minute); return w.counts(m).Deferred == 0 })
	w.untilState(m, akkoord.MailingSent)
	if diff := cmp.Diff(akkoord.Counts{Total: people, Sent: people - 5, Failed: 2, Uncertain: 1, Skipped: 2}, w.counts(m)); diff != "" {
		t.Error(diff)
	}
	w.noneTwice()
	for i, want := range map[int]struct {
		state akkoord.DeliveryState
		code  string
	}{7: {akkoord.Failed, "550 5.1.1"}, 8: {akkoord.Sent, "250 2.0.0"}, 9: {akkoord.Failed, "552 5.2.2"}, 10: {akkoord.Uncertain, "body"}, 11: {akkoord.Skipped, "withdrawn"}, 12: {akkoord.Skipped, "left_campaign"}} {
		if d := w.delivery(m, person(i)); d.State != want.state || d.Code != want.code {
			t.Errorf("person %d: %s %q, want %s %q", i, d.State, d.Code, want.state, want.code)
		}
	}
	if n, err := w.store.UnsubscribedBy(t.Context(), m.ID); n != 2 || err != nil {
		t.Errorf("unsubscribed by the mailing: %d, %v", n, err)
	}
}

func TestDeferredMailIsTheSameMessageLaterA4A5M8(t *testing.T) {
	w := newWorld(t, 1)
	began := w.clock.Now()
	w.server.SetRules(mailertest.Rule{Stage: mailertest.AtDot, Code: 451, Enhanced: [3]int{4, 3, 0}, Times: 2})
	m := w.start()
	w.run()
	w.until("deferred", func() bool { return w.counts(m).Deferred == 1 })
	first := w.delivery(m, person(0))
	if first.Attempts != 1 || first.NextAt.Sub(began) < 4*time.Minute {
		t.Errorf("after the first attempt: %+v", first)
	}
	w.until("sent", func() bool { w.clock.Advance(30 * time.Second); return w.counts(m).Sent == 1 })
	d := w.delivery(m, person(0))
	if d.Attempts != 3 || d.FirstAt.Sub(began) > time.Minute || d.UpdatedAt.Sub(began) < 15*time.Minute {
		t.Errorf("after the last: %+v", d)
	}
	sent := header(t, w.server.Messages("")[0].Raw)
	if date, err := sent.Date(); err != nil || !date.Equal(d.FirstAt.Truncate(time.Second)) {
		t.Errorf("Date %v, %v; the first attempt was at %v", date, err, d.FirstAt)
	}
}

func TestNobodyIsMailedAfterLeavingInMidWindowP09(t *testing.T) {
	w := newWorld(t, 100)
	w.lanes = 1
	m := w.start()
	var once sync.Once
	w.deliveries = ear{w.store, func(win *akkoord.Window, i int) {
		// Everybody further on in the window leaves while the first is on the wire.
		once.Do(func() {
			for j := i + 1; j < len(win.Recipients); j++ {
				w.leave(win.Recipients[j].Email, akkoord.ScopePurpose, m)
			}
		})
	}}
	w.run()
	w.untilState(m, akkoord.MailingSent)
	c := w.counts(m)
	if c.Skipped < 9 || c.Sent+c.Skipped != 100 {
		t.Errorf("%+v", c)
	}
	for to := range w.received() {
		e, _ := akkoord.ParseEmail(to)
		if w.delivery(m, e).State != akkoord.Sent {
			t.Errorf("%s was mailed after leaving", to)
		}
	}
}

func TestPauseStopsAndResumeGoesOnWhereItWasP13(t *testing.T) {
	w := newWorld(t, 500)
	m := w.start()
	var marks atomic.Int64
	pauseAt := map[int64]bool{40: true, 200: true}
	w.deliveries = ear{w.store, func(*akkoord.Window, int) {
		if pauseAt[marks.Add(1)] {
			if _, err := w.store.PauseMailing(context.Background(), "user:1", m.PublicID); err != nil {
				t.Error(err)
			}
		}
	}}
	stop := w.run()
	for range pauseAt {
		w.untilState(m, akkoord.MailingPaused)
		stop() // whatever was on the wire is settled then
		before := w.counts(m)
		if on := marks.Load() - before.Sent; before.Uncertain != 0 || on != 0 {
			t.Errorf("after the pause %d marks are without a result: %+v", on, before)
		}
		if got := int64(len(w.server.Messages(""))); got != before.Sent {
			t.Errorf("%d mails for %d sent", got, before.Sent)
		}
		stop = w.run()
		if _, err := w.store.ResumeMailing(t.Context(), "user:1", m.PublicID); err != nil {
			t.Fatal(err)
		}
	}
	w.untilState(m, akkoord.MailingSent)
	if got := w.counts(m); got != (akkoord.Counts{Total: 500, Sent: 500}) {
		t.Errorf("%+v", got)
	}
	w.noneTwice()
}

// Issue 6: a purpose archived in mid-send stops there and then. Taken back, and resumed
// by somebody, it goes on where it was: nobody is passed over, nobody mailed twice.
func TestAPurposeArchivedInMidSendLosesNobodyP13(t *testing.T) {
	w := newWorld(t, 300)
	m := w.start()
	var marks atomic.Int64
	w.deliveries = ear{w.store, func(*akkoord.Window, int) {
		if marks.Add(1) == 60 {
			if _, err := w.store.ArchivePurpose(context.Background(), "user:1", w.purpose.Slug); err != nil {
				t.Error(err)
			}
		}
	}}
	stop := w.run()
	w.untilState(m, akkoord.MailingPaused)
	stop() // whatever was on the wire is settled then
	before := w.counts(m)
	if got := int64(len(w.server.Messages(""))); got != before.Sent || before.Sent == 300 || before.Skipped != 0 || before.Uncertain != 0 {
		t.Errorf("%d mails after archiving: %+v", got, before)
	}
	if _, err := w.store.ResumeMailing(t.Context(), "user:1", m.PublicID); akkoord.CodeOf(err) != "purpose_archived" {
		t.Errorf("resumed while it is archived: %v", err)
	}
	if _, err := w.store.RestorePurpose(t.Context(), "user:1", w.purpose.Slug); err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.ResumeMailing(t.Context(), "user:1", m.PublicID); err != nil {
		t.Fatal(err)
	}
	w.run()
	w.untilState(m, akkoord.MailingSent)
	if got := w.counts(m); got != (akkoord.Counts{Total: 300, Sent: 300}) {
		t.Errorf("%+v", got)
	}
	w.noneTwice()
}

func TestASecondStartIsRefusedP13(t *testing.T) {
	w := newWorld(t, 3)
	m := w.start()
	if _, err := w.store.StartMailing(t.Context(), "user:1", m.PublicID); akkoord.KindOf(err) != akkoord.Conflict {
		t.Errorf("second start: %v", err)
	}
	if got := w.counts(m).Total; got != 3 {
		t.Errorf("total %d", got)
	}
}

func TestCancelSkipsTheRestM9(t *testing.T) {
	w := newWorld(t, 50)
	w.server.SetRules(mailertest.Rule{Stage: mailertest.AtRcpt, Match: "p00003@", Code: 450, Enhanced: [3]int{4, 2, 0}})
	m := w.start()
	stop := w.run()
	w.until("sent but one", func() bool { return w.counts(m).Deferred == 1 && w.counts(m).Open == 0 })
	other := w.start()
	if _, err := w.store.CancelMailing(t.Context(), "user:1", other.PublicID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.CancelMailing(t.Context(), "user:1", m.PublicID); err != nil {
		t.Fatal(err)
	}
	for _, m := range []akkoord.Mailing{m, other} {
		w.until("swept", func() bool { w.clock.Advance(time.Second); return !w.mailing(m).FinishedAt.IsZero() })
		if c := w.counts(m); c.Open+c.Deferred != 0 || c.Total != 50 || w.mailing(m).State != akkoord.MailingCancelled {
			t.Errorf("%+v", c)
		}
	}
	stop()
}

// holding counts the windows that the worker has claimed and not given back yet.
type holding struct {
	mailer.Deliveries
	windows atomic.Int64
}

func (h *holding) ClaimBy(ctx context.Context, by akkoord.Carrier) (*akkoord.Window, error) {
	h.windows.Add(1)
	w, err := h.Deliveries.ClaimBy(ctx, by)
	if w == nil {
		h.windows.Add(-1)
	}
	return w, err
}

func (h *holding) Release(ctx context.Context, w *akkoord.Window) error {
	defer h.windows.Add(-1)
	return h.Deliveries.Release(ctx, w)
}

func TestWholesaleRefusalPausesAndCountsAgainstNobodyP11D5(t *testing.T) {
	for name, rule := range map[string]mailertest.Rule{
		"at MAIL":  {Stage: mailertest.AtMail, Code: 550, Enhanced: [3]int{5, 7, 1}, Text: "sender refused"},
		"at RCPT":  {Stage: mailertest.AtRcpt, Code: 550, Enhanced: [3]int{5, 7, 26}, Text: "unauthenticated"},
		"after it": {Stage: mailertest.AtDot, Code: 550, Enhanced: [3]int{5, 7, 1}, Text: "blocked"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 60)
			held := &holding{Deliveries: w.store}
			w.deliveries = held
			w.server.SetRules(rule)
			m := w.start()
			w.run()
			w.untilState(m, akkoord.MailingPaused)
			if why := w.mailing(m).Why.Text; !strings.Contains(why, "550 5.7.") {
				t.Errorf("why: %q", why)
			}
			// What another connection was told before the mending pauses once more.
			w.until("no window is held", func() bool { return held.windows.Load() == 0 })
			w.server.SetRules()
			if _, err := w.store.ResumeMailing(t.Context(), "user:1", m.PublicID); err != nil {
				t.Fatal(err)
			}
			w.until("sent", func() bool { w.clock.Advance(15 * time.Second); return w.mailing(m).State == akkoord.MailingSent })
			if got := w.counts(m); got != (akkoord.Counts{Total: 60, Sent: 60}) {
				t.Errorf("%+v", got)
			}
			w.noneTwice()
		})
	}
}

func TestOneRefusalAboutUsPausesNothing(t *testing.T) {
	w := newWorld(t, 60)
	w.server.SetRules(mailertest.Rule{Stage: mailertest.AtRcpt, Match: "p00030@", Code: 550, Enhanced: [3]int{5, 7, 1}, Times: 1})
	m := w.start()
	w.run()
	w.until("sent", func() bool { w.clock.Advance(15 * time.Second); return w.mailing(m).State == akkoord.MailingSent })
	if d := w.delivery(m, person(30)); d.State != akkoord.Sent || d.Attempts != 1 {
		t.Errorf("%+v", d)
	}
}

func TestARelayThatIsDownIsLeftAloneAndNobodyIsLostP10(t *testing.T) {
	w := newWorld(t, 30)
	var dials atomic.Int64
	var up atomic.Bool
	w.dialNet = func(ctx context.Context, network, addr string) (net.Conn, error) {
		dials.Add(1)
		if !up.Load() {
			return nil, &net.OpError{Op: "dial", Net: network, Err: errors.New("connection refused")}
		}
		return new(net.Dialer).DialContext(ctx, network, addr)
	}
	m := w.start()
	w.run()
	began := w.clock.Now()
	w.until("three hours have passed", func() bool { w.clock.Advance(10 * time.Second); return w.clock.Now().Sub(began) > 3*time.Hour })
	if n := dials.Load(); n == 0 || n > 10+2*6 {
		t.Errorf("%d connects in three hours", n)
	}
	up.Store(true)
	w.until("sent", func() bool { w.clock.Advance(10 * time.Second); return w.mailing(m).State == akkoord.MailingSent })
	if got := w.counts(m); got != (akkoord.Counts{Total: 30, Sent: 30}) {
		t.Errorf("%+v", got)
	}
}

func TestStoppingLeavesNothingUncertainP24(t *testing.T) {
	w := newWorld(t, 600)
	m := w.start()
	for round := range 6 {
		var marks atomic.Int64
		enough := make(chan struct{})
		w.deliveries = ear{w.store, func(*akkoord.Window, int) {
			if marks.Add(1) == int64(20+10*round) {
				close(enough)
			}
		}}
		stop := w.run()
		<-enough
		stop()
		if err := w.store.Close(); err != nil {
			t.Fatal(err)
		}
		w.open()
		if c := w.counts(m); c.Uncertain != 0 || c.Sent != int64(len(w.server.Messages(""))) {
			t.Fatalf("round %d: %+v, %d mails", round, c, len(w.server.Messages("")))
		}
	}
	w.run()
	w.untilState(m, akkoord.MailingSent)
	if got := w.counts(m); got != (akkoord.Counts{Total: 600, Sent: 600}) {
		t.Errorf("%+v", got)
	}
	w.noneTwice()
}

func TestTwoMailingsTakeTurnsAndVariantsSplitEvenly(t *testing.T) {
	w := newWorld(t, 100)
	d := w.draft()
	d.Variants = []akkoord.Variant{{Name: "a"}, {Name: "b", Content: akkoord.Content{Subject: "Anders"}}}
	d, err := w.store.PutMailing(t.Context(), "user:1", d)
	if err != nil {
		t.Fatal(err)
	}
	first, err := w.store.StartMailing(t.Context(), "user:1", d.PublicID)
	if err != nil {
		t.Fatal(err)
	}
	second := w.start()
	var order []int64
	for {
		win, err := w.store.Claim(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if win == nil {
			break
		}
		order = append(order, win.MailingID)
	}
	for i := 1; i < 4; i++ {
		if order[i] == order[i-1] {
			t.Errorf("no turns: %v", order)
		}
	}
	variants := map[int]int{}
	list, _, err := w.store.Deliveries(t.Context(), first.ID, akkoord.DeliveryFilter{}, akkoord.Page{})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range list {
		variants[d.Variant]++
	}
	if diff := cmp.Diff(map[int]int{0: 50, 1: 50}, variants); diff != "" || second.ID == first.ID {
		t.Error(diff)
	}
}

func TestAScheduledMailingStartsWhenItIsDue(t *testing.T) {
	w := newWorld(t, 5)
	m, err := w.store.ScheduleMailing(t.Context(), "user:1", w.draft().PublicID, w.clock.Now().Add(time.Hour))
	if err != nil || m.State != akkoord.MailingScheduled {
		t.Fatal(m.State, err)
	}
	w.advance()
	if got := w.mailing(m).State; got != akkoord.MailingScheduled {
		t.Fatalf("too early: %s", got)
	}
	w.run()
	w.clock.Advance(time.Hour)
	w.untilState(m, akkoord.MailingSent)
	if got := w.counts(m); got != (akkoord.Counts{Total: 5, Sent: 5}) {
		t.Errorf("%+v", got)
	}
}

// full is a store whose disk is full for a number of marks.
type full struct {
	*store.Store
	left *atomic.Int64
}

func (f full) Mark(w *akkoord.Window, i int, at time.Time) error {
	if f.left.Add(-1) >= 0 {
		return errors.New("no space left on device")
	}
	return f.Store.Mark(w, i, at)
}

func TestNothingIsSentThatCantBeNotedP04(t *testing.T) {
	w := newWorld(t, 40)
	left := &atomic.Int64{}
	left.Store(7)
	w.deliveries = full{w.store, left}
	m := w.start()
	w.run()
	w.untilState(m, akkoord.MailingSent)
	if got := w.counts(m); got != (akkoord.Counts{Total: 40, Sent: 40}) {
		t.Errorf("%+v", got)
	}
	w.noneTwice()
}
