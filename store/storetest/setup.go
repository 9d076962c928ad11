package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"akkoord"
)

// testSetup: the first owner is made once, by whoever has a code that is not too
// old and was not guessed at, also when many try at once (M27, P27).
func testSetup(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	code := akkoord.SetupCode{Name: "one", Hash: [32]byte{1}}
	wrong := akkoord.SetupCode{Name: "one", Hash: [32]byte{2}}
	refused := func(code akkoord.SetupCode, want string) {
		t.Helper()
		if err := a.CheckSetupCode(ctx, code); akkoord.CodeOf(err) != want || want != "" && akkoord.KindOf(err) != akkoord.NotFound {
			t.Errorf("code %v: %v, want %q", code, err, want)
		}
		if want != "" {
			if _, err := a.FirstOwner(ctx, code, "eva@zonvaart.example", "test", "$hash"); akkoord.CodeOf(err) != want {
				t.Errorf("an owner by %v: %v, want %q", code, err, want)
			}
		}
	}
	refused(code, "setup_code_wrong")
	day := a.Clock.Now().AddDate(0, 0, 1)
	if !must(a.AddSetupCode(ctx, code, day))(t) {
		t.Fatal("no code is wanted where there is no user")
	}
	refused(code, "")
	for range akkoord.Limits.Guesses / 2 {
		refused(wrong, "setup_code_wrong") // counts twice
	}
	refused(code, "setup_code_wrong")

	a.Clock.Move(time.Minute)
	old := akkoord.SetupCode{Name: "two", Hash: [32]byte{3}}
	must(a.AddSetupCode(ctx, old, a.Clock.Now().Add(time.Hour)))(t)
	a.Clock.Move(time.Hour)
	refused(old, "setup_code_wrong")

	code = akkoord.SetupCode{Name: "three", Hash: [32]byte{4}}
	must(a.AddSetupCode(ctx, code, a.Clock.Now().AddDate(0, 0, 1)))(t)
	for _, bad := range []string{"", "eva", "eva@"} {
		if _, err := a.FirstOwner(ctx, code, bad, "test", "$hash"); akkoord.KindOf(err) != akkoord.Invalid {
			t.Errorf("an owner without an address: %v", err)
		}
	}
	var made, late atomic.Int64
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			switch u, err := a.FirstOwner(ctx, code, fmt.Sprintf("eva%d@zonvaart.example", i), "sets up", "$hash"); {
			case err == nil && u.Role == akkoord.RoleOwner && u.HasPassword && !u.RenewedAt.IsZero():
				made.Add(1)
			case akkoord.CodeOf(err) == "set_up" && u.ID == 0:
				late.Add(1)
			}
		})
	}
	wg.Wait()
	users := must(a.Users(ctx))(t)
	if made.Load() != 1 || late.Load() != 7 || len(users) != 1 {
		t.Fatalf("of 8 at once %d became owner, %d came late, %d users", made.Load(), late.Load(), len(users))
	}
	if access := must(a.Access(ctx, users[0].Actor()))(t); len(access) != 1 {
		t.Errorf("the first owner has the grants %+v", access)
	}
	refused(code, "set_up")
	if must(a.AddSetupCode(ctx, code, a.Clock.Now().AddDate(0, 0, 1)))(t) {
		t.Error("a code is wanted where there is a user")
	}
}

