package templates

import "time"

// SuppressionsPage is GET /admin/suppressions: the do-not-mail list.
type SuppressionsPage struct {
	Admin
	Kind  string // that the list is limited to; empty for all
	Kinds []string
	Query string // the address that was asked for
	Rows  []SuppressionRow
	Next  string
}

// SuppressionRow is an entry of the list, with the report that put it there
// where there is one.
type SuppressionRow struct {
	Kind                  string
	At                    time.Time
	Person, Address       string // empty: nobody with this address is on record
	Source, Class, Status string // of the report
	Mailing               string
	Lift                  string // where taking it back is posted; empty: not by staff
}

func (SuppressionsPage) file() string { return "admin/suppressions.html" }
