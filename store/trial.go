package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"akkoord"
)

// trialLook is how often a trial is looked at.
const trialLook = time.Minute

// winnerOf is the variant that a delivery d of a mailing m has, or gets; -1 while
// that is not decided.
const winnerOf = `CASE WHEN d.variant < 0 THEN m.winner ELSE d.variant END`

// trialGroup is how many people share a statement.
const trialGroup = 500

// assign gives the people of a trial their variants, of those after first up to
// upto whom a step froze. All others have -1.
func (t *tx) assign(m akkoord.Mailing, first, upto int64) error {
	if m.Trial == nil {
		return nil
	}
	key := t.store.cfg.Keyring.Derive("trial")
	arms := make([][]string, len(m.Variants))
	rows, err := t.query(`SELECT subscriber_id FROM delivery WHERE mailing_id = $1 AND subscriber_id > $2 AND subscriber_id <= $3 ORDER BY subscriber_id`, m.ID, first, upto)
	if err := each(rows, err, func(r row) error {
		var id int64
		err := r.Scan(&id)
		if arm := m.Trial.Arm(key, m.ID, id, len(m.Variants)); arm >= 0 {
			arms[arm] = append(arms[arm], strconv.FormatInt(id, 10))
		}
		return err
	}); err != nil {
		return err
	}
	for arm, people := range arms {
		at := int64(0)
		if begins := m.TimeOf(arm, m.StartedAt); begins.After(m.StartedAt) {
			at = micros(begins)
		}
		for len(people) > 0 {
			n := min(len(people), trialGroup)
			if err := t.exec(`UPDATE delivery SET variant = $2, next_at = $3 WHERE mailing_id = $1 AND subscriber_id IN (`+strings.Join(people[:n], ",")+`)`, m.ID, arm, at); err != nil {
				return err
			}
			people = people[n:]
		}
	}
	return nil
}

// TrialFigures gives what is known of each variant in a mailing's trial, and how
// many of its people have no mail yet.
func (s *Store) TrialFigures(ctx context.Context, m akkoord.Mailing) ([]akkoord.ArmFigures, int, error) {
	return trialFigures(s.view(ctx), m, s.cfg.Now())
}

// waited are the mails d of a trial of purpose $4 whose wait of $3 was over at $2, with
// the subscription x of who got it.
const waited = ` FROM delivery d LEFT JOIN subscription x ON x.subscriber_id = d.subscriber_id AND x.purpose_id = $4`

func trialFigures(q querier, m akkoord.Mailing, now time.Time) (arms []akkoord.ArmFigures, open int, err error) {
	arms = make([]akkoord.ArmFigures, len(m.Variants))
	if m.Trial == nil || m.StartedAt.IsZero() {
		return arms, 0, nil
	}
	var purpose int64
	if err := q.queryRow(`SELECT purpose_id FROM campaign WHERE id = $1`, m.CampaignID).Scan(&purpose); err != nil {
		return nil, 0, err
	}
	wait := m.Trial.Waits().Microseconds()
	args := []any{m.ID, micros(now), wait, purpose}
	rows, err := q.query(`SELECT d.variant, d.state, count(*), coalesce(sum(CASE WHEN d.updated_at + $3 <= $2 THEN 1 ELSE 0 END), 0),
			coalesce(sum(CASE WHEN d.updated_at + $3 <= $2 AND x.tracking > 0 AND x.tracking <= d.first_at THEN 1 ELSE 0 END), 0)`+waited+`
		WHERE d.mailing_id = $1 AND d.variant >= 0 AND d.state IN (0, 1, 2) GROUP BY d.variant, d.state`, args...)
	if err := each(rows, err, func(r row) error {
		var arm, state, all, over, counted int
		if err := r.Scan(&arm, &state, &all, &over, &counted); err != nil || arm >= len(arms) {
			return err
		}
		if akkoord.DeliveryState(state) != akkoord.Sent {
			open += all
			return nil
		}
		arms[arm].Sent, arms[arm].Waited, arms[arm].Counted = all, over, counted
		return nil
	}); err != nil {
		return nil, 0, err
	}
	for _, c := range []struct {
		query string
		to    func(*akkoord.ArmFigures) *int
	}{
		{`SELECT d.variant, count(DISTINCT d.subscriber_id)` + waited + ` JOIN link l ON l.mailing_id = d.mailing_id AND l.url <> '' JOIN click k ON k.link_id = l.id AND k.subscriber_id = d.subscriber_id AND k.machine = 0
			WHERE d.mailing_id = $1 AND d.variant >= 0 AND d.state = 2 AND d.updated_at + $3 <= $2 AND k.first_at <= d.updated_at + $3 AND x.tracking > 0 AND x.tracking <= d.first_at GROUP BY d.variant`,
			func(a *akkoord.ArmFigures) *int { return &a.Clicked }},
		{`SELECT d.variant, count(DISTINCT d.subscriber_id)` + waited + ` JOIN leaving v ON v.mailing_id = d.mailing_id AND v.subscriber_id = d.subscriber_id
			WHERE d.mailing_id = $1 AND d.variant >= 0 AND d.state = 2 AND d.updated_at + $3 <= $2 AND v.at <= d.updated_at + $3 GROUP BY d.variant`,
			func(a *akkoord.ArmFigures) *int { return &a.Left }},
	} {
		rows, err := q.query(c.query, args...)
		if err := each(rows, err, func(r row) error {
			var arm, n int
			err := r.Scan(&arm, &n)
			if arm < len(arms) {
				*c.to(&arms[arm]) = n
			}
			return err
		}); err != nil {
			return nil, 0, err
		}
	}
	return arms, open, nil
}

