package akkoord

import "time"

// MassAct is what takes two persons where AKKOORD_TWO_PERSONS is on.
type MassAct string

// The acts that take two persons.
const (
	MassExport  MassAct = "export" // a file about many people: a breach pack, the refused rows of an import
	MassErasure MassAct = "erase"  // more than FreeErasures people in ApprovalTime by one user or key
	MassRelay   MassAct = "relay"  // where mail goes: a relay that is added or changed, and what the route of a purpose comes to
)

const (
	// ApprovalTime is how long a request waits, and how long it holds, counted
	// from when it was made.
	ApprovalTime = 24 * time.Hour
	// FreeErasures is how many people one user or key erases in ApprovalTime
	// without a second person.
	FreeErasures = 10
)

// Approval is the request of a user or key to do what takes two persons, and
// what somebody else said to it.
type Approval struct {
	ID        int64
	PublicID  ID
	Act       MassAct
	AskedBy   Actor
	Reason    string
	AskedAt   time.Time
	DecidedBy Actor // empty: nobody yet
	DecidedAt time.Time
	Agreed    bool
	Note      string
}

// ApprovalState is what a request is worth at some time.
type ApprovalState string

// The states of a request.
const (
	ApprovalWaiting ApprovalState = "waiting"
	ApprovalAgreed  ApprovalState = "agreed"
	ApprovalRefused ApprovalState = "refused"
	ApprovalExpired ApprovalState = "expired"
)

// Until is when the request is over, whatever was said to it.
func (a Approval) Until() time.Time { return a.AskedAt.Add(ApprovalTime) }

// State gives the state of a request at a time.
func (a Approval) State(now time.Time) ApprovalState {
	switch {
	case !a.DecidedAt.IsZero() && !a.Agreed:
		return ApprovalRefused
	case !now.Before(a.Until()):
		return ApprovalExpired
	case a.Agreed:
		return ApprovalAgreed
	}
	return ApprovalWaiting
}

// Name names the request in the audit trail.
func (a Approval) Name() string { return "approval:" + a.PublicID.String() }

// Ask decides about a request that is made now. Errors: Invalid.
func (a Approval) Ask(by Actor, now time.Time) (Approval, error) {
	if a.Act != MassExport && a.Act != MassErasure && a.Act != MassRelay {
		return Approval{}, Fieldf("act", "act_unknown", "What takes two persons is export, erase or relay.")
	}
	if err := checkSentence("reason", a.Reason); err != nil {
		return Approval{}, err
	}
	return Approval{PublicID: a.PublicID, Act: a.Act, AskedBy: by, Reason: a.Reason, AskedAt: now}, nil
}

// Decide decides about what a second person says to a request. Errors: Invalid,
// Forbidden with code own_approval, Conflict with code approval_over.
func (a Approval) Decide(by Actor, agreed bool, note string, now time.Time) (Approval, error) {
	if a.AskedBy == by {
		return Approval{}, Errorf(Forbidden, "own_approval", "This takes two persons: somebody else has to agree.")
	}
	if a.State(now) != ApprovalWaiting {
		return Approval{}, Errorf(Conflict, "approval_over", "This request was decided already, or is older than a day.")
	}
	if err := checkSentence("note", note); err != nil {
		return Approval{}, err
	}
	a.DecidedBy, a.DecidedAt, a.Agreed, a.Note = by, now, agreed, note
	return a, nil
}

// CheckTwoPersons refuses an act for which none of somebody's requests is agreed
// to.
func CheckTwoPersons(act MassAct, asked []Approval, now time.Time) error {
	for _, a := range asked {
		if a.Act == act && a.State(now) == ApprovalAgreed {
			return nil
		}
	}
	return Errorf(Forbidden, "second_person", "This takes two persons. Ask for it (Two persons on the admin site, or POST /api/v1/approvals with act %s), let somebody else agree on the admin site, and do it again within 24 hours.", act)
}
