package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"akkoord"
	"akkoord/store"
)

// testBulkActs holds bulk acts against issue 7.3: what was seen is what is done, once
// to each, by whoever may do it to one.
func testBulkActs(t *testing.T, open Open) {
	for _, part := range []struct {
		name string
		run  func(*testing.T, *bulkDesk)
	}{
		{"who was chosen is dealt with, and nobody else", testBulkFrozen},
		{"a run that dies repeats nothing", testBulkSteps},
		{"what is stopped stays where it is", testBulkStopped},
		{"a choice waits for a day", testBulkExpires},
		{"refusals", testBulkRefusals},
		{"each act", testBulkKinds},
		{"who acted for themselves since is left alone", testBulkChanged},
		{"nothing goes on after a restore", testBulkRestored},
		{"what is given up is stopped", testBulkGivenUp},
		{"the reason names nobody", testBulkNames},
		{"grants", testBulkGrants},
		{"P15 nobody comes back", testBulkBringsNobodyBack},
	} {
		t.Run(part.name, func(t *testing.T) {
			a := newAgency(t, open)
			part.run(t, &bulkDesk{Agency: a, owner: a.staff(t, "eva", akkoord.RoleOwner)})
		})
	}
	t.Run("two persons", func(t *testing.T) { testBulkTwoPersons(t, open) })
}

// bulkDesk is an agency with somebody who acts on its people.
type bulkDesk struct {
	*Agency
	owner akkoord.Actor
}

func (a *Agency) staff(t testing.TB, name string, role akkoord.Role) akkoord.Actor {
	t.Helper()
	return must(a.AddUser(t.Context(), akkoord.ActorSystem, akkoord.User{Email: name + "@zonvaart.example", Role: role, Reason: "works here"}))(t).Actor()
}

// readers makes so many people of the news.
func (d *bulkDesk) readers(t testing.TB, n int) []akkoord.Subscriber {
	t.Helper()
	out := make([]akkoord.Subscriber, n)
	for i := range out {
		out[i] = d.active(t, fmt.Sprintf("lezer%d@voorbeeld.example", i), d.News).Subscriber
	}
	return out
}

var newsReaders = akkoord.PeopleFilter{Purpose: "travel-news", State: akkoord.Active}

func bulkSpec(kind akkoord.BulkKind) akkoord.BulkSpec {
	spec := akkoord.BulkSpec{Kind: kind, Filter: newsReaders, Reason: "the list ends", Source: "admin", Zone: "UTC"}
	switch kind {
	case akkoord.BulkWithdraw:
		spec.Purpose = "travel-news"
	case akkoord.BulkAddInterest:
		spec.Interest = "strand"
	case akkoord.BulkRemoveInterest:
		spec.Interest = "wintersport"
	}
	return spec
}

func (d *bulkDesk) prepare(t testing.TB, kind akkoord.BulkKind) akkoord.BulkAct {
	t.Helper()
	return must(d.PrepareBulkAct(t.Context(), d.owner, bulkSpec(kind)))(t)
}

func (d *bulkDesk) confirm(t testing.TB, b akkoord.BulkAct) akkoord.BulkAct {
	t.Helper()
	return must(d.ConfirmBulkAct(t.Context(), b.Actor, b.PublicID, b.Total))(t)
}

// runs runs the jobs of bulk acts that are due.
func (d *bulkDesk) runs(t testing.TB) {
	t.Helper()
	for {
		d.Clock.Move(time.Second) // the writer's time goes on from change to change
		j, claimed, err := d.ClaimJob(t.Context(), akkoord.JobBulkAct)
		noFault(t, err)
		if !claimed {
			return
		}
		next, err := d.RunBulkAct(t.Context(), j)
		noFault(t, err)
		noFault(t, d.SettleJob(t.Context(), j.Ran(next, nil, d.Clock.Now())))
	}
}

func (d *bulkDesk) read(t testing.TB, b akkoord.BulkAct) akkoord.BulkAct {
	t.Helper()
	return must(d.BulkAct(t.Context(), b.PublicID))(t)
}

