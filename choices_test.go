package akkoord

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// M14: a pause lasts 1, 3 or 6 months, ends by itself, and is asked about by
// the gate after everything that ends mail for good.
func TestAPauseKeepsMailAwayUntilItsEnd(t *testing.T) {
	now := time.Date(2027, 1, 31, 9, 0, 0, 0, time.UTC)
	s := Standing{Subscriber: Subscriber{ID: 1}, Subscriptions: []Subscription{{PurposeID: 1, State: Active}}}
	for _, months := range []int{-1, 0, 2, 12} {
		if c, err := s.Pause(months, Origin{}, now); KindOf(err) != Invalid || !c.IsZero() {
			t.Errorf("%d months: %+v %v", months, c, err)
		}
	}
	c, err := s.Pause(3, Origin{}, now)
	if err != nil || len(c.Events) != 1 || c.Events[0].Kind != Paused {
		t.Fatalf("%+v %v", c, err)
	}
	s.PausedUntil = *c.Pause
	for at, allowed := range map[time.Time]bool{now: false, s.PausedUntil.Add(-time.Microsecond): false, s.PausedUntil: true} {
		if v := Gate(s.Facts(1, 0, "", at)); v.Allowed != allowed || !allowed && v.Code != "paused" {
			t.Errorf("at %s: %+v", at, v)
		}
		if PausedAt(c.Events, at) == allowed {
			t.Errorf("at %s the ledger says otherwise", at)
		}
	}
	if again, err := s.Pause(3, Origin{}, now.Add(time.Hour)); err != nil || !again.IsZero() {
		t.Errorf("again: %+v %v", again, err)
	}
	if longer, err := s.Pause(6, Origin{}, now); err != nil || longer.IsZero() {
		t.Errorf("longer: %+v %v", longer, err)
	}
	if c := s.Resume(Origin{}, now); len(c.Events) != 1 || !c.Pause.IsZero() {
		t.Errorf("resume: %+v", c)
	}
	if c := s.Resume(Origin{}, s.PausedUntil); !c.IsZero() {
		t.Errorf("resume what is over: %+v", c)
	}
}

// M8, Art. 21 GDPR: who leaves what never rested on their consent objects.
func TestLeavingSoftOptInIsAnObjection(t *testing.T) {
	for basis, want := range map[Basis]EventKind{BasisConsent: Withdrew, BasisContract: Withdrew, BasisExistingCustomer: Objected} {
		s := Standing{Subscriber: Subscriber{ID: 1}, Subscriptions: []Subscription{{PurposeID: 1, State: Active, Basis: basis}}}
		c := s.Leave(ScopePurpose, 1, 0, Origin{}, time.Now())
		if len(c.Events) != 1 || c.Events[0].Kind != want || c.Subscriptions[0].State != Withdrawn || Folded[want] != Withdrawn {
			t.Errorf("%s: %+v", basis, c)
		}
	}
}

// K.3, P14, M21: what a row of the outbox that no sign-up caused turns into.
func TestErrands(t *testing.T) {
	known := Standing{Subscriber: Subscriber{ID: 1}}
	for name, tt := range map[string]struct {
		who  Standing
		e    Errand
		want SystemMail
		code string
	}{
		"own data":                  {known, Errand{Mail: MailOwnData, Recent: 2}, MailOwnData, ""},
		"own data of nobody":        {Standing{}, Errand{Mail: MailOwnData}, MailNone, "unknown"},
		"own data a fourth time":    {known, Errand{Mail: MailOwnData, Recent: 3}, MailNone, "mailbox_limit"},
		"new address":               {known, Errand{Mail: MailAddress, Open: true}, MailAddress, ""},
		"new address, old request":  {known, Errand{Mail: MailAddress}, MailNone, "superseded"},
		"new address of another":    {known, Errand{Mail: MailAddress, Open: true, Taken: true}, MailNone, "address_taken"},
		"new address said not me":   {known, Errand{Mail: MailAddress, Open: true, To: []SuppressionKind{SuppressedBlocked}}, MailNone, "blocked"},
		"new address left once":     {known, Errand{Mail: MailAddress, Open: true, To: []SuppressionKind{SuppressedUnsubscribed}}, MailAddress, ""},
		"new address, full mailbox": {known, Errand{Mail: MailAddress, Open: true, Recent: 3}, MailNone, "mailbox_limit"},
		"moved":                     {known, Errand{Mail: MailMoved, Recent: 9}, MailMoved, ""},
	} {
		if got, code := tt.who.Errand(tt.e); got != tt.want || code != tt.code {
			t.Errorf("%s: %q %q", name, got, code)
		}
	}
}

// P15, P17: what stands against a person goes along to a new address, what is
// said of a mailbox stays; a backup from before stops mail to the old one.
func TestANewAddressTakesLeavingsAlong(t *testing.T) {
	from, to := mustEmail(t, "oud@voorbeeld.example"), mustEmail(t, "nieuw@voorbeeld.example")
	s := Standing{
		Subscriber: Subscriber{ID: 1, Email: from}, Subscriptions: []Subscription{{PurposeID: 1, State: Active}},
		Suppressions: []SuppressionKind{SuppressedHardBounce, SuppressedBlocked, SuppressedUnsubscribed, SuppressedObjection},
	}
	c := s.Readdress(to, Origin{}, time.Now())
	if diff := cmp.Diff([]SuppressionKind{SuppressedUnsubscribed, SuppressedObjection}, c.Suppress); diff != "" || len(c.Subscriptions) > 0 || len(c.Lift) > 0 {
		t.Error(diff, c)
	}
	if c := s.Readdress(from, Origin{}, time.Now()); !c.IsZero() {
		t.Errorf("the same address: %+v", c)
	}
	if d := s.Depart(Departure{Kind: DepartedAddress}, time.Now()); len(d.Subscriptions) != 1 || d.Subscriptions[0].State != Withdrawn {
		t.Errorf("after a restore: %+v", d)
	}
	line := Departure{Number: 1, At: time.UnixMicro(1), Kind: DepartedAddress}.AppendText(nil)
	if d, err := ParseDeparture(string(line)); err != nil || d.Kind != DepartedAddress {
		t.Error(d, err)
	}
}

func TestReasonsForLeavingAreFewAndShort(t *testing.T) {
	long := strings.Repeat("é", 501)
	for _, tt := range []struct{ reason, note, want, code string }{
		{"too_often", "", "too_often", ""}, {"", "Dank.", "other", ""}, {"other", strings.Repeat("é", 500), "other", ""},
		{"", "", "", "leave_reason_unknown"}, {"rude", "", "", "leave_reason_unknown"}, {"other", long, "", "text_too_long"}, {"other", "a\x00", "", "text_invalid"},
	} {
		got, _, err := ParseLeaveReason(tt.reason, tt.note)
		if got != tt.want || CodeOf(err) != tt.code {
			t.Errorf("%q %.10q: %q %v", tt.reason, tt.note, got, err)
		}
	}
}

func mustEmail(t *testing.T, address string) Email {
	t.Helper()
	e, err := ParseEmail(address)
	if err != nil {
		t.Fatal(err)
	}
	return e
}
