package akkoord

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const (
	news int64 = 1
	ski  int64 = 2
)

func id(n byte) ID { return ID{15: n} }

func purpose(n int64) Purpose { return Purpose{ID: n, Version: 1, Basis: BasisConsent} }

func person(subs ...Subscription) Standing {
	return Standing{Subscriber: Subscriber{ID: 7, Email: Email{"anouk", "voorbeeld.example"}}, Subscriptions: subs}
}

func pending(p int64, request byte, since time.Time) Subscription {
	return Subscription{PurposeID: p, State: Pending, Since: since, Basis: BasisConsent, Request: id(request), Version: 1, Locale: "nl"}
}

func active(p int64, request byte, since time.Time) Subscription {
	s := pending(p, request, since)
	s.State, s.Agreed = Active, since
	return s
}

// again makes a subscription of somebody who had agreed once, and left.
func again(s Subscription) Subscription {
	s.Agreed = noon.Add(-365 * 24 * time.Hour)
	return s
}

// act is what a change says, short enough for a table.
type act struct {
	Purpose int64
	Kind    EventKind
	State   State
}

func acts(c Change) []act {
	var out []act
	for i, e := range c.Events {
		a := act{Purpose: e.PurposeID, Kind: e.Kind}
		if i < len(c.Subscriptions) {
			a.State = c.Subscriptions[i].State
		}
		out = append(out, a)
	}
	return out
}

// M2, M4, M6, F.13: a sign-up asks once per purpose, repeats nothing, takes
// nothing back, and always leaves one row in the outbox.
func TestSignUp(t *testing.T) {
	tests := map[string]struct {
		standing Standing
		purposes []int64
		want     []act
		request  byte // of the outbox row
	}{
		"new":                            {person(), []int64{news, ski}, []act{{news, Requested, Pending}, {ski, Requested, Pending}}, 9},
		"same again within a day":        {person(pending(news, 1, noon.Add(-time.Hour))), []int64{news}, nil, 1},
		"same again after a day":         {person(pending(news, 1, noon.Add(-25*time.Hour))), []int64{news}, []act{{news, Requested, Pending}}, 9},
		"one more purpose":               {person(pending(news, 1, noon)), []int64{news, ski}, []act{{news, Requested, Pending}, {ski, Requested, Pending}}, 9},
		"one purpose fewer":              {person(pending(news, 1, noon), pending(ski, 1, noon)), []int64{news}, []act{{news, Requested, Pending}}, 9},
		"active stays active":            {person(active(news, 1, noon)), []int64{news}, nil, 9},
		"active and a new one":           {person(active(news, 1, noon)), []int64{news, ski}, []act{{ski, Requested, Pending}}, 9},
		"withdrawn asks anew":            {person(pending(news, 1, noon).end(Withdrawn, noon)), []int64{news}, []act{{news, Requested, Pending}}, 9},
		"active, the rest pending alike": {person(active(news, 1, noon), pending(ski, 2, noon)), []int64{news, ski}, nil, 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := Request{ID: id(9), Origin: Origin{Locale: "nl"}}
			for _, p := range tt.purposes {
				r.Purposes = append(r.Purposes, purpose(p))
			}
			c := tt.standing.SignUp(r, noon)
			if d := cmp.Diff(tt.want, acts(c)); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff([]Message{{Request: id(tt.request), Locale: "nl"}}, c.Messages); d != "" {
				t.Error(d)
			}
			for _, s := range c.Subscriptions {
				if s.Request != id(tt.request) {
					t.Errorf("purpose %d waits for request %v, the mail has %v", s.PurposeID, s.Request, id(tt.request))
				}
			}
		})
	}
}

// M4: new wording is a new question.
func TestSignUpWithNewWordingAsksAnew(t *testing.T) {
	p := purpose(news)
	p.Version = 2
	c := person(pending(news, 1, noon)).SignUp(Request{ID: id(9), Purposes: []Purpose{p}, Origin: Origin{Locale: "nl"}}, noon)
	if len(c.Subscriptions) != 1 || c.Subscriptions[0].Version != 2 {
		t.Errorf("%+v", c)
	}
}

