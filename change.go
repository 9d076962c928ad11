package akkoord

import (
	"slices"
	"time"
)

// Change is what a rule decided. The store records it whole, in one
// transaction: there is no new standing without its evidence, and no message
// without the event that caused it.
type Change struct {
	Subscriptions []Subscription    // the new standing, per purpose
	Events        []Event           // lines for the ledger
	Messages      []Message         // for the outbox
	Leave         []int64           // campaigns left
	Rejoin        []int64           // campaigns no longer left
	Suppress      []SuppressionKind // against the person's address
	Lift          []SuppressionKind
	Pause         *time.Time // no mail until then; the zero time ends a pause
	Address       *Email     // the new address of the person
	Forget        bool       // delete all that is stored of the person
}

// IsZero reports whether there is nothing to record.
func (c Change) IsZero() bool {
	return len(c.Subscriptions)+len(c.Events)+len(c.Messages)+len(c.Leave)+len(c.Rejoin)+len(c.Suppress)+len(c.Lift) == 0 && c.Pause == nil && c.Address == nil && !c.Forget
}

// Erases reports whether the person asked for their erasure. Others are
// forgotten because nothing that they agreed to is left.
func (c Change) Erases() bool {
	return slices.Contains(c.Suppress, SuppressedErased) || slices.ContainsFunc(c.Events, func(e Event) bool { return e.Kind == Erased })
}

// Message is a mail to be sent because of a change. The outbox holds only
// these ids; address, link and text are made when it is sent, after the
// worker has asked again what the person is to get.
type Message struct {
	Request ID // the sign-up that it is about
	Locale  string

	About     SystemMail // of a mail that no sign-up causes: what it is
	PurposeID int64      // and of which purpose
}

// Origin is where an act came from: what it leaves in the ledger, and the
// personal part of its evidence.
type Origin struct {
	Source    string // "form:home", "link", "one-click", "preferences", "api", "import"
	Actor     Actor
	Evidence  Evidence
	Privacy   int    // version of the privacy statement then in force
	FormID    int64  // form version that was shown, if one was
	Locale    string // language that was read
	Campaign  int64  // of the mail whose link was followed, if one was
	MailingID int64
}

// Evidence is the personal part of an event. It enters the ledger's hash only
// through a salted commitment, so that it can be erased.
type Evidence struct {
	Address   string `json:"address,omitempty"`
	IP        string `json:"ip,omitempty"`        // as much as the policy keeps of it
	IPDigest  string `json:"ip_digest,omitempty"` // of the whole address where it was kept for a time; see WholeIP
	UserAgent string `json:"user_agent,omitempty"`
	Until     string `json:"until,omitempty"`  // end of a pause, as a Moment is written
	Zone      string `json:"zone,omitempty"`   // of the person's clock where the act says it, like +01:00 (M12)
	Reason    string `json:"reason,omitempty"` // why they left: one of LeaveReasons
	Note      string `json:"note,omitempty"`   // and in their own words

	Ground Ground `json:"ground,omitzero"` // of a change of basis; its reason is in Note

	Imported ImportedColumns `json:"imported,omitempty"` // what the file of an import says in proof

	Filled FilledIn `json:"filled_in,omitempty"` // attributes that the form of a sign-up asked for

	Tracking string `json:"tracking,omitempty"` // the words beside the box that lets clicks be counted, where the form had it ticked

	Learning string `json:"learning,omitempty"` // the words by which the person lets interests be learned from clicks

	ToldIn string `json:"told_in,omitempty"` // IANA name of the zone in which the place of the act tells times, which need not be the person's (M12)

	IPPolicy IPPolicy `json:"ip_policy,omitempty"` // under which IP was kept, or not; empty: no request, or one of before there was a choice, and shortened

	Whole WholeIP `json:"-"` // beside what the ledger commits to, and gone before it
}

// Actor is who did something: a person by a link or form, a user, an API key
// or the system itself.
type Actor string

// The actors that have no number of their own.
const (
	ActorPerson Actor = "person"
	ActorSystem Actor = "system"
)
