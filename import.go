package akkoord

import (
	"slices"
	"strings"
	"time"
)

// Held is the state of somebody who was imported without the proof that their
// basis needs: they are on record and are not mailed. Only proof, in a later import, or the
// person's own sign-up leads out of it.
const Held State = "held"

// BasisOther is a lawful basis that the evidence of an import names.
const BasisOther Basis = "other"

// The kinds of events that imports add to the ledger.
const (
	Imported     EventKind = "imported"      // active, on proof from elsewhere
	ImportedHeld EventKind = "imported_held" // on record without proof
	Barred       EventKind = "suppressed"    // the address bounced or complained elsewhere; no subscription changes
)

// ImportSpec says what an import is and on what grounds (requirements-mail
// F.17). The grounds are asked of a person, kept, and audited.
type ImportSpec struct {
	ID        ID     `json:"-"` // of the import, and the request of all that it changes
	Actor     Actor  `json:"actor"`
	PurposeID int64  `json:"purpose_id"`
	Purpose   string `json:"purpose"` // slug
	Basis     Basis  `json:"basis"`
	Evidence  string `json:"evidence"`                   // where the addresses come from, and what proves the basis
	Processor string `json:"source_processor,omitempty"` // slug of the party that the file comes from; "" and own: nobody else
	DryRun    bool   `json:"dry_run"`

	Preview bool              `json:"preview,omitempty"` // a dry run whose file is kept, to be imported or read in another way
	Locale  string            `json:"locale,omitempty"`  // of rows that name no language; "": the first of Locales
	Columns map[string]string `json:"columns,omitempty"` // what the file's columns are read for, where their names don't say it: see ImportColumns
}

// Check reports what is wrong with an import about to begin: a basis other
// than consent needs evidence (Art. 13(2) ePrivacy directive, M7, M8), and
// consent has its evidence in the rows.
func (s ImportSpec) Check() error {
	switch s.Basis {
	case BasisConsent, BasisExistingCustomer, BasisContract, BasisOther:
	case "":
		return Fieldf("basis", "basis_missing", "Say on which basis these people may be mailed: consent, existing_customer, contract or other.")
	default:
		return Fieldf("basis", "basis_unknown", "The basis of an import is consent, existing_customer, contract or other.")
	}
	if s.Basis != BasisConsent && strings.TrimSpace(s.Evidence) == "" {
		return Fieldf("evidence", "evidence_missing", "Say what proves the basis %s, like which sales these addresses come from and where an objection was offered; it is kept on record.", s.Basis)
	}
	if s.Locale != "" && !KnownLocale(s.Locale) {
		return Fieldf("locale", "locale_unknown", "The language of rows that name none is one of ours, like nl.")
	}
	if err := checkImportColumns(s.Columns); err != nil {
		return err
	}
	return CheckText("evidence", s.Evidence, Limits.Text)
}

// RowStatus is what a row says of the person's standing where it comes from.
type RowStatus string

// The statuses of a row. All but the first two are opt-outs.
const (
	RowSubscribed  RowStatus = ""
	RowUnconfirmed RowStatus = "unconfirmed"
	RowLeft        RowStatus = "left"     // this list
	RowLeftAll     RowStatus = "left_all" // everything: a blocklist
	RowBounced     RowStatus = "bounced"
	RowComplained  RowStatus = "complained"
)

// OptOut reports whether a row says that the person must not be mailed.
func (s RowStatus) OptOut() bool { return s != RowSubscribed && s != RowUnconfirmed }

// ImportRow is one row of a file, read and checked.
type ImportRow struct {
	Line        int64  // where the row begins, the first being 1
	Email       Email  // zero when the row is refused for its address
	Name        string // "" where the file has none
	Locale      string
	Interests   []string         // slugs
	Attributes  []AttributeValue // as they stand in the file
	Status      RowStatus
	ConfirmedAt time.Time // zero: no proof of consent
	LeftAt      time.Time // of an opt-out; zero: not told
	IP          string    // from which consent was confirmed
	Ground      Ground    // of an existing customer: what the columns say of the sale
	Proof       ImportedColumns
	Refused     *Error   // why the row is refused
	Fields      []string // as they stand in the file, for the list of refused rows
}

// Evidence gives the personal part of what the row leaves in the ledger.
func (r ImportRow) Evidence() Evidence {
	return Evidence{Address: r.Email.Address(), IP: r.IP, Ground: r.Ground, Imported: r.Proof}
}

// Facts gives what makes the import's basis good for the person of a row. Of an
// existing customer these are the facts of the soft opt-in (M8), or what of them
// the row lacks; half of them are not kept.
func (s ImportSpec) Facts(r ImportRow, now time.Time) (g Ground, lacks *Error) {
	switch {
	case s.Basis == BasisConsent, r.Status.OptOut():
		return Ground{}, nil
	case s.Basis != BasisExistingCustomer:
		return Ground{Text: s.Evidence}, nil
	}
	g = r.Ground
	g.Text = s.Evidence
	if err := g.Check(s.Basis, now); err != nil {
		return Ground{Text: s.Evidence}, asError(err)
	}
	return g, nil
}

