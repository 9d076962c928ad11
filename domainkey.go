package akkoord

import (
	"encoding/base64"
	"fmt"
	"slices"
	"time"
)

// DomainKeyKind is the algorithm of a DKIM key, as its record names it.
type DomainKeyKind string

// The kinds of DKIM keys (RFC 8301, RFC 8463).
const (
	DomainKeyRSA     DomainKeyKind = "rsa" // of 2048 bits
	DomainKeyEd25519 DomainKeyKind = "ed25519"
)

// DomainKeyState says how far a DKIM key is.
type DomainKeyState string

// The states of a DKIM key.
const (
	DomainKeyNew       DomainKeyState = "new"       // its record is to be published; nothing is signed by it
	DomainKeyPublished DomainKeyState = "published" // its record was seen; nothing is signed by it yet
	DomainKeySigning   DomainKeyState = "signing"
	DomainKeyRetired   DomainKeyState = "retired" // signs no more; its private half is gone
)

const (
	// DomainKeyOverlap is how long the record of a retired key has to stay, for
	// mails that are still under way (mail rule E.6).
	DomainKeyOverlap = 7 * 24 * time.Hour
	// DomainKeys is how many DKIM keys are kept at most.
	DomainKeys = 20
)

// DomainKey is a DKIM key that was made here, without its private half.
type DomainKey struct {
	ID        int64
	PublicID  ID
	Domain    string // in ASCII, that mail is signed for
	Selector  string
	Kind      DomainKeyKind
	Public    []byte // as the record has it: PKIX for RSA, 32 bytes for Ed25519
	State     DomainKeyState
	CreatedAt time.Time
	SeenAt    time.Time // when its record was last seen to be right; zero: never
	SignsFrom time.Time // zero: never signed
	RetiredAt time.Time // zero: not retired
}

// Record gives name and text of the TXT record that publishes the key (RFC
// 6376 section 3.6.1).
func (k DomainKey) Record() (name, text string) {
	return k.Selector + "._domainkey." + k.Domain, "v=DKIM1; k=" + string(k.Kind) + "; p=" + base64.StdEncoding.EncodeToString(k.Public)
}

// CheckDomainKeyKind reports whether keys of the kind can be made. Errors are
// Invalid.
func CheckDomainKeyKind(kind DomainKeyKind) error {
	if kind != DomainKeyRSA && kind != DomainKeyEd25519 {
		return Fieldf("kind", "dkim_kind", "The kind is rsa or ed25519.")
	}
	return nil
}

// DomainSelector names a new key by its month, like akkoord202611, with an e
// after it for Ed25519 and a number where the name is taken.
func DomainSelector(kind DomainKeyKind, now time.Time, taken []string) string {
	first := "akkoord" + now.UTC().Format("200601")
	if kind == DomainKeyEd25519 {
		first += "e"
	}
	name := first
	for n := 2; slices.Contains(taken, name); n++ {
		name = fmt.Sprintf("%s-%d", first, n)
	}
	return name
}

// DomainSight is what a look at a key's record found.
type DomainSight int

// What a look finds.
const (
	RecordUnknown DomainSight = iota // name servers did not answer
	RecordWrong                      // it is not there, or has another key
	RecordRight
)

// Looked gives the key after a look at its record. A key whose record is gone
// again before it signs is as it was at first; what signs goes on.
func (k DomainKey) Looked(sight DomainSight, now time.Time) DomainKey {
	switch {
	case sight == RecordRight && k.State != DomainKeyRetired:
		k.SeenAt = now
		if k.State == DomainKeyNew {
			k.State = DomainKeyPublished
		}
	case sight == RecordWrong && k.State == DomainKeyPublished:
		k.State = DomainKeyNew
	}
	return k
}

