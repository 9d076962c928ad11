package akkoord

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// AuditEntry is one line of the audit trail: a read or a change of personal
// data or of configuration (M27). Like the ledger it holds ids only, and its
// lines are a hash chain.
type AuditEntry struct {
	Seq    int64
	At     time.Time
	Actor  Actor  // "user:3", "key:2", "system"
	Action string // "subscriber.read", "mailing.send", …
	Object string // "subscriber:17", "mailing:4"
	Note   string // counts or a reason; no personal data
	Hash   [sha256.Size]byte
}

// Chain gives the hash of a line that follows the line with hash last.
func (e AuditEntry) Chain(last [sha256.Size]byte) (sum [sha256.Size]byte) {
	h := sha256.New()
	h.Write([]byte("akkoord audit line 1\n"))
	h.Write(last[:])
	writeInt(h, e.Seq)
	writeInt(h, e.At.UnixMicro())
	for _, s := range []string{string(e.Actor), e.Action, e.Object, e.Note} {
		writeInt(h, int64(len(s)))
		h.Write([]byte(s))
	}
	h.Sum(sum[:0])
	return sum
}

// AuditHead is the last line of the audit trail at some time, signed with the
// key of the ledger.
type AuditHead Head

func (h AuditHead) message() []byte {
	return fmt.Appendf(nil, "akkoord audit head 1\n%d\n%x\n%d\n", h.Seq, h.Hash, h.At.UnixMicro())
}

// Sign gives the head with its Ed25519 signature (RFC 8032).
func (h AuditHead) Sign(key ed25519.PrivateKey) AuditHead {
	h.Signature = ed25519.Sign(key, h.message())
	return h
}

// Verify reports whether the head was signed with the key's private part.
func (h AuditHead) Verify(key ed25519.PublicKey) bool {
	return len(key) == ed25519.PublicKeySize && ed25519.Verify(key, h.message(), h.Signature)
}

// AuditVerifier checks an audit trail line by line, in order of Seq.
type AuditVerifier struct {
	seq  int64
	last [sha256.Size]byte
}

// Seq gives the number of the last line taken.
func (v *AuditVerifier) Seq() int64 { return v.seq }

// Next takes the next line. Lines from before the trail was a chain have no
// hash (chained is false); they can only come first.
func (v *AuditVerifier) Next(e AuditEntry, chained bool) error {
	switch {
	case e.Seq != v.seq+1:
		return fmt.Errorf("%w: line %d of the audit trail follows line %d", ErrLedger, e.Seq, v.seq)
	case !chained && v.last != [sha256.Size]byte{}, chained && e.Chain(v.last) != e.Hash:
		return fmt.Errorf("%w: line %d of the audit trail was altered", ErrLedger, e.Seq)
	case chained:
		v.last = e.Hash
	}
	v.seq = e.Seq
	return nil
}

// AuditFilter narrows a search of the audit trail. Zero fields match all.
type AuditFilter struct {
	Actor    string    // system, person, user:UUID or key:UUID
	Object   string    // like subscriber:UUID
	Action   string    // like subscriber.read, or subscriber for all of its kind
	From, To time.Time // from From, before To
}

var auditName = regexp.MustCompile(`^[a-z_]+([:.][A-Za-z0-9_-]+)?$`)

// Check reports the first thing wrong with a filter, which is kept in the
// trail itself and so can't hold an address.
func (f AuditFilter) Check() error {
	for _, n := range []struct{ field, value, like string }{
		{"actor", f.Actor, "user:UUID or system"}, {"subject", f.Object, "subscriber:UUID"}, {"kind", f.Action, "subscriber.read"},
	} {
		if n.value != "" && (len(n.value) > 100 || !auditName.MatchString(n.value)) {
			return Fieldf(n.field, "value_invalid", "Write it like %s.", n.like)
		}
	}
	if !f.From.IsZero() && !f.To.IsZero() && !f.From.Before(f.To) {
		return Fieldf("to", "period_reversed", "The end has to be after the beginning. Change one of the two.")
	}
	return nil
}

// String tells what is searched for, as the line about the search has it.
func (f AuditFilter) String() string {
	var parts []string
	for _, p := range []struct{ name, value string }{{"actor", f.Actor}, {"subject", f.Object}, {"kind", f.Action}} {
		if p.value != "" {
			parts = append(parts, p.name+"="+p.value)
		}
	}
	for _, p := range []struct {
		name string
		at   time.Time
	}{{"from", f.From}, {"to", f.To}} {
		if !p.at.IsZero() {
			parts = append(parts, p.name+"="+Moment{p.at}.String())
		}
	}
	return strings.Join(parts, " ")
}
