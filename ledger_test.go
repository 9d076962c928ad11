package akkoord

import (
	"crypto/ed25519"
	"errors"
	"testing"

	"pgregory.net/rapid"
)

// chain gives n lines with their evidence committed under salt.
func chain(t rapid.TB, n int, salt []byte) []Event {
	events := make([]Event, n)
	var v Verifier
	for i := range events {
		e := Event{
			Seq: int64(i + 1), At: noon, Kind: Confirmed, SubscriberID: int64(i%3 + 1), PurposeID: 1, CampaignID: 2, MailingID: 3,
			Request: id(1), FormVersionID: 4, WordingVersion: 5, PrivacyVersion: 6, Locale: "nl", Source: "confirm", Actor: ActorPerson,
			Evidence: Evidence{Address: "anouk@voorbeeld.example", IP: "192.0.2.0"},
		}
		_, sum, err := e.Evidence.Commit(salt)
		if err != nil {
			t.Fatal(err)
		}
		e.Commitment = sum
		e.Hash = e.Chain(v.last)
		if err := v.Next(&e, salt); err != nil {
			t.Fatal(err)
		}
		events[i] = e
	}
	return events
}

func verify(events []Event, salt []byte) error {
	var v Verifier
	for i := range events {
		if err := v.Next(&events[i], salt); err != nil {
			return err
		}
	}
	return nil
}

// P25, M30: any change to any field of any line is found; erasing the salt
// and the evidence is not a change.
func TestLedgerShowsEveryAlteration(t *testing.T) {
	salt := []byte("0123456789abcdef")
	alterations := map[string]func(*Event){
		"at":              func(e *Event) { e.At = e.At.Add(1000) },
		"kind":            func(e *Event) { e.Kind = Withdrew },
		"subscriber":      func(e *Event) { e.SubscriberID++ },
		"purpose":         func(e *Event) { e.PurposeID++ },
		"campaign":        func(e *Event) { e.CampaignID++ },
		"mailing":         func(e *Event) { e.MailingID++ },
		"request":         func(e *Event) { e.Request[3]++ },
		"form version":    func(e *Event) { e.FormVersionID++ },
		"wording version": func(e *Event) { e.WordingVersion++ },
		"privacy version": func(e *Event) { e.PrivacyVersion++ },
		"locale":          func(e *Event) { e.Locale = "en" },
		"source":          func(e *Event) { e.Source = "x" },
		"moved text":      func(e *Event) { e.Locale, e.Source = e.Locale+e.Source[:1], e.Source[1:] },
		"actor":           func(e *Event) { e.Actor = ActorSystem },
		"commitment":      func(e *Event) { e.Commitment[0]++ },
		"hash":            func(e *Event) { e.Hash[0]++ },
		"seq":             func(e *Event) { e.Seq++ },
		"evidence":        func(e *Event) { e.Evidence.IP = "198.51.100.0" },
	}
	for name, alter := range alterations {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				events := chain(t, rapid.IntRange(1, 8).Draw(t, "lines"), salt)
				alter(&events[rapid.IntRange(0, len(events)-1).Draw(t, "line")])
				if err := verify(events, salt); !errors.Is(err, ErrLedger) {
					t.Fatalf("the alteration is not found: %v", err)
				}
			})
		})
	}
	t.Run("line removed", func(t *testing.T) {
		events := chain(t, 4, salt)
		if err := verify(append(events[:1:1], events[2:]...), salt); !errors.Is(err, ErrLedger) {
			t.Error(err)
		}
	})
	t.Run("erased", func(t *testing.T) {
		events := chain(t, 4, salt)
		for i := range events {
			events[i].Evidence = Evidence{}
		}
		if err := verify(events, nil); err != nil {
			t.Error(err)
		}
	})
}

// P25: a signed head holds a later ledger to what it said.
func TestSignedHead(t *testing.T) {
	key := testKeyring(t).LedgerKey()
	public := key.Public().(ed25519.PublicKey)
	head := Head{Seq: 4, Hash: chain(t, 4, nil)[3].Hash, At: noon}.Sign(key)
	if !head.Verify(public) {
		t.Error("a signed head does not verify")
	}
	other := head
	other.Seq++
	if other.Verify(public) || head.Verify(testKeyring(t).LedgerKey().Public().(ed25519.PublicKey)) {
		t.Error("a head verifies that was not signed so")
	}
}
