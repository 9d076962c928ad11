package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"akkoord"
)

// withRules makes the attributes of a shop and three rules: a customer may be
// mailed, two years after the sale no more, and who booked has a contract.
func (a *Agency) withRules(t testing.TB) {
	t.Helper()
	ctx := t.Context()
	for slug, kind := range map[string]akkoord.AttributeType{"customer": akkoord.AttributeFlag, "bought-on": akkoord.AttributeDate, "invoice": akkoord.AttributeText} {
		must(a.AddAttribute(ctx, Admin, akkoord.Attribute{Slug: slug, Type: kind}, "travel-news"))(t)
	}
	yes := "true"
	for _, r := range []akkoord.Rule{
		{Slug: "customers", When: akkoord.Trigger{Attribute: "customer", Equals: &yes}, Reason: "They bought a journey.",
			Then: akkoord.Action{Do: akkoord.RuleSetBasis, Basis: akkoord.BasisExistingCustomer, SoldOn: "bought-on", Sale: "invoice", Similar: true, RefusalOffered: true}},
		{Slug: "former", When: akkoord.Trigger{Attribute: "bought-on", Months: 24}, Reason: "The last journey is two years ago.", Then: akkoord.Action{Do: akkoord.RuleEndBasis}},
		{Slug: "booked", When: akkoord.Trigger{Form: "booking"}, Reason: "They booked.", Then: akkoord.Action{Do: akkoord.RuleSetBasis, Basis: akkoord.BasisContract, Text: "the booking"}},
	} {
		r.Then.Purpose, r.Enabled = "travel-news", true
		if r.When.Form != "" {
			must(a.PutForm(ctx, Admin, Form("booking", "ski-offers")))(t)
		}
		must(a.PutRule(ctx, Admin, r))(t)
	}
}

// sale are the attributes of somebody who bought something on a day.
func sale(day string) map[string]*string {
	yes, invoice := "yes", "F-"+day
	return map[string]*string{"customer": &yes, "bought-on": &day, "invoice": &invoice}
}

