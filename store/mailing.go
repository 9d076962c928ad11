package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"akkoord"
)

// PutMailing makes a draft (ID 0) or edits the draft with its ID: content,
// variants, trigger and the time to send it. Of what is no draft any more only a
// running mailing of a series can be edited: content, plan and trigger; all
// else is a Conflict with code state, and with code mailing_changed where somebody
// edited it since m was read. A time to send that is set to
// what is past is Invalid, with code send_at_past. Errors of a trigger are Invalid, with code
// purpose_limitation for what another purpose learned (M16); of blocks for an interest
// that nobody can choose they have code interest_unknown, and of a translation those of
// akkoord.Mailing.CheckLanguages.
func (s *Store) PutMailing(ctx context.Context, actor akkoord.Actor, m akkoord.Mailing) (akkoord.Mailing, error) {
	if err := m.Check(); err != nil {
		return akkoord.Mailing{}, err
	}
	id, err := s.newID(s.cfg.Now())
	if err != nil {
		return akkoord.Mailing{}, err
	}
	content, err := toJSON(m.Content)
	if err != nil {
		return akkoord.Mailing{}, err
	}
	variants, err := toJSON(m.Variants)
	if err != nil {
		return akkoord.Mailing{}, err
	}
	trial, err := trialText(m)
	if err != nil {
		return akkoord.Mailing{}, err
	}
	plan, err := toJSON(m.Plan)
	if err != nil {
		return akkoord.Mailing{}, err
	}
	if m.ID == 0 {
		m.PublicID = id
	}
	var out akkoord.Mailing
	err = s.update(ctx, "put mailing", func(t *tx) error {
		if err := t.checkPlan(m); err != nil {
			return err
		}
		if err := t.checkBlockInterests(m); err != nil {
			return err
		}
		if err := t.checkLanguages(m); err != nil {
			return err
		}
		trigger, err := t.checkTrigger(m)
		if err != nil {
			return err
		}
		text, err := triggerText(trigger)
		if err != nil {
			return err
		}
		if err := t.checkSendAt(m); err != nil {
			return err
		}
		wanted := m // a group may be written again
		wanted.Trigger = trigger
		number, action, note := m.ID, "mailing.change", ""
		if number == 0 {
			action = "mailing.create"
			var one int
			if err := t.queryRow(`SELECT 1 FROM campaign WHERE id = $1`, m.CampaignID).Scan(&one); err != nil {
				return missing(err, "campaign")
			}
			if err := t.mayBegin(m.CampaignID); err != nil {
				return err
			}
			if err := t.queryRow(`INSERT INTO mailing (public_id, campaign_id, state, content, variants, plan, trial, send_at, started_at, finished_at, why, created_at, trigger_on)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, '', $9, $10) RETURNING id`,
				m.PublicID[:], m.CampaignID, string(akkoord.MailingDraft), content, variants, plan, trial, micros(m.SendAt), micros(t.now), text).Scan(&number); err != nil {
				return err
			}
		} else if note, err = t.edit(wanted, stored{content, variants, plan, trial, text}); err != nil {
			return err
		}
		if out, err = loadMailing(t, mailingByID, number); err != nil {
			return err
		}
		return t.audit(actor, action, named("mailing", out.PublicID.String()), note)
	})
	return out, err
}

// checkSendAt is akkoord.CheckSendAt with the time that is stored.
func (t *tx) checkSendAt(m akkoord.Mailing) error {
	var before int64
	if m.ID != 0 {
		if err := t.queryRow(`SELECT send_at FROM mailing WHERE id = $1`, m.ID).Scan(&before); err != nil {
			return missing(err, "mailing")
		}
	}
	return akkoord.CheckSendAt(fromMicros(before), m.SendAt.Truncate(time.Microsecond), t.now)
}

// checkLanguages holds a mailing's languages against those of its purpose.
func (t *tx) checkLanguages(m akkoord.Mailing) error {
	var purpose int64
	if err := t.queryRow(`SELECT purpose_id FROM campaign WHERE id = $1`, m.CampaignID).Scan(&purpose); err != nil {
		return missing(err, "campaign")
	}
	p, err := purposeNumbered(t, purpose)
	if err != nil {
		return err
	}
	return m.CheckLanguages(p)
}

// stored are the parts of a mailing that are edited, as they are stored.
type stored struct{ content, variants, plan, trial, trigger string }

// edit changes a draft, or a running mailing of a series. It gives what to say in
// the audit trail.
func (t *tx) edit(m akkoord.Mailing, as stored) (string, error) {
	n, err := t.execCount(`UPDATE mailing SET content = $2, variants = $3, send_at = $4, plan = $6, trial = $7, changed_at = $8, trigger_on = $10 WHERE id = $1 AND state = $5 AND changed_at = $9`,
		m.ID, as.content, as.variants, micros(m.SendAt), string(akkoord.MailingDraft), as.plan, as.trial, micros(t.now), micros(m.ChangedAt), as.trigger)
	if err != nil || n > 0 {
		return "", err
	}
	have, err := loadMailing(t, mailingByID, m.ID)
	if err != nil {
		return "", err
	}
	runs := have.Runs() && m.State != akkoord.MailingDraft // its editor knew that it runs
	switch {
	case !runs && have.State != akkoord.MailingDraft:
		return "", akkoord.Errorf(akkoord.Conflict, "state", "The mailing is %s; only a draft can be edited.", have.State)
	case !runs || !have.ChangedAt.Equal(m.ChangedAt):
		return "", akkoord.Errorf(akkoord.Conflict, "mailing_changed", "Somebody changed this mailing since you read it; read it again, and change it then.")
	}
	return t.editRunning(have, m, as.plan, as.trigger)
}

