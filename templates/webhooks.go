package templates

import (
	"slices"
	"time"
)

// WebhooksPage is GET /admin/webhooks: the endpoints that are told of events,
// and the form that adds one, which posts to its path.
type WebhooksPage struct {
	Admin
	Rows []WebhookRow
	Form WebhookForm
}

// WebhookPage is GET /admin/webhooks/{id}: an endpoint, its messages, and the
// forms that post act=save with the fields of WebhookForm, and act=on, off,
// rotate, test, failed with days, and again with message, to Form.Action.
type WebhookPage struct {
	Admin
	Row     WebhookRow
	Form    WebhookForm
	Secret  string // a secret that was just made; it is shown once
	Failed  bool   // messages were given up
	Rows    []WebhookMessageRow
	Next    string
	MaxDays int
}

// WebhookRow is an endpoint.
type WebhookRow struct {
	ID, URL, Path, Party   string
	State                  string   // of akkoord.WebhookState
	Obstacles              []string // codes of why nothing goes to its party
	Events                 []string // as WebhookEventKey gives them
	Purposes               []string // names; none: all
	SendAddress            bool
	FailingSince, OldUntil time.Time
	CreatedAt              time.Time
}

// WebhookForm are the fields url, processor, events, purpose and send_address.
type WebhookForm struct {
	Action         string
	New            bool
	URL, Processor string
	Chosen         []string // events
	Purpose        []string // slugs
	SendAddress    bool
	Parties        []Option
	Events         []WebhookEventOption
	Purposes       []Option
	Errors         FieldErrors
	Token          string // of the page
}

// WebhookEventOption is an event to choose: its name, and the key of its text.
type WebhookEventOption struct{ Value, Key string }

// HasEvent reports whether an event is chosen.
func (f WebhookForm) HasEvent(name string) bool { return slices.Contains(f.Chosen, name) }

// HasPurpose reports whether a purpose is chosen.
func (f WebhookForm) HasPurpose(slug string) bool { return slices.Contains(f.Purpose, slug) }

// WebhookMessageRow is a message and its last try.
type WebhookMessageRow struct {
	ID, Event, State, Fault, Answer string
	At, TriedAt, NextAt             time.Time
	Attempts, Status, Took          int // Took in milliseconds
	Repeatable                      bool
}

func (WebhooksPage) file() string { return "admin/webhooks.html" }
func (WebhookPage) file() string  { return "admin/webhook.html" }
