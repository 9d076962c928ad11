package api

import (
	"context"
	"time"

	"akkoord"
	"akkoord/server/picture"
	"akkoord/server/relays"
	"akkoord/server/sight"
)

// Store is all that the API asks of the database.
type Store interface {
	sight.Store
	Keys
	Users
	Idempotency
	Processors
	Webhooks
	relays.Store
	Purposes
	Rounds
	Attributes
	Rules
	Retaining
	Forms
	Growing
	People
	Persons
	Bases
	Histories
	Evidence
	Erasing
	Desk
	Notices
	Breaches
	Backing
	Checking
	Configured
	Organisations
	Grants
	Approvals
	Audiences
	Segments
	Campaigns
	Mailings
	Sending
	Deliveries
	Trail
	Jobs
	Imports
	BulkActs
	Contracts
	Leaving
	Reporting
	Suppressing
	Slugs
	picture.Branding
	Pictures
}

// Purposes keeps the purposes.
type Purposes interface {
	PutPurpose(ctx context.Context, actor akkoord.Actor, p akkoord.Purpose) (akkoord.Purpose, error)
	Purposes(ctx context.Context) ([]akkoord.Purpose, error)
	Purpose(ctx context.Context, slug string) (akkoord.Purpose, error)
	PurposeByID(ctx context.Context, id int64) (akkoord.Purpose, error)
	PurposeAt(ctx context.Context, purposeID int64, at time.Time) (akkoord.Purpose, error)
	ArchivePurpose(ctx context.Context, actor akkoord.Actor, slug string) (akkoord.Purpose, error)
	RestorePurpose(ctx context.Context, actor akkoord.Actor, slug string) (akkoord.Purpose, error)
	ForecastArchive(ctx context.Context, p akkoord.Purpose) (akkoord.ArchiveForecast, error)
	SetPublicArchive(ctx context.Context, actor akkoord.Actor, slug string, on bool) (akkoord.Purpose, error)
	// EditPurpose changes a purpose from what it is at that moment; edit may
	// be called more than once.
	EditPurpose(ctx context.Context, actor akkoord.Actor, slug string, edit func(*akkoord.Purpose) error) (akkoord.Purpose, error)
}

// Retaining stops and starts what purposes do about people who gave no sign of
// life, and tells what it will do.
type Retaining interface {
	StopRetention(ctx context.Context, actor akkoord.Actor, slug string) error
	StartRetention(ctx context.Context, actor akkoord.Actor, slug string) error
	ForecastRetention(ctx context.Context, p akkoord.Purpose) ([]akkoord.RetentionDay, error)
	RetentionPeople(ctx context.Context, of akkoord.Purpose, on time.Time, p akkoord.Page) (people []akkoord.RetentionPerson, next int64, err error)
}

// Forms keeps the forms.
type Forms interface {
	PutForm(ctx context.Context, actor akkoord.Actor, f akkoord.Form) (akkoord.Form, error)
	// EditForm makes a new version of a form from its present one; edit may be
	// called more than once.
	EditForm(ctx context.Context, actor akkoord.Actor, slug string, edit func(*akkoord.FormVersion) error) (akkoord.Form, error)
	Forms(ctx context.Context) ([]akkoord.Form, error)
	Form(ctx context.Context, slug string) (akkoord.Form, error)
}

// People finds and changes people. A person who is not there is a zero
// Subscriber.
type People interface {
	People(ctx context.Context, f akkoord.PeopleFilter, p akkoord.Page) (people []akkoord.Standing, next int64, err error)
	Standing(ctx context.Context, id akkoord.ID) (akkoord.Standing, error)
	StandingByEmail(ctx context.Context, e akkoord.Email) (akkoord.Standing, error)
	SetProfile(ctx context.Context, id akkoord.ID, p akkoord.Profile, o akkoord.Origin) error
}

// Histories reads what is on record about one person.
type Histories interface {
	Events(ctx context.Context, subscriberID int64) ([]akkoord.Event, error)
	ExportPerson(ctx context.Context, actor akkoord.Actor, id akkoord.ID, reason string) (akkoord.PersonRecord, error)
}

// Slugs gives names for internal numbers.
type Slugs interface {
	PurposeSlugs(ctx context.Context, ids []int64) (map[int64]string, error)
	CampaignSlugs(ctx context.Context, ids []int64) (map[int64]string, error)
	// PublicNames gives names by public id for those like "user:3".
	PublicNames(ctx context.Context, names []string) (map[string]string, error)
}

// Campaigns keeps the campaigns.
type Campaigns interface {
	PutCampaign(ctx context.Context, actor akkoord.Actor, c akkoord.Campaign) (akkoord.Campaign, error)
	CampaignScheduled(ctx context.Context, campaignID int64) (bool, error)
	Campaigns(ctx context.Context, of akkoord.Archival, p akkoord.Page) (campaigns []akkoord.Campaign, next int64, err error)
	ArchiveCampaign(ctx context.Context, actor akkoord.Actor, slug string) (akkoord.Campaign, error)
	RestoreCampaign(ctx context.Context, actor akkoord.Actor, slug string) (akkoord.Campaign, error)
	Campaign(ctx context.Context, slug string) (akkoord.Campaign, error)
	CampaignByID(ctx context.Context, id int64) (akkoord.Campaign, error)
}

