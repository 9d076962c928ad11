package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"

	"akkoord"
)

// AskOwnData records that somebody asks by an address for the link to what is
// stored of them (Art. 15 GDPR). It does the same whether or not anybody has
// the address; what mail follows is decided when the row is sent. Of an
// address that is not known nothing is stored. The mail is in the language of the
// wish, else the person's, else that of the page.
func (s *Store) AskOwnData(ctx context.Context, e akkoord.Email, wish, page string) error {
	request, err := s.newID(s.cfg.Now())
	if err != nil {
		return err
	}
	hash := s.hasher.Person(e)
	return s.record(ctx, "ask own data", func(t *tx) error {
		var person int64
		var theirs string
		if err := t.queryRow(`SELECT coalesce(max(id), 0), coalesce(max(locale), '') FROM subscriber WHERE email_hash = $1`, hash[:]).Scan(&person, &theirs); err != nil {
			return err
		}
		locale := cmp.Or(theirs, page)
		if akkoord.KnownLocale(wish) {
			locale = wish
		}
		return t.errand(person, request, locale, akkoord.MailOwnData)
	})
}

// errand puts a row into the outbox that no sign-up causes.
func (t *tx) errand(person int64, request akkoord.ID, locale string, about akkoord.SystemMail) error {
	return t.errandFor(person, 0, request, locale, about)
}

// errandFor is errand about a purpose.
func (t *tx) errandFor(person, purpose int64, request akkoord.ID, locale string, about akkoord.SystemMail) error {
	t.outbox = true
	return t.exec(`INSERT INTO outbox (subscriber_id, request, locale, at, due_at, state, fence, attempts, first_at, mail, code, done_at, about, purpose_id)
		VALUES ($1, $2, $3, $4, $4, 0, 0, 0, 0, '', '', 0, $5, $6)`, person, request[:], locale, micros(t.now), string(about), purpose)
}

// claimErrand is claimOutbox for such a row.
func (t *tx) claimErrand(o outboxRow, d akkoord.SystemDelivery) (akkoord.SystemDelivery, error) {
	if o.purpose != 0 {
		return t.claimQuestion(o, d)
	}
	e := akkoord.Errand{Mail: o.about}
	if err := t.errandFacts(&e, &d); err != nil {
		return d, err
	}
	var b budget
	var mailbox akkoord.AddressHash
	if d.Person.Subscriber.ID != 0 {
		mailbox = t.store.hasher.Mailbox(d.Recipient())
		var err error
		if b, err = t.budget(mailbox); err != nil {
			return d, err
		}
	}
	if o.decided == akkoord.MailNone { // else it is counted already
		e.Recent = b.recent
		if e.Mail == akkoord.MailOwnData {
			e.Recent = b.own
		}
	}
	var code string
	if d.Mail, code = d.Person.Errand(e); d.Mail == akkoord.MailNone {
		if e.Mail.IsRenewal() && code == "mailbox_limit" { // a question can wait
			return d, t.exec(`UPDATE outbox SET due_at = $2 WHERE id = $1`, d.ID, micros(t.now.Add(akkoord.Limits.ConfirmMailDay)))
		}
		return d, t.dropOutbox(d, code)
	}
	budgeted, enough, err := t.askedEnough(d.Mail, e.To, mailbox)
	if err != nil {
		return d, err
	}
	if enough && o.decided == akkoord.MailNone {
		d.Mail = akkoord.MailNone
		return d, t.dropOutbox(d, "complaint_limit")
	}
	return t.hold(o, d, mailbox, budgeted, b.last)
}

// errandFacts finds out about the question that a mail asks, or the address
// that a mail of a change of address goes to.
func (t *tx) errandFacts(e *akkoord.Errand, d *akkoord.SystemDelivery) error {
	switch {
	case e.Mail == akkoord.MailOwnData:
		return nil
	case e.Mail.IsRenewal() && d.Person.Subscriber.ID != 0:
		return t.questionFacts(e, d)
	case e.Mail.IsRenewal():
		return nil
	}
	row, err := addressChange(t, d.Request)
	if err != nil || row.subscriber == 0 {
		d.Person = akkoord.Standing{} // they are gone since
		return err
	}
	d.To = row.email
	hash := t.store.hasher.Person(row.email)
	if e.Open, err = row.open(t); err != nil {
		return err
	}
	if e.Taken, err = addressTaken(t, hash, row.subscriber); err != nil {
		return err
	}
	e.To, err = suppressions(t, hash)
	return err
}

// changeRow is a row of address_change; its subscriber is 0 when there is none.
type changeRow struct {
	request    akkoord.ID
	subscriber int64
	email      akkoord.Email
	state      int64
	at         int64
}

// The states of a changeRow.
const (
	addressAsked = iota
	addressConfirmed
	addressTold
)

func addressChange(q querier, request akkoord.ID) (changeRow, error) {
	r := changeRow{request: request}
	var email string
	err := q.queryRow(`SELECT subscriber_id, email, state, at FROM address_change WHERE request = $1`, request[:]).Scan(&r.subscriber, &email, &r.state, &r.at)
	if errors.Is(err, sql.ErrNoRows) {
		return r, nil
	}
	if err == nil {
		r.email, err = akkoord.ParseEmail(email)
	}
	return r, err
}

// open reports whether it is the last that its person asked for, and waits.
func (r changeRow) open(q querier) (bool, error) {
	var newer bool
	err := q.queryRow(`SELECT EXISTS (SELECT 1 FROM address_change WHERE subscriber_id = $1 AND at > $2)`, r.subscriber, r.at).Scan(&newer)
	return r.state == addressAsked && !newer, err
}

// addressTaken reports whether somebody else has an address.
func addressTaken(q querier, hash akkoord.AddressHash, person int64) (taken bool, err error) {
	err = q.queryRow(`SELECT EXISTS (SELECT 1 FROM subscriber WHERE email_hash = $1 AND id <> $2)`, hash[:], person).Scan(&taken)
	return taken, err
}