func (s *Store) letClicksCount(ctx context.Context, purposeID int64) (counted, all int64, err error) {
	err = s.view(ctx).queryRow(`SELECT coalesce(sum(CASE WHEN tracking > 0 THEN 1 ELSE 0 END), 0), count(*)
		FROM subscription WHERE purpose_id = $1 AND state = 'active'`, purposeID).Scan(&counted, &all)
	return counted, all, err
}

// TrialCounts gives how many of a mailing's so many people count in its trial: all of
// them, or as many as let their clicks be counted in its purpose.
func (s *Store) TrialCounts(ctx context.Context, m akkoord.Mailing, people int64) (int64, error) {
	if m.Trial == nil || m.Trial.Measure != akkoord.TrialClicks {
		return people, nil
	}
	c, err := s.CampaignByID(ctx, m.CampaignID)
	if err != nil {
		return 0, err
	}
	counted, all, err := s.letClicksCount(ctx, c.PurposeID)
	if err != nil || all == 0 {
		return 0, err
	}
	return people * counted / all, nil
}

// undecided gives how many people wait for the winner of a mailing's trial, and when
// that is decided at the latest: when the last of the test had their time, which
// for whom has no mail yet does not begin before now.
func undecided(q querier, m akkoord.Mailing, now time.Time) (held int64, decides time.Time, err error) {
	var open, last int64
	err = q.queryRow(`SELECT coalesce(sum(CASE WHEN variant < 0 AND state IN (0, 1, 3) THEN 1 ELSE 0 END), 0),
			coalesce(sum(CASE WHEN variant >= 0 AND state IN (0, 1) THEN 1 ELSE 0 END), 0),
			coalesce(max(CASE WHEN variant >= 0 AND state = 2 THEN updated_at ELSE 0 END), 0)
		FROM delivery WHERE mailing_id = $1`, m.ID).Scan(&held, &open, &last)
	from := m.StartedAt
	if at := fromMicros(last); at.After(from) {
		from = at
	}
	if open > 0 {
		from = now
	}
	decides = from.Add(m.Trial.Waits())
	if look := now.Add(trialLook); decides.Before(look) {
		decides = look
	}
	return held, decides, err
}

// decideTrial ends a mailing's trial, once: when a variant has won or nearly everybody
// had their time. Then all others may be claimed. It reports whether the trial
// goes on.
func (s *Store) decideTrial(ctx context.Context, id int64) (goesOn bool, err error) {
	err = s.update(ctx, "decide trial", func(t *tx) error {
		goesOn = false
		m, err := loadMailing(t, mailingByID, id)
		if err != nil || m.Trial == nil || m.Decision != nil || m.State != akkoord.MailingSending {
			return err
		}
		goesOn = true
		if t.now.Before(m.StartedAt.Add(m.Trial.Waits())) {
			return nil
		}
		arms, open, err := trialFigures(t, m, t.now)
		if err != nil {
			return err
		}
		v := m.Trial.Decide(arms)
		if v.Code != akkoord.TrialWon && !akkoord.Ripe(arms, open) {
			return nil
		}
		goesOn = false
		verdict, err := toJSON(v)
		if err != nil {
			return err
		}
		begins := int64(0)
		if at := m.TimeOf(v.Winner, t.now); at.After(t.now) {
			begins = micros(at)
		}
		t.mailing = true
		return errors.Join(
			t.exec(`UPDATE mailing SET winner = $2, decided_at = $3, verdict = $4 WHERE id = $1`, id, v.Winner, micros(t.now), verdict),
			t.exec(`UPDATE delivery_chunk SET due_at = $2 WHERE mailing_id = $1 AND state = 0 AND due_at = $3`, id, begins, never),
			t.audit(akkoord.ActorSystem, "mailing.decide", named("mailing", m.PublicID.String()), string(v.Code)+" "+m.Variants[v.Winner].Name))
	})
	return goesOn, err
}

// scanTrial reads what is stored of a trial.
func scanTrial(m *akkoord.Mailing, trial, verdict string, decided int64) error {
	if trial != "" {
		m.Trial = new(akkoord.Trial)
		if err := json.Unmarshal([]byte(trial), m.Trial); err != nil {
			return fmt.Errorf("mailing %d: trial: %w", m.ID, err)
		}
	}
	if verdict != "" {
		m.Decision = &akkoord.Decision{At: fromMicros(decided)}
		if err := json.Unmarshal([]byte(verdict), &m.Decision.TrialVerdict); err != nil {
			return fmt.Errorf("mailing %d: verdict: %w", m.ID, err)
		}
	}
	return nil
}

// trialText is a trial as it is stored.
func trialText(m akkoord.Mailing) (string, error) {
	if m.Trial == nil {
		return "", nil
	}
	return toJSON(m.Trial)
}
