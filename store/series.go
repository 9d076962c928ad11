package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"akkoord"
)

// seriesStep is how many people one commit takes into a mailing of a series.
const seriesStep = 500

// RunSeries is the run of a job of the kind akkoord.JobSeries: it takes the
// people whose time has come into the running mailings of series. After a long
// rest it pauses them instead, each with a sentence, unless its plan says
// otherwise: neither a clock that is wrong for a while nor a server that was away
// mails people late without somebody's yes (P20).
func (s *Store) RunSeries(ctx context.Context, j akkoord.Job) (time.Time, error) {
	ids, err := numbers(s.view(ctx), `SELECT id FROM mailing WHERE state = 'sending' AND trigger_on <> '' ORDER BY id`)
	if err != nil {
		return time.Time{}, err
	}
	now := s.cfg.Now()
	for _, id := range ids { // what is wrong with one holds up no other
		goesOn := true
		var failed error
		if !j.EndedAt.IsZero() {
			goesOn, failed = s.rested(ctx, id, now.Sub(j.EndedAt), now)
		}
		if failed == nil && goesOn {
			if failed = s.takeIn(ctx, id, now); failed == nil {
				failed = s.turnYear(ctx, id, now)
			}
		}
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("mailing %d: %w", id, failed))
		}
	}
	return time.Time{}, errors.Join(err, ctx.Err())
}

// rested does what a mailing's plan says about a time in which nobody looked. It
// reports whether the mailing goes on.
func (s *Store) rested(ctx context.Context, id int64, rest time.Duration, now time.Time) (goesOn bool, err error) {
	m, err := s.MailingByID(ctx, id)
	if err != nil {
		return false, err
	}
	switch m.Plan.WhenRested(rest) {
	case "", akkoord.MissedSend:
		return true, nil
	case akkoord.MissedSkip:
		return true, s.update(ctx, "skip of a series", func(t *tx) error {
			return errors.Join(
				t.exec(`UPDATE mailing SET from_due = $2, looked_at = $2 WHERE id = $1 AND state = 'sending'`, id, micros(now)),
				t.audit(akkoord.ActorSystem, "mailing.skip", named("mailing", m.PublicID.String()), ""))
		})
	}
	late, err := s.CountLate(ctx, m)
	if err != nil {
		return false, err
	}
	return false, s.update(ctx, "pause of a series", func(t *tx) error {
		m, err := loadMailing(t, mailingByID, id)
		if err != nil || m.State != akkoord.MailingSending {
			return err
		}
		m.Why = akkoord.StopLate(late)
		return t.move(akkoord.ActorSystem, &m, "pause")
	})
}

// takeIn takes the people whose time has come into a mailing, some in each
// commit. Nothing is written where there is nobody.
func (s *Store) takeIn(ctx context.Context, id int64, now time.Time) error {
	m, err := s.MailingByID(ctx, id)
	if err != nil {
		return err
	}
	took := false
	for from, more := (occasion{}), true; more; {
		due, err := dueOf(s.view(ctx), m, now, from)
		if err != nil {
			return err
		}
		if len(due.people) > 0 {
			took = true
			start := from
			err = s.update(ctx, "take into a series", func(t *tx) error {
				var err error
				due, err = t.takeStep(m, now, start)
				return err
			})
		}
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		from, more = due.last, due.more
	}
	if !took && now.Sub(m.Reach.Looked) < lookNoted {
		return nil // most minutes
	}
	return s.update(ctx, "looked for people of a series", func(t *tx) error {
		// An edit meanwhile says itself from when on people are looked for.
		return t.exec(`UPDATE mailing SET looked_at = $2 WHERE id = $1 AND state = 'sending' AND from_at = $3 AND from_due = $4 AND looked_at = $5`,
			id, micros(now), micros(m.Reach.From), micros(m.Reach.FromDue), micros(m.Reach.Looked))
	})
}

// lookNoted is how long it is noted at most until when was looked.
const lookNoted = 30 * time.Minute

// takeStep takes in those who are due after from. Who they are is asked anew, since
// they may have changed since they were looked for. A mailing that is no longer as
// it was seen takes nobody: from would mean nothing to another trigger.
func (t *tx) takeStep(seen akkoord.Mailing, now time.Time, from occasion) (dueList, error) {
	m, err := loadMailing(t, mailingByID, seen.ID)
	if err != nil || m.State != akkoord.MailingSending || m.Trigger == nil || m.Reach != seen.Reach {
		return dueList{}, err
	}
	due, err := dueOf(t, m, now, from)
	if err != nil {
		return dueList{}, err
	}
	return due, t.append(m.ID, due.people)
}

