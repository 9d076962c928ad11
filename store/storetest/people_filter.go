package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

// crowd is a few people who did different things on five days, one of whom is
// forgotten in the end.
func (a *Agency) crowd(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	sources, locales := []string{"form:home", "form:fair"}, []string{"nl", "en", "de"}
	for i := range 14 {
		if i%3 == 0 {
			a.Clock.Move(24 * time.Hour)
		}
		purposes := [][]akkoord.Purpose{{a.News}, {a.Ski}, {a.News, a.Ski}}[i%3]
		e := email(t, fmt.Sprintf("crowd%d@voorbeeld.example", i))
		in := a.signUp(e, purposes...)
		in.Locale, in.Origin.Locale, in.Origin.Source = locales[i%2], locales[i%3], sources[i%2]
		in.Interests = [][]string{{"strand"}, nil, {"strand", "wintersport"}, {"wintersport"}}[i%4]
		if err := a.SignUp(ctx, in); err != nil {
			t.Fatal(err)
		}
		st := must(a.StandingByEmail(ctx, e))(t)
		link := akkoord.Link{Subscriber: st.Subscriber.PublicID, Request: st.Subscription(purposes[0].ID).Request}
		if i%5 == 4 {
			continue // pending
		}
		must(a.Confirm(ctx, link, byLink))(t)
		switch {
		case i%4 == 1:
			a.Clock.Move(24 * time.Hour)
			if err := a.LeavePurposes(ctx, link, []int64{purposes[0].ID}, byLink); err != nil {
				t.Fatal(err)
			}
		case i == 7:
			a.Clock.Move(24 * time.Hour)
			must(a.Leave(ctx, link, akkoord.ScopeAll, byLink))(t)
			again := a.signUp(e, purposes...) // and comes back
			if err := a.SignUp(ctx, again); err != nil {
				t.Fatal(err)
			}
			link.Request = must(a.StandingByEmail(ctx, e))(t).Subscription(purposes[0].ID).Request
			must(a.Confirm(ctx, link, byLink))(t)
		case i == 10:
			must(a.Erase(ctx, link.Subscriber, "asked for by phone", byAdmin))(t)
		}
	}
}

// passes is the filter as a rule over one person's standing and history.
func (a *Agency) passes(f akkoord.PeopleFilter, st akkoord.Standing, events []akkoord.Event) (line int64, ok bool) {
	purposes := map[int64]bool{a.News.ID: true, a.Ski.ID: true}
	if f.Purpose == a.News.Slug || slices.Equal(f.Among, []int64{a.News.ID}) {
		delete(purposes, a.Ski.ID)
	}
	if f.Purpose == a.Ski.Slug || slices.Equal(f.Among, []int64{a.Ski.ID}) {
		delete(purposes, a.News.ID)
	}
	source := func(purpose int64, request akkoord.ID) string {
		for _, e := range events {
			if e.PurposeID == purpose && e.Request == request {
				return e.Source
			}
		}
		return ""
	}
	from, before := f.Period()
	in := func(at time.Time) bool { return !at.Before(from) && at.Before(before) }
	if f.Interest != "" && !slices.Contains(st.Subscriber.Interests, f.Interest) {
		return 0, false
	}
	ofRequest := f.Act.Asks()
	if f.Locale != "" && !ofRequest && st.Subscriber.Locale != f.Locale {
		return 0, false
	}
	if f.Act == "" {
		if len(st.Subscriptions) == 0 && f.Purpose == "" && f.Among == nil && f.State == "" {
			return st.Subscriber.ID, true
		}
		for _, sub := range st.Subscriptions {
			if purposes[sub.PurposeID] && (f.State == "" || sub.State == f.State) && (f.State == "" || in(sub.Since)) {
				return st.Subscriber.ID, true
			}
		}
		return 0, false
	}
	active := map[int64]bool{}
	for _, e := range events {
		state, folded := akkoord.Folded[e.Kind]
		was, is := active[e.PurposeID], state == akkoord.Active
		if folded {
			active[e.PurposeID] = is
		}
		says := map[akkoord.PeopleAct]bool{
			akkoord.ActAsked: e.Kind == akkoord.Requested, akkoord.ActConfirmed: e.Kind == akkoord.Confirmed,
			akkoord.ActAnswered: e.Kind == akkoord.Requested && slices.ContainsFunc(events, func(c akkoord.Event) bool {
				return c.Kind == akkoord.Confirmed && c.Request == e.Request && c.PurposeID == e.PurposeID
			}),
			akkoord.ActJoined: folded && is && !was, akkoord.ActLeft: e.Kind.Ends() && was,
		}[f.Act]
		if says && purposes[e.PurposeID] && in(e.At) && (!ofRequest || f.Locale == "" || e.Locale == f.Locale) &&
			(f.Source == "" || source(e.PurposeID, e.Request) == f.Source) && (f.State == "" || st.Subscription(e.PurposeID).State == f.State) {
			return e.Seq, true
		}
	}
	return 0, false
}

