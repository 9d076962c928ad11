package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"akkoord"
)

// WebhookQueues gives the endpoints that messages wait for and that may be
// told now, with the time of the first that is due; and when to look again
// where something waits for what only the clock brings, or zero. Nothing goes
// out after a restore until an owner agrees, and nothing to a party without an
// agreement in force (M28).
func (s *Store) WebhookQueues(ctx context.Context) (queues []akkoord.Webhook, next time.Time, err error) {
	v, now := s.view(ctx), s.cfg.Now()
	var held bool
	if err := v.queryRow(`SELECT EXISTS (SELECT 1 FROM sending_hold)`).Scan(&held); err != nil || held {
		return nil, time.Time{}, err
	}
	due := map[int64]time.Time{}
	rows, err := v.query(`SELECT webhook_id, min(due_at) FROM webhook_message WHERE state = 0 GROUP BY webhook_id`)
	if err := each(rows, err, func(r row) error {
		var id, at int64
		err := r.Scan(&id, &at)
		due[id] = fromMicros(at)
		return err
	}); err != nil || len(due) == 0 {
		return nil, time.Time{}, err
	}
	all, err := loadWebhooks(v)
	if err != nil {
		return nil, time.Time{}, err
	}
	sooner := func(at time.Time) {
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	for _, w := range all {
		at, waits := due[w.ID]
		if !waits || w.State != akkoord.WebhookOn {
			continue
		}
		why, changes, err := processorObstacles(v, w.Processor, now)
		switch {
		case err != nil:
			return nil, time.Time{}, err
		case len(why) > 0 && changes.After(now): // the agreement begins
			sooner(changes)
		case len(why) > 0: // whoever renews it stores a job
		case at.After(now):
			sooner(at)
		default:
			queues = append(queues, w)
		}
	}
	return queues, next, nil
}

const messageColumns = `m.id, m.public_id, m.webhook_id, m.event, m.at, m.subscriber_id, m.person, coalesce(s.public_id, m.person), coalesce(s.email, ''),
	coalesce(p.slug, ''), coalesce(c.slug, ''), g.public_id, m.reason, m.state, m.attempts, m.due_at, m.tried_at, m.took, m.status, m.fault, m.answer,
	m.purpose_id, coalesce(b.state, ''), CASE WHEN EXISTS (SELECT 1 FROM suppression x WHERE x.hash = s.email_hash AND x.kind = 'restricted') THEN 1 ELSE 0 END`

// messageQuery names a campaign and a mailing only where their purpose is the
// message's: what led to it may be of a purpose that is not the endpoint's.
const messageQuery = `SELECT ` + messageColumns + ` FROM webhook_message m LEFT JOIN subscriber s ON s.id = m.subscriber_id
	LEFT JOIN subscription b ON b.subscriber_id = m.subscriber_id AND b.purpose_id = m.purpose_id
	LEFT JOIN purpose p ON p.id = m.purpose_id LEFT JOIN campaign c ON c.id = m.campaign_id AND m.purpose_id IN (0, c.purpose_id)
	LEFT JOIN mailing g ON g.id = m.mailing_id AND m.purpose_id IN (0, (SELECT k.purpose_id FROM campaign k WHERE k.id = g.campaign_id))`

// scanMessage reads a message to an endpoint. stale reports that it may not go
// there any more: its person was forgotten or restricted since it was put down
// (Art. 18 GDPR), or the endpoint wants no such message by now.
func scanMessage(r row, to akkoord.Webhook) (m akkoord.WebhookMessage, stale bool, err error) {
	var id, kept, person, mailing []byte
	var subscriber, at, due, tried, took, purpose, restricted int64
	var email string
	var state akkoord.State
	if err := r.Scan(&m.ID, &id, &m.WebhookID, &m.Event, &at, &subscriber, &kept, &person, &email, &m.Purpose, &m.Campaign, &mailing, &m.Reason,
		&m.State, &m.Attempts, &due, &tried, &took, &m.Last.Status, &m.Last.Fault, &m.Last.Answer,
		&purpose, &state, &restricted); err != nil {
		return m, false, err
	}
	m.PublicID, m.Person, m.Mailing = id16(id), id16(person), id16(mailing)
	m.At, m.DueAt, m.Last.At, m.Last.Took = fromMicros(at), fromMicros(due), fromMicros(tried), time.Duration(took)*time.Microsecond
	if email != "" && to.Names(m.Event, state) {
		m.Email, err = akkoord.ParseEmail(email)
	}
	stale = subscriber != 0 && (m.Person.IsZero() || restricted != 0) || !to.Covers(akkoord.Announcement{Event: m.Event, PurposeID: purpose})
	return m, stale, err
}

// NextWebhookMessage gives the first message that is due for an endpoint, as
// it is to be sent now, with what signs it; false when there is none, or when
// the endpoint may be told nothing any more. Messages about people who are
// gone or restricted, and those that the endpoint wants no more, are dropped.
func (s *Store) NextWebhookMessage(ctx context.Context, webhook int64) (akkoord.WebhookSend, akkoord.WebhookMessage, bool, error) {
	for {
		to, err := s.webhookSend(ctx, webhook)
		if err != nil || to.State != akkoord.WebhookOn {
			return to, akkoord.WebhookMessage{}, false, err
		}
		m, stale, err := scanMessage(s.view(ctx).queryRow(messageQuery+` WHERE m.webhook_id = $1 AND m.state = 0 AND m.due_at <= $2 ORDER BY m.id LIMIT 1`,
			webhook, micros(s.cfg.Now())), to.Webhook)
		if errors.Is(err, sql.ErrNoRows) {
			return to, m, false, nil
		}
		if err != nil || !stale {
			return to, m, err == nil, err
		}
		if err := s.record(ctx, "drop webhook message", func(t *tx) error {
			return t.exec(`UPDATE webhook_message SET state = 3 WHERE id = $1 AND state = 0`, m.ID)
		}); err != nil {
			return to, m, false, err
		}
	}
}

// webhookSend gives an endpoint with its secrets. One whose party may get
// nothing is given as off.
func (s *Store) webhookSend(ctx context.Context, id int64) (akkoord.WebhookSend, error) {
	var to akkoord.WebhookSend
	v, now := s.view(ctx), s.cfg.Now()
	var err error
	if to.Webhook, err = scanWebhook(v.queryRow(webhookQuery+` WHERE id = $1`, id)); err != nil {
		return to, missing(err, "webhook")
	}
	why, _, err := processorObstacles(v, to.Processor, now)
	if err != nil || len(why) > 0 {
		to.State = akkoord.WebhookOff
		return to, err
	}
	var secret, old []byte
	if err := v.queryRow(`SELECT secret, old_secret FROM webhook WHERE id = $1`, id).Scan(&secret, &old); err != nil {
		return to, err
	}
	sealer, err := s.cfg.Keyring.Sealer(s.cfg.Random)
	if err != nil {
		return to, err
	}
	sealed := [][]byte{secret}
	if now.Before(to.OldUntil) {
		sealed = append(sealed, old)
	}
	for _, b := range sealed {
		opened, err := sealer.Open(b, webhookSeal(to.PublicID))
		if err != nil {
			return to, err
		}
		to.Secrets = append(to.Secrets, opened)
	}
	return to, nil
}

// SettleWebhook records what became of a message and its endpoint after a try.
// What somebody settled meanwhile stays.
func (s *Store) SettleWebhook(ctx context.Context, m akkoord.WebhookMessage) (akkoord.Webhook, error) {
	var w akkoord.Webhook
	err := s.record(ctx, "settle webhook", func(t *tx) error {
		n, err := t.execCount(`UPDATE webhook_message SET state = $2, attempts = $3, due_at = $4, tried_at = $5, took = $6, status = $7, fault = $8, answer = $9 WHERE id = $1 AND state = 0`,
			m.ID, int(m.State), m.Attempts, micros(m.DueAt), micros(m.Last.At), m.Last.Took.Microseconds(), m.Last.Status, string(m.Last.Fault), m.Last.Answer)
		if err != nil {
			return err
		}
		if n > 0 && m.State == akkoord.WebhookDelivered {
			gone, err := t.execCount(`UPDATE webhook_message SET person = $2 WHERE id = $1 AND person <> $2`, m.ID, []byte{})
			if err != nil {
				return err
			}
			t.wipe = t.wipe || gone > 0
		}
		have, err := scanWebhook(t.queryRow(webhookQuery+` WHERE id = $1`, m.WebhookID))
		if err != nil {
			return missing(err, "webhook")
		}
		var changed bool
		if w, changed = have.Tried(m.Last, t.now); !changed {
			return nil
		}
		if err := t.exec(`UPDATE webhook SET state = $2, failing_since = $3 WHERE id = $1`, w.ID, string(w.State), micros(w.FailingSince)); err != nil {
			return err
		}
		t.changedWebhooks()
		if w.State == have.State {
			return nil
		}
		return t.audit(akkoord.ActorSystem, "webhook.pause", named("webhook", w.PublicID.String()), string(w.State))
	})
	return w, err
}

// WebhookMessages gives a page of the messages to an endpoint, newest first,
// and the number after which the next page begins; 0 when there is none. They
// tell of nobody's address.
func (s *Store) WebhookMessages(ctx context.Context, webhook int64, p akkoord.Page) ([]akkoord.WebhookMessage, int64, error) {
	rows, err := s.view(ctx).query(messageQuery+` WHERE m.webhook_id = $1 AND ($2 = 0 OR m.id < $2) ORDER BY m.id DESC LIMIT $3`, webhook, p.After, p.Size()+1)
	out, err := list(rows, err, func(r row) (akkoord.WebhookMessage, error) {
		m, _, err := scanMessage(r, akkoord.Webhook{})
		return m, err
	})
	out, next := cut(out, p, func(m akkoord.WebhookMessage) int64 { return m.ID })
	return out, next, err
}

// TestWebhook puts a message down that tells an endpoint of nothing. One that
// may be told nothing now is a Conflict, with the reasons.
func (s *Store) TestWebhook(ctx context.Context, actor akkoord.Actor, id akkoord.ID) error {
	return s.update(ctx, "test webhook", func(t *tx) error {
		w, err := t.openWebhook(id)
		if err != nil {
			return err
		}
		if err := t.putMessage(w.ID, akkoord.Announcement{Event: akkoord.WebhookTest}, subject{}); err != nil {
			return err
		}
		if err := t.enqueueWebhooks(); err != nil {
			return err
		}
		return t.audit(actor, "webhook.test", named("webhook", id.String()), "")
	})
}

// openWebhook gives an endpoint that may be told something now.
func (t *tx) openWebhook(id akkoord.ID) (akkoord.Webhook, error) {
	w, err := webhookNamed(t, id)
	if err != nil {
		return w, err
	}
	if w.State != akkoord.WebhookOn {
		return w, akkoord.Errorf(akkoord.Conflict, "webhook_off", "This endpoint is not on; switch it on first.")
	}
	why, _, err := processorObstacles(t, w.Processor, t.now)
	if err != nil || len(why) == 0 {
		return w, err
	}
	return w, &akkoord.Error{Kind: akkoord.Conflict, Code: why[0].Code, Message: why[0].Message, Reasons: why}
}

// RepeatWebhookMessage has a message to an endpoint sent again, whatever
// became of it. One about somebody who is gone since, or that the endpoint wants
// no more, can't be: Conflict with code person_gone or webhook_unwanted.
func (s *Store) RepeatWebhookMessage(ctx context.Context, actor akkoord.Actor, id, message akkoord.ID) error {
	return s.update(ctx, "repeat webhook message", func(t *tx) error {
		w, err := t.openWebhook(id)
		if err != nil {
			return err
		}
		var a akkoord.Announcement
		if err := t.queryRow(`SELECT event, purpose_id FROM webhook_message WHERE webhook_id = $1 AND public_id = $2`, w.ID, message[:]).Scan(&a.Event, &a.PurposeID); err != nil {
			return missing(err, "message")
		}
		if !w.Covers(a) {
			return akkoord.Errorf(akkoord.Conflict, "webhook_unwanted", "This endpoint is not told of such events any more.")
		}
		n, err := t.execCount(`UPDATE webhook_message SET state = 0, attempts = 0, due_at = $3 WHERE webhook_id = $1 AND public_id = $2
			AND state <> 3 AND NOT (state = 1 AND event = 'person.erased' AND length(person) = 0)`, w.ID, message[:], dueAtOnce)
		if err != nil {
			return err
		}
		if n == 0 {
			return akkoord.Errorf(akkoord.Conflict, "person_gone", "The person whom this is about is gone, so that nothing is left to tell of them.")
		}
		if err := t.enqueueWebhooks(); err != nil {
			return err
		}
		return t.audit(actor, "webhook.repeat", named("webhook", id.String()), message.String())
	})
}

// RepeatWebhookFailures has the messages to an endpoint sent again that were
// given up within the last so many days, 1 to 30. It gives their number; those
// that the endpoint wants no more are dropped.
func (s *Store) RepeatWebhookFailures(ctx context.Context, actor akkoord.Actor, id akkoord.ID, days int) (n int64, err error) {
	if most := int(akkoord.WebhookKept / (24 * time.Hour)); days < 1 || days > most {
		return 0, akkoord.Fieldf("days", "repeat_days", "Give a number of days from 1 to %d.", most)
	}
	err = s.update(ctx, "repeat webhook failures", func(t *tx) error {
		w, err := t.openWebhook(id)
		if err != nil {
			return err
		}
		since := micros(t.now.AddDate(0, 0, -days))
		if err := t.dropUnwanted(w, since); err != nil {
			return err
		}
		n, err = t.execCount(`UPDATE webhook_message SET state = 0, attempts = 0, due_at = $3 WHERE webhook_id = $1 AND state = 2 AND at >= $2`, w.ID, since, dueAtOnce)
		if err != nil {
			return err
		}
		if err := t.enqueueWebhooks(); err != nil {
			return err
		}
		return t.audit(actor, "webhook.repeat", named("webhook", id.String()), "all that failed")
	})
	return n, err
}

// dropUnwanted drops what was given up since a time and is wanted no more.
func (t *tx) dropUnwanted(w akkoord.Webhook, since int64) error {
	rows, err := t.query(`SELECT DISTINCT event, purpose_id FROM webhook_message WHERE webhook_id = $1 AND state = 2 AND at >= $2`, w.ID, since)
	kinds, err := list(rows, err, func(r row) (a akkoord.Announcement, err error) {
		err = r.Scan(&a.Event, &a.PurposeID)
		return a, err
	})
	if err != nil {
		return err
	}
	for _, a := range kinds {
		if w.Covers(a) {
			continue
		}
		if err := t.exec(`UPDATE webhook_message SET state = 3 WHERE webhook_id = $1 AND state = 2 AND at >= $2 AND event = $3 AND purpose_id = $4`, w.ID, since, string(a.Event), a.PurposeID); err != nil {
			return err
		}
	}
	return nil
}
