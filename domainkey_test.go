package akkoord_test

import (
	"strings"
	"testing"
	"time"

	"akkoord"

	"github.com/google/go-cmp/cmp"
)

// E.2, E.6: how DKIM keys move: no key signs whose record was not seen unless
// somebody insists, Ed25519 never signs alone, and what is under way keeps its
// record for seven days.
func TestDomainKeysMoveInOrder(t *testing.T) {
	now := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	key := func(id int64, kind akkoord.DomainKeyKind, state akkoord.DomainKeyState) akkoord.DomainKey {
		return akkoord.DomainKey{ID: id, Domain: "zonvaart.example", Kind: kind, State: state}
	}
	const rsa, ed = akkoord.DomainKeyRSA, akkoord.DomainKeyEd25519
	const fresh, published, signing, retired = akkoord.DomainKeyNew, akkoord.DomainKeyPublished, akkoord.DomainKeySigning, akkoord.DomainKeyRetired
	other := key(2, rsa, signing)
	other.Domain = "ander.example"
	for name, c := range map[string]struct {
		act    string
		key    akkoord.DomainKey
		others []akkoord.DomainKey
		code   string
		want   []akkoord.DomainKeyState // of the key and of those that move with it
	}{
		"one whose record is seen signs":             {"seen", key(1, rsa, published), nil, "", []akkoord.DomainKeyState{signing}},
		"also the first time it is seen":             {"seen", key(1, rsa, fresh), nil, "", []akkoord.DomainKeyState{signing}},
		"and takes the place of the one before":      {"seen", key(1, rsa, published), []akkoord.DomainKey{key(2, rsa, signing), key(3, rsa, fresh)}, "", []akkoord.DomainKeyState{signing, retired}},
		"not of one of the other kind":               {"seen", key(1, ed, published), []akkoord.DomainKey{key(2, rsa, signing)}, "", []akkoord.DomainKeyState{signing}},
		"nor of one for another domain":              {"seen", key(1, rsa, published), []akkoord.DomainKey{other}, "", []akkoord.DomainKeyState{signing}},
		"one whose record is not seen does not sign": {"unseen", key(1, rsa, published), nil, "dkim_unseen", nil},
		"unless an owner insists":                    {"insist", key(1, rsa, fresh), nil, "", []akkoord.DomainKeyState{signing}},
		"Ed25519 does not sign alone":                {"seen", key(1, ed, published), []akkoord.DomainKey{key(2, rsa, published)}, "dkim_rsa_first", nil},
		"not even where an owner insists":            {"insist", key(1, ed, published), []akkoord.DomainKey{other}, "dkim_rsa_first", nil},
		"what signs can't begin":                     {"seen", key(1, rsa, signing), nil, "dkim_signs", nil},
		"nor can what is retired":                    {"insist", key(1, rsa, retired), nil, "dkim_signs", nil},
		"what signs can be retired":                  {"retire", key(1, rsa, signing), nil, "", []akkoord.DomainKeyState{retired}},
		"not beside an Ed25519 key":                  {"retire", key(1, rsa, signing), []akkoord.DomainKey{key(2, ed, signing)}, "dkim_rsa_last", nil},
		"which can be":                               {"retire", key(2, ed, signing), []akkoord.DomainKey{key(1, rsa, signing)}, "", []akkoord.DomainKeyState{retired}},
		"what does not sign can't be retired":        {"retire", key(1, rsa, published), nil, "dkim_not_signing", nil},
	} {
		all := append([]akkoord.DomainKey{c.key}, c.others...)
		var out []akkoord.DomainKey
		var err error
		if c.act == "retire" {
			out, err = c.key.Retire(all, now)
		} else {
			out, err = c.key.Sign(all, c.act == "seen", c.act == "insist", now)
		}
		var states []akkoord.DomainKeyState
		for _, k := range out {
			states = append(states, k.State)
			if k.State == signing && !k.SignsFrom.Equal(now) || k.State == retired && !k.RetiredAt.Equal(now) {
				t.Errorf("%s: a time is missing: %+v", name, k)
			}
		}
		if d := cmp.Diff(c.want, states); d != "" || akkoord.CodeOf(err) != c.code {
			t.Errorf("%s: %v\n%s", name, err, d)
		}
	}
}

// What a look at the record makes of a key, and when a key may be forgotten.
func TestDomainKeysAreLookedAtAndForgotten(t *testing.T) {
	now := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	const fresh, published, signing, retired = akkoord.DomainKeyNew, akkoord.DomainKeyPublished, akkoord.DomainKeySigning, akkoord.DomainKeyRetired
	for _, c := range []struct {
		from  akkoord.DomainKeyState
		sight akkoord.DomainSight
		to    akkoord.DomainKeyState
		seen  bool
	}{
		{fresh, akkoord.RecordRight, published, true},
		{fresh, akkoord.RecordWrong, fresh, false},
		{fresh, akkoord.RecordUnknown, fresh, false},
		{published, akkoord.RecordRight, published, true},
		{published, akkoord.RecordWrong, fresh, false},
		{published, akkoord.RecordUnknown, published, false},
		{signing, akkoord.RecordRight, signing, true},
		{signing, akkoord.RecordWrong, signing, false},
		{retired, akkoord.RecordRight, retired, false},
	} {
		if k := (akkoord.DomainKey{State: c.from}).Looked(c.sight, now); k.State != c.to || k.SeenAt.Equal(now) != c.seen {
			t.Errorf("%s, seen %d: %s at %v", c.from, c.sight, k.State, k.SeenAt)
		}
	}
	for _, c := range []struct {
		key  akkoord.DomainKey
		code string
	}{
		{akkoord.DomainKey{State: fresh}, ""},
		{akkoord.DomainKey{State: published}, ""},
		{akkoord.DomainKey{State: signing}, "dkim_in_use"},
		{akkoord.DomainKey{State: retired, RetiredAt: now.Add(time.Second - akkoord.DomainKeyOverlap)}, "dkim_keep"},
		{akkoord.DomainKey{State: retired, RetiredAt: now.Add(-akkoord.DomainKeyOverlap)}, ""},
	} {
		if err := c.key.CheckRemove(now); akkoord.CodeOf(err) != c.code {
			t.Errorf("%s: %v", c.key.State, err)
		}
	}
	if name, text := (akkoord.DomainKey{Selector: "a", Domain: "zonvaart.example", Kind: akkoord.DomainKeyEd25519, Public: []byte{1}}).Record(); name != "a._domainkey.zonvaart.example" || text != "v=DKIM1; k=ed25519; p=AQ==" {
		t.Errorf("%s %s", name, text)
	}
	for _, c := range []struct {
		kind  akkoord.DomainKeyKind
		taken []string
		want  string
	}{
		{akkoord.DomainKeyRSA, nil, "akkoord202611"},
		{akkoord.DomainKeyRSA, []string{"akkoord202611", "akkoord202611-2"}, "akkoord202611-3"},
		{akkoord.DomainKeyEd25519, []string{"akkoord202611"}, "akkoord202611e"},
	} {
		if got := akkoord.DomainSelector(c.kind, now, c.taken); got != c.want {
			t.Errorf("%s, not %s", got, c.want)
		}
	}
}

// E.10: long records are split as a zone file has them.
func TestLongRecordsAreSplit(t *testing.T) {
	for n, want := range map[int]int{0: 1, 255: 1, 256: 2, 600: 3} {
		parts := akkoord.TXTStrings(strings.Repeat("x", n))
		if len(parts) != want || len(strings.Join(parts, "")) != n {
			t.Errorf("%d bytes: %d parts", n, len(parts))
		}
	}
}
