package admin

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"

	"akkoord"
	"akkoord/templates"
)

// leavable gives the purposes that somebody can leave.
func (s *Site) leavable(ctx context.Context, v visit, st akkoord.Standing) ([]templates.Option, error) {
	var out []templates.Option
	for _, sub := range st.Subscriptions {
		if sub.State != akkoord.Active && sub.State != akkoord.Pending && sub.State != akkoord.Held {
			continue
		}
		p, err := s.cfg.Store.PurposeByID(ctx, sub.PurposeID)
		if err != nil {
			return nil, err
		}
		out = append(out, templates.Option{Value: p.Slug, Name: p.Text(v.locale).Name})
	}
	return out, nil
}

// withdraw records that a person told staff that they leave (M13): a purpose, or
// everything where none is named.
func (s *Site) withdraw(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	id, err := akkoord.ParseID(r.PathValue("id"))
	if err != nil {
		return err
	}
	purpose, err := s.purposeNumber(r.Context(), r.PostForm.Get("purpose"))
	if err == nil {
		o := v.origin()
		err = s.cfg.Store.Withdraw(r.Context(), id, purpose, r.PostForm.Get("reason"), o)
	}
	return s.done(w, r, err, "withdrawn", Prefix+"/people/"+id.String())
}

// purposeNumber gives the number of a purpose by its slug; 0 for none.
func (s *Site) purposeNumber(ctx context.Context, slug string) (int64, error) {
	if slug == "" {
		return 0, nil
	}
	all, err := s.cfg.Store.Purposes(ctx)
	if err != nil {
		return 0, err
	}
	for _, p := range all {
		if p.Slug == slug {
			return p.ID, nil
		}
	}
	return 0, akkoord.Fieldf("purpose", "purpose_unknown", "There is no such purpose.")
}

// leavings gives the figures of those who left by a mailing's links, the most
// first.
func (s *Site) leavings(ctx context.Context, m akkoord.Mailing) ([]templates.LeavingGroup, error) {
	l, err := s.cfg.Store.Leavings(ctx, m.ID)
	if err != nil {
		return nil, err
	}
	var out []templates.LeavingGroup
	for _, g := range []struct {
		by     string
		counts map[string]int64
	}{{"scope", l.Scopes}, {"place", l.Places}, {"reason", l.Reasons}} {
		group := templates.LeavingGroup{By: g.by}
		for _, key := range slices.Sorted(maps.Keys(g.counts)) {
			group.Rows = append(group.Rows, templates.LeavingRow{Key: key, Count: int(g.counts[key])})
		}
		slices.SortStableFunc(group.Rows, func(a, b templates.LeavingRow) int { return cmp.Compare(b.Count, a.Count) })
		if len(group.Rows) > 0 {
			out = append(out, group)
		}
	}
	return out, nil
}

// warnings gives what of a mailing's reports is more than it should be (D.4).
func (s *Site) warnings(ctx context.Context, m akkoord.Mailing) ([]templates.ReportWarning, error) {
	reports, err := s.cfg.Store.Reports(ctx, m.ID)
	if err != nil {
		return nil, err
	}
	counts, _, err := s.cfg.Figures.Counts(ctx, m)
	var out []templates.ReportWarning
	for _, e := range reports.Excesses(counts) {
		out = append(out, templates.ReportWarning{Code: e.Code, Number: int(e.N), Of: int(e.Sent), PauseAt: int(e.PauseAt), Per: 10000})
	}
	return out, err
}
