package storetest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"akkoord"
)

// actsPerRun times rapid's hundred runs makes five thousand acts.
const actsPerRun = 50

// testRandomActs plays people who do anything in any order, and holds what
// the store says of them against the fold of their ledger.
func testRandomActs(t *testing.T, open Open) {
	a := newAgency(t, open)
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		crowd := make([]*visitor, 4)
		for i := range crowd {
			crowd[i] = newVisitor(a, email(t, fmt.Sprintf("p%d.%d@voorbeeld.example", run, i)))
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
	a.daysAddUp(t)
}

func newVisitor(a *Agency, e akkoord.Email) *visitor {
	return &visitor{Agency: a, email: e, against: map[akkoord.SuppressionKind]bool{}}
}

// Live plays acts of one person at random, the last of which is a sign-up, and
// gives who they are then.
func (a *Agency) Live(rt *rapid.T, e akkoord.Email, n int) akkoord.Standing {
	v := newVisitor(a, e)
	for range n {
		acts[rapid.SampledFrom(actNames).Draw(rt, "act")](rt, v)
	}
	acts["sign up"](rt, v)
	st, err := v.StandingByEmail(rt.Context(), v.email)
	noError(rt, err)
	return st
}

var actNames = slices.Sorted(maps.Keys(acts))

var acts = map[string]func(*rapid.T, *visitor){
	"sign up": func(rt *rapid.T, v *visitor) {
		ticked := rapid.SampledFrom([][]akkoord.Purpose{{v.News}, {v.Ski}, {v.News, v.Ski}}).Draw(rt, "purposes")
		v.first = v.request
		in := v.signUp(v.email, ticked...)
		if rapid.Bool().Draw(rt, "whole address") {
			in.Origin = fullIP(in.Origin)
		}
		in.Tracking = rapid.SampledFrom([]string{"", "", "You may count my clicks."}).Draw(rt, "box about clicks")
		noError(rt, v.SignUp(rt.Context(), in))
		st, err := v.StandingByEmail(rt.Context(), v.email)
		noError(rt, err)
		v.person = st.Subscriber
		for _, p := range ticked {
			v.request = st.Subscription(p.ID).Request
		}
	},
	"confirm":       func(rt *rapid.T, v *visitor) { v.confirm(rt, v.request) },
	"confirm first": func(rt *rapid.T, v *visitor) { v.confirm(rt, v.first) },
	"leave": func(rt *rapid.T, v *visitor) {
		scope := rapid.SampledFrom([]akkoord.Scope{akkoord.ScopeCampaign, akkoord.ScopePurpose, akkoord.ScopeAll}).Draw(rt, "scope")
		left, err := v.Leave(rt.Context(), v.link(v.request), scope, byLink)
		noError(rt, err)
		if left.New {
			v.left, v.scope = left.At, scope
			if scope == akkoord.ScopeAll {
				v.against[akkoord.SuppressedUnsubscribed] = true
			}
		}
	},
	"leave purposes": func(rt *rapid.T, v *visitor) {
		noError(rt, v.LeavePurposes(rt.Context(), v.link(v.request), []int64{v.Ski.ID, v.News.ID}, byLink))
	},
	"undo": func(rt *rapid.T, v *visitor) {
		link := v.link(v.request)
		link.At = v.left
		did, err := v.Undo(rt.Context(), link, byLink)
		noError(rt, err)
		if did && v.scope == akkoord.ScopeAll {
			v.against[akkoord.SuppressedUnsubscribed] = false
		}
	},
	"not me": func(rt *rapid.T, v *visitor) { noError(rt, v.NotMe(rt.Context(), v.link(v.request), byLink)) },
	"end by staff": func(rt *rapid.T, v *visitor) {
		gone(rt, v.Withdraw(rt.Context(), v.person.PublicID, v.News.ID, "asked for by phone", byAdmin))
	},
	"basis by hand": func(rt *rapid.T, v *visitor) {
		basis := rapid.SampledFrom([]akkoord.Basis{akkoord.BasisExistingCustomer, akkoord.BasisContract}).Draw(rt, "basis")
		err := v.SetBasis(rt.Context(), v.person.PublicID, v.News.Slug, customer(basis))
		if akkoord.KindOf(err) != akkoord.Conflict {
			gone(rt, err)
		}
	},
	"import": func(rt *rapid.T, v *visitor) {
		if !rarely(rt) { // several commits
			return
		}
		basis := rapid.SampledFrom([]akkoord.Basis{akkoord.BasisConsent, akkoord.BasisContract}).Draw(rt, "basis")
		proof := rapid.SampledFrom([]string{"", "2026-06-01T10:00:00Z"}).Draw(rt, "proof")
		v.file(rt, basis, "email,name,confirmed_at\n"+v.email.Address()+",Bram,"+proof+"\n")
	},
	"told by a file": func(rt *rapid.T, v *visitor) {
		if !rarely(rt) {
			return
		}
		status := rapid.SampledFrom([]string{"unsubscribed", "bounced", "spam"}).Draw(rt, "status")
		v.file(rt, akkoord.BasisConsent, "email,status\n"+v.email.Address()+","+status+"\n")
		switch status {
		case "bounced":
			v.against[akkoord.SuppressedHardBounce] = true
		case "spam":
			v.against[akkoord.SuppressedComplaint] = true
		}
	},
	"erase": func(rt *rapid.T, v *visitor) {
		if !rarely(rt) {
			return
		}
		st, err := v.StandingByEmail(rt.Context(), v.email)
		noError(rt, err)
		if st.Subscriber.ID == 0 {
			return
		}
		noError(rt, second(v.Erase(rt.Context(), st.Subscriber.PublicID, "asked for", byAdmin)))
		v.against[akkoord.SuppressedErased] = true
	},
	"resend": func(rt *rapid.T, v *visitor) { noError(rt, v.Resend(rt.Context(), v.link(v.request))) },
	"rename": func(rt *rapid.T, v *visitor) {
		name := rapid.StringOfN(rapid.RuneFrom([]rune("aZé’-Ж🎿")), 0, 20, -1).Draw(rt, "name") // a filter would give up on whole runs
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
	"learn": func(rt *rapid.T, v *visitor) {
		v.learnAfter(rt, 1)
		yes := rapid.Bool().Draw(rt, "yes")
		if err := v.Learn(rt.Context(), v.person.PublicID, v.News.ID, yes, learnWords, byLink); akkoord.CodeOf(err) != "learning_untracked" {
			gone(rt, err)
		}
	},
	"change address": func(rt *rapid.T, v *visitor) {
		v.moves++
		to, err := akkoord.ParseEmail(fmt.Sprintf("n%d.%s", v.moves, v.email.Address()))
		noError(rt, err)
		err = v.AskAddress(rt.Context(), v.person.PublicID, to, "", akkoord.Origin{Actor: akkoord.ActorPerson, Locale: "nl"})
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
			v.against[akkoord.SuppressedHardBounce] = false // that was the old mailbox
		}
	},
	"keep": func(rt *rapid.T, v *visitor) {
		noError(rt, second(v.Keep(rt.Context(), akkoord.Link{Subscriber: v.person.PublicID, Purpose: v.News.ID}, byLink)))
	},
	"retain": func(rt *rapid.T, v *visitor) {
		v.Clock.Move(rapid.SampledFrom([]time.Duration{0, 15 * oneDay, 366 * oneDay}).Draw(rt, "time"))
		_, _, err := v.Retain(rt.Context())
		noError(rt, err)
		due, err := v.ClaimSystem(rt.Context(), 1000)
		noError(rt, err)
		for _, d := range due {
			noError(rt, v.SettleSystem(rt.Context(), akkoord.SystemResult{ID: d.ID, Fence: d.Fence, Done: true, Code: "250"}))
		}
		noError(rt, second(v.ForgetOutlived(rt.Context(), 1000)))
	},
	"expire": func(rt *rapid.T, v *visitor) { noError(rt, second(v.ExpirePending(rt.Context(), 1000))) },
}

func rarely(rt *rapid.T) bool { return rapid.IntRange(0, 3).Draw(rt, "rarely") == 0 }

func (v *visitor) confirm(rt *rapid.T, request akkoord.ID) {
	asked, err := v.Confirm(rt.Context(), v.link(request), byLink)
	noError(rt, err)
	if asked.Answer == akkoord.AnswerConfirmed {
		clear(v.against)
	}
}

// file imports a row, which may put somebody on record.
func (v *visitor) file(rt *rapid.T, basis akkoord.Basis, file string) {
	i, err := v.BeginImport(rt.Context(), v.spec(basis), akkoord.ImportFile{Size: int64(len(file)), Digest: [32]byte{1}})
	noError(rt, err)
	noError(rt, second(v.RunImport(rt.Context(), i.PublicID, strings.NewReader(file), nil)))
	st, err := v.StandingByEmail(rt.Context(), v.email)
	noError(rt, err)
	if st.Subscriber.ID != 0 {
		v.person = st.Subscriber
	}
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
		v.gate(rt, after, nil, false)
		return
	}
	events, err := v.Events(rt.Context(), st.Subscriber.ID)
	noError(rt, err)
	subscriptions, left := fold(events)
	// That the purpose's basis is kept with each consent is no fold of the ledger, nor are questions.
	if diff := cmp.Diff(subscriptions, st.Subscriptions, cmpopts.IgnoreFields(akkoord.Subscription{}, "Basis", "Ground", "Asked", "Reminded")); diff != "" {
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
	v.gate(rt, after, subscriptions, paused)
}

// gate holds the gate's answers against a naive model (M1): active by the
// ledger, no pause, and nothing against the person that their own confirmation
// has not ended since.
func (v *visitor) gate(rt *rapid.T, after string, folded []akkoord.Subscription, paused bool) {
	for _, p := range []akkoord.Purpose{v.News, v.Ski} {
		want := !paused && slices.ContainsFunc(folded, func(s akkoord.Subscription) bool { return s.PurposeID == p.ID && s.State == akkoord.Active })
		for _, against := range v.against {
			want = want && !against
		}
		got, err := v.Gate(rt.Context(), v.email, p.Slug, nil)
		noError(rt, err)
		if got.Allowed != want {
			rt.Fatalf("after %q the gate of %s says %+v, the model %v, with %v against", after, p.Slug, got, want, v.against)
		}
	}
}

// proven gives when a file says that somebody consented, by the proof that the
// ledger's line keeps.
func proven(e akkoord.Event) time.Time {
	var proof struct {
		At time.Time `json:"confirmed_at"`
	}
	_ = json.Unmarshal([]byte(e.Evidence.Imported), &proof) // no proof, no time
	return proof.At
}

// fold gives the standing that a person's events come to, written anew from
// the words of the ledger and not from the rules under test.
func fold(events []akkoord.Event) ([]akkoord.Subscription, []int64) {
	subs := map[int64]akkoord.Subscription{}
	asked := map[int64]string{} // what the form of a sign-up that was just confirmed had ticked about clicks
	var left []int64
	for _, e := range events {
		if e.PurposeID == 0 { // of the person as a whole
			continue
		}
		sub := subs[e.PurposeID]
		sub.PurposeID = e.PurposeID
		switch e.Kind {
		case akkoord.TrackingOn, akkoord.TrackingOff:
			sub.Tracking, sub.Learning = time.Time{}, time.Time{}
			if box := e.Evidence.Tracking; e.Kind == akkoord.TrackingOn && (box == "" || box == asked[e.PurposeID]) {
				sub.Tracking = e.At // said on the preferences page, or ticked on the form and confirmed
			}
			subs[e.PurposeID] = sub
			continue
		case akkoord.LearningOn, akkoord.LearningOff:
			sub.Learning = time.Time{}
			if e.Kind == akkoord.LearningOn && !sub.Tracking.IsZero() {
				sub.Learning = e.At
			}
			subs[e.PurposeID] = sub
			continue
		case akkoord.BasisChanged:
			if sub.State != akkoord.Active {
				sub.State, sub.Since, sub.Agreed, sub.Locale = akkoord.Active, e.At, e.At, e.Locale
			}
			subs[e.PurposeID] = sub
			continue
		case akkoord.Renewed:
			sub.Renewed = e.At
			subs[e.PurposeID] = sub
			continue
		case akkoord.CampaignLeft, akkoord.CampaignBack:
		default:
			sub.Tracking, sub.Learning, sub.Renewed = time.Time{}, time.Time{}, time.Time{}
		}
		was := sub
		if e.Kind != akkoord.CampaignLeft && e.Kind != akkoord.CampaignBack {
			asked[e.PurposeID], sub.TrackingAsked = "", ""
		}
		sub.Since, sub.WasActive = e.At, time.Time{}
		if was.State == akkoord.Active {
			sub.WasActive = was.Since
		}
		switch e.Kind {
		case akkoord.Requested:
			sub.State, sub.Request, sub.Version, sub.Origin, sub.Locale, sub.WasActive = akkoord.Pending, e.Request, e.WordingVersion, e.FormVersionID, e.Locale, time.Time{}
			sub.TrackingAsked = e.Evidence.Tracking
		case akkoord.Confirmed:
			asked[e.PurposeID] = was.TrackingAsked
			sub.State = akkoord.Active
			if sub.Agreed.IsZero() {
				sub.Agreed = e.At
			}
		case akkoord.Imported:
			if given := proven(e); !given.IsZero() {
				sub.Since = given
			}
			sub.State, sub.Agreed, sub.Request, sub.Locale = akkoord.Active, sub.Since, e.Request, e.Locale
		case akkoord.ImportedHeld:
			sub.State, sub.Request, sub.Locale = akkoord.Held, e.Request, e.Locale
		case akkoord.Withdrew, akkoord.Objected, akkoord.Refused:
			if was.State == "" { // an opt-out of a file
				sub.Request, sub.Locale = e.Request, e.Locale
			}
			sub.State = akkoord.Withdrawn
		case akkoord.Expiry:
			sub.State = akkoord.Lapsed
		case akkoord.Reinstated:
			sub.State, sub.Since, sub.Renewed = akkoord.Active, was.WasActive, e.At
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
