package akkoord_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"akkoord"
)

var grantDay = time.Date(2027, 1, 15, 9, 30, 0, 0, time.UTC)

// M26: a grant says who, what, why, until when and who looks again; nobody
// decides about their own.
func TestAGrantSaysWhyAndUntilWhen(t *testing.T) {
	day := func(n int) time.Time { return grantDay.AddDate(0, 0, n) }
	whole := akkoord.Grant{Holder: "user:1", Reason: "Answers the phone.", ReviewOn: day(90)}
	for name, tt := range map[string]struct {
		change func(*akkoord.Grant)
		by     akkoord.Actor
		code   string
	}{
		"whole":             {func(*akkoord.Grant) {}, "user:2", ""},
		"with an end alone": {func(g *akkoord.Grant) { g.ReviewOn, g.Until = time.Time{}, day(3) }, "user:2", ""},
		"one's own":         {func(*akkoord.Grant) {}, "user:1", "own_grant"},
		"no reason":         {func(g *akkoord.Grant) { g.Reason = " " }, "user:2", "reason_missing"},
		"no end, no review": {func(g *akkoord.Grant) { g.ReviewOn = time.Time{} }, "user:2", "field_missing"},
		"review long away":  {func(g *akkoord.Grant) { g.ReviewOn = day(400) }, "user:2", "review_date"},
		"review yesterday":  {func(g *akkoord.Grant) { g.ReviewOn = day(-1) }, "user:2", "review_date"},
		"ends first":        {func(g *akkoord.Grant) { g.From, g.Until = day(5), day(4) }, "user:2", "grant_order"},
		"unknown field":     {func(g *akkoord.Grant) { g.Fields = []akkoord.GrantField{"iban"} }, "user:2", "field_unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			g := whole
			tt.change(&g)
			got, err := g.Give(tt.by, grantDay)
			if akkoord.CodeOf(err) != tt.code {
				t.Fatalf("Give gave %v, want code %q", err, tt.code)
			}
			if err == nil && (got.GrantedBy != tt.by || !got.From.Equal(grantDay)) {
				t.Errorf("granted by %s from %s", got.GrantedBy, got.From)
			}
		})
	}
}

func TestAGrantEndsAndIsReviewed(t *testing.T) {
	g := akkoord.FirstGrant("user:1", "Runs the site.", "command", grantDay)
	later := grantDay.AddDate(1, 0, 0)
	for _, tt := range []struct {
		at    time.Time
		state akkoord.GrantState
		due   bool
	}{{grantDay, akkoord.GrantInForce, false}, {later.Add(-1), akkoord.GrantInForce, false}, {later, akkoord.GrantInForce, true}} {
		if got := g.State(tt.at); got != tt.state || g.ReviewDue(tt.at) != tt.due {
			t.Errorf("at %s it is %s, review due: %v", tt.at, got, g.ReviewDue(tt.at))
		}
	}
	if p, err := (akkoord.Grant{Holder: "user:1", Reason: "Stands in.", From: later, ReviewOn: grantDay.AddDate(0, 6, 0)}).Give("user:2", grantDay); err != nil ||
		p.State(later.Add(-1)) != akkoord.GrantPlanned || p.State(later) != akkoord.GrantInForce {
		t.Errorf("a planned grant: %+v, %v", p, err)
	}
	if _, err := g.Reviewed("user:1", later.AddDate(0, 6, 0), "Still me.", later); akkoord.CodeOf(err) != "own_grant" {
		t.Errorf("reviewing one's own grant gave %v", err)
	}
	if _, err := g.Reviewed("user:2", later.AddDate(0, 6, 0), "", later); akkoord.CodeOf(err) != "text_missing" {
		t.Errorf("a review without a sentence gave %v", err)
	}
	r, err := g.Reviewed("user:2", later.AddDate(0, 6, 0), "Still runs the site.", later)
	if err != nil || r.ReviewDue(later) || r.ReviewedBy != "user:2" {
		t.Errorf("after the review: %+v, %v", r, err)
	}
	e, err := r.End("user:1", "Went elsewhere.", later)
	if err != nil || e.State(later) != akkoord.GrantEnded || e.ReviewDue(later.AddDate(1, 0, 0)) {
		t.Errorf("after the end: %+v, %v", e, err)
	}
	if _, err := e.End("user:2", "Again.", later); akkoord.CodeOf(err) != "grant_over" {
		t.Errorf("ending twice gave %v", err)
	}
}

