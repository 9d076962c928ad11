package store

import (
	"context"
	"encoding/json"
	"fmt"

	"akkoord"
)

// PutMailing makes a draft (ID 0) or edits the draft with its ID: content,
// variants and the time to send it. Conflict with code state where it is no draft
// any more, and with code mailing_changed where somebody edited it since m was
// read.
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
	var out akkoord.Mailing
	err = s.update(ctx, "put mailing", func(t *tx) error {
		if err := t.checkPlan(m); err != nil {
			return err
		}
		number, action := m.ID, "mailing.change"
		if number == 0 {
			action = "mailing.create"
			var one int
			if err := t.queryRow(`SELECT 1 FROM campaign WHERE id = $1`, m.CampaignID).Scan(&one); err != nil {
				return missing(err, "campaign")
			}
			if err := t.queryRow(`INSERT INTO mailing (public_id, campaign_id, state, content, variants, plan, trial, send_at, started_at, finished_at, why, created_at)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, '', $9) RETURNING id`,
				id[:], m.CampaignID, string(akkoord.MailingDraft), content, variants, plan, trial, micros(m.SendAt), micros(t.now)).Scan(&number); err != nil {
				return err
			}
		} else if err := t.editDraft(m, content, variants, plan, trial); err != nil {
			return err
		}
		var err error
		if out, err = loadMailing(t, mailingByID, number); err != nil {
			return err
		}
		return t.audit(actor, action, named("mailing", out.PublicID.String()), "")
	})
	return out, err
}

func (t *tx) editDraft(m akkoord.Mailing, content, variants, plan, trial string) error {
	n, err := t.execCount(`UPDATE mailing SET content = $2, variants = $3, send_at = $4, plan = $6, trial = $7, changed_at = $8 WHERE id = $1 AND state = $5 AND changed_at = $9`,
		m.ID, content, variants, micros(m.SendAt), string(akkoord.MailingDraft), plan, trial, micros(t.now), micros(m.ChangedAt))
	if err != nil || n > 0 {
		return err
	}
	have, err := loadMailing(t, mailingByID, m.ID)
	if err != nil {
		return err
	}
	if have.State == akkoord.MailingDraft {
		return akkoord.Errorf(akkoord.Conflict, "mailing_changed", "Somebody changed this mailing since you read it; read it again, and change it then.")
	}
	return akkoord.Errorf(akkoord.Conflict, "state", "The mailing is %s; only a draft can be edited.", have.State)
}

const (
	mailingQuery = `SELECT m.id, m.public_id, m.campaign_id, m.state, m.content, m.variants, m.send_at, m.started_at, m.finished_at, m.why, m.created_at, m.segment_id, m.segment_version, m.plan, m.last_at, m.trial, m.verdict, m.decided_at, m.changed_at
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
	var content, variants, plan, trial, verdict string
	var send, started, finished, created, last, decided, changed int64
	if err := r.Scan(&m.ID, &id, &m.CampaignID, &m.State, &content, &variants, &send, &started, &finished, &m.Why, &created, &m.SegmentID, &m.SegmentVersion, &plan, &last, &trial, &verdict, &decided, &changed); err != nil {
		return m, err
	}
	if err := json.Unmarshal([]byte(content), &m.Content); err != nil {
		return m, fmt.Errorf("mailing %d: content: %w", m.ID, err)
	}
	if err := json.Unmarshal([]byte(variants), &m.Variants); err != nil {
		return m, fmt.Errorf("mailing %d: variants: %w", m.ID, err)
	}
	var err error
	if m.Plan, err = parsePlan(m.ID, plan); err != nil {
		return m, err
	}
	if err := scanTrial(&m, trial, verdict, decided); err != nil {
		return m, err
	}
	m.LastAt, m.ChangedAt = fromMicros(last), fromMicros(changed)
	m.PublicID, m.SendAt, m.StartedAt, m.FinishedAt, m.CreatedAt = id16(id), fromMicros(send), fromMicros(started), fromMicros(finished), fromMicros(created)
	return m, nil
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