// ended runs a bulk act, and gives what came of it as "1 acted, 2 gone".
func (d *bulkDesk) ended(t testing.TB, b akkoord.BulkAct) string {
	t.Helper()
	d.confirm(t, b)
	d.runs(t)
	b = d.read(t, b)
	if b.State != akkoord.BulkDone || b.Done() != b.Total || b.EndedAt.IsZero() {
		t.Errorf("it ended as %+v", b)
	}
	return tallied(b)
}

func tallied(b akkoord.BulkAct) string {
	var out []string
	for _, o := range akkoord.BulkOutcomes {
		if n := b.Tally[o]; n > 0 {
			out = append(out, fmt.Sprintf("%d %s", n, o))
		}
	}
	return strings.Join(out, ", ")
}

func (d *bulkDesk) stands(t testing.TB, p akkoord.Subscriber) akkoord.State {
	t.Helper()
	return must(d.Standing(t.Context(), p.PublicID))(t).Subscription(d.News.ID).State
}

func testBulkFrozen(t *testing.T, d *bulkDesk) {
	ctx := t.Context()
	people := d.readers(t, 5)
	b := d.prepare(t, akkoord.BulkWithdraw)
	if b.State != akkoord.BulkPrepared || b.Total != 5 || b.Filter.Query().Encode() != newsReaders.Query().Encode() {
		t.Fatalf("prepared as %+v", b)
	}
	d.runs(t)
	if got := d.read(t, b); got.State != akkoord.BulkPrepared || len(must(d.BulkPeople(ctx, b, 10))(t)) != 5 {
		t.Errorf("before it is confirmed it is %+v", got)
	}
	late := d.active(t, "later@voorbeeld.example", d.News).Subscriber
	must(d.Erase(ctx, people[0].PublicID, "asked for", byAdmin))(t)
	must(0, d.Withdraw(ctx, people[1].PublicID, d.News.ID, "asked for", byAdmin))(t)
	if n := len(must(d.BulkPeople(ctx, b, 10))(t)); n != 4 {
		t.Errorf("M19: %d people are put down after one was erased", n)
	}
	if got := d.ended(t, b); got != "3 acted, 1 unchanged, 1 gone" {
		t.Errorf("it came to %s", got)
	}
	if d.stands(t, late) != akkoord.Active || d.stands(t, people[4]) != akkoord.Withdrawn {
		t.Error("it was done to others than were chosen")
	}
	if n := len(must(d.BulkPeople(ctx, b, 10))(t)); n != 0 {
		t.Errorf("%d people are still put down", n)
	}
	trail := d.trail(t)
	for _, want := range []string{
		string(d.owner) + " bulk_act.prepare " + b.Name(), string(d.owner) + " bulk_act.begin " + b.Name(), string(d.owner) + " bulk_act.end " + b.Name(),
		string(d.owner) + " subscriber.withdraw subscriber:" + people[4].PublicID.String(),
	} {
		if !slices.Contains(trail, want) {
			t.Errorf("M27: %q is not in the audit trail", want)
		}
	}
	if lines := d.lines(t, people[4].ID); lines[len(lines)-1] != "withdrawn news" {
		t.Errorf("the ledger says %v", lines)
	}
}

func testBulkSteps(t *testing.T, d *bulkDesk) {
	ctx := t.Context()
	people := d.readers(t, 250)
	b := d.confirm(t, d.prepare(t, akkoord.BulkErase))
	d.Clock.Move(time.Second)
	j, claimed, err := d.ClaimJob(ctx, akkoord.JobBulkAct)
	if err != nil || !claimed {
		t.Fatal(claimed, err)
	}
	if more := must(d.AdvanceBulkAct(ctx, b.ID))(t); !more { // and the node dies
		t.Fatal("250 people are done with at once")
	}
	if got := d.read(t, b); got.State != akkoord.BulkRunning || got.Done() != 100 || got.Tally[akkoord.BulkActed] != 100 {
		t.Errorf("after a step it is %+v", got)
	}
	d.Clock.Move(store.JobLease + time.Second)
	d.runs(t)
	if _, err := d.RunBulkAct(ctx, j); err != nil { // the first one wakes up
		t.Error(err)
	}
	if got := d.read(t, b); got.State != akkoord.BulkDone || tallied(got) != "250 acted" {
		t.Errorf("it ended as %+v", got)
	}
	for _, p := range people {
		if n := len(must(d.Events(ctx, p.ID))(t)); n != 3 {
			t.Fatalf("the ledger has %d lines of somebody who was erased once", n)
		}
	}
	must(d.VerifyLedger(ctx, nil))(t)
}

