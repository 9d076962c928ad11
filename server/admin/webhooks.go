package admin

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"akkoord"
	"akkoord/templates"
)

// Hooking keeps the endpoints that are told of events (M28).
type Hooking interface {
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
}

const (
	webhooksPath    = Prefix + "/webhooks"
	webhookMessages = 50 // on one page
)

func webhookPath(w akkoord.Webhook) string { return webhooksPath + "/" + w.PublicID.String() }

// webhooks lists the endpoints, and why nothing goes out to some of them.
func (s *Site) webhooks(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := s.cfg.Store.Audit(r.Context(), v.user.Actor(), "webhook.list", "webhook", ""); err != nil {
		return err
	}
	return s.showWebhooks(w, r, v, http.StatusOK, templates.WebhookForm{Chosen: eventNames(akkoord.WebhookEvents)})
}

func (s *Site) showWebhooks(w http.ResponseWriter, r *http.Request, v visit, code int, form templates.WebhookForm) error {
	page := templates.WebhooksPage{Admin: s.frame(r, v, "settings")}
	all, err := s.cfg.Store.Webhooks(r.Context())
	if err != nil {
		return err
	}
	choices, err := s.webhookChoices(r.Context(), v)
	if err != nil {
		return err
	}
	for _, hook := range all {
		page.Rows = append(page.Rows, choices.row(hook, s.cfg.Now()))
	}
	form.Action, form.New = webhooksPath, true
	page.Form = choices.form(form, page.Token)
	return s.page(w, v, code, page)
}

// webhookChoices is what the forms of endpoints let choose, and what names
// there are for what was chosen.
type webhookChoices struct {
	parties  []akkoord.Processor
	purposes []akkoord.Purpose
	locale   string
}

func (s *Site) webhookChoices(ctx context.Context, v visit) (webhookChoices, error) {
	parties, err := akkoord.AllPages(ctx, s.cfg.Store.Processors)
	if err != nil {
		return webhookChoices{}, err
	}
	purposes, err := s.cfg.Store.Purposes(ctx)
	return webhookChoices{parties, purposes, v.locale}, err
}

func (c webhookChoices) form(f templates.WebhookForm, token string) templates.WebhookForm {
	f.Token = token
	for _, p := range c.parties {
		if p.EndedAt.IsZero() || p.Slug == f.Processor {
			f.Parties = append(f.Parties, templates.Option{Value: p.Slug, Name: p.Name})
		}
	}
	for _, e := range akkoord.WebhookEvents {
		f.Events = append(f.Events, templates.WebhookEventOption{Value: string(e), Key: eventKey(e)})
	}
	for _, p := range c.purposes {
		f.Purposes = append(f.Purposes, templates.Option{Value: p.Slug, Name: p.Text(c.locale).Name})
	}
	return f
}

func (c webhookChoices) row(w akkoord.Webhook, now time.Time) templates.WebhookRow {
	row := templates.WebhookRow{
		ID: w.PublicID.String(), URL: w.URL, Path: webhookPath(w), Party: w.Processor, State: string(w.State), SendAddress: w.SendAddress,
		FailingSince: w.FailingSince, CreatedAt: w.CreatedAt,
	}
	if now.Before(w.OldUntil) {
		row.OldUntil = w.OldUntil
	}
	for _, p := range c.parties {
		if p.Slug == w.Processor {
			row.Party = p.Name
		}
	}
	for _, why := range w.Obstacles(c.parties, now) {
		row.Obstacles = append(row.Obstacles, why.Code)
	}
	for _, e := range w.Events {
		row.Events = append(row.Events, eventKey(e))
	}
	for _, p := range c.purposes {
		if slices.Contains(w.Purposes, p.ID) {
			row.Purposes = append(row.Purposes, p.Text(c.locale).Name)
		}
	}
	return row
}

