package store

import (
	"context"
	"time"

	"akkoord"
)

// unconfirmed are sign-ups that end for want of a confirmation; what is
// restricted is kept (Art. 18 GDPR).
const unconfirmed = `FROM subscription x JOIN subscriber s ON s.id = x.subscriber_id WHERE x.state = 'pending'
	AND NOT EXISTS (SELECT 1 FROM suppression y WHERE y.hash = s.email_hash AND y.kind = 'restricted')`

// Unconfirmed counts the people whose sign-up ends because nobody confirmed it
// within Limits.PendingWindow, by day; what is overdue counts today.
func (s *Store) Unconfirmed(ctx context.Context) ([]akkoord.DayCount, error) {
	var out []akkoord.DayCount
	now := s.cfg.Now()
	rows, err := s.view(ctx).query(`SELECT d, count(DISTINCT id) FROM (SELECT CASE WHEN x.since <= $1 THEN CAST($2 AS BIGINT) ELSE x.since / 86400000000 END AS d, s.id `+unconfirmed+`) z GROUP BY d ORDER BY d`,
		micros(now.Add(-akkoord.Limits.PendingWindow)), dayNumber(now.Add(-akkoord.Limits.PendingWindow)))
	err = each(rows, err, func(r row) error {
		var number int64
		var d akkoord.DayCount
		err := r.Scan(&number, &d.Count)
		d.Day = fromMicros(number * 24 * int64(time.Hour/time.Microsecond)).Add(akkoord.Limits.PendingWindow)
		out = append(out, d)
		return err
	})
	return out, err
}

func dayNumber(t time.Time) int64 { return t.Unix() / int64(24*time.Hour/time.Second) }

// UnconfirmedPeople gives a page of the people of whom a sign-up ends on a day,
// and when at the earliest; what is overdue ends today. It is ordered and pages
// as RetentionPeople does.
func (s *Store) UnconfirmedPeople(ctx context.Context, on time.Time, p akkoord.Page) ([]akkoord.RetentionPerson, int64, error) {
	from := day(on).Add(-akkoord.Limits.PendingWindow)
	upto := from.AddDate(0, 0, 1)
	if day(on).Equal(day(s.cfg.Now())) {
		from = time.Time{}
	}
	var out []akkoord.RetentionPerson
	rows, err := s.view(ctx).query(`SELECT s.id, s.public_id, min(x.since) `+unconfirmed+` AND x.since >= $1 AND x.since < $2 AND s.id > $3 GROUP BY s.id, s.public_id ORDER BY s.id LIMIT $4`,
		micros(from), micros(upto), p.After, p.Size()+1)
	err = each(rows, err, func(r row) error {
		var person akkoord.RetentionPerson
		var id []byte
		var since int64
		err := r.Scan(&person.Number, &id, &since)
		person.ID, person.Step.At = id16(id), fromMicros(since).Add(akkoord.Limits.PendingWindow)
		out = append(out, person)
		return err
	})
	out, next := cut(out, p, func(r akkoord.RetentionPerson) int64 { return r.Number })
	return out, next, err
}
