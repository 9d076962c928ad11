package akkoord

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// WebhookEvent is what an endpoint of another party is told of.
type WebhookEvent string

// The events that webhooks tell of.
const (
	PersonSubscribed WebhookEvent = "person.subscribed" // asked for a purpose
	PersonConfirmed  WebhookEvent = "person.confirmed"  // active for it from now on
	PersonLeft       WebhookEvent = "person.left"       // active for it no more, or gone from a campaign
	PersonErased     WebhookEvent = "person.erased"
	MailBounced      WebhookEvent = "mail.bounced"
	MailComplained   WebhookEvent = "mail.complained"
	MailingStarted   WebhookEvent = "mailing.started"
	MailingStopped   WebhookEvent = "mailing.paused"
	MailingResumed   WebhookEvent = "mailing.resumed"
	MailingFinished  WebhookEvent = "mailing.finished"
	MailingEnded     WebhookEvent = "mailing.cancelled"
	WebhookTest      WebhookEvent = "webhook.test" // sent by hand, and wanted by none
)

// WebhookEvents are those that an endpoint can want, in the order of pages.
var WebhookEvents = []WebhookEvent{
	PersonSubscribed, PersonConfirmed, PersonLeft, PersonErased, MailBounced, MailComplained,
	MailingStarted, MailingStopped, MailingResumed, MailingFinished, MailingEnded,
}

// WebhookState says whether an endpoint is told of events, as far as it
// depends on itself: the agreement of its party is asked at each request.
type WebhookState string

// The states of an endpoint.
const (
	WebhookOn      WebhookState = "on"
	WebhookOff     WebhookState = "off"     // an owner switched it off
	WebhookGone    WebhookState = "gone"    // it answered 410, which switches it off
	WebhookFailing WebhookState = "failing" // it failed for WebhookPatience: events wait until an owner switches it on
)

const (
	// WebhookPatience is how long an endpoint may fail without one success in
	// between before it is paused.
	WebhookPatience = 5 * 24 * time.Hour
	// WebhookKept is how long messages to endpoints and what became of them
	// are kept.
	WebhookKept = 30 * 24 * time.Hour
	// WebhookOverlap is how long the secret before the last one signs too.
	WebhookOverlap = 24 * time.Hour
	// WebhookSecretSize is the size of a secret in bytes; Standard Webhooks asks for 24 to 64.
	WebhookSecretSize = 32

	webhookURL = 1000 // bytes
)

// Webhook is an endpoint of another party that is told of events as they
// happen, after https://www.standardwebhooks.com. Nothing goes to it while its
// party has no valid agreement on record (M28).
type Webhook struct {
	ID           int64
	PublicID     ID
	URL          string
	Processor    string         // slug of the party in the register
	Events       []WebhookEvent // that are wanted
	Purposes     []int64        // only what is about these; none: all
	SendAddress  bool           // of the person, where an event is about one
	State        WebhookState
	FailingSince time.Time // first failure since the last success; zero: the last try was one
	Reached      []int64   // purposes of whose people it was ever told, which it hears of erasures for
	OldUntil     time.Time // until when the secret before this one signs too; zero: there is none
	CreatedAt    time.Time
	ChangedAt    time.Time // by an owner
}

// Check reports the first thing wrong with an endpoint about to be stored.
// Errors are Invalid and name the field.
func (w Webhook) Check() error {
	if err := checkWebhookURL(w.URL); err != nil {
		return err
	}
	if strings.TrimSpace(w.Processor) == "" {
		return Fieldf("processor", "webhook_no_party", "Say which party of the register of processors gets the data.")
	}
	if len(w.Events) == 0 {
		return Fieldf("events", "webhook_no_event", "Choose one event at least.")
	}
	for _, e := range w.Events {
		if !slices.Contains(WebhookEvents, e) {
			return Fieldf("events", "webhook_event", "There is no such event; see docs/webhooks.md for those that there are.")
		}
	}
	if w.State != WebhookOn && w.State != WebhookOff && w.State != WebhookGone && w.State != WebhookFailing {
		return Fieldf("state", "state_unknown", "The state is on or off.")
	}
	return nil
}

func checkWebhookURL(text string) error {
	if len(text) > webhookURL {
		return Fieldf("url", "text_too_long", "The address of an endpoint has %d characters at most.", webhookURL)
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "" || u.Opaque != "" || strings.TrimSpace(text) != text {
		return Fieldf("url", "webhook_url", "Give the whole address of the endpoint, like https://crm.example/akkoord, without a name or password in it.")
	}
	loopback := LoopbackHost(u.Hostname())
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback) {
		return Fieldf("url", "webhook_https", "The address has to begin with https: personal data goes there (M25).")
	}
	if at, err := netip.ParseAddr(u.Hostname()); err == nil && !loopback && (!at.Unmap().IsGlobalUnicast() || at.Unmap().IsPrivate()) {
		return Fieldf("url", "webhook_private", "This is an address of a private network; endpoints are reached over the internet alone.")
	}
	return nil
}

// Obstacles gives all that forbids telling the endpoint's party anything now,
// by the register of parties (M28).
func (w Webhook) Obstacles(register []Processor, now time.Time) []Reason {
	return PartyObstacles(w.Processor, register, now)
}

// PausedWebhooks counts the endpoints that an owner has to look at: those that
// failed for long, or say that they are gone.
func PausedWebhooks(all []Webhook) (n int) {
	for _, w := range all {
		if w.State == WebhookFailing || w.State == WebhookGone {
			n++
		}
	}
	return n
}

