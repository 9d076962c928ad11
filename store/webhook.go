package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"akkoord"
)

// AddWebhook stores an endpoint that is told of events, switched on, and gives
// its secret, which can't be read again. Errors: those of akkoord.Webhook.Check,
// Invalid with code processor_unknown, and Conflict with code too_many_webhooks.
func (s *Store) AddWebhook(ctx context.Context, actor akkoord.Actor, w akkoord.Webhook) (akkoord.Webhook, string, error) {
	w.State = akkoord.WebhookOn
	if err := w.Check(); err != nil {
		return w, "", err
	}
	id, err := s.newID(s.cfg.Now())
	if err != nil {
		return w, "", err
	}
	w.PublicID = id
	sealed, text, err := s.newWebhookSecret(id)
	if err != nil {
		return w, "", err
	}
	events, purposes, err := webhookLists(w)
	if err != nil {
		return w, "", err
	}
	err = s.update(ctx, "add webhook", func(t *tx) error {
		if err := t.checkWebhook(w); err != nil {
			return err
		}
		var have int
		if err := t.queryRow(`SELECT count(*) FROM webhook`).Scan(&have); err != nil {
			return err
		}
		if have >= akkoord.Limits.Webhooks {
			return akkoord.Errorf(akkoord.Conflict, "too_many_webhooks", "There are %d endpoints already, which are the most; change one that is off.", have)
		}
		w.CreatedAt, w.ChangedAt = t.now, t.now
		if err := t.queryRow(`INSERT INTO webhook (public_id, url, processor, events, purposes, send_address, state, failing_since, reached, secret, old_secret, old_until, created_at, changed_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, 0, '[]', $8, $9, 0, $10, $10) RETURNING id`,
			id[:], w.URL, w.Processor, events, purposes, numberOf(w.SendAddress), string(w.State), sealed, []byte{}, micros(t.now)).Scan(&w.ID); err != nil {
			return err
		}
		t.changedWebhooks()
		return t.audit(actor, "webhook.create", named("webhook", id.String()), "for "+w.Processor)
	})
	return w, text, err
}

// EditWebhook changes an endpoint from what it is at that moment; edit may be
// called more than once. Errors: NotFound, those of AddWebhook, and Conflict with
// code webhook_party_fixed where its party would be another.
func (s *Store) EditWebhook(ctx context.Context, actor akkoord.Actor, id akkoord.ID, edit func(*akkoord.Webhook)) (akkoord.Webhook, error) {
	var w akkoord.Webhook
	err := s.update(ctx, "edit webhook", func(t *tx) error {
		var err error
		if w, err = webhookNamed(t, id); err != nil {
			return err
		}
		was := w
		w.Events, w.Purposes = slices.Clone(w.Events), slices.Clone(w.Purposes)
		edit(&w)
		if err := w.Check(); err != nil {
			return err
		}
		if w.Processor != was.Processor { // what waits, and word of erasures, is for the party that was told
			return &akkoord.Error{Kind: akkoord.Conflict, Code: "webhook_party_fixed", Field: "processor", Message: "The party of an endpoint stays; make another endpoint and switch this one off."}
		}
		if err := t.checkWebhook(w); err != nil {
			return err
		}
		events, purposes, err := webhookLists(w)
		if err != nil {
			return err
		}
		w.ChangedAt = t.now
		if err := t.exec(`UPDATE webhook SET url = $2, processor = $3, events = $4, purposes = $5, send_address = $6, state = $7, failing_since = $8, changed_at = $9 WHERE id = $1`,
			w.ID, w.URL, w.Processor, events, purposes, numberOf(w.SendAddress), string(w.State), micros(w.FailingSince), micros(t.now)); err != nil {
			return err
		}
		t.changedWebhooks()
		if err := t.enqueueWebhooks(); err != nil {
			return err
		}
		return t.audit(actor, "webhook.change", named("webhook", id.String()), webhookNote(was, w))
	})
	return w, err
}

// webhookNote says in the audit trail what of an endpoint matters most.
func webhookNote(was, is akkoord.Webhook) string {
	note := "for " + is.Processor + ", " + string(is.State)
	if was.SendAddress != is.SendAddress {
		note += fmt.Sprintf(", addresses %t", is.SendAddress)
	}
	return note
}

// RotateWebhook gives an endpoint another secret, and gives it, which can't be
// read again. The one before signs beside it for akkoord.WebhookOverlap.
func (s *Store) RotateWebhook(ctx context.Context, actor akkoord.Actor, id akkoord.ID) (akkoord.Webhook, string, error) {
	sealed, text, err := s.newWebhookSecret(id)
	if err != nil {
		return akkoord.Webhook{}, "", err
	}
	var w akkoord.Webhook
	err = s.update(ctx, "rotate webhook", func(t *tx) error {
		var err error
		if w, err = webhookNamed(t, id); err != nil {
			return err
		}
		w.OldUntil = t.now.Add(akkoord.WebhookOverlap)
		if err := t.exec(`UPDATE webhook SET old_secret = secret, old_until = $2, secret = $3 WHERE id = $1`, w.ID, micros(w.OldUntil), sealed); err != nil {
			return err
		}
		return t.audit(actor, "webhook.rotate", named("webhook", id.String()), "")
	})
	return w, text, err
}