func testBulkStopped(t *testing.T, d *bulkDesk) {
	ctx := t.Context()
	people := d.readers(t, 120)
	b := d.confirm(t, d.prepare(t, akkoord.BulkRestrict))
	must(d.AdvanceBulkAct(ctx, b.ID))(t)
	must(d.StopBulkAct(ctx, d.owner, b.PublicID))(t)
	d.runs(t)
	if got := d.read(t, b); got.State != akkoord.BulkStopped || tallied(got) != "100 acted" || len(must(d.BulkPeople(ctx, b, 1))(t)) != 0 {
		t.Errorf("stopped as %+v", got)
	}
	restricted := 0
	for _, p := range people {
		if must(d.Standing(ctx, p.PublicID))(t).Suppressed(akkoord.SuppressedRestricted) {
			restricted++
		}
	}
	if restricted != 100 {
		t.Errorf("%d people are restricted", restricted)
	}
	if _, err := d.StopBulkAct(ctx, d.owner, b.PublicID); akkoord.CodeOf(err) != "bulk_over" {
		t.Errorf("stopping it twice: %v", err)
	}
	if _, err := d.ConfirmBulkAct(ctx, d.owner, b.PublicID, b.Total); akkoord.CodeOf(err) != "bulk_over" {
		t.Errorf("confirming what was stopped: %v", err)
	}
}

func testBulkExpires(t *testing.T, d *bulkDesk) {
	ctx := t.Context()
	d.readers(t, 2)
	b := d.prepare(t, akkoord.BulkErase)
	d.Clock.Move(akkoord.BulkKept + time.Second)
	if _, err := d.ConfirmBulkAct(ctx, d.owner, b.PublicID, 2); akkoord.CodeOf(err) != "bulk_over" {
		t.Errorf("a day later: %v", err)
	}
	must(d.ExpirePending(ctx, 1000))(t)
	d.runs(t)
	if got := d.read(t, b); got.State != akkoord.BulkDropped || len(must(d.BulkPeople(ctx, b, 1))(t)) != 0 {
		t.Errorf("nobody confirmed it, and it is %+v", got)
	}
}

