// Package sight stands between the handlers of the JSON API and the admin site
// and what is stored of people: it asks for the grants of whoever a request
// comes from, refuses what none of them opens, and takes out the fields that
// they don't (M26, P28). Handlers know nothing of it; a request that nobody
// was named for sees nobody.
package sight

import (
	"context"
	"slices"
	"sync"
	"time"

	"akkoord"
)

// Store is what of the database is about people, and what is needed to tell
// about whom.
type Store interface {
	Access(ctx context.Context, holder akkoord.Actor) (akkoord.Access, error)
	// CheckMass refuses what takes two persons and nobody agreed to.
	CheckMass(ctx context.Context, by akkoord.Actor, act akkoord.MassAct) error
	Purpose(ctx context.Context, slug string) (akkoord.Purpose, error)
	PurposeOfMailing(ctx context.Context, mailingID int64) (int64, error)
	PurposeOfMailingID(ctx context.Context, mailing akkoord.ID) (int64, error)
	Attributes(ctx context.Context) ([]akkoord.Attribute, error)

	People(ctx context.Context, f akkoord.PeopleFilter, p akkoord.Page) (people []akkoord.Standing, next int64, err error)
	CountPeople(ctx context.Context, f akkoord.PeopleFilter, most int) (int, error)
	PrepareBulkAct(ctx context.Context, by akkoord.Actor, spec akkoord.BulkSpec) (akkoord.BulkAct, error)
	ConfirmBulkAct(ctx context.Context, by akkoord.Actor, id akkoord.ID, seen int64) (akkoord.BulkAct, error)
	StopBulkAct(ctx context.Context, by akkoord.Actor, id akkoord.ID) (akkoord.BulkAct, error)
	BulkAct(ctx context.Context, id akkoord.ID) (akkoord.BulkAct, error)
	BulkActs(ctx context.Context, of akkoord.Actor, p akkoord.Page) (acts []akkoord.BulkAct, next int64, err error)
	BulkPeople(ctx context.Context, b akkoord.BulkAct, limit int) ([]akkoord.Standing, error)
	Standing(ctx context.Context, id akkoord.ID) (akkoord.Standing, error)
	StandingByEmail(ctx context.Context, e akkoord.Email) (akkoord.Standing, error)
	StandingByNumber(ctx context.Context, id int64) (akkoord.Standing, error)
	SetProfile(ctx context.Context, id akkoord.ID, p akkoord.Profile, o akkoord.Origin) error
	SetBasis(ctx context.Context, person akkoord.ID, slug string, b akkoord.BasisChange) error
	Withdraw(ctx context.Context, person akkoord.ID, purposeID int64, reason string, o akkoord.Origin) error
	LeaveCampaign(ctx context.Context, person akkoord.ID, c akkoord.Campaign, reason string, o akkoord.Origin) error
	AskAddress(ctx context.Context, person akkoord.ID, to akkoord.Email, reason string, o akkoord.Origin) error
	RepeatConfirmation(ctx context.Context, person akkoord.ID, purposeID int64, o akkoord.Origin) error
	Erase(ctx context.Context, person akkoord.ID, reason string, o akkoord.Origin) (akkoord.Erasure, error)
	Restrict(ctx context.Context, person akkoord.ID, reason string, o akkoord.Origin) error
	Unrestrict(ctx context.Context, person akkoord.ID, told time.Time, reason string, o akkoord.Origin) error

	Events(ctx context.Context, subscriberID int64) ([]akkoord.Event, error)
	Learned(ctx context.Context, st akkoord.Standing) ([]akkoord.LearnedInterest, error)
	AttributesOf(ctx context.Context, subscriberID int64) (map[string]string, error)
	PersonMails(ctx context.Context, subscriberID int64, purposes []int64, p akkoord.Page) (mails []akkoord.PersonMail, next int64, err error)
	PersonNames(ctx context.Context, ids []int64) (map[int64]string, error)
	ExportPerson(ctx context.Context, actor akkoord.Actor, id akkoord.ID, reason string) (akkoord.PersonRecord, error)
	EvidenceBundle(ctx context.Context, actor akkoord.Actor, id akkoord.ID, reason string, pages akkoord.BundlePages) ([]byte, error)
	Deliveries(ctx context.Context, mailingID int64, f akkoord.DeliveryFilter, p akkoord.Page) (deliveries []akkoord.Delivery, next int64, err error)
	LeftOutPeople(ctx context.Context, m akkoord.Mailing, code string, p akkoord.Page) (people []akkoord.Standing, next int64, err error)
	RetentionPeople(ctx context.Context, of akkoord.Purpose, on time.Time, p akkoord.Page) (people []akkoord.RetentionPerson, next int64, err error)
	SampleSegment(ctx context.Context, purposeID int64, f akkoord.Filter, p akkoord.Page) (people []akkoord.Subscriber, next int64, err error)
	UnconfirmedPeople(ctx context.Context, on time.Time, p akkoord.Page) (people []akkoord.RetentionPerson, next int64, err error)
	CountSegmentNow(ctx context.Context, purposeID int64, f akkoord.Filter) (akkoord.SegmentCount, error)
	CountSegmentSoon(ctx context.Context, purposeID int64, f akkoord.Filter) (akkoord.SegmentCount, error)
	// AudienceFilter gives the purpose of a mailing, and the filter that chooses among its people.
	AudienceFilter(ctx context.Context, m akkoord.Mailing) (purposeID int64, f akkoord.Filter, err error)
	Audience(ctx context.Context, m akkoord.Mailing) (akkoord.Audience, error)
	Readers(ctx context.Context, m akkoord.Mailing) (map[string]int64, error)
	TriggerFigures(ctx context.Context, m akkoord.Mailing) (akkoord.TriggerFigures, error)
	Gate(ctx context.Context, e akkoord.Email, purposeSlug string, mailing *akkoord.ID) (akkoord.Verdict, error)

	AddRequest(ctx context.Context, actor akkoord.Actor, r akkoord.PersonRequest) (akkoord.PersonRequest, error)
	EditRequest(ctx context.Context, actor akkoord.Actor, id akkoord.ID, action string, edit func(akkoord.PersonRequest, time.Time) (akkoord.PersonRequest, error)) (akkoord.PersonRequest, error)
	Request(ctx context.Context, id akkoord.ID) (akkoord.PersonRequest, error)
	Requests(ctx context.Context, state akkoord.RequestState, p akkoord.Page) (requests []akkoord.PersonRequest, next int64, err error)
	BreachPeople(ctx context.Context, b akkoord.Breach, each func(akkoord.BreachPerson) error) error
	BeginImport(ctx context.Context, spec akkoord.ImportSpec, file akkoord.ImportFile) (akkoord.Import, error)
	AgainImport(ctx context.Context, actor akkoord.Actor, id akkoord.ID, columns map[string]string) (akkoord.Import, error)
	ConfirmImport(ctx context.Context, actor akkoord.Actor, id akkoord.ID, version, effects int64) (akkoord.Import, error)
	DropPreview(ctx context.Context, actor akkoord.Actor, id akkoord.ID) error
	Import(ctx context.Context, id akkoord.ID) (akkoord.Import, error)
	Imports(ctx context.Context, p akkoord.Page) (imports []akkoord.Import, next int64, err error)
	LatestImports(ctx context.Context, p akkoord.Page) (imports []akkoord.Import, next int64, err error)
	ImportHead(ctx context.Context, i akkoord.Import) ([]akkoord.ImportColumn, error)
	ImportRows(ctx context.Context, importID int64, outcome akkoord.ImportOutcome, f func(akkoord.ImportedRow) error) error
	ImportRowPage(ctx context.Context, importID int64, outcome akkoord.ImportOutcome, p akkoord.Page) (rows []akkoord.ImportedRow, next int64, err error)
	Suppressions(ctx context.Context, kind akkoord.SuppressionKind, after akkoord.Suppression, limit int) (entries []akkoord.SuppressionEntry, more bool, err error)
	SuppressionsOf(ctx context.Context, e akkoord.Email) ([]akkoord.SuppressionEntry, error)
	LiftSuppression(ctx context.Context, hash akkoord.AddressHash, kind akkoord.SuppressionKind, reason string, o akkoord.Origin) error
	ContractMail(ctx context.Context, id akkoord.ID) (akkoord.ContractMail, error)
	ContractMails(ctx context.Context, f akkoord.ContractFilter, p akkoord.Page) (mails []akkoord.ContractMail, next int64, err error)
}

