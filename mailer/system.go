package mailer

import (
	"context"
	"errors"

	"akkoord"
)

// noticeLane sends the mails that sign-ups cause, over a connection that
// mailings never use. They are sent at least once: what can't be known is sent
// again, as the same message (P08).
type noticeLane struct {
	line
	ctx  context.Context
	due  []akkoord.SystemDelivery
	next int
	skip []bool                 // settled
	owed []akkoord.SystemResult // that the store could not take yet
}

// noticeBatch is how many rows of the outbox are claimed at once.
const noticeBatch = 16

func (l *noticeLane) run(ctx context.Context) {
	l.ctx = ctx
	defer l.hangUp()
	for ctx.Err() == nil {
		if !l.relay.admit() || !l.work(ctx) {
			l.rest(ctx, l.Outbox.OutboxReady())
		}
	}
	l.pay()
}

func (l *noticeLane) work(ctx context.Context) bool {
	due, err := l.claim(ctx)
	if err != nil || len(due) == 0 {
		l.relay.unused()
		if err != nil && ctx.Err() == nil {
			l.Log.Error("the outbox can't be claimed", "error", err)
		}
		return false
	}
	l.due, l.next, l.skip = due, 0, make([]bool, len(due))
	err = l.converse(ctx, l)
	if err != nil && ctx.Err() == nil && l.failed(ctx, err) {
		l.Log.Error("the relay refuses our mail; confirmation mails wait", "error", err)
	}
	for i := range due {
		if !l.skip[i] {
			l.settle(i, akkoord.SystemResult{Attempts: due[i].Attempts, DueAt: l.Now()})
		}
	}
	return err == nil
}

func (l *noticeLane) claim(ctx context.Context) ([]akkoord.SystemDelivery, error) {
	if err := l.pay(); err != nil {
		return nil, err
	}
	return l.Outbox.ClaimSystem(ctx, noticeBatch)
}

// pay gives the store the results that it could not take before.
func (l *noticeLane) pay() error {
	if len(l.owed) == 0 {
		return nil
	}
	err := l.Outbox.SettleSystem(context.Background(), l.owed...)
	if err == nil {
		l.owed = nil
	}
	return err
}

func (l *noticeLane) more() bool { return l.next < len(l.due) }

// Next gives the next mail.
func (l *noticeLane) Next() (Envelope, bool) {
	if !l.more() {
		return Envelope{}, false
	}
	i := l.next
	l.next++
	d := &l.due[i]
	e := Envelope{From: l.Press.Sender.From.Address, To: d.Person.Subscriber.Email.Address(), ID: l.Press.opaqueID('o', d.ID, 0), Ref: i}
	if l.ReturnPath != nil {
		e.From = l.ReturnPath.Plain()
	}
	return e, true
}

// Body renders the mail.
func (l *noticeLane) Body(e Envelope, dst []byte) ([]byte, error) {
	i := e.Ref.(int)
	raw, err := l.Press.notice(l.ctx, &l.due[i])
	if err == nil && l.Signer != nil {
		return l.Signer.Sign(dst, raw)
	}
	if err != nil {
		l.Log.Error("a confirmation mail can't be written", "outbox", l.due[i].ID, "error", err)
		l.later(i, "unwritable")
		return nil, errors.Join(ErrRequeue, err)
	}
	return append(dst, raw...), nil
}

// Done records what became of a mail.
func (l *noticeLane) Done(e Envelope, o Outcome) {
	i := e.Ref.(int)
	if l.skip[i] {
		return
	}
	d := &l.due[i]
	switch o.State {
	case Requeue, Skipped:
		l.settle(i, akkoord.SystemResult{Code: replyCode(o), Attempts: d.Attempts, DueAt: l.Now()})
	case Sent, Failed:
		l.relay.good()
		l.settle(i, akkoord.SystemResult{Done: true, Code: replyCode(o), Attempts: d.Attempts + 1})
	default:
		l.later(i, replyCode(o))
	}
}

// later tries again after a while, and gives up after a day (M.8).
func (l *noticeLane) later(i int, code string) {
	d := &l.due[i]
	r := akkoord.SystemResult{Code: code, Attempts: d.Attempts + 1}
	r.DueAt = l.Now().Add(Backoff(r.Attempts, l.Jitter()))
	if r.DueAt.Sub(d.At) >= GiveUpConfirmation {
		r.Done, r.Code = true, "expired"
	}
	l.settle(i, r)
}

func (l *noticeLane) settle(i int, r akkoord.SystemResult) {
	l.skip[i] = true
	r.ID, r.Fence = l.due[i].ID, l.due[i].Fence
	l.owed = append(l.owed, r)
	if err := l.pay(); err != nil {
		l.Log.Error("what became of a confirmation mail is not stored yet", "error", err)
	}
}
