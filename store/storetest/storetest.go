// Package storetest is the contract of the store: what every database under
// it has to keep. A test of package store runs it once per database.
package storetest

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"akkoord"
	"akkoord/store"
)

// Open opens an empty store. The configuration holds all but the place of the
// database; the store is closed by whoever made it.
type Open func(t *testing.T, cfg store.Config) *store.Store

// Run checks a store against the contract.
func Run(t *testing.T, open Open) {
	for _, part := range []struct {
		name string
		run  func(*testing.T, Open)
	}{
		{"consent", testConsent},
		{"repeats", testRepeats},
		{"solved challenges", testSolvedChallenges},
		{"people", testPeople},
		{"people by filter", testPeopleFilter},
		{"ledger", testLedger},
		{"checks of the ledger", testLedgerChecks},
		{"heads outside", testHeadsOutside},
		{"evidence", testEvidence},
		{"mail copies", testMailCopies},
		{"ip policy", testIPPolicy},
		{"whole ip addresses", testWholeIP},
		{"catalogue", testCatalogue},
		{"mailings", testMailings},
		{"archive in mid-send", testArchive},
		{"public archive", testPublicArchive},
		{"archive and beginnings", testNothingBegins},
		{"archive of a campaign", testArchivedCampaign},
		{"translations", testTranslations},
		{"access", testAccess},
		{"credentials", testCredentials},
		{"passkeys", testPasskeys},
		{"single sign-on", testSignOn},
		{"sessions of users", testUserSessions},
		{"setup", testSetup},
		{"organisation", testOrganisation},
		{"catching", testCatching},
		{"brand", testBrand},
		{"newest sign-up", testNewestSignUp},
		{"users", testUsers},
		{"keys of programs", testKeys},
		{"records", testRecords},
		{"retention", testRetention},
		{"reactivation", testReactivation},
		{"activity", testActivity},
		{"forecast", testForecast},
		{"unconfirmed", testUnconfirmed},
		{"outlived", testOutlived},
		{"jobs", testJobs},
		{"jobs of mailings", testMailingJobs},
		{"stats", testStats},
		{"growth", testGrowth},
		{"results", testResults},
		{"together", testTogether},
		{"random acts", testRandomActs},
		{"import", testImport},
		{"erase", testErase},
		{"gone", testGone},
		{"audience", testAudience},
		{"processors", testProcessors},
		{"source of an import", testImportSource},
		{"webhooks", testWebhooks},
		{"webhooks and people who are gone", testWebhooksOfTheGone},
		{"webhooks and agreements", testWebhookAgreement},
		{"webhooks that fail", testWebhookFailures},
		{"webhooks refused", testWebhookRefusals},
		{"webhooks and the forgotten", testWebhooksOfTheForgotten},
		{"webhooks and their terms", testWebhookTerms},
		{"DKIM keys", testDomainKeys},
		{"senders", testSenders},
		{"relays", testRelays},
		{"routes", testRoutes},
		{"uncertain routes", testUncertainRoutes},
		{"choices", testChoices},
		{"address", testAddress},
		{"person's page", testPersonsPage},
		{"own data", testOwnData},
		{"basis", testBasis},
		{"transactional", testContracts},
		{"round", testRound},
		{"attributes of forms", testFormAttributes},
		{"box about clicks", testTrackingBox},
		{"rules", testRules},
		{"rules and P15", testRulesP15},
		{"desk", testDesk},
		{"grants", testGrants},
		{"break glass", testBreakGlass},
		{"two persons", testTwoPersons},
		{"bulk acts", testBulkActs},
		{"clicks", testClicks},
		{"learned interests", testLearned},
		{"learned interests and the rule", testLearnedModel},
		{"segments", testSegments},
		{"an archived segment", testSegmentArchive},
		{"edits of a segment", testSegmentEdits},
		{"segments and the rule", testSegmentModel},
		{"segments while somebody edits", testSegmentCounts},
		{"reports", testReports},
		{"sent again", testSentAgain},
		{"caps", testCaps},
		{"warm-up", testWarmup},
		{"hours", testHours},
		{"times of people", testTimesOfPeople},
		{"missed times", testMissedTimes},
		{"trial", testTrial},
		{"times of variants", testTrialTimes},
		{"series", testSeries},
		{"series and the gate", testSeriesGate},
		{"series edits", testSeriesEdits},
		{"series edit passes nobody by", testSeriesEditPassesNobodyBy},
		{"series refusals", testSeriesRefusals},
		{"series occasions", testSeriesOccasions},
		{"series and the clock", testSeriesClock},
		{"series after a rest", testSeriesRest},
		{"series of a crowd", testSeriesCrowd},
		{"a series of every year", testSeriesYearly},
		{"a series of every year around new year", testSeriesYearlyZones},
		{"P22 a series after a restore", testSeriesRestored},
	} {
		t.Run(part.name, func(t *testing.T) {
			t.Parallel() // they wait for the disk, each on a database of its own
			part.run(t, open)
		})
	}
}

// Start is the time at which every test begins.
var Start = time.Date(2027, 1, 15, 9, 30, 0, 0, time.UTC)