// append adds people to a mailing's audience, in chunks of neighbours who have
// nobody between them: chunks never overlap, and nobody is ever added within
// one.
func (t *tx) append(mailingID int64, people []int64) error {
	if len(people) == 0 {
		return nil
	}
	people = slices.Compact(slices.Sorted(slices.Values(people)))
	list := make([]string, len(people))
	for i, id := range people {
		list[i] = strconv.FormatInt(id, 10)
	}
	if err := t.exec(`INSERT INTO delivery (mailing_id, subscriber_id, state, variant, attempts, fence, first_at, updated_at, next_at, code, reply, series)
		SELECT $1, s.id, 0, 0, 0, 0, 0, 0, 0, '', '', 1 FROM subscriber s WHERE s.id IN (`+strings.Join(list, ",")+`)`, mailingID); err != nil {
		return err
	}
	for len(people) > 0 {
		n := 1
		for n < len(people) && n < chunkSize && people[n] == people[n-1]+1 {
			n++
		}
		if err := t.exec(`INSERT INTO delivery_chunk (mailing_id, first, last, state, fence) VALUES ($1, $2, $3, 0, 0)`, mailingID, people[0], people[n-1]); err != nil {
			return err
		}
		people = people[n:]
	}
	t.mailing = true
	return nil
}

// setVersion gives people of a chunk that is being claimed the content that goes
// out now.
func (t *tx) setVersion(m liveCampaign, first, last int64) error {
	if !m.series {
		return nil
	}
	return t.exec(`UPDATE delivery SET variant = $4 WHERE mailing_id = $1 AND subscriber_id BETWEEN $2 AND $3 AND state = 0 AND variant <> $4`,
		m.mailing, first, last, m.version)
}

// beginSeries starts to look for the people of a mailing of a series.
func (t *tx) beginSeries(m *akkoord.Mailing) error {
	m.Reach = m.Trigger.Begin(t.now)
	if m.Trigger.Yearly {
		trigger := *m.Trigger
		trigger.Year, m.Trigger = trigger.FirstYear(t.now), &trigger
		if err := t.putTrigger(*m); err != nil {
			return err
		}
	}
	if err := t.takeSegment(m.ID); err != nil {
		return err
	}
	return t.putReach(m)
}

func (t *tx) putReach(m *akkoord.Mailing) error {
	return t.exec(`UPDATE mailing SET from_at = $2, from_due = $3, looked_at = $4 WHERE id = $1`, m.ID, micros(m.Reach.From), micros(m.Reach.FromDue), micros(m.Reach.Looked))
}

// checkTrigger refuses a trigger that means nothing, or steers by what another
// purpose learned (M16). It gives the trigger with values as they are stored.
func (t *tx) checkTrigger(m akkoord.Mailing) (*akkoord.MailingTrigger, error) {
	triggers, err := triggersOf(t, m.CampaignID)
	if err != nil {
		return nil, err
	}
	if m.Trigger == nil {
		if awaited(m, triggers) {
			return nil, errAwaited
		}
		return nil, nil
	}
	out := *m.Trigger
	if err := yearly(&out, m, triggers); err != nil {
		return nil, err
	}
	p := akkoord.Purpose{}
	if err := t.queryRow(`SELECT p.id, p.slug FROM purpose p JOIN campaign c ON c.purpose_id = p.id WHERE c.id = $1`, m.CampaignID).Scan(&p.ID, &p.Slug); err != nil {
		return nil, missing(err, "campaign")
	}
	attributes, err := loadAttributes(t)
	if err != nil {
		return nil, err
	}
	if err := out.Check(attributes, p); err != nil {
		return nil, err
	}
	names, err := vocabulary(t, out.Asks())
	if err != nil {
		return nil, err
	}
	if out.Filter != nil {
		checked, err := out.Filter.Check("trigger.filter", p.ID, names)
		if err != nil {
			return nil, err
		}
		out.Filter = &checked
	}
	if out.On == akkoord.OnClicked {
		_, err := akkoord.Filter{Kind: akkoord.FilterClicked, By: akkoord.ClickTopic, Text: out.Topic}.Check("trigger", p.ID, names)
		if err != nil {
			return nil, akkoord.Fieldf("trigger.topic", akkoord.CodeOf(err), "%s", err.Error())
		}
		if err := akkoord.CheckSlug("trigger.topic", out.Topic); err != nil {
			return nil, err
		}
	}
	return &out, out.CheckOrder(m.PublicID, triggers)
}

