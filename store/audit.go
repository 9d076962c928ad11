package store

import (
	"context"
	"database/sql"

	"akkoord"
)

// Audit leaves a line in the audit trail about an act that changes nothing
// here: a read of personal data, most of all (M27). Object is like
// "subscriber:17". No personal data belongs in object or note.
func (s *Store) Audit(ctx context.Context, actor akkoord.Actor, action, object, note string) error {
	return s.update(ctx, "audit", func(t *tx) error { return t.audit(actor, action, object, note) })
}

// AuditTrail gives a page of the audit trail, oldest first, and the number
// after which the next page begins; 0 when there is none.
func (s *Store) AuditTrail(ctx context.Context, p akkoord.Page) ([]akkoord.AuditEntry, int64, error) {
	var out []akkoord.AuditEntry
	rows, err := s.view(ctx).query(`SELECT seq, at, actor, action, object, note FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2`, p.After, p.Size()+1)
	err = each(rows, err, func(r *sql.Rows) error {
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
