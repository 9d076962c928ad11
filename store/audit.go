package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"time"

	"akkoord"
)

// Audit leaves a line in the audit trail about an act that changes nothing
// here: a read of personal data, most of all (M27). Object is like
// "subscriber:" and a public id. No personal data belongs in object or note.
func (s *Store) Audit(ctx context.Context, actor akkoord.Actor, action, object, note string) error {
	return s.update(ctx, "audit", func(t *tx) error { return t.audit(actor, action, object, note) })
}

// AuditTrail gives a page of the audit trail, oldest first, and the number
// after which the next page begins; 0 when there is none.
func (s *Store) AuditTrail(ctx context.Context, p akkoord.Page) ([]akkoord.AuditEntry, int64, error) {
	return s.SearchAudit(ctx, akkoord.AuditFilter{}, p)
}

// SearchAudit is AuditTrail for the lines that a filter lets through. An actor
// who is not there did nothing.
func (s *Store) SearchAudit(ctx context.Context, f akkoord.AuditFilter, p akkoord.Page) ([]akkoord.AuditEntry, int64, error) {
	v := s.view(ctx)
	where, args := ``, []any{p.After, p.Size() + 1}
	add := func(column, compared string, arg any) {
		args = append(args, arg)
		where += ` AND ` + column + compared + `$` + strconv.Itoa(len(args))
	}
	if f.Actor != "" {
		actor, err := numberName(v, f.Actor)
		if err != nil {
			return nil, 0, err
		}
		add(`actor`, ` = `, actor)
	}
	if f.Object != "" {
		add(`object`, ` = `, f.Object)
	}
	switch {
	case strings.Contains(f.Action, "."):
		add(`action`, ` = `, f.Action)
	case f.Action != "": // all of a kind: a slash follows a full stop
		add(`action`, ` >= `, f.Action+".")
		add(`action`, ` < `, f.Action+"/")
	}
	if !f.From.IsZero() {
		add(`at`, ` >= `, micros(f.From))
	}
	if !f.To.IsZero() {
		add(`at`, ` < `, micros(f.To))
	}
	var out []akkoord.AuditEntry
	rows, err := v.query(`SELECT seq, at, actor, action, object, note FROM audit WHERE seq > $1`+where+` ORDER BY seq LIMIT $2`, args...)
	err = each(rows, err, func(r row) error {
		var e akkoord.AuditEntry
		var at int64
		err := r.Scan(&e.Seq, &at, &e.Actor, &e.Action, &e.Object, &e.Note)
		e.At = fromMicros(at)
		out = append(out, e)
		return err
	})
	out, next := cut(out, p, func(e akkoord.AuditEntry) int64 { return e.Seq })
	return out, next, err
}

// AuditCount counts the lines of the audit trail since a time, by looking for
// the first of them by halving: numbers follow each other, and so do times but
// for what the clocks of nodes differ.
func (s *Store) AuditCount(ctx context.Context, since time.Time) (int64, error) {
	v := s.view(ctx)
	var last int64
	if err := v.queryRow(`SELECT coalesce(max(seq), 0) FROM audit`).Scan(&last); err != nil {
		return 0, err
	}
	before, end := int64(0), last+1 // lines up to before are older, those from end on are not
	for before+1 < end {
		middle, at := before+(end-before)/2, int64(0)
		if err := v.queryRow(`SELECT at FROM audit WHERE seq = $1`, middle).Scan(&at); err != nil {
			return 0, err
		}
		if at < micros(since) {
			before = middle
		} else {
			end = middle
		}
	}
	return last - before, nil
}

// numbered are the kinds of things that actors and objects name by number,
// each with its table.
var numbered = []struct{ kind, table string }{
	{"user", "app_user"}, {"key", "api_key"}, {"subscriber", "subscriber"}, {"mailing", "mailing"}, {"image", "image"},
}

// PublicNames gives, for actors and objects that are named by number like
// "user:3", their names by public id. Those that name nothing by number, or a
// thing that is gone, are left out.
func (s *Store) PublicNames(ctx context.Context, names []string) (map[string]string, error) {
	return publicNames(s.view(ctx), names)
}

func publicNames(q querier, names []string) (map[string]string, error) {
	ids := map[string][]any{}
	seen := map[string]bool{}
	for _, name := range names {
		kind, number, _ := strings.Cut(name, ":")
		if id, err := strconv.ParseInt(number, 10, 64); err == nil && !seen[name] {
			seen[name], ids[kind] = true, append(ids[kind], id)
		}
	}
	var parts []string
	var args []any
	for _, n := range numbered {
		if list := ids[n.kind]; len(list) > 0 {
			parts = append(parts, `SELECT '`+n.kind+`', id, public_id FROM `+n.table+` WHERE id IN (`+parameters(len(args)+1, len(list))+`)`)
			args = append(args, list...)
		}
	}
	out := map[string]string{}
	if len(parts) == 0 {
		return out, nil
	}
	rows, err := q.query(strings.Join(parts, ` UNION ALL `), args...)
	err = each(rows, err, func(r row) error {
		var kind string
		var number int64
		var id []byte
		err := r.Scan(&kind, &number, &id)
		out[object(kind, number)] = named(kind, id16(id).String())
		return err
	})
	return out, err
}

// numberName gives, for a name by public id like "user:UUID", the name by
// number that actors have in the trail; any other name as it is.
func numberName(q querier, name string) (string, error) {
	kind, text, _ := strings.Cut(name, ":")
	id, err := akkoord.ParseID(text)
	if err != nil {
		return name, nil
	}
	for _, n := range numbered {
		if n.kind != kind {
			continue
		}
		var number int64
		err := q.queryRow(`SELECT id FROM `+n.table+` WHERE public_id = $1`, id[:]).Scan(&number)
		if errors.Is(err, sql.ErrNoRows) {
			return name, nil
		}
		return object(kind, number), err
	}
	return name, nil
}

// parameters gives n parameters of a query, "$3, $4, $5" for first 3.
func parameters(first, n int) string {
	out := make([]string, n)
	for i := range out {
		out[i] = "$" + strconv.Itoa(first+i)
	}
	return strings.Join(out, ", ")
}