// Sign gives the key as the one of its kind that mails are signed by, and the
// one that it takes the place of, retired. all are the keys there are; seen
// says that its record was found right just now, insist that an owner wants it
// without. Errors are Conflict: dkim_signs, dkim_unseen, and dkim_rsa_first,
// since many receivers don't know Ed25519 alone (mail rule E.2).
func (k DomainKey) Sign(all []DomainKey, seen, insist bool, now time.Time) ([]DomainKey, error) {
	switch {
	case k.State != DomainKeyNew && k.State != DomainKeyPublished:
		return nil, Errorf(Conflict, "dkim_signs", "This key signs already, or did so once. Make another one.")
	case !seen && !insist:
		return nil, Errorf(Conflict, "dkim_unseen", "The record of this key was not seen in DNS just now: receivers could not verify what it signs. Publish it, wait until it is seen, then try again.")
	case k.Kind == DomainKeyEd25519 && !signs(all, k.Domain, DomainKeyRSA):
		return nil, Errorf(Conflict, "dkim_rsa_first", "Many receivers don't know Ed25519 yet. Let an RSA key sign first; this one then signs beside it.")
	}
	k.State, k.SignsFrom = DomainKeySigning, now
	out := []DomainKey{k}
	for _, o := range all {
		if o.ID != k.ID && o.Domain == k.Domain && o.Kind == k.Kind && o.State == DomainKeySigning {
			out = append(out, o.retired(now))
		}
	}
	return out, nil
}

// Retire gives the key so that it signs no more. Errors are Conflict:
// dkim_not_signing, and dkim_rsa_last while an Ed25519 key signs beside it.
func (k DomainKey) Retire(all []DomainKey, now time.Time) ([]DomainKey, error) {
	if k.State != DomainKeySigning {
		return nil, Errorf(Conflict, "dkim_not_signing", "This key does not sign.")
	}
	if k.Kind == DomainKeyRSA && signs(all, k.Domain, DomainKeyEd25519) {
		return nil, Errorf(Conflict, "dkim_rsa_last", "An Ed25519 key would sign alone, which many receivers don't know yet. Retire that one first, or let another RSA key take this one's place.")
	}
	return []DomainKey{k.retired(now)}, nil
}

func (k DomainKey) retired(now time.Time) DomainKey {
	k.State, k.RetiredAt = DomainKeyRetired, now
	return k
}

func signs(all []DomainKey, domain string, kind DomainKeyKind) bool {
	return slices.ContainsFunc(all, func(k DomainKey) bool {
		return k.Domain == domain && k.Kind == kind && k.State == DomainKeySigning
	})
}

// KeepUntil is until when the record of a retired key has to stay.
func (k DomainKey) KeepUntil() time.Time { return k.RetiredAt.Add(DomainKeyOverlap) }

// CheckRemove reports whether the key may be forgotten. Errors are Conflict:
// dkim_in_use while it signs, dkim_keep while its record has to stay.
func (k DomainKey) CheckRemove(now time.Time) error {
	switch {
	case k.State == DomainKeySigning:
		return Errorf(Conflict, "dkim_in_use", "This key signs. Let another take its place, or retire it first.")
	case k.State == DomainKeyRetired && now.Before(k.KeepUntil()):
		return Errorf(Conflict, "dkim_keep", "Mails that this key signed may still be under way. Keep its record in DNS until %s.", k.KeepUntil().UTC().Format(time.DateOnly))
	}
	return nil
}

// DomainKeySecret is the private half of a key that mails are signed by.
type DomainKeySecret struct {
	ID       int64
	Selector string
	Private  []byte // PKCS #8
}

// String gives the selector alone; the key never prints.
func (s DomainKeySecret) String() string { return s.Selector }

// GoString is String, for %#v.
func (s DomainKeySecret) GoString() string { return s.Selector }

// DomainFinding is one thing that was looked at to know whether mails arrive.
type DomainFinding struct {
	What    string // "spf", "dkim", "dmarc", "mx", "ptr", "relay", "mta-sts" or "tls-rpt"
	Verdict string // "ok", "info", "warn" or "fail"
	Text    string // one English sentence, with the way out
	Name    string // of the TXT record to publish; "": none
	Record  string // its text
}

// Deliverability is what is known of the sending domain.
type Deliverability struct {
	Domain   string // of AKKOORD_FROM; empty: it is not set
	Return   string // domain of the envelope sender
	LookedAt time.Time
	Findings []DomainFinding
	Files    []string // selectors of AKKOORD_DKIM, whose keys sign in place of stored ones
}

// TXTStrings splits a record into strings of at most 255 bytes, as a zone file
// has to (mail rule E.10).
func TXTStrings(record string) []string {
	var out []string
	for len(record) > 255 {
		out, record = append(out, record[:255]), record[255:]
	}
	return append(out, record)
}
