package mailer

import (
	"context"
	"errors"
	"time"

	"akkoord"
)

// noticeLane sends the mails that sign-ups cause, over a connection that
// mailings never use. They are sent at least once: what can't be known is sent
// again, as the same message (P08).
type noticeLane struct {
	line
	ctx     context.Context
	due     []akkoord.SystemDelivery
	claimed time.Time // when the gate was asked
	next    int
	batch   int // how many rows to claim
	noted   []bool
	copies  [][]byte // of those on the wire that are proof
	spare   [][]byte // room of copies that were noted
	raw     []byte   // a message before it is signed
}

const (
	// minBatch and maxBatch bound how many rows of the outbox are claimed at
	// once: twice as many as the last time went out.
	minBatch, maxBatch = 16, 128
	// freshClaim is how long the gate's answer at a claim counts. What was not
	// sent by then is given back and asked for again.
	freshClaim = time.Second
)

func (l *noticeLane) run(ctx context.Context) {
	l.ctx = ctx
	defer l.hangUp()
	for ctx.Err() == nil {
		l.beats(&l.beat)
		l.beats(&l.noticeBeat)
		if !l.relay.admit(&l.line) || !l.work(ctx) {
			l.rest(ctx, l.Outbox.OutboxReady())
		}
	}
}

func (l *noticeLane) work(ctx context.Context) bool {
	by := l.carrier(l.relay)
	if !l.back(ctx, by) {
		return false
	}
	l.claimed = l.Now()
	due, err := l.Outbox.ClaimSystemBy(ctx, by, max(l.batch, minBatch))
	if err != nil || len(due) == 0 {
		l.relay.unused(&l.line)
		if err != nil && ctx.Err() == nil {
			l.Log.Error("the outbox can't be claimed", "error", err)
		}
		return false
	}
	l.due, l.next, l.noted = due, 0, make([]bool, len(due))
	l.copies = make([][]byte, len(due))
	err = l.guard(func() error { return l.converse(ctx, l) })
	if errors.Is(err, errFault) {
		l.unclear()
	}
	if err != nil && ctx.Err() == nil && l.failed(ctx, err) {
		l.Log.Error("the relay refuses our mail; confirmation mails wait", "error", err)
	}
	l.batch = min(2*l.next, maxBatch)
	l.giveBack()
	return err == nil
}

// unclear ends a conversation after a fault of ours. Those whose turn it was
// are tried again later, so that they don't hold up the others for ever.
func (l *noticeLane) unclear() {
	l.drop()
	for i := range l.next {
		if !l.noted[i] {
			l.later(i, "fault")
		}
	}
}

// giveBack makes the rest of a claim due as before.
func (l *noticeLane) giveBack() {
	var rest []akkoord.SystemResult
	for i := range l.due {
		if d := &l.due[i]; !l.noted[i] {
			rest = append(rest, akkoord.SystemResult{ID: d.ID, Fence: d.Fence, Attempts: d.Attempts, DueAt: d.At})
		}
	}
	if len(rest) == 0 {
		return
	}
	if err := l.Outbox.SettleSystem(context.WithoutCancel(l.ctx), rest...); err != nil {
		l.Log.Error("confirmation mails are not given back yet", "error", err)
	}
}

// more reports whether the claim has more, and is fresh. One goes out in any
// case, so that a slow disk only slows.
func (l *noticeLane) more() bool {
	return l.next < len(l.due) && (l.next == 0 || l.Now().Sub(l.claimed) < freshClaim)
}

// Next gives the next mail.
func (l *noticeLane) Next() (Envelope, bool) {
	if !l.more() {
		return Envelope{}, false
	}
	i := l.next
	l.next++
	d := &l.due[i]
	e := Envelope{From: l.Press.Sender.From.Address, To: d.Recipient().Address(), ID: l.Press.opaqueID('o', d.ID, 0), Ref: i}
	if d.Contract != nil {
		if own, err := d.Contract.Spec.Sender(); err == nil && own.Address != "" {
			e.From = own.Address
		}
	}
	if l.ReturnPath != nil {
		e.From = l.returnPath(d)
	}
	return e, true
}

