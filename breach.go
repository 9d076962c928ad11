package akkoord

import (
	"strings"
	"time"
)

// BreachWindow is how long after it is known a breach may be told to the
// authority (Art. 33(1) GDPR).
const BreachWindow = 72 * time.Hour

// Breach is a breach of personal data as it is on record (Art. 33(5) GDPR). It
// names nobody.
type Breach struct {
	ID         int64
	PublicID   ID
	What       string // what happened, without names
	Scope      string // whose data: "all", "purpose:SLUG" or "mailing:UUID"
	Since      time.Time
	Until      time.Time // not included
	AwareAt    time.Time
	MadeAt     time.Time
	MadeBy     Actor
	People     int64     // how many
	ReportedAt time.Time // to the authority; zero: not yet, or nothing had to be
}

// Check reports the first thing wrong with a breach about to be stored.
func (b Breach) Check(now time.Time) error {
	if strings.TrimSpace(b.What) == "" {
		return Fieldf("what", "field_missing", "Say in a sentence what happened, without names.")
	}
	if err := CheckNoPerson("what", b.What); err != nil {
		return err
	}
	switch {
	case b.Since.IsZero():
		return Fieldf("since", "field_missing", "Say since when the data may have been seen, lost or changed.")
	case b.Since.After(now):
		return Fieldf("since", "since_future", "It can't have begun after now. Give the time since when the data may have been seen.")
	case !b.Since.Before(b.Until):
		return Fieldf("until", "period_reversed", "The end has to be after the beginning. Change one of the two.")
	case b.AwareAt.After(now):
		return Fieldf("aware_at", "aware_future", "You can't have learned of it after now. Give the time at which you did, or leave it out for now.")
	}
	return nil
}

// ReportBy is when the 72 hours for telling the authority are over.
func (b Breach) ReportBy() time.Time { return b.AwareAt.Add(BreachWindow) }

// BreachPerson is somebody whose data a breach is about.
type BreachPerson struct {
	Number int64
	ID     ID
	Email  string
	Locale string
}
