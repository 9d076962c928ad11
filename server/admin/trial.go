package admin

import (
	"context"

	"akkoord"
	"akkoord/templates"
)

// trial shows the test of a mailing's variants. It comes after the audience.
func (s *Site) trial(ctx context.Context, page *templates.MailingPage, m akkoord.Mailing) error {
	if m.Trial == nil {
		return nil
	}
	arms, _, err := s.cfg.Store.TrialFigures(ctx, m)
	if err != nil {
		return err
	}
	people := page.Progress.Total
	if m.StartedAt.IsZero() {
		people = page.AudienceAllowed
	}
	t := &templates.TrialFacts{Measure: string(m.Trial.Measure), Share: m.Trial.Share, Wait: m.Trial.Waits(), Started: !m.StartedAt.IsZero()}
	counting, err := s.cfg.Store.TrialCounts(ctx, m, int64(people))
	if err != nil {
		return err
	}
	t.Each, _ = m.Trial.Foretell(int64(people), len(m.Variants))
	found := 1.0
	if t.Counting, found = m.Trial.Foretell(counting, len(m.Variants)); found < 1 {
		t.Detectable = 100 * found
	}
	if d := m.Decision; d != nil {
		t.Code, t.Winner, t.At = string(d.Code), m.Variants[d.Winner].Name, d.At
	}
	for i, f := range arms {
		r, low, high := m.Trial.Measure.Seen(f)
		t.Arms = append(t.Arms, templates.TrialArm{Name: m.Variants[i].Name, Sent: f.Sent, Waited: f.Waited, Counted: f.Counted, Left: f.Left, Few: r < 0, Rate: 100 * r, Low: 100 * low, High: 100 * high})
	}
	page.Trial = t
	return nil
}
