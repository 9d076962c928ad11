package store

import (
	"context"
	"database/sql"
	"errors"

	"akkoord"
)

// ipPolicy is what the audit trail calls the choice.
var ipPolicy = named("setting", "ip_policy")

// RecordIPPolicy leaves a line in the audit trail when the policy is another
// than the one that was last recorded, or none was: who reads evidence of a time
// finds what was kept then, and since when (Art. 5(2) GDPR).
func (s *Store) RecordIPPolicy(ctx context.Context, p akkoord.IPPolicy) error {
	return s.update(ctx, "record ip policy", func(t *tx) error {
		var last akkoord.IPPolicy
		err := t.queryRow(`SELECT note FROM audit WHERE object = $1 ORDER BY seq DESC LIMIT 1`, ipPolicy).Scan(&last)
		if err != nil && !errors.Is(err, sql.ErrNoRows) || last == p.Or() {
			return err
		}
		return t.audit(akkoord.ActorSystem, "setting.change", ipPolicy, string(p.Or()))
	})
}
