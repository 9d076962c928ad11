package templates

import (
	"slices"
	"time"

	"akkoord"
)

// Admin is what every page of the admin site shows around its own content.
type Admin struct {
	User    string // e-mail address of the person logged in
	Section string // "campaigns", "people", "purposes", "privacy" or "settings": the part of the site
	Token   string // sent back by every form as "csrf"
	Notice  string // key of admin.notice_<Notice>: what the last post did
	Problem string // stable code of what went wrong with it
	Text    string // shown when Problem has no text
	Path    string // this page's path and query, which also answers ?locale=
	Zone    *time.Location

	Withheld func() []string // groups of fields that the page had to leave out, when it is drawn; nil: none

	SeesPeople  bool // may open the pages about people: without it nothing leads there
	SeesPrivacy bool // the same for those of the privacy officer
	SetsUp      bool // the same for the settings
	AskFactor   bool // an owner, who should set up a second factor
	Caught      bool // mails are caught here and reach nobody
	SeesCaught  bool // may open the inbox of those
}

// LoginPage is GET /admin/login, which posts email and password there, and the
// same again where they were refused. With Action it is the page behind a one-time
// link: one button that posts, so that a scanner does not use the link up.
type LoginPage struct {
	Admin
	Email   string
	Errors  FieldErrors
	Action  string // POST of a one-time link; empty asks for address and password
	Login   string // the one-time token, sent as "token"
	Expired bool   // the link was used or is too old
	SignOn  string // name of the single sign-on; empty: there is none
	AsksPasskey
}

// DashboardPage is GET /admin.
type DashboardPage struct {
	Admin
	Active, Pending, Left int // people in, waiting, and gone in the last seven days

	ActiveURL, PendingURL, LeftURL string // where these are listed; empty: not for this user

	Lately    *Growth // what became of purposes and forms; nil: there are none
	Campaigns []CampaignCard
	Archived  bool   // those that are
	Others    int    // campaigns of the other list
	New       string // path of the form of a new campaign; empty: not by this user
	Hold      *HoldNotice
	Attention []DeskItem // what is late at the privacy officer's desk, or soon will be
	Setup     []SetupStep
	Missing   []string // what stands in the way of sending: "controller", "postal_address", "contact", "smtp", "from"
	Follow
}

// HoldNotice says why nothing is sent after a restore, and what may be sent
// twice (P22). Its button posts to /admin/release.
type HoldNotice struct {
	Reason                  string // of akkoord.HoldReason
	BackupAt                time.Time
	Mailings, Twice, System int
	CanRelease              bool
}

// Follow is how a page shows what is going on. It reloads itself only for who
// asked for that with ?live=1, and offers to stop (WCAG 2.2.1).
type Follow struct {
	Going   bool // something is going on that can be followed
	Refresh int  // seconds until the page reloads; 0 for never
}

// CampaignCard is a campaign and its mailings, newest first.
type CampaignCard struct {
	Slug, Name, Purpose string
	URL                 string
	Mailings            []MailingRow
}

// MailingRow is a mailing with its progress.
type MailingRow struct {
	ID, URL, Subject string
	State            string // "draft", "scheduled", "sending", "paused", "sent", "cancelled"
	At               time.Time
	Progress         Progress
}

// Progress counts the people of a mailing, each in one of the states.
type Progress struct {
	Total, Open, Sent, Deferred, Bounced, Failed, Uncertain, Skipped int
	Rate                                                             float64 // mails a second, just now; 0 when not known
	Held                                                             bool    // most wait for the winner of a test: the rate says nothing of them
}

// Done is the share that is finished, in percent from 0 to 100; 100 only when all is.
func (p Progress) Done() int {
	if p.Total <= 0 {
		return 0
	}
	return (p.Total - p.Open - p.Deferred) * 100 / p.Total
}

// Left estimates the time until the open ones are sent; 0 when not known.
func (p Progress) Left() time.Duration {
	if p.Rate <= 0 || p.Held {
		return 0
	}
	return time.Duration(float64(p.Open) / p.Rate * float64(time.Second))
}

// Part is one stretch of the progress bar, in thousandths of its width.
type Part struct {
	State       string
	From, Width int
	Count       int
}