func testBulkRefusals(t *testing.T, d *bulkDesk) {
	ctx := t.Context()
	d.readers(t, 1)
	for name, tt := range map[string]struct {
		change func(*akkoord.BulkSpec)
		code   string
	}{
		"no kind":             {func(s *akkoord.BulkSpec) { s.Kind = "subscribe" }, "bulk_kind"},
		"everybody":           {func(s *akkoord.BulkSpec) { s.Filter = akkoord.PeopleFilter{} }, "bulk_everybody"},
		"no reason":           {func(s *akkoord.BulkSpec) { s.Reason = " " }, "text_missing"},
		"an address":          {func(s *akkoord.BulkSpec) { s.Reason = "anouk@voorbeeld.example" }, "reason_personal"},
		"no purpose":          {func(s *akkoord.BulkSpec) { s.Purpose = "" }, "bulk_purpose"},
		"an unknown purpose":  {func(s *akkoord.BulkSpec) { s.Purpose = "no-such" }, "purpose_unknown"},
		"a purpose too much":  {func(s *akkoord.BulkSpec) { s.Kind = akkoord.BulkErase }, "bulk_purpose_extra"},
		"an interest":         {func(s *akkoord.BulkSpec) { s.Interest = "strand" }, "bulk_interest_extra"},
		"an unknown interest": {func(s *akkoord.BulkSpec) { *s = bulkSpec(akkoord.BulkAddInterest); s.Interest = "no-such" }, "interest_unknown"},
		"an unknown filter":   {func(s *akkoord.BulkSpec) { s.Filter.Purpose = "no-such" }, "filter_purpose"},
	} {
		spec := bulkSpec(akkoord.BulkWithdraw)
		tt.change(&spec)
		if _, err := d.PrepareBulkAct(ctx, d.owner, spec); akkoord.CodeOf(err) != tt.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	b := d.prepare(t, akkoord.BulkWithdraw)
	if _, err := d.ConfirmBulkAct(ctx, d.owner, b.PublicID, 2); akkoord.CodeOf(err) != "bulk_changed" {
		t.Errorf("another number: %v", err)
	}
	dpo := d.staff(t, "femke", akkoord.RoleDPO)
	if _, err := d.ConfirmBulkAct(ctx, dpo, b.PublicID, 1); akkoord.CodeOf(err) != "bulk_others" {
		t.Errorf("somebody else: %v", err)
	}
	if _, err := d.ConfirmBulkAct(ctx, d.owner, akkoord.ID{1}, 1); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("nothing: %v", err)
	}
	d.prepare(t, akkoord.BulkWithdraw)
	d.prepare(t, akkoord.BulkWithdraw)
	if _, err := d.PrepareBulkAct(ctx, d.owner, bulkSpec(akkoord.BulkWithdraw)); akkoord.CodeOf(err) != "bulk_many" {
		t.Errorf("a fourth one: %v", err)
	}
	if list, next, err := d.BulkActs(ctx, d.owner, akkoord.Page{Limit: 2}); err != nil || len(list) != 2 || next == 0 || list[0].ID < list[1].ID {
		t.Errorf("the list is %d long, %d, %v", len(list), next, err)
	}
	for role, kinds := range map[akkoord.Role][]akkoord.BulkKind{akkoord.RoleEditor: akkoord.BulkKinds, akkoord.RoleAnalyst: akkoord.BulkKinds, akkoord.RoleManager: {akkoord.BulkErase}} {
		who := d.staff(t, string(role), role)
		for _, kind := range kinds {
			if _, err := d.PrepareBulkAct(ctx, who, bulkSpec(kind)); akkoord.CodeOf(err) != "right_missing" {
				t.Errorf("P28: %s, %s: %v", role, kind, err)
			}
		}
	}
	if _, err := d.PrepareBulkAct(ctx, "key:99", bulkSpec(akkoord.BulkErase)); akkoord.CodeOf(err) != "right_missing" {
		t.Errorf("P28: a key that there is not: %v", err)
	}
	nobody := bulkSpec(akkoord.BulkErase)
	nobody.Filter.State = akkoord.Lapsed
	none := must(d.PrepareBulkAct(ctx, dpo, nobody))(t)
	if _, err := d.ConfirmBulkAct(ctx, dpo, none.PublicID, 0); akkoord.CodeOf(err) != "bulk_nobody" {
		t.Errorf("nobody: %v", err)
	}
}

func testBulkKinds(t *testing.T, d *bulkDesk) {
	ctx := t.Context()
	p := d.readers(t, 1)[0]
	st := func() akkoord.Standing { return must(d.Standing(ctx, p.PublicID))(t) }
	for _, tt := range []struct {
		kind akkoord.BulkKind
		done func(akkoord.Standing) bool
	}{
		{akkoord.BulkAddInterest, func(st akkoord.Standing) bool {
			return slices.Equal(st.Subscriber.Interests, []string{"strand", "wintersport"})
		}},
		{akkoord.BulkRemoveInterest, func(st akkoord.Standing) bool { return slices.Equal(st.Subscriber.Interests, []string{"strand"}) }},
		{akkoord.BulkRestrict, func(st akkoord.Standing) bool { return st.Suppressed(akkoord.SuppressedRestricted) }},
	} {
		if got := d.ended(t, d.prepare(t, tt.kind)); got != "1 acted" || !tt.done(st()) {
			t.Errorf("%s came to %s, %+v", tt.kind, got, st())
		}
		if got := d.ended(t, d.prepare(t, tt.kind)); got != "1 unchanged" {
			t.Errorf("%s once more came to %s", tt.kind, got)
		}
	}
	if got := d.ended(t, d.prepare(t, akkoord.BulkWithdrawAll)); got != "1 acted" || !st().Suppressed(akkoord.SuppressedUnsubscribed) {
		t.Errorf("all came to %s, %+v", got, st())
	}
}

