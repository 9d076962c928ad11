package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"akkoord"
	"akkoord/store"
)

func testPeople(t *testing.T, open Open) {
	t.Run("a page follows the last number, whatever was added since", func(t *testing.T) {
		a := newAgency(t, open)
		for i := range 6 {
			purposes := []akkoord.Purpose{a.News, a.Ski}[:1+i%2]
			st := a.active(t, fmt.Sprintf("p%d@voorbeeld.example", i), purposes...)
			if scope, ok := map[int]akkoord.Scope{1: akkoord.ScopeCampaign, 2: akkoord.ScopeAll}[i]; ok {
				link := akkoord.Link{Subscriber: st.Subscriber.PublicID, Purpose: a.News.ID, Campaign: a.Campaign.ID}
				must(a.Leave(t.Context(), link, scope, byLink))(t)
			}
		}
		var seen []int64
		var sizes []int
		for after := int64(0); ; {
			people, next, err := a.People(t.Context(), akkoord.PeopleFilter{}, akkoord.Page{After: after, Limit: 3})
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range people {
				seen = append(seen, p.Subscriber.ID)
				if diff := cmp.Diff([]string{"wintersport"}, p.Subscriber.Interests); diff != "" {
					t.Errorf("interests (-want +got):\n%s", diff)
				}
				alone := must(a.Standing(t.Context(), p.Subscriber.PublicID))(t)
				if diff := cmp.Diff(alone, p, cmp.AllowUnexported(akkoord.Email{})); diff != "" {
					t.Errorf("somebody on the page (-alone +page):\n%s", diff)
				}
			}
			sizes = append(sizes, len(people))
			if len(sizes) == 1 {
				a.active(t, "late@voorbeeld.example", a.News)
			}
			if after = next; next == 0 {
				break
			}
		}
		if diff := cmp.Diff([]int{3, 3, 1}, sizes); diff != "" {
			t.Errorf("pages (-want +got):\n%s", diff)
		}
		if !slices.IsSorted(seen) || len(slices.Compact(slices.Clone(seen))) != 7 {
			t.Errorf("the pages held the numbers %v; each person once, in order", seen)
		}
		if _, next, err := a.People(t.Context(), akkoord.PeopleFilter{}, akkoord.Page{Limit: 7}); err != nil || next != 0 {
			t.Errorf("a page that holds all names a next one: %d, %v", next, err)
		}
	})

	t.Run("M19 a number is never used again", func(t *testing.T) {
		a := newAgency(t, open)
		var last int64
		for i := range 5 {
			v := &visitor{Agency: a, email: email(t, fmt.Sprintf("p%d@voorbeeld.example", i))}
			signsUp(news)(t, v)
			if v.person.ID <= last {
				t.Fatalf("person %d got the number %d after %d was given", i, v.person.ID, last)
			}
			last = v.person.ID
			says(t, v) // forgets them
		}
		if people, _, err := a.People(t.Context(), akkoord.PeopleFilter{}, akkoord.Page{}); err != nil || len(people) != 0 {
			t.Errorf("%d people are left, %v", len(people), err)
		}
	})

	t.Run("M21 a change of name is a line in the ledger and an administrator's one in the audit trail", func(t *testing.T) {
		a := newAgency(t, open)
		p := a.active(t, "anouk@voorbeeld.example", a.News).Subscriber
		name, interests := "Anouk de Vries", []string{"strand", "stedentrip"}
		if err := a.SetProfile(t.Context(), p.PublicID, akkoord.Profile{Name: &name, Interests: &interests}, akkoord.Origin{Source: "api", Actor: "key:1"}); err != nil {
			t.Fatal(err)
		}
		if err := a.SetProfile(t.Context(), p.PublicID, akkoord.Profile{Name: &name}, byLink); err != nil {
			t.Fatal(err)
		}
		st := must(a.Standing(t.Context(), p.PublicID))(t)
		if st.Subscriber.Name != name {
			t.Errorf("the name is %q", st.Subscriber.Name)
		}
		if diff := cmp.Diff([]string{"stedentrip", "strand"}, st.Subscriber.Interests); diff != "" {
			t.Errorf("interests (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"requested news", "confirmed news", "rectified"}, a.lines(t, p.ID)); diff != "" {
			t.Errorf("ledger (-want +got):\n%s", diff)
		}
		if !slices.Contains(a.trail(t), "key:1 subscriber.change subscriber:"+p.PublicID.String()) {
			t.Error("the audit trail does not have the administrator's change")
		}
		if err := a.SetProfile(t.Context(), akkoord.ID{1}, akkoord.Profile{Name: &name}, byLink); akkoord.KindOf(err) != akkoord.NotFound {
			t.Errorf("changing nobody gave %v", err)
		}
	})

	t.Run("seeded people have the ledger that a sign-up and its confirmation leave", func(t *testing.T) {
		a := newAgency(t, open)
		signalled(a.Store)
		known := a.active(t, "p1@voorbeeld.example", a.News)
		signalled(a.Store)
		var seeds []store.Seed
		for i := range 3 {
			asked := Start.Add(-time.Duration(i+1) * 48 * time.Hour)
			seeds = append(seeds, store.Seed{
				Email: email(t, fmt.Sprintf("p%d@voorbeeld.example", i)), Name: "P", Locale: "nl", Interests: []string{"strand"},
				Purposes: []akkoord.Purpose{a.News, a.Ski}, Origin: akkoord.Origin{Source: "form:home"}, RequestedAt: asked, ConfirmedAt: asked.Add(time.Hour),
			})
		}
		if err := a.SeedPeople(t.Context(), seeds); err != nil {
			t.Fatal(err)
		}
		if signalled(a.Store) {
			t.Error("seeding put mail into the outbox")
		}
		st := must(a.StandingByEmail(t.Context(), seeds[0].Email))(t)
		if sub := st.Subscription(a.Ski.ID); sub.State != akkoord.Active || !sub.Since.Equal(seeds[0].ConfirmedAt) {
			t.Errorf("the seeded person is %s since %s", sub.State, sub.Since)
		}
		if diff := cmp.Diff([]string{"requested news", "requested ski", "confirmed news", "confirmed ski"}, a.lines(t, st.Subscriber.ID)); diff != "" {
			t.Errorf("ledger (-want +got):\n%s", diff)
		}
		if again := must(a.StandingByEmail(t.Context(), known.Subscriber.Email))(t); again.Subscription(a.Ski.ID).State != akkoord.Never {
			t.Error("seeding changed somebody who was known")
		}
		if _, err := a.VerifyLedger(t.Context(), nil); err != nil {
			t.Error(err)
		}
	})
}

// trail gives the audit trail as "actor action object" lines.
func (a *Agency) trail(t testing.TB) []string {
	t.Helper()
	var out []string
	for after := int64(0); ; {
		entries, next, err := a.AuditTrail(t.Context(), akkoord.Page{After: after})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			out = append(out, fmt.Sprintf("%s %s %s", e.Actor, e.Action, e.Object))
		}
		if after = next; next == 0 {
			return out
		}
	}
}
