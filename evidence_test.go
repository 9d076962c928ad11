package akkoord

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"io"
	"strings"
	"testing"
)

// proof gives a bundle about person 2 of a ledger of ten lines: the texts of a
// purpose, then three people by turns; lines 4, 8 and 10 are signed.
func proof(t *testing.T, key ed25519.PrivateKey) *Bundle {
	t.Helper()
	salt := []byte("0123456789abcdef")
	text := PurposeText{Name: "Reisnieuws", Explanation: "Reisideeën.", Wording: "Ja, mail mij <3"}
	digest, err := text.Commit()
	if err != nil {
		t.Fatal(err)
	}
	b := &Bundle{
		MadeAt: noon, Person: BundlePerson{Number: 2, Person: PersonData{ID: id(7), Email: "anouk@voorbeeld.example"}},
		Secrets: BundleSecrets{Salt: "30313233343536373839616263646566"},
	}
	mail := []byte("Subject: hallo\r\n\r\nBevestig?\r\n")
	sum := Sum(sha256.Sum256(mail))
	b.Mails.SignUps = []SignUpMail{{Mail: MailConfirm, MessageID: "abc", Size: len(mail), SHA256: &sum, Copy: "mail-1.eml"}}
	b.Pages = []BundlePage{{"mail-1.eml", mail}}
	var last [32]byte
	run := BundleRun{}
	for seq := int64(1); seq <= 10; seq++ {
		e := Event{Seq: seq, At: noon, Kind: Requested, SubscriberID: seq % 3, PurposeID: 1, WordingVersion: 1, Locale: "nl", Source: "form:home", Actor: ActorPerson}
		data := []byte(`{"address":"anouk@voorbeeld.example"}`)
		if e.SubscriberID == 0 {
			e.SubscriberID = 3
		}
		if seq == 1 {
			data = []byte(`{"name":"Reisnieuws","explanation":"Reisideeën.","wording":"Ja, mail mij \u003c3"}`)
			e.Kind, e.SubscriberID, e.Commitment = Worded, 0, digest
		} else {
			_, e.Commitment, err = Evidence{Address: "anouk@voorbeeld.example"}.Commit(salt)
			if err != nil {
				t.Fatal(err)
			}
		}
		e.Hash = e.Chain(last)
		line := NewBundleLine(e)
		line.Previous = last
		switch e.SubscriberID {
		case 0:
			b.Texts.Purposes = []BundleText{{PurposeID: 1, Slug: "news", Version: 1, Locale: "nl", Text: text, Covered: string(data), Line: line}}
		case 2:
			b.Lines = append(b.Lines, line)
			b.Secrets.Lines = append(b.Secrets.Lines, SecretLine{Seq: seq, Covered: string(data)})
		}
		run.Digests = append(run.Digests, e.Digest())
		last = e.Hash
		if seq == 4 || seq == 8 || seq == 10 {
			h := Head{Seq: seq, Hash: last, At: noon}.Sign(key)
			b.Heads = append(b.Heads, BundleHead{h.Seq, h.Hash, Moment{h.At}, h.Signature})
			b.Chain = append(b.Chain, run)
			run = BundleRun{AfterSeq: seq, AfterHash: last}
		}
	}
	return b
}

func sealed(t *testing.T, b *Bundle, key ed25519.PrivateKey) []byte {
	t.Helper()
	file, err := b.Seal(key)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func checkBundle(file []byte, pinned string) (passed []string, err error) {
	err = VerifyBundle(bytes.NewReader(file), int64(len(file)), pinned, func(s string) { passed = append(passed, s) })
	return passed, err
}

type member struct {
	name string
	data []byte
}

func unpack(t *testing.T, file []byte) []member {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	var out []member
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, member{f.Name, data})
	}
	return out
}

