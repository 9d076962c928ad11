package store

import (
	"context"
	"strconv"
	"time"

	"akkoord"
)

// occasion is a place in the order in which people of a trigger are looked for:
// by the time of their occasion, or its day.
type occasion struct {
	at     int64
	day    string
	person int64
}

// dueList are people whose time has come.
type dueList struct {
	people []int64
	last   occasion
	more   bool
}

// occasions are the people of a trigger, as the part of a query from FROM on: of
// its campaign's purpose, whom the gate would let pass, in segment and filter,
// and without a delivery of the mailing.
type occasions struct {
	text       string
	at, person string // expressions
	args       []any
}

func (o *occasions) bind(v any) string {
	o.args = append(o.args, v)
	return "$" + strconv.Itoa(len(o.args))
}

// span are the occasions between two, both included: times in microseconds, or of
// akkoord.OnDate days as texts.
type span struct{ from, to any }

// occasionsOf gives the people of a mailing's trigger whose occasions lie in a
// span. silent is the time since when those of akkoord.OnInactive gave no sign.
func occasionsOf(q querier, m akkoord.Mailing, s span, silent, now time.Time) (*occasions, error) {
	c, err := scanCampaign(q.queryRow(campaignQuery+` WHERE id = $1`, m.CampaignID))
	if err != nil {
		return nil, err
	}
	t := m.Trigger
	o := &occasions{at: "e.at", person: "e.subscriber_id"}
	purpose := o.bind(c.PurposeID)
	var source, where string
	switch t.On {
	case akkoord.OnConfirmed: // by a form: neither an import nor new words make a newcomer
		source = `consent_event e JOIN subscription x ON x.subscriber_id = e.subscriber_id AND x.purpose_id = e.purpose_id AND x.request = e.request`
		where = `e.purpose_id = ` + purpose + ` AND e.kind = 'confirmed' AND e.form_version_id > 0`
	case akkoord.OnMailing:
		o.at = "e.updated_at"
		source = `delivery e JOIN subscription x ON x.subscriber_id = e.subscriber_id AND x.purpose_id = ` + purpose
		where = `e.mailing_id = (SELECT b.id FROM mailing b WHERE b.public_id = ` + o.bind(t.Mailing[:]) + `) AND e.series = 1 AND e.state = 2`
	case akkoord.OnClicked:
		o.at = "e.first_at"
		source = `link l JOIN click e ON e.link_id = l.id JOIN subscription x ON x.subscriber_id = e.subscriber_id AND x.purpose_id = l.purpose_id`
		where = `l.purpose_id = ` + purpose + ` AND l.topic = ` + o.bind(t.Topic) + ` AND e.machine = 0`
	case akkoord.OnDate:
		o.at = "e.value"
		source = `subscriber_attribute e JOIN subscription x ON x.subscriber_id = e.subscriber_id AND x.purpose_id = ` + purpose
		where = `e.attribute_id = (SELECT a.id FROM attribute a WHERE a.slug = ` + o.bind(t.Attribute) + `)`
		if t.Yearly { // found by the index of days, whose condition this has
			o.at = "substr(e.value, 6, 5)"
			where += ` AND length(e.value) = 10 AND substr(e.value, 5, 1) = '-' AND substr(e.value, 8, 1) = '-' AND e.value <= ` + o.bind(t.LastDate())
			from, to := t.DaysWithin(s.from.(string), s.to.(string))
			s = span{from, to}
		}
	default:
		from, to, since := o.bind(s.from), o.bind(s.to), o.bind(micros(silent))
		source = `(SELECT subscriber_id, at FROM activity WHERE purpose_id = ` + purpose + ` AND at >= ` + from + ` AND at <= ` + to + `
			UNION ALL SELECT subscriber_id, at FROM consent_event WHERE purpose_id = ` + purpose + ` AND kind = 'confirmed' AND at >= ` + from + ` AND at <= ` + to + `) AS e
			JOIN subscription x ON x.subscriber_id = e.subscriber_id AND x.purpose_id = ` + purpose
		where = `x.tracking > 0 AND x.tracking <= ` + since + ` AND x.since <= ` + since + ` AND x.renewed <= ` + since + `
			AND NOT EXISTS (SELECT 1 FROM activity a WHERE a.subscriber_id = x.subscriber_id AND a.purpose_id = x.purpose_id AND a.at > ` + since + `)`
	}
	o.text = ` FROM ` + source + ` JOIN subscriber s ON s.id = x.subscriber_id WHERE ` + where +
		` AND ` + o.at + ` >= ` + o.bind(s.from) + ` AND ` + o.at + ` <= ` + o.bind(s.to) + `
		AND x.state = 'active' AND s.paused_until <= ` + o.bind(micros(now)) + ` AND NOT ` + unfounded + ` AND NOT ` + outgrown + `
		AND NOT EXISTS (SELECT 1 FROM suppression k WHERE k.hash = s.email_hash AND k.kind <> 'blocked')
		AND NOT EXISTS (SELECT 1 FROM campaign_leave l WHERE l.subscriber_id = x.subscriber_id AND l.campaign_id = ` + o.bind(c.ID) + `)
		AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.mailing_id = ` + o.bind(m.ID) + ` AND d.subscriber_id = x.subscriber_id)`
	return o, o.narrow(q, m, c, now)
}