// Mailings keeps the mailings.
type Mailings interface {
	PutMailing(ctx context.Context, actor akkoord.Actor, m akkoord.Mailing) (akkoord.Mailing, error)
	Mailings(ctx context.Context, campaignID int64, p akkoord.Page) (mailings []akkoord.Mailing, next int64, err error)
	Mailing(ctx context.Context, id akkoord.ID) (akkoord.Mailing, error)
	ChooseArchive(ctx context.Context, actor akkoord.Actor, id akkoord.ID, choice akkoord.ArchiveChoice) (akkoord.Mailing, error)
}

// Sending moves mailings through their states.
type Sending interface {
	StartMailing(ctx context.Context, actor akkoord.Actor, id akkoord.ID) (akkoord.Mailing, error)
	ScheduleMailing(ctx context.Context, actor akkoord.Actor, id akkoord.ID, at time.Time) (akkoord.Mailing, error)
	PauseMailing(ctx context.Context, actor akkoord.Actor, id akkoord.ID) (akkoord.Mailing, error)
	ResumeMailing(ctx context.Context, actor akkoord.Actor, id akkoord.ID) (akkoord.Mailing, error)
	CancelMailing(ctx context.Context, actor akkoord.Actor, id akkoord.ID) (akkoord.Mailing, error)
	// SendAgain sends the uncertain copies once more, where they are those that somebody saw.
	SendAgain(ctx context.Context, actor akkoord.Actor, id akkoord.ID, seen akkoord.LostCopies) (akkoord.Mailing, error)
	// BeginTest notes that copies of a mailing are sent as a test, or refuses all of them.
	BeginTest(ctx context.Context, actor akkoord.Actor, mailing akkoord.ID, to akkoord.Email, copies []string) error
}

// Deliveries tells what became of mailings, and may become.
type Deliveries interface {
	Counts(ctx context.Context, mailingID int64) (akkoord.Counts, error)
	// TrialFigures gives what is known of each variant in a mailing's test, and how many of its people have no mail yet.
	TrialFigures(ctx context.Context, m akkoord.Mailing) (arms []akkoord.ArmFigures, open int, err error)
	// TrialCounts gives how many of a mailing's so many people count in its test.
	TrialCounts(ctx context.Context, m akkoord.Mailing, people int64) (int64, error)
	// TriggerFigures gives how many people a mailing of a series has before it.
	TriggerFigures(ctx context.Context, m akkoord.Mailing) (akkoord.TriggerFigures, error)
	// Course gives what is known of how a mailing goes on, of whom so many are left, at so many mails a second.
	Course(ctx context.Context, m akkoord.Mailing, left int64, rate float64) (akkoord.Course, error)
	// Speed gives what limits mailings of the settings' sender now.
	Speed(ctx context.Context) (akkoord.Speed, error)
	Leavings(ctx context.Context, mailingID int64) (akkoord.Leavings, error)
	Reports(ctx context.Context, mailingID int64) (akkoord.Reports, error)
	UnsubscribedBy(ctx context.Context, mailingID int64) (int64, error)
	LinkCounts(ctx context.Context, mailingID int64) ([]akkoord.LinkCount, error)
	Deliveries(ctx context.Context, mailingID int64, f akkoord.DeliveryFilter, p akkoord.Page) (deliveries []akkoord.Delivery, next int64, err error)
	Gate(ctx context.Context, e akkoord.Email, purposeSlug string, mailing *akkoord.ID) (akkoord.Verdict, error)
}

// Trail keeps who did what (M27), and the heads of the ledger.
type Trail interface {
	Audit(ctx context.Context, actor akkoord.Actor, action, object, note string) error
	SearchAudit(ctx context.Context, f akkoord.AuditFilter, p akkoord.Page) (entries []akkoord.AuditEntry, next int64, err error)
	SignHead(ctx context.Context) (akkoord.Head, error)
}

// Mail shows mailings and sends tests of them.
type Mail interface {
	relays.Mail
	// SenderOf gives who sends a mailing: what its purpose says, and the settings, s,
	// where that says nothing.
	SenderOf(ctx context.Context, m akkoord.Mailing, s akkoord.Sender) (akkoord.Sender, error)
	// Obstacles gives all that forbids sending a mailing, or nothing.
	Obstacles(ctx context.Context, m akkoord.Mailing, s akkoord.Sender) ([]akkoord.Reason, error)
	// Checks gives all that is to be said of a mailing before it is sent, stops first.
	Checks(ctx context.Context, m akkoord.Mailing, s akkoord.Sender) ([]akkoord.Finding, error)
	// Answers asks the pages that a mailing leads to whether they are there.
	Answers(ctx context.Context, m akkoord.Mailing) ([]akkoord.LinkAnswer, error)
	SendTest(ctx context.Context, m akkoord.Mailing, variant int, locale string, to akkoord.Email) error
	Preview(ctx context.Context, m akkoord.Mailing, variant int, locale string) (html, text []byte, subject string, err error)
	// CheckContract reports what is wrong with a template of transactional mail,
	// most of all what belongs to a campaign.
	CheckContract(spec akkoord.ContractSpec) error
	PreviewContract(spec akkoord.ContractSpec, locale string) (html, text []byte, subject string, err error)
}
