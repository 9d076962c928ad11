package akkoord

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"
	"unicode"
)

// WebhookMessageState is how far a message to an endpoint is.
type WebhookMessageState int

// The states of a message.
const (
	WebhookWaiting   WebhookMessageState = 0
	WebhookDelivered WebhookMessageState = 1
	WebhookGivenUp   WebhookMessageState = 2 // after all tries of webhookPauses
	WebhookDropped   WebhookMessageState = 3 // its person is gone or restricted since, or its endpoint wants it no more
)

// String gives the state as the API writes it.
func (s WebhookMessageState) String() string {
	return [...]string{"waiting", "delivered", "given_up", "dropped"}[s]
}

// WebhookMessage is one event on its way to one endpoint. What it says of a
// person is read when it is sent: nothing of them rests in it but a number,
// and of those who are gone their id until it was delivered.
type WebhookMessage struct {
	ID        int64
	PublicID  ID // of the message: a repetition has the same
	WebhookID int64
	Event     WebhookEvent
	At        time.Time // of what it tells of
	Person    ID        // zero: it is about nobody
	Email     Email     // of that person, where the endpoint gets it
	Purpose   string    // slug
	Campaign  string    // slug
	Mailing   ID
	Reason    string
	State     WebhookMessageState
	Attempts  int
	DueAt     time.Time // of the next try, while it waits; zero: at once
	Last      WebhookTry
}

// WebhookTry is one request to an endpoint and what came of it.
type WebhookTry struct {
	At     time.Time
	Status int           // of HTTP; 0: there was no answer
	Took   time.Duration // to the answer, or to giving up
	Fault  WebhookFault  // why there was no good answer
	Answer string        // first characters of the body
}

// WebhookFault is why a request to an endpoint failed.
type WebhookFault string

// The faults of requests.
const (
	WebhookRefused     WebhookFault = "refused"     // an answer that is not 2xx
	WebhookRedirects   WebhookFault = "redirect"    // which are not followed
	WebhookPrivate     WebhookFault = "private"     // the name leads into a private network
	WebhookSlow        WebhookFault = "slow"        // no answer in time
	WebhookUnreachable WebhookFault = "unreachable" // no connection, or no TLS that can be trusted
)

// webhookAnswer is how many characters of an answer are kept.
const webhookAnswer = 200

// Delivered reports whether the endpoint took the message: it answered 2xx.
func (t WebhookTry) Delivered() bool { return t.Status >= 200 && t.Status < 300 }

// Gone reports whether the endpoint says that it wants no more messages.
func (t WebhookTry) Gone() bool { return t.Status == http.StatusGone }

// WebhookAnswer gives what is kept of an endpoint's answer: its first
// characters, on one line, without addresses (P16).
func WebhookAnswer(body []byte) string {
	text := strings.Join(strings.FieldsFunc(strings.ToValidUTF8(string(body), ""), func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }), " ")
	text = MaskAddresses(text)
	if all := []rune(text); len(all) > webhookAnswer {
		text = string(all[:webhookAnswer])
	}
	return text
}

// webhookPauses are the pauses after each try that failed, as Standard Webhooks
// recommends them: some three days in all.
var webhookPauses = [...]time.Duration{
	5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

// WebhookTries is how often a message is tried before it is given up.
const WebhookTries = len(webhookPauses) + 1

// Tried gives the message after a try. jitter, from 0 to 1, lengthens a pause
// by up to a tenth, so that what failed together is not tried together. Word of
// an erasure is never given up: after the schedule it is tried daily (Art. 19 GDPR).
func (m WebhookMessage) Tried(t WebhookTry, jitter float64) WebhookMessage {
	m.Attempts++
	m.Last = t
	switch {
	case t.Delivered():
		m.State = WebhookDelivered
	case m.Attempts > len(webhookPauses) && m.Event != PersonErased:
		m.State = WebhookGivenUp
	default:
		pause := webhookPauses[min(m.Attempts, len(webhookPauses))-1]
		m.DueAt = t.At.Add(pause + time.Duration(jitter*float64(pause)/10)).Truncate(time.Microsecond)
	}
	return m
}

// Name is the message's name towards endpoints, the webhook-id of Standard
// Webhooks. It is the same at each try.
func (m WebhookMessage) Name() string { return "msg_" + m.PublicID.String() }

// Body is what the endpoint gets.
func (m WebhookMessage) Body() ([]byte, error) {
	type data struct {
		Person   *ID    `json:"person,omitempty"`
		Email    string `json:"email,omitempty"`
		Purpose  string `json:"purpose,omitempty"`
		Campaign string `json:"campaign,omitempty"`
		Mailing  *ID    `json:"mailing,omitempty"`
		Reason   string `json:"reason,omitempty"`
	}
	out := struct {
		Type      WebhookEvent `json:"type"`
		Timestamp Moment       `json:"timestamp"`
		Data      data         `json:"data"`
	}{m.Event, Moment{m.At}, data{Purpose: m.Purpose, Campaign: m.Campaign, Reason: m.Reason}}
	if !m.Person.IsZero() {
		out.Data.Person = &m.Person
		if m.Event != PersonErased {
			out.Data.Email = m.Email.Address()
		}
	}
	if !m.Mailing.IsZero() {
		out.Data.Mailing = &m.Mailing
	}
	return json.Marshal(out)
}

const webhookSecretPrefix = "whsec_"

// WebhookSecretText gives a secret as it is shown, the form of Standard Webhooks.
func WebhookSecretText(secret []byte) string {
	return webhookSecretPrefix + base64.StdEncoding.EncodeToString(secret)
}

// WebhookSend is an endpoint that a message may go to now, with what signs it.
type WebhookSend struct {
	Webhook
	Secrets [][]byte // the one in force first
}
