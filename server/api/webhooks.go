package api

import (
	"context"
	"slices"

	"akkoord"
)

// Webhooks keeps the endpoints that are told of events (M28).
type Webhooks interface {
	AddWebhook(ctx context.Context, actor akkoord.Actor, w akkoord.Webhook) (added akkoord.Webhook, secret string, err error)
	// EditWebhook changes an endpoint from what it is at that moment; edit may
	// be called more than once.
	EditWebhook(ctx context.Context, actor akkoord.Actor, id akkoord.ID, edit func(*akkoord.Webhook)) (akkoord.Webhook, error)
	RotateWebhook(ctx context.Context, actor akkoord.Actor, id akkoord.ID) (w akkoord.Webhook, secret string, err error)
	Webhook(ctx context.Context, id akkoord.ID) (akkoord.Webhook, error)
	Webhooks(ctx context.Context) ([]akkoord.Webhook, error)
	WebhookMessages(ctx context.Context, webhook int64, p akkoord.Page) (messages []akkoord.WebhookMessage, next int64, err error)
	TestWebhook(ctx context.Context, actor akkoord.Actor, id akkoord.ID) error
	RepeatWebhookMessage(ctx context.Context, actor akkoord.Actor, id, message akkoord.ID) error
	RepeatWebhookFailures(ctx context.Context, actor akkoord.Actor, id akkoord.ID, days int) (n int64, err error)
	Register(ctx context.Context) ([]akkoord.Processor, error)
}

// newWebhook is the body of POST /webhooks.
type newWebhook struct {
	URL         string                 `json:"url" doc:"Begins with https://; http:// on loopback alone."`
	Processor   string                 `json:"processor" doc:"Slug of the party of the register that runs it. Nothing is sent without its agreement."`
	Events      []akkoord.WebhookEvent `json:"events" doc:"Which events it is told of; see docs/webhooks.md."`
	Purposes    []string               `json:"purposes,omitempty" doc:"Slugs: only what is about these. All where it is left out."`
	SendAddress bool                   `json:"send_address,omitempty" doc:"The person's address goes along. Only where the agreement covers it."`
}

// webhookChange is the body of PATCH /webhooks/{id}.
type webhookChange struct {
	URL         *string                 `json:"url,omitempty"`
	Processor   *string                 `json:"processor,omitempty"`
	Events      *[]akkoord.WebhookEvent `json:"events,omitempty"`
	Purposes    *[]string               `json:"purposes,omitempty" doc:"[]: all."`
	SendAddress *bool                   `json:"send_address,omitempty"`
	On          *bool                   `json:"on,omitempty" doc:"true also goes on with one that was paused."`
}

// webhook is an endpoint as the API shows it.
type webhook struct {
	ID           akkoord.ID             `json:"id" format:"uuid"`
	URL          string                 `json:"url"`
	Processor    string                 `json:"processor"`
	Events       []akkoord.WebhookEvent `json:"events" nullable:"false"`
	Purposes     []string               `json:"purposes" nullable:"false" doc:"[]: all."`
	SendAddress  bool                   `json:"send_address"`
	State        akkoord.WebhookState   `json:"state" enum:"on,off,gone,failing" doc:"gone: it answered 410. failing: it failed for five days; what happens waits until it is switched on."`
	Obstacles    []akkoord.Reason       `json:"obstacles" nullable:"false" doc:"What forbids sending anything to its party now."`
	FailingSince *Time                  `json:"failing_since"`
	OldUntil     *Time                  `json:"old_secret_until" doc:"Until when the secret before the last one signs too."`
	CreatedAt    *Time                  `json:"created_at"`
}

// webhookSecret is an endpoint with its secret.
type webhookSecret struct {
	webhook
	Secret *string `json:"secret" doc:"Shown this once: a repetition by Idempotency-Key has null."`
}

func (webhookSecret) once() string { return "secret" }