// found reads all pages of a filter.
func (a *Agency) found(t testing.TB, f akkoord.PeopleFilter) (ids []int64) {
	t.Helper()
	for after := int64(0); ; {
		people, next, err := a.People(t.Context(), f, akkoord.Page{After: after, Limit: 2})
		if err != nil {
			t.Fatalf("%+v: %v", f, err)
		}
		for _, st := range people {
			ids = append(ids, st.Subscriber.ID)
		}
		if after = next; next == 0 {
			return ids
		}
	}
}

// testPeopleFilter: every filter finds whom the rule finds, each once, in the
// order of their numbers or of what they did, whatever is counted already.
func testPeopleFilter(t *testing.T, open Open) {
	a := newAgency(t, open)
	a.crowd(t)
	var everybody []akkoord.Standing
	var histories [][]akkoord.Event
	for _, id := range a.found(t, akkoord.PeopleFilter{}) {
		everybody = append(everybody, must(a.StandingByNumber(t.Context(), id))(t))
		histories = append(histories, must(a.Events(t.Context(), id))(t))
	}
	if len(everybody) != 13 {
		t.Fatalf("%d people", len(everybody))
	}
	today, tried, hits := akkoord.DayOf(Start), 0, 0
	for _, purpose := range []string{"", a.News.Slug} {
		for _, among := range [][]int64{nil, {a.Ski.ID}} {
			for _, act := range append([]akkoord.PeopleAct{""}, akkoord.PeopleActs...) {
				for _, state := range []akkoord.State{"", akkoord.Pending, akkoord.Active, akkoord.Withdrawn} {
					for _, days := range [][2]akkoord.Day{{}, {today + 3, 0}, {today + 1, today + 2}} {
						for _, interest := range []string{"", "strand"} {
							for _, rest := range [][2]string{{}, {"nl"}, {"", "form:fair"}} {
								f := akkoord.PeopleFilter{Purpose: purpose, Among: among, Act: act, State: state, From: days[0], To: days[1], Interest: interest, Locale: rest[0], Source: rest[1]}
								if act == "" && (state == "" && days != [2]akkoord.Day{} || rest[1] != "") || purpose != "" && among != nil {
									continue
								}
								type place struct{ line, person int64 }
								var places []place
								for i, st := range everybody {
									if line, ok := a.passes(f, st, histories[i]); ok {
										places = append(places, place{line, st.Subscriber.ID})
									}
								}
								slices.SortFunc(places, func(a, b place) int { return int(a.line - b.line) })
								var want []int64
								for _, p := range places {
									want = append(want, p.person)
								}
								if diff := cmp.Diff(want, a.found(t, f)); diff != "" {
									t.Errorf("%+v (-want +got):\n%s", f, diff)
								}
								tried, hits = tried+1, hits+len(want)
							}
						}
					}
				}
			}
		}
	}
	if tried < 300 || hits < 300 {
		t.Errorf("%d filters found %d people", tried, hits)
	}
	for f, code := range map[string]akkoord.PeopleFilter{"filter_purpose": {Purpose: "none"}, "filter_interest": {Interest: "none"}} {
		if _, _, err := a.People(t.Context(), code, akkoord.Page{}); akkoord.CodeOf(err) != f {
			t.Errorf("%+v gave %v", code, err)
		}
	}
}