// ImportedColumns are the columns of an import that prove something, with
// their names and values as they were: a JSON object, or empty.
type ImportedColumns string

// MarshalJSON gives the object.
func (c ImportedColumns) MarshalJSON() ([]byte, error) { return []byte(c), nil }

// UnmarshalJSON keeps the object as it is written.
func (c *ImportedColumns) UnmarshalJSON(b []byte) error {
	*c = ImportedColumns(b)
	return nil
}

// ImportOutcome is what became of one row. Each row has exactly one.
type ImportOutcome string

// The outcomes of a row.
const (
	ImportAdded      ImportOutcome = "added"      // a new person, active
	ImportChanged    ImportOutcome = "changed"    // a person on record, now active for the purpose
	ImportHeldBack   ImportOutcome = "held"       // on record, not mailed: no proof of consent, or not the facts of the basis
	ImportOptOut     ImportOutcome = "opt_outs"   // an opt-out was added
	ImportUnchanged  ImportOutcome = "unchanged"  // the person's standing says as much or more
	ImportDuplicate  ImportOutcome = "duplicates" // an earlier row of this import did it
	ImportSuppressed ImportOutcome = "suppressed" // the address must not be mailed (P15)
	ImportDeparted   ImportOutcome = "departed"   // the person left the purpose, or never confirmed (P15)
	ImportRejected   ImportOutcome = "rejected"   // the row can't be used
)

// ImportOutcomes lists the outcomes in the order in which they are told.
var ImportOutcomes = []ImportOutcome{
	ImportAdded, ImportChanged, ImportHeldBack, ImportOptOut, ImportUnchanged, ImportDuplicate, ImportSuppressed, ImportDeparted, ImportRejected,
}

// Import decides what a row does. It can add an opt-out to anybody and make
// active only somebody with whom there were no dealings for the purpose yet,
// or who was held: whoever left, bounced, complained, was erased or never
// confirmed comes back by their own confirmation alone (P15, requirements-mail
// I.5), and whoever is active or pending stays so.
func (s Standing) Import(r ImportRow, spec ImportSpec, now time.Time) (Change, ImportOutcome) {
	o := Origin{Source: "import", Actor: spec.Actor, Locale: r.Locale, Evidence: r.Evidence()}
	if r.Status.OptOut() {
		return s.importOptOut(r, spec, o, now)
	}
	if len(s.Suppressions) > 0 {
		return Change{}, ImportSuppressed
	}
	sub := s.Subscription(spec.PurposeID)
	ground, lacks := spec.Facts(r, now)
	held := r.Status == RowUnconfirmed || spec.Basis == BasisConsent && r.ConfirmedAt.IsZero() || lacks != nil
	switch {
	case sub.State == Never, sub.State == Held && !held:
	case sub.State == Withdrawn, sub.State == Lapsed:
		return Change{}, ImportDeparted
	default:
		return Change{}, sub.asBefore(spec)
	}
	sub.Ground = ground
	sub.State, sub.Since, sub.Basis, sub.Request, sub.Locale, sub.Version, sub.Origin = Active, now, spec.Basis, spec.ID, r.Locale, 0, 0
	kind, outcome := Imported, ImportChanged
	if s.Subscriber.ID == 0 {
		outcome = ImportAdded
	}
	if held {
		sub.State, kind, outcome = Held, ImportedHeld, ImportHeldBack
	} else {
		if !r.ConfirmedAt.IsZero() {
			sub.Since = r.ConfirmedAt
		}
		sub.Agreed = sub.Since
	}
	return Change{Subscriptions: []Subscription{sub}, Events: []Event{o.event(kind, sub, now)}}, outcome
}

// importOptOut decides what an opt-out of a file does. Of somebody who is not
// on record, who bounced, complained or left everything, the keyed hash of the
// address is kept and nothing else (requirements-mail I.1, I.10).
func (s Standing) importOptOut(r ImportRow, spec ImportSpec, o Origin, now time.Time) (Change, ImportOutcome) {
	var c Change
	sub := s.Subscription(spec.PurposeID)
	switch r.Status {
	case RowBounced, RowComplained:
		kind := SuppressedHardBounce
		if r.Status == RowComplained {
			kind = SuppressedComplaint
		}
		if s.Suppressed(kind) {
			return c, ImportUnchanged
		}
		c.Suppress = []SuppressionKind{kind}
		c.Events = []Event{o.event(Barred, Subscription{Request: spec.ID}, now)}
	case RowLeftAll:
		c = s.Leave(ScopeAll, 0, 0, o, now)
	default:
		cameBack := sub.State == Active && !r.LeftAt.IsZero() && r.LeftAt.Before(sub.Since)
		if sub.State == Withdrawn || cameBack {
			return c, sub.asBefore(spec)
		}
		if sub.State == Never {
			sub.Basis, sub.Request, sub.Locale = spec.Basis, spec.ID, r.Locale
		}
		sub = sub.end(Withdrawn, now)
		c.Subscriptions = []Subscription{sub}
		c.Events = []Event{o.event(Withdrew, sub, now)}
		return c, ImportOptOut
	}
	if c.IsZero() {
		return c, ImportUnchanged
	}
	if s.Subscriber.ID == 0 {
		return Change{Suppress: c.Suppress}, ImportOptOut
	}
	return c, ImportOptOut
}

