package templates

import "time"

// RetentionPage is GET /admin/retention: what happens on which day to people
// who gave no sign of life or did not confirm, of all purposes, a month at a
// time (M18).
type RetentionPage struct {
	Admin
	Month          time.Time // a day of it
	Previous, Next string    // paths of the months beside it; empty where nothing is foreseen
	Weeks          [][]RetentionDay
	Purposes       []RetentionRow
	PendingDays    int // after which what nobody confirmed ends
	Pending        int // people who did not confirm yet
}

// RetentionRow is a purpose with what it does about silence.
type RetentionRow struct {
	Name, URL string
	Silence   *Silence // nil: nobody is asked
	Stopped   time.Time
}

// RetentionDay is a day of the calendar.
type RetentionDay struct {
	Day   time.Time
	In    bool // it belongs to the month
	Today bool
	Acts  []RetentionAct
}

// RetentionAct is what happens to people on a day.
type RetentionAct struct {
	Purpose string // empty for sign-ups that nobody confirmed
	Act     string // "ask", "ask_again", "expire" or "unconfirmed"
	Count   int
	URL     string // the list of them; empty: not for this user
}

// Days are the days on which something happens, in order: the calendar as a
// list.
func (p RetentionPage) Days() []RetentionDay {
	var out []RetentionDay
	for _, week := range p.Weeks {
		for _, d := range week {
			if d.In && len(d.Acts) > 0 {
				out = append(out, d)
			}
		}
	}
	return out
}

// PolicyPage is GET /admin/retention/{slug}: what one purpose does about
// silence, and whom it would ask when. With Trial it shows a policy that is not
// stored.
type PolicyPage struct {
	Admin
	Slug, Name  string
	Action      string // where act=save, stop or start is posted; empty: not by this user
	Policy      Silence
	Asks        bool // the policy that is shown asks anybody at all
	Trial       bool
	Stopped     time.Time
	Active      int // people who are in
	Days        []RetentionDay
	Horizon     int // days that are looked ahead
	PendingDays int // after which what nobody confirmed ends
}

// Sum counts the people of one act over all days.
func (p PolicyPage) Sum(act string) int {
	n := 0
	for _, d := range p.Days {
		for _, a := range d.Acts {
			if a.Act == act {
				n += a.Count
			}
		}
	}
	return n
}

// RetentionPeoplePage is the people to whom something happens on a day. Looking
// at it leaves an audit line.
type RetentionPeoplePage struct {
	Admin
	Name, Back string // of the purpose; empty for sign-ups that nobody confirmed
	Day        time.Time
	People     []RetentionPersonRow
	Next       string // path of the next page
}

// RetentionPersonRow is one of them.
type RetentionPersonRow struct {
	URL, ID, Name string
	Act           string
	At            time.Time
}

// Weekday is a day of the week, short and long.
type Weekday struct{ Short, Name string }

// week gives them from Monday.
func (c *calendar) week() []Weekday {
	var out []Weekday
	for i := range 7 {
		name := c.weekdays[(i+1)%7]
		out = append(out, Weekday{string([]rune(name)[:2]), name})
	}
	return out
}

func (RetentionPage) file() string       { return "admin/retention.html" }
func (PolicyPage) file() string          { return "admin/policy.html" }
func (RetentionPeoplePage) file() string { return "admin/retention-people.html" }
