package storetest

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"akkoord"
	"akkoord/store"
)

// withSets opens a store that counts by sets in memory from two people on.
func withSets(open Open) Open {
	return func(t *testing.T, cfg store.Config) *store.Store {
		cfg.FewPeople = 1
		return open(t, cfg)
	}
}

// testSegmentCounts: while somebody edits a segment, people are counted from memory; that
// agrees with the database, is as strict, and forgets whom the database forgets (M15,
// M16, P16).
func testSegmentCounts(t *testing.T, open Open) {
	a := newAgency(t, withSets(open))
	ctx := t.Context()
	var people []akkoord.Subscriber
	for i := range 6 {
		a.Clock.Move(24 * time.Hour)
		people = append(people, a.active(t, fmt.Sprintf("k%d@voorbeeld.example", i), a.News).Subscriber)
		noFault(t, a.Track(ctx, people[i].PublicID, a.News.ID, i > 0, byLink))
	}
	numbers := a.sentTo(t, akkoord.MailLink{URL: "https://www.zonvaart.example/ski", Topic: "wintersport"}, akkoord.MailLink{URL: "https://www.zonvaart.example/zon"}, akkoord.MailLink{})
	for i, p := range people {
		a.Clock.Move(24 * time.Hour)
		noFault(t, a.NoteClick(ctx, akkoord.Link{Subscriber: p.PublicID, Target: numbers[i%2]}, byPerson))
	}
	soon := func(text string) akkoord.SegmentCount {
		t.Helper()
		return must(a.CountSegmentSoon(ctx, a.News.ID, filter(t, text)))(t)
	}
	const clicked = `{"clicked":{"topic":"wintersport"}}`
	if got := soon(clicked); got.People != 2 || got.Exact || !got.AsOf.Equal(a.Clock.Now()) {
		t.Errorf("clicked about winter sports: %+v", got)
	}
	began := a.Clock.Now()
	must(a.Erase(ctx, people[2].PublicID, "asked for", byAdmin))(t)
	a.Clock.Move(time.Second)
	if got := soon(clicked); got.People != 2 || !got.AsOf.Equal(began) {
		t.Errorf("a second later what was read is asked again: %+v", got)
	}
	a.Clock.Move(11 * time.Minute)
	if got := soon(clicked); got.People != 1 || !got.AsOf.Equal(a.Clock.Now()) {
		t.Errorf("after an erasure: %+v", got)
	}
	if _, err := a.CountSegmentSoon(ctx, a.Ski.ID, filter(t, clicked)); akkoord.CodeOf(err) != "purpose_limitation" {
		t.Errorf("M16: %v", err)
	}
	if got := must(a.CountSegmentSoon(ctx, a.Ski.ID, filter(t, `{"all":[]}`)))(t); got.People != 0 || !got.Exact || !got.AsOf.Equal(a.Clock.Now()) {
		t.Errorf("of a purpose with few people: %+v", got)
	}
	rapid.Check(t, func(rt *rapid.T) {
		f, err := a.CheckFilter(ctx, a.News.ID, anyFilter(rt, 3, nil, akkoord.FilterInterest, akkoord.FilterLocale, akkoord.FilterSource,
			akkoord.FilterConsentedBefore, akkoord.FilterConsentedAfter, akkoord.FilterClicked, akkoord.FilterActive))
		noError(rt, err)
		a.countsAlike(rt, f)
	})
}

// countsAlike: on a database that is still, what sets in memory say while somebody edits
// is what the database counts, and what a mailing would be sent by. The clock is moved
// so far that no set that was read before is answered from.
func (a *Agency) countsAlike(rt *rapid.T, f akkoord.Filter) {
	a.Clock.Move(time.Hour)
	now := a.Clock.Now()
	exact, err := a.CountSegment(rt.Context(), a.News.ID, f)
	noError(rt, err)
	for range 2 { // read, then remembered
		got, err := a.CountSegmentSoon(rt.Context(), a.News.ID, f)
		noError(rt, err)
		if got.Counting || got.People != exact || got.AsOf.Before(now) {
			rt.Fatalf("%+v in memory, %d by the database at %v, in %+v", got, exact, now, f)
		}
	}
	seg, err := a.PutSegment(rt.Context(), Admin, akkoord.Segment{Slug: fmt.Sprintf("s%d", now.UnixMicro()), PurposeID: a.News.ID, Filter: f})
	noError(rt, err)
	c, err := a.Store.Campaign(rt.Context(), a.Campaign.Slug)
	noError(rt, err)
	c.SegmentID = seg.ID
	_, err = a.PutCampaign(rt.Context(), Admin, c)
	noError(rt, err)
	readers, err := a.Readers(rt.Context(), a.Mailing)
	noError(rt, err)
	var sum int64
	for _, n := range readers {
		sum += n
	}
	if sum != exact {
		rt.Fatalf("%v readers by language, %d people by the database, in %+v", readers, exact, f)
	}
}