// slugs gives the purposes of an endpoint as the form ticks them.
func (c webhookChoices) slugs(w akkoord.Webhook) []string {
	var out []string
	for _, p := range c.purposes {
		if slices.Contains(w.Purposes, p.ID) {
			out = append(out, p.Slug)
		}
	}
	return out
}

// eventKey names the text about an event.
func eventKey(e akkoord.WebhookEvent) string { return strings.ReplaceAll(string(e), ".", "_") }

func eventNames(events []akkoord.WebhookEvent) []string {
	out := make([]string, len(events))
	for i, e := range events {
		out[i] = string(e)
	}
	return out
}

// typedWebhook reads the form of an endpoint: as it was typed, and what it means.
func (s *Site) typedWebhook(ctx context.Context, in url.Values) (templates.WebhookForm, akkoord.Webhook, error) {
	f := templates.WebhookForm{
		URL: strings.TrimSpace(in.Get("url")), Processor: in.Get("processor"), Chosen: in["events"], Purpose: in["purpose"], SendAddress: in.Get("send_address") != "",
	}
	w := akkoord.Webhook{URL: f.URL, Processor: f.Processor, SendAddress: f.SendAddress}
	for _, e := range f.Chosen {
		w.Events = append(w.Events, akkoord.WebhookEvent(e))
	}
	var err error
	w.Purposes, err = s.purposesNamed(ctx, f.Purpose)
	return f, w, err
}

// wrongWebhook puts what was refused into the form; false for faults of ours.
func wrongWebhook(f *templates.WebhookForm, err error) (code int, ok bool) {
	f.Errors, code, ok = faults(err, map[string]string{"purpose": "purposes"})
	return code, ok
}

// addWebhook adds an endpoint, and shows its secret this once.
func (s *Site) addWebhook(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	typed, hook, err := s.typedWebhook(r.Context(), r.PostForm)
	var secret string
	if err == nil {
		hook, secret, err = s.cfg.Store.AddWebhook(r.Context(), v.user.Actor(), hook)
	}
	if err == nil {
		return s.showWebhook(w, r, v, http.StatusOK, hook, templates.WebhookPage{Secret: secret}, nil)
	}
	code, ok := wrongWebhook(&typed, err)
	if !ok {
		return err
	}
	return s.showWebhooks(w, r, v, code, typed)
}

func (s *Site) webhookByPath(r *http.Request) (akkoord.Webhook, error) {
	id, err := akkoord.ParseID(r.PathValue("id"))
	if err != nil {
		return akkoord.Webhook{}, err
	}
	return s.cfg.Store.Webhook(r.Context(), id)
}

// webhook shows an endpoint and what became of the messages to it.
func (s *Site) webhook(w http.ResponseWriter, r *http.Request, v visit) error {
	hook, err := s.webhookByPath(r)
	if err != nil {
		return err
	}
	if err := s.cfg.Store.Audit(r.Context(), v.user.Actor(), "webhook.messages", "webhook:"+hook.PublicID.String(), ""); err != nil {
		return err
	}
	return s.showWebhook(w, r, v, http.StatusOK, hook, templates.WebhookPage{}, nil)
}

// showWebhook draws the page of an endpoint, with the form as it was typed
// where it was refused.
func (s *Site) showWebhook(w http.ResponseWriter, r *http.Request, v visit, code int, hook akkoord.Webhook, page templates.WebhookPage, typed *templates.WebhookForm) error {
	ctx := r.Context()
	page.Admin = s.frame(r, v, "settings")
	page.Path = webhookPath(hook)
	choices, err := s.webhookChoices(ctx, v)
	if err != nil {
		return err
	}
	if typed == nil {
		typed = &templates.WebhookForm{URL: hook.URL, Processor: hook.Processor, Chosen: eventNames(hook.Events), Purpose: choices.slugs(hook), SendAddress: hook.SendAddress}
	}
	typed.Action = webhookPath(hook)
	page.Row, page.Form = choices.row(hook, s.cfg.Now()), choices.form(*typed, page.Token)
	page.MaxDays = int(akkoord.WebhookKept / (24 * time.Hour))
	p := after(r)
	p.Limit = webhookMessages
	messages, next, err := s.cfg.Store.WebhookMessages(ctx, hook.ID, p)
	if err != nil {
		return err
	}
	for _, m := range messages {
		page.Failed = page.Failed || m.State == akkoord.WebhookGivenUp
		page.Rows = append(page.Rows, messageRow(m))
	}
	if next != 0 {
		page.Next = webhookPath(hook) + "?" + url.Values{"after": {strconv.FormatInt(next, 10)}}.Encode()
	}
	return s.page(w, v, code, page)
}