// Parts cuts the bar into the states that have people in them, in order; the
// open ones are the empty rest.
func (p Progress) Parts() []Part {
	var parts []Part
	from := 0
	for _, part := range []Part{
		{State: "sent", Count: p.Sent}, {State: "deferred", Count: p.Deferred}, {State: "bounced", Count: p.Bounced},
		{State: "failed", Count: p.Failed}, {State: "uncertain", Count: p.Uncertain}, {State: "skipped", Count: p.Skipped},
	} {
		if part.Count <= 0 || p.Total <= 0 {
			continue
		}
		part.From, part.Width = from, max(part.Count*1000/p.Total, 2)
		from += part.Width
		parts = append(parts, part)
	}
	return parts
}

// MailingPage is GET /admin/mailings/{id}. Its buttons post to Action with
// act=send, pause, resume or cancel; the test mail posts act=test and email.
type MailingPage struct {
	Admin
	MailingRow
	Campaign, CampaignURL, Purpose, Segment string
	Edit                                    string // path of the editor; empty: not by this user, or no draft any more
	Action                                  string
	SendAgain                               string // path of the page that asks whether to send uncertain copies again; empty: not offered
	Uncertain                               string // the list of their people; empty: none, or not for this user
	Results                                 string // path of what became of it; empty: nothing of it was sent
	Preview, Look                           string // paths of the HTML part, shown in a sandboxed frame, and of the page of all previews
	CanSend, CanPause,
	CanResume, CanCancel, CanTest bool
	Later, Late                    bool         // its time to send is to come, or of a draft has passed
	Asks                           bool         // a draft that somebody of another role has to send
	Blockers                       []Blocker    // why it can't be sent
	Stop                           akkoord.Stop // why it was stopped, where nobody did that
	Checked                        bool         // it can still be sent, and Findings are what is to be said before
	Findings                       []FindingRow
	Links                          *LinkReport // nil: they were not asked
	Ticks                          []Tick      // of a draft: "when", "to", "from", "subject" and "content"
	TestTo                         string
	TestVariants, TestLocales      []string // to choose from for a test, the main language first; empty: there is nothing to choose
	Filter                         string   // the state that deliveries are limited to; empty for all
	Reason                         string   // the gate's code that skipped ones are limited to; empty for all
	Class                          string   // of refusals that the list is limited to; empty for all
	Leavings                       []LeavingGroup
	Warnings                       []ReportWarning
	AudienceTotal, AudienceAllowed int // people whom the gate was asked about, and whom it lets through
	AudienceStep                   int // numbers of the audience are rounded down to multiples of it; 0: they are exact
	LeftOut                        []LeftOutRow
	Deliveries                     []DeliveryRow
	Next                           string // path of the next page of deliveries
	Plan                           PlanFacts
	Trial                          *TrialFacts  // nil: there is none
	Trigger                        *TriggerLine // nil: it is none of a series
	Series                         SeriesFacts
	Public                         *ArchivePlace // nil: it can't stand in a public archive
	Follow
}

// AgainPage is GET /admin/mailings/{id}/send-again: it asks once more before the
// uncertain copies of a mailing are sent again. Its button posts count and last to
// Action.
type AgainPage struct {
	Admin
	Subject, Back, Action string
	State                 string // of the mailing
	Count                 int
	Last                  int64  // when the last of them became so, in microseconds
	People                string // the list of them; empty: not for this user
}

func (AgainPage) file() string { return "admin/send-again.html" }

// FindingRow is one thing that a mailing is told before it is sent.
type FindingRow struct {
	Code, Severity, Variant, Detail string
	Language                        string // of a translation
	URL                             string // path of the editor of that translation; empty: none, or not for this user
	Number                          int
}

// LinkReport is what became of asking the pages that a mailing leads to: how many
// answer, and which don't.
type LinkReport struct {
	Fine   int
	Faults []LinkFault
}

// LinkFault is a page that does not answer. Status is of HTTP; 0: there was none.
type LinkFault struct {
	URL, Code string
	Status    int
}

