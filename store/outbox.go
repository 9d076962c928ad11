package store

import (
	"context"
	"slices"
	"time"

	"akkoord"
)

// ClaimSystem claims up to n rows of the outbox that are due and decides, from
// each person's standing at this moment, which mail it calls for. Rows that
// call for none are done with the reason. What is given counts against the
// mailbox's budget in the same commit, once, however often it is tried again
// (P14). Every claimed row must be given to NoteSystem or SettleSystem; those of a process
// that died are given back when the database is opened.
func (s *Store) ClaimSystem(ctx context.Context, n int) ([]akkoord.SystemDelivery, error) {
	return s.ClaimSystemBy(ctx, akkoord.Carrier{Relay: akkoord.DefaultRelay}, n)
}

// ClaimSystemBy is ClaimSystem for a relay. Such mail goes by that of the settings,
// and by the others that may carry it, in the order of their age.
func (s *Store) ClaimSystemBy(ctx context.Context, by akkoord.Carrier, n int) ([]akkoord.SystemDelivery, error) {
	if idle, err := s.idle(ctx, by); idle || err != nil {
		return nil, err
	}
	for {
		out, seen, err := s.claimSystem(ctx, by, n)
		if err != nil || len(out) > 0 || seen == 0 {
			return out, err
		}
	}
}

// claimSystem also gives how many rows it saw: those that call for no mail must
// not make others wait (P03).
func (s *Store) claimSystem(ctx context.Context, by akkoord.Carrier, n int) (out []akkoord.SystemDelivery, seen int, err error) {
	var fence int64
	err = s.update(ctx, "claim outbox", func(t *tx) error {
		s.journal.forgetFence(fence) // of a try that was undone
		fence = t.fence()
		out, seen = nil, 0
		if held, err := t.held(); held || err != nil {
			return err
		}
		relays, err := t.carriers()
		if err != nil || !relays.serves(by) || !by.Takes(relays.notices, relays.may) {
			return err
		}
		due, err := t.due(n, relays.caught)
		if err != nil {
			return err
		}
		out, seen = nil, len(due)
		for i := range due {
			d, err := t.claimOutbox(due[i])
			if err != nil {
				return err
			}
			if d.Mail != akkoord.MailNone {
				out = append(out, d)
			}
		}
		return nil
	})
	if err != nil {
		s.journal.forgetFence(fence)
	}
	return out, seen, err
}

// outboxRow is a row that is due.
type outboxRow struct {
	akkoord.SystemDelivery
	subscriber int64
	about      akkoord.SystemMail // what it is about when no sign-up caused it
	purpose    int64              // of a question whether it is still wanted
	user       int64              // of a mail to staff: to whom; 0 is the officer of the settings
	decided    akkoord.SystemMail // at an earlier claim
}

func (t *tx) due(n int, caught bool) ([]outboxRow, error) {
	var out []outboxRow
	whose := ""
	if caught {
		whose = catchable
	}
	rows, err := t.query(`SELECT id, subscriber_id, request, locale, at, attempts, first_at, mail, about, purpose_id, user_id FROM outbox
		WHERE state = 0 AND due_at <= $1 AND fence = 0`+whose+` ORDER BY due_at LIMIT $2`, micros(t.now), n)
	err = each(rows, err, func(r row) error {
		var o outboxRow
		var request []byte
		var at, first int64
		err := r.Scan(&o.ID, &o.subscriber, &request, &o.Locale, &at, &o.Attempts, &first, &o.decided, &o.about, &o.purpose, &o.user)
		o.Request, o.At, o.FirstAt = id16(request), fromMicros(at), fromMicros(first)
		out = append(out, o)
		return err
	})
	return out, err
}

func (t *tx) claimOutbox(o outboxRow) (akkoord.SystemDelivery, error) {
	d := o.SystemDelivery
	if o.about == akkoord.MailContract {
		return t.claimContract(o)
	}
	if o.about == akkoord.MailAlarm {
		return t.claimAlarm(o)
	}
	var err error
	if d.Person, err = standing(t, byID, o.subscriber); err != nil {
		return d, err
	}
	if o.about != akkoord.MailNone {
		return t.claimErrand(o, d)
	}
	mailbox := t.store.hasher.Mailbox(d.Person.Subscriber.Email)
	b, err := t.budget(mailbox)
	if err != nil {
		return d, err
	}
	if o.decided != akkoord.MailNone { // counted already
		b.recent, b.told = 0, 0
	}
	var code string
	d.Mail, code = d.Person.SignUpMail(d.Request, b.recent, fromMicros(b.told), t.now)
	if d.Mail == akkoord.MailNone {
		return d, t.dropOutbox(d, code)
	}
	budgeted, enough, err := t.askedEnough(d.Mail, d.Person.Suppressions, mailbox)
	if err != nil {
		return d, err
	}
	if enough && o.decided == akkoord.MailNone {
		d.Mail = akkoord.MailNone
		return d, t.dropOutbox(d, "complaint_limit")
	}
	d.Asked, _ = d.Person.Asked(d.Request, t.now)
	if d.Mail == akkoord.MailAlready {
		d.Asked = active(d.Person)
	}
	return t.hold(o, d, mailbox, budgeted, b.last)
}

// hold claims a row of which it is known what mail it is, and counts that mail
// against the budget of its mailbox, once.
func (t *tx) hold(o outboxRow, d akkoord.SystemDelivery, mailbox akkoord.AddressHash, budgeted string, last int64) (akkoord.SystemDelivery, error) {
	if o.decided == akkoord.MailNone {
		// Several mails of one commit get a microsecond each.
		if err := t.exec(`INSERT INTO mail_budget (mailbox, at, mail) VALUES ($1, $2, $3)`, mailbox[:], max(micros(t.now), last+1), budgeted); err != nil {
			return d, err
		}
	}
	return t.claimed(d)
}