// Whom a list is about is asked once more of each when it is done (P15): the last word is theirs.
func testBulkChanged(t *testing.T, d *bulkDesk) {
	ctx := t.Context()
	asks := func(name string, purposes ...akkoord.Purpose) akkoord.Standing {
		t.Helper()
		e := email(t, name+"@voorbeeld.example")
		must(0, d.SignUp(ctx, d.signUp(e, purposes...)))(t)
		return must(d.StandingByEmail(ctx, e))(t)
	}
	chosen := func(kind akkoord.BulkKind, state akkoord.State) akkoord.BulkAct {
		t.Helper()
		d.Clock.Move(time.Second)
		spec := bulkSpec(kind)
		spec.Filter.State = state
		b := must(d.PrepareBulkAct(ctx, d.owner, spec))(t)
		d.Clock.Move(time.Second)
		return b
	}

	confirms, again, waits := asks("een", d.News), asks("twee", d.News), asks("drie", d.News)
	b := chosen(akkoord.BulkErase, akkoord.Pending)
	d.active(t, "een@voorbeeld.example", d.News)
	asks("twee", d.News, d.Ski)
	if got := d.ended(t, b); got != "1 acted, 2 changed" || d.stands(t, confirms.Subscriber) != akkoord.Active || d.stands(t, again.Subscriber) != akkoord.Pending {
		t.Errorf("erasing who is pending came to %s", got)
	}
	if st := must(d.StandingByEmail(ctx, waits.Subscriber.Email))(t); st.Subscriber.ID != 0 {
		t.Error("who did nothing is still here")
	}

	back := d.active(t, "vier@voorbeeld.example", d.News).Subscriber
	must(0, d.Withdraw(ctx, back.PublicID, d.News.ID, "asked for", byAdmin))(t)
	link := akkoord.Link{Subscriber: back.PublicID, Purpose: d.News.ID}
	undone := d.active(t, "vijf@voorbeeld.example", d.News).Subscriber
	undo := link
	undo.Subscriber = undone.PublicID
	undo.At = must(d.Leave(ctx, undo, akkoord.ScopePurpose, byLink))(t).At
	b = chosen(akkoord.BulkWithdraw, "")
	other := d.active(t, "een@voorbeeld.example", d.Ski).Subscriber // another purpose than ends
	d.active(t, "vier@voorbeeld.example", d.News)
	if !must(d.Undo(ctx, undo, byLink))(t) {
		t.Fatal("the leaving was not undone")
	}
	if got := d.ended(t, b); got != "2 acted, 2 changed" || d.stands(t, back) != akkoord.Active || d.stands(t, undone) != akkoord.Active || d.stands(t, other) != akkoord.Withdrawn {
		t.Errorf("ending a purpose came to %s", got)
	}

	b = chosen(akkoord.BulkWithdrawAll, akkoord.Active)
	d.active(t, "vier@voorbeeld.example", d.Ski)
	if got := d.ended(t, b); got != "1 acted, 1 changed" || d.stands(t, back) != akkoord.Active || d.stands(t, undone) != akkoord.Withdrawn {
		t.Errorf("ending everything came to %s", got)
	}
	b = chosen(akkoord.BulkErase, akkoord.Active)
	must(0, d.Withdraw(ctx, back.PublicID, d.News.ID, "asked for", byAdmin))(t)
	if got := d.ended(t, b); got != "1 changed" {
		t.Errorf("of those who don't stand so any more came %s", got)
	}
}

