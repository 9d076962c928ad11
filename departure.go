package akkoord

import (
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"time"
)

// Departure is one line of the departure journal: somebody left, or was
// erased. The journal lies outside of the database, so that a database that is
// put back from a backup brings nobody back who left since, and nobody who was
// erased (P17). It names people by the keyed hash of their address alone.
type Departure struct {
	Number   int64 // 1, 2, 3, … without gaps
	At       time.Time
	Kind     DepartureKind
	Purpose  int64 // of DepartedPurpose
	Campaign int64 // of DepartedCampaign
	Person   AddressHash
}

// DepartureKind is what somebody departed from: a purpose, a campaign, the
// records, or mail altogether; the last is a kind of suppression.
type DepartureKind string

// The kinds of departures besides the kinds of suppression.
const (
	DepartedPurpose  DepartureKind = "purpose"
	DepartedCampaign DepartureKind = "campaign"
	DepartedRecords  DepartureKind = "forgotten"
	DepartedAddress  DepartureKind = "moved" // the person has another address now

	// DepartedRestriction is the end of a restriction, whose beginning is a kind
	// of suppression: a backup from between the two brings none back.
	DepartedRestriction DepartureKind = "unrestricted"
)

var departureKinds = []DepartureKind{
	DepartedPurpose, DepartedCampaign, DepartedRecords, DepartedAddress,
	DepartureKind(SuppressedUnsubscribed), DepartureKind(SuppressedObjection), DepartureKind(SuppressedErased),
	DepartureKind(SuppressedHardBounce), DepartureKind(SuppressedComplaint), DepartureKind(SuppressedBlocked), DepartureKind(SuppressedExpired),
	DepartureKind(SuppressedRestricted), DepartedRestriction,
}

// Departures lists what a person departs from by a change. What nobody
// confirmed in time is not among it: it would end again.
func (c Change) Departures(person AddressHash, now time.Time) []Departure {
	var out []Departure
	add := func(kind DepartureKind, purpose, campaign int64) {
		out = append(out, Departure{At: now, Kind: kind, Purpose: purpose, Campaign: campaign, Person: person})
	}
	for _, sub := range c.Subscriptions {
		if sub.State == Withdrawn {
			add(DepartedPurpose, sub.PurposeID, 0)
		}
	}
	for _, campaign := range c.Leave {
		add(DepartedCampaign, 0, campaign)
	}
	for _, kind := range c.Suppress {
		add(DepartureKind(kind), 0, 0)
	}
	if c.unrestricts() {
		add(DepartedRestriction, 0, 0)
	}
	if c.Address != nil {
		add(DepartedAddress, 0, 0)
	}
	if c.Forget && (len(c.Suppress) > 0 || !slices.ContainsFunc(c.Events, func(e Event) bool { return e.Kind == Expiry })) {
		add(DepartedRecords, 0, 0)
	}
	return out
}

// Departs reports whether a change has departures, as Departures does.
func (c Change) Departs() bool {
	return len(c.Leave)+len(c.Suppress) > 0 || c.Forget || c.Address != nil || c.unrestricts() || slices.ContainsFunc(c.Subscriptions, func(s Subscription) bool { return s.State == Withdrawn })
}

// unrestricts reports whether a restriction ends, and the person stays.
func (c Change) unrestricts() bool {
	return !c.Forget && slices.Contains(c.Lift, SuppressedRestricted)
}

// Depart decides what a departure of the journal does to a person whom a
// backup knows from before it.
func (s Standing) Depart(d Departure, now time.Time) Change {
	var c Change
	o := Origin{Source: "restore", Actor: ActorSystem, Campaign: d.Campaign}
	switch d.Kind {
	case DepartedPurpose:
		s.withdraw(&c, s.Subscription(d.Purpose), o, now)
	case DepartedCampaign:
		c = s.Leave(ScopeCampaign, 0, d.Campaign, o, now)
	case DepartedAddress: // the new one is not known here, and the old one gets no more mail
		for _, sub := range s.Subscriptions {
			s.withdraw(&c, sub, o, now)
		}
	case DepartedRecords:
		if s.Subscriber.ID != 0 {
			c.Events, c.Forget = []Event{o.event(Erased, Subscription{}, now)}, true
			c.Lift = s.unrestricted()
		}
	case DepartedRestriction:
		if s.Subscriber.ID != 0 && s.Suppressed(SuppressedRestricted) {
			c.Events, c.Lift = []Event{o.event(Unrestricted, Subscription{}, now)}, []SuppressionKind{SuppressedRestricted}
		}
	case DepartureKind(SuppressedRestricted):
		if s.Subscriber.ID != 0 && !s.Suppressed(SuppressedRestricted) { // of nobody there is nothing to keep
			c.Events, c.Suppress = []Event{o.event(Restricted, Subscription{}, now)}, []SuppressionKind{SuppressedRestricted}
		}
	default:
		kind := SuppressionKind(d.Kind)
		if !s.Suppressed(kind) {
			c.Suppress = []SuppressionKind{kind}
		}
	}
	return c
}

// DepartureLine is the length of a line of the journal. All are of one length,
// so that the n-th is found without reading those before it.
const DepartureLine = 145

// AppendText appends the line of a departure: number, time in microseconds, kind,
// purpose, campaign, hash and a check sum.
func (d Departure) AppendText(dst []byte) []byte {
	line := fmt.Sprintf("%014d %016d %-12s %012d %012d %x ", d.Number, d.At.UnixMicro(), d.Kind, d.Purpose, d.Campaign, d.Person)
	return fmt.Appendf(append(dst, line...), "%08x\n", crc32.ChecksumIEEE([]byte(line)))
}

// ParseDeparture reads a line of the journal, with or without its line feed.
func ParseDeparture(line string) (d Departure, err error) {
	line = strings.TrimSuffix(line, "\n")
	wrong := fmt.Errorf("this is no line of a departure journal, or it is damaged: %.20q…", line)
	if len(line) != DepartureLine-1 || fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(line[:len(line)-8]))) != line[len(line)-8:] {
		return d, wrong
	}
	var at int64
	var kind, person string
	if n, err := fmt.Sscanf(line, "%d %d %s %d %d %s", &d.Number, &at, &kind, &d.Purpose, &d.Campaign, &person); n != 6 || err != nil {
		return d, wrong
	}
	hash, err := hex.DecodeString(person)
	if err != nil || len(hash) != len(d.Person) || !slices.Contains(departureKinds, DepartureKind(kind)) {
		return d, wrong
	}
	d.At, d.Kind = time.UnixMicro(at).UTC(), DepartureKind(kind)
	copy(d.Person[:], hash)
	return d, nil
}
