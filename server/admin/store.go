package admin

import (
	"context"
	"time"

	"akkoord"
	"akkoord/server/picture"
	"akkoord/server/relays"
	"akkoord/server/sight"
)

// Store is all that the site asks of the database.
type Store interface {
	sight.Store
	Users
	Credentials
	Passkeys
	Identities
	Logins
	Staff
	Programs
	Hooking
	Catalogue
	Wordings
	Archiving
	PublicArchives
	Forming
	People
	Persons
	Census
	Growing
	Mailings
	Drafting
	Pictures
	Segmenting
	Sending
	Deliveries
	Serial
	Slugs
	Holds
	Gate
	LeftOut
	Bases
	Forecasts
	Policies
	Rules
	Privacy
	Requests
	Register
	Breaches
	Backing
	Suppressing
	Imports
	BulkActs
	Grants
	Approvals
	Setups
	relays.Store
	picture.Branding
	// Audit leaves a line about a read of personal data (M27).
	Audit(ctx context.Context, actor akkoord.Actor, action, object, note string) error
}

// Users finds who has access.
type Users interface {
	User(ctx context.Context, id int64) (akkoord.User, error)
	// UseLoginToken ends a one-time token and gives its user, or Unauthorized.
	UseLoginToken(ctx context.Context, hash [32]byte) (akkoord.User, error)
}

// Holds tells what keeps from sending after a restore, and ends it.
type Holds interface {
	Hold(ctx context.Context) (akkoord.Hold, error)
	EndHold(ctx context.Context, actor akkoord.Actor) error
}

// Catalogue reads what there is.
type Catalogue interface {
	Purposes(ctx context.Context) ([]akkoord.Purpose, error)
	PurposeByID(ctx context.Context, id int64) (akkoord.Purpose, error)
	Wording(ctx context.Context, purposeID int64, version int, locale string) (akkoord.PurposeText, error)
	Forms(ctx context.Context) ([]akkoord.Form, error)
}

// People finds people. A person who is not there is a zero Subscriber.
type People interface {
	People(ctx context.Context, f akkoord.PeopleFilter, p akkoord.Page) (people []akkoord.Standing, next int64, err error)
	Standing(ctx context.Context, id akkoord.ID) (akkoord.Standing, error)
	StandingByEmail(ctx context.Context, e akkoord.Email) (akkoord.Standing, error)
	Events(ctx context.Context, subscriberID int64) ([]akkoord.Event, error)
	// Withdraw records that staff end a purpose, or everything where it is 0, for
	// somebody who asked them to.
	Withdraw(ctx context.Context, person akkoord.ID, purposeID int64, reason string, o akkoord.Origin) error
	ExportPerson(ctx context.Context, actor akkoord.Actor, id akkoord.ID, reason string) (akkoord.PersonRecord, error)
	EvidenceBundle(ctx context.Context, actor akkoord.Actor, id akkoord.ID, reason string, pages akkoord.BundlePages) ([]byte, error)
}

// Census counts people.
type Census interface {
	// PeopleCounts counts people who are active for a purpose, pending for
	// one, and who withdrew from one since a time.
	PeopleCounts(ctx context.Context, since time.Time) (active, pending, left int64, err error)
	// PurposeCounts counts subscriptions by purpose and state.
	PurposeCounts(ctx context.Context) (map[int64]map[akkoord.State]int64, error)
}

// Mailings reads campaigns and their mailings.
type Mailings interface {
	Campaigns(ctx context.Context, of akkoord.Archival, p akkoord.Page) (campaigns []akkoord.Campaign, next int64, err error)
	CampaignByID(ctx context.Context, id int64) (akkoord.Campaign, error)
	Mailings(ctx context.Context, campaignID int64, p akkoord.Page) (mailings []akkoord.Mailing, next int64, err error)
	Mailing(ctx context.Context, id akkoord.ID) (akkoord.Mailing, error)
}

// Sending moves mailings through their states.
type Sending interface {
	StartMailing(ctx context.Context, actor akkoord.Actor, id akkoord.ID) (akkoord.Mailing, error)
	ScheduleMailing(ctx context.Context, actor akkoord.Actor, id akkoord.ID, at time.Time) (akkoord.Mailing, error)
	PauseMailing(ctx context.Context, actor akkoord.Actor, id akkoord.ID) (akkoord.Mailing, error)
	ResumeMailing(ctx context.Context, actor akkoord.Actor, id akkoord.ID) (akkoord.Mailing, error)
	CancelMailing(ctx context.Context, actor akkoord.Actor, id akkoord.ID) (akkoord.Mailing, error)
	Uncertain(ctx context.Context, mailingID int64) (akkoord.LostCopies, error)
	// SendAgain sends the uncertain copies once more, where they are those that somebody saw.
	SendAgain(ctx context.Context, actor akkoord.Actor, id akkoord.ID, seen akkoord.LostCopies) (akkoord.Mailing, error)
	// BeginTest notes that copies of a mailing are sent as a test, or refuses all of them.
	BeginTest(ctx context.Context, actor akkoord.Actor, mailing akkoord.ID, to akkoord.Email, copies []string) error
}

// Deliveries tells what became of a mailing.
type Deliveries interface {
	// TrialFigures gives what is known of each variant in a mailing's test, and how many of its people have no mail yet.
	TrialFigures(ctx context.Context, m akkoord.Mailing) (arms []akkoord.ArmFigures, open int, err error)
	// TrialCounts gives how many of a mailing's so many people count in its test.
	TrialCounts(ctx context.Context, m akkoord.Mailing, people int64) (int64, error)
	// Course gives what is known of how a mailing goes on, of whom so many are left, at so many mails a second.
	Course(ctx context.Context, m akkoord.Mailing, left int64, rate float64) (akkoord.Course, error)
	// Speed gives what limits mailings of the settings' sender now.
	Speed(ctx context.Context) (akkoord.Speed, error)
	Reports(ctx context.Context, mailingID int64) (akkoord.Reports, error)
	Leavings(ctx context.Context, mailingID int64) (akkoord.Leavings, error)
	// Readers counts the people whom a mailing could reach by language.
	Readers(ctx context.Context, m akkoord.Mailing) (map[string]int64, error)
	Deliveries(ctx context.Context, mailingID int64, f akkoord.DeliveryFilter, p akkoord.Page) (deliveries []akkoord.Delivery, next int64, err error)
}

// Slugs gives names for internal numbers.
type Slugs interface {
	CampaignSlugs(ctx context.Context, ids []int64) (map[int64]string, error)
	// PublicNames gives names by public id for those like "user:3".
	PublicNames(ctx context.Context, names []string) (map[string]string, error)
	PersonNames(ctx context.Context, ids []int64) (map[int64]string, error)
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
	// PreviewFor shows a mailing as somebody would get it, with links that lead to nobody.
	PreviewFor(ctx context.Context, m akkoord.Mailing, variant int, r akkoord.MailReader) (html, text []byte, subject string, err error)
	// Try goes through a conversation with the relay, up to a mail to an address.
	Try(ctx context.Context, to akkoord.Email, locale string) []akkoord.RelayStep
	// PreviewConfirmation shows the mail that asks to confirm a sign-up, in the look of a brand.
	PreviewConfirmation(purposes []akkoord.Purpose, locale string, brand akkoord.Brand) (html []byte, err error)
}
