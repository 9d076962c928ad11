package server

import (
	"context"
	"time"

	"akkoord"
)

// Consents records and reads what people agreed to.
type Consents interface {
	SignUp(context.Context, akkoord.SignUp) error
	Asked(context.Context, akkoord.Link) (akkoord.Asked, error)
	Confirm(context.Context, akkoord.Link, akkoord.Origin) (akkoord.Asked, error)
	ConfirmUncounted(context.Context, akkoord.Link, akkoord.Origin) (akkoord.Asked, error)
	Resend(context.Context, akkoord.Link) error
	Keeper
	Clicks
	NotMe(context.Context, akkoord.Link, akkoord.Origin) error
	Leaver
	PersonRights
	Chooser
	Learner
	Standing(context.Context, akkoord.ID) (akkoord.Standing, error)
	EventsOf(context.Context, akkoord.ID) ([]akkoord.Event, error)
	Profiles
}

// Domains says which mail domains take mail.
type Domains interface {
	// TakesMail reports whether mail to a domain can arrive. Where name servers don't
	// tell, it can.
	TakesMail(ctx context.Context, domain string) bool
}

// Profiles reads and changes what is known of people beyond their consent.
type Profiles interface {
	SetProfile(context.Context, akkoord.ID, akkoord.Profile, akkoord.Origin) error
	AttributesOf(ctx context.Context, subscriberID int64) (map[string]string, error)
}

// PersonRights are what people may ask for by their preferences page: a copy of
// all that is stored of them (M20), and its end (M19).
type PersonRights interface {
	ExportPerson(ctx context.Context, actor akkoord.Actor, person akkoord.ID, reason string) (akkoord.PersonRecord, error)
	Erase(ctx context.Context, person akkoord.ID, reason string, o akkoord.Origin) (akkoord.Erasure, error)
}

// Chooser records what people decide for themselves by their own page.
type Chooser interface {
	AskOwnData(ctx context.Context, e akkoord.Email, wish, page string) error
	AskAddress(ctx context.Context, person akkoord.ID, to akkoord.Email, reason string, o akkoord.Origin) error
	AddressChange(context.Context, akkoord.Link) (akkoord.AddressChange, error)
	ChangeAddress(context.Context, akkoord.Link, akkoord.Origin) (akkoord.AddressChange, error)
	AddressSince(ctx context.Context, person akkoord.ID) (time.Time, error)
	Pause(ctx context.Context, person akkoord.ID, months int, o akkoord.Origin) error
	Resume(ctx context.Context, person akkoord.ID, o akkoord.Origin) error
	Track(ctx context.Context, person akkoord.ID, purposeID int64, yes bool, o akkoord.Origin) error
	MailsTo(ctx context.Context, subscriberID, before int64, limit int) ([]akkoord.SentMail, error)
}

// Keeper asks people whether they still want a purpose, and notes signs of
// life (M18).
type Keeper interface {
	Keepable(context.Context, akkoord.Link) (akkoord.Asked, error)
	Keep(context.Context, akkoord.Link, akkoord.Origin) (akkoord.Asked, error)
	NoteActivity(ctx context.Context, person akkoord.ID, purpose int64, signal akkoord.Signal) error
}

// Clicks finds where links of mails lead, and notes who followed them where they
// let that be counted (M16, M22).
type Clicks interface {
	LinkTarget(context.Context, akkoord.Link) (url string, err error)
	NoteClick(context.Context, akkoord.Link, akkoord.ClickBy) error
}

// Leaver records that people leave, and that they take it back.
type Leaver interface {
	Leave(context.Context, akkoord.Link, akkoord.Scope, akkoord.Origin) (akkoord.Left, error)
	LeavePurposes(context.Context, akkoord.Link, []int64, akkoord.Origin) error
	Undo(context.Context, akkoord.Link, akkoord.Origin) (bool, error)
	Explain(ctx context.Context, link akkoord.Link, reason, note string, o akkoord.Origin) error
}

// Catalog reads what can be agreed to, and what mails and pages show. Purposes
// and forms are read on every sign-up, so they must come from memory.
type Catalog interface {
	Form(ctx context.Context, slug string) (akkoord.Form, error)
	Forms(context.Context) ([]akkoord.Form, error)
	Purposes(context.Context) ([]akkoord.Purpose, error)
	Purpose(ctx context.Context, slug string) (akkoord.Purpose, error)
	PurposeByID(context.Context, int64) (akkoord.Purpose, error)
	Wording(ctx context.Context, purposeID int64, version int, locale string) (akkoord.PurposeText, error)
	Mailings
	BackIssues
	Statements
}

// Mailings reads what was mailed.
type Mailings interface {
	CampaignByID(context.Context, int64) (akkoord.Campaign, error)
	CampaignNames(ctx context.Context, ids []int64) (map[int64]string, error)
	MailingByID(context.Context, int64) (akkoord.Mailing, error)
	Image(context.Context, akkoord.ID) (akkoord.Image, error)
}

// BackIssues reads what everybody may read.
type BackIssues interface {
	IssueMarks(ctx context.Context, purposeID int64, limit int) ([]akkoord.IssueMark, error)
	BackIssues(ctx context.Context, purposeID int64, before akkoord.ID, limit int) (issues []akkoord.BackIssue, older bool, err error)
	BackIssue(ctx context.Context, purposeID int64, id akkoord.ID) (akkoord.BackIssue, error)
}

// Statements keeps the versions of the privacy statement (M5), and the register
// of parties that it names with the relays that they run, from memory (M28).
type Statements interface {
	Register(context.Context) ([]akkoord.Processor, error)
	Relays(context.Context) ([]akkoord.Relay, error)
	PrivacyStatement(context.Context, akkoord.PrivacyFacts) (version int, since time.Time, err error)
	PrivacyVersion(ctx context.Context, version int) (facts akkoord.PrivacyFacts, since time.Time, latest int, err error)
}

// WebView draws a mail as a web page: as the person got it, and as everybody may read
// it.
type WebView interface {
	Web(context.Context, akkoord.Mailing, akkoord.Standing) (html []byte, err error)
	BackIssue(ctx context.Context, i akkoord.BackIssue, p akkoord.Purpose, locale, signUp string) (akkoord.BackIssuePage, error)
}