// testRules: a rule changes bases in the change that sets it off, by import as
// by API, and on the day that a date calls for; its act is in the ledger (M7).
func testRules(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	a.withRules(t)
	read := must(a.Rule(ctx, "customers"))(t)
	a.Clock.Move(time.Second)
	must(a.PutRule(ctx, Admin, read))(t)
	if _, err := a.PutRule(ctx, Admin, read); akkoord.CodeOf(err) != "rule_changed" {
		t.Errorf("L11: the second of two edits of the same reading: %v", err)
	}
	st := a.active(t, "klant@voorbeeld.example", a.Ski)
	id := st.Subscriber.PublicID
	by := akkoord.Origin{Source: "api", Actor: "key:1"}
	noFault(t, a.SetProfile(ctx, id, akkoord.Profile{Attributes: sale("2026-12-30")}, by))
	sub := a.standing(t, "klant@voorbeeld.example").Subscription(a.News.ID)
	if sub.State != akkoord.Active || sub.Basis != akkoord.BasisExistingCustomer || sub.Ground.Sale != "F-2026-12-30" {
		t.Fatalf("%+v", sub)
	}
	if v := must(a.Gate(ctx, st.Subscriber.Email, "travel-news", nil))(t); !v.Allowed {
		t.Errorf("%+v", v)
	}
	bad := "31-12-2026"
	if err := a.SetProfile(ctx, id, akkoord.Profile{Attributes: map[string]*string{"invoice": &bad, "bought-on": &bad}}, by); akkoord.CodeOf(err) != "attribute_value" {
		t.Errorf("a day that is none: %v", err)
	}
	if err := a.SetProfile(ctx, id, akkoord.Profile{Attributes: map[string]*string{"shoe-size": &bad}}, by); akkoord.CodeOf(err) != "attribute_unknown" {
		t.Errorf("no such attribute: %v", err)
	}
	if got := must(a.AttributesOf(ctx, st.Subscriber.ID))(t); got["invoice"] != "F-2026-12-30" || got["customer"] != "true" {
		t.Errorf("after what was refused: %v", got)
	}
	// An import sets attributes too, and a value that is none refuses its row.
	i := a.imported(t, akkoord.ImportSpec{Actor: Admin, Purpose: "ski-offers", Basis: akkoord.BasisContract, Evidence: "bookings"},
		"email,attribute:customer,attribute:bought-on,attribute:invoice\nnieuw@voorbeeld.example,yes,2027-01-02,F-1\nfout@voorbeeld.example,yes,gisteren,F-2\n")
	if i.Tally.Outcomes[akkoord.ImportAdded] != 1 || i.Tally.Reasons["attribute_value"] != 1 {
		t.Errorf("%+v", i.Tally)
	}
	if got := a.lines(t, a.standing(t, "nieuw@voorbeeld.example").Subscriber.ID); !slices.Equal(got, []string{"imported ski", "basis_changed news"}) {
		t.Errorf("%q", got)
	}
	// Booking counts once the mail is confirmed: a stranger's address gains nothing.
	booking := must(a.Store.Form(ctx, "booking"))(t)
	v := &visitor{Agency: a, email: email(t, "boeker@voorbeeld.example")}
	in := a.signUp(v.email, a.Ski)
	in.Origin.FormID, in.Origin.Source = booking.Version.ID, "form:booking"
	noFault(t, a.SignUp(ctx, in))
	booker := a.standing(t, "boeker@voorbeeld.example")
	if len(booker.Subscriptions) != 1 {
		t.Errorf("before confirming: %+v", booker.Subscriptions)
	}
	must(a.Confirm(ctx, akkoord.Link{Subscriber: booker.Subscriber.PublicID, Request: booker.Subscription(a.Ski.ID).Request}, byLink))(t)
	if sub := a.standing(t, "boeker@voorbeeld.example").Subscription(a.News.ID); sub.Basis != akkoord.BasisContract {
		t.Errorf("after confirming: %+v", sub)
	}
	// Two years on the customers' basis ends, by preview and by the job, once.
	preview := must(a.PreviewRule(ctx, "former"))(t)
	if preview.LookedAt != 0 || !preview.Complete {
		t.Errorf("today: %+v", preview)
	}
	a.Clock.Move(2 * 365 * 24 * time.Hour)
	if preview := must(a.PreviewRule(ctx, "former"))(t); preview.WouldChange != 2 {
		t.Errorf("in two years: %+v", preview)
	}
	for range 2 {
		must(a.RunRules(ctx, akkoord.Job{}))(t)
	}
	if got := a.lines(t, st.Subscriber.ID); !slices.Equal(got, []string{"requested ski", "confirmed ski", "basis_changed news", "expired news"}) {
		t.Errorf("%q", got)
	}
	events := must(a.Events(ctx, st.Subscriber.ID))(t)
	if e := events[3]; e.Actor != "rule:former" || e.Source != "rule" || e.Evidence.Note != "The last journey is two years ago." {
		t.Errorf("%+v", e)
	}
	// A new sale is a new ground; whoever objects in between stays away.
	noFault(t, a.SetProfile(ctx, id, akkoord.Profile{Attributes: sale("2028-12-01")}, by))
	noFault(t, a.SetProfile(ctx, id, akkoord.Profile{Attributes: map[string]*string{"customer": nil}}, by))
	noFault(t, a.SetProfile(ctx, id, akkoord.Profile{Attributes: sale("2028-12-01")}, by))
	if v := must(a.Gate(ctx, st.Subscriber.Email, "travel-news", nil))(t); !v.Allowed {
		t.Errorf("after a new sale: %+v", v)
	}
	new := a.standing(t, "nieuw@voorbeeld.example")
	must(a.Leave(ctx, akkoord.Link{Subscriber: new.Subscriber.PublicID, Purpose: a.News.ID}, akkoord.ScopePurpose, byLink))(t)
	noFault(t, a.SetProfile(ctx, new.Subscriber.PublicID, akkoord.Profile{Attributes: sale("2028-12-02")}, by))
	if v := must(a.Gate(ctx, new.Subscriber.Email, "travel-news", nil))(t); v.Code != "objected" {
		t.Errorf("after objecting to an ended ground: %+v", v)
	}
	if record := must(a.ExportPerson(ctx, Admin, id, ""))(t); record.Person.Attributes["invoice"] != "F-2028-12-01" {
		t.Errorf("the export has %v", record.Person.Attributes)
	}
	if !slices.Contains(a.trail(t), "rule:customers subscriber.basis subscriber:"+id.String()) {
		t.Error("the audit trail has no line of the rule")
	}
	if _, err := a.VerifyLedger(ctx, nil); err != nil {
		t.Error(err)
	}
}