// LeftOutRow counts those whom the gate leaves out of a mailing for one reason.
type LeftOutRow struct {
	Code           string
	Count, Skipped int    // before sending began, and when it was their turn
	URL            string // the list of them; empty for who may not see people
	SkippedURL     string
}

// LeftOutPage is GET /admin/mailings/{id}/left-out: whom the gate leaves out for
// one reason.
type LeftOutPage struct {
	Admin
	Subject, Back string // of the mailing
	Code          string
	Started       bool // the mailing was sent or is being sent
	People        []PersonRow
	Next          string
}

func (LeftOutPage) file() string { return "admin/left-out.html" }

// LeavingGroup counts those who left by a mailing's links, seen one way: by
// scope (how much), place (how) or reason (why, of those who said so).
type LeavingGroup struct {
	By   string // scope, place or reason
	Rows []LeavingRow
}

// LeavingRow is one line of a LeavingGroup.
type LeavingRow struct {
	Key   string
	Count int
}

// Blocker is one reason why something can't be done.
type Blocker struct{ Code, Text string }

// Exact says in English which field a text has that there is none of, where, and which
// there are: its sentence in the reader's language is of all such texts.
func (b Blocker) Exact() string {
	if b.Code != "unknown_field" && b.Code != "template_invalid" {
		return ""
	}
	return b.Text
}

// Why lists the blockers, each code once.
func (p MailingPage) Why() []Blocker {
	var once []Blocker
	for _, b := range p.Blockers {
		if !slices.ContainsFunc(once, func(o Blocker) bool { return o.Code == b.Code }) {
			once = append(once, b)
		}
	}
	return once
}

// StopKind tells which texts say why the mailing stopped: those of its schedule, of its
// purpose's archive, of reports, of a stop by itself, of a reason why nothing can be sent,
// or, of one that was stored before there were codes, the sentence as it is.
func (p MailingPage) StopKind() string {
	switch p.Stop.Code {
	case "":
		return "sentence"
	case akkoord.StopArchived:
		return "archive"
	case akkoord.StopMissed, akkoord.StopSkipped:
		return "schedule"
	case akkoord.StopRestored, akkoord.StopRefusal, akkoord.StopFaulty, akkoord.StopSeriesLate:
		return "itself"
	}
	if p.Stop.Of > 0 {
		return "reports"
	}
	return "reason"
}

// States are the delivery states that one can filter by.
func (MailingPage) States() []string {
	return []string{"open", "sent", "deferred", "bounced", "failed", "uncertain", "skipped"}
}

// DeliveryRow is one person and this mailing.
type DeliveryRow struct {
	Person   string // path of the person's page; empty when erased
	Address  string // masked
	Name     string // empty when not known
	State    string
	Reason   string // code of the gate for a skip
	Reply    string // what the SMTP server said
	Attempts int
	At       time.Time
}

// PeoplePage is GET /admin/people.
type PeoplePage struct {
	Admin
	Query    string // the exact address searched for
	Searched bool
	People   []PersonRow
	Total    int
	Filter   PeopleFilter
	Next     string // path of the next page
	Bulk     string // where something is done to all these people; empty: not by this user, or to nobody
}

// PeopleFilter is the form by which the list of people is narrowed: what was
// chosen, and what there is to choose.
type PeopleFilter struct {
	Purpose, State, Interest, Locale, Source, Act, From, To string

	Purposes                                  []Option
	States, Interests, Locales, Sources, Acts []string

	Filtered bool
	Errors   FieldErrors
}

// Open reports whether the form shows at once.
func (f PeopleFilter) Open() bool { return f.Filtered || len(f.Errors) > 0 }

// PersonRow is a person in the list.
type PersonRow struct {
	URL, Address, Name, Locale string
	Consents                   []ConsentBadge
	Since                      time.Time
}

// ConsentBadge is where a person stands with a purpose.
type ConsentBadge struct {
	Purpose string
	State   string // "pending", "active", "withdrawn", "expired", "held"
}