// P22: a restore brings back lists, and with them what may have been stopped since.
func testBulkRestored(t *testing.T, d *bulkDesk) {
	ctx := t.Context()
	d.readers(t, 120)
	running := d.confirm(t, d.prepare(t, akkoord.BulkRestrict))
	must(d.AdvanceBulkAct(ctx, running.ID))(t)
	waiting := d.prepare(t, akkoord.BulkWithdraw)
	must(d.RepeatDepartures(ctx, strings.NewReader("")))(t)
	d.runs(t)
	if got := d.read(t, running); got.State != akkoord.BulkStopped || got.Why != "restored" || tallied(got) != "100 acted" || len(must(d.BulkPeople(ctx, running, 1))(t)) != 0 {
		t.Errorf("what ran is %+v", got)
	}
	if got := d.read(t, waiting); got.State != akkoord.BulkDropped || got.Why != "restored" || len(must(d.BulkPeople(ctx, waiting, 1))(t)) != 0 {
		t.Errorf("what waited is %+v", got)
	}
	trail := d.trail(t)
	for _, b := range []akkoord.BulkAct{running, waiting} {
		if !slices.Contains(trail, "system bulk_act.stop "+b.Name()) {
			t.Errorf("M27: that %s was stopped is not in the audit trail", b.Name())
		}
	}
	later := d.prepare(t, akkoord.BulkRestrict)
	if _, err := d.ConfirmBulkAct(ctx, d.owner, later.PublicID, 120); akkoord.CodeOf(err) != "bulk_held" {
		t.Errorf("confirming before an owner agreed: %v", err)
	}
	must(0, d.EndHold(ctx, d.owner))(t)
	if got := d.ended(t, later); got != "20 acted, 100 unchanged" {
		t.Errorf("after an owner agreed it came to %s", got)
	}
}

func testBulkGivenUp(t *testing.T, d *bulkDesk) {
	ctx := t.Context()
	d.readers(t, 2)
	b := d.confirm(t, d.prepare(t, akkoord.BulkRestrict))
	must(d.ExpirePending(ctx, 1000))(t)
	if got := d.read(t, b); got.State != akkoord.BulkRunning {
		t.Fatalf("while its job waits it is %+v", got)
	}
	fails := func() {
		t.Helper()
		d.Clock.Move(time.Second)
		j, claimed, err := d.ClaimJob(ctx, akkoord.JobBulkAct)
		if err != nil || !claimed {
			t.Fatal(claimed, err)
		}
		j.Attempts = akkoord.JobAttempts - 1
		must(0, d.SettleJob(ctx, j.Ran(time.Time{}, errors.New("the disk is full"), d.Clock.Now())))(t)
	}
	fails()
	must(d.ExpirePending(ctx, 1000))(t)
	fails() // so does what takes off its people
	must(d.ExpirePending(ctx, 1000))(t)
	d.runs(t)
	if got := d.read(t, b); got.State != akkoord.BulkStopped || got.Why != akkoord.BulkFault || len(must(d.BulkPeople(ctx, b, 1))(t)) != 0 {
		t.Errorf("once its job was given up it is %+v", got)
	}
}

// M19: the reason outlives the people. Of a few, one who is named is found before
// anything is kept; in a longer list any word is somebody's name.
func testBulkNames(t *testing.T, d *bulkDesk) {
	ctx := t.Context()
	people := d.readers(t, 100)
	named := bulkSpec(akkoord.BulkErase)
	named.Reason = "anouk called"
	if _, err := d.PrepareBulkAct(ctx, d.owner, named); akkoord.CodeOf(err) != "reason_personal" {
		t.Errorf("a reason that names one of them: %v", err)
	}
	if acts, _, err := d.BulkActs(ctx, d.owner, akkoord.Page{}); err != nil || len(acts) != 0 {
		t.Errorf("%d acts are kept, %v", len(acts), err)
	}
	d.active(t, "meer@voorbeeld.example", d.News)
	if got := d.ended(t, must(d.PrepareBulkAct(ctx, d.owner, named))(t)); got != "101 refused" || d.stands(t, people[0]) != akkoord.Active {
		t.Errorf("of many it came to %s", got)
	}
}

// public gives the public id of a user.
func (d *bulkDesk) public(t testing.TB, of akkoord.Actor) string {
	t.Helper()
	number, _ := of.User()
	return must(d.User(t.Context(), number))(t).PublicID.String()
}

