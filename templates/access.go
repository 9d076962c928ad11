package templates

import "time"

// RefusedPage is every page of the admin site about people whom the user has no
// grant for (M26).
type RefusedPage struct {
	Admin
	BreakGlass string // where access can be taken in an emergency; empty: not by this user
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
}

func (RefusedPage) file() string   { return "admin/refused.html" }
func (OwnAccessPage) file() string { return "admin/own_access.html" }