// narrow asks segment and filter too.
func (o *occasions) narrow(q querier, m akkoord.Mailing, c akkoord.Campaign, now time.Time) error {
	segment, err := chosenBy(q, m, c)
	if err != nil {
		return err
	}
	both := akkoord.Filter{Kind: akkoord.FilterAll, Of: []akkoord.Filter{segment}}
	if m.Trigger.Filter != nil {
		both.Of = append(both.Of, *m.Trigger.Filter)
	}
	condition, args, err := compileFilter(q, both, c.PurposeID, now, o.args)
	o.text, o.args = o.text+` AND `+condition, args
	return err
}

// dueOf gives people whose time has come at now, those after from first. Memory
// and time go by how many they are, and by those of the last hour.
func dueOf(q querier, m akkoord.Mailing, now time.Time, from occasion) (dueList, error) {
	var out dueList
	if m.Trigger == nil {
		return out, nil
	}
	after := m.Reach.After(now)
	if m.Trigger.On == akkoord.OnDate {
		return dueOnDay(q, m, now, after, from)
	}
	delay := m.Trigger.Delay()
	o, err := occasionsOf(q, m, span{micros(firstOccasion(m, after)), micros(now.Add(-delay))}, now.Add(-delay), now)
	if err != nil {
		return out, err
	}
	rows, err := q.query(`SELECT `+o.at+`, `+o.person+o.text+` AND (`+o.at+`, `+o.person+`) > (`+o.bind(from.at)+`, `+o.bind(from.person)+`)
		ORDER BY `+o.at+`, `+o.person+` LIMIT `+o.bind(seriesStep), o.args...)
	err = each(rows, err, func(r row) error {
		err := r.Scan(&out.last.at, &out.last.person)
		out.people = append(out.people, out.last.person)
		return err
	})
	out.more = len(out.people) == seriesStep
	return out, err
}

// firstOccasion is the first time of an occasion that may be due after a time, or at
// all where that is zero.
func firstOccasion(m akkoord.Mailing, after time.Time) time.Time {
	if after.IsZero() {
		return m.Reach.From
	}
	return latest(m.Reach.From, after.Add(-m.Trigger.Delay()))
}

// dueOnDay is dueOf for days, each of which begins where its person is.
func dueOnDay(q querier, m akkoord.Mailing, now, after time.Time, from occasion) (dueList, error) {
	var out dueList
	o, err := occasionsOf(q, m, daysDue(m.Trigger, after, now), now, now)
	if err != nil {
		return out, err
	}
	c, err := scanCampaign(q.queryRow(campaignQuery+` WHERE id = $1`, m.CampaignID))
	if err != nil {
		return out, err
	}
	zone, err := zoneAttribute(q, m.Plan, c.PurposeID)
	if err != nil {
		return out, err
	}
	seen := 0
	rows, err := q.query(`SELECT `+o.at+`, `+o.person+`, coalesce((SELECT z.value FROM subscriber_attribute z WHERE z.subscriber_id = x.subscriber_id AND z.attribute_id = `+o.bind(zone)+`), '')`+o.text+
		` AND (`+o.at+`, `+o.person+`) > (`+o.bind(from.day)+`, `+o.bind(from.person)+`) ORDER BY `+o.at+`, `+o.person+` LIMIT `+o.bind(seriesStep), o.args...)
	err = each(rows, err, func(r row) error {
		var name string
		if err := r.Scan(&out.last.day, &out.last.person, &name); err != nil {
			return err
		}
		seen++
		due := m.Trigger.DueOn(m.Trigger.DayOf(out.last.day), m.Plan.ZoneOf(name))
		if m.Reach.Takes(due, due, now) {
			out.people = append(out.people, out.last.person)
		}
		return nil
	})
	out.more = seen == seriesStep
	return out, err
}

