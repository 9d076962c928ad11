package store

import (
	"context"
	"errors"
	"math"
	"time"

	"akkoord"
)

// slotOf is the slot of a time, from $2 on in steps of $3.
func slotOf(at string) string {
	return `CASE WHEN ` + at + ` < $2 THEN 0 ELSE (` + at + ` - $2) / $3 END`
}

// Results gives what became of a mailing that was started. It reads each of its
// deliveries once.
func (s *Store) Results(ctx context.Context, m akkoord.Mailing) (akkoord.MailingResults, error) {
	q := s.view(ctx)
	c := akkoord.CountResults(m, s.cfg.Now())
	sending, after := c.Timelines()
	domain := s.dialect.domain("s.email")
	err := errors.Join(
		readCopies(q, c, m.ID, sending, domain),
		readResponses(q, c, m.ID, after, `SELECT 'left', `+domain+`, `+slotOf("e.at")+`, count(*)
			FROM (SELECT subscriber_id, min(at) AS at FROM consent_event WHERE mailing_id = $1 AND mailing_id <> 0 AND kind IN ('withdrawn', 'objected', 'campaign_left') GROUP BY subscriber_id) e
			LEFT JOIN subscriber s ON s.id = e.subscriber_id GROUP BY 1, 2, 3`),
		readResponses(q, c, m.ID, after, `SELECT 'complaints', `+domain+`, `+slotOf("e.at")+`, count(*)
			FROM report e LEFT JOIN subscriber s ON s.id = e.subscriber_id WHERE e.mailing_id = $1 AND e.kind = 'complaint' GROUP BY 1, 2, 3`),
		readResponses(q, c, m.ID, after, `SELECT CASE WHEN k.machine = 1 THEN 'machine_clicks' ELSE 'clicks' END, '', `+slotOf("k.first_at")+`, count(*)
			FROM link l JOIN click k ON k.link_id = l.id WHERE l.mailing_id = $1 GROUP BY 1, 2, 3`),
	)
	if err != nil {
		return akkoord.MailingResults{}, err
	}
	links, err := s.LinkCounts(ctx, m.ID)
	if err != nil {
		return akkoord.MailingResults{}, err
	}
	readers := map[int64]akkoord.Readers{}
	err = readClickers(q, readers, []any{m.ID})
	return c.Results(readers[m.ID], links), err
}

func readCopies(q querier, c *akkoord.ResultsCount, mailingID int64, t akkoord.Timeline, domain string) error {
	rows, err := q.query(`SELECT d.state, `+domain+`,
			CASE WHEN d.state IN (4, 5) THEN coalesce(r.class, '') ELSE '' END,
			CASE WHEN d.state = 3 THEN d.code ELSE '' END,
			CASE WHEN d.state = 2 THEN `+slotOf("d.updated_at")+` WHEN d.state = 5 THEN `+slotOf("d.first_at")+` ELSE 0 END, count(*)
		FROM delivery d LEFT JOIN subscriber s ON s.id = d.subscriber_id
		LEFT JOIN report r ON r.mailing_id = d.mailing_id AND r.subscriber_id = d.subscriber_id AND r.kind = 'bounce' AND d.state IN (4, 5)
		WHERE d.mailing_id = $1 GROUP BY 1, 2, 3, 4, 5`, mailingID, micros(t.From), t.Step.Microseconds())
	return each(rows, err, func(r row) error {
		var n akkoord.Copies
		err := r.Scan(&n.State, &n.Domain, &n.Class, &n.Code, &n.Slot, &n.Count)
		if err == nil {
			c.Copies(n)
		}
		return err
	})
}

func readResponses(q querier, c *akkoord.ResultsCount, mailingID int64, t akkoord.Timeline, query string) error {
	rows, err := q.query(query, mailingID, micros(t.From), t.Step.Microseconds())
	return each(rows, err, func(r row) error {
		var n akkoord.Response
		err := r.Scan(&n.Kind, &n.Domain, &n.Slot, &n.Count)
		if err == nil {
			c.Response(n)
		}
		return err
	})
}

