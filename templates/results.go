package templates

import "time"

// ResultsPage is GET /admin/mailings/{id}/results: what became of a mailing.
type ResultsPage struct {
	Admin
	MailingRow
	Campaign, CampaignURL string
	Comparison            string // path of the results of its campaign
	CSV, PDF              string
	CountedAt             time.Time
	Total                 int
	Outcomes              []OutcomeRow
	Left, Complaints      int
	Scopes                []LeavingRow // what they left, the most first
	Sending               Bars         // copies handed over
	Slots                 []SlotRow    // of Sending, those in which anything was handed over
	After                 []Bars       // what people and programs did
	AfterSlots            []AfterRow   // those in which they did anything
	Step, AfterStep       time.Duration
	Providers             []ProviderRow // the rest, without a name, last
	Links                 []LinkRow
	Readers               ReaderFigures
	Known, Nameless       int // clicks of people; below 0: so few that it could tell who it was
	Machine               int
	Compared              []ComparedRow
}

// OutcomeRow is one thing that became of copies. Part is one of the row before
// it that is a whole.
type OutcomeRow struct {
	Key  string
	N    int
	Part bool
	URL  string // of its people; empty: there is no list, or none for this user
}

// SlotRow is a slot in which copies were handed over.
type SlotRow struct {
	At time.Time
	N  int
}

// AfterRow is a slot in which somebody did something; the last one, without a
// time, is all that came later.
type AfterRow struct {
	At                                time.Time
	Left, Complaints, Clicks, Machine int
}

// ProviderRow is what became of the copies for one provider.
type ProviderRow struct {
	Name                                                                                  string
	Total, HandedOver, Deferred, Hard, Soft, Policy, Content, Uncertain, Left, Complaints int
	Numbers                                                                               []int // handed over, by slot of the page
	Slots                                                                                 []SlotRow
}

// Line is the share of its copies that was handed over by the end of each slot.
func (p ProviderRow) Line() string {
	sums := make([]int, len(p.Numbers)+1)
	for i, n := range p.Numbers {
		sums[i+1] = sums[i] + n
	}
	return plotLine(sums, 0, p.Total)
}

// Area closes the line down to the ground.
func (p ProviderRow) Area() string { return plotArea(p.Line()) }

// LinkRow is how a link was followed; Clicks below 0 are so few that they could
// tell who it was.
type LinkRow struct {
	URL, Topic      string
	Clicks, Machine int
}

// ReaderFigures are people who let their clicks be counted, and who of them
// clicked; below 0: so few that it could tell who it was.
type ReaderFigures struct{ Counted, Clicked int }

// ComparedRow is one of several mailings of a campaign.
type ComparedRow struct {
	Subject, URL, State                                     string
	This                                                    bool // it is the one that the page is about
	At                                                      time.Time
	Tried, HandedOver, Refused, Uncertain, Left, Complaints int
	Readers                                                 ReaderFigures
	Small                                                   bool // shares of so few people say little
}

// CampaignResultsPage is GET /admin/campaigns/{campaign}/results: the last
// mailings of a campaign beside each other.
type CampaignResultsPage struct {
	Admin
	Name, URL, CSV string
	Compared       []ComparedRow // newest first
	Plots          []Bars        // shares in hundredths of a percent, oldest first
}

// AnySmall reports whether shares of some of the mailings say little.
func (p CampaignResultsPage) AnySmall() bool { return anySmall(p.Compared) }

// AnySmall reports whether shares of some of the mailings say little.
func (p ResultsPage) AnySmall() bool { return anySmall(p.Compared) }

func anySmall(rows []ComparedRow) bool {
	for _, r := range rows {
		if r.Small {
			return true
		}
	}
	return false
}

func (ResultsPage) file() string         { return "admin/results.html" }
func (CampaignResultsPage) file() string { return "admin/campaign-results.html" }
