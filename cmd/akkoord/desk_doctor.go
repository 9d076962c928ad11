package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"akkoord/store"
)

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