func testBulkGrants(t *testing.T, d *bulkDesk) {
	ctx := t.Context()
	one := d.active(t, "een@voorbeeld.example", d.News).Subscriber
	both := d.active(t, "beide@voorbeeld.example", d.News, d.Ski).Subscriber
	manager := d.staff(t, "bas", akkoord.RoleManager)
	for _, g := range must(d.CurrentGrants(ctx))(t) {
		if g.Holder == manager {
			must(d.EndGrant(ctx, d.owner, g.PublicID, "narrower"))(t)
		}
	}
	narrow := must(d.GiveGrant(ctx, d.owner, akkoord.Grant{Holder: akkoord.Actor("user:" + d.public(t, manager)), Purposes: []int64{d.News.ID}, Reason: "the news", ReviewOn: d.Clock.Now().AddDate(0, 1, 0)}))(t)
	prepared := func(kind akkoord.BulkKind) akkoord.BulkAct {
		return must(d.PrepareBulkAct(ctx, manager, bulkSpec(kind)))(t)
	}
	if got := d.ended(t, prepared(akkoord.BulkRestrict)); got != "1 acted, 1 no_grant" || must(d.Standing(ctx, both.PublicID))(t).Suppressed(akkoord.SuppressedRestricted) {
		t.Errorf("M26: what is about all of a person came to %s", got)
	}
	b := prepared(akkoord.BulkWithdraw)
	d.confirm(t, b)
	must(d.EndGrant(ctx, d.owner, narrow.PublicID, "over"))(t)
	d.runs(t)
	if got := d.read(t, b); tallied(got) != "2 no_grant" || d.stands(t, one) != akkoord.Active {
		t.Errorf("M26: after the grant ended it came to %s", tallied(got))
	}
	c := must(d.PrepareBulkAct(ctx, manager, bulkSpec(akkoord.BulkWithdraw)))(t)
	d.confirm(t, c)
	number, _ := manager.User()
	must(0, d.EndUser(ctx, d.owner, number, "left"))(t)
	d.runs(t)
	if got := d.read(t, c); got.State != akkoord.BulkStopped || got.Why != "right_missing" || d.stands(t, one) != akkoord.Active {
		t.Errorf("P28: of somebody who left it is %+v", got)
	}
}

// Nothing that is done to many brings anybody back (P15), whatever way they went.
func testBulkBringsNobodyBack(t *testing.T, d *bulkDesk) {
	i := 0
	var gone []*Gone
	for way, goes := range Ways {
		g := d.Here(t, fmt.Sprintf("weg%d@voorbeeld.example", i))
		i++
		if way != "erased" {
			goes(t, d.Agency, g)
			gone = append(gone, g)
		}
	}
	for _, kind := range []akkoord.BulkKind{akkoord.BulkAddInterest, akkoord.BulkRemoveInterest, akkoord.BulkRestrict, akkoord.BulkWithdraw, akkoord.BulkWithdrawAll} {
		spec := bulkSpec(kind)
		spec.Filter.State = ""
		d.ended(t, must(d.PrepareBulkAct(t.Context(), d.owner, spec))(t))
		for _, g := range gone {
			if d.MayBeMailed(t, g.Address) {
				t.Errorf("P15: after %s somebody may be mailed again", kind)
			}
		}
	}
}

// Erasing more than a few takes a second person, in whatever portions (threats 2.3.5).
func testBulkTwoPersons(t *testing.T, open Open) {
	a := newAgency(t, func(t *testing.T, cfg store.Config) *store.Store {
		cfg.TwoPersons = true
		return open(t, cfg)
	})
	ctx := t.Context()
	d := &bulkDesk{Agency: a, owner: a.staff(t, "eva", akkoord.RoleOwner)}
	dpo := a.staff(t, "femke", akkoord.RoleDPO)
	d.readers(t, 7)
	d.confirm(t, d.prepare(t, akkoord.BulkErase)) // few, and not yet done
	second := d.prepare(t, akkoord.BulkErase)
	if _, err := d.ConfirmBulkAct(ctx, d.owner, second.PublicID, 7); akkoord.CodeOf(err) != "second_person" {
		t.Errorf("a second portion: %v", err)
	}
	asked := must(d.AskApproval(ctx, d.owner, akkoord.MassErasure, "An old list goes."))(t)
	must(d.DecideApproval(ctx, dpo, asked.PublicID, true, "Yes."))(t)
	if got := d.ended(t, second); got != "7 gone" {
		t.Errorf("with an agreement it came to %s", got)
	}
}