// PersonPage is GET /admin/people/{id}. Looking at it leaves an audit line.
type PersonPage struct {
	Admin
	ID, Address, Name, Locale string
	Interests                 []string
	Attributes                []Option   // by slug
	Grants                    []GrantRow // by which the person is opened
	Edit                      string     // page of the form of their data; empty: not by this user
	Acts                      []PersonLink
	Consents                  []PersonConsent
	Mails                     []PersonMail // newest mailing first
	Older                     bool         // these are not the newest
	NextMails                 string
	Events                    []EventRow // oldest first
	Take                      string     // where it is posted what is taken away, with what and reason
	SetBasis                  string     // where a basis by hand is posted; empty: not by this user
	Purposes                  []Option   // that a basis can be for
	Stops                     []string   // kinds of suppression in force: no mail goes out, whatever the consents say
	PausedUntil               time.Time  // zero: no pause
}

// Stopped reports that no mail goes to the person now, although a consent may be active.
func (p PersonPage) Stopped() bool { return len(p.Stops) > 0 || !p.PausedUntil.IsZero() }

// ReportWarning is a share of a mailing's reports that is more than it should be.
type ReportWarning struct {
	Code         string // complaints, bounces or policy_bounces
	Number, Of   int
	PauseAt, Per int // share at which the mailing pauses by itself
}

// Option is one choice of a list.
type Option struct{ Value, Name string }

// PersonConsent is a person's standing for one purpose.
type PersonConsent struct {
	Purpose, State, Basis string
	Wording               string // as seen by the person
	Version               int
	Since                 time.Time
	Learning              bool // interests may be learned from their clicks
	Learned               []LearnedTopic
}

// EventRow is one act in the ledger.
type EventRow struct {
	Seq                              int64
	At                               time.Time
	Kind                             string // requested, confirmed, withdrawn, …
	Purpose, Campaign, Source, Actor string
	Version                          int    // of the wording; 0 for none
	ToldIn                           string // zone that the place of the act tells times in; empty: not on record
	Clock                            string // the person's own, like +01:00, where the act said it
}

// Mark is the look of the event in the timeline.
func (e EventRow) Mark() string {
	switch e.Kind {
	case "confirmed", "renewed", "reinstated", "campaign_rejoined", "imported":
		return "ok"
	case "withdrawn", "refused", "campaign_left", "objected", "expired", "erased", "suppressed":
		return "bad"
	}
	return ""
}

// PurposesPage is GET /admin/purposes.
type PurposesPage struct {
	Admin
	Purposes []PurposeCard
	Archived bool   // those that are
	Others   int    // of the other list
	New      string // path of the form of a new one; empty: not by this user
}

// PurposeCard is a purpose with its wording in each language.
type PurposeCard struct {
	Slug, Name, Basis string
	URL               string
	Version           int
	Wordings          []Wording
	Active, Pending   int
	Archived          bool
	Forms             []FormLink

	ActiveURL, PendingURL string // where these are listed; empty: not for this user

	Policy  string     // path of the page about its retention
	Ask     string     // where a re-permission round is posted; empty: not by this user
	Askable int        // people whom a round would ask now
	Asking  bool       // a round is open
	Rounds  []RoundRow // newest first
}

// RoundRow is a re-permission round with its figures.
type RoundRow struct {
	State                                      string
	Version                                    int // of the words that it asks about
	Asked, Confirmed, Left, NoAnswer, Reminded int
	RemindAfter                                int // days; 0: nobody is reminded
	At, EndedAt                                time.Time
}

// GatePage is GET /admin/gate: whether one person may be mailed for a purpose,
// or a mailing, now or at a past time.
type GatePage struct {
	Admin
	Email, About, At      string // as they were asked; About is a purpose's slug or a mailing's id
	Purposes, Mailings    []Option
	Answered, Allowed     bool
	Purpose, Code, Reason string
	Person                string // path of the person's page; empty when nobody is on record
}

// Wording is the text that people agree to, in one language.
type Wording struct{ Locale, Text string }

func (LoginPage) file() string     { return "admin/login.html" }
func (DashboardPage) file() string { return "admin/dashboard.html" }
func (MailingPage) file() string   { return "admin/mailing.html" }
func (PeoplePage) file() string    { return "admin/people.html" }
func (GatePage) file() string      { return "admin/gate.html" }
func (PersonPage) file() string    { return "admin/person.html" }
func (PurposesPage) file() string  { return "admin/purposes.html" }
