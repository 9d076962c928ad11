package akkoord

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"time"
)

// Event is one line of the consent ledger: who did what, when, through what,
// having seen which texts. It is never changed. It refers to people by number
// only; Evidence is stored apart and can be erased, while Commitment stays.
type Event struct {
	Seq            int64 // 1, 2, 3, … without gaps
	At             time.Time
	Kind           EventKind
	SubscriberID   int64
	PurposeID      int64
	CampaignID     int64
	MailingID      int64
	Request        ID
	FormVersionID  int64
	WordingVersion int
	PrivacyVersion int
	Locale         string
	Source         string
	Actor          Actor
	Commitment     [sha256.Size]byte
	Hash           [sha256.Size]byte

	Evidence Evidence // not part of the line
}

// Commit gives the evidence as it is stored, in JSON, and the commitment to
// it: HMAC-SHA-256 under the person's salt. Without the salt the commitment
// says nothing about the person.
func (e Evidence) Commit(salt []byte) (data []byte, commitment [sha256.Size]byte, err error) {
	if data, err = json.Marshal(e); err != nil {
		return nil, commitment, err
	}
	mac := hmac.New(sha256.New, salt)
	mac.Write(data)
	mac.Sum(commitment[:0])
	return data, commitment, nil
}

// ledgerFormat and lineFormat begin what is hashed, so that a later format
// can't be mistaken for this one, nor a line for a place in the chain.
const (
	ledgerFormat = "akkoord ledger 1\n"
	lineFormat   = "akkoord ledger line 1\n"
)

// Chain gives the event's hash: its place in the chain.
func (e *Event) Chain(previous [sha256.Size]byte) [sha256.Size]byte {
	return ChainDigest(previous, e.Digest())
}

// ChainDigest gives the hash of a line of which only the digest is known:
// SHA-256 over the hash of the line before it and its digest. So a proof can
// lead past the lines of other people without showing them (M30).
func ChainDigest(previous, digest [sha256.Size]byte) [sha256.Size]byte {
	var b [len(ledgerFormat) + 2*sha256.Size]byte
	copy(b[:], ledgerFormat)
	copy(b[len(ledgerFormat):], previous[:])
	copy(b[len(ledgerFormat)+sha256.Size:], digest[:])
	return sha256.Sum256(b[:])
}

// Digest gives SHA-256 over every field of the line in fixed order, each with
// its length or as eight bytes. The commitment among them can't be guessed, so
// neither can a line by its digest.
func (e *Event) Digest() [sha256.Size]byte {
	h := sha256.New()
	h.Write([]byte(lineFormat))
	for _, n := range [...]int64{
		e.Seq, e.At.UnixMicro(), e.SubscriberID, e.PurposeID, e.CampaignID, e.MailingID,
		e.FormVersionID, int64(e.WordingVersion), int64(e.PrivacyVersion),
	} {
		writeInt(h, n)
	}
	for _, s := range [...]string{string(e.Kind), e.Locale, e.Source, string(e.Actor)} {
		writeInt(h, int64(len(s)))
		h.Write([]byte(s))
	}
	h.Write(e.Request[:])
	h.Write(e.Commitment[:])
	var sum [sha256.Size]byte
	h.Sum(sum[:0])
	return sum
}

func writeInt(h hash.Hash, n int64) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(n))
	h.Write(b[:])
}

// Head is the last line of the ledger at some time, signed, so that a later
// ledger can be held against it.
type Head struct {
	Seq       int64             `json:"seq"`
	Hash      [sha256.Size]byte `json:"-"`
	At        time.Time         `json:"at"`
	Signature []byte            `json:"-"`
}

func (h Head) message() []byte {
	return fmt.Appendf(nil, "akkoord ledger head 1\n%d\n%x\n%d\n", h.Seq, h.Hash, h.At.UnixMicro())
}

// Sign gives the head with its Ed25519 signature (RFC 8032).
func (h Head) Sign(key ed25519.PrivateKey) Head {
	h.Signature = ed25519.Sign(key, h.message())
	return h
}

// Verify reports whether the head was signed with the key's private part.
func (h Head) Verify(key ed25519.PublicKey) bool {
	return len(key) == ed25519.PublicKeySize && ed25519.Verify(key, h.message(), h.Signature)
}

// Verifier checks a ledger line by line, in order of Seq.
type Verifier struct {
	seq  int64
	last [sha256.Size]byte
}

// ErrLedger is wrapped by every finding of a Verifier.
var ErrLedger = errors.New("the ledger does not verify")

// Next takes the next line. salt is the person's, or nil when they were
// erased; then the evidence is not compared.
func (v *Verifier) Next(e *Event, salt []byte) error {
	if e.Seq != v.seq+1 {
		return fmt.Errorf("%w: line %d follows line %d", ErrLedger, e.Seq, v.seq)
	}
	if sum := e.Chain(v.last); sum != e.Hash {
		return fmt.Errorf("%w: line %d was altered", ErrLedger, e.Seq)
	}
	if len(salt) > 0 {
		_, sum, err := e.Evidence.Commit(salt)
		if err != nil {
			return err
		}
		if sum != e.Commitment {
			return fmt.Errorf("%w: the evidence of line %d was altered", ErrLedger, e.Seq)
		}
	}
	v.seq, v.last = e.Seq, e.Hash
	return nil
}

// Head gives the last line taken, unsigned.
func (v *Verifier) Head() Head { return Head{Seq: v.seq, Hash: v.last} }