// daysDue are the days that may be due somewhere between two times; from the
// first there is where after is zero.
func daysDue(t *akkoord.MailingTrigger, after, now time.Time) span {
	day := func(at time.Time, days int) string {
		return at.UTC().AddDate(0, 0, days-t.Days).Format(time.DateOnly)
	}
	s := span{"", day(now, 2)}
	if !after.IsZero() {
		s.from = day(after, -2)
	}
	return s
}

// CountLate counts the people of a running mailing of a series whose time has
// come and who are not in it yet; of days as the sender's clock has them.
func (s *Store) CountLate(ctx context.Context, m akkoord.Mailing) (int64, error) {
	now := s.cfg.Now()
	after := m.Reach.After(now)
	all := span{micros(firstOccasion(m, after)), micros(now.Add(-m.Trigger.Delay()))}
	if m.Trigger.On == akkoord.OnDate {
		all = span{daysDue(m.Trigger, after, now).from, s.dayDue(m, now)}
	}
	return s.countOccasions(ctx, m, all, now.Add(-m.Trigger.Delay()), now)
}

// dayDue is the last day whose time has come by the sender's clock.
func (s *Store) dayDue(m akkoord.Mailing, now time.Time) string {
	day := now.In(m.Plan.Location()).AddDate(0, 0, 1-m.Trigger.Days)
	for m.Trigger.DueOn(day.Format(time.DateOnly), m.Plan.Location()).After(now) {
		day = day.AddDate(0, 0, -1)
	}
	return day.Format(time.DateOnly)
}

// TriggerFigures gives how many people a mailing of a series has before it.
func (s *Store) TriggerFigures(ctx context.Context, m akkoord.Mailing) (akkoord.TriggerFigures, error) {
	out := akkoord.TriggerFigures{}
	if m.Trigger == nil {
		return out, nil
	}
	now, silent := s.cfg.Now(), s.cfg.Now().Add(-m.Trigger.Delay())
	var err error
	if m.StartedAt.IsZero() {
		trigger := *m.Trigger
		trigger.Year, m.Trigger = trigger.ThisYear(now), &trigger
		past := span{int64(0), micros(now)}
		switch m.Trigger.On {
		case akkoord.OnDate:
			past = span{"", s.dayDue(m, now)}
		case akkoord.OnInactive:
			past.to = micros(silent)
		}
		out.Past, err = s.countOccasions(ctx, m, past, silent, now)
		return out, err
	}
	if !m.Runs() || m.Trigger.On == akkoord.OnInactive {
		return out, nil
	}
	after := m.Reach.After(now)
	waiting := span{micros(firstOccasion(m, after)), micros(now)}
	if m.Trigger.On == akkoord.OnDate {
		waiting = span{daysDue(m.Trigger, after, now).from, endOfValues}
		if !after.IsZero() { // days whose time had passed before it began are never due
			waiting.from = s.dayDue(m, after)
		}
	}
	n, err := s.countOccasions(ctx, m, waiting, silent, now)
	out.Waiting = &n
	return out, err
}

func (s *Store) countOccasions(ctx context.Context, m akkoord.Mailing, in span, silent, now time.Time) (n int64, err error) {
	v := s.view(ctx)
	o, err := occasionsOf(v, m, in, silent, now)
	if err != nil {
		return 0, err
	}
	err = v.once(`SELECT count(DISTINCT `+o.person+`)`+o.text, o.args...).Scan(&n)
	return n, err
}