func messageRow(m akkoord.WebhookMessage) templates.WebhookMessageRow {
	row := templates.WebhookMessageRow{
		ID: m.PublicID.String(), Event: eventKey(m.Event), State: m.State.String(), Fault: string(m.Last.Fault), Answer: m.Last.Answer, At: m.At, TriedAt: m.Last.At,
		Attempts: m.Attempts, Status: m.Last.Status, Took: int(m.Last.Took.Milliseconds()),
		Repeatable: m.State == akkoord.WebhookGivenUp || m.State == akkoord.WebhookDelivered && m.Event != akkoord.PersonErased,
	}
	if m.State == akkoord.WebhookWaiting {
		row.NextAt = m.DueAt
	}
	return row
}

// actOnWebhook changes an endpoint, or sends it something.
func (s *Site) actOnWebhook(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	hook, err := s.webhookByPath(r)
	if err != nil {
		return err
	}
	ctx, by, in := r.Context(), v.user.Actor(), r.PostForm
	notice := "saved"
	switch in.Get("act") {
	case "save":
		return s.saveWebhook(w, r, v, hook)
	case "rotate":
		hook, secret, err := s.cfg.Store.RotateWebhook(ctx, by, hook.PublicID)
		if err != nil {
			return err
		}
		return s.showWebhook(w, r, v, http.StatusOK, hook, templates.WebhookPage{Secret: secret}, nil)
	case "on", "off":
		_, err = s.cfg.Store.EditWebhook(ctx, by, hook.PublicID, func(w *akkoord.Webhook) { *w = w.Switch(in.Get("act") == "on") })
	case "test":
		notice, err = "webhook_test", s.cfg.Store.TestWebhook(ctx, by, hook.PublicID)
	case "again":
		var id akkoord.ID
		if id, err = akkoord.ParseID(in.Get("message")); err == nil {
			notice, err = "webhook_again", s.cfg.Store.RepeatWebhookMessage(ctx, by, hook.PublicID, id)
		}
	case "failed":
		days, _ := strconv.Atoi(in.Get("days")) // the store says what is wrong with 0
		notice = "webhook_again"
		_, err = s.cfg.Store.RepeatWebhookFailures(ctx, by, hook.PublicID, days)
	default:
		err = akkoord.Fieldf("act", "act_unknown", "There is no such act.")
	}
	return s.done(w, r, err, notice, webhookPath(hook))
}

func (s *Site) saveWebhook(w http.ResponseWriter, r *http.Request, v visit, hook akkoord.Webhook) error {
	typed, to, err := s.typedWebhook(r.Context(), r.PostForm)
	if err == nil {
		_, err = s.cfg.Store.EditWebhook(r.Context(), v.user.Actor(), hook.PublicID, func(w *akkoord.Webhook) {
			w.URL, w.Processor, w.Events, w.Purposes, w.SendAddress = to.URL, to.Processor, to.Events, to.Purposes, to.SendAddress
		})
	}
	if err == nil {
		return s.done(w, r, nil, "saved", webhookPath(hook))
	}
	code, ok := wrongWebhook(&typed, err)
	if !ok {
		return err
	}
	return s.showWebhook(w, r, v, code, hook, templates.WebhookPage{}, &typed)
}