func pack(t *testing.T, members []member) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, m := range members {
		w, err := z.Create(m.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(m.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// M30: a bundle verifies by itself, packed anew by another program too, and
// has no folder and no empty member.
func TestM30BundleVerifies(t *testing.T) {
	key := testKeyring(t).LedgerKey()
	file := sealed(t, proof(t, key), key)
	passed, err := checkBundle(file, "")
	if err != nil || len(passed) != 8 {
		t.Fatalf("%v after %q", err, passed)
	}
	members := unpack(t, file)
	for _, m := range members {
		if len(m.data) == 0 || strings.HasSuffix(m.name, "/") {
			t.Errorf("member %q has %d bytes", m.name, len(m.data))
		}
	}
	if _, err := checkBundle(pack(t, members), KeyFingerprint(key.Public().(ed25519.PublicKey))); err != nil {
		t.Errorf("packed anew: %v", err)
	}
	if _, err := checkBundle(file, KeyFingerprint(testKeyring(t).LedgerKey().Public().(ed25519.PublicKey))); !errors.Is(err, ErrBundle) {
		t.Errorf("with the fingerprint of another key: %v", err)
	}
}

// M30: one altered byte in any member is found, and the member is named; a
// member that is gone or was added too, and a file that was cut.
func TestM30EveryAlteredByteIsFound(t *testing.T) {
	key := testKeyring(t).LedgerKey()
	file := sealed(t, proof(t, key), key)
	members := unpack(t, file)
	for i, m := range members {
		step := max(1, len(m.data)/60)
		for at := 0; at < len(m.data); at += step {
			for _, flip := range []byte{0x01, 0x20} {
				altered := append([]member(nil), members...)
				altered[i].data = bytes.Clone(m.data)
				altered[i].data[at] ^= flip
				_, err := checkBundle(pack(t, altered), "")
				if !errors.Is(err, ErrBundle) {
					t.Fatalf("byte %d of %s altered by %#x: %v", at, m.name, flip, err)
				}
				if !strings.Contains(err.Error(), m.name) {
					t.Fatalf("byte %d of %s altered by %#x is told as: %v", at, m.name, flip, err)
				}
			}
		}
		gone := append(append([]member(nil), members[:i]...), members[i+1:]...)
		if _, err := checkBundle(pack(t, gone), ""); !errors.Is(err, ErrBundle) || !strings.Contains(err.Error(), m.name) {
			t.Errorf("without %s: %v", m.name, err)
		}
	}
	if len(members) != 12 {
		t.Errorf("%d members", len(members))
	}
	for _, added := range []string{"note.txt", "events.json", "folder/"} {
		data := []byte("x")
		if strings.HasSuffix(added, "/") {
			data = nil
		}
		if _, err := checkBundle(pack(t, append(members[:len(members):len(members)], member{added, data})), ""); !errors.Is(err, ErrBundle) || !strings.Contains(err.Error(), added) {
			t.Errorf("with %s added: %v", added, err)
		}
	}
	for _, n := range []int{0, 1, len(file) / 2, len(file) - 1} {
		if _, err := checkBundle(file[:n], ""); !errors.Is(err, ErrBundle) {
			t.Errorf("cut to %d bytes: %v", n, err)
		}
	}
}

// M30, P25: whoever holds the key and signs the bundle anew can't alter what
// the ledger committed to either.
func TestM30ASignedForgeryIsFound(t *testing.T) {
	key := testKeyring(t).LedgerKey()
	forgeries := map[string]struct {
		forge func(*Bundle)
		told  string
	}{
		"the time of an act": {func(b *Bundle) { b.Lines[1].At.Time = b.Lines[1].At.Add(1000) }, "line 5"},
		"the kind of an act": {func(b *Bundle) { b.Lines[0].Kind = Confirmed }, "line 2"},
		"the address":        {func(b *Bundle) { b.Secrets.Lines[0].Covered = `{"address":"pim@voorbeeld.example"}` }, "evidence.json"},
		"another salt":       {func(b *Bundle) { b.Secrets.Salt = "00" }, "evidence.json"},
		"no salt":            {func(b *Bundle) { b.Secrets.Salt = "" }, "evidence.json"},
		"evidence left out":  {func(b *Bundle) { b.Secrets.Lines = b.Secrets.Lines[1:] }, "evidence.json"},
		"evidence twice":     {func(b *Bundle) { b.Secrets.Lines[1] = b.Secrets.Lines[0] }, "evidence.json"},
		"an IP address": {func(b *Bundle) {
			b.Secrets.Lines[0].WholeIP = WholeIP{Address: "192.0.2.77", Nonce: strings.Repeat("00", 16)}
		}, "evidence.json"},
		"the wording":             {func(b *Bundle) { b.Texts.Purposes[0].Text.Wording = "Nee" }, "texts.json"},
		"the wording as covered":  {func(b *Bundle) { b.Texts.Purposes[0].Covered += " " }, "texts.json"},
		"the language of texts":   {func(b *Bundle) { b.Texts.Purposes[0].Locale = "en" }, "texts.json"},
		"texts left out":          {func(b *Bundle) { b.Texts.Purposes = nil }, "texts.json"},
		"the line of another":     {func(b *Bundle) { b.Lines[0].SubscriberID = 1 }, "events.json"},
		"lines out of order":      {func(b *Bundle) { b.Lines[0], b.Lines[1] = b.Lines[1], b.Lines[0] }, "events.json"},
		"no lines":                {func(b *Bundle) { b.Lines, b.Secrets.Lines = nil, nil }, "events.json"},
		"a line made up":          {func(b *Bundle) { madeUp(b, 11) }, "line 11"},
		"a line of another taken": {func(b *Bundle) { madeUp(b, 9) }, "line 9"},
		"the hash before":         {func(b *Bundle) { b.Lines[0].Previous[0]++ }, "line 2"},
		"the hash of a line":      {func(b *Bundle) { b.Lines[0].Hash[0]++ }, "line 2"},
		"a mail as sent":          {func(b *Bundle) { b.Pages[0].Data = []byte("Subject: no") }, "mail-1.eml"},
		"a mail left out":         {func(b *Bundle) { b.Pages = nil }, "mail-1.eml"},
		"a mail's digest":         {func(b *Bundle) { b.Mails.SignUps[0].SHA256[0]++ }, "mail-1.eml"},
		"no digest of a mail":     {func(b *Bundle) { b.Mails.SignUps[0].SHA256 = nil }, "mail-1.eml"},
		"a head":                  {func(b *Bundle) { b.Heads[1].Hash[0]++ }, "heads.json"},
		"a head's signature":      {func(b *Bundle) { b.Heads[1].Signature[0]++ }, "heads.json"},
		"a head left out":         {func(b *Bundle) { b.Heads = b.Heads[1:] }, "chain.json"},
		"a run left out":          {func(b *Bundle) { b.Chain = b.Chain[1:] }, "chain.json"},
		"a run that begins wrong": {func(b *Bundle) { b.Chain[0].AfterHash[0]++ }, "chain.json"},
		"a run cut short":         {func(b *Bundle) { b.Chain[2].Digests = b.Chain[2].Digests[:1] }, "chain.json"},
		"another's digest":        {func(b *Bundle) { b.Chain[1].Digests[1][0]++ }, "line 8"},
	}
	for name, f := range forgeries {
		t.Run(name, func(t *testing.T) {
			b := proof(t, key)
			f.forge(b)
			_, err := checkBundle(sealed(t, b, key), "")
			if !errors.Is(err, ErrBundle) || !strings.Contains(err.Error(), f.told) {
				t.Errorf("told as: %v; it should name %s", err, f.told)
			}
		})
	}
}

// madeUp adds a line of the person that the ledger has not.
func madeUp(b *Bundle, seq int64) {
	l, s := b.Lines[len(b.Lines)-1], b.Secrets.Lines[len(b.Secrets.Lines)-1]
	l.Seq, s.Seq = seq, seq
	b.Lines, b.Secrets.Lines = append(b.Lines, l), append(b.Secrets.Lines, s)
}