// testRulesP15 plays people, imports, staff and rules in any order: nobody who
// left, bounced or complained may be mailed again before their own confirmation
// (P15).
func testRulesP15(t *testing.T, open Open) {
	a := newAgency(t, open)
	a.withRules(t)
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		v := &visitor{Agency: a, email: email(t, fmt.Sprintf("r%d@voorbeeld.example", run))}
		// By this test's own book-keeping: left the purpose, which only a yes to it
		// ends; barred, which any new confirmation ends.
		left, barred := false, false
		ctx := rt.Context()
		by := akkoord.Origin{Source: "api", Actor: "key:1"}
		load := func(text, columns, status string, basis akkoord.Basis) {
			file := "email," + columns + "\n" + v.email.Address() + "," + status + "\n"
			i, err := a.BeginImport(ctx, akkoord.ImportSpec{Actor: Admin, Purpose: "travel-news", Basis: basis, Evidence: text}, akkoord.ImportFile{Size: int64(len(file)), Digest: [32]byte{1}})
			noError(rt, err)
			noError(rt, second(a.RunImport(ctx, i.PublicID, strings.NewReader(file), nil)))
		}
		doors := map[string]func(){
			"sign up": func() { acts["sign up"](rt, v) },
			"confirm": func() {
				asked, err := a.Confirm(ctx, v.link(v.request), byLink)
				noError(rt, err)
				if asked.Answer != akkoord.AnswerConfirmed {
					return
				}
				barred = false
				for _, sub := range asked.Subscriptions {
					left = left && sub.PurposeID != a.News.ID
				}
			},
			"leave": func() {
				scope := rapid.SampledFrom([]akkoord.Scope{akkoord.ScopePurpose, akkoord.ScopeAll}).Draw(rt, "scope")
				out, err := a.Leave(ctx, v.link(v.request), scope, byLink)
				noError(rt, err)
				left = left || out.New && out.State.Subscription(a.News.ID).State == akkoord.Withdrawn
				barred = barred || out.New && scope == akkoord.ScopeAll
			},
			"bounced elsewhere": func() {
				load("list", "status", rapid.SampledFrom([]string{"bounced", "complained", "unsubscribed"}).Draw(rt, "status"), akkoord.BasisConsent)
				st, err := a.StandingByEmail(ctx, v.email)
				noError(rt, err)
				left = left || st.Subscription(a.News.ID).State == akkoord.Withdrawn
				barred = barred || len(st.Suppressions) > 0
			},
			"import of customers": func() { load("sales of 2026", "name", "Zoë", akkoord.BasisContract) },
			"import of attributes": func() {
				load("sales of 2026", "attribute:customer,attribute:bought-on,attribute:invoice", "yes,2027-01-02,F-9", akkoord.BasisOther)
			},
			"import of consent": func() { load("fair", "confirmed_at", "2026-12-01T10:00:00Z", akkoord.BasisConsent) },
			"sale": func() {
				day := rapid.SampledFrom([]string{"2024-01-01", "2026-06-01", "2027-01-10"}).Draw(rt, "day")
				gone(rt, a.SetProfile(ctx, v.person.PublicID, akkoord.Profile{Attributes: sale(day)}, by))
			},
			"no customer": func() {
				gone(rt, a.SetProfile(ctx, v.person.PublicID, akkoord.Profile{Attributes: map[string]*string{"customer": nil}}, by))
			},
			"by hand": func() {
				err := a.SetBasis(ctx, v.person.PublicID, "travel-news", akkoord.BasisChange{Basis: akkoord.BasisContract, Ground: akkoord.Ground{Text: "booking"}, Reason: "test", Origin: by})
				if akkoord.KindOf(err) != akkoord.Conflict {
					gone(rt, err)
				}
			},
			"time": func() {
				a.Clock.Move(rapid.SampledFrom([]time.Duration{time.Minute, 20 * 24 * time.Hour}).Draw(rt, "time"))
				noError(rt, second(a.RunRules(ctx, akkoord.Job{})))
				noError(rt, second(a.ExpirePending(ctx, 100)))
			},
		}
		names := make([]string, 0, len(doors))
		for name := range doors {
			names = append(names, name)
		}
		slices.Sort(names)
		for range 12 {
			name := rapid.SampledFrom(names).Draw(rt, "door")
			doors[name]()
			st, err := a.StandingByEmail(ctx, v.email)
			noError(rt, err)
			if st.Subscriber.ID != 0 {
				v.person = st.Subscriber
			}
			allowed := akkoord.Gate(st.Facts(a.News.ID, 0, "", a.Clock.Now())).Allowed
			if (left || barred) && allowed {
				rt.Fatalf("after %q somebody who left may be mailed: %+v", name, st)
			}
		}
	})
	if _, err := a.VerifyLedger(t.Context(), nil); err != nil {
		t.Error(err)
	}
}
