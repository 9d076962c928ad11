package akkoord

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Erase decides what erasing a person does (Art. 17 GDPR, M19): all that is
// stored of them is deleted, the ledger gets a last line that holds nothing
// personal, and the keyed hash of the address keeps everybody but the person
// from bringing them back (P15). Of nobody there is nothing to erase.
func (s Standing) Erase(o Origin, now time.Time) Change {
	if s.Subscriber.ID == 0 {
		return Change{}
	}
	o = Origin{Source: o.Source, Actor: o.Actor, Privacy: o.Privacy}
	c := Change{Events: []Event{o.event(Erased, Subscription{}, now)}, Forget: true}
	c.Lift = s.unrestricted()
	if !s.Suppressed(SuppressedErased) {
		c.Suppress = []SuppressionKind{SuppressedErased}
	}
	return c
}

// CheckErasureReason reports whether a reason for an erasure may be kept in
// the audit trail, which outlives it: it names neither the person nor any
// address. Errors are Invalid and name the field "reason".
func CheckErasureReason(reason string, p Subscriber) error {
	if strings.TrimSpace(reason) == "" {
		return Fieldf("reason", "reason_missing", "Say why this person is erased, like \"asked for by phone\"; it is kept on record.")
	}
	if err := CheckText("reason", reason, Limits.Text); err != nil {
		return err
	}
	if strings.Contains(reason, "@") || hasWord(reason, p.Email.local) || hasWord(reason, p.Name) {
		return Fieldf("reason", "reason_personal", "The reason is kept when the person is erased, so it can't hold their name or address.")
	}
	return nil
}

// hasWord reports whether word stands by itself in a text, in any case of
// letters. The empty word does not.
func hasWord(text, word string) bool {
	text, word = strings.ToLower(text), strings.ToLower(word)
	inWord := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	for i := 0; word != ""; {
		at := strings.Index(text[i:], word)
		if at < 0 {
			break
		}
		before, _ := utf8.DecodeLastRuneInString(text[:i+at])
		after, _ := utf8.DecodeRuneInString(text[i+at+len(word):])
		if !inWord(before) && !inWord(after) {
			return true
		}
		i += at + len(word)
	}
	return false
}

// Erasure is what remains to be shown of one: the line of the ledger that
// says so.
type Erasure struct {
	Line int64
	Hash [sha256.Size]byte // of the line
	At   time.Time

	Receipt string // for the person; see Sign
}

const (
	receiptTitle = "akkoord erasure receipt 1"
	receiptText  = "All that was stored here of one person was erased. What stays is a keyed hash of the address, so that nobody but that person can bring it back."
)

// Sign gives the erasure with its receipt: the signed statement that somebody
// was erased, for that person to keep. It holds no personal data: the time, the
// line of the ledger, the public key and an Ed25519 signature (RFC 8032) over all
// that stands before it.
func (e Erasure) Sign(key ed25519.PrivateKey) Erasure {
	text := e.statement(key.Public().(ed25519.PublicKey))
	e.Receipt = text + signatureLabel + base64.StdEncoding.EncodeToString(ed25519.Sign(key, []byte(text))) + "\n"
	return e
}

const signatureLabel = "signature: "

func (e Erasure) statement(key ed25519.PublicKey) string {
	return fmt.Sprintf("%s\n%s\nerased at: %s\nledger line: %d\nledger hash: %x\nkey: %x\n", receiptTitle, receiptText, Moment{e.At}, e.Line, e.Hash, []byte(key))
}

// IsReceipt reports whether a text begins as a receipt does.
func IsReceipt(text string) bool { return strings.HasPrefix(text, receiptTitle+"\n") }

// VerifyReceipt checks a receipt without a database: that it was not altered since
// it was signed with the key that it names. It gives the fingerprint of that key,
// which has to be pinned where that is not empty. That it is the controller's key,
// only a fingerprint made known elsewhere says.
func VerifyReceipt(receipt, pinned string) (e Erasure, fingerprint string, err error) {
	_, named, _ := strings.Cut(receipt, "\nkey: ")
	named, _, _ = strings.Cut(named, "\n")
	key, err := hex.DecodeString(named)
	if err != nil {
		return Erasure{}, "", errReceipt
	}
	if e, err = ReadReceipt(receipt, key); err != nil {
		return Erasure{}, "", err
	}
	fingerprint = KeyFingerprint(key)
	if pinned != "" && !strings.EqualFold(pinned, fingerprint) {
		return Erasure{}, fingerprint, fmt.Errorf("the receipt was signed with another key: the fingerprint of its key is %s, and the one that was given differs", fingerprint)
	}
	return e, fingerprint, nil
}

var errReceipt = errors.New("this is no receipt of an erasure that was signed with this key, or it was altered")

// ReadReceipt reads a receipt and checks it against the public part of the key
// of the ledger.
func ReadReceipt(receipt string, key ed25519.PublicKey) (Erasure, error) {
	text, signature, _ := strings.Cut(receipt, signatureLabel)
	sig, err := base64.StdEncoding.DecodeString(strings.TrimSpace(signature))
	if err != nil || len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, []byte(text), sig) {
		return Erasure{}, errReceipt
	}
	e := Erasure{Receipt: receipt}
	var at string
	var hash, signer []byte
	facts := strings.TrimPrefix(text, receiptTitle+"\n"+receiptText+"\n")
	if _, err := fmt.Sscanf(facts, "erased at: %s\nledger line: %d\nledger hash: %x\nkey: %x\n", &at, &e.Line, &hash, &signer); err != nil || len(hash) != len(e.Hash) {
		return Erasure{}, errReceipt
	}
	copy(e.Hash[:], hash)
	if e.At, err = time.Parse(momentLayout, at); err != nil {
		return Erasure{}, errReceipt
	}
	return e, nil
}

// CheckTakingReason is CheckErasureReason for a reason why a person's record
// was taken away, which may be left out.
func CheckTakingReason(reason string, p Subscriber) error {
	if reason == "" {
		return nil
	}
	return CheckErasureReason(reason, p)
}

// CheckNoPerson reports whether a text that outlives people may be kept: it
// holds no address. It may be empty.
func CheckNoPerson(field, text string) error {
	if err := CheckText(field, text, Limits.Text); err != nil {
		return err
	}
	if strings.Contains(text, "@") {
		return Fieldf(field, "reason_personal", "This is kept for good, so it can't hold an address.")
	}
	return nil
}
