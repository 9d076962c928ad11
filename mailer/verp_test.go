package mailer

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestReturnPathNamesItsDeliveryAndCantBeForgedJ1(t *testing.T) {
	p := NewReturnPath("bounces@zonvaart.example", []byte("a key"))
	other := NewReturnPath("bounces@zonvaart.example", []byte("another key"))
	rapid.Check(t, func(t *rapid.T) {
		m, s := rapid.Int64Min(0).Draw(t, "mailing"), rapid.Int64Min(0).Draw(t, "subscriber")
		a := p.Of(m, s)
		if local, _, _ := strings.Cut(a, "@"); len(local) > 64 || !addressSafe(a) {
			t.Fatalf("%q can't be sent", a)
		}
		if gm, gs, ok := p.Read(strings.ToUpper(a)); !ok || gm != m || gs != s {
			t.Fatalf("read %d %d %v", gm, gs, ok)
		}
		if _, _, ok := other.Read(a); ok {
			t.Fatal("read with another key")
		}
		i := rapid.IntRange(len("bounces+"), strings.IndexByte(a, '@')-1).Draw(t, "place")
		b := []byte(a)
		b[i] = "abcdefghijklmnopqrstuvwxyz234567"[rapid.IntRange(0, 31).Draw(t, "letter")]
		if gm, gs, ok := p.Read(string(b)); ok && (gm != m || gs != s) {
			t.Fatalf("forged %q", b)
		}
	})
}
