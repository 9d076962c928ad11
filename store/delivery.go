package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math"
	"strings"

	"akkoord"
)

// Counts gives a mailing's deliveries by state, from the rows in one query, so
// that the sum holds at every moment (P07). It sorts nothing: grouped by state,
// SQLite would sort millions of rows.
func (s *Store) Counts(ctx context.Context, mailingID int64) (akkoord.Counts, error) {
	var n [akkoord.Uncertain + 1]int64
	var columns []string
	var into []any
	for state := range n {
		columns, into = append(columns, fmt.Sprintf(`count(*) FILTER (WHERE state = %d)`, state)), append(into, &n[state])
	}
	err := s.view(ctx).queryRow(`SELECT `+strings.Join(columns, ", ")+` FROM delivery WHERE mailing_id = $1`, mailingID).Scan(into...)
	var c akkoord.Counts
	for state, n := range n {
		c.Add(akkoord.DeliveryState(state), n)
	}
	return c, err
}

const deliveryQuery = `SELECT d.mailing_id, d.subscriber_id, s.public_id, s.email, d.state, CASE WHEN d.variant < 0 THEN coalesce((SELECT m.winner FROM mailing m WHERE m.id = d.mailing_id), -1) ELSE d.variant END, d.attempts, d.code, d.reply, d.first_at, d.updated_at, d.next_at,
	CASE WHEN d.attempts = 0 AND d.state <> 7 THEN '' WHEN d.relay = 0 THEN '` + akkoord.DefaultRelay + `' ELSE coalesce((SELECT r.slug FROM relay r WHERE r.id = d.relay), '') END
	FROM delivery d LEFT JOIN subscriber s ON s.id = d.subscriber_id`

func scanDelivery(r row) (akkoord.Delivery, error) {
	var d akkoord.Delivery
	var id []byte
	var email sql.NullString
	var first, updated, next int64
	err := r.Scan(&d.MailingID, &d.SubscriberID, &id, &email, &d.State, &d.Variant, &d.Attempts, &d.Code, &d.Reply, &first, &updated, &next, &d.Relay)
	if err != nil {
		return d, err
	}
	d.Subscriber, d.FirstAt, d.UpdatedAt, d.NextAt = id16(id), fromMicros(first), fromMicros(updated), fromMicros(next)
	if email.Valid {
		d.Email, err = akkoord.ParseEmail(email.String)
	}
	return d, err
}

// Deliveries gives a page of a mailing's deliveries that a filter lets through,
// by the number of the person, and the number after which the next page
// begins; 0 when there is none.
func (s *Store) Deliveries(ctx context.Context, mailingID int64, f akkoord.DeliveryFilter, p akkoord.Page) ([]akkoord.Delivery, int64, error) {
	where, args := ` WHERE d.mailing_id = $1 AND d.subscriber_id > $2`, []any{mailingID, p.After, p.Size() + 1}
	if f.State != nil {
		args = append(args, int64(*f.State))
		where += ` AND d.state = ` + parameters(len(args), 1)
	}
	if f.Code != "" {
		args = append(args, f.Code)
		where += ` AND d.code = ` + parameters(len(args), 1)
	}
	switch f.Class {
	case akkoord.ClassNone:
	case akkoord.ClassSoft: // of what was not said there is no report with a class
		where += ` AND d.state IN (4, 5) AND NOT EXISTS (SELECT 1 FROM report r WHERE r.mailing_id = d.mailing_id AND r.subscriber_id = d.subscriber_id AND r.kind = 'bounce' AND r.class NOT IN ('', 'soft'))`
	default:
		args = append(args, string(f.Class))
		where += ` AND d.state IN (4, 5) AND d.subscriber_id IN (SELECT r.subscriber_id FROM report r WHERE r.mailing_id = $1 AND r.kind = 'bounce' AND r.class = ` + parameters(len(args), 1) + `)`
	}
	out, err := s.deliveries(ctx, deliveryQuery+where+` ORDER BY d.subscriber_id LIMIT $3`, args...)
	out, next := cut(out, p, func(d akkoord.Delivery) int64 { return d.SubscriberID })
	return out, next, err
}

// SentTo gives the latest mailings that were sent to a person or may have
// reached them, newest first.
func (s *Store) SentTo(ctx context.Context, subscriberID int64, limit int) ([]akkoord.Delivery, error) {
	return s.deliveries(ctx, deliveryQuery+` WHERE d.subscriber_id = $1 AND d.state IN (2, 5, 7) ORDER BY d.mailing_id DESC LIMIT $2`, subscriberID, limit)
}

