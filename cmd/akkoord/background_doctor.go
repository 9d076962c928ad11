package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"akkoord"
	"akkoord/mailer"
	"akkoord/store"
)

// checkStored looks into the database, which it opens once.
func checkStored(ctx context.Context, s *site) []finding {
	st, err := s.openReadOnly(ctx)
	if err != nil {
		out := []finding{checkSenderFacts(ctx, s, nil), warn("stored", "backups, jobs, parties and transactional mail can't be read yet; akkoord serve makes the database")}
		if s.relay == nil {
			out = append(out, noServer())
		}
		return out
	}
	defer st.Close()
	return append([]finding{checkSenderFacts(ctx, s, st), checkBackup(ctx, s, st), checkDrill(ctx, st), checkJobs(ctx, st), checkParties(ctx, s, st), checkDesk(ctx, st), checkContracts(ctx, st)}, append(checkCatching(ctx, s, st), checkRelays(ctx, s, st)...)...)
}

// noServer tells that there is no mail server at all.
func noServer() finding {
	return warn("smtp", "AKKOORD_SMTP is not set, and there is no relay at /admin/settings/relays; no mail goes out, not even confirmations")
}

// checkRelays dials each relay of the admin site, as AKKOORD_SMTP is dialled.
func checkRelays(ctx context.Context, s *site, st *store.Store) []finding {
	relays, err := st.RelaySettings(ctx)
	if err != nil {
		return []finding{warn("relays", "the relays can't be read (%v); akkoord migrate brings the database up to date", err)}
	}
	var out []finding
	for _, r := range relays {
		name := "relay " + r.Slug
		relay, err := mailer.ParseRelay(string(r.URL))
		if err != nil {
			out = append(out, fail(name, "its URL can't be used; give it another at /admin/settings/relays"))
			continue
		}
		out = append(out, dialled(ctx, s, name, relay))
	}
	switch carries := slices.ContainsFunc(relays, func(r akkoord.RelaySettings) bool { return r.Notices }); {
	case s.relay != nil || carries:
	case len(relays) == 0:
		out = append(out, noServer())
	default:
		out = append(out, warn("smtp", "AKKOORD_SMTP is not set, and no relay of /admin/settings/relays carries confirmations; they wait"))
	}
	if len(relays) > 0 && s.from == nil {
		out = append(out, warn("relays", "none is used while AKKOORD_FROM is not set: mail has no sender"))
	}
	return out
}

// checkCatching reminds of a trial.
func checkCatching(ctx context.Context, s *site, st *store.Store) []finding {
	since, err := st.Catching(ctx)
	if s.relay != nil || err != nil || since.IsZero() {
		return nil
	}
	return []finding{warn("catching", "since %s mails to users are caught at /admin/inbox, for a trial, and all others wait; set AKKOORD_SMTP to end it", since.Format(time.RFC3339))}
}

// checkContracts tells of transactional mail that doesn't get out.
func checkContracts(ctx context.Context, st *store.Store) finding {
	c, err := st.ContractCounts(ctx)
	switch {
	case err != nil:
		return warn("contracts", "the log of transactional mail can't be read (%v); akkoord migrate brings the database up to date", err)
	case !c.Oldest.IsZero() && time.Since(c.Oldest) > contractWait:
		return warn("contracts", "%d transactional mails wait, the oldest since %s; GET /api/v1/transactional?state=deferred says why", c.Waiting, c.Oldest.Format(time.RFC3339))
	case c.Failed > 0:
		return warn("contracts", "%d transactional mails of the last day failed; GET /api/v1/transactional?state=failed says why", c.Failed)
	}
	return ok("contracts", "%d transactional mails wait, none of the last day failed", c.Waiting)
}

// contractWait is from when on a waiting transactional mail is worth a word.
const contractWait = time.Hour

// checkJobs tells which background work fails, and why.
func checkJobs(ctx context.Context, st *store.Store) finding {
	jobs, err := allJobs(ctx, st)
	if err != nil {
		return warn("jobs", "they can't be read (%v); akkoord migrate brings the database up to date", err)
	}
	var failing []string
	var last time.Time
	for _, j := range jobs {
		if j.EndedAt.After(last) {
			last = j.EndedAt
		}
		name := strings.TrimSpace(string(j.Kind) + " " + j.Key)
		switch {
		case j.State == akkoord.JobFailed:
			failing = append(failing, fmt.Sprintf("%s was given up on %s: %s", name, j.EndedAt.Format(time.RFC3339), j.Error))
		case j.Attempts > 0:
			failing = append(failing, fmt.Sprintf("%s failed (%d in a row), tried again from %s: %s", name, j.Attempts, j.RunAt.Format(time.RFC3339), j.Error))
		}
	}
	switch {
	case len(failing) > 0:
		return warn("jobs", "%s", strings.Join(failing, "; "))
	case last.IsZero():
		return ok("jobs", "none was run yet")
	}
	return ok("jobs", "none fails; the last one ended at %s", last.Format(time.RFC3339))
}

func allJobs(ctx context.Context, st *store.Store) ([]akkoord.Job, error) {
	var all []akkoord.Job
	p := akkoord.Page{}
	for {
		jobs, next, err := st.Jobs(ctx, p)
		if err != nil {
			return nil, err
		}
		all = append(all, jobs...)
		if next == 0 {
			return all, nil
		}
		p.After = next
	}
}

// checkBackup tells how old the last backup is that proved itself (P36).
func checkBackup(ctx context.Context, s *site, st *store.Store) finding {
	last, err := st.LastBackup(ctx)
	may, unknown := st.MayProveBackups(ctx)
	switch {
	case unknown == nil && !may:
		return warn("backup", "none can prove itself, since the user of the database may make no database: ALTER ROLE … CREATEDB, then akkoord backup FILE, every night")
	case err != nil:
		return warn("backup", "it can't be read when the last one was made (%v)", err)
	case last.IsZero():
		return warn("backup", "none was made yet that proved itself: akkoord backup FILE, every night")
	case s.backups > 0:
		if err := backedUp(last, s.backups, time.Now()); err != nil {
			return warn("backup", "%v", err)
		}
	}
	return ok("backup", "the last one that proved itself is of %s", last.Format(time.RFC3339))
}
