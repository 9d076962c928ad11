package admin

import (
	"context"

	"akkoord"
	"akkoord/server/figures"
	"akkoord/templates"
)

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
		for _, key := range figures.MostFirst(g.counts) {
			group.Rows = append(group.Rows, templates.LeavingRow{Key: key, Count: int(g.counts[key])})
		}
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
