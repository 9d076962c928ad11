package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"akkoord"
)

// AddBreach puts a breach on record, with the number of people whose data it
// is about. Errors: Invalid.
func (s *Store) AddBreach(ctx context.Context, actor akkoord.Actor, b akkoord.Breach) (akkoord.Breach, error) {
	id, err := s.newID(s.cfg.Now())
	if err != nil {
		return b, err
	}
	err = s.update(ctx, "add breach", func(t *tx) error {
		if b.Until.IsZero() {
			b.Until = t.now
		}
		if b.AwareAt.IsZero() {
			b.AwareAt = t.now
		}
		if err := b.Check(t.now); err != nil {
			return err
		}
		b.PublicID, b.MadeAt, b.MadeBy = id, t.now, actor
		from, args, err := concerned(t, b)
		if err != nil {
			return err
		}
		if err := t.queryRow(`SELECT count(DISTINCT s.id) `+from, args...).Scan(&b.People); err != nil {
			return err
		}
		if err := t.queryRow(`INSERT INTO breach (public_id, what, scope, since, until, aware_at, made_at, made_by, people, reported_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0) RETURNING id`,
			id[:], b.What, b.Scope, micros(b.Since), micros(b.Until), micros(b.AwareAt), micros(b.MadeAt), string(actor), b.People).Scan(&b.ID); err != nil {
			return err
		}
		return t.audit(actor, "breach.create", named("breach", id.String()), fmt.Sprintf("%s, %d people", b.Scope, b.People))
	})
	return b, err
}

// concerned gives the people s whose data a breach is about: those of its
// scope who were on record before its end. Who was erased since is nobody any
// more.
func concerned(q querier, b akkoord.Breach) (from string, args []any, err error) {
	kind, name, _ := strings.Cut(b.Scope, ":")
	unknown := akkoord.Fieldf("people", "scope_unknown", "Say whose data it is about: all, purpose:SLUG or mailing:ID, of one that there is.")
	args = []any{micros(b.Until)}
	switch kind {
	case "all":
		if name == "" {
			return `FROM subscriber s WHERE s.created_at < $1`, args, nil
		}
	case "purpose":
		var id int64
		if q.queryRow(`SELECT id FROM purpose WHERE slug = $1`, name).Scan(&id) == nil {
			return `FROM subscriber s JOIN subscription x ON x.subscriber_id = s.id WHERE s.created_at < $1 AND x.purpose_id = $2`, append(args, id), nil
		}
	case "mailing":
		id, err := akkoord.ParseID(name)
		if err != nil {
			return "", nil, unknown
		}
		var number int64
		if q.queryRow(`SELECT id FROM mailing WHERE public_id = $1`, id[:]).Scan(&number) == nil {
			return `FROM subscriber s JOIN delivery d ON d.subscriber_id = s.id WHERE s.created_at < $1 AND d.mailing_id = $2`, append(args, number), nil
		}
	}
	return "", nil, unknown
}

// breachPage is how many people BreachPeople reads at once.
const breachPage = 1000

// BreachPeople gives those whose data a breach is about and who are still on
// record, one after the other.
func (s *Store) BreachPeople(ctx context.Context, b akkoord.Breach, each1 func(akkoord.BreachPerson) error) error {
	v := s.view(ctx)
	from, args, err := concerned(v, b)
	if err != nil {
		return err
	}
	n := len(args)
	query := fmt.Sprintf(`SELECT DISTINCT s.id, s.public_id, s.email, s.locale %s AND s.id > $%d ORDER BY s.id LIMIT $%d`, from, n+1, n+2)
	for after := int64(0); ; {
		var page []akkoord.BreachPerson
		rows, err := v.query(query, append(args[:n:n], after, breachPage)...)
		if err := each(rows, err, func(r row) error {
			var p akkoord.BreachPerson
			var id []byte
			err := r.Scan(&p.Number, &id, &p.Email, &p.Locale)
			p.ID = id16(id)
			page = append(page, p)
			return err
		}); err != nil {
			return err
		}
		for _, p := range page {
			if err := each1(p); err != nil {
				return err
			}
		}
		if len(page) < breachPage {
			return nil
		}
		after = page[len(page)-1].Number
	}
}

const breachQuery = `SELECT id, public_id, what, scope, since, until, aware_at, made_at, made_by, people, reported_at FROM breach`

func scanBreach(r row) (akkoord.Breach, error) {
	var b akkoord.Breach
	var id []byte
	var since, until, aware, made, reported int64
	err := r.Scan(&b.ID, &id, &b.What, &b.Scope, &since, &until, &aware, &made, &b.MadeBy, &b.People, &reported)
	b.PublicID, b.Since, b.Until, b.AwareAt, b.MadeAt, b.ReportedAt = id16(id), fromMicros(since), fromMicros(until), fromMicros(aware), fromMicros(made), fromMicros(reported)
	return b, err
}

// Breach gives a breach on record, or NotFound.
func (s *Store) Breach(ctx context.Context, id akkoord.ID) (akkoord.Breach, error) {
	b, err := scanBreach(s.view(ctx).queryRow(breachQuery+` WHERE public_id = $1`, id[:]))
	return b, missing(err, "breach")
}

// Breaches gives a page of the breaches on record, oldest first, and the number
// after which the next page begins; 0 when there is none.
func (s *Store) Breaches(ctx context.Context, p akkoord.Page) ([]akkoord.Breach, int64, error) {
	rows, err := s.view(ctx).query(breachQuery+` WHERE id > $1 ORDER BY id LIMIT $2`, p.After, p.Size()+1)
	out, err := list(rows, err, scanBreach)
	out, next := cut(out, p, func(b akkoord.Breach) int64 { return b.ID })
	return out, next, err
}

// ReportBreach records when the authority was told. Errors: Invalid, NotFound.
func (s *Store) ReportBreach(ctx context.Context, actor akkoord.Actor, id akkoord.ID, at time.Time) (akkoord.Breach, error) {
	var b akkoord.Breach
	err := s.update(ctx, "report breach", func(t *tx) (err error) {
		if b, err = scanBreach(t.queryRow(breachQuery+` WHERE public_id = $1`, id[:])); err != nil {
			return missing(err, "breach")
		}
		if at.After(t.now) || at.Before(b.AwareAt) {
			return akkoord.Fieldf("at", "reported_invalid", "Give the time at which the authority was told, after you learned of it and not after now.")
		}
		b.ReportedAt = at
		if err := t.exec(`UPDATE breach SET reported_at = $2 WHERE id = $1`, b.ID, micros(at)); err != nil {
			return err
		}
		return t.audit(actor, "breach.report", named("breach", id.String()), akkoord.Moment{Time: at}.String())
	})
	return b, err
}