// M6, F.9–F.11: consent starts with the first press of the button of the
// newest mail, and an old link revives nothing.
func TestConfirm(t *testing.T) {
	tests := map[string]struct {
		standing Standing
		after    time.Duration
		want     Answer
		acts     []act
	}{
		"first press":                  {person(pending(news, 1, noon)), time.Hour, AnswerConfirmed, []act{{news, Confirmed, Active}}},
		"two purposes, one press":      {person(pending(news, 1, noon), pending(ski, 1, noon)), 0, AnswerConfirmed, []act{{news, Confirmed, Active}, {ski, Confirmed, Active}}},
		"only what was asked":          {person(pending(news, 1, noon), pending(ski, 2, noon)), 0, AnswerConfirmed, []act{{news, Confirmed, Active}}},
		"second press":                 {person(active(news, 1, noon)), time.Hour, AnswerAlready, nil},
		"a newer mail":                 {person(pending(news, 2, noon)), 0, AnswerSuperseded, nil},
		"withdrawn since":              {person(active(news, 1, noon).end(Withdrawn, noon)), time.Hour, AnswerNone, nil},
		"refused since":                {person(pending(news, 1, noon).end(Withdrawn, noon)), time.Hour, AnswerNone, nil},
		"expired":                      {person(pending(news, 1, noon)), 15 * 24 * time.Hour, AnswerNone, nil},
		"nobody":                       {Standing{}, 0, AnswerNone, nil},
		"active by an earlier request": {person(active(news, 2, noon)), 0, AnswerNone, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, subs, answer := tt.standing.Confirm(id(1), Origin{Source: "confirm"}, noon.Add(tt.after))
			if answer != tt.want {
				t.Errorf("answer %s, want %s", answer, tt.want)
			}
			if d := cmp.Diff(tt.acts, acts(c)); d != "" {
				t.Error(d)
			}
			if (answer == AnswerConfirmed || answer == AnswerAlready) != (len(subs) > 0) {
				t.Errorf("%d purposes with answer %s", len(subs), answer)
			}
		})
	}
}

// I.5: the person's own new confirmation lifts what stood against the
// address, but "this was not me" stays.
func TestConfirmLiftsSuppressions(t *testing.T) {
	s := person(pending(news, 1, noon))
	s.Suppressions = []SuppressionKind{SuppressedBlocked, SuppressedErased, SuppressedUnsubscribed}
	c, _, _ := s.Confirm(id(1), Origin{}, noon)
	if d := cmp.Diff([]SuppressionKind{SuppressedUnsubscribed, SuppressedErased}, c.Lift); d != "" {
		t.Error(d)
	}
}

// M13, C.8, C.10: leaving one campaign, one purpose, everything; again is no
// second act.
func TestLeave(t *testing.T) {
	both := person(active(news, 1, noon), active(ski, 1, noon))
	left := both
	left.Left = []int64{5}
	tests := map[string]struct {
		standing Standing
		scope    Scope
		want     []act
		leave    []int64
		suppress []SuppressionKind
	}{
		"campaign":         {both, ScopeCampaign, []act{{Purpose: news, Kind: CampaignLeft}}, []int64{5}, nil},
		"campaign again":   {left, ScopeCampaign, nil, nil, nil},
		"purpose":          {both, ScopePurpose, []act{{news, Withdrew, Withdrawn}}, nil, nil},
		"purpose again":    {person(active(news, 1, noon).end(Withdrawn, noon)), ScopePurpose, nil, nil, nil},
		"pending purpose":  {person(pending(news, 1, noon)), ScopePurpose, []act{{news, Withdrew, Withdrawn}}, nil, nil},
		"purpose unknown":  {person(), ScopePurpose, nil, nil, nil},
		"everything":       {both, ScopeAll, []act{{news, Withdrew, Withdrawn}, {ski, Withdrew, Withdrawn}}, nil, []SuppressionKind{SuppressedUnsubscribed}},
		"everything, left": {person(active(news, 1, noon).end(Withdrawn, noon)), ScopeAll, []act{{0, Withdrew, ""}}, nil, []SuppressionKind{SuppressedUnsubscribed}},
		"everything again": {Standing{Suppressions: []SuppressionKind{SuppressedUnsubscribed}}, ScopeAll, nil, nil, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := tt.standing.Leave(tt.scope, news, 5, Origin{Campaign: 5}, noon)
			if d := cmp.Diff(tt.want, acts(c)); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(tt.leave, c.Leave); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(tt.suppress, c.Suppress); d != "" {
				t.Error(d)
			}
			for _, e := range c.Events {
				if e.CampaignID != 5 {
					t.Errorf("the act %s does not say which campaign's mail it came from", e.Kind)
				}
			}
		})
	}
}

