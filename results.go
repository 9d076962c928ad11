package akkoord

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Outcomes are what became of a number of copies of a mailing.
type Outcomes struct {
	Counts
	Refused    map[Class]int64 // those that failed or came back, by class
	Waiting    map[Class]int64 // those put off, by class; ClassNone: their provider is spared
	Left       int64           // people who left by a link in it
	Complaints int64
}

// Copies are as many copies of a mailing of which the same is known.
type Copies struct {
	State  DeliveryState
	Domain string // of the addresses; empty: those people were erased
	Class  Class  // of what failed or came back
	Code   string // of what was put off, like "451 4.7.1"
	Slot   int64  // of MailingResults.Sending, of those that were handed over
	Count  int64
}

// DelayProvider is the code of copies that wait since their provider is spared:
// no attempt of theirs.
const DelayProvider = "provider"

func (o *Outcomes) add(c Copies) {
	o.Counts.Add(c.State, c.Count)
	switch c.State {
	case Failed, Bounced:
		o.Refused[cmp.Or(c.Class, ClassSoft)] += c.Count // ClassSoft where it is not said
	case Deferred:
		o.Waiting[classOfDelay(c.Code)] += c.Count
	}
}

func classOfDelay(code string) Class {
	if code == DelayProvider || code == CodeSentAgain {
		return ClassNone
	}
	_, enhanced, _ := strings.Cut(code, " ")
	if class, _ := ClassOf(enhanced, ""); class == ClassPolicy {
		return ClassPolicy
	}
	return ClassSoft
}

// Response is what a number of people did after a mailing.
type Response struct {
	Kind   ResponseKind
	Domain string // of RespondedLeaving and RespondedComplaint; empty: those people were erased
	Slot   int64  // of MailingResults.After
	Count  int64
}

// ResponseKind is what people did after a mailing.
type ResponseKind string

// The kinds of answers. Clicks count once for each link and person; those of
// programs are never added to those of people.
const (
	RespondedLeaving   ResponseKind = "left"
	RespondedComplaint ResponseKind = "complaints"
	RespondedClick     ResponseKind = "clicks" // by people who let them be counted (M22)
	RespondedMachine   ResponseKind = "machine_clicks"
)

// ResponseKinds are all of them, in the order in which they are shown.
var ResponseKinds = []ResponseKind{RespondedLeaving, RespondedComplaint, RespondedClick, RespondedMachine}

// MailingResults are what became of a mailing: numbers that lead to nobody.
type MailingResults struct {
	All       Outcomes
	Sending   Timeline
	ByTime    []int64           // copies that were handed over, by slot of Sending
	Providers []ProviderResults // most people first; all others, without a name, last
	After     Timeline
	Responses map[ResponseKind][]int64 // by slot of After
	Later     map[ResponseKind]int64   // after the end of After
	Readers   Readers
	Links     []LinkCount // the decoy too
}

// ProviderResults are what became of the copies for one provider.
type ProviderResults struct {
	Name string // empty: all others
	Outcomes
	ByTime []int64 // as that of MailingResults
}

// Readers are what people did after a mailing, each counted once.
type Readers struct {
	Left, Complaints int64
	Counted          int64 // who got it and let their clicks be counted
	Clicked          int64 // of them, who clicked
}

// Few reports whether so few people did something that a number could tell who
// it was (M22).
func Few(n int64) bool { return n > 0 && n < int64(Limits.ClickGroup) }

// providersShown is how many providers are told apart.
const providersShown = 12

// responsesFor is for how long after the last copy it is told when people did so.
const responsesFor = 14 * 24 * time.Hour

// ResultsCount counts the results of one mailing.
type ResultsCount struct {
	results MailingResults
	by      map[string]*ProviderResults
}

