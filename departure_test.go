package akkoord

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestDepartureLinesAreReadBackAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Departure{
			Number: rapid.Int64Range(1, 1<<40).Draw(t, "number"), At: time.UnixMicro(rapid.Int64Range(1, 1<<52).Draw(t, "at")).UTC(),
			Kind:    rapid.SampledFrom(departureKinds).Draw(t, "kind"),
			Purpose: rapid.Int64Range(0, 1<<38).Draw(t, "purpose"), Campaign: rapid.Int64Range(0, 1<<38).Draw(t, "campaign"),
		}
		copy(d.Person[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "person"))
		line := string(d.AppendText(nil))
		if len(line) != DepartureLine {
			t.Fatalf("the line has %d bytes: %q", len(line), line)
		}
		got, err := ParseDeparture(line)
		if diff := cmp.Diff(d, got); err != nil || diff != "" {
			t.Fatalf("%v (-want +got):\n%s", err, diff)
		}
		at := rapid.IntRange(0, len(line)-2).Draw(t, "byte")
		if _, err := ParseDeparture(line[:at] + string(line[at]^1) + line[at+1:]); err == nil {
			t.Fatalf("a damaged line is taken: byte %d of %q", at, line)
		}
	})
}

func TestWhatIsNoDepartureLineIsRefused(t *testing.T) {
	for _, line := range []string{"", "\n", "x", strings.Repeat("0", DepartureLine), strings.Repeat(" ", DepartureLine-1)} {
		if _, err := ParseDeparture(line); err == nil {
			t.Errorf("%q is taken", line)
		}
	}
}

// P17: a departure of the journal does to a person of a backup what the act did.
func TestDeparturesAreDoneAgain(t *testing.T) {
	person := Standing{
		Subscriber:    Subscriber{ID: 7},
		Subscriptions: []Subscription{{PurposeID: 1, State: Active, Since: noon}, {PurposeID: 2, State: Active, Since: noon}},
	}
	now := noon.Add(time.Hour)
	restricted, err := person.Restrict("asked for", Origin{}, noon)
	if err != nil {
		t.Fatal(err)
	}
	acts := map[string]struct {
		change Change
		want   func(Standing) bool
	}{
		"purpose": {person.Leave(ScopePurpose, 1, 5, Origin{}, noon), func(s Standing) bool {
			return s.Subscription(1).State == Withdrawn && s.Subscription(2).State == Active
		}},
		"campaign": {person.Leave(ScopeCampaign, 1, 5, Origin{}, noon), func(s Standing) bool { return s.HasLeft(5) && s.Subscription(1).State == Active }},
		"everything": {person.Leave(ScopeAll, 0, 0, Origin{}, noon), func(s Standing) bool {
			return s.Suppressed(SuppressedUnsubscribed) && s.Subscription(1).State == Withdrawn && s.Subscription(2).State == Withdrawn
		}},
		"a restriction": {restricted, func(s Standing) bool { return s.Suppressed(SuppressedRestricted) }},
		"the records":   {Change{Forget: true}, func(s Standing) bool { return s.Subscriber.ID == 0 && len(s.Subscriptions) == 0 }},
	}
	for name, act := range acts {
		t.Run(name, func(t *testing.T) {
			if !act.change.Departs() {
				t.Fatal("the act is no departure")
			}
			again := person
			for _, d := range act.change.Departures(AddressHash{1}, noon) {
				again = again.After(again.Depart(d, now))
			}
			if !act.want(again) {
				t.Errorf("done again it left %+v", again)
			}
			for _, d := range act.change.Departures(AddressHash{1}, noon) {
				if c := again.Depart(d, now); !c.IsZero() {
					t.Errorf("done twice it changes %+v", c)
				}
			}
		})
	}
	kept := person.After(restricted)
	lifted, err := kept.Unrestrict(noon, "it was theirs", Origin{}, noon)
	if err != nil || !lifted.Departs() {
		t.Fatalf("the end of a restriction is no departure: %v", err)
	}
	for _, d := range lifted.Departures(AddressHash{1}, noon) {
		if c := kept.Depart(d, now); kept.After(c).Suppressed(SuppressedRestricted) || len(c.Events) != 1 || c.Events[0].Kind != Unrestricted {
			t.Errorf("a restriction that ended comes back, or leaves no line: %+v", c)
		}
		if c := person.Depart(d, now); !c.IsZero() {
			t.Errorf("whoever is not restricted changes: %+v", c)
		}
	}
	for name, c := range map[string]Change{
		"an expiry":       (Standing{Subscriber: Subscriber{ID: 7}, Subscriptions: []Subscription{{PurposeID: 1, State: Pending}}}).Expire(false, noon),
		"a confirmation":  {Subscriptions: []Subscription{{PurposeID: 1, State: Active}}},
		"nothing":         {},
		"a line restored": {Events: []Event{{Kind: Rectified}}},
	} {
		if ds := c.Departures(AddressHash{}, noon); len(ds) > 0 {
			t.Errorf("%s departs: %+v", name, ds)
		}
	}
}
