package akkoord

import "fmt"

// ReportTally is what of a mailing's reports is held against a limit: complaints, or
// bounces of a class.
type ReportTally string

// The tallies that have a limit.
const (
	TallyComplaint = ReportTally(ReportComplaint)
	TallyHard      = ReportTally(ClassHard)
	TallyPolicy    = ReportTally(ClassPolicy)
)

// Tally gives what a report counts for; empty: it has no limit.
func (r Report) Tally() ReportTally {
	switch {
	case r.Kind == ReportComplaint:
		return TallyComplaint
	case r.Class == ClassHard, r.Class == ClassPolicy:
		return ReportTally(r.Class)
	}
	return ""
}

// ReportLimit is from which share of a mailing on it is warned about, and from
// which it pauses by itself (D.4), in hundredths of a per cent.
type ReportLimit struct {
	Tally       ReportTally
	Warn, Pause int64
	least       int64  // reports: fewer are chance
	code        string // of the warning
	what, cure  string
}

// ReportLimits are the limits. A mailing that has reached fewer than
// ReportSample people is held against none.
var ReportLimits = []ReportLimit{
	{TallyComplaint, 10, 30, 2, "complaints", "people reported this mailing as unwanted",
		"See who they are and how they signed up before you resume: providers refuse the mail of senders above that."},
	{TallyHard, 200, 500, 5, "bounces", "mails of this mailing went to mailboxes that do not exist",
		"See where these addresses come from before you resume: such lists are old, bought or made up."},
	{TallyPolicy, 200, 500, 5, "policy_bounces", "mails of this mailing came back because of us, and not of their readers",
		"Run akkoord doctor, mend what it says of SPF, DKIM and DMARC, or ask the provider that refuses; then resume."},
}

// ReportSample is how many people a mailing has reached before shares mean
// anything.
const ReportSample = 200

// LimitOf gives the limit of a tally.
func LimitOf(t ReportTally) (ReportLimit, bool) {
	for _, l := range ReportLimits {
		if l.Tally == t {
			return l, true
		}
	}
	return ReportLimit{}, false
}

// Pauses reports whether n reports of sent mails pause a mailing, and if not
// how many reports there are at the least when they do: what was sent never
// gets less.
func (l ReportLimit) Pauses(n, sent int64) (bool, int64) {
	if sent >= ReportSample && l.reached(l.Pause, n, sent) {
		return true, 0
	}
	need := max((l.Pause*max(sent, ReportSample)+9999)/10000, l.least)
	return false, max(need, n+1)
}

func (l ReportLimit) reached(limit, n, sent int64) bool {
	return n >= l.least && n*10000 >= limit*sent
}

// Warning gives what to say of n reports of sent mails; false: nothing yet.
func (l ReportLimit) Warning(n, sent int64) (Reason, bool) {
	if sent < ReportSample || !l.reached(l.Warn, n, sent) {
		return Reason{}, false
	}
	return Reason{l.code, fmt.Sprintf("%d of %d %s: %s. From %s on it pauses by itself.", n, sent, l.what, share(n, sent), percent(l.Pause))}, true
}

func share(n, sent int64) string { return percent(n * 10000 / sent) }

func percent(hundredths int64) string {
	return fmt.Sprintf("%d.%02d %%", hundredths/100, hundredths%100)
}

// Reports are what came back of a mailing, by what it is and, of bounces, by
// class.
type Reports struct {
	Complaints int64           `json:"complaints"`
	Bounces    map[Class]int64 `json:"bounces"` // those while sending included
}

// Excess is a tally of a mailing that is more than it should be, with what is to be
// said of it.
type Excess struct {
	Reason
	N, Sent int64
	PauseAt int64 // share at which the mailing pauses by itself, in hundredths of a per cent
}

// Excesses gives the tallies of a mailing that are to be warned about.
func (r Reports) Excesses(c Counts) []Excess {
	var out []Excess
	for _, rate := range r.Rates(c) {
		if w, ok := rate.Warning(rate.N, rate.Sent); ok {
			out = append(out, Excess{w, rate.N, rate.Sent, rate.Pause})
		}
	}
	return out
}

// Rate is a tally of what was sent, beside its limit.
type Rate struct {
	ReportLimit
	N, Sent int64
}

// Rates gives the tallies that have a limit, in the order of ReportLimits.
func (r Reports) Rates(c Counts) []Rate {
	out := make([]Rate, len(ReportLimits))
	for i, l := range ReportLimits {
		n := r.Complaints
		if l.Tally != TallyComplaint {
			n = r.Bounces[Class(l.Tally)]
		}
		out[i] = Rate{l, n, c.Sent + c.Bounced + c.Failed}
	}
	return out
}

// RateStanding is how a rate stands to its limit.
type RateStanding string

// How a rate can stand: of so few mails that it says nothing, below what is warned
// about, from there on, and from where a mailing pauses by itself.
const (
	RateFew  RateStanding = "few"
	RateFine RateStanding = "fine"
	RateWarn RateStanding = "warn"
	RateHigh RateStanding = "high"
)

// Standing holds the rate against its limit.
func (r Rate) Standing() RateStanding {
	switch {
	case r.Sent < ReportSample:
		return RateFew
	case r.reached(r.Pause, r.N, r.Sent):
		return RateHigh
	case r.reached(r.Warn, r.N, r.Sent):
		return RateWarn
	}
	return RateFine
}

// TotalRates adds up the rates of mailings.
func TotalRates(mailings [][]Rate) []Rate {
	out := Reports{}.Rates(Counts{})
	for _, rates := range mailings {
		for i, r := range rates {
			out[i].N += r.N
			out[i].Sent += r.Sent
		}
	}
	return out
}

// Warnings gives what is to be said of a mailing's reports.
func (r Reports) Warnings(c Counts) []Reason {
	var out []Reason
	for _, e := range r.Excesses(c) {
		out = append(out, e.Reason)
	}
	return out
}