// claimed puts the claim of a row down.
func (t *tx) claimed(d akkoord.SystemDelivery) (akkoord.SystemDelivery, error) {
	if d.FirstAt.IsZero() {
		d.FirstAt = t.now
	}
	d.Fence = t.fence()
	t.store.journal.expectMail(d.Fence, d.ID)
	return d, t.exec(`UPDATE outbox SET fence = $2, mail = $3, first_at = $4 WHERE id = $1`, d.ID, d.Fence, string(d.Mail), micros(d.FirstAt))
}

// afterComplaint is how a mail that asks for a yes counts where the address
// complained before.
const afterComplaint = "after_complaint"

// askedEnough gives what a mail counts as, and whether the mailbox had its one
// after a complaint already.
func (t *tx) askedEnough(m akkoord.SystemMail, against []akkoord.SuppressionKind, mailbox akkoord.AddressHash) (budgeted string, enough bool, err error) {
	if m != akkoord.MailConfirm && m != akkoord.MailAddress || !slices.Contains(against, akkoord.SuppressedComplaint) {
		return string(m), false, nil
	}
	var last int64
	err = t.queryRow(`SELECT coalesce(max(at), 0) FROM mail_budget WHERE mailbox = $1 AND mail = $2`, mailbox[:], afterComplaint).Scan(&last)
	return afterComplaint, akkoord.AskedEnough(against, fromMicros(last), t.now), err
}

// budget is what a mailbox got in the last day.
type budget struct {
	recent int   // confirmation mails, also of new addresses
	own    int   // mails with a link to one's own data
	told   int64 // when it was last told that the person is subscribed already
	last   int64 // when it got its last mail
}

func (t *tx) budget(mailbox akkoord.AddressHash) (b budget, err error) {
	err = t.queryRow(`SELECT count(CASE WHEN mail IN ('confirm', 'address', 'renew', 'renew_again', 'after_complaint') THEN 1 END), count(CASE WHEN mail = 'own_data' THEN 1 END), coalesce(max(CASE WHEN mail = 'already' THEN at END), 0), coalesce(max(at), 0)
		FROM mail_budget WHERE mailbox = $1 AND at > $2`, mailbox[:], micros(t.now.Add(-akkoord.Limits.ConfirmMailDay))).Scan(&b.recent, &b.own, &b.told, &b.last)
	return b, err
}

func active(st akkoord.Standing) []akkoord.Subscription {
	var out []akkoord.Subscription
	for _, sub := range st.Subscriptions {
		if sub.State == akkoord.Active {
			out = append(out, sub)
		}
	}
	return out
}

// dropOutbox ends a row that calls for no mail. What is pending for an address
// that said "not me" before is forgotten at once.
func (t *tx) dropOutbox(d akkoord.SystemDelivery, code string) error {
	if code == "blocked" {
		o := akkoord.Origin{Source: "blocked", Actor: akkoord.ActorSystem}
		if err := t.apply(d.Person, d.Person.NotMe(d.Request, o, t.now)); err != nil {
			return err
		}
	}
	return t.exec(`UPDATE outbox SET state = 1, mail = '', code = $2, done_at = $3 WHERE id = $1`, d.ID, code, micros(t.now))
}

// NoteSystem tells what became of a claimed row of the outbox. It is in the
// send journal when NoteSystem returns, so that it survives a killed process
// (P03), and in the database soon after, with the results of mailings. The
// bytes of its copy are the caller's again.
func (s *Store) NoteSystem(r akkoord.SystemResult) {
	now := s.cfg.Now()
	s.journal.note(systemEntry(r, now))
	s.journal.keep(r, now)
}

// SettleSystem notes results and stores all that was noted. Where the database
// can't be written now it is done as soon as it can.
func (s *Store) SettleSystem(_ context.Context, results ...akkoord.SystemResult) error {
	for _, r := range results {
		s.NoteSystem(r)
	}
	return s.journal.settle()
}

// systemEntry is the line of the send journal for a row of the outbox. Such
// lines name no mailing, and the row in place of a person.
func systemEntry(r akkoord.SystemResult, at time.Time) entry {
	e := entry{fence: r.Fence, index: -1, Result: akkoord.Result{
		SubscriberID: r.ID, State: akkoord.Deferred, Attempts: r.Attempts, Code: r.Code, Reply: r.Reply, At: at, NextAt: r.DueAt,
	}}
	if r.Done {
		e.State, e.NextAt = akkoord.Sent, at
	}
	return e
}

func (e *entry) isSystem() bool { return e.mailing == 0 }

// settleMail stores the result of a claimed row of the outbox.
const settleMail = `UPDATE outbox SET fence = 0, state = $3, attempts = $4, code = $5, due_at = $6, done_at = $7, reply = $8 WHERE id = $1 AND fence = $2`

// settledMail gives the parameters of settleMail.
func settledMail(e *entry) []any {
	state, doneAt := 0, int64(0)
	if e.State == akkoord.Sent {
		state, doneAt = 1, micros(e.At)
	}
	return []any{e.SubscriberID, e.fence, state, e.Attempts, e.Code, micros(e.NextAt), doneAt, e.Reply}
}

func (t *tx) settleSystem(e *entry) error { return t.exec(settleMail, settledMail(e)...) }
