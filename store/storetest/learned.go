package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"akkoord"
)

const learnWords = "Yes, learn what I like."

// learnAfter has interests learned under travel news.
func (a *Agency) learnAfter(t interface {
	Context() context.Context
	Fatal(...any)
}, links int) {
	_, err := a.EditPurpose(t.Context(), Admin, a.News.Slug, func(p *akkoord.Purpose) error {
		p.LearnAfter = links
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// testLearned: what somebody clicked says what they like, under the purpose of those
// mails alone, where they allowed counting and learning both; it is gone with either,
// when they say so, and in a year (M16, M19, M20, M22).
func testLearned(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	yes := a.active(t, "anouk@voorbeeld.example", a.News, a.Ski).Subscriber
	counted := a.active(t, "bram@voorbeeld.example", a.News).Subscriber
	noFault(t, a.Track(ctx, counted.PublicID, a.News.ID, true, byLink))
	numbers := a.sentTo(t, akkoord.MailLink{URL: "https://www.zonvaart.example/ski", Topic: "wintersport"}, akkoord.MailLink{URL: "https://www.zonvaart.example/piste", Topic: "wintersport"},
		akkoord.MailLink{URL: "https://www.zonvaart.example/zon", Topic: "zon"}, akkoord.MailLink{URL: "https://www.zonvaart.example/"}, akkoord.MailLink{})
	click := func(links ...int) {
		t.Helper()
		for _, i := range links {
			for _, p := range []akkoord.Subscriber{yes, counted} {
				a.Clock.Move(time.Minute)
				noFault(t, a.NoteClick(ctx, akkoord.Link{Subscriber: p.PublicID, Target: numbers[i]}, byPerson))
			}
		}
	}
	learn := func(on bool) error { return a.Learn(ctx, yes.PublicID, a.News.ID, on, learnWords, byLink) }
	liked := func() (topics []string) {
		t.Helper()
		for _, p := range []akkoord.Subscriber{counted, yes} {
			st := must(a.Store.Standing(ctx, p.PublicID))(t)
			for _, l := range must(a.Learned(ctx, st))(t) {
				topics = append(topics, fmt.Sprintf("%s %d %s", strings.Split(p.Email.Address(), "@")[0], l.Links, l.Topic))
			}
		}
		return topics
	}
	expect := func(when string, topics ...string) {
		t.Helper()
		if got := liked(); !slices.Equal(got, topics) {
			t.Errorf("%s: %q, want %q", when, got, topics)
		}
		if got, want := must(a.CountSegment(ctx, a.News.ID, filter(t, `{"learned":"wintersport"}`)))(t), len(topics); got != int64(want) {
			t.Errorf("%s: %d in the segment, want %d", when, got, want)
		}
	}
	if err := learn(true); akkoord.CodeOf(err) != "learning_off" {
		t.Errorf("a purpose that learns nothing: %v", err)
	}
	a.learnAfter(t, 2)
	if err := learn(true); akkoord.CodeOf(err) != "learning_untracked" {
		t.Errorf("M22: whose clicks are not counted: %v", err)
	}
	noFault(t, a.Track(ctx, yes.PublicID, a.News.ID, true, byLink))
	click(0, 1)
	expect("before they agreed")
	noFault(t, learn(true))
	noFault(t, learn(true)) // again: no line
	expect("of clicks before that")
	click(1, 1, 1, 2, 3)
	expect("of one link three times")
	noFault(t, a.NoteClick(ctx, akkoord.Link{Subscriber: yes.PublicID, Target: numbers[0]}, akkoord.ClickBy{Head: true, Agent: firefox}))
	expect("by a program")
	a.Clock.Move(2 * akkoord.ClickMark)
	click(0)
	expect("of two links", "anouk 2 wintersport")

	if n := must(a.CountSegment(ctx, a.News.ID, filter(t, `{"not":{"interest":"strand"}}`)))(t); n != 2 {
		t.Errorf("of those who chose otherwise: %d", n)
	}
	if st := a.standing(t, "anouk@voorbeeld.example"); slices.Contains(must(a.ExportPerson(ctx, Admin, yes.PublicID, ""))(t).Person.Interests, "zon") || st.Subscription(a.Ski.ID).Learnable() {
		t.Errorf("what was learned stands as chosen, or is learned under another purpose: %+v", st)
	}
	for name, f := range map[string]string{"learned": `{"all":[{"learned":"wintersport"}]}`, "not learned": `{"not":{"learned":"wintersport"}}`} {
		_, err := a.PutSegment(ctx, Admin, akkoord.Segment{Slug: "ski", PurposeID: a.Ski.ID, Filter: filter(t, f)})
		if akkoord.CodeOf(err) != "purpose_limitation" || !strings.Contains(err.Error(), "that is another purpose") {
			t.Errorf("M16: %s under travel news, for ski offers: %v", name, err)
		}
	}
	record := must(a.ExportPerson(ctx, Admin, yes.PublicID, ""))(t)
	want := []akkoord.LearnedRecord{{Purpose: "travel-news", Topic: "wintersport", Links: 2}}
	if diff := cmp.Diff(want, record.Learned, cmpopts.IgnoreFields(akkoord.LearnedRecord{}, "LastAt")); diff != "" || a.Clock.Now().Sub(record.Learned[0].LastAt.Time).Round(time.Minute) != time.Minute || record.Consents[0].Learning.IsZero() {
		t.Errorf("M20: the record has %+v: %s", record.Consents[0], diff)
	}
	for _, e := range must(a.Events(ctx, yes.ID))(t) {
		if (e.Kind == akkoord.LearningOn) != (e.Evidence.Learning == learnWords) {
			t.Errorf("M4: the words that were agreed to: %+v", e)
		}
	}

	forget := func() { t.Helper(); noFault(t, a.ForgetLearned(ctx, yes.PublicID, a.News.ID, "wintersport", byLink)) }
	noFault(t, a.ForgetLearned(ctx, yes.PublicID, a.Ski.ID, "wintersport", byLink))
	expect("forgotten under another purpose", "anouk 2 wintersport")
	forget()
	forget() // again: no line
	expect("once forgotten")
	click(0)
	expect("of one link since")
	click(1)
	expect("of new clicks", "anouk 2 wintersport")
	a.learnAfter(t, 0)
	expect("while the purpose learns nothing")
	a.learnAfter(t, 1)
	if got := liked(); !slices.Equal(got, []string{"anouk 2 wintersport", "anouk 1 zon"}) {
		t.Errorf("of one link: %q", got)
	}
	a.Clock.Move((akkoord.LearnDays + 1) * 24 * time.Hour)
	expect("a year later")
	click(0)
	expect("of a new click", "anouk 1 wintersport")
	noFault(t, learn(false))
	expect("once refused")
	noFault(t, learn(true))
	expect("allowed anew, of clicks before that")
	click(0)
	expect("and since", "anouk 1 wintersport")
	noFault(t, a.Track(ctx, yes.PublicID, a.News.ID, false, byLink))
	noFault(t, a.Track(ctx, yes.PublicID, a.News.ID, true, byLink))
	click(0, 1)
	expect("since counting was ended, and allowed anew")
	noFault(t, learn(true))
	click(0)
	noFault(t, a.LeavePurposes(ctx, akkoord.Link{Subscriber: yes.PublicID}, []int64{a.News.ID}, byLink))
	expect("after leaving")
	lines := a.lines(t, yes.ID)
	if diff := cmp.Diff([]string{"tracking_allowed news", "learning_allowed news", "rectified", "learning_refused news", "learning_allowed news", "tracking_refused news", "tracking_allowed news", "learning_allowed news", "withdrawn news"}, lines[4:]); diff != "" {
		t.Errorf("M30: the ledger (-want +got):\n%s", diff)
	}
	if _, err := a.EditPurpose(ctx, Admin, a.News.Slug, func(p *akkoord.Purpose) error { p.LearnAfter = 6; return nil }); akkoord.CodeOf(err) != "learn_after_range" {
		t.Errorf("after six links: %v", err)
	}
	if trail := a.trail(t); !slices.Contains(trail, "user:1 purpose.learning purpose:travel-news") {
		t.Errorf("%q", trail)
	}
}

// reader is what a test knows of somebody whose clicks it makes.
type reader struct {
	email           akkoord.Email
	active, tracked bool
	learning        time.Time
	clicked         map[int]time.Time // last, by place of the link
}

var readTopics = []string{"wintersport", "wintersport", "wintersport", "zon", "zon", ""}

func (r *reader) likes(topic string, after int, now time.Time) bool {
	n := 0
	for i, at := range r.clicked {
		if readTopics[i] == topic && !at.Before(r.learning) && !at.Before(now.AddDate(0, 0, -365)) {
			n++
		}
	}
	return after > 0 && n >= after && r.active && r.tracked && !r.learning.IsZero()
}

// testLearnedModel plays people who click, allow, refuse, leave, come back and have
// things forgotten: nothing is learned of anybody without an active consent to counting
// and to learning for that very purpose, and pages, segments and their counts agree.
func testLearnedModel(t *testing.T, open Open) {
	a := newAgency(t, withSets(open))
	var readers []*reader
	var links []akkoord.MailLink
	for i, topic := range readTopics {
		links = append(links, akkoord.MailLink{URL: fmt.Sprintf("https://www.zonvaart.example/%d", i), Topic: topic})
	}
	for i := range 3 {
		st := a.active(t, fmt.Sprintf("l%d@voorbeeld.example", i), a.News)
		readers = append(readers, &reader{email: st.Subscriber.Email, active: true, clicked: map[int]time.Time{}})
	}
	numbers, after := a.sentTo(t, links...), 0
	rapid.Check(t, func(rt *rapid.T) {
		ctx := rt.Context()
		for range rapid.IntRange(1, 8).Draw(rt, "acts") {
			a.Clock.Move(time.Minute)
			r := rapid.SampledFrom(readers).Draw(rt, "who")
			st, err := a.StandingByEmail(ctx, r.email)
			noError(rt, err)
			id := st.Subscriber.PublicID
			now := a.Clock.Now()
			switch rapid.SampledFrom([]string{"click", "click", "click", "track", "learn", "learn", "forget", "leave", "come back", "wait", "purpose"}).Draw(rt, "act") {
			case "click":
				i := rapid.IntRange(0, len(links)-1).Draw(rt, "link")
				noError(rt, a.NoteClick(ctx, akkoord.Link{Subscriber: id, Target: numbers[i]}, byPerson))
				if r.active && r.tracked {
					r.clicked[i] = now
				}
			case "track":
				yes := rapid.Bool().Draw(rt, "yes")
				noError(rt, a.Track(ctx, id, a.News.ID, yes, byLink))
				if r.tracked = r.active && yes; !r.tracked {
					r.learning, r.clicked = time.Time{}, map[int]time.Time{}
				}
			case "learn":
				yes := rapid.IntRange(0, 3).Draw(rt, "yes") > 0
				err := a.Learn(ctx, id, a.News.ID, yes, learnWords, byLink)
				if may := after > 0 && r.tracked; akkoord.KindOf(err) == akkoord.Invalid && yes && !may {
					break
				} else if noError(rt, err); yes && may && r.learning.IsZero() {
					r.learning = now
				}
				if !yes {
					r.learning = time.Time{}
				}
			case "forget":
				topic := rapid.SampledFrom([]string{"wintersport", "zon"}).Draw(rt, "topic")
				noError(rt, a.ForgetLearned(ctx, id, a.News.ID, topic, byLink))
				for i := range r.clicked {
					if readTopics[i] == topic {
						delete(r.clicked, i)
					}
				}
			case "leave":
				noError(rt, a.LeavePurposes(ctx, akkoord.Link{Subscriber: id}, []int64{a.News.ID}, byLink))
				*r = reader{email: r.email, clicked: map[int]time.Time{}}
			case "come back":
				noError(rt, a.SignUp(ctx, a.signUp(r.email, a.News)))
				st, err := a.StandingByEmail(ctx, r.email)
				noError(rt, err)
				noError(rt, second(a.Confirm(ctx, akkoord.Link{Subscriber: id, Request: st.Subscription(a.News.ID).Request}, byLink)))
				r.active = true
			case "wait":
				a.Clock.Move(time.Duration(rapid.IntRange(1, 250).Draw(rt, "days")) * 24 * time.Hour)
			case "purpose":
				after = rapid.IntRange(0, 3).Draw(rt, "after")
				a.learnAfter(rt, after)
			}
		}
		want := map[string]int64{}
		for _, r := range readers {
			st, err := a.StandingByEmail(ctx, r.email)
			noError(rt, err)
			learned, err := a.Learned(ctx, st)
			noError(rt, err)
			var got, likes []string
			for _, l := range learned {
				got = append(got, l.Topic)
			}
			for _, topic := range []string{"wintersport", "zon"} {
				if r.likes(topic, after, a.Clock.Now()) {
					likes, want[topic] = append(likes, topic), want[topic]+1
				}
			}
			if !slices.Equal(got, likes) {
				rt.Fatalf("%s is taken to like %q, want %q, after %d: %+v", r.email.Display(), got, likes, after, r)
			}
		}
		for _, topic := range []string{"wintersport", "zon"} {
			f := akkoord.Filter{Kind: akkoord.FilterLearned, Text: topic}
			got, err := a.CountSegment(ctx, a.News.ID, f)
			noError(rt, err)
			if got != want[topic] {
				rt.Fatalf("%d people in SQL like %s, %d by the rule, after %d", got, topic, want[topic], after)
			}
			a.countsAlike(rt, f)
			a.countsAlike(rt, akkoord.Filter{Kind: akkoord.FilterNot, Of: []akkoord.Filter{f}})
		}
	})
}
