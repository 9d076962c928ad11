package store

import (
	"context"
	"time"

	"akkoord"
)

// turnYear begins the next year of a yearly mailing that runs when its time comes, and
// ends the mailing when its own year is over everywhere. Each year is a mailing of its
// own, made once on whichever node looks: one follows another alone.
func (s *Store) turnYear(ctx context.Context, id int64, now time.Time) error {
	m, err := s.MailingByID(ctx, id)
	if err != nil || m.State != akkoord.MailingSending || m.Trigger == nil || !m.Trigger.Yearly {
		return err
	}
	followed, err := isFollowed(s.view(ctx), id)
	if err != nil {
		return err
	}
	if year, due := m.Trigger.NextYear(now); due && !followed {
		public, err := s.newID(s.cfg.Now())
		if err != nil {
			return err
		}
		return s.update(ctx, "next year of a series", func(t *tx) error { return t.addYear(id, public, year) })
	}
	if !followed || !m.Trigger.YearOver(m.Reach.Looked) {
		return nil
	}
	return s.update(ctx, "end of a year of a series", func(t *tx) error { return t.finish(id) })
}

// isFollowed reports whether the next year of a yearly mailing has begun.
func isFollowed(q querier, mailingID int64) (followed bool, err error) {
	err = q.queryRow(`SELECT EXISTS (SELECT 1 FROM mailing WHERE follows_id = $1 AND follows_id > 0)`, mailingID).Scan(&followed)
	return followed, err
}

// goesOn reports whether a mailing that is sent has people yet to come: one of a series,
// until somebody ends it, or its year was looked at to the end and the next has begun.
func (t *tx) goesOn(m akkoord.Mailing) (bool, error) {
	if m.Trigger == nil {
		return false, nil
	}
	if !m.Trigger.Yearly || !m.Trigger.YearOver(m.Reach.Looked) {
		return true, nil
	}
	followed, err := isFollowed(t, m.ID)
	return !followed, err
}

// addYear begins the mailing of a year after that of another: with the same content, plan,
// trigger and segment, looking from where the other looks.
func (t *tx) addYear(after int64, public akkoord.ID, year int) error {
	m, err := loadMailing(t, mailingByID, after)
	if err != nil || m.State != akkoord.MailingSending || m.Trigger == nil || !m.Trigger.Yearly {
		return err
	}
	if held, err := t.held(); held || err != nil {
		return err // it goes on when sending does
	}
	trigger := *m.Trigger
	trigger.Year = year
	content, err := toJSON(m.Content)
	if err != nil {
		return err
	}
	plan, err := toJSON(m.Plan)
	if err != nil {
		return err
	}
	text, err := triggerText(&trigger)
	if err != nil {
		return err
	}
	made, err := numbers(t, `INSERT INTO mailing (public_id, campaign_id, state, content, variants, plan, trial, send_at, started_at, finished_at, why, created_at, trigger_on, segment_id, segment_version, follows_id)
		VALUES ($1, $2, $3, $4, 'null', $5, '', 0, 0, 0, '', $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING RETURNING id`,
		public[:], m.CampaignID, string(akkoord.MailingDraft), content, plan, micros(t.now), text, m.SegmentID, m.SegmentVersion, after)
	if err != nil || len(made) == 0 {
		return err
	}
	next, err := loadMailing(t, mailingByID, made[0])
	if err != nil {
		return err
	}
	next.StartedAt, next.Reach = t.now, trigger.Follow(m.Reach, m.Plan, t.now)
	if err := t.putReach(&next); err != nil {
		return err
	}
	return t.moveNoted(akkoord.ActorSystem, &next, "send", "the year after "+named("mailing", m.PublicID.String()))
}

// moveNextYear pauses or cancels the mailing of the next year with a yearly one, where
// both run around new year.
func (t *tx) moveNextYear(actor akkoord.Actor, m *akkoord.Mailing, act string) error {
	if m.Trigger == nil || !m.Trigger.Yearly || act != "pause" && act != "cancel" {
		return nil
	}
	ids, err := numbers(t, `SELECT id FROM mailing WHERE follows_id = $1 AND (state = 'sending' OR state = 'paused' AND $2 = 'cancel')`, m.ID, act)
	if err != nil || len(ids) == 0 {
		return err
	}
	next, err := loadMailing(t, mailingByID, ids[0])
	if err != nil {
		return err
	}
	next.Why = m.Why
	return t.moveNoted(actor, &next, act, "with the year before, "+named("mailing", m.PublicID.String()))
}

func (t *tx) putTrigger(m akkoord.Mailing) error {
	text, err := triggerText(m.Trigger)
	if err != nil {
		return err
	}
	return t.exec(`UPDATE mailing SET trigger_on = $2 WHERE id = $1`, m.ID, text)
}

// yearly sets the year of a trigger that is about to be stored: that of what runs stays.
// What another mailing waits for can't become another mailing each year.
func yearly(wanted *akkoord.MailingTrigger, m akkoord.Mailing, triggers map[akkoord.ID]*akkoord.MailingTrigger) error {
	wanted.Year = 0
	if !wanted.Yearly {
		return nil
	}
	if awaited(m, triggers) {
		return errAwaited
	}
	if was := triggers[m.PublicID]; was != nil {
		wanted.Year = was.Year
	}
	return nil
}

// awaited reports whether another mailing of the series is sent after this one.
func awaited(m akkoord.Mailing, triggers map[akkoord.ID]*akkoord.MailingTrigger) bool {
	for _, other := range triggers {
		if other != nil && other.On == akkoord.OnMailing && other.Mailing == m.PublicID && !m.PublicID.IsZero() {
			return true
		}
	}
	return false
}

var errAwaited = akkoord.Errorf(akkoord.Conflict, "trigger_awaited", "Another mailing of the series is sent after this one; change that one first.")