// M26: whoever breaks the glass says why in words, and has an hour.
func TestBreakGlassIsShortAndExplained(t *testing.T) {
	for _, reason := range []string{"", "urgent", "                         ", "1234567890123456789"} {
		if _, err := akkoord.Access(nil).BreakGlass("user:1", reason, grantDay); akkoord.CodeOf(err) != "reason_short" {
			t.Errorf("%q gave %v", reason, err)
		}
	}
	if _, err := akkoord.Access(nil).BreakGlass("user:1", "anouk@voorbeeld.example is on the phone", grantDay); akkoord.CodeOf(err) != "reason_personal" {
		t.Errorf("a reason with an address gave %v", err)
	}
	g, err := akkoord.Access(nil).BreakGlass("user:1", "Somebody gets mail of a stranger, now.", grantDay)
	if err != nil || !g.BreakGlass || g.State(grantDay.Add(time.Hour-1)) != akkoord.GrantInForce || g.State(grantDay.Add(time.Hour)) != akkoord.GrantExpired {
		t.Errorf("the grant is %+v, %v", g, err)
	}
}

// M26: who sees all takes nothing, and who broke the glass is judged by somebody
// else, once, also when the hour is over.
func TestBreakGlassIsReviewedOnce(t *testing.T) {
	all := akkoord.Access{{From: grantDay}}
	if _, err := all.BreakGlass("user:1", "Somebody gets mail of a stranger, now.", grantDay); akkoord.CodeOf(err) != "grant_held" {
		t.Errorf("whoever sees all got %v", err)
	}
	some := akkoord.Access{{Fields: []akkoord.GrantField{akkoord.FieldAddress}}, {Purposes: []int64{1}}}
	g, err := some.BreakGlass("user:1", "Somebody gets mail of a stranger, now.", grantDay)
	if err != nil || !g.ReviewDue(grantDay) || !g.ReviewDue(grantDay.AddDate(2, 0, 0)) {
		t.Fatalf("%+v, %v", g, err)
	}
	later := grantDay.AddDate(0, 0, 3)
	for code, try := range map[string]func() (akkoord.Grant, error){
		"own_grant":    func() (akkoord.Grant, error) { return g.Reviewed("user:1", time.Time{}, "It was right.", later) },
		"text_missing": func() (akkoord.Grant, error) { return g.Reviewed("user:2", time.Time{}, " ", later) },
		"review_date": func() (akkoord.Grant, error) {
			return g.Reviewed("user:2", later.AddDate(0, 1, 0), "It was right.", later)
		},
	} {
		if _, err := try(); akkoord.CodeOf(err) != code {
			t.Errorf("want %s, got %v", code, err)
		}
	}
	r, err := g.Reviewed("user:2", time.Time{}, "It was right.", later)
	if err != nil || r.ReviewDue(later) || r.ReviewedBy != "user:2" {
		t.Errorf("reviewed: %+v, %v", r, err)
	}
	if _, err := r.Reviewed("user:2", time.Time{}, "Again.", later); akkoord.CodeOf(err) != "grant_over" {
		t.Errorf("a second review gave %v", err)
	}
}

