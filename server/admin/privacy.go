package admin

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"akkoord"
	"akkoord/server/deliver"
	"akkoord/server/records"
	"akkoord/templates"
)

// Privacy is what the pages of the privacy officer ask of the database.
type Privacy interface {
	records.Store
	Desk(ctx context.Context) (akkoord.Desk, error)
	// AuditCount counts the lines of the audit trail since a time.
	AuditCount(ctx context.Context, since time.Time) (int64, error)
	// LedgerHead gives the last signed line of the ledger, or NotFound.
	LedgerHead(ctx context.Context) (akkoord.Head, error)
	CheckLedger(ctx context.Context, actor akkoord.Actor) (akkoord.LedgerCheck, error)
	LedgerChecks(ctx context.Context, p akkoord.Page) (checks []akkoord.LedgerCheck, next int64, err error)
	LastBackup(ctx context.Context) (time.Time, error)
}

const privacyPrefix = Prefix + "/privacy"

// privacy is the index: what waits, each a link.
func (s *Site) privacy(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx := r.Context()
	page := templates.DeskPage{Admin: s.frame(r, v, "privacy"), SeesHead: v.user.Role.May(akkoord.ReadAudit), SeesGrants: v.user.Role.May(akkoord.ManageGrants)}
	items, err := s.waiting(ctx, v)
	if err != nil {
		return err
	}
	page.Items = items
	if !page.SeesHead {
		return s.page(w, v, http.StatusOK, page)
	}
	y, m, d := s.cfg.Now().In(s.home).Date()
	lines, err := s.cfg.Store.AuditCount(ctx, time.Date(y, m, d, 0, 0, 0, 0, s.home))
	if err != nil {
		return err
	}
	page.Items = append(page.Items, templates.DeskItem{Key: "audit", URL: privacyPrefix + "/audit", Count: int(lines)})
	head, err := s.cfg.Store.LedgerHead(ctx)
	if err != nil && akkoord.KindOf(err) != akkoord.NotFound {
		return err
	}
	page.HeadSeq, page.HeadAt = int(head.Seq), head.At
	page.BackupAt, err = s.cfg.Store.LastBackup(ctx)
	if page.BackupUnread, err = s.unread(ctx, err); err != nil {
		return err
	}
	return s.page(w, v, http.StatusOK, page)
}

