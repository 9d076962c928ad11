package admin

import (
	"cmp"
	"context"

	"akkoord"
	"akkoord/templates"
)

// Serial tells of the people of mailings of series.
type Serial interface {
	// TriggerFigures gives how many people a mailing of a series has before it.
	TriggerFigures(ctx context.Context, m akkoord.Mailing) (akkoord.TriggerFigures, error)
	// UnsubscribedBy counts the people who left by a link of a mailing.
	UnsubscribedBy(ctx context.Context, mailingID int64) (int64, error)
}

// triggerForm gives the form of a trigger as it is stored.
func triggerForm(t *akkoord.MailingTrigger) templates.TriggerForm {
	if t == nil {
		return templates.TriggerForm{}
	}
	f := templates.TriggerForm{On: string(t.On), Days: numeral(t.Days), Hours: numeral(t.Hours), Attribute: t.Attribute, At: t.At, Every: t.Every(), Topic: t.Topic, Past: t.Past, Filtered: t.Filter != nil}
	if !t.Mailing.IsZero() {
		f.Mailing = t.Mailing.String()
	}
	return f
}

// readTrigger gives the trigger that was typed, with the filter of the one there
// was: the form has none. What belongs to other occasions is left out.
func readTrigger(f templates.TriggerForm, was *akkoord.MailingTrigger) (*akkoord.MailingTrigger, error) {
	if f.On == "" {
		return nil, nil
	}
	t := &akkoord.MailingTrigger{On: akkoord.TriggerOn(f.On), Past: f.Past}
	if was != nil {
		t.Filter = was.Filter
	}
	var err error
	if t.Days, err = whole("trigger.days", f.Days); err != nil {
		return nil, err
	}
	switch t.On {
	case akkoord.OnDate:
		t.Attribute, t.At, t.Yearly = f.Attribute, f.At, f.Every != ""
		return t, nil
	case akkoord.OnInactive:
		return t, nil
	case akkoord.OnClicked:
		t.Topic = f.Topic
	case akkoord.OnMailing:
		if f.Mailing != "" {
			if t.Mailing, err = akkoord.ParseID(f.Mailing); err != nil {
				return nil, akkoord.Fieldf("trigger.mailing", "mailing_unknown", "There is no such mailing in this campaign.")
			}
		}
	}
	t.Hours, err = whole("trigger.hours", f.Hours)
	return t, err
}

// choices adds to an editor what a plan and a trigger can name, and how many
// people the trigger has before it.
func (s *Site) choices(ctx context.Context, page *templates.EditPage, m akkoord.Mailing, c akkoord.Campaign) error {
	attributes, err := s.cfg.Store.Attributes(ctx)
	if err != nil {
		return err
	}
	for _, a := range attributes {
		switch {
		case a.PurposeID != c.PurposeID:
		case a.Type == akkoord.AttributeDate:
			page.Dates = append(page.Dates, a.Slug)
		case a.Type == akkoord.AttributeText:
			page.Zones = append(page.Zones, a.Slug)
		}
	}
	if page.Interests, err = s.cfg.Store.Interests(ctx); err != nil {
		return err
	}
	others, err := s.allMailings(ctx, c.ID)
	if err != nil {
		return err
	}
	for _, o := range others {
		if o.Trigger != nil && o.ID != m.ID {
			page.Before = append(page.Before, templates.Option{Value: o.PublicID.String(), Name: title(o)})
		}
	}
	figures, err := s.cfg.Store.TriggerFigures(ctx, m)
	page.Running, page.Past, page.Step = m.Runs(), int(figures.Past), int(figures.Step)
	return err
}

// triggerLine says what a mailing waits for; before is the subject of the one
// before it.
func triggerLine(t akkoord.MailingTrigger, before string) templates.TriggerLine {
	line := templates.TriggerLine{Key: string(t.On), Days: max(t.Days, -t.Days), Hours: t.Hours, Name: t.Topic}
	switch {
	case t.On == akkoord.OnDate:
		line.Name, line.At, line.Year = t.Attribute, cmp.Or(t.At, "12:00"), t.Year
		if t.Days < 0 {
			line.Key += "_before"
		}
		if t.Days > 0 {
			line.Key += "_after"
		}
		if t.Yearly {
			line.Key += "_yearly"
		}
	case t.On != akkoord.OnInactive && t.Delay() == 0:
		line.Key += "_now"
	}
	if t.On == akkoord.OnMailing {
		line.Name = before
	}
	return line
}

