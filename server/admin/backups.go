package admin

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"akkoord"
	"akkoord/templates"
)

// Backing tells which backups proved themselves, and keeps the register of
// restore drills.
type Backing interface {
	Backups(ctx context.Context) ([]akkoord.Backup, error)
	// MayProveBackups reports whether a backup can be put back beside the database.
	MayProveBackups(ctx context.Context) (bool, error)
	Restorations(ctx context.Context, p akkoord.Page) (restored []akkoord.Restoration, next int64, err error)
	Drills(ctx context.Context, p akkoord.Page) (drills []akkoord.Drill, next int64, err error)
	AddDrill(ctx context.Context, actor akkoord.Actor, d akkoord.Drill) (akkoord.Drill, error)
}

const backupsPath = privacyPrefix + "/backups"

// restoredShown is how many restores in earnest the page shows.
const restoredShown = 10

// unread keeps pages open where what is known of backups can't be read: why is in the log.
func (s *Site) unread(ctx context.Context, err error) (bool, error) {
	if !errors.Is(err, akkoord.ErrBackupsUnread) {
		return false, err
	}
	s.cfg.Log.ErrorContext(ctx, "what is known of backups can't be read", "error", err)
	return true, nil
}

// backups shows what is known of backups, and which of them were put back.
func (s *Site) backups(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx, now := r.Context(), s.cfg.Now()
	page := templates.BackupsPage{Admin: s.frame(r, v, "privacy"), MostAge: templates.Span(s.cfg.Setup.BackupAge), DrillAge: templates.Span(akkoord.DrillAge), Now: now.In(s.home).Format(gateTime)}
	made, err := s.cfg.Store.Backups(ctx)
	if page.Unread, err = s.unread(ctx, err); err != nil {
		return err
	}
	may, err := s.cfg.Store.MayProveBackups(ctx)
	if err != nil {
		return err
	}
	page.Unproven = !may
	for _, b := range made {
		page.Made = append(page.Made, templates.BackupRow{At: b.At, People: int(b.People), Lines: int(b.Lines)})
	}
	if len(made) > 0 {
		page.Age, page.Late = templates.Span(now.Sub(made[0].At)), akkoord.BackupLate(made[0].At, s.cfg.Setup.BackupAge, now)
		page.CopyAt = made[0].At.In(s.home).Format(gateTime)
	}
	desk, err := s.cfg.Store.Desk(ctx)
	if err != nil {
		return err
	}
	page.LastGood, page.DrillDue = desk.GoodDrill, desk.DrillDue(now)
	restored, _, err := s.cfg.Store.Restorations(ctx, akkoord.Page{Limit: restoredShown})
	if err != nil {
		return err
	}
	drills, next, err := s.cfg.Store.Drills(ctx, after(r))
	if err != nil {
		return err
	}
	who, err := s.access(ctx, v)
	if err != nil {
		return err
	}
	for _, x := range restored {
		page.Restored = append(page.Restored, templates.RestoredRow{At: x.At, BackupAt: x.BackupAt, Reason: string(x.Reason), ReleasedAt: x.ReleasedAt, ReleasedBy: who.name(x.ReleasedBy)})
	}
	for _, d := range drills {
		row := templates.DrillRow{At: d.At, CopyAt: d.CopyAt, MadeAt: d.MadeAt, By: who.name(d.MadeBy), Place: d.Place, Took: d.Took, Fault: d.Fault, Remark: d.Remark}
		for _, step := range akkoord.DrillSteps {
			row.Steps = append(row.Steps, templates.DrillStep{Key: string(step), Done: d.Checked(step)})
		}
		page.Drills = append(page.Drills, row)
	}
	if next != 0 {
		page.Next = "?after=" + strconv.FormatInt(next, 10)
	}
	if v.user.Role.May(akkoord.ChangeRegister) {
		page.Add = backupsPath
	}
	for _, step := range akkoord.DrillSteps {
		page.Steps = append(page.Steps, string(step))
	}
	return s.page(w, v, http.StatusOK, page)
}

func (s *Site) addDrill(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	d, err := s.typedDrill(r.PostForm)
	if err == nil {
		_, err = s.cfg.Store.AddDrill(r.Context(), v.user.Actor(), d)
	}
	return s.done(w, r, err, "saved", backupsPath)
}

// typedDrill reads the form of a restore drill. What went wrong counts where it
// did not go well.
func (s *Site) typedDrill(in url.Values) (d akkoord.Drill, err error) {
	d.Place, d.Remark = in.Get("place"), in.Get("remark")
	for _, step := range akkoord.DrillSteps {
		if slices.Contains(in["steps"], string(step)) {
			d.Steps = append(d.Steps, step)
		}
	}
	if d.At, err = s.when("at", in.Get("at")); err != nil {
		return d, err
	}
	if d.CopyAt, err = s.when("copy_at", in.Get("copy_at")); err != nil {
		return d, err
	}
	if minutes, err := strconv.ParseInt(in.Get("minutes"), 10, 64); err == nil { // what is no number is refused as none
		d.Took = akkoord.DrillTook(minutes)
	}
	switch in.Get("outcome") {
	case "good":
		d.Good = true
	case "bad":
		d.Fault = in.Get("fault")
	default:
		return d, akkoord.Fieldf("outcome", "drill_outcome", "Say whether it went well.")
	}
	return d, nil
}