// testOrganisation: who is behind the mails is stored whole, and read anew once it
// changed.
func testOrganisation(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	if got := must(a.Organisation(ctx))(t); got != (akkoord.Organisation{}) {
		t.Errorf("nobody said who it is: %+v", got)
	}
	if must(a.SetupAway(ctx))(t) {
		t.Error("nobody put the first steps away")
	}
	noFault(t, a.PutSetupAway(ctx, Admin, true))
	for _, name := range []string{"Zonvaart Reizen", "Zonvaart Reizen B.V."} {
		want := akkoord.Organisation{Controller: name, PostalAddress: "Kade 1, Utrecht", Contact: "privacy@zonvaart.example"}
		noFault(t, a.SetOrganisation(ctx, Admin, want))
		if got := must(a.Organisation(ctx))(t); got != want {
			t.Errorf("stored %+v, read %+v", want, got)
		}
	}
	for field, bad := range map[string]akkoord.Organisation{
		"controller":     {PostalAddress: "Kade 1", Contact: "p@zonvaart.example"},
		"postal_address": {Controller: "Zonvaart", PostalAddress: "Kade 1\nUtrecht", Contact: "p@zonvaart.example"},
		"contact":        {Controller: "Zonvaart", PostalAddress: "Kade 1"},
	} {
		err := a.SetOrganisation(ctx, Admin, bad)
		if e, ok := err.(*akkoord.Error); !ok || e.Kind != akkoord.Invalid || e.Field != field {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if !must(a.SetupAway(ctx))(t) {
		t.Error("the first steps came back")
	}
	noFault(t, a.PutSetupAway(ctx, Admin, false))
	if must(a.SetupAway(ctx))(t) {
		t.Error("the first steps stay away")
	}
}

// testNewestSignUp follows a sign-up from the form to the consent.
func testNewestSignUp(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	a.active(t, "eerder@voorbeeld.example", a.News)
	end := must(a.LedgerEnd(ctx))(t)
	read := func() akkoord.SignUpProgress {
		t.Helper()
		got := must(a.NewestSignUp(ctx, a.Form.ID, end))(t)
		for _, at := range []*time.Time{&got.AskedAt, &got.TriedAt, &got.AcceptedAt, &got.ConfirmedAt} {
			*at = at.Truncate(time.Second) // the ledger keeps its lines apart by microseconds
		}
		return got
	}
	if got := read(); got != (akkoord.SignUpProgress{}) {
		t.Fatalf("of those before nobody is followed: %+v", got)
	}
	for { // the mail of the one before
		if len(must(a.ClaimSystem(ctx, 10))(t)) == 0 {
			break
		}
	}
	a.Clock.Move(time.Second)
	e := email(t, "nieuw@voorbeeld.example")
	noFault(t, a.SignUp(ctx, a.signUp(e, a.News)))
	st := must(a.StandingByEmail(ctx, e))(t)
	asked := a.Clock.Now()
	want := akkoord.SignUpProgress{Person: st.Subscriber.PublicID, AskedAt: asked}
	if got := read(); got != want {
		t.Fatalf("asked: %+v, want %+v", got, want)
	}
	a.Clock.Move(time.Second)
	d := must(a.ClaimSystem(ctx, 10))(t)[0]
	want.TriedAt, want.Code = d.FirstAt.Truncate(time.Second), "451 4.7.1"
	noFault(t, a.SettleSystem(ctx, akkoord.SystemResult{ID: d.ID, Fence: d.Fence, Code: "451 4.7.1", Attempts: 1, DueAt: a.Clock.Now()}))
	if got := read(); got != want {
		t.Errorf("put off: %+v, want %+v", got, want)
	}
	a.Clock.Move(time.Second)
	d = must(a.ClaimSystem(ctx, 10))(t)[0]
	noFault(t, a.SettleSystem(ctx, akkoord.SystemResult{ID: d.ID, Fence: d.Fence, Done: true, Code: "250 2.0.0", Attempts: 2}))
	want.Code, want.AcceptedAt = "", a.Clock.Now()
	if got := read(); got != want {
		t.Errorf("accepted: %+v, want %+v", got, want)
	}
	a.Clock.Move(time.Second)
	must(a.Confirm(ctx, akkoord.Link{Subscriber: st.Subscriber.PublicID, Request: st.Subscription(a.News.ID).Request}, byLink))(t)
	want.ConfirmedAt = a.Clock.Now()
	if got := read(); got != want {
		t.Errorf("confirmed: %+v, want %+v", got, want)
	}
	if got := must(a.NewestSignUp(ctx, a.Form.ID+1, end))(t); !got.AskedAt.IsZero() {
		t.Errorf("at another form: %+v", got)
	}
}