// checkWebhook refuses an endpoint of a party that is in no register, or for
// purposes that there are none of.
func (t *tx) checkWebhook(w akkoord.Webhook) error {
	if w.Processor == akkoord.OwnProcessor {
		return akkoord.Fieldf("processor", "processor_own", "Name the party that runs the endpoint; where you do so yourself, put that into the register of processors too.")
	}
	if err := t.checkParty(w.Processor); err != nil {
		return err
	}
	var there bool
	for _, p := range w.Purposes {
		if err := t.queryRow(`SELECT EXISTS (SELECT 1 FROM purpose WHERE id = $1)`, p).Scan(&there); err != nil {
			return err
		}
		if !there {
			return akkoord.Fieldf("purposes", "purpose_unknown", "There is no such purpose.")
		}
	}
	return nil
}

func webhookSeal(id akkoord.ID) string { return "webhook:" + id.String() }

// newWebhookSecret gives a secret sealed and as it is shown.
func (s *Store) newWebhookSecret(id akkoord.ID) (sealed []byte, text string, err error) {
	secret, err := s.random(akkoord.WebhookSecretSize)
	if err != nil {
		return nil, "", err
	}
	sealer, err := s.cfg.Keyring.Sealer(s.cfg.Random)
	if err != nil {
		return nil, "", err
	}
	sealed, err = sealer.Seal(secret, webhookSeal(id))
	return sealed, akkoord.WebhookSecretText(secret), err
}

// numberOf is a yes or no as it is stored.
func numberOf(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

func webhookLists(w akkoord.Webhook) (events, purposes string, err error) {
	if events, err = toJSON(w.Events); err != nil {
		return "", "", err
	}
	if w.Purposes == nil {
		w.Purposes = []int64{}
	}
	purposes, err = toJSON(w.Purposes)
	return events, purposes, err
}

const webhookQuery = `SELECT id, public_id, url, processor, events, purposes, send_address, state, failing_since, reached, old_until, created_at, changed_at FROM webhook`

func webhookNamed(q querier, id akkoord.ID) (akkoord.Webhook, error) {
	w, err := scanWebhook(q.queryRow(webhookQuery+` WHERE public_id = $1`, id[:]))
	return w, missing(err, "webhook")
}

func loadWebhooks(q querier) ([]akkoord.Webhook, error) {
	rows, err := q.query(webhookQuery + ` ORDER BY id`)
	return list(rows, err, scanWebhook)
}

func scanWebhook(r row) (akkoord.Webhook, error) {
	var w akkoord.Webhook
	var id []byte
	var events, purposes, reached string
	var address, failing, old, created, changed int64
	if err := r.Scan(&w.ID, &id, &w.URL, &w.Processor, &events, &purposes, &address, &w.State, &failing, &reached, &old, &created, &changed); err != nil {
		return w, err
	}
	w.SendAddress = address != 0
	w.PublicID, w.FailingSince, w.OldUntil, w.CreatedAt, w.ChangedAt = id16(id), fromMicros(failing), fromMicros(old), fromMicros(created), fromMicros(changed)
	return w, errors.Join(json.Unmarshal([]byte(events), &w.Events), json.Unmarshal([]byte(purposes), &w.Purposes), json.Unmarshal([]byte(reached), &w.Reached))
}

// Webhook gives the endpoint with a public id, or NotFound.
func (s *Store) Webhook(ctx context.Context, id akkoord.ID) (akkoord.Webhook, error) {
	return webhookNamed(s.view(ctx), id)
}

// Webhooks gives all endpoints, oldest first; there are at most
// akkoord.Limits.Webhooks.
func (s *Store) Webhooks(ctx context.Context) ([]akkoord.Webhook, error) {
	return loadWebhooks(s.view(ctx))
}

// WebhookFigures is how endpoints and messages to them are.
type WebhookFigures struct {
	Waiting, GivenUp int64     // messages
	Oldest           time.Time // since when the oldest that waits does; zero: none does
	Paused           int64     // endpoints that failed for so long that they were paused, or said that they are gone
}

// WebhookFigures reads the figures of this moment.
func (s *Store) WebhookFigures(ctx context.Context) (WebhookFigures, error) {
	var f WebhookFigures
	var oldest int64
	v := s.view(ctx)
	if err := v.queryRow(`SELECT count(*) FROM webhook WHERE state IN ('failing', 'gone')`).Scan(&f.Paused); err != nil {
		return f, err
	}
	err := v.queryRow(`SELECT count(CASE WHEN state = 0 THEN 1 END), count(CASE WHEN state = 2 THEN 1 END), coalesce(min(CASE WHEN state = 0 THEN at END), 0) FROM webhook_message WHERE state IN (0, 2)`).
		Scan(&f.Waiting, &f.GivenUp, &oldest)
	f.Oldest = fromMicros(oldest)
	return f, err
}
