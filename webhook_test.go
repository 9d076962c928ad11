package akkoord

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// M25, M28: an endpoint is stored only where personal data may go to its
// address, and every refusal names its field.
func TestCheckOfWebhooks(t *testing.T) {
	good := Webhook{URL: "https://crm.example/akkoord", Processor: "crm", Events: []WebhookEvent{PersonLeft}, State: WebhookOn}
	for _, tt := range []struct {
		spoil       func(*Webhook)
		field, code string
	}{
		{func(*Webhook) {}, "", ""},
		{func(w *Webhook) { w.URL = "https://crm.example:8443/a?b=c" }, "", ""},
		{func(w *Webhook) { w.URL = "http://127.0.0.1:9000/hook" }, "", ""},
		{func(w *Webhook) { w.URL = "http://[::1]:9000/hook" }, "", ""},
		{func(w *Webhook) { w.URL = "http://localhost/hook" }, "", ""},
		{func(w *Webhook) { w.URL = "" }, "url", "webhook_url"},
		{func(w *Webhook) { w.URL = "crm.example/akkoord" }, "url", "webhook_url"},
		{func(w *Webhook) { w.URL = "https://" }, "url", "webhook_url"},
		{func(w *Webhook) { w.URL = "https://user:secret@crm.example/" }, "url", "webhook_url"},
		{func(w *Webhook) { w.URL = "https://crm.example/#part" }, "url", "webhook_url"},
		{func(w *Webhook) { w.URL = "https://crm.example/\r\nHost: x" }, "url", "webhook_url"},
		{func(w *Webhook) { w.URL = "http://crm.example/" }, "url", "webhook_https"},
		{func(w *Webhook) { w.URL = "ftp://crm.example/" }, "url", "webhook_https"},
		{func(w *Webhook) { w.URL = "https://192.168.1.1/" }, "url", "webhook_private"},
		{func(w *Webhook) { w.URL = "https://169.254.169.254/latest" }, "url", "webhook_private"},
		{func(w *Webhook) { w.URL = "https://[::ffff:10.0.0.1]/" }, "url", "webhook_private"},
		{func(w *Webhook) { w.URL = "https://crm.example/" + strings.Repeat("a", 1000) }, "url", "text_too_long"},
		{func(w *Webhook) { w.Processor = " " }, "processor", "webhook_no_party"},
		{func(w *Webhook) { w.Events = nil }, "events", "webhook_no_event"},
		{func(w *Webhook) { w.Events = []WebhookEvent{"person.born"} }, "events", "webhook_event"},
		{func(w *Webhook) { w.Events = []WebhookEvent{WebhookTest} }, "events", "webhook_event"},
		{func(w *Webhook) { w.State = "asleep" }, "state", "state_unknown"},
	} {
		w := good
		tt.spoil(&w)
		err := w.Check()
		field := ""
		if e, ok := err.(*Error); ok {
			field = e.Field
		}
		if field != tt.field || CodeOf(err) != tt.code {
			t.Errorf("%q for %q and %v gave %v, want %s of %s", w.URL, w.Processor, w.Events, err, tt.code, tt.field)
		}
	}
}

// What a party is told of follows from what the rules decided, and of an
// erasure hears whoever was ever told of that person's purposes (Art. 19 GDPR).
func TestAnnouncements(t *testing.T) {
	now := time.Date(2027, 1, 15, 9, 30, 0, 0, time.UTC)
	st := Standing{Subscriber: Subscriber{ID: 7}, Subscriptions: []Subscription{
		{PurposeID: 1, State: Active, Since: now}, {PurposeID: 2, State: Pending, Since: now, Request: ID{9}},
	}}
	o := Origin{Source: "link", Actor: ActorPerson, Campaign: 5, MailingID: 6}
	confirmed, _, _ := st.Confirm(ID{9}, o, now)
	for name, tt := range map[string]struct {
		change Change
		want   []Announcement
	}{
		"confirming":         {confirmed, []Announcement{{PersonConfirmed, 2, 0, 6, "confirmed"}}},
		"leaving a purpose":  {st.Leave(ScopePurpose, 1, 5, o, now), []Announcement{{PersonLeft, 1, 0, 6, "withdrawn"}}},
		"leaving a campaign": {st.Leave(ScopeCampaign, 1, 5, o, now), []Announcement{{PersonLeft, 1, 5, 6, "campaign_left"}}},
		"erasure":            {st.Erase(o, now), []Announcement{{Event: PersonErased}}},
		"nothing":            {Change{}, nil},
		"not me":             {Standing{Subscriptions: st.Subscriptions[1:]}.NotMe(ID{9}, o, now), []Announcement{{PersonLeft, 2, 0, 6, "refused"}, {Event: PersonErased}}},
	} {
		if diff := cmp.Diff(tt.want, Announcements(st, tt.change)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	w := Webhook{State: WebhookOn, Events: []WebhookEvent{PersonLeft}, Purposes: []int64{1}, Reached: []int64{2}}
	for _, tt := range []struct {
		state  WebhookState
		a      Announcement
		people []int64
		want   bool
	}{
		{WebhookOn, Announcement{Event: PersonLeft, PurposeID: 1}, nil, true},
		{WebhookFailing, Announcement{Event: PersonLeft, PurposeID: 1}, nil, true},
		{WebhookOff, Announcement{Event: PersonLeft, PurposeID: 1}, nil, false},
		{WebhookGone, Announcement{Event: PersonLeft, PurposeID: 1}, nil, false},
		{WebhookOn, Announcement{Event: PersonLeft, PurposeID: 2}, nil, false},
		{WebhookOn, Announcement{Event: PersonConfirmed, PurposeID: 1}, nil, false},
		{WebhookOff, Announcement{Event: PersonErased}, []int64{3, 2}, true},
		{WebhookOn, Announcement{Event: PersonErased}, []int64{1}, false},
	} {
		w.State = tt.state
		if got := w.Wants(tt.a, tt.people); got != tt.want {
			t.Errorf("an endpoint that is %s is told of %v about %v: %t", tt.state, tt.a, tt.people, got)
		}
	}
}

// The schedule is that of Standard Webhooks, each pause lengthened by a tenth
// at most, and whatever an endpoint answers a message ends.
func TestScheduleOfWebhooks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2027, 1, 15, 9, 30, 0, 0, time.UTC)
		m := WebhookMessage{}
		var whole time.Duration
		for n := 0; m.State == WebhookWaiting; n++ {
			if n == WebhookTries {
				t.Fatalf("after %d tries it still waits", n)
			}
			try := WebhookTry{At: now, Status: rapid.SampledFrom([]int{0, 199, 200, 204, 299, 300, 302, 404, 410, 500}).Draw(t, "status")}
			m = m.Tried(try, rapid.Float64Range(0, 1).Draw(t, "jitter"))
			if m.State == WebhookDelivered != (try.Status/100 == 2) {
				t.Fatalf("an answer of %d makes it %s", try.Status, m.State)
			}
			if m.State != WebhookWaiting {
				return
			}
			pause := m.DueAt.Sub(now)
			if least := webhookPauses[n]; pause < least || pause > least+least/10 {
				t.Fatalf("pause %d is %v, want %v and a tenth at most", n, pause, least)
			}
			now, whole = m.DueAt, whole+pause
		}
		if whole < 75*time.Hour || whole > 84*time.Hour {
			t.Fatalf("all pauses are %v", whole)
		}
	})
}

