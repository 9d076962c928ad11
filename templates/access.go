package templates

import "time"

// RefusedPage is every page of the admin site about people whom the user has no
// grant for (M26).
type RefusedPage struct {
	Admin
	BreakGlass string // where access can be taken in an emergency; empty: not by this user
}

// NothingPage is every page of the admin site that there is not, or not for whoever asks:
// it does not tell which (P28).
type NothingPage struct {
	Admin
	Status     int
	Code, Text string // as those of ErrorPage
}

// OwnAccessPage is GET /admin/access: what the user may see.
type OwnAccessPage struct {
	Admin
	Grants     []GrantRow
	BreakGlass string // where the reason is posted; empty: the user sees all already
	Least      int    // characters that the reason needs
}

// GrantRow is who may see what of whom.
type GrantRow struct {
	ID                   string
	State                string   // planned, in_force, expired or ended
	Purposes, Fields     []string // names, and access.field_<name>; none: all
	Reason               string
	BreakGlass, Due      bool // taken by the holder; somebody has to look at it
	From, Until          time.Time
	ReviewOn, ReviewedAt time.Time
	Review               string
	EndedAt              time.Time
	EndReason            string
	Zone                 *time.Location

	// On the page of those who give grants.
	Holder, GivenBy, Reviewer, ReviewedBy, EndedBy, Action string
	CanReview, CanEnd                                      bool
}

// GrantsPage is GET /admin/privacy/access. The forms of a grant post to its
// Action with act=review or end, and text.
type GrantsPage struct {
	Admin
	Due                            []GrantRow // that somebody has to look at now
	Holders                        []HolderCard
	Add                            string
	Receivers, Reviewers, Purposes []Option
	Fields                         []string
	ReviewOn                       string // the last day for the next review
}

// HolderCard is a user or key with what they may see.
type HolderCard struct {
	Name, Role, Reason string
	Key, Over          bool // a program; no longer on the site
	Since              time.Time
	Grants             []GrantRow
}

// AllGrantsPage is GET /admin/privacy/access?all=1: also those that are over.
type AllGrantsPage struct {
	Admin
	Rows []GrantRow
	Next string
}

// ApprovalsPage is GET /admin/privacy/approvals: who asks to do what takes two
// persons. The form of a request posts to its Action with act=agree or refuse,
// and text.
type ApprovalsPage struct {
	Admin
	On   bool // the settings ask for two persons
	Free int  // people whom one erases in a day without a second person
	Ask  string
	Rows []ApprovalRow
	Next string
}

// ApprovalRow is one request.
type ApprovalRow struct {
	ID, Act, State, AskedBy, Reason, DecidedBy, Note string
	AskedAt, Until, DecidedAt                        time.Time
	Action                                           string // empty: not by this user, or not any more
}

func (ApprovalsPage) file() string { return "admin/approvals.html" }
func (GrantsPage) file() string    { return "admin/grants.html" }
func (AllGrantsPage) file() string { return "admin/all_grants.html" }
func (NothingPage) file() string   { return "admin/nothing.html" }
func (RefusedPage) file() string   { return "admin/refused.html" }
func (OwnAccessPage) file() string { return "admin/own_access.html" }
