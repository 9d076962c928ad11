package admin

import (
	"cmp"
	"context"

	"akkoord"
	"akkoord/templates"
)

// plan shows when a mailing goes out and how fast, and when it will be done.
func (s *Site) plan(ctx context.Context, page *templates.MailingPage, m akkoord.Mailing) error {
	p := m.Plan
	page.Plan = templates.PlanFacts{
		SendAt: m.SendAt, Zone: p.Location().String(), ZoneAttribute: p.ZoneAttribute, Named: p.Zone != "" || !p.Hours.All(),
		PerHour: p.Cap.Hour, PerDay: p.Cap.Day, Missed: string(p.Missed),
	}
	if !p.Hours.All() {
		page.Plan.From, page.Plan.Until, page.Plan.Days = cmp.Or(p.Hours.From, "00:00"), cmp.Or(p.Hours.Until, "24:00"), p.Hours.Days
	}
	if page.Plan.Missed == "" && !m.SendAt.IsZero() {
		page.Plan.Missed = string(akkoord.MissedAsk)
	}
	if m.State != akkoord.MailingSending {
		return nil
	}
	left := int64(page.Progress.Open + page.Progress.Deferred)
	c, err := s.cfg.Store.Course(ctx, m, left, page.Progress.Rate)
	if err != nil || left == 0 {
		return err
	}
	at, why := c.End(s.cfg.Now())
	page.Plan.End = at
	for _, b := range why {
		key := string(b.Code)
		if b.Scope != "" {
			key += "_" + string(b.Scope)
		}
		page.Plan.Why = append(page.Plan.Why, templates.Brake{Key: key, Number: b.Number, Step: b.Step, Until: b.Until})
	}
	return nil
}
