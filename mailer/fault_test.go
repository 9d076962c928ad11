package mailer_test

import (
	"context"
	"database/sql"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"akkoord"
	"akkoord/store"
)

// trap is the real store with a fault in it, for as long as it is armed.
type trap struct {
	*store.Store
	armed   *atomic.Bool
	mailing int64 // that can't be read
}

func newTrap(w *world) trap {
	t := trap{Store: w.store, armed: &atomic.Bool{}}
	t.armed.Store(true)
	return t
}

func (t trap) spring() {
	if t.armed.Load() {
		fault()
	}
}

// fault is one of the program, as real ones are.
func fault() {
	var nobody *akkoord.Mailing
	nobody.ID++
}

func (t trap) MailingByID(ctx context.Context, id int64) (akkoord.Mailing, error) {
	if id == t.mailing {
		t.spring()
	}
	return t.Store.MailingByID(ctx, id)
}

func (t trap) Wording(ctx context.Context, purpose int64, version int, locale string) (akkoord.PurposeText, error) {
	t.spring()
	return t.Store.Wording(ctx, purpose, version, locale)
}

// noteTrap springs once, when a result is to be noted.
type noteTrap struct{ trap }

func (t noteTrap) Note(w *akkoord.Window, i int, r akkoord.Result) {
	if t.armed.Swap(false) {
		fault()
	}
	t.Store.Note(w, i, r)
}

func (w *world) resume(m akkoord.Mailing) {
	w.t.Helper()
	if _, err := w.store.ResumeMailing(w.t.Context(), "user:1", m.PublicID); err != nil {
		w.t.Fatal(err)
	}
}

func TestAFaultInOneMailingPausesItAndNotTheOthers(t *testing.T) {
	w := newWorld(t, 150)
	bad, good := w.start(), w.start()
	broken := newTrap(w)
	broken.mailing = bad.ID
	w.catalog = broken
	w.run()
	w.untilState(bad, akkoord.MailingPaused)
	w.untilState(good, akkoord.MailingSent)
	if why := w.mailing(bad).Why.Text; !strings.HasPrefix(why, "This mailing can't be written") {
		t.Errorf("why: %q", why)
	}
	if got := w.counts(bad); got != (akkoord.Counts{Total: 150, Open: 150}) {
		t.Errorf("nothing was on the wire, yet %+v", got)
	}
	broken.armed.Store(false)
	w.resume(bad)
	w.untilState(bad, akkoord.MailingSent)
	if got := w.counts(bad); got != (akkoord.Counts{Total: 150, Sent: 150}) {
		t.Errorf("%+v", got)
	}
	for to, n := range w.received() {
		if n != 2 {
			t.Errorf("%s got %d mails of two", to, n)
		}
	}
}

func TestAFaultAfterTheBodyLeavesOnlyThatOneUncertainP06(t *testing.T) {
	w := newWorld(t, 60)
	m := w.start()
	w.deliveries = noteTrap{newTrap(w)}
	w.run()
	w.untilState(m, akkoord.MailingPaused)
	w.resume(m)
	w.untilState(m, akkoord.MailingSent)
	if got := w.counts(m); got != (akkoord.Counts{Total: 60, Sent: 59, Uncertain: 1}) {
		t.Errorf("%+v", got)
	}
	w.noneTwice()
}

func TestAFaultInAConfirmationMailDefersItP08(t *testing.T) {
	w := newWorld(t, 1)
	broken := newTrap(w)
	w.catalog = broken
	e := w.signUp("anouk@voorbeeld.example")
	w.run()
	w.until("deferred", func() bool { return w.outboxHas("unwritable") })
	if n := len(w.server.Messages("")); n != 0 {
		t.Errorf("%d mails", n)
	}
	broken.armed.Store(false)
	w.clock.Advance(6 * time.Minute)
	if _, err := w.server.Wait(timeout(t), e.Address(), 1); err != nil {
		t.Fatal(err)
	}
}

// outboxHas reports whether a row waits with a code.
func (w *world) outboxHas(code string) (has bool) {
	w.t.Helper()
	db, err := sql.Open("sqlite", "file:"+w.path+"?_pragma=query_only(1)")
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(w.t.Context(), `SELECT EXISTS (SELECT 1 FROM outbox WHERE state = 0 AND code = $1)`, code).Scan(&has); err != nil {
		w.t.Fatal(err)
	}
	return has
}
