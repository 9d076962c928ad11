package akkoord

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func testKeyring(t testing.TB) *Keyring {
	t.Helper()
	k, err := NewKeyring(noon, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func testID(t testing.TB) ID {
	t.Helper()
	id, err := NewID(noon, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

var allLinkKinds = []LinkKind{LinkConfirm, LinkUnsubscribe, LinkPreferences, LinkView, LinkUndo}

// Requirements-mail G.1–G.5: a link says what was signed, to its own route
// only, and holds no address.
func TestLinksAreReadByTheirOwnRouteOnly(t *testing.T) {
	links := testKeyring(t).Links()
	for _, kind := range allLinkKinds {
		link := Link{Kind: kind, Subscriber: testID(t), Request: testID(t), Purpose: 3, Campaign: 4, Mailing: 5, At: noon}
		token := links.Sign(link, noon)
		if len(token) > 480 {
			t.Errorf("%s: token of %d bytes makes a URL over 500", kind, len(token))
		}
		for _, route := range allLinkKinds {
			got, err := links.Read(route, token, noon.Add(time.Minute))
			if route != kind {
				if CodeOf(err) != "link_invalid" {
					t.Errorf("%s link read as %s: %v", kind, route, err)
				}
				continue
			}
			if err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
			link.Issued = noon
			if life := kind.life(); life > 0 {
				link.Expires = noon.Add(life)
			}
			if d := cmp.Diff(link, got); d != "" {
				t.Errorf("%s: %s", kind, d)
			}
		}
	}
}

// M6, C.9, P26: confirm links expire after seven days, leaving links never.
// RFC 7515 §5.1: what is signed here is what jwt would sign, also by many at once.
func TestTokensAreSignedAsJWTSignsThem(t *testing.T) {
	keys := testKeyring(t)
	links := keys.Links()
	var all sync.WaitGroup
	for _, kind := range allLinkKinds {
		key := derive(keys.signing[0].Secret, "link/"+string(kind))
		for n := range int64(4) {
			link := Link{Kind: kind, Subscriber: testID(t), Purpose: n, Campaign: 1 << (16 * n), Mailing: n * n}
			all.Go(func() {
				for range 50 {
					token := links.Sign(link, noon)
					signed, signature, _ := cutLast(token, ".")
					want, err := jwt.SigningMethodHS256.Sign(signed, key)
					if got, err2 := base64.RawURLEncoding.DecodeString(signature); err != nil || err2 != nil || !bytes.Equal(got, want) {
						t.Errorf("%s: signature %x, want %x (%v, %v)", kind, got, want, err, err2)
						return
					}
				}
			})
		}
	}
	all.Wait()
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

func TestLinkLives(t *testing.T) {
	links := testKeyring(t).Links()
	tests := map[LinkKind]struct {
		after time.Duration
		want  Kind
	}{
		LinkConfirm:     {7*24*time.Hour + 2*time.Minute, Expired},
		LinkUndo:        {time.Hour + 2*time.Minute, Expired},
		LinkUnsubscribe: {20 * 365 * 24 * time.Hour, ""},
		LinkPreferences: {20 * 365 * 24 * time.Hour, ""},
		LinkView:        {20 * 365 * 24 * time.Hour, ""},
	}
	for kind, tt := range tests {
		subscriber := testID(t)
		token := links.Sign(Link{Kind: kind, Subscriber: subscriber}, noon)
		link, err := links.Read(kind, token, noon.Add(tt.after))
		if KindOf(err) != tt.want {
			t.Errorf("%s after %v: %v", kind, tt.after, err)
		}
		if link.Subscriber != subscriber {
			t.Errorf("%s: an expired link must say whose it was, so that the page can offer a new mail", kind)
		}
		if _, err := links.Read(kind, token, noon.Add(-2*time.Minute)); CodeOf(err) != "link_invalid" {
			t.Errorf("%s issued in the future: %v", kind, err)
		}
	}
}

// P26, G.7: links outlive a rotation and a restart.
func TestLinksSurviveRotationAndRestart(t *testing.T) {
	k := testKeyring(t)
	token := k.Links().Sign(Link{Kind: LinkUnsubscribe, Subscriber: testID(t)}, noon)
	if err := k.Rotate(noon, rand.Reader); err != nil {
		t.Fatal(err)
	}
	file, err := k.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseKeyring(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Links().Read(LinkUnsubscribe, token, noon); err != nil {
		t.Error(err)
	}
	if !bytes.Equal(k.Derive("x"), again.Derive("x")) {
		t.Error("rotation changed a key that hashes depend on")
	}
	if _, err := testKeyring(t).Links().Read(LinkUnsubscribe, token, noon); CodeOf(err) != "link_invalid" {
		t.Errorf("another installation takes our link: %v", err)
	}
}

// forge builds a token by hand.
func forge(header string, claims map[string]any, sign func(string) []byte) string {
	said, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	s := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString(said)
	return s + "." + base64.RawURLEncoding.EncodeToString(sign(s))
}

// Requirements-mail G.2, G.3, G.8: forged tokens are refused, all in the same
// words.
func TestForgedLinksAreRefusedAlike(t *testing.T) {
	k := testKeyring(t)
	links := k.Links()
	kid := k.signing[0].ID
	key := links.set.Load().keys[LinkConfirm][linkHead(kid)]
	hs256 := func(s string) []byte {
		sig, err := jwt.SigningMethodHS256.Sign(s, key)
		if err != nil {
			t.Fatal(err)
		}
		return sig
	}
	unsigned := func(string) []byte { return nil }
	right := `{"alg":"HS256","typ":"JWT","kid":"` + kid + `"}`
	header := func(old, new string) string { return strings.Replace(right, old, new, 1) }
	claims := func(change ...any) map[string]any {
		c := map[string]any{"iss": "akkoord", "aud": "confirm", "sub": testID(t).String(), "r": testID(t).String(), "iat": noon.Unix(), "exp": noon.Add(time.Hour).Unix()}
		for i := 0; i < len(change); i += 2 {
			c[change[i].(string)] = change[i+1]
		}
		return c
	}
	if _, err := links.Read(LinkConfirm, forge(right, claims(), hs256), noon); err != nil {
		t.Fatalf("the forger's own test is wrong: %v", err)
	}
	good := links.Sign(Link{Kind: LinkConfirm, Subscriber: testID(t), Request: testID(t)}, noon)
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, good[len(good)-1])
	tests := map[string]string{
		"unused last bits":   good[:len(good)-1] + alphabet[last+1:last+2],
		"alg none":           forge(header(`HS256`, `none`), claims(), unsigned),
		"alg None":           forge(header(`HS256`, `None`), claims(), hs256),
		"alg RS256":          forge(header(`HS256`, `RS256`), claims(), hs256),
		"alg HS512":          forge(header(`HS256`, `HS512`), claims(), hs256),
		"no kid":             forge(header(`,"kid":"`+kid+`"`, ``), claims(), hs256),
		"kid path":           forge(header(kid, `../../etc/passwd`), claims(), hs256),
		"kid of number":      forge(header(`"`+kid+`"`, `1`), claims(), hs256),
		"other order":        forge(`{"typ":"JWT","alg":"HS256","kid":"`+kid+`"}`, claims(), hs256),
		"crit":               forge(header(`}`, `,"crit":["x"]}`), claims(), hs256),
		"other issuer":       forge(right, claims("iss", "other"), hs256),
		"other audience":     forge(right, claims("aud", "unsubscribe"), hs256),
		"no audience":        forge(right, claims("aud", nil), hs256),
		"no expiry":          forge(right, claims("exp", nil), hs256),
		"future":             forge(right, claims("iat", noon.Add(time.Hour).Unix()), hs256),
		"subject no id":      forge(right, claims("sub", "1"), hs256),
		"request no id":      forge(right, claims("r", "x"), hs256),
		"expired, other aud": forge(right, claims("aud", "view", "exp", noon.Add(-time.Hour).Unix()), hs256),
		"signature cut":      good[:len(good)-2],
		"payload changed":    strings.Replace(good, ".ey", ".eY", 1),
		"empty":              "",
		"dots":               strings.Repeat(".", 1500),
		"long":               good + strings.Repeat("a", 3000),
		"two parts":          good[:strings.LastIndexByte(good, '.')],
	}
	for name, token := range tests {
		t.Run(name, func(t *testing.T) {
			link, err := links.Read(LinkConfirm, token, noon)
			if err != errLink {
				t.Errorf("Read() = %v, want the one answer for all", err)
			}
			if link != (Link{}) {
				t.Errorf("a refused token gives %+v", link)
			}
		})
	}
}

func FuzzLink(f *testing.F) {
	links := testKeyring(f).Links()
	f.Add(links.Sign(Link{Kind: LinkConfirm, Subscriber: testID(f)}, noon))
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, token string) {
		link, err := links.Read(LinkUnsubscribe, token, noon)
		if err == nil || link != (Link{}) {
			t.Fatalf("a token that nobody signed for this is taken: %+v", link)
		}
	})
}

func TestKeyringRefusesWhatIsNotWhole(t *testing.T) {
	for _, s := range []string{"", "{}", "x", `{"version":2}`, `{"version":1,"root":"AAAA","signing":[]}`} {
		if _, err := ParseKeyring([]byte(s)); err == nil {
			t.Errorf("ParseKeyring(%q) succeeds", s)
		}
	}
}