// P15: a leaving can be taken back at once, to what was there before, and not
// later.
func TestUndo(t *testing.T) {
	since := noon.Add(-30 * 24 * time.Hour)
	gone := person(active(news, 1, since).end(Withdrawn, noon), pending(ski, 2, since).end(Withdrawn, noon))
	tests := map[string]struct {
		standing Standing
		at       time.Time
		after    time.Duration
		want     []act
	}{
		"at once":          {gone, noon, time.Minute, []act{{news, Reinstated, Active}}},
		"too late":         {gone, noon, 61 * time.Minute, nil},
		"another leaving":  {gone, noon.Add(time.Microsecond), time.Minute, nil},
		"nothing was left": {person(active(news, 1, since)), noon, time.Minute, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := tt.standing.Undo(tt.at, Origin{}, noon.Add(tt.after))
			if d := cmp.Diff(tt.want, acts(c)); d != "" {
				t.Error(d)
			}
			for _, s := range c.Subscriptions {
				if !s.Since.Equal(since) || s.Request != id(1) {
					t.Errorf("the consent is not the one from before: %+v", s)
				}
			}
		})
	}
}

// F.15: "not me" drops what is pending, blocks further mail, and forgets a
// person of whom nothing else is on record.
func TestNotMe(t *testing.T) {
	tests := map[string]struct {
		standing Standing
		want     []act
		forget   bool
	}{
		"stranger":        {person(pending(news, 1, noon)), []act{{news, Refused, Withdrawn}}, true},
		"confirmed by it": {person(active(news, 1, noon)), []act{{news, Refused, Withdrawn}}, true},
		"agreed before":   {person(again(pending(news, 1, noon))), []act{{news, Refused, Withdrawn}}, false},
		"one of two":      {person(active(news, 1, noon), active(ski, 2, noon)), []act{{news, Refused, Withdrawn}}, false},
		"subscriber":      {person(active(news, 3, noon), pending(ski, 2, noon)), []act{{ski, Refused, Withdrawn}}, false},
		"has left before": {person(active(news, 1, noon).end(Withdrawn, noon), pending(ski, 2, noon)), []act{{ski, Refused, Withdrawn}}, false},
		"nothing of it":   {person(active(news, 3, noon)), nil, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := tt.standing.NotMe(id(1), Origin{}, noon)
			if d := cmp.Diff(tt.want, acts(c)); d != "" {
				t.Error(d)
			}
			if c.Forget != tt.forget || (len(c.Suppress) == 1) != (len(tt.want) > 0) {
				t.Errorf("forget %v, suppress %v", c.Forget, c.Suppress)
			}
		})
	}
}

// F.12: what nobody confirmed is gone after fourteen days.
func TestExpire(t *testing.T) {
	old := noon.Add(-Limits.PendingWindow)
	tests := map[string]struct {
		standing Standing
		left     bool
		want     []act
		forget   bool
	}{
		"never confirmed":     {person(pending(news, 1, old)), false, []act{{news, Expiry, Lapsed}}, true},
		"left before (P15)":   {person(pending(news, 1, old)), true, []act{{news, Expiry, Lapsed}}, false},
		"agreed before":       {person(again(pending(news, 1, old))), true, []act{{news, Expiry, Lapsed}}, false},
		"one day left":        {person(pending(news, 1, old.Add(time.Hour))), true, nil, false},
		"active elsewhere":    {person(active(news, 1, old), pending(ski, 2, old)), true, []act{{ski, Expiry, Lapsed}}, false},
		"a newer one pending": {person(pending(news, 1, old), pending(ski, 2, noon)), false, []act{{news, Expiry, Lapsed}}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := tt.standing.Expire(tt.left, noon)
			if d := cmp.Diff(tt.want, acts(c)); d != "" {
				t.Error(d)
			}
			if c.Forget != tt.forget {
				t.Errorf("forget %v", c.Forget)
			}
		})
	}
}

