package mailer

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"
	"pgregory.net/rapid"
)

func ed25519Key(t testing.TB) DKIMKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return DKIMKey{"e1", key}
}

// signedBy makes a message's signature with go-msgauth, over the same fields.
func signedBy(t rapid.TB, k DKIMKey, msg []byte) string {
	t.Helper()
	header, _ := cutHeader(msg)
	names, _ := fieldsToSign(header)
	var out bytes.Buffer
	err := dkim.Sign(&out, bytes.NewReader(msg), &dkim.SignOptions{
		Domain: "zonvaart.example", Selector: k.Selector, Signer: k.signer, HeaderKeys: names,
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// bodyHash reads the bh= tag of the first signature.
func bodyHash(msg string) string {
	_, rest, _ := strings.Cut(msg, "bh=")
	hash, _, _ := strings.Cut(rest, ";")
	return hash
}

// E.3, E.4: whatever a message looks like, go-msgauth hashes its body to the
// same value and verifies our signature, and sees one changed letter.
func TestSignaturesOfAnyMessageVerify(t *testing.T) {
	k := ed25519Key(t)
	s, err := NewSigner("zonvaart.example", []DKIMKey{k})
	if err != nil {
		t.Fatal(err)
	}
	lookup := records(t, "zonvaart.example", s.Keys())
	verifies := func(msg string) bool {
		vs, err := dkim.VerifyWithOptions(strings.NewReader(msg), &dkim.VerifyOptions{LookupTXT: lookup})
		return err == nil && len(vs) == 1 && vs[0].Err == nil
	}
	word := rapid.OneOf(rapid.SampledFrom([]string{" ", "  ", "\t", " \t ", "", "a", "12345678", "=20", ".", "..", "b=x", strings.Repeat("x", 998)}), rapid.StringMatching(`[ -~]{0,20}`))
	line := rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOfN(word, 0, 6).Draw(t, "words"), "") })
	name := rapid.OneOf(rapid.SampledFrom([]string{"From", "to", "SUBJECT", "Subject ", "List-ID", "List-Id", "X-Other", "Cc"}), rapid.StringMatching(`[A-Za-z-]{1,12}`))
	rapid.Check(t, func(t *rapid.T) {
		msg := "From: a@zonvaart.example\r\n"
		for range rapid.IntRange(0, 8).Draw(t, "fields") {
			value := "v" + line.Draw(t, "value")
			for _, more := range rapid.SliceOfN(line, 0, 2).Draw(t, "folded") {
				value += "\r\n\t" + more + "v"
			}
			msg += name.Draw(t, "name") + ":" + value + "\r\n"
		}
		msg += "\r\n" + strings.Join(rapid.SliceOfN(line, 0, 12).Draw(t, "body"), "\r\n") + rapid.SampledFrom([]string{"", "\r\n", "\r\n\r\n \r\n", "\r\nend", "\r\nend\r\n"}).Draw(t, "end")
		out, err := s.Sign(nil, []byte(msg))
		if err != nil {
			t.Fatal(err)
		}
		signed := string(out)
		if !verifies(signed) {
			t.Fatalf("does not verify: %q", signed)
		}
		if got, want := bodyHash(signed), bodyHash(signedBy(t, k, []byte(msg))); got != want {
			t.Fatalf("body hash %s, want %s", got, want)
		}
		if verifies(signed + "x") {
			t.Fatal("verifies with a letter more")
		}
		own, _, _ := strings.Cut(signed, "\r\nFrom: a@")
		for l := range strings.SplitSeq(own, "\r\n") {
			if len(l) > 78 {
				t.Fatalf("line of %d columns", len(l))
			}
		}
	})
}

// Spliced mails of a campaign, with what people are called, verify by both keys.
func TestSplicedMailsVerifyByBothKeys(t *testing.T) {
	keys := []DKIMKey{{"r1", rsaKey(t, 2048)}, ed25519Key(t)}
	s, err := NewSigner("zonvaart.example", keys)
	if err != nil {
		t.Fatal(err)
	}
	lookup := records(t, "zonvaart.example", keys)
	l := letter("nl")
	l.Markdown += "\n\n    a  b\n\tc  \n\n{{name}}\n\n.{{name}}  {{name}}\n"
	skeleton := mustCampaign(t, l)
	for _, name := range hostile {
		msg := skeleton.Append(nil, copyFor(name))
		out, err := s.Sign(nil, msg)
		if err != nil {
			t.Fatal(err)
		}
		vs, err := dkim.VerifyWithOptions(bytes.NewReader(out), &dkim.VerifyOptions{LookupTXT: lookup})
		if err != nil || len(vs) != 2 {
			t.Fatalf("%q: %d signatures, %v", name, len(vs), err)
		}
		for _, v := range vs {
			if v.Err != nil {
				t.Errorf("%q: %v", name, v.Err)
			}
		}
		if !bytes.HasSuffix(out, msg) {
			t.Errorf("%q: Sign changed the message", name)
		}
	}
}

// A body of nothing, or of nothing but white space, hashes as one of no bytes
// (RFC 6376 section 3.4.4); a lone LF counts as CRLF.
func TestBodyHashOfEmptyBodiesAndLoneLF(t *testing.T) {
	k := ed25519Key(t)
	s, err := NewSigner("zonvaart.example", []DKIMKey{k})
	if err != nil {
		t.Fatal(err)
	}
	const empty = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
	crlfBody, err := s.Sign(nil, []byte("From: a@b.example\r\n\r\nx  y\r\n\r\nz\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]string{"": empty, "\r\n": empty, " \t\r\n \r\n": empty, "x \ty\n\nz": bodyHash(string(crlfBody))} {
		out, err := s.Sign(nil, []byte("From: a@b.example\r\n\r\n"+body))
		if err != nil {
			t.Fatal(err)
		}
		if got := bodyHash(string(out)); got != want {
			t.Errorf("%q: %s, want %s", body, got, want)
		}
	}
}

// What signing costs beside the signature itself: Ed25519 is nearly free.
func BenchmarkSign55KB(b *testing.B) {
	l := letter("nl")
	for len(l.Markdown) < 19000 {
		l.Markdown += "\n\nGrüße uit de bergen, met [meer nieuws](https://www.zonvaart.example/nieuws/1) en nog een hele zin om de ruimte te vullen."
	}
	msg := mustCampaign(b, l).Append(nil, copyFor("Zoë"))
	s, err := NewSigner("zonvaart.example", []DKIMKey{ed25519Key(b)})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(msg)))
	b.ReportAllocs()
	var dst []byte
	for b.Loop() {
		if dst, err = s.Sign(dst[:0], msg); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSign55KBByMsgauth(b *testing.B) {
	l := letter("nl")
	for len(l.Markdown) < 19000 {
		l.Markdown += "\n\nGrüße uit de bergen, met [meer nieuws](https://www.zonvaart.example/nieuws/1) en nog een hele zin om de ruimte te vullen."
	}
	msg := mustCampaign(b, l).Append(nil, copyFor("Zoë"))
	k := ed25519Key(b)
	b.SetBytes(int64(len(msg)))
	for b.Loop() {
		header, _ := cutHeader(msg)
		names, _ := fieldsToSign(header)
		if err := dkim.Sign(&bytes.Buffer{}, bytes.NewReader(msg), &dkim.SignOptions{
			Domain: "zonvaart.example", Selector: k.Selector, Signer: k.signer, HeaderKeys: names,
			HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed}); err != nil {
			b.Fatal(err)
		}
	}
}
