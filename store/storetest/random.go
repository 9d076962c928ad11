package storetest

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"akkoord"
)

// actsPerRun times rapid's hundred runs makes ten thousand acts.
const actsPerRun = 100

// testRandomActs plays people who do anything in any order, and holds what
// the store says of them against the fold of their ledger.
func testRandomActs(t *testing.T, open Open) {
	a := newAgency(t, open)
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		crowd := make([]*visitor, 4)
		for i := range crowd {
			crowd[i] = &visitor{Agency: a, email: email(t, fmt.Sprintf("p%d.%d@voorbeeld.example", run, i))}
		}
		for range actsPerRun {
			v := crowd[rapid.IntRange(0, len(crowd)-1).Draw(rt, "person")]
			name := rapid.SampledFrom(actNames).Draw(rt, "act")
			acts[name](rt, v)
			v.compare(rt, name)
		}
		for _, v := range crowd { // time passes for all of them at once
			v.compare(rt, "the end")
		}
	})
	if _, err := a.VerifyLedger(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

var actNames = slices.Sorted(maps.Keys(acts))

var acts = map[string]func(*rapid.T, *visitor){
	"sign up": func(rt *rapid.T, v *visitor) {
		ticked := rapid.SampledFrom([][]akkoord.Purpose{{v.News}, {v.Ski}, {v.News, v.Ski}}).Draw(rt, "purposes")
		v.first = v.request
		noError(rt, v.SignUp(rt.Context(), v.signUp(v.email, ticked...)))
		st, err := v.StandingByEmail(rt.Context(), v.email)
		noError(rt, err)
		v.person = st.Subscriber
		for _, p := range ticked {
			v.request = st.Subscription(p.ID).Request
		}
	},
	"confirm":       func(rt *rapid.T, v *visitor) { noError(rt, second(v.Confirm(rt.Context(), v.link(v.request), byLink))) },
	"confirm first": func(rt *rapid.T, v *visitor) { noError(rt, second(v.Confirm(rt.Context(), v.link(v.first), byLink))) },
	"leave": func(rt *rapid.T, v *visitor) {
		scope := rapid.SampledFrom([]akkoord.Scope{akkoord.ScopeCampaign, akkoord.ScopePurpose, akkoord.ScopeAll}).Draw(rt, "scope")
		left, err := v.Leave(rt.Context(), v.link(v.request), scope, byLink)
		noError(rt, err)
		if left.New {
			v.left = left.At
		}
	},
	"leave purposes": func(rt *rapid.T, v *visitor) {
		noError(rt, v.LeavePurposes(rt.Context(), v.link(v.request), []int64{v.Ski.ID, v.News.ID}, byLink))
	},
	"undo": func(rt *rapid.T, v *visitor) {
		link := v.link(v.request)
		link.At = v.left
		noError(rt, second(v.Undo(rt.Context(), link, byLink)))
	},
	"not me": func(rt *rapid.T, v *visitor) { noError(rt, v.NotMe(rt.Context(), v.link(v.request), byLink)) },
	"resend": func(rt *rapid.T, v *visitor) { noError(rt, v.Resend(rt.Context(), v.link(v.request))) },
	"rename": func(rt *rapid.T, v *visitor) {
		name := rapid.StringN(0, 20, 80).Filter(func(s string) bool { return akkoord.CheckLine("name", s, 80) == nil }).Draw(rt, "name")
		gone(rt, v.SetProfile(rt.Context(), v.person.PublicID, akkoord.Profile{Name: &name}, byLink))
	},
	"wait": func(rt *rapid.T, v *visitor) {
		v.Clock.Move(rapid.SampledFrom([]time.Duration{time.Second, 2 * time.Hour, 25 * time.Hour, 8 * 24 * time.Hour, 15 * 24 * time.Hour}).Draw(rt, "time"))
	},
	"pause": func(rt *rapid.T, v *visitor) {
		gone(rt, v.Pause(rt.Context(), v.person.PublicID, rapid.SampledFrom(akkoord.PauseMonths).Draw(rt, "months"), byLink))
	},
	"resume": func(rt *rapid.T, v *visitor) { gone(rt, v.Resume(rt.Context(), v.person.PublicID, byLink)) },
	"track": func(rt *rapid.T, v *visitor) {
		gone(rt, v.Track(rt.Context(), v.person.PublicID, v.News.ID, rapid.Bool().Draw(rt, "yes"), byLink))
	},
	"change address": func(rt *rapid.T, v *visitor) {
		v.moves++
		to, err := akkoord.ParseEmail(fmt.Sprintf("n%d.%s", v.moves, v.email.Address()))
		noError(rt, err)
		err = v.AskAddress(rt.Context(), v.person.PublicID, to, "nl")
		if akkoord.KindOf(err) == akkoord.TooMany {
			return
		}
		gone(rt, err)
		due, err := v.ClaimSystem(rt.Context(), 1000)
		noError(rt, err)
		for _, d := range due {
			if d.Mail != akkoord.MailAddress || d.Recipient() != to {
				continue
			}
			c, err := v.ChangeAddress(rt.Context(), akkoord.Link{Subscriber: v.person.PublicID, Request: d.Request}, byLink)
			noError(rt, err)
			if c.Answer != akkoord.AnswerConfirmed {
				rt.Fatalf("a new address is %s", c.Answer)
			}
			v.email = to
		}
	},
	"expire": func(rt *rapid.T, v *visitor) { noError(rt, second(v.ExpirePending(rt.Context(), 1000))) },
}

// gone lets an act fail because the person is not there.
func gone(rt *rapid.T, err error) {
	if err != nil && akkoord.KindOf(err) != akkoord.NotFound {
		rt.Fatal(err)
	}
}

func noError(rt *rapid.T, err error) {
	if err != nil {
		rt.Fatal(err)
	}
}

// compare holds a person's standing against the fold of their ledger.
func (v *visitor) compare(rt *rapid.T, after string) {
	st, err := v.StandingByEmail(rt.Context(), v.email)
	noError(rt, err)
	if st.Subscriber.ID == 0 {
		if len(st.Subscriptions)+len(st.Left) > 0 {
			rt.Fatalf("after %q somebody who is gone has a standing", after)
		}
		return
	}
	events, err := v.Events(rt.Context(), st.Subscriber.ID)
	noError(rt, err)
	subscriptions, left := fold(events)
	// That the purpose's basis is kept with each consent is no fold of the ledger.
	if diff := cmp.Diff(subscriptions, st.Subscriptions, cmpopts.IgnoreFields(akkoord.Subscription{}, "Basis")); diff != "" {
		rt.Fatalf("after %q the standing is not the fold of the ledger (-fold +standing):\n%s", after, diff)
	}
	slices.Sort(left)
	slices.Sort(st.Left)
	if !slices.Equal(left, st.Left) {
		rt.Fatalf("after %q the campaigns left are %v, by the ledger %v", after, st.Left, left)
	}
	now := v.Clock.Now()
	if last := events[len(events)-1].At; last.After(now) { // the writer's time goes on from line to line
		now = last
	}
	paused := akkoord.PausedAt(events, now)
	if paused != st.PausedUntil.After(now) {
		rt.Fatalf("after %q the ledger says %v of a pause, and it is until %v", after, paused, st.PausedUntil)
	}
	for _, sub := range st.Subscriptions {
		if paused && akkoord.Gate(st.Facts(sub.PurposeID, 0, "", now)).Allowed {
			rt.Fatalf("after %q somebody who pauses may be mailed", after)
		}
		if sub.State == akkoord.Active && st.Suppressed(akkoord.SuppressedUnsubscribed) && akkoord.Gate(st.Facts(sub.PurposeID, 0, "", now)).Allowed {
			rt.Fatalf("after %q somebody who left everything may be mailed", after)
		}
	}
}

// fold gives the standing that a person's events come to, written anew from
// the words of the ledger and not from the rules under test.
func fold(events []akkoord.Event) ([]akkoord.Subscription, []int64) {
	subs := map[int64]akkoord.Subscription{}
	var left []int64
	for _, e := range events {
		if e.PurposeID == 0 { // of the person as a whole
			continue
		}
		sub := subs[e.PurposeID]
		sub.PurposeID = e.PurposeID
		switch e.Kind {
		case akkoord.TrackingOn, akkoord.TrackingOff:
			sub.Tracking = time.Time{}
			if e.Kind == akkoord.TrackingOn {
				sub.Tracking = e.At
			}
			subs[e.PurposeID] = sub
			continue
		case akkoord.CampaignLeft, akkoord.CampaignBack:
		default:
			sub.Tracking = time.Time{}
		}
		was := sub
		sub.Since, sub.WasActive = e.At, time.Time{}
		if was.State == akkoord.Active {
			sub.WasActive = was.Since
		}
		switch e.Kind {
		case akkoord.Requested:
			sub.State, sub.Request, sub.Version, sub.Origin, sub.Locale = akkoord.Pending, e.Request, e.WordingVersion, e.FormVersionID, e.Locale
		case akkoord.Confirmed:
			sub.State = akkoord.Active
			if sub.Agreed.IsZero() {
				sub.Agreed = e.At
			}
		case akkoord.Withdrew, akkoord.Objected, akkoord.Refused:
			sub.State = akkoord.Withdrawn
		case akkoord.Expiry:
			sub.State = akkoord.Lapsed
		case akkoord.Reinstated:
			sub.State, sub.Since = akkoord.Active, was.WasActive
		case akkoord.CampaignLeft:
			left = append(left, e.CampaignID)
			continue
		case akkoord.CampaignBack:
			left = slices.DeleteFunc(left, func(id int64) bool { return id == e.CampaignID })
			continue
		}
		subs[e.PurposeID] = sub
	}
	var out []akkoord.Subscription
	for _, id := range slices.Sorted(maps.Keys(subs)) {
		out = append(out, subs[id])
	}
	return out, left
}