// M26: somebody else than who took the access is told, if there is anybody.
func TestWatchersAreToldOfBreakGlass(t *testing.T) {
	owner, other := akkoord.User{ID: 1, Role: akkoord.RoleOwner, Email: "owner@zonvaart.example"}, akkoord.User{ID: 2, Role: akkoord.RoleOwner, Email: "other@zonvaart.example"}
	dpo, gone := akkoord.User{ID: 3, Role: akkoord.RoleDPO, Email: "Femke@zonvaart.example"}, akkoord.User{ID: 4, Role: akkoord.RoleDPO, Email: "gone@zonvaart.example", DisabledAt: grantDay}
	officer, err := akkoord.ParseEmail("femke@zonvaart.example")
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		users   []akkoord.User
		officer akkoord.Email
		holder  akkoord.Actor
		want    []int64
		too     bool
	}{
		"the officers":                  {[]akkoord.User{owner, other, dpo, gone}, akkoord.Email{}, "user:1", []int64{3}, false},
		"the officer once":              {[]akkoord.User{owner, dpo}, officer, "user:1", []int64{3}, false},
		"the officer of the settings":   {[]akkoord.User{owner, other, gone}, officer, "key:1", nil, true},
		"the owners of an officer":      {[]akkoord.User{owner, other, dpo}, officer, "user:3", []int64{1, 2}, false},
		"the other owner":               {[]akkoord.User{owner, other}, akkoord.Email{}, "user:1", []int64{2}, false},
		"the only one there is":         {[]akkoord.User{owner, gone}, akkoord.Email{}, "user:1", []int64{1}, false},
		"nobody, where nobody is there": {nil, akkoord.Email{}, "key:1", nil, false},
	} {
		users, too := akkoord.Watchers(tt.users, tt.officer, tt.holder)
		var got []int64
		for _, u := range users {
			got = append(got, u.ID)
		}
		if !slices.Equal(got, tt.want) || too != tt.too {
			t.Errorf("%s: %v, %v", name, got, too)
		}
	}
}

// M26, P28: what is seen of a person is what some grant opens for one of their
// purposes, and nothing else, for all grants and people.
func TestAccessShowsWhatAGrantOpens(t *testing.T) {
	email, err := akkoord.ParseEmail("anouk@voorbeeld.example")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		purposes := rapid.SliceOfNDistinct(rapid.Int64Range(1, 4), 0, 4, rapid.ID[int64])
		st := akkoord.Standing{Subscriber: akkoord.Subscriber{ID: 7, Email: email, Name: "Anouk", Locale: "nl", Interests: []string{"wintersport"}}}
		for _, p := range purposes.Draw(t, "person") {
			st.Subscriptions = append(st.Subscriptions, akkoord.Subscription{PurposeID: p})
		}
		whole := st
		var grants []akkoord.Grant
		for range rapid.IntRange(0, 3).Draw(t, "grants") {
			g := akkoord.Grant{From: grantDay, Purposes: purposes.Draw(t, "of"), Fields: rapid.SliceOfDistinct(rapid.SampledFrom(akkoord.GrantFields), rapid.ID).Draw(t, "fields")}
			if rapid.Bool().Draw(t, "over") {
				g.EndedAt = grantDay
			}
			grants = append(grants, g)
		}
		now := grantDay.Add(time.Hour)
		opened := func(f akkoord.GrantField) bool {
			return slices.ContainsFunc(grants, func(g akkoord.Grant) bool {
				mine := len(g.Purposes) == 0 || slices.ContainsFunc(st.Subscriptions, func(s akkoord.Subscription) bool { return slices.Contains(g.Purposes, s.PurposeID) })
				return g.EndedAt.IsZero() && mine && (f == "" || len(g.Fields) == 0 || slices.Contains(g.Fields, f))
			})
		}
		access := akkoord.AccessOf(grants, now)
		got, withheld, seen := access.See(st)
		if seen != opened("") {
			t.Fatalf("seen: %v", seen)
		}
		if (access.CheckPerson(st) == nil) != seen {
			t.Fatalf("CheckPerson and See differ")
		}
		for _, f := range akkoord.GrantFields {
			if slices.Contains(withheld, f) == opened(f) {
				t.Fatalf("withheld %v, but %s opened: %v", withheld, f, opened(f))
			}
		}
		p := got.Subscriber
		for f, shown := range map[akkoord.GrantField]bool{
			akkoord.FieldAddress: !p.Email.IsZero(), akkoord.FieldName: p.Name != "" || p.Locale != "", akkoord.FieldAttributes: p.Interests != nil,
		} {
			if shown != opened(f) {
				t.Fatalf("%s shown: %v", f, shown)
			}
		}
		for _, s := range got.Subscriptions {
			if !access.Covers(s.PurposeID) {
				t.Fatalf("purpose %d is shown", s.PurposeID)
			}
		}
		if diff := cmp.Diff(whole, st, cmp.Comparer(func(a, b akkoord.Email) bool { return a == b })); diff != "" {
			t.Fatalf("the person was changed:\n%s", diff)
		}
	})
}
