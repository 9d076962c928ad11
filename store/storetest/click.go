package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

var byPerson = akkoord.ClickBy{Agent: firefox}

// sentTo sends the agency's mailing to everybody and gives the numbers of its
// links, of which the last is the decoy.
func (a *Agency) sentTo(t testing.TB, links ...akkoord.MailLink) []int64 {
	t.Helper()
	ctx := t.Context()
	m := must(a.StartMailing(ctx, Admin, a.Mailing.PublicID))(t)
	numbers := must(a.MailLinks(ctx, m.ID, links))(t)
	for w := must(a.Claim(ctx))(t); w != nil; w = must(a.Claim(ctx))(t) {
		for i := range w.Recipients {
			noFault(t, a.Mark(w, i, a.Clock.Now()))
			a.Note(w, i, akkoord.Result{State: akkoord.Sent, Code: "250", Attempts: 1, At: a.Clock.Now(), FirstAt: a.Clock.Now()})
		}
		noFault(t, a.Release(ctx, w))
	}
	a.Clock.Move(time.Minute)
	return numbers
}

// testClicks: clicks are noted of those alone who let them be counted, apart
// from those of programs; taking that back ends it, also for mails that were
// sent (M16, M22).
func testClicks(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	yes := a.active(t, "anouk@voorbeeld.example", a.News, a.Ski).Subscriber
	no := a.active(t, "bram@voorbeeld.example", a.News).Subscriber
	noFault(t, a.Track(ctx, yes.PublicID, a.News.ID, true, byLink))
	links := []akkoord.MailLink{{URL: "https://www.zonvaart.example/ski", Topic: "wintersport"}, {URL: "https://www.zonvaart.example/zon"}, {URL: "https://www.zonvaart.example/stad"}, {}}
	numbers := a.sentTo(t, links...)
	if diff := cmp.Diff(numbers, must(a.MailLinks(ctx, a.Mailing.ID, links))(t)); diff != "" {
		t.Errorf("asked again links have other numbers: %s", diff)
	}
	click := func(p akkoord.Subscriber, i int, by akkoord.ClickBy) {
		t.Helper()
		noFault(t, a.NoteClick(ctx, akkoord.Link{Subscriber: p.PublicID, Target: numbers[i]}, by))
	}
	count := func(filter_ string) int64 {
		t.Helper()
		return must(a.CountSegment(ctx, a.News.ID, filter(t, filter_)))(t)
	}
	counts := func(want ...[2]int64) {
		t.Helper()
		var got [][2]int64
		for _, c := range must(a.LinkCounts(ctx, a.Mailing.ID))(t) {
			got = append(got, [2]int64{c.Clicks, c.Machine})
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("people and programs per link (-want +got):\n%s", diff)
		}
	}
	click(no, 0, byPerson)
	click(yes, 0, akkoord.ClickBy{Head: true, Agent: firefox})
	counts([2]int64{0, 1}, [2]int64{}, [2]int64{}, [2]int64{})
	if n := count(`{"clicked":{"topic":"wintersport"}}`); n != 0 {
		t.Errorf("a program's click selects %d people", n)
	}
	a.Clock.Move(2 * akkoord.ClickMark)
	for range 3 {
		click(yes, 0, byPerson)
	}
	counts([2]int64{1, 1}, [2]int64{}, [2]int64{}, [2]int64{})
	for filter, want := range map[string]int64{
		`{"clicked":{"topic":"wintersport"},"within_days":1}`: 1, `{"clicked":{"campaign":"winter"}}`: 1, `{"clicked":{"link":"https://www.zonvaart.example/ski"}}`: 1,
		`{"clicked":{"topic":"zon"}}`: 0, `{"clicked":{"link":"https://www.zonvaart.example/zon"}}`: 0, `{"active_within_days":1}`: 1,
	} {
		if n := count(filter); n != want {
			t.Errorf("%s holds %d people, want %d", filter, n, want)
		}
	}
	if _, err := a.CountSegment(ctx, a.Ski.ID, filter(t, `{"clicked":{"topic":"wintersport"}}`)); akkoord.CodeOf(err) != "purpose_limitation" {
		t.Errorf("M16: a topic of travel news for ski offers gives %v", err)
	}
	record := must(a.ExportPerson(ctx, Admin, yes.PublicID, ""))(t)
	if len(record.Clicks) != 1 || record.Clicks[0].Topic != "wintersport" || record.Clicks[0].Times != 3 || record.Clicks[0].Purpose != "travel-news" {
		t.Errorf("M20: the record has %+v", record.Clicks)
	}
	// Three links at once are a program's; so is what follows the decoy.
	a.Clock.Move(time.Hour)
	click(yes, 1, byPerson)
	a.Clock.Move(time.Second)
	click(yes, 2, byPerson)
	a.Clock.Move(time.Second)
	click(yes, 3, byPerson)
	counts([2]int64{1, 1}, [2]int64{0, 1}, [2]int64{0, 1}, [2]int64{0, 1})
	click(yes, 1, byPerson)
	counts([2]int64{1, 1}, [2]int64{0, 1}, [2]int64{0, 1}, [2]int64{0, 1})
	a.Clock.Move(time.Hour)
	click(yes, 1, byPerson)
	counts([2]int64{1, 1}, [2]int64{1, 1}, [2]int64{0, 1}, [2]int64{0, 1})

	noFault(t, a.Track(ctx, yes.PublicID, a.News.ID, false, byLink))
	click(yes, 2, byPerson)
	if n := count(`{"any":[{"clicked":{"campaign":"winter"}},{"active_within_days":9}]}`); n != 0 {
		t.Errorf("after taking it back %d people are selected", n)
	}
	noFault(t, a.Track(ctx, yes.PublicID, a.News.ID, true, byLink))
	if record := must(a.ExportPerson(ctx, Admin, yes.PublicID, ""))(t); len(record.Clicks)+len(record.Activity) != 0 {
		t.Errorf("what was learned is back: %+v", record.Clicks)
	}
	counts([2]int64{1, 1}, [2]int64{1, 1}, [2]int64{0, 1}, [2]int64{0, 1})
	if url := must(a.LinkTarget(ctx, akkoord.Link{Target: numbers[0]}))(t); url != links[0].URL {
		t.Errorf("the link leads to %q", url)
	}
	must(a.Erase(ctx, yes.PublicID, "asked for", byAdmin))(t)
	click(yes, 0, byPerson)
	if _, err := a.LinkTarget(ctx, akkoord.Link{Target: 99999}); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("a link that is not there: %v", err)
	}
}