// Guard is the Store as whoever a request comes from may see it.
type Guard struct{ store Store }

// New makes the guard of a store.
func New(store Store) *Guard { return &Guard{store} }

type lookKey struct{}

// look is one request: who looks, and what was taken out of the answer.
type look struct {
	holder akkoord.Actor
	role   akkoord.Role

	mu       sync.Mutex
	access   akkoord.Access
	asked    bool // for access
	withheld []akkoord.GrantField
}

// As gives a context in which a user or key with a role looks.
func As(ctx context.Context, holder akkoord.Actor, role akkoord.Role) context.Context {
	return context.WithValue(ctx, lookKey{}, &look{holder: holder, role: role})
}

// Withheld gives the groups of fields that were taken out of what the request
// read so far, in the order of akkoord.GrantFields.
func Withheld(ctx context.Context) []akkoord.GrantField {
	l, ok := ctx.Value(lookKey{}).(*look)
	if !ok {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(akkoord.GrantFields), func(f akkoord.GrantField) bool { return !slices.Contains(l.withheld, f) })
}

func withhold(ctx context.Context, fields ...akkoord.GrantField) {
	if l, ok := ctx.Value(lookKey{}).(*look); ok {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.withheld = append(l.withheld, fields...)
	}
}

// access gives what whoever asks may see; it is refused where that is nobody.
// The grants are read once for a request.
func (g *Guard) access(ctx context.Context) (akkoord.Access, error) {
	l, ok := ctx.Value(lookKey{}).(*look)
	if !ok {
		return nil, akkoord.Access(nil).CheckAny()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.asked {
		access, err := g.store.Access(ctx, l.holder)
		if err != nil {
			return nil, err
		}
		l.access, l.asked = access, true
	}
	return l.access, l.access.CheckAny()
}

// everybody refuses those who may not see these fields of everybody.
func (g *Guard) everybody(ctx context.Context, fields ...akkoord.GrantField) (akkoord.Access, error) {
	access, err := g.access(ctx)
	if err != nil {
		return nil, err
	}
	return access, access.CheckPurpose(0, fields...)
}

// Everybody refuses those who may not see these fields of everybody. An answer
// that is written while it is read asks before it begins.
func (g *Guard) Everybody(ctx context.Context, fields ...akkoord.GrantField) error {
	_, err := g.everybody(ctx, fields...)
	return err
}

// Export is Everybody for a file about many people, which takes two persons
// where the settings ask for that.
func (g *Guard) Export(ctx context.Context, fields ...akkoord.GrantField) error {
	if err := g.Everybody(ctx, fields...); err != nil {
		return err
	}
	return g.mass(ctx, akkoord.MassExport)
}

func (g *Guard) mass(ctx context.Context, act akkoord.MassAct) error {
	l, ok := ctx.Value(lookKey{}).(*look)
	if !ok {
		return akkoord.Access(nil).CheckAny()
	}
	return g.store.CheckMass(ctx, l.holder, act)
}

// see takes out of where a person stands what may not be seen. A person who is
// not there is nobody's secret.
func see(ctx context.Context, access akkoord.Access, st akkoord.Standing) (akkoord.Standing, error) {
	if st.Subscriber.ID == 0 {
		return st, nil
	}
	if err := access.CheckPerson(st); err != nil {
		return akkoord.Standing{}, err
	}
	out, withheld, _ := access.See(st)
	withhold(ctx, withheld...)
	return out, nil
}

// may asks about an act on a person. Who is not there is left to the store.
func (g *Guard) may(ctx context.Context, person akkoord.ID, check func(akkoord.Access, akkoord.Standing) error) error {
	access, err := g.access(ctx)
	if err != nil {
		return err
	}
	st, err := g.store.Standing(ctx, person)
	if err != nil || st.Subscriber.ID == 0 {
		return err
	}
	return check(access, st)
}

func whole(a akkoord.Access, st akkoord.Standing) error { return a.CheckWhole(st) }