// Announcement is one event, before it is known who is to be told.
type Announcement struct {
	Event      WebhookEvent
	PurposeID  int64 // 0: of none or of all
	CampaignID int64
	MailingID  int64
	Reason     string // a code; empty: the event says it all
}

// Announcements gives what webhooks tell of a change about a person. Whoever is
// forgotten is erased for them, whatever the cause (Art. 19 GDPR). People who
// are imported are none of it, since whoever imports them has them in a file.
func Announcements(st Standing, c Change) []Announcement {
	if c.Erases() {
		return []Announcement{{Event: PersonErased}}
	}
	var out []Announcement
	for _, e := range c.Events {
		a := Announcement{PurposeID: e.PurposeID, CampaignID: e.CampaignID, MailingID: e.MailingID, Reason: string(e.Kind)}
		switch {
		case e.Kind == Requested:
			a.Event, a.Reason = PersonSubscribed, ""
		case e.Kind == Confirmed, e.Kind == Reinstated, e.Kind == CampaignBack, e.Kind == BasisChanged && begins(st, c, e.PurposeID):
			a.Event = PersonConfirmed
		case e.Kind.Ends(), e.Kind == CampaignLeft:
			a.Event = PersonLeft
		default:
			continue
		}
		if e.Kind != CampaignLeft && e.Kind != CampaignBack {
			a.CampaignID = 0 // it led there, and is not what was left
		}
		out = append(out, a)
	}
	if c.Forget {
		out = append(out, Announcement{Event: PersonErased})
	}
	return out
}

// begins reports whether a change makes a person active for a purpose.
func begins(st Standing, c Change, purpose int64) bool {
	return st.Subscription(purpose).State != Active && slices.ContainsFunc(c.Subscriptions, func(s Subscription) bool {
		return s.PurposeID == purpose && s.State == Active
	})
}

// AnnounceMove gives what webhooks tell of an act on a mailing; false for
// acts that they don't tell of.
func AnnounceMove(from MailingState, act string, by Actor) (Announcement, bool) {
	var a Announcement
	switch {
	case act == "send":
		a.Event = MailingStarted
	case act == "pause" && from == MailingSending:
		a.Event, a.Reason = MailingStopped, "by_hand"
		if by == ActorSystem {
			a.Reason = "by_itself"
		}
	case act == "resume", act == "send_again" && from == MailingSent:
		a.Event = MailingResumed
	case act == "finish":
		a.Event = MailingFinished
	case act == "cancel":
		a.Event = MailingEnded
	}
	return a, a.Event != ""
}

// AnnounceReport gives what webhooks tell of a bounce or a complaint.
func AnnounceReport(r Report) Announcement {
	if r.Kind == ReportComplaint {
		return Announcement{Event: MailComplained, MailingID: r.Mailing}
	}
	return Announcement{Event: MailBounced, MailingID: r.Mailing, Reason: string(r.Class)}
}

// Wants reports whether an endpoint is to be told of an event. people are the
// purposes of the person whom an erasure is about: whoever was told anything
// of these is told of it, whatever else they want (Art. 19 GDPR), and those
// that are switched off once they are on again.
func (w Webhook) Wants(a Announcement, people []int64) bool {
	if a.Event == PersonErased {
		return slices.ContainsFunc(people, func(p int64) bool { return slices.Contains(w.Reached, p) })
	}
	if w.State != WebhookOn && w.State != WebhookFailing {
		return false
	}
	return slices.Contains(w.Events, a.Event) && (len(w.Purposes) == 0 || slices.Contains(w.Purposes, a.PurposeID))
}

// Covers reports whether what was put down for an endpoint may still go there,
// by what it wants now. Word of erasures and tests go whatever it wants.
func (w Webhook) Covers(a Announcement) bool {
	return a.Event == PersonErased || a.Event == WebhookTest || w.Wants(a, nil)
}

// Names reports whether a message may carry its person's address: they are
// active for its purpose as it is sent. Whoever typed the address of a sign-up
// need not be its owner.
func (w Webhook) Names(e WebhookEvent, now State) bool {
	return w.SendAddress && now == Active && e != PersonSubscribed && e != PersonErased
}

// Reaches gives the endpoint after it was told of somebody's purpose, and
// whether that is new.
func (w Webhook) Reaches(purpose int64) (Webhook, bool) {
	if purpose == 0 || slices.Contains(w.Reached, purpose) {
		return w, false
	}
	w.Reached = append(slices.Clone(w.Reached), purpose)
	return w, true
}

// Tried gives the endpoint after a try, and whether it changed.
func (w Webhook) Tried(t WebhookTry, now time.Time) (Webhook, bool) {
	was, since := w.State, w.FailingSince
	switch {
	case t.Delivered():
		w.FailingSince = time.Time{}
	case t.Gone():
		w.State = WebhookGone
	case since.IsZero():
		w.FailingSince = now
	case w.State == WebhookOn && now.Sub(since) >= WebhookPatience:
		w.State = WebhookFailing
	}
	return w, w.State != was || !w.FailingSince.Equal(since)
}

// Switch gives the endpoint switched on or off by an owner. What failed before
// counts no more.
func (w Webhook) Switch(on bool) Webhook {
	w.State = WebhookOff
	if on {
		w.State, w.FailingSince = WebhookOn, time.Time{}
	}
	return w
}

// PendingPurposes gives the purposes that a person asked for and has not
// confirmed.
func (s Standing) PendingPurposes() []int64 {
	var out []int64
	for _, sub := range s.Subscriptions {
		if sub.State == Pending {
			out = append(out, sub.PurposeID)
		}
	}
	return out
}