// webhookMessage is a message to an endpoint.
type webhookMessage struct {
	ID       akkoord.ID           `json:"id" format:"uuid" doc:"The endpoint sees it as webhook-id, with msg_ before it."`
	Type     akkoord.WebhookEvent `json:"type"`
	At       *Time                `json:"timestamp" doc:"Of what it tells of."`
	State    string               `json:"state" enum:"waiting,delivered,given_up,dropped" doc:"dropped: its person is gone since."`
	Attempts int                  `json:"attempts"`
	NextAt   *Time                `json:"next_at" doc:"Of the next try. Null: at once, or none."`
	TriedAt  *Time                `json:"tried_at"`
	Status   int                  `json:"status" doc:"Of HTTP; 0: there was no answer."`
	Took     int64                `json:"milliseconds"`
	Fault    akkoord.WebhookFault `json:"fault" doc:"Empty, refused, redirect, private, slow or unreachable."`
	Answer   string               `json:"answer" doc:"First 200 characters."`
}

func (a *API) showWebhooks(ctx context.Context, all ...akkoord.Webhook) ([]webhook, error) {
	parties, err := a.cfg.Store.Register(ctx)
	if err != nil {
		return nil, err
	}
	var purposes []int64
	for _, w := range all {
		purposes = append(purposes, w.Purposes...)
	}
	slugs, err := a.cfg.Store.PurposeSlugs(ctx, purposes)
	if err != nil {
		return nil, err
	}
	out := make([]webhook, len(all))
	for i, w := range all {
		out[i] = webhook{
			ID: w.PublicID, URL: w.URL, Processor: w.Processor, Events: w.Events, Purposes: []string{}, SendAddress: w.SendAddress, State: w.State, Obstacles: some(w.Obstacles(parties, a.cfg.Now())),
			FailingSince: when(w.FailingSince), OldUntil: when(w.OldUntil), CreatedAt: when(w.CreatedAt),
		}
		for _, id := range w.Purposes {
			out[i].Purposes = append(out[i].Purposes, slugs[id])
		}
	}
	return out, nil
}

func (a *API) showWebhook(ctx context.Context, w akkoord.Webhook, err error) (webhook, error) {
	if err != nil {
		return webhook{}, err
	}
	shown, err := a.showWebhooks(ctx, w)
	if err != nil {
		return webhook{}, err
	}
	return shown[0], nil
}

func (a *API) listWebhooks(ctx context.Context, in *struct{ Paging }) (list[webhook], error) {
	page, err := in.page()
	if err != nil {
		return list[webhook]{}, err
	}
	all, err := a.cfg.Store.Webhooks(ctx)
	if err != nil {
		return list[webhook]{}, err
	}
	rows, next := cut(all, func(w akkoord.Webhook) int64 { return w.ID }, page)
	shown, err := a.showWebhooks(ctx, rows...)
	if err != nil {
		return list[webhook]{}, err
	}
	return newList(shown, next, func(w webhook) webhook { return w }), a.audit(ctx, "webhook.list", "webhook", "")
}

// purposeNumbers gives the numbers of purposes by their slugs.
func (a *API) purposeNumbers(ctx context.Context, slugs []string) ([]int64, error) {
	if len(slugs) > akkoord.Limits.Purposes {
		return nil, akkoord.Fieldf("purposes", "too_many_items", "At most %d purposes can be named.", akkoord.Limits.Purposes)
	}
	ids := []int64{}
	for _, slug := range slugs {
		p, err := a.cfg.Store.Purpose(ctx, slug)
		if err != nil {
			return nil, unknown(err, "purposes")
		}
		ids = append(ids, p.ID)
	}
	return ids, nil
}

func (a *API) makeWebhook(ctx context.Context, in *struct{ Body newWebhook }) (webhookSecret, error) {
	b := in.Body
	purposes, err := a.purposeNumbers(ctx, b.Purposes)
	if err != nil {
		return webhookSecret{}, err
	}
	w, secret, err := a.cfg.Store.AddWebhook(ctx, caller(ctx).Actor(), akkoord.Webhook{
		URL: b.URL, Processor: b.Processor, Events: unique(b.Events), Purposes: purposes, SendAddress: b.SendAddress,
	})
	shown, err := a.showWebhook(ctx, w, err)
	return webhookSecret{shown, &secret}, err
}

