package templates

import "time"

// PlanFacts are when a mailing goes out and how fast, as its page tells it.
type PlanFacts struct {
	SendAt          time.Time
	Zone            string // that its times are meant in
	Named           bool   // the zone is worth telling
	ZoneAttribute   string // of people's own zones; empty: everybody has the sender's
	From, Until     string // of the hours; empty: all
	Days            []string
	PerHour, PerDay int    // 0: no cap
	Missed          string // ask, skip or send; empty where it has no time
	End             time.Time
	Why             []Brake // why it ends then
}

// Any reports whether there is something to tell.
func (p PlanFacts) Any() bool {
	return !p.SendAt.IsZero() || p.Named || p.ZoneAttribute != "" || p.PerHour > 0 || p.PerDay > 0 || len(p.Why) > 0
}

// Brake is what keeps a mailing from going faster.
type Brake struct {
	Key    string // of the texts brake.*
	Number int
	Step   int
	Until  time.Time // until when nothing goes out
}