// ReadersOf gives what people did after mailings, by the mailing's number. It
// reads those who did something, and those who let their clicks be counted.
func (s *Store) ReadersOf(ctx context.Context, mailings []int64) (map[int64]akkoord.Readers, error) {
	out := map[int64]akkoord.Readers{}
	if len(mailings) == 0 {
		return out, nil
	}
	q, in := s.view(ctx), boxed(mailings)
	some := parameters(1, len(in))
	return out, errors.Join(
		readPerMailing(q, `SELECT mailing_id, count(DISTINCT subscriber_id) FROM consent_event
			WHERE mailing_id IN (`+some+`) AND mailing_id <> 0 AND kind IN ('withdrawn', 'objected', 'campaign_left') GROUP BY mailing_id`, in,
			out, func(r *akkoord.Readers) *int64 { return &r.Left }),
		readPerMailing(q, `SELECT mailing_id, count(*) FROM report WHERE mailing_id IN (`+some+`) AND kind = 'complaint' GROUP BY mailing_id`, in,
			out, func(r *akkoord.Readers) *int64 { return &r.Complaints }),
		readClickers(q, out, in),
	)
}

// readClickers adds who let their clicks be counted when they got a mailing and
// still do, and who of them clicked.
func readClickers(q querier, out map[int64]akkoord.Readers, mailings []any) error {
	some := parameters(1, len(mailings))
	const counted = ` JOIN campaign c ON c.id = m.campaign_id JOIN subscription x ON x.purpose_id = c.purpose_id AND x.tracking > 0
		JOIN delivery d ON d.mailing_id = m.id AND d.subscriber_id = x.subscriber_id AND d.state = 2 AND x.tracking <= d.first_at`
	return errors.Join(
		readPerMailing(q, `SELECT m.id, count(*) FROM mailing m`+counted+` WHERE m.id IN (`+some+`) GROUP BY m.id`, mailings,
			out, func(r *akkoord.Readers) *int64 { return &r.Counted }),
		readPerMailing(q, `SELECT m.id, count(DISTINCT k.subscriber_id) FROM mailing m JOIN link l ON l.mailing_id = m.id JOIN click k ON k.link_id = l.id AND k.machine = 0
				JOIN campaign c ON c.id = m.campaign_id JOIN subscription x ON x.subscriber_id = k.subscriber_id AND x.purpose_id = c.purpose_id AND x.tracking > 0
				JOIN delivery d ON d.mailing_id = m.id AND d.subscriber_id = k.subscriber_id AND d.state = 2 AND x.tracking <= d.first_at
			WHERE m.id IN (`+some+`) GROUP BY m.id`, mailings,
			out, func(r *akkoord.Readers) *int64 { return &r.Clicked }),
	)
}

func readPerMailing(q querier, query string, mailings []any, out map[int64]akkoord.Readers, figure func(*akkoord.Readers) *int64) error {
	rows, err := q.query(query, mailings...)
	return each(rows, err, func(r row) error {
		var id, n int64
		err := r.Scan(&id, &n)
		readers := out[id]
		*figure(&readers) = n
		out[id] = readers
		return err
	})
}

// LatelyStarted gives the last mailings of all campaigns that were started since a time, or
// are of a series that runs, those that were started last first.
func (s *Store) LatelyStarted(ctx context.Context, since time.Time, limit int) ([]akkoord.Mailing, error) {
	rows, err := s.view(ctx).query(mailingQuery+` WHERE m.started_at > 0 AND (m.started_at >= $1 OR m.trigger_on <> '' AND m.state IN ('sending', 'paused')) ORDER BY m.started_at DESC, m.id DESC LIMIT $2`, micros(since), limit)
	return list(rows, err, scanMailing)
}

// StartedMailings gives the last mailings of a campaign that were started up to
// a time (zero: all), those that were started last first.
func (s *Store) StartedMailings(ctx context.Context, campaignID int64, upTo time.Time, limit int) ([]akkoord.Mailing, error) {
	last := int64(math.MaxInt64)
	if !upTo.IsZero() {
		last = micros(upTo)
	}
	rows, err := s.view(ctx).query(mailingQuery+` WHERE m.campaign_id = $1 AND m.started_at > 0 AND m.started_at <= $2 ORDER BY m.started_at DESC, m.id DESC LIMIT $3`, campaignID, last, limit)
	return list(rows, err, scanMailing)
}