// Art. 19 GDPR: word of an erasure is never given up; after the schedule it is
// tried daily.
func TestWordOfAnErasureIsNeverGivenUp(t *testing.T) {
	now := time.Date(2027, 1, 15, 9, 30, 0, 0, time.UTC)
	m := WebhookMessage{Event: PersonErased}
	for n := range 3 * WebhookTries {
		if m = m.Tried(WebhookTry{At: now, Status: 500}, 0); m.State != WebhookWaiting {
			t.Fatalf("after %d tries it is %s", n+1, m.State)
		}
		if pause := m.DueAt.Sub(now); n >= WebhookTries && pause != 24*time.Hour {
			t.Fatalf("after %d tries it waits %v", n+1, pause)
		}
		now = m.DueAt
	}
	if m = m.Tried(WebhookTry{At: now, Status: 200}, 0); m.State != WebhookDelivered {
		t.Errorf("in the end it is %s", m.State)
	}
}

// What goes out holds ids and codes, and an address only where one was given.
func TestBodyOfWebhooks(t *testing.T) {
	e, err := ParseEmail("anouk@voorbeeld.example")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2027, 1, 15, 9, 30, 0, 0, time.UTC)
	person, mailing := ID{1}, ID{2}
	for _, tt := range []struct {
		m    WebhookMessage
		want string
	}{
		{WebhookMessage{Event: WebhookTest, At: at}, `{"type":"webhook.test","timestamp":"2027-01-15T09:30:00.000000Z","data":{}}`},
		{WebhookMessage{Event: PersonLeft, At: at, Person: person, Email: e, Purpose: "travel-news", Reason: "withdrawn"},
			`{"type":"person.left","timestamp":"2027-01-15T09:30:00.000000Z","data":{"person":"` + person.String() + `","email":"anouk@voorbeeld.example","purpose":"travel-news","reason":"withdrawn"}}`},
		{WebhookMessage{Event: PersonErased, At: at, Person: person, Email: e}, `{"type":"person.erased","timestamp":"2027-01-15T09:30:00.000000Z","data":{"person":"` + person.String() + `"}}`},
		{WebhookMessage{Event: MailingFinished, At: at, Purpose: "travel-news", Campaign: "winter", Mailing: mailing},
			`{"type":"mailing.finished","timestamp":"2027-01-15T09:30:00.000000Z","data":{"purpose":"travel-news","campaign":"winter","mailing":"` + mailing.String() + `"}}`},
	} {
		b, err := tt.m.Body()
		if err != nil || string(b) != tt.want || !json.Valid(b) {
			t.Errorf("%s gave %s, %v", tt.m.Event, b, err)
		}
	}
	if got := WebhookAnswer([]byte(`{"ok":"anouk@voorbeeld.example"} <Anouk.Uniek@voorbeeld.example>`)); strings.Contains(strings.ToLower(got), "anouk") {
		t.Errorf("P16: of an answer with an address %q is kept", got)
	}
	if got := WebhookAnswer([]byte("a\x00b\r\n\xffc" + strings.Repeat("é", 300))); len([]rune(got)) != 200 || !strings.HasPrefix(got, "a b c") {
		t.Errorf("of an answer %q is kept", got)
	}
}
