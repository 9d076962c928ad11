package mailer

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"akkoord"

	"github.com/emersion/go-msgauth/dkim"
)

const campaignMail = "From: Zonvaart <news@zonvaart.example>\r\nTo: jan@mail.example\r\nSubject: =?utf-8?q?Zo=C3=AB?=\r\n" +
	"Date: Tue, 24 Nov 2026 10:00:00 +0100\r\nMessage-ID: <abc@zonvaart.example>\r\nMIME-Version: 1.0\r\n" +
	"Content-Type: multipart/alternative;\r\n boundary=b\r\nList-Id: <travel.zonvaart.example>\r\nFeedback-ID: a:b:c:d\r\n" +
	"X-Campaign: winter\r\nX-Mailing: 7\r\nList-Unsubscribe: <https://zonvaart.example/unsubscribe/abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz>\r\n" +
	"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\n--b\r\n\r\n. dot  \r\n\r\n--b--\r\n\r\n"

func pkcs8(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func rsaKey(t *testing.T, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// files reads from a map, for ParseDKIM.
func files(m map[string][]byte) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		if b, ok := m[name]; ok {
			return b, nil
		}
		return nil, fs.ErrNotExist
	}
}

// records answers the DNS questions for keys.
func records(t *testing.T, domain string, keys []DKIMKey) func(string) ([]string, error) {
	m := map[string]string{}
	for _, k := range keys {
		switch pub := k.Public().(type) {
		case *rsa.PublicKey:
			der, err := x509.MarshalPKIXPublicKey(pub)
			if err != nil {
				t.Fatal(err)
			}
			m[k.Selector+"._domainkey."+domain] = "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der)
		case ed25519.PublicKey:
			m[k.Selector+"._domainkey."+domain] = "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(pub)
		}
	}
	return func(name string) ([]string, error) {
		if r, ok := m[name]; ok {
			return []string{r}, nil
		}
		return nil, errors.New("no such name")
	}
}

// C.2, E.2, E.3, E.4: both signatures verify, and adding or changing a covered field breaks both.
func TestSignaturesVerifyAndGuardTheHeader(t *testing.T) {
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := ParseDKIM("r1:rsa.pem, e1:ed.pem", files(map[string][]byte{"rsa.pem": pkcs8(t, rsaKey(t, 2048)), "ed.pem": pkcs8(t, edKey)}))
	if err != nil {
		t.Fatal(err)
	}
	signer, err := NewSigner("zonvaart.example", keys)
	if err != nil {
		t.Fatal(err)
	}
	if w := signer.Warnings(); w != nil {
		t.Errorf("warnings %v", w)
	}
	lookup := records(t, "zonvaart.example", keys)
	valid := func(msg string) (n, of int) {
		vs, err := dkim.VerifyWithOptions(strings.NewReader(msg), &dkim.VerifyOptions{LookupTXT: lookup})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range vs {
			if v.Err == nil {
				n++
			}
		}
		return n, len(vs)
	}
	prefix := []byte("X-Kept: yes\r\n")
	out, err := signer.Sign(bytes.Clone(prefix), []byte(campaignMail))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(out, prefix) || !bytes.HasSuffix(out, []byte(campaignMail)) {
		t.Error("Sign changed what was there")
	}
	signed := string(out)
	if n, of := valid(signed); n != 2 || of != 2 {
		t.Fatalf("%d of %d signatures verify", n, of)
	}
	for _, line := range strings.Split(signed, "\r\n") {
		if len(line) > 998 {
			t.Errorf("line of %d octets", len(line))
		}
	}
	for _, added := range []string{"From: a@b.example", "To: a@b.example", "Subject: x", "Date: Tue, 24 Nov 2026 10:00:00 +0100", "Reply-To: a@b.example",
		"Content-Type: text/html", "List-Unsubscribe: <https://evil.example/>", "List-Unsubscribe-Post: List-Unsubscribe=One-Click"} {
		if n, _ := valid(added + "\r\n" + signed); n != 0 {
			t.Errorf("%d signatures verify with a second %q", n, added)
		}
	}
	for _, covered := range []string{"jan@mail", "<abc@", "1.0", "travel.", "a:b:c:d", "winter", "X-Mailing: 7", "/unsubscribe/", "One-Click", ". dot"} {
		i := strings.LastIndex(signed, covered)
		changed := signed[:i] + strings.ToUpper(covered[:1]) + "x" + signed[i+1:]
		if n, _ := valid(changed); n != 0 {
			t.Errorf("%d signatures verify with %q changed", n, covered)
		}
	}
	if n, _ := valid("Received: by relay\r\n" + signed); n != 2 {
		t.Error("a relay's own field breaks the signature")
	}
}

// E.1: what receivers must not accept is refused, what they soon won't is warned about.
func TestDKIMKeys(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0")
	small, weak := rsaKey(t, 512), rsaKey(t, 1024)
	read := files(map[string][]byte{
		"small.pem": pkcs8(t, small), "weak.pem": pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(weak)}),
		"junk.pem": []byte("junk"), "empty.pem": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("GEHEIM")}),
	})
	for setting, want := range map[string]string{
		"": "selector:key.pem", "s1": "selector:key.pem", "s 1:weak.pem": "selector:key.pem", "s1:": "selector:key.pem", "-s:weak.pem": "selector:key.pem",
		"s1:none.pem": "can't be read", "s1:junk.pem": "no PEM", "s1:empty.pem": "RSA key of 1024", "s1:small.pem": "1024", "s1:weak.pem,s1:weak.pem": "twice",
	} {
		_, err := ParseDKIM(setting, read)
		if akkoord.KindOf(err) != akkoord.Invalid || !strings.Contains(fmt.Sprint(err), "AKKOORD_DKIM") || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%q: %v", setting, err)
		}
	}
	keys, err := ParseDKIM("s1:weak.pem", read)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(keys[0].Warning(), "1024") {
		t.Errorf("warning %q", keys[0].Warning())
	}
	if all := fmt.Sprintf("%v %+v %#v %s", keys, keys, keys, keys[0]); strings.Contains(all, weak.D.String()[:20]) {
		t.Error("a key prints")
	}
	if s, err := NewSigner("zonvaart.example", nil); err != nil || s.signs() || (*Signer)(nil).signs() {
		t.Errorf("a signer without keys: %v", err)
	}
	if _, err := NewSigner("a b", keys); err == nil {
		t.Error("a signer for no domain")
	}
}

func TestAnEd25519KeyAloneIsWarnedAbout(t *testing.T) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := ParseDKIM("e1:ed.pem", files(map[string][]byte{"ed.pem": pkcs8(t, key)}))
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSigner("zonvaart.example", keys)
	if err != nil || len(s.Warnings()) != 1 {
		t.Errorf("%v, %v", s.Warnings(), err)
	}
}
