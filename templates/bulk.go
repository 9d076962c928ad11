package templates

import "time"

// NewBulkActPage is GET /admin/bulk-acts/new: what is to be done to the people of a list.
type NewBulkActPage struct {
	Admin
	Action, Filter, Back string // the filter as a query
	Facts                PeopleFilter
	Number               int
	More                 bool // there are more than these
	People               []PersonRow
	Kinds                []string // bulk.do_<kind>
	Purposes             []Option
	Interests            []string

	Kind, Purpose, Interest, Reason string // as typed
	Errors                          FieldErrors
}

// About reports whether a kind is offered that is about an interest.
func (p NewBulkActPage) About() bool { return len(p.Interests) > 0 }

// BulkRow is a bulk act as a line of the list.
type BulkRow struct {
	URL, Kind, Name, State string // Name of its purpose or interest
	At                     time.Time
	Dealt, Total           int
	Left                   time.Duration
}

// Busy reports whether something is being done.
func (r BulkRow) Busy() bool { return r.State == "collecting" || r.State == "running" }

// Done is the share that is dealt with, in percent.
func (r BulkRow) Done() int {
	if r.Total == 0 {
		return 0
	}
	return 100 * r.Dealt / r.Total
}

// Parts is the progress as the bar draws it.
func (r BulkRow) Parts() []Part { return []Part{{State: "sent", Width: r.Done() * 10}} }

// Rest is how many people nothing was done about.
func (r BulkRow) Rest() int { return r.Total - r.Dealt }

// BulkActPage is GET /admin/bulk-acts/{id}. Its forms post act=confirm or stop to Action.
type BulkActPage struct {
	Admin
	BulkRow
	Facts       PeopleFilter
	Reason, By  string
	Why         string // the code of why it was stopped by itself
	Outcomes    []BulkCount
	People      []PersonRow
	Action      string // empty: nothing is to be done, or not by this user
	Own         bool   // the user chose the people
	Last, Ended time.Time
	Follow
}

// Grave reports whether it takes something away from people.
func (p BulkActPage) Grave() bool {
	return p.Kind == "erase" || p.Kind == "withdraw" || p.Kind == "withdraw_all"
}

// BulkCount is a number of people: bulk.out_<Key>.
type BulkCount struct {
	Key string
	N   int
}

// BulkActsPage is GET /admin/bulk-acts.
type BulkActsPage struct {
	Admin
	Rows []BulkRow
	Next string
	Follow
}

func (NewBulkActPage) file() string { return "admin/bulk-new.html" }
func (BulkActPage) file() string    { return "admin/bulk-act.html" }
func (BulkActsPage) file() string   { return "admin/bulk-acts.html" }