// triggersOf gives the triggers of all mailings of a campaign.
func triggersOf(q querier, campaignID int64) (map[akkoord.ID]*akkoord.MailingTrigger, error) {
	out := map[akkoord.ID]*akkoord.MailingTrigger{}
	rows, err := q.query(`SELECT id, public_id, trigger_on FROM mailing WHERE campaign_id = $1`, campaignID)
	return out, each(rows, err, func(r row) error {
		var number int64
		var id []byte
		var text string
		if err := r.Scan(&number, &id, &text); err != nil {
			return err
		}
		var err error
		out[id16(id)], err = parseTrigger(number, text)
		return err
	})
}

// triggerText is a trigger as it is stored.
func triggerText(t *akkoord.MailingTrigger) (string, error) {
	if t == nil {
		return "", nil
	}
	return toJSON(t)
}

func parseTrigger(mailingID int64, text string) (*akkoord.MailingTrigger, error) {
	if text == "" {
		return nil, nil
	}
	t := new(akkoord.MailingTrigger)
	if err := json.Unmarshal([]byte(text), t); err != nil {
		return nil, fmt.Errorf("mailing %d: trigger: %w", mailingID, err)
	}
	return t, nil
}

// takeLast takes in whose time came by the trigger that a mailing has until now, before it
// gets another. The look of each minute leaves few; where they are many, or
// nobody looked for long, so that they wait for somebody's yes (P20), it is refused.
func (t *tx) takeLast(m akkoord.Mailing) (taken int, err error) {
	for from, more := (occasion{}), true; more; {
		due, err := dueOf(t, m, t.now, from)
		if err != nil {
			return taken, err
		}
		if n := len(due.people); n > 0 {
			late := m.State == akkoord.MailingSending && m.Plan.WhenRested(t.now.Sub(m.Reach.Looked)) != ""
			if taken += n; m.State != akkoord.MailingSending && taken > lastMost {
				return taken, akkoord.Errorf(akkoord.Conflict, "series_crowd", "While this mailing was paused the time of more than %d people came. Resume it first, or end it and start another.", lastMost)
			}
			if late || taken > lastMost {
				return taken, akkoord.Errorf(akkoord.Conflict, "series_behind", "People whose time has come are still being taken into this mailing; change when it is sent in some minutes.")
			}
			if err := t.append(m.ID, due.people); err != nil {
				return taken, err
			}
		}
		from, more = due.last, due.more
	}
	return taken, nil
}

// lastMost is how many people one edit takes in at most.
const lastMost = 10_000

// editRunning changes content, plan and trigger of a running mailing of a series:
// the content as a new version for those who are mailed from now on, the trigger
// for those whose time comes from now on. It gives what to say in the audit trail.
func (t *tx) editRunning(have, wanted akkoord.Mailing, plan, trigger string) (string, error) {
	if wanted.Trigger == nil {
		return "", akkoord.Errorf(akkoord.Conflict, "trigger_needed", "A running mailing of a series keeps a trigger; pause it, or end it.")
	}
	if have.Trigger.Yearly != wanted.Trigger.Yearly {
		e := akkoord.Errorf(akkoord.Conflict, "trigger_every_fixed", "A mailing that runs stays once or every year; end it, and start another.")
		e.Field = "trigger.every"
		return "", e
	}
	if wanted.Trigger.Yearly && wanted.Trigger.FirstYear(t.now) < have.Trigger.Year {
		e := akkoord.Errorf(akkoord.Conflict, "trigger_year_before", "With this number of days those are due now whose day was last year, and this mailing is for the days of %d; end it, and start another.", have.Trigger.Year)
		e.Field = "trigger.days"
		return "", e
	}
	next, err := have.Renewed(wanted.Content, t.now)
	if err != nil {
		return "", err
	}
	content, err := toJSON(next.Content)
	if err != nil {
		return "", err
	}
	versions := `null`
	if len(next.Versions) > 0 {
		if versions, err = toJSON(next.Versions); err != nil {
			return "", err
		}
	}
	was, err := triggerText(have.Trigger)
	if err != nil {
		return "", err
	}
	note := fmt.Sprintf("version %d", next.Latest()+1)
	if was != trigger {
		taken, err := t.takeLast(have)
		if err != nil {
			return "", err
		}
		if taken > 0 {
			note += fmt.Sprintf(", %d people taken in by the trigger of before", taken)
		}
		next.Reach = have.Reach.Edit(*have.Trigger, *wanted.Trigger, t.now)
		note += ", trigger " + string(wanted.Trigger.On)
	}
	if err := t.putReach(&next); err != nil {
		return "", err
	}
	t.mailings = append(t.mailings, have.ID)
	return note, t.exec(`UPDATE mailing SET content = $2, variants = $3, version = $4, plan = $5, trigger_on = $6, changed_at = $7 WHERE id = $1`,
		have.ID, content, versions, next.Latest(), plan, trigger, micros(t.now))
}