const (
	mailingQuery = `SELECT m.id, m.public_id, m.campaign_id, m.state, m.content, m.variants, m.send_at, m.started_at, m.finished_at, m.why, m.why_about, m.created_at, m.segment_id, m.segment_version, m.plan, m.last_at, m.trial, m.verdict, m.decided_at, m.changed_at, m.trigger_on, m.from_at, m.from_due, m.looked_at, m.again_at, m.completed_at, m.public_archive
	FROM mailing m`
	mailingByID       = `m.id = $1`
	mailingByPublicID = `m.public_id = $1`
)

// loadMailing loads the mailing selected by where, one of the constants above, or
// gives NotFound.
func loadMailing(q querier, where string, arg any) (akkoord.Mailing, error) {
	m, err := scanMailing(q.queryRow(mailingQuery+` WHERE `+where, arg))
	return m, missing(err, "mailing")
}

func scanMailing(r row) (akkoord.Mailing, error) {
	var m akkoord.Mailing
	var id []byte
	var content, variants, plan, trial, verdict, trigger, about string
	var send, started, finished, created, last, decided, changed, from, due, looked, again, completed int64
	if err := r.Scan(&m.ID, &id, &m.CampaignID, &m.State, &content, &variants, &send, &started, &finished, &m.Why.Text, &about, &created, &m.SegmentID, &m.SegmentVersion, &plan, &last, &trial, &verdict, &decided, &changed, &trigger, &from, &due, &looked, &again, &completed, &m.Archive); err != nil {
		return m, err
	}
	if err := json.Unmarshal([]byte(content), &m.Content); err != nil {
		return m, fmt.Errorf("mailing %d: content: %w", m.ID, err)
	}
	if about != "" {
		if err := json.Unmarshal([]byte(about), &m.Why); err != nil {
			return m, fmt.Errorf("mailing %d: why it stopped: %w", m.ID, err)
		}
	}
	var err error
	if m.Trigger, err = parseTrigger(m.ID, trigger); err != nil {
		return m, err
	}
	m.Reach = akkoord.TriggerReach{From: fromMicros(from), FromDue: fromMicros(due), Looked: fromMicros(looked)}
	if err := json.Unmarshal([]byte(variants), listOf(&m)); err != nil {
		return m, fmt.Errorf("mailing %d: variants: %w", m.ID, err)
	}
	if m.Plan, err = parsePlan(m.ID, plan); err != nil {
		return m, err
	}
	if err := scanTrial(&m, trial, verdict, decided); err != nil {
		return m, err
	}
	m.LastAt, m.ChangedAt, m.AgainAt, m.CompletedAt = fromMicros(last), fromMicros(changed), fromMicros(again), fromMicros(completed)
	m.PublicID, m.SendAt, m.StartedAt, m.FinishedAt, m.CreatedAt = id16(id), fromMicros(send), fromMicros(started), fromMicros(finished), fromMicros(created)
	return m, nil
}

// listOf is where a mailing's contents go beside the one: versions of a mailing of
// a series, and variants of any other.
func listOf(m *akkoord.Mailing) any {
	if m.Trigger != nil {
		return &m.Versions
	}
	return &m.Variants
}

// Mailing gives the mailing with a public id, or NotFound.
func (s *Store) Mailing(ctx context.Context, id akkoord.ID) (akkoord.Mailing, error) {
	return loadMailing(s.view(ctx), mailingByPublicID, id[:])
}

// MailingByID gives the mailing with a number, or NotFound.
func (s *Store) MailingByID(ctx context.Context, id int64) (akkoord.Mailing, error) {
	return loadMailing(s.view(ctx), mailingByID, id)
}

// Mailings gives a page of the mailings of a campaign, or of all campaigns
// for 0, oldest first, and the number after which the next page begins; 0
// when there is none.
func (s *Store) Mailings(ctx context.Context, campaignID int64, p akkoord.Page) ([]akkoord.Mailing, int64, error) {
	where, args := ` WHERE m.id > $1 ORDER BY m.id LIMIT $2`, []any{p.After, p.Size() + 1}
	if campaignID != 0 {
		where, args = ` WHERE m.id > $1 AND m.campaign_id = $3 ORDER BY m.id LIMIT $2`, append(args, campaignID)
	}
	rows, err := s.view(ctx).query(mailingQuery+where, args...)
	out, err := list(rows, err, scanMailing)
	out, next := cut(out, p, func(m akkoord.Mailing) int64 { return m.ID })
	return out, next, err
}