// M1: every reason to say no, and its code.
func TestGate(t *testing.T) {
	yes := Facts{Known: true, State: Active, Mailing: MailingSending}
	with := func(f func(*Facts)) Facts { out := yes; f(&out); return out }
	tests := map[string]Facts{
		"":                  yes,
		"unknown":           with(func(f *Facts) { f.Known = false }),
		"pending":           with(func(f *Facts) { f.State = Pending }),
		"withdrawn":         with(func(f *Facts) { f.State = Withdrawn }),
		"expired":           with(func(f *Facts) { f.State = Lapsed }),
		"no_consent":        with(func(f *Facts) { f.State = Never }),
		"left_campaign":     with(func(f *Facts) { f.LeftCampaign = true }),
		"objected":          with(func(f *Facts) { f.Suppressions = []SuppressionKind{SuppressedObjection} }),
		"erased":            with(func(f *Facts) { f.Suppressions = []SuppressionKind{SuppressedErased} }),
		"complained":        with(func(f *Facts) { f.Suppressions = []SuppressionKind{SuppressedBlocked, SuppressedComplaint} }),
		"bounced":           with(func(f *Facts) { f.Suppressions = []SuppressionKind{SuppressedHardBounce} }),
		"unsubscribed":      with(func(f *Facts) { f.Suppressions = []SuppressionKind{SuppressedUnsubscribed} }),
		"mailing_paused":    with(func(f *Facts) { f.Mailing = MailingPaused }),
		"mailing_cancelled": with(func(f *Facts) { f.Mailing = MailingCancelled }),
	}
	for code, facts := range tests {
		t.Run(code, func(t *testing.T) {
			v := Gate(facts)
			if v.Code != code || v.Allowed != (code == "") || v.Allowed == (v.Reason != "") {
				t.Errorf("Gate(%+v) = %+v, want code %q", facts, v, code)
			}
		})
	}
	blocked := with(func(f *Facts) { f.Suppressions = []SuppressionKind{SuppressedBlocked} })
	if v := Gate(blocked); !v.Allowed {
		t.Errorf("\"not me\" about one sign-up stops what the person confirmed: %+v", v)
	}
}

// P14, F.14, B.15, F.15: what mail a sign-up causes.
func TestSignUpMail(t *testing.T) {
	blocked := person(pending(news, 1, noon))
	blocked.Suppressions = []SuppressionKind{SuppressedBlocked}
	role := person(pending(news, 1, noon))
	role.Subscriber.Email = Email{"Postmaster", "x.example"}
	tests := map[string]struct {
		standing Standing
		recent   int
		told     time.Time
		want     SystemMail
		code     string
	}{
		"pending":               {person(pending(news, 1, noon)), 0, time.Time{}, MailConfirm, ""},
		"third of the day":      {person(pending(news, 1, noon)), 2, time.Time{}, MailConfirm, ""},
		"fourth of the day":     {person(pending(news, 1, noon)), 3, time.Time{}, MailNone, "mailbox_limit"},
		"superseded":            {person(pending(news, 2, noon)), 0, time.Time{}, MailNone, "superseded"},
		"subscribed":            {person(active(news, 2, noon)), 0, time.Time{}, MailAlready, ""},
		"subscribed and told":   {person(active(news, 2, noon)), 0, noon.Add(-time.Hour), MailNone, "told_already"},
		"confirmed meanwhile":   {person(active(news, 1, noon)), 0, time.Time{}, MailNone, "confirmed"},
		"withdrawn meanwhile":   {person(pending(news, 1, noon).end(Withdrawn, noon)), 0, time.Time{}, MailNone, "nothing_asked"},
		"erased meanwhile":      {Standing{}, 0, time.Time{}, MailNone, "unknown"},
		"said it was not them":  {blocked, 0, time.Time{}, MailNone, "blocked"},
		"address of a function": {role, 0, time.Time{}, MailNone, "role_address"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			mail, code := tt.standing.SignUpMail(id(1), tt.recent, tt.told, noon)
			if mail != tt.want || code != tt.code {
				t.Errorf("SignUpMail() = %q, %q, want %q, %q", mail, code, tt.want, tt.code)
			}
		})
	}
}

