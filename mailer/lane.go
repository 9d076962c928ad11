package mailer

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"akkoord"
)

// lane sends mailings over one connection: it claims a window, sends it, and
// gives it back, until there is nothing to do. As a Source it is one window.
type lane struct {
	line
	ctx    context.Context
	w      *akkoord.Window
	next   int
	halt   bool // take no more of this window
	stall  bool // the store can't answer or note: wait before the next one
	plates map[plateKey]*plate
	raw    []byte // the message before it is signed
	skip   string // code of the gate's last no
	begun  int    // whose mail was marked and has no result yet; -1 for nobody's
}

func (l *lane) run(ctx context.Context) {
	l.ctx = ctx
	defer l.hangUp()
	for ctx.Err() == nil {
		l.beats(&l.beat)
		work := l.rung()
		if l.relay.cede(&l.line) {
			l.hangUp()
			l.relay.room.Store(true)
		}
		if !l.relay.admit(&l.line) || !l.work(ctx) {
			l.rest(ctx, work)
		}
	}
}

// work sends one window. It reports whether there may be another.
func (l *lane) work(ctx context.Context) bool {
	w, err := l.Deliveries.ClaimBy(ctx, l.carrier(l.relay))
	if err != nil || w == nil {
		l.relay.unused(&l.line)
		if err != nil && ctx.Err() == nil {
			l.Log.Error("nothing can be claimed", "error", err)
		}
		return false
	}
	l.w, l.next, l.begun, l.halt, l.stall, l.plates = w, 0, -1, false, false, map[plateKey]*plate{}
	err = l.guard(func() error { return l.converse(ctx, l) })
	if errors.Is(err, errFault) {
		l.unclear()
	}
	if err != nil && ctx.Err() == nil {
		l.troubled(ctx, err)
	}
	if err := l.Deliveries.Release(context.WithoutCancel(ctx), w); err != nil {
		l.Log.Error("a window is not given back yet", "mailing", w.MailingID, "error", err)
	}
	l.w = nil
	return err == nil && !l.stall
}

// unclear ends a conversation after a fault of ours. Whose mail was begun may
// have it; all others of the window are as before.
func (l *lane) unclear() {
	l.drop()
	if l.begun >= 0 {
		o := Classify(StageBody, 0, "", "")
		l.note(l.begun, l.attempted(l.begun, akkoord.Result{State: akkoord.Uncertain, Code: replyCode(o)}, false))
	}
}

// troubled acts on what broke a window off.
func (l *lane) troubled(ctx context.Context, err error) {
	if _, ok := errors.AsType[*RelayError](err); !ok {
		l.relay.unused(&l.line)
		if akkoord.KindOf(err) != akkoord.Unavailable { // the store, which heals by itself
			l.pause(l.w.MailingID, akkoord.StopUnwritable(err))
		}
		return
	}
	if l.failed(ctx, err) && !l.othersAnswer(l.w.Relays, l.relay) {
		e, _ := errors.AsType[*RelayError](err)
		l.pause(l.w.MailingID, refusal(e.Outcome))
	}
}

func (l *lane) more() bool {
	return !l.halt && l.next < len(l.w.Recipients) && !l.relay.crowds(&l.line) && (l.w.Until.IsZero() || l.Now().Before(l.w.Until))
}

// Next gives the next person of the window whom the gate lets pass. Asking
// here too saves the connection that a no in Body costs.
func (l *lane) Next() (Envelope, bool) {
	for l.more() {
		i := l.next
		l.next++
		allowed, err := l.ask(i)
		if err != nil {
			break
		}
		if !allowed {
			l.note(i, akkoord.Result{State: akkoord.Skipped, Code: l.skip})
			continue
		}
		r := &l.w.Recipients[i]
		if again, ok := l.relay.providers.enter(akkoord.ProviderOf(r.Email.Domain())); !ok {
			l.note(i, akkoord.Result{State: akkoord.Deferred, Code: akkoord.DelayProvider, Attempts: r.Attempts, NextAt: again})
			continue
		}
		e := Envelope{
			From: cmp.Or(l.w.From.Address, l.Press.Sender.From.Address), To: r.Email.Address(),
			ID: l.Press.opaqueID('m', l.w.MailingID, r.SubscriberID), Dotless: true, Ref: i,
		}
		if l.ReturnPath != nil {
			e.From = l.ReturnPath.Of(l.w.MailingID, r.SubscriberID)
		}
		return e, true
	}
	return Envelope{}, false
}

// ask asks the gate. A mailing that is not being sent now, as where its purpose was
// archived, ends the window with ErrRequeue; its people stay queued.
func (l *lane) ask(i int) (bool, error) {
	v, err := l.Deliveries.Ask(l.ctx, l.w, i)
	switch {
	case err != nil:
		l.halt, l.stall = true, true
		return false, errors.Join(ErrRequeue, err)
	case strings.HasPrefix(v.Code, "mailing_"), v.Code == "purpose_archived":
		l.halt = true
		return false, ErrRequeue
	}
	l.skip = v.Code
	return v.Allowed, nil
}

