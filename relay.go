package akkoord

import (
	"net"
	"slices"
	"time"
)

// DefaultRelay names the relay that the settings of the server give. Purposes that
// name no relay use it.
const DefaultRelay = "default"

// Relay is a mail server that mail can be handed to, beside the one of the
// settings. Its URL, which has the password, is sealed and never shown: what of it
// may be shown is here.
type Relay struct {
	ID          int64
	PublicID    ID
	Slug        string
	Addr        string // host:port
	Security    string // implicit, required, opportunistic or none
	Login       bool   // it wants a user and a password
	Connections int    // that may be open at once
	Processor   string // slug of the party that runs it, or OwnProcessor for this machine (M28)
	Notices     bool   // it may carry mail that is of no mailing too, where that of the settings doesn't
	Version     int    // how often it was changed
	CreatedAt   time.Time
	RetiredAt   time.Time // zero: it can be used
}

// RelaySettings are a relay with its URL, for whoever dials it.
type RelaySettings struct {
	Relay
	URL Secret
}

// RelayState is how a relay is doing, as one process sees it.
type RelayState struct {
	Slug         string
	OpenSince    time.Time // since when it is left alone, but for tries; zero: the circuit is closed
	LastAccepted time.Time // when it last took a mail since the process started
	LastFault    string    // what it last failed at and with: "auth 535 5.7.8", "connect"; empty: nothing
	FaultAt      time.Time
}

// MaxRelays bounds how many relays there can be, and how many a purpose can name.
const MaxRelays = 10

// RelayConnections bounds how many connections to a relay may be open at once.
const RelayConnections = 100

// Check reports the first thing wrong with a relay about to be stored.
func (r Relay) Check() error {
	if err := CheckSlug("slug", r.Slug); err != nil {
		return err
	}
	switch {
	case r.Slug == DefaultRelay:
		return Fieldf("slug", "slug_reserved", "The slug %q stands for the relay of AKKOORD_SMTP; choose another.", DefaultRelay)
	case r.Addr == "":
		return Fieldf("url", "field_missing", "Give the address of the mail server, like smtps://user:password@host.")
	case r.Connections < 1 || r.Connections > RelayConnections:
		return Fieldf("connections", "number_range", "The number of connections is between 1 and %d.", RelayConnections)
	case r.Processor == "":
		return Fieldf("processor", "field_missing", "Name the party that runs the mail server, or own.")
	case r.Processor != OwnProcessor:
		return CheckSlug("processor", r.Processor)
	case !LoopbackHost(r.host()):
		return Fieldf("processor", "relay_own", "Only a mail server on this machine is run by nobody else. Name the party that runs this one, and put it into the register of processors with its agreement.")
	}
	return nil
}

func (r Relay) host() string {
	host, _, _ := net.SplitHostPort(r.Addr) // what is no address is no loopback
	return host
}

// RelayRetired is why no mail goes by a relay that was retired, or by none of its name.
var RelayRetired = Reason{"relay_retired", "This relay was retired."}

// Obstacles gives all that forbids handing mail to the relay now, or nothing: it was
// retired, or there is no agreement in force with its party (M28).
func (r Relay) Obstacles(register []Processor, now time.Time) []Reason {
	if !r.RetiredAt.IsZero() {
		return []Reason{RelayRetired}
	}
	return PartyObstacles(r.Processor, register, now)
}

// PartyObstacles gives all that forbids giving data to the party with a slug, or
// nothing. The empty slug and OwnProcessor are no other party.
func PartyObstacles(slug string, register []Processor, now time.Time) []Reason {
	if slug == "" || slug == OwnProcessor {
		return nil
	}
	for _, p := range register {
		if p.Slug == slug {
			return p.Obstacles(now)
		}
	}
	return UnknownProcessor(slug)
}

// Carrier is a relay that asks for mail to carry.
type Carrier struct {
	Relay     string
	Version   int      // of its settings that the connection was made by; that of AKKOORD_SMTP has none
	Answering []string // slugs of the relays whose circuit is closed; which there is no word of is not there
}

// Takes reports whether mail that may go by these relays, in this order, is for the
// carrier: it may carry it, and none before it both may and answers.
func (c Carrier) Takes(order []string, may func(slug string) bool) bool {
	for _, slug := range order {
		switch {
		case !may(slug):
		case slug == c.Relay:
			return true
		case slices.Contains(c.Answering, slug):
			return false
		}
	}
	return false
}

// RelayOrder gives the relays that mailings of the purpose may go by, in order.
func (p Purpose) RelayOrder() []string {
	if len(p.Relays) == 0 {
		return []string{DefaultRelay}
	}
	return p.Relays
}

// checkRoute reports the first thing wrong with the sender and the relays that a
// purpose names, of which the store knows whether they are there.
func (p Purpose) checkRoute() error {
	if len(p.Relays) > MaxRelays {
		return Fieldf("relays", "too_many_items", "At most %d relays can be named.", MaxRelays)
	}
	for i, slug := range p.Relays {
		if slices.Contains(p.Relays[:i], slug) {
			return Fieldf("relays", "relay_twice", "The relay %s is named twice.", slug)
		}
	}
	return nil
}