// asBefore is the outcome of a row that changes nothing.
func (sub Subscription) asBefore(spec ImportSpec) ImportOutcome {
	if sub.Request == spec.ID {
		return ImportDuplicate
	}
	return ImportUnchanged
}

// Completed gives what a row adds to what is known of a person: a name where
// there is none, and interests. What the person told themselves stays.
func (p Subscriber) Completed(r ImportRow) (Profile, bool) {
	var out Profile
	if p.Name == "" && r.Name != "" {
		out.Name = &r.Name
	}
	all := slices.Clone(p.Interests)
	for _, slug := range r.Interests {
		if !slices.Contains(all, slug) {
			all = append(all, slug)
		}
	}
	if len(all) > len(p.Interests) && len(all) <= Limits.Interests {
		out.Interests = &all
	}
	return out, out.Name != nil || out.Interests != nil
}

// ImportState is how far an import is.
type ImportState string

// The states of an import.
const (
	ImportQueued  ImportState = "queued"
	ImportRunning ImportState = "running"
	ImportDone    ImportState = "done"
	ImportFailed  ImportState = "failed" // the file can't be read; Why says why
)

// Import is one import: a file, its grounds, and how far it is.
type Import struct {
	ID         int64
	PublicID   ID
	State      ImportState
	Spec       ImportSpec
	Size       int64  // bytes of the file
	Digest     []byte // SHA-256 of the file
	Spool      string // file that the server keeps until the import ends; "" when a command reads its own
	Tally      ImportTally
	CreatedAt  time.Time
	StartedAt  time.Time // of the present run: since the last start or restart
	FinishedAt time.Time
	UpdatedAt  time.Time
	Why        string
}

// ImportTally is how far an import is and what became of the rows so far. It
// is committed together with them, so that a killed import goes on exactly
// where it was.
type ImportTally struct {
	Begin    ImportMark              `json:"begin"`    // of the window of rows being written
	Window   int                     `json:"window"`   // rows that a window holds
	Done     int                     `json:"done"`     // rows of the window that are committed
	Position int64                   `json:"position"` // bytes of the file that are dealt with, for progress
	RunFrom  int64                   `json:"run_from"` // Position at StartedAt
	Rows     int64                   `json:"rows"`
	Outcomes map[ImportOutcome]int64 `json:"outcomes"`
	Reasons  map[string]int64        `json:"reasons"` // codes of refused rows, and of those held for want of facts
	Header   []string                `json:"header"`
	Ignored  []string                `json:"ignored"` // columns that are not used

	Updated  int64                   `json:"updated,omitempty"`  // of a preview: rows among the unchanged that bring other values of attributes
	Fields   map[string]int64        `json:"fields,omitempty"`   // of a preview: rows by what they would change of people on record
	Total    int64                   `json:"total,omitempty"`    // of an import after a preview: rows of the file
	Foreseen map[ImportOutcome]int64 `json:"foreseen,omitempty"` // likewise: what the preview said
}

// ImportMark is a place between two rows of a file.
type ImportMark struct {
	Offset int64 `json:"offset"`
	Line   int64 `json:"line"` // lines before it
}

// Progress gives the part of the file that is dealt with, from 0 to 1.
func (i Import) Progress() float64 {
	switch {
	case i.State == ImportDone:
		return 1
	case i.Size == 0:
		return 0
	}
	return min(1, float64(i.Tally.Position)/float64(i.Size))
}

// Remaining estimates the time until a running import ends, from the speed
// of its present run; false while nothing is known.
func (i Import) Remaining() (time.Duration, bool) {
	done, took := i.Tally.Position-i.Tally.RunFrom, i.UpdatedAt.Sub(i.StartedAt)
	if i.State != ImportRunning || done <= 0 || took <= 0 {
		return 0, false
	}
	return time.Duration(float64(took) / float64(done) * float64(max(0, i.Size-i.Tally.Position))), true
}

// ImportedRow is a row worth showing: one that was refused, or an example of
// an outcome in a dry run. It holds personal data.
type ImportedRow struct {
	Line    int64
	Outcome ImportOutcome
	Code    string // why a row was refused, or held for want of facts
	Why     string // the same as a sentence
	Fields  []string
}

// ImportFile is the file of an import about to begin.
type ImportFile struct {
	Size   int64
	Digest [32]byte // SHA-256
	Spool  string   // where the server keeps it until the import ends; "" for a file that a command reads
}