// Clock is the time of a store under test. It stands still until it is moved.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now reads the clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Move moves the clock.
func (c *Clock) Move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Config gives a configuration with new secrets and a clock that stands at
// Start.
func Config(t testing.TB) (store.Config, *Clock) {
	t.Helper()
	clock := &Clock{now: Start}
	keys, err := akkoord.NewKeyring(Start, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return store.Config{Keyring: keys, Now: clock.Now, Random: rand.Reader, Log: slog.New(slog.DiscardHandler)}, clock
}

// Agency is a store that holds two purposes, a form, a campaign and a draft.
type Agency struct {
	*store.Store
	Clock     *Clock
	News, Ski akkoord.Purpose
	Form      akkoord.Form
	Campaign  akkoord.Campaign
	Mailing   akkoord.Mailing
}

// Admin is who sets an Agency up.
const Admin = akkoord.Actor("user:1")

func newAgency(t *testing.T, open Open) *Agency {
	t.Helper()
	cfg, clock := Config(t)
	return NewAgency(t, open(t, cfg), clock)
}

// NewAgency fills an empty store.
func NewAgency(t testing.TB, s *store.Store, clock *Clock) *Agency {
	t.Helper()
	ctx := t.Context()
	a := &Agency{Store: s, Clock: clock}
	a.News = must(s.PutPurpose(ctx, Admin, Purpose("travel-news")))(t)
	a.Ski = must(s.PutPurpose(ctx, Admin, Purpose("ski-offers")))(t)
	a.Form = must(s.PutForm(ctx, Admin, Form("home", "travel-news", "ski-offers")))(t)
	a.Campaign = must(s.PutCampaign(ctx, Admin, akkoord.Campaign{Slug: "winter", Name: "Winter 2027", PurposeID: a.News.ID}))(t)
	a.Mailing = must(s.PutMailing(ctx, Admin, akkoord.Mailing{CampaignID: a.Campaign.ID, Content: akkoord.Content{Subject: "Sneeuw", Markdown: "Hallo"}}))(t)
	return a
}

// Purpose gives a purpose about to be stored.
func Purpose(slug string) akkoord.Purpose {
	return akkoord.Purpose{Slug: slug, Basis: akkoord.BasisConsent, InactiveAfter: 365, Texts: map[string]akkoord.PurposeText{
		"nl": {Name: "Nieuws", Explanation: "Waarvoor wij uw adres gebruiken.", Wording: "Ja, stuur mij " + slug + "."},
		"en": {Name: "News", Explanation: "What we use your address for.", Wording: "Yes, send me " + slug + "."},
	}}
}

// Form gives a form about to be stored.
func Form(slug string, purposes ...string) akkoord.Form {
	return akkoord.Form{Slug: slug, Version: akkoord.FormVersion{Purposes: purposes, Interests: []string{"wintersport", "strand"}, Challenge: "none"}}
}

// must gives the value of a call that may not fail.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func email(t testing.TB, address string) akkoord.Email {
	t.Helper()
	return must(akkoord.ParseEmail(address))(t)
}

// signUp gives the submission of the agency's form by an address.
func (a *Agency) signUp(e akkoord.Email, purposes ...akkoord.Purpose) akkoord.SignUp {
	return akkoord.SignUp{
		Email: e, Name: "Anouk", Locale: "nl", Purposes: purposes, Interests: []string{"wintersport"},
		Origin: akkoord.Origin{
			Source: "form:home", Actor: akkoord.ActorPerson, Privacy: 1, FormID: a.Form.Version.ID, Locale: "nl",
			Evidence: akkoord.Evidence{IP: "192.0.2.0/24", UserAgent: "test"},
		},
	}
}

// active makes a person who confirmed the purposes.
func (a *Agency) active(t testing.TB, address string, purposes ...akkoord.Purpose) akkoord.Standing {
	t.Helper()
	e := email(t, address)
	if err := a.SignUp(t.Context(), a.signUp(e, purposes...)); err != nil {
		t.Fatal(err)
	}
	st := must(a.StandingByEmail(t.Context(), e))(t)
	link := akkoord.Link{Subscriber: st.Subscriber.PublicID, Request: st.Subscription(purposes[0].ID).Request}
	if asked := must(a.Confirm(t.Context(), link, byLink))(t); asked.Answer != akkoord.AnswerConfirmed {
		t.Fatalf("confirming gave %q", asked.Answer)
	}
	return must(a.StandingByEmail(t.Context(), e))(t)
}

// byLink is the origin of an act by the link of a mail.
var byLink = akkoord.Origin{Source: "link", Actor: akkoord.ActorPerson}

// lines gives a person's ledger as "kind purpose" lines.
func (a *Agency) lines(t testing.TB, subscriberID int64) []string {
	t.Helper()
	names := map[int64]string{0: "", a.News.ID: " news", a.Ski.ID: " ski"}
	var out []string
	for _, e := range must(a.Events(t.Context(), subscriberID))(t) {
		line := string(e.Kind) + names[e.PurposeID]
		if e.CampaignID != 0 {
			line += fmt.Sprintf(" campaign %d", e.CampaignID)
		}
		out = append(out, line)
	}
	return out
}

// signalled reports whether the outbox was announced since the last look.
func signalled(s *store.Store) bool {
	select {
	case <-s.OutboxReady():
		return true
	default:
		return false
	}
}