// waiting counts what waits for somebody, as far as a role may see it.
func (s *Site) waiting(ctx context.Context, v visit) ([]templates.DeskItem, error) {
	d, err := s.cfg.Store.Desk(ctx)
	if err != nil {
		return nil, err
	}
	parties, err := akkoord.AllPages(ctx, s.cfg.Store.Processors)
	if err != nil {
		return nil, err
	}
	now, expiring, invalid := s.cfg.Now(), int64(0), int64(0)
	for _, p := range parties {
		if p.Expiring(now) {
			expiring++
		} else if p.EndedAt.IsZero() && len(p.Obstacles(now)) > 0 {
			invalid++
		}
	}
	var out []templates.DeskItem
	tell := func(right akkoord.Right, key, path, mark string, n int64) {
		if v.user.Role.May(right) {
			out = append(out, templates.DeskItem{Key: key, URL: privacyPrefix + path, Count: int(n), Mark: mark})
		}
	}
	add := func(right akkoord.Right, key, path, mark string, n int64) {
		if n == 0 {
			mark = ""
		}
		tell(right, key, path, mark, n)
	}
	soon := ""
	if d.Soon > 0 {
		soon = "warn"
	}
	if v.user.Role.May(akkoord.ManageGrants) {
		current, err := s.cfg.Store.CurrentGrants(ctx)
		if err != nil {
			return nil, err
		}
		var glass, reviews int64
		for _, g := range current {
			switch {
			case g.ReviewDue(now) && g.BreakGlass:
				glass++
			case g.ReviewDue(now):
				reviews++
			}
		}
		add(akkoord.ManageGrants, "break_glass", "/access", "bad", glass)
		add(akkoord.ManageGrants, "reviews", "/access", "warn", reviews)
	}
	asked, err := s.cfg.Store.WaitingApprovals(ctx, v.user.Actor())
	if err != nil {
		return nil, err
	}
	if asked > 0 {
		add(akkoord.ErasePeople, "approvals", "/approvals", "warn", asked)
	}
	add(akkoord.ReadPeople, "open", "/requests?state=open", soon, d.Open)
	add(akkoord.ReadPeople, "overdue", "/requests?state=open", "bad", d.Overdue)
	add(akkoord.ReadRecords, "notices", "/notices", "warn", d.Notices)
	add(akkoord.ReadRecords, "late_notices", "/notices", "bad", d.OverdueNotices)
	add(akkoord.ReadRecords, "expiring", "/processors", "warn", expiring)
	add(akkoord.ReadRecords, "invalid", "/processors", "bad", invalid)
	if d.DrillDue(now) {
		tell(akkoord.ReadRecords, "drill", "/backups", "warn", 0)
	}
	last, err := s.cfg.Store.LastBackup(ctx) // one that can't be read is told by /readyz and the doctor
	if err == nil && akkoord.BackupLate(last, s.cfg.Setup.BackupAge, now) {
		tell(akkoord.ReadRecords, "backup_old", "/backups", "bad", 0)
	}
	add(akkoord.ReadAudit, "breaches", "/breaches", "bad", d.UnreportedBreaches)
	if !v.user.Role.May(akkoord.ManageWebhooks) {
		return out, nil
	}
	hooks, err := s.cfg.Store.Webhooks(ctx)
	if paused := akkoord.PausedWebhooks(hooks); paused > 0 {
		out = append(out, templates.DeskItem{Key: "webhooks", URL: webhooksPath, Count: paused, Mark: "bad"})
	}
	return out, err
}

// attention is what of waiting stands on the start page: what is late, or
// soon will be.
func (s *Site) attention(ctx context.Context, v visit) ([]templates.DeskItem, error) {
	if !v.user.Role.May(akkoord.ReadRecords) {
		return nil, nil
	}
	items, err := s.waiting(ctx, v)
	var out []templates.DeskItem
	for _, i := range items {
		if i.Mark != "" {
			out = append(out, i)
		}
	}
	return out, err
}

// records shows the record of processing (M29), or gives it as PDF.
func (s *Site) records(w http.ResponseWriter, r *http.Request, v visit) error {
	now, err := records.Read(r.Context(), s.cfg.Store, deliver.Setup(s.cfg.Setup, s.cfg.Delivering), s.cfg.Sender(), s.cfg.Now())
	if err != nil {
		return err
	}
	record := s.cfg.Pages.Record(v.locale, now)
	if r.URL.Query().Get("format") != "pdf" {
		return s.page(w, v, http.StatusOK, templates.RecordsPage{Admin: s.frame(r, v, "privacy"), Record: record, PDF: r.URL.Path + "?format=pdf"})
	}
	file, err := records.PDF(s.cfg.Pages, record)
	if err != nil {
		return err
	}
	attach(w, "application/pdf", "records-of-processing.pdf")
	_, _ = w.Write(file) // the reader may have gone
	return nil
}

func attach(w http.ResponseWriter, contentType, name string) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
}

// names gives how actors are told on pages.
func (s *Site) names(ctx context.Context, actors ...akkoord.Actor) (func(akkoord.Actor) string, error) {
	var all []string
	for _, a := range actors {
		all = append(all, string(a))
	}
	names, err := s.cfg.Store.PublicNames(ctx, all)
	return func(a akkoord.Actor) string { return cmp.Or(names[string(a)], string(a)) }, err
}

// when reads a field of a time, by the clock that pages show times by; an empty one
// is zero.
func (s *Site) when(field, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, form := range []string{gateTime, gateTime + ":05"} {
		if at, err := time.ParseInLocation(form, text, s.home); err == nil {
			return at, nil
		}
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day, nil // a day is the same everywhere
	}
	return time.Time{}, akkoord.Fieldf(field, "time_unreadable", "The time is written like 2026-11-24T09:30.")
}