// PersonMails gives a page of a person's copies of mailings of some purposes, or
// of all where these are nil, newest mailing first. The page begins before the
// mailing with the number After.
func (s *Store) PersonMails(ctx context.Context, subscriberID int64, purposes []int64, p akkoord.Page) ([]akkoord.PersonMail, int64, error) {
	args := []any{subscriberID, cmp.Or(p.After, math.MaxInt64), p.Size() + 1}
	where := ""
	if purposes != nil {
		if len(purposes) == 0 {
			return nil, 0, nil
		}
		where = ` AND c.purpose_id IN (` + parameters(len(args)+1, len(purposes)) + `)`
		for _, id := range purposes {
			args = append(args, id)
		}
	}
	rows, err := s.view(ctx).query(`SELECT m.id, m.public_id, c.id, c.name, `+s.dialect.subject()+`, d.state, d.attempts, d.code, d.reply, d.first_at, d.updated_at, d.next_at
		FROM delivery d JOIN mailing m ON m.id = d.mailing_id JOIN campaign c ON c.id = m.campaign_id JOIN subscriber s ON s.id = d.subscriber_id
		WHERE d.subscriber_id = $1 AND d.mailing_id < $2`+where+` ORDER BY d.mailing_id DESC LIMIT $3`, args...)
	out, err := list(rows, err, func(r row) (akkoord.PersonMail, error) {
		m := akkoord.PersonMail{Delivery: akkoord.Delivery{SubscriberID: subscriberID}}
		var id []byte
		var first, updated, next int64
		err := r.Scan(&m.MailingID, &id, &m.CampaignID, &m.Campaign, &m.Subject, &m.State, &m.Attempts, &m.Code, &m.Reply, &first, &updated, &next)
		m.Public, m.FirstAt, m.UpdatedAt, m.NextAt = id16(id), fromMicros(first), fromMicros(updated), fromMicros(next)
		m.Mailing, m.At = m.MailingID, m.FirstAt
		return m, err
	})
	out, next := cut(out, p, func(m akkoord.PersonMail) int64 { return m.MailingID })
	return out, next, err
}

// Holdings counts what is stored of a person.
func (s *Store) Holdings(ctx context.Context, subscriberID int64) (akkoord.Holdings, error) {
	var h akkoord.Holdings
	err := s.view(ctx).queryRow(`SELECT (SELECT count(*) FROM subscription WHERE subscriber_id = $1), (SELECT count(*) FROM consent_event WHERE subscriber_id = $1),
		(SELECT count(*) FROM delivery WHERE subscriber_id = $1), (SELECT count(*) FROM delivery WHERE subscriber_id = $1 AND state IN (0, 3))`, subscriberID).
		Scan(&h.Consents, &h.Lines, &h.Mails, &h.Waiting)
	return h, err
}

// DeliveryTo gives one person's delivery of a mailing, or NotFound: what the
// view in the browser needs to show the variant that the person got.
func (s *Store) DeliveryTo(ctx context.Context, mailingID, subscriberID int64) (akkoord.Delivery, error) {
	d, err := scanDelivery(s.view(ctx).queryRow(deliveryQuery+` WHERE d.mailing_id = $1 AND d.subscriber_id = $2`, mailingID, subscriberID))
	return d, missing(err, "delivery")
}

func (s *Store) deliveries(ctx context.Context, query string, args ...any) ([]akkoord.Delivery, error) {
	rows, err := s.view(ctx).query(query, args...)
	return list(rows, err, scanDelivery)
}

// UnsubscribedBy counts the people who left, by a link of a mailing, its
// campaign, its purpose or everything, from the ledger.
func (s *Store) UnsubscribedBy(ctx context.Context, mailingID int64) (int64, error) {
	var n int64
	err := s.view(ctx).queryRow(`SELECT count(DISTINCT subscriber_id) FROM consent_event
		WHERE mailing_id = $1 AND mailing_id <> 0 AND kind IN ('withdrawn', 'objected', 'campaign_left')`, mailingID).Scan(&n)
	return n, err
}

// Gate answers whether an address may get a mail of a purpose now or, where a
// mailing is given, that mailing. Errors: NotFound for the purpose or the
// mailing; an address that nobody has is no error (contract).
func (s *Store) Gate(ctx context.Context, e akkoord.Email, purposeSlug string, mailing *akkoord.ID) (akkoord.Verdict, error) {
	var purposeID, campaignID int64
	var state akkoord.MailingState
	if mailing != nil {
		m, err := s.Mailing(ctx, *mailing)
		if err != nil {
			return akkoord.Verdict{}, err
		}
		c, err := s.CampaignByID(ctx, m.CampaignID)
		if err != nil {
			return akkoord.Verdict{}, err
		}
		purposeID, campaignID, state = c.PurposeID, c.ID, m.State
	} else {
		p, err := s.Purpose(ctx, purposeSlug)
		if err != nil {
			return akkoord.Verdict{}, err
		}
		purposeID = p.ID
	}
	st, err := s.StandingByEmail(ctx, e)
	if err != nil {
		return akkoord.Verdict{}, err
	}
	return akkoord.Gate(st.Facts(purposeID, campaignID, state, s.cfg.Now())), nil
}
