package akkoord_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

// M19: the last line holds nothing personal, all is forgotten, and the hash
// stays.
func TestErasingLeavesALineAndAHash(t *testing.T) {
	now := time.Date(2027, 1, 15, 9, 30, 0, 0, time.UTC)
	o := akkoord.Origin{
		Source: "preferences", Actor: akkoord.ActorPerson, Privacy: 3, FormID: 4, Locale: "nl", Campaign: 5, MailingID: 6,
		Evidence: akkoord.Evidence{Address: "anouk@voorbeeld.example", IP: "192.0.2.0/24", UserAgent: "test"},
	}
	st := akkoord.Standing{Subscriber: akkoord.Subscriber{ID: 7}}
	want := akkoord.Change{
		Events:   []akkoord.Event{{At: now, Kind: akkoord.Erased, PrivacyVersion: 3, Source: "preferences", Actor: akkoord.ActorPerson}},
		Suppress: []akkoord.SuppressionKind{akkoord.SuppressedErased},
		Forget:   true,
	}
	if diff := cmp.Diff(want, st.Erase(o, now)); diff != "" {
		t.Errorf("erasing (-want +got):\n%s", diff)
	}
	var kinds []akkoord.DepartureKind
	for _, d := range want.Departures(akkoord.AddressHash{1}, now) {
		kinds = append(kinds, d.Kind)
	}
	if diff := cmp.Diff([]akkoord.DepartureKind{"erased", akkoord.DepartedRecords}, kinds); diff != "" {
		t.Errorf("a restore would do again (-want +got, P17):\n%s", diff)
	}
	if c := (akkoord.Standing{}).Erase(o, now); !c.IsZero() {
		t.Errorf("erasing nobody is %+v; of strangers nothing is kept", c)
	}
}

// P16: what the audit trail keeps of an erasure leads to nobody.
func TestAReasonForErasingNamesNobody(t *testing.T) {
	e, err := akkoord.ParseEmail("Anouk@voorbeeld.example")
	if err != nil {
		t.Fatal(err)
	}
	p := akkoord.Subscriber{Email: e, Name: "Zoë de Vries"}
	for reason, want := range map[string]string{
		"asked for by phone, ticket 4711":  "",
		"anouks verzoek":                   "",
		"":                                 "reason_missing",
		" \t":                              "reason_missing",
		"mail of anouk@voorbeeld.example":  "reason_personal",
		"somebody@else.example asked":      "reason_personal",
		"ANOUK called":                     "reason_personal",
		"letter (zoë de vries), 3 January": "reason_personal",
		"anouks friend, later anouk":       "reason_personal",
		strings.Repeat("a", 1<<16):         "text_too_long",
	} {
		if got := akkoord.CodeOf(akkoord.CheckErasureReason(reason, p)); got != want {
			t.Errorf("%.40q gives %q, want %q", reason, got, want)
		}
	}
	if err := akkoord.CheckErasureReason("asked for", akkoord.Subscriber{}); err != nil {
		t.Errorf("a reason about somebody without a name is refused: %v", err)
	}
}

// M19: the person's receipt can be checked by whoever knows the key of the
// ledger, and any change to it shows.
func TestAReceiptIsSignedAndHoldsNoAddress(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	want := akkoord.Erasure{Line: 1234, Hash: [32]byte{1, 2, 3}, At: time.Date(2027, 1, 15, 9, 30, 0, 5000, time.UTC)}.Sign(private)
	receipt := want.Receipt
	if !akkoord.IsReceipt(receipt) {
		t.Error("it is not known as a receipt")
	}
	for pinned, ok := range map[string]bool{"": true, akkoord.KeyFingerprint(public): true, akkoord.KeyFingerprint(public[1:]): false} {
		e, fingerprint, err := akkoord.VerifyReceipt(receipt, pinned)
		if (err == nil) != ok || ok && (e.Line != want.Line || fingerprint != akkoord.KeyFingerprint(public)) {
			t.Errorf("pinned to %q: %+v %s %v", pinned, e, fingerprint, err)
		}
	}
	got, err := akkoord.ReadReceipt(receipt, public)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the receipt reads as (-want +got):\n%s", diff)
	}
	for i := range len(receipt) - 1 { // the last line feed may go
		altered := []byte(receipt)
		altered[i] ^= 1
		if again, err := akkoord.ReadReceipt(string(altered), public); err == nil && (again.Line != want.Line || again.Hash != want.Hash || !again.At.Equal(want.At)) {
			t.Fatalf("with another byte %d it still reads, as %+v", i, again)
		}
	}
	other, _, _ := ed25519.GenerateKey(rand.Reader)
	if _, err := akkoord.ReadReceipt(receipt, other); err == nil {
		t.Error("another key verifies it")
	}
	if _, _, err := akkoord.VerifyReceipt(strings.Replace(receipt, "line: ", "line: 1", 1), ""); err == nil {
		t.Error("an altered receipt verifies by the key that it names")
	}
	if _, err := akkoord.ReadReceipt("", public); err == nil {
		t.Error("nothing is a receipt")
	}
}