// M1 as a property: after any order of acts the gate lets a mail through only
// if the last act that counts was a confirmation by the person.
func TestNobodyWithoutConsentPassesTheGate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := person()
		now, requests := noon, byte(0)
		agreed := map[int64]bool{}
		record := func(c Change) {
			for _, e := range c.Events {
				switch e.Kind {
				case Confirmed, Reinstated:
					agreed[e.PurposeID] = true
				case Withdrew, Expiry, Refused:
					delete(agreed, e.PurposeID)
				}
			}
			s = s.After(c)
			if c.Forget {
				s = person()
				clear(agreed)
			}
		}
		for range rapid.IntRange(1, 30).Draw(t, "acts") {
			now = now.Add(time.Duration(rapid.IntRange(1, 20*24*60).Draw(t, "minutes")) * time.Minute)
			p := rapid.SampledFrom([]int64{news, ski}).Draw(t, "purpose")
			request := id(byte(rapid.IntRange(0, int(requests)).Draw(t, "request")))
			switch rapid.SampledFrom([]string{"sign up", "confirm", "leave", "all", "undo", "not me", "expire"}).Draw(t, "act") {
			case "sign up":
				requests++
				record(s.SignUp(Request{ID: id(requests), Purposes: []Purpose{purpose(p)}}, now))
			case "confirm":
				c, _, _ := s.Confirm(request, Origin{}, now)
				record(c)
			case "leave":
				record(s.Leave(ScopePurpose, p, 0, Origin{}, now))
			case "all":
				record(s.Leave(ScopeAll, p, 0, Origin{}, now))
			case "undo":
				record(s.Undo(s.Subscription(p).Since, Origin{}, now))
			case "not me":
				record(s.NotMe(request, Origin{}, now))
			case "expire":
				record(s.Expire(false, now))
			}
			for _, p := range []int64{news, ski} {
				if Gate(s.Facts(p, 0, "", now)).Allowed && !agreed[p] {
					t.Fatalf("purpose %d passes without consent: %+v", p, s)
				}
				if sub := s.Subscription(p); (sub.State == Active) != agreed[p] {
					t.Fatalf("purpose %d is %s, the events say %v", p, sub.State, agreed[p])
				}
			}
		}
	})
}

// P15, I.5, J.9: whoever complained and confirms one purpose anew gets mail of that
// one; what they had before ends by the complaint, and what waits for its own
// confirmation goes on waiting. A bounce was about the mailbox and ends nothing.
func TestAfterAComplaintOnlyWhatIsConfirmedComesBack(t *testing.T) {
	customer := active(3, 2, noon)
	customer.Basis = BasisExistingCustomer
	st := person(pending(news, 9, noon), active(ski, 1, noon), customer, pending(4, 8, noon))
	for kind, want := range map[SuppressionKind][]act{
		SuppressedComplaint:    {{news, Confirmed, Active}, {ski, Withdrew, Withdrawn}, {3, Objected, Withdrawn}},
		SuppressedHardBounce:   {{news, Confirmed, Active}},
		SuppressedUnsubscribed: {{news, Confirmed, Active}},
	} {
		st.Suppressions = []SuppressionKind{kind}
		c, asked, answer := st.Confirm(id(9), Origin{Source: "confirm", Actor: ActorPerson}, noon.Add(time.Hour))
		if diff := cmp.Diff(want, acts(c)); diff != "" || answer != AnswerConfirmed || len(asked) != 1 {
			t.Errorf("%s: %s, %d purposes (-want +got):\n%s", kind, answer, len(asked), diff)
		}
		if !cmp.Equal(c.Lift, []SuppressionKind{kind}) {
			t.Errorf("%s: lifted %v", kind, c.Lift)
		}
	}
}