// CountResults begins to count what became of a mailing that was started. What
// is added has slots of its Timelines.
func CountResults(m Mailing, now time.Time) *ResultsCount {
	end := now
	if !m.FinishedAt.IsZero() && m.FinishedAt.Before(now) {
		end = m.FinishedAt
	}
	after := end.Add(responsesFor)
	if after.After(now) {
		after = now
	}
	r := MailingResults{All: noOutcomes(), Sending: NewTimeline(m.StartedAt, end), After: NewTimeline(m.StartedAt, after), Responses: map[ResponseKind][]int64{}, Later: map[ResponseKind]int64{}}
	r.ByTime = make([]int64, r.Sending.Slots)
	for _, kind := range ResponseKinds {
		r.Responses[kind] = make([]int64, r.After.Slots)
	}
	return &ResultsCount{r, map[string]*ProviderResults{}}
}

func noOutcomes() Outcomes {
	return Outcomes{Refused: map[Class]int64{}, Waiting: map[Class]int64{}}
}

// Timelines are those of handing over, and of what people did.
func (c *ResultsCount) Timelines() (sending, after Timeline) {
	return c.results.Sending, c.results.After
}

// Copies adds copies.
func (c *ResultsCount) Copies(n Copies) {
	p := c.provider(n.Domain)
	p.add(n)
	c.results.All.add(n)
	if n.State == Sent || n.State == Bounced {
		slot := min(max(n.Slot, 0), int64(len(c.results.ByTime)-1))
		p.ByTime[slot] += n.Count
		c.results.ByTime[slot] += n.Count
	}
}

// Response adds what people did.
func (c *ResultsCount) Response(a Response) {
	r := &c.results
	if a.Slot >= int64(r.After.Slots) {
		r.Later[a.Kind] += a.Count
	} else {
		r.Responses[a.Kind][max(a.Slot, 0)] += a.Count
	}
	for _, o := range []*Outcomes{&r.All, &c.provider(a.Domain).Outcomes} {
		switch a.Kind {
		case RespondedLeaving:
			o.Left += a.Count
		case RespondedComplaint:
			o.Complaints += a.Count
		}
	}
}

func (c *ResultsCount) provider(domain string) *ProviderResults {
	name := ProviderOf(domain)
	p, ok := c.by[name]
	if !ok {
		p = &ProviderResults{Name: name, Outcomes: noOutcomes(), ByTime: make([]int64, len(c.results.ByTime))}
		c.by[name] = p
	}
	return p
}

// Results gives what was counted. Small providers are told together: a domain
// of one's own is a name.
func (c *ResultsCount) Results(readers Readers, links []LinkCount) MailingResults {
	r := c.results
	rest := &ProviderResults{Outcomes: noOutcomes(), ByTime: make([]int64, len(r.ByTime))}
	var named []*ProviderResults
	for _, p := range c.by {
		if p.Name == "" || p.Total < int64(Limits.ClickGroup) {
			rest.merge(p)
		} else {
			named = append(named, p)
		}
	}
	slices.SortFunc(named, func(a, b *ProviderResults) int {
		return cmp.Or(cmp.Compare(b.Total, a.Total), cmp.Compare(a.Name, b.Name))
	})
	for i, p := range named {
		if i < providersShown {
			r.Providers = append(r.Providers, *p)
		} else {
			rest.merge(p)
		}
	}
	if rest.Total+rest.Left+rest.Complaints > 0 {
		r.Providers = append(r.Providers, *rest)
	}
	readers.Left, readers.Complaints = r.All.Left, r.All.Complaints
	r.Readers, r.Links = readers, links
	return r
}

func (p *ProviderResults) merge(q *ProviderResults) {
	p.Counts.Merge(q.Counts)
	for class, n := range q.Refused {
		p.Refused[class] += n
	}
	for class, n := range q.Waiting {
		p.Waiting[class] += n
	}
	p.Left, p.Complaints = p.Left+q.Left, p.Complaints+q.Complaints
	for i, n := range q.ByTime {
		p.ByTime[i] += n
	}
}

// Clicks sums up how links were followed for the first time: by people of whom
// it is still known, by people of whom nothing is kept any more, and by
// programs.
func (r MailingResults) Clicks() (known, nameless, machine int64) {
	known = r.Later[RespondedClick]
	for _, n := range r.Responses[RespondedClick] {
		known += n
	}
	for _, l := range r.Links {
		nameless, machine = nameless+l.Clicks, machine+l.Machine
	}
	return known, max(nameless-known, 0), machine
}