// unique drops what is named twice.
func unique[T comparable](all []T) []T {
	var out []T
	for _, v := range all {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

func (a *API) webhookByID(ctx context.Context, id string) (akkoord.Webhook, error) {
	parsed, err := akkoord.ParseID(id)
	if err != nil {
		return akkoord.Webhook{}, err
	}
	return a.cfg.Store.Webhook(ctx, parsed)
}

func (a *API) readWebhook(ctx context.Context, in *ByID) (webhook, error) {
	w, err := a.webhookByID(ctx, in.ID)
	return a.showWebhook(ctx, w, err)
}

func (a *API) changeWebhook(ctx context.Context, in *struct {
	ByID
	Body webhookChange
}) (webhook, error) {
	w, err := a.webhookByID(ctx, in.ID)
	if err != nil {
		return webhook{}, err
	}
	b := in.Body
	var purposes []int64
	if b.Purposes != nil {
		if purposes, err = a.purposeNumbers(ctx, *b.Purposes); err != nil {
			return webhook{}, err
		}
	}
	w, err = a.cfg.Store.EditWebhook(ctx, caller(ctx).Actor(), w.PublicID, func(w *akkoord.Webhook) {
		set(&w.URL, b.URL)
		set(&w.Processor, b.Processor)
		set(&w.SendAddress, b.SendAddress)
		if b.Events != nil {
			w.Events = unique(*b.Events)
		}
		if b.Purposes != nil {
			w.Purposes = purposes
		}
		if b.On != nil {
			*w = w.Switch(*b.On)
		}
	})
	return a.showWebhook(ctx, w, err)
}

// set changes what was sent.
func set[T any](to, sent *T) {
	if sent != nil {
		*to = *sent
	}
}

func (a *API) rotateWebhook(ctx context.Context, in *ByID) (webhookSecret, error) {
	w, err := a.webhookByID(ctx, in.ID)
	if err != nil {
		return webhookSecret{}, err
	}
	w, secret, err := a.cfg.Store.RotateWebhook(ctx, caller(ctx).Actor(), w.PublicID)
	shown, err := a.showWebhook(ctx, w, err)
	return webhookSecret{shown, &secret}, err
}

func (a *API) testWebhook(ctx context.Context, in *ByID) (webhook, error) {
	w, err := a.webhookByID(ctx, in.ID)
	if err == nil {
		err = a.cfg.Store.TestWebhook(ctx, caller(ctx).Actor(), w.PublicID)
	}
	return a.showWebhook(ctx, w, err)
}

func (a *API) listWebhookMessages(ctx context.Context, in *struct {
	ByID
	Paging
}) (list[webhookMessage], error) {
	page, err := in.page()
	if err != nil {
		return list[webhookMessage]{}, err
	}
	w, err := a.webhookByID(ctx, in.ID)
	if err != nil {
		return list[webhookMessage]{}, err
	}
	rows, next, err := a.cfg.Store.WebhookMessages(ctx, w.ID, page)
	if err != nil {
		return list[webhookMessage]{}, err
	}
	return newList(rows, next, showWebhookMessage), a.audit(ctx, "webhook.messages", "webhook:"+w.PublicID.String(), "")
}

func showWebhookMessage(m akkoord.WebhookMessage) webhookMessage {
	out := webhookMessage{
		ID: m.PublicID, Type: m.Event, At: when(m.At), State: m.State.String(), Attempts: m.Attempts, TriedAt: when(m.Last.At),
		Status: m.Last.Status, Took: m.Last.Took.Milliseconds(), Fault: m.Last.Fault, Answer: m.Last.Answer,
	}
	if m.State == akkoord.WebhookWaiting {
		out.NextAt = when(m.DueAt)
	}
	return out
}

// repeated says how much is sent again.
type repeated struct {
	Messages int64 `json:"messages"`
}

func (a *API) repeatWebhook(ctx context.Context, in *struct {
	ByID
	Body struct {
		Message string `json:"message,omitempty" doc:"Id of the one message to send again."`
		Days    int    `json:"days,omitempty" doc:"Or all that were given up within so many days, 1 to 30."`
	}
}) (repeated, error) {
	w, err := a.webhookByID(ctx, in.ID)
	if err != nil {
		return repeated{}, err
	}
	if in.Body.Message == "" {
		n, err := a.cfg.Store.RepeatWebhookFailures(ctx, caller(ctx).Actor(), w.PublicID, in.Body.Days)
		return repeated{n}, err
	}
	message, err := akkoord.ParseID(in.Body.Message)
	if err != nil {
		return repeated{}, akkoord.Fieldf("message", "id_invalid", "Give the id of a message of this endpoint.")
	}
	return repeated{1}, a.cfg.Store.RepeatWebhookMessage(ctx, caller(ctx).Actor(), w.PublicID, message)
}
