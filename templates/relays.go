package templates

import (
	"time"

	"akkoord"
)

// RelaysPage is GET /admin/settings/relays: the mail servers and the senders, which
// purposes use which, and forms that add some. Forms post act=relay with slug,
// relay_url, processor, connections and notices, and act=sender with slug, name and
// address to Action; those of a row act=save, test or retire to the row's; and that of a
// purpose sender and relays, several of them in order, to its own.
type RelaysPage struct {
	Admin
	Action, TestTo, From string
	Rows                 []RelayRow
	Senders              []SenderRow
	Purposes             []RouteRow
	Parties              []Option

	Tried string // slug of the relay that was just tried
	Works bool
	Tries []RelayStep
}

// RelayRow is a mail server; without an Action it is that of the settings.
type RelayRow struct {
	Slug, Addr, TLS, Processor, Action string
	Login, Own, Notices                bool
	Connections                        int
	Obstacles                          []Blocker
	Known                              bool // this process sends by it
	OpenSince, LastAccepted, FaultAt   time.Time
	Fault                              string
}

// Idle reports that the relay was not used yet: it neither took a mail nor failed.
func (r RelayRow) Idle() bool {
	return r.LastAccepted.IsZero() && r.Fault == "" && r.OpenSince.IsZero()
}

// SenderRow is an address that mailings can come from. Foreign: its domain is another
// than that of the settings, whose DKIM keys sign.
type SenderRow struct {
	Slug, Name, Address, Action string
	Foreign                     bool
}

// RouteRow is a purpose with the slugs of its sender and of its relays, in order.
type RouteRow struct {
	Slug, Name, Sender, Action string
	Relays                     []string
}

// RelayParties are the parties that can run a relay, and the one that does.
type RelayParties struct {
	At      string
	Parties []Option
}

// PartyAt gives the choice of parties with one of them chosen.
func (p RelaysPage) PartyAt(slug string) RelayParties { return RelayParties{slug, p.Parties} }

// Place gives the relay at a place of the order; empty past its end.
func (r RouteRow) Place(i int) string {
	if i < len(r.Relays) {
		return r.Relays[i]
	}
	return ""
}

// Places gives a place for each relay that there is, and one for that of the settings,
// which can be named before there is one.
func (p RelaysPage) Places() []int {
	n := 1
	for _, r := range p.Rows {
		if r.Action != "" {
			n++
		}
	}
	out := make([]int, min(n, akkoord.MaxRelays))
	for i := range out {
		out[i] = i
	}
	return out
}

func (RelaysPage) file() string { return "admin/relays.html" }