// Body makes a person's message, asks the last question, and marks it.
func (l *lane) Body(e Envelope, dst []byte) ([]byte, error) {
	i := e.Ref.(int)
	r := &l.w.Recipients[i]
	pl, err := l.plate(r)
	if err != nil {
		l.halt = true
		return nil, err
	}
	if r.FirstAt.IsZero() {
		r.FirstAt = l.Now()
	}
	c := l.Press.copyFor(pl, r, e.ID, r.FirstAt)
	if !l.Signer.signs() {
		dst = pl.Append(l.ReportField.append(dst, e.From), c)
	} else {
		l.raw = pl.Append(l.ReportField.append(l.raw[:0], e.From), c)
		if dst, err = l.Signer.Sign(dst, l.raw); err != nil {
			l.halt = true
			return nil, err
		}
	}
	allowed, err := l.ask(i)
	if err != nil {
		return nil, err
	}
	if !allowed {
		return nil, ErrSkip
	}
	if err := l.Deliveries.Mark(l.w, i, l.Now()); err != nil {
		l.halt, l.stall = true, true
		return nil, errors.Join(ErrRequeue, err)
	}
	l.begun = i
	return dst, nil
}

func (l *lane) plate(r *akkoord.Recipient) (*plate, error) {
	k := plateKey{mailing: l.w.MailingID, from: cmp.Or(l.w.From, l.Press.Sender.From), variant: r.Variant, locale: r.Locale, basis: r.Basis, tracked: r.Tracked, interests: interestsOf(r.Interests)}
	if pl := l.plates[k]; pl != nil {
		return pl, nil
	}
	pl, err := l.Press.plateOf(l.ctx, k)
	if err == nil {
		l.plates[k] = pl
	}
	return pl, err
}

// Done records what became of a person's message.
func (l *lane) Done(e Envelope, o Outcome) {
	i := e.Ref.(int)
	l.relay.providers.leave(akkoord.ProviderOf(l.w.Recipients[i].Email.Domain()), o)
	r := akkoord.Result{Code: replyCode(o), Reply: o.Reply}
	switch o.State {
	case Requeue:
		return
	case Skipped:
		r = akkoord.Result{State: akkoord.Skipped, Code: l.skip}
	case Sent:
		r.State = akkoord.Sent
		l.relay.accepts(l.Now())
		l.praise()
	case Failed:
		r.State = akkoord.Failed
	case Uncertain:
		r.State = akkoord.Uncertain
	case Deferred:
		r.State = akkoord.Deferred
		if o.Relay == RelayStop {
			l.refused(o)
		}
	}
	l.note(i, l.attempted(i, r, o.Relay == RelayStop))
	if i == l.begun {
		l.begun = -1
	}
}

// praise forgets the failures and refusals before a success.
func (l *lane) praise() {
	l.relay.works(&l.line)
	l.mu.Lock()
	struck := len(l.strikes) > 0
	l.mu.Unlock()
	if struck {
		l.noStrike(l.w.MailingID)
	}
}

// refused acts on a refusal that is about us and not about the person (D.5):
// one that is surely about all stops the mailing at once, else several in a
// row do.
func (l *lane) refused(o Outcome) {
	if o.Class != ClassPolicy || l.strike(l.w.MailingID) {
		l.halt = true
		l.pause(l.w.MailingID, refusal(o))
	}
}

// attempted counts the attempt and finds the time of the next one. A refusal
// about us counts against nobody.
func (l *lane) attempted(i int, r akkoord.Result, aboutUs bool) akkoord.Result {
	p := &l.w.Recipients[i]
	now := l.Now()
	if p.FirstAt.IsZero() {
		p.FirstAt = now
	}
	r.Attempts = p.Attempts
	if r.State != akkoord.Skipped && !aboutUs {
		r.Attempts++
	}
	if r.State == akkoord.Deferred {
		r.NextAt = now.Add(Backoff(r.Attempts, l.Jitter()))
		if !aboutUs && r.NextAt.Sub(slices.MaxFunc([]time.Time{p.FirstAt, l.w.Again}, time.Time.Compare)) >= GiveUpCampaign {
			r.State, r.Code, r.NextAt = akkoord.Failed, "expired", time.Time{}
		}
	}
	return r
}

func (l *lane) note(i int, r akkoord.Result) {
	p := &l.w.Recipients[i]
	r.At, r.FirstAt = l.Now(), p.FirstAt
	if r.State == akkoord.Skipped {
		r.Attempts = p.Attempts
	}
	l.mailings[r.State].Add(1)
	l.Deliveries.Note(l.w, i, r)
}
