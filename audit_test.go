package akkoord

import (
	"crypto/ed25519"
	"testing"
	"time"
)

// M27: what is altered, left out, put in or cut off in the audit trail is
// found; lines from before it was a chain can only come first.
func TestAnAlteredAuditTrailDoesNotVerify(t *testing.T) {
	trail := func() []AuditEntry {
		var out []AuditEntry
		var last [32]byte
		for seq := int64(1); seq <= 5; seq++ {
			e := AuditEntry{Seq: seq, At: time.UnixMicro(seq).UTC(), Actor: "user:1", Action: "subscriber.read", Object: "subscriber", Note: "n"}
			if seq > 2 {
				e.Hash = e.Chain(last)
				last = e.Hash
			}
			out = append(out, e)
		}
		return out
	}
	verify := func(lines []AuditEntry) error {
		var v AuditVerifier
		for _, e := range lines {
			if err := v.Next(e, e.Hash != [32]byte{}); err != nil {
				return err
			}
		}
		return nil
	}
	if err := verify(trail()); err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string]func([]AuditEntry) []AuditEntry{
		"another actor": func(l []AuditEntry) []AuditEntry { l[3].Actor = "user:2"; return l },
		"another note":  func(l []AuditEntry) []AuditEntry { l[4].Note = ""; return l },
		"a moved boundary": func(l []AuditEntry) []AuditEntry {
			l[3].Action, l[3].Object = "subscriber.rea", "dsubscriber"
			return l
		},
		"another time":     func(l []AuditEntry) []AuditEntry { l[2].At = l[2].At.Add(1000); return l },
		"a line left out":  func(l []AuditEntry) []AuditEntry { return append(l[:3], l[4]) },
		"a hash taken off": func(l []AuditEntry) []AuditEntry { l[3].Hash = [32]byte{}; return l },
		"hashed anew":      func(l []AuditEntry) []AuditEntry { l[3].Note = "x"; l[3].Hash = l[3].Chain(l[2].Hash); return l },
	} {
		if err := verify(edit(trail())); err == nil {
			t.Errorf("%s verifies", name)
		}
	}
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	h := AuditHead{Seq: 5, Hash: trail()[4].Hash}.Sign(private)
	if !h.Verify(public) || Head(h).Verify(public) {
		t.Error("a head of the trail is good as that alone")
	}
}