// seriesFacts counts the people of a mailing of a series.
func (s *Site) seriesFacts(ctx context.Context, m akkoord.Mailing) (templates.SeriesFacts, error) {
	out := templates.SeriesFacts{Takes: m.Trigger.Past, Runs: m.Runs()}
	figures, err := s.cfg.Store.TriggerFigures(ctx, m)
	if err != nil {
		return out, err
	}
	out.Past, out.Waits, out.Step = int(figures.Past), figures.Waiting != nil, int(figures.Step)
	if out.Waits {
		out.Waiting = int(*figures.Waiting)
	}
	if len(m.Versions) > 0 {
		out.Version = m.Latest() + 1
	}
	if m.StartedAt.IsZero() {
		return out, nil
	}
	left, err := s.cfg.Store.UnsubscribedBy(ctx, m.ID)
	out.Left = int(left)
	return out, err
}

// ofSeries adds to a mailing's page what it waits for.
func (s *Site) ofSeries(ctx context.Context, page *templates.MailingPage, m akkoord.Mailing) error {
	if m.Trigger == nil {
		return nil
	}
	before := ""
	if !m.Trigger.Mailing.IsZero() {
		b, err := s.cfg.Store.Mailing(ctx, m.Trigger.Mailing)
		if err != nil {
			return err
		}
		before = b.Title()
	}
	line := triggerLine(*m.Trigger, before)
	page.Trigger = &line
	var err error
	page.Series, err = s.seriesFacts(ctx, m)
	return err
}

// timeline gives the mailings of a series, each after the one that it waits for,
// and the others of the list.
func (s *Site) timeline(ctx context.Context, all []akkoord.Mailing) (line []templates.SeriesRow, others []akkoord.Mailing, err error) {
	here, after := map[akkoord.ID]string{}, map[akkoord.ID][]akkoord.Mailing{}
	for _, m := range all {
		if m.Trigger != nil {
			here[m.PublicID] = title(m)
		}
	}
	for _, m := range all {
		if m.Trigger == nil {
			others = append(others, m)
			continue
		}
		before := m.Trigger.Mailing
		if here[before] == "" {
			before = akkoord.ID{} // it is on another page, or waits for none
		}
		after[before] = append(after[before], m)
	}
	var add func(of akkoord.ID) error
	add = func(of akkoord.ID) error {
		for _, m := range after[of] {
			row := templates.SeriesRow{Trigger: triggerLine(*m.Trigger, cmp.Or(here[m.Trigger.Mailing], "–"))}
			if row.MailingRow, err = s.row(ctx, m, len(line) < shown); err != nil {
				return err
			}
			if len(line) < shown {
				if row.SeriesFacts, err = s.seriesFacts(ctx, m); err != nil {
					return err
				}
			}
			line = append(line, row)
			if err := add(m.PublicID); err != nil {
				return err
			}
		}
		return nil
	}
	err = add(akkoord.ID{})
	return line, others, err
}

// mayEdit reports whether a user may open the editor of a mailing: what runs goes
// out as it is saved.
func mayEdit(m akkoord.Mailing, role akkoord.Role) bool {
	return m.State == akkoord.MailingDraft && role.May(akkoord.WriteMailings) || m.Runs() && role.May(akkoord.SendMailings)
}

// checkRunning refuses words of a running mailing that could not be sent.
func (s *Site) checkRunning(ctx context.Context, m akkoord.Mailing) error {
	if !m.Runs() {
		return nil
	}
	why, err := s.cfg.Mail.Obstacles(ctx, m.Draft(), s.cfg.Sender())
	return cmp.Or(err, refusal(why))
}

// typedTrigger reads what was typed, word for word.
func typedTrigger(line func(string) string, past bool) templates.TriggerForm {
	return templates.TriggerForm{
		On: line("on"), Days: line("delay"), Hours: line("delay_hours"), Mailing: line("before"), Attribute: line("date"), At: line("clock"), Every: line("every"), Topic: line("topic"), Past: past,
	}
}