// returnPath names the person where the mail goes to the address on record, so
// that a report finds them (J.7). Others name nobody.
func (l *noticeLane) returnPath(d *akkoord.SystemDelivery) string {
	if d.To != (akkoord.Email{}) || d.Person.Subscriber.ID == 0 {
		return l.ReturnPath.Plain()
	}
	return l.ReturnPath.Of(0, d.Person.Subscriber.ID)
}

// Body renders the mail.
func (l *noticeLane) Body(e Envelope, dst []byte) ([]byte, error) {
	i := e.Ref.(int)
	raw := dst
	err := l.guard(func() (err error) { raw, err = l.write(&l.due[i], e, dst); return err })
	if err != nil {
		l.Log.Error("a confirmation mail can't be written", "outbox", l.due[i].ID, "error", err)
		l.later(i, "unwritable")
		return nil, errors.Join(ErrRequeue, err)
	}
	if l.due[i].Mail.IsProof() {
		var room []byte
		if n := len(l.spare); n > 0 {
			room, l.spare = l.spare[n-1], l.spare[:n-1]
		}
		l.copies[i] = append(room[:0], raw[len(dst):]...)
	}
	return raw, nil
}

func (l *noticeLane) write(d *akkoord.SystemDelivery, e Envelope, dst []byte) ([]byte, error) {
	if !l.Signer.signs() {
		return l.Press.notice(l.ctx, d, e.ID, l.ReportField.append(dst, e.From))
	}
	var err error
	if l.raw, err = l.Press.notice(l.ctx, d, e.ID, l.ReportField.append(l.raw[:0], e.From)); err != nil {
		return nil, err
	}
	return l.Signer.Sign(dst, l.raw)
}

// Done records what became of a mail.
func (l *noticeLane) Done(e Envelope, o Outcome) {
	i := e.Ref.(int)
	switch o.State {
	case Requeue, Skipped: // given back with the rest, or noted already
	case Sent, Failed:
		l.relay.works(&l.line)
		r := akkoord.SystemResult{Done: true, Code: replyCode(o), Reply: l.words(i, o), Attempts: l.due[i].Attempts + 1}
		if o.State == Sent {
			l.relay.accepts(l.Now())
			r.Copy = l.copies[i]
		}
		l.note(i, r)
	default:
		l.laterWith(i, replyCode(o), l.words(i, o))
	}
}

// words gives the relay's words for the log of transactional mail. What was said
// of other mails is kept nowhere.
func (l *noticeLane) words(i int, o Outcome) string {
	if l.due[i].Mail != akkoord.MailContract {
		return ""
	}
	return o.Reply
}

// later tries again after a while, and gives up after a day, or four for a
// mail that a contract calls for (M.8).
func (l *noticeLane) later(i int, code string) { l.laterWith(i, code, "") }

func (l *noticeLane) laterWith(i int, code, reply string) {
	d := &l.due[i]
	r := akkoord.SystemResult{Code: code, Reply: reply, Attempts: d.Attempts + 1}
	r.DueAt = l.Now().Add(Backoff(r.Attempts, l.Jitter()))
	end := GiveUpConfirmation
	if d.Mail == akkoord.MailContract {
		end = GiveUpCampaign
	}
	if r.DueAt.Sub(d.At) >= end {
		r.Done, r.Code = true, "expired"
	}
	l.note(i, r)
}

func (l *noticeLane) note(i int, r akkoord.SystemResult) {
	l.noted[i] = true
	r.ID, r.Fence = l.due[i].ID, l.due[i].Fence
	l.notice(l.due[i].Mail, r)
	l.beats(&l.noticeBeat)
	l.Outbox.NoteSystem(r)
	if used := l.copies[i]; used != nil {
		l.copies[i], l.spare = nil, append(l.spare, used)
	}
}
