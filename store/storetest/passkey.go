package storetest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

// testPasskeys: M27, P27.
func testPasskeys(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	u := must(a.AddUser(ctx, Admin, akkoord.User{Email: "femke@zonvaart.example", Role: akkoord.RoleOwner, Reason: "test"}))(t)
	other := must(a.AddUser(ctx, Admin, akkoord.User{Email: "eva@zonvaart.example", Role: akkoord.RoleOwner, Reason: "test"}))(t)
	now := func() akkoord.User { t.Helper(); return must(a.User(ctx, u.ID))(t) }
	phone := akkoord.Passkey{Name: " Phone ", Handle: []byte("h1"), Key: []byte("k1"), Counter: 4, Syncs: true, Transports: []string{"internal", "hybrid"}}
	codes := [][32]byte{{1}, {2}}

	noFault(t, a.AddLoginToken(ctx, Admin, u.ID, [32]byte{1}, a.Clock.Now().AddDate(0, 0, 1)))
	noFault(t, a.AddPasskey(ctx, u.Actor(), now(), phone, codes))
	if _, err := a.UseLoginToken(ctx, [32]byte{1}); akkoord.KindOf(err) != akkoord.Unauthorized {
		t.Errorf("a link from before lets in: %v", err)
	}
	if got := now(); got.Passkeys != 1 || !got.TwoFactors() || got.SecondFactor || got.RenewedAt.IsZero() {
		t.Errorf("with a passkey: %+v", got)
	}
	if err := a.AddPasskey(ctx, u.Actor(), u, akkoord.Passkey{Name: "x", Handle: []byte("h2"), Key: []byte("k")}, nil); akkoord.CodeOf(err) != "session_over" {
		t.Errorf("added by a session that was ended: %v", err)
	}
	if err := a.AddPasskey(ctx, other.Actor(), other, phone, codes); akkoord.CodeOf(err) != "passkey_there" {
		t.Errorf("somebody else's passkey: %v", err)
	}
	noFault(t, a.AddPasskey(ctx, u.Actor(), now(), akkoord.Passkey{Name: "Key", Handle: []byte("h2"), Key: []byte("k2")}, [][32]byte{{3}}))
	if c := must(a.CredentialOf(ctx, u.ID))(t); c.Codes != 2 {
		t.Errorf("%d recovery codes, not those of the first passkey", c.Codes)
	}
	got := must(a.Passkeys(ctx, u.ID))(t)
	want := phone
	want.Name, want.UserID, want.ID, want.CreatedAt = "Phone", u.ID, got[0].ID, got[0].CreatedAt
	if diff := cmp.Diff(want, got[0]); diff != "" || len(got) != 2 || got[0].ID.IsZero() || got[0].CreatedAt.IsZero() {
		t.Errorf("%d passkeys, the first: %s", len(got), diff)
	}

	// A counter only grows, and of many with the same one is let in.
	for _, tt := range []struct {
		key     akkoord.Passkey
		counter uint32
		want    bool
	}{{got[0], 5, true}, {got[0], 5, false}, {got[0], 3, false}, {got[0], 0, false}, {got[0], 9, true}, {got[1], 0, true}, {got[1], 0, true}, {got[1], 1, true}, {got[1], 0, false}} {
		if fresh := must(a.UsePasskey(ctx, tt.key, tt.counter, true))(t); fresh != tt.want {
			t.Errorf("%s, %d: fresh is %v", tt.key.Name, tt.counter, fresh)
		}
	}
	if p := must(a.Passkeys(ctx, u.ID))(t)[0]; p.Counter != 9 || !p.Synced || p.UsedAt.IsZero() {
		t.Errorf("after it was used: %+v", p)
	}
	var in atomic.Int64
	var wg sync.WaitGroup
	noFault(t, a.AddChallenge(ctx, [32]byte{7}, []byte("asked"), a.Clock.Now().Add(time.Minute)))
	for range 8 {
		wg.Go(func() {
			fresh, err := a.UsePasskey(ctx, got[0], 10, true)
			data, err2 := a.TakeChallenge(ctx, [32]byte{7})
			if err != nil || err2 != nil {
				t.Error(err, err2)
			}
			if fresh {
				in.Add(1)
			}
			if string(data) == "asked" {
				in.Add(100)
			}
		})
	}
	wg.Wait()
	if in.Load() != 101 {
		t.Errorf("of eight at once %d got in, %d had the challenge", in.Load()%100, in.Load()/100)
	}
	noFault(t, a.AddChallenge(ctx, [32]byte{8}, []byte("asked"), a.Clock.Now().Add(time.Minute)))
	a.Clock.Move(time.Hour)
	if data := must(a.TakeChallenge(ctx, [32]byte{8}))(t); data != nil {
		t.Errorf("an old challenge gives %q", data)
	}

	before := now().RenewedAt
	noFault(t, a.RenamePasskey(ctx, u.Actor(), u.ID, got[0].ID, "My phone"))
	if !now().RenewedAt.Equal(before) {
		t.Error("a new name ends sessions")
	}
	for name, err := range map[string]error{
		"renamed":        a.RenamePasskey(ctx, other.Actor(), other.ID, got[0].ID, "Mine"),
		"removed":        a.RemovePasskey(ctx, other.Actor(), must(a.User(ctx, other.ID))(t), got[0].ID),
		"without a name": a.RenamePasskey(ctx, u.Actor(), u.ID, got[0].ID, " "),
	} {
		if kind := akkoord.KindOf(err); kind != akkoord.NotFound && kind != akkoord.Invalid {
			t.Errorf("somebody else's, %s: %v", name, err)
		}
	}
	noFault(t, a.RemovePasskey(ctx, u.Actor(), now(), got[1].ID))
	if err := a.RemovePasskey(ctx, u.Actor(), now(), got[0].ID); akkoord.CodeOf(err) != "last_way_in" {
		t.Errorf("the last way in is removed: %v", err)
	}
	noFault(t, a.SetPassword(ctx, u.Actor(), now(), "$hash"))
	noFault(t, a.SetFactor(ctx, u.Actor(), now(), []byte("sealed"), codes))
	noFault(t, a.SetFactor(ctx, u.Actor(), now(), nil, nil))
	if c := must(a.CredentialOf(ctx, u.ID))(t); c.Codes != 2 {
		t.Errorf("%d recovery codes are left for the passkey", c.Codes)
	}
	noFault(t, a.RemovePasskey(ctx, u.Actor(), now(), got[0].ID))
	if c := must(a.CredentialOf(ctx, u.ID))(t); c.Codes != 0 || c.User.Passkeys != 0 || c.User.TwoFactors() {
		t.Errorf("without passkeys: %+v", c)
	}

	// Forgetting and ending take all of them.
	for name, act := range map[string]func() error{
		"forgotten": func() error { return a.ForgetFactors(ctx, Admin, now()) },
		"ended":     func() error { return a.EndUser(ctx, Admin, u.ID, "left") },
	} {
		if !now().DisabledAt.IsZero() {
			must(a.AddUser(ctx, Admin, akkoord.User{Email: u.Email, Role: akkoord.RoleOwner, Reason: "back"}))(t)
		}
		noFault(t, a.AddPasskey(ctx, u.Actor(), now(), phone, codes))
		noFault(t, act())
		if keys := must(a.Passkeys(ctx, u.ID))(t); len(keys) != 0 || now().Passkeys != 0 {
			t.Errorf("%s: %d passkeys are left", name, len(keys))
		}
	}
}
