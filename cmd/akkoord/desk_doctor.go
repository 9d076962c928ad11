package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"akkoord/store"
)

// checkDrill tells how long ago a backup was put back for practice.
func checkDrill(ctx context.Context, st *store.Store) finding {
	d, err := st.Desk(ctx)
	switch {
	case err != nil:
		return warn("drill", "it can't be read when the last restore drill was (%v); akkoord migrate brings the database up to date", err)
	case d.DrillDue(time.Now()) && d.GoodDrill.IsZero():
		return warn("drill", "no backup was put back for practice yet; do so, and put it on record at /admin/privacy/backups")
	case d.DrillDue(time.Now()):
		return warn("drill", "the last restore drill that went well was on %s; do one again, and put it on record at /admin/privacy/backups", d.GoodDrill.Format(time.DateOnly))
	case d.GoodDrill.IsZero():
		return ok("drill", "none is due while there are no people")
	}
	return ok("drill", "the last one that went well was on %s", d.GoodDrill.Format(time.DateOnly))
}

// checkDesk tells of requests, notices to processors and breaches that wait
// (Art. 12, 19 and 33 GDPR).
func checkDesk(ctx context.Context, st *store.Store) finding {
	d, err := st.Desk(ctx)
	if err != nil {
		return warn("requests", "they can't be read (%v); akkoord migrate brings the database up to date", err)
	}
	var late []string
	add := func(n int64, format string) {
		if n > 0 {
			late = append(late, fmt.Sprintf(format, n))
		}
	}
	add(d.Overdue, "%d people wait longer than the law allows (Art. 12(3) GDPR); GET /api/v1/requests?state=open.")
	add(d.Soon, "%d requests are due within 7 days.")
	add(d.OverdueNotices, "%d times a processor was not told in 14 days; GET /api/v1/processor-notices?waiting=true.")
	add(d.UnreportedBreaches, "%d breaches are known for over 72 hours and not marked as told to the authority; GET /api/v1/breach-packs.")
	if len(late) > 0 {
		return warn("requests", "%s", strings.Join(late, " "))
	}
	if d.Open == 0 {
		return ok("requests", "none is open")
	}
	return ok("requests", "%d open, the first due on %s", d.Open, d.FirstDue.Format(time.DateOnly))
}
