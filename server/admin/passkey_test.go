package admin_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"akkoord"
)

// authenticator makes and uses one passkey, like a security key does. What it lies
// about can be set.
type authenticator struct {
	t       *testing.T
	key     *ecdsa.PrivateKey
	id      []byte
	user    []byte
	counter uint32
	origin  string
	flags   byte // user present, user verified
}

func newAuthenticator(t *testing.T) *authenticator {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := make([]byte, 16)
	if _, err := rand.Read(id); err != nil {
		t.Fatal(err)
	}
	return &authenticator{t: t, key: key, id: id, origin: passkeySite, flags: 0x05}
}

const passkeySite = "http://localhost:8080"

// question is what a page's script fetched.
type question struct {
	PublicKey struct {
		Challenge string
		RPID      string `json:"rpId"`
		User      *struct{ ID string }
		RP        struct{ ID string }
		Allow     []struct{ ID string } `json:"allowCredentials"`

		UserVerification string
		Selection        struct{ ResidentKey, UserVerification string } `json:"authenticatorSelection"`
	} `json:"publicKey"`
}

// ask fetches a question.
func (b *browser) ask(path string) question {
	b.f.t.Helper()
	r := b.send("POST", path, "")
	var q question
	if r.status != http.StatusOK || !strings.HasPrefix(r.header.Get("Content-Type"), "application/json") {
		b.f.t.Fatalf("%s: %d %s", path, r.status, r.body)
	}
	b.f.check(json.Unmarshal([]byte(r.body), &q))
	return q
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (a *authenticator) client(kind, challenge string) []byte {
	raw, err := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": a.origin, "crossOrigin": false})
	if err != nil {
		a.t.Fatal(err)
	}
	return raw
}

func (a *authenticator) data(site string, more byte) []byte {
	sum := sha256.Sum256([]byte(site))
	return binary.BigEndian.AppendUint32(append(sum[:], a.flags|more), a.counter)
}

// make answers a question for a new passkey (WebAuthn sections 6.5 and 8.7).
func (a *authenticator) make(q question) string {
	user, err := base64.RawURLEncoding.DecodeString(q.PublicKey.User.ID)
	if err != nil {
		a.t.Fatal(err)
	}
	a.user = user
	point, err := a.key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		a.t.Fatal(err)
	}
	cose := append([]byte{0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32}, point[1:33]...)
	cose = append(append(cose, 0x22, 0x58, 32), point[33:]...)
	auth := a.data(q.PublicKey.RP.ID, 0x40)
	auth = append(auth, make([]byte, 16)...)
	auth = append(binary.BigEndian.AppendUint16(auth, uint16(len(a.id))), a.id...)
	auth = append(auth, cose...)
	object := append([]byte{0xa3}, "\x63fmt\x64none\x67attStmt\xa0\x68authData\x58"...)
	object = append(append(object, byte(len(auth))), auth...)
	return a.answer(map[string]string{"clientDataJSON": b64(a.client("webauthn.create", q.PublicKey.Challenge)), "attestationObject": b64(object)})
}

// sign answers a question for a passkey that is there.
func (a *authenticator) sign(q question) string {
	a.counter++
	client, auth := a.client("webauthn.get", q.PublicKey.Challenge), a.data(q.PublicKey.RPID, 0)
	hash := sha256.Sum256(client)
	sum := sha256.Sum256(append(auth, hash[:]...))
	sig, err := ecdsa.SignASN1(rand.Reader, a.key, sum[:])
	if err != nil {
		a.t.Fatal(err)
	}
	return a.answer(map[string]string{"clientDataJSON": b64(client), "authenticatorData": b64(auth), "signature": b64(sig), "userHandle": b64(a.user)})
}

func (a *authenticator) answer(response map[string]string) string {
	raw, err := json.Marshal(map[string]any{"id": b64(a.id), "rawId": b64(a.id), "type": "public-key", "response": response, "clientExtensionResults": map[string]any{}})
	if err != nil {
		a.t.Fatal(err)
	}
	return string(raw)
}

// passkeyFixture is the site at an address that passkeys can be kept for.
func passkeyFixture(t *testing.T) *fixture {
	f := newFixture(t)
	f.server.Config.Handler = f.newSite(passkeySite)
	return f
}

// addPasskey adds one in a browser that is logged in, and gives the page after it.
func (b *browser) addPasskey(a *authenticator) reply {
	b.f.t.Helper()
	q := b.ask("/admin/account/passkey")
	return b.send("POST", "/admin/account", url.Values{"act": {"passkey_add"}, "name": {"Phone"}, "passkey": {a.make(q)}}.Encode())
}

// passkeyIn logs in by a passkey.
func (b *browser) passkeyIn(a *authenticator) reply {
	b.f.t.Helper()
	return b.send("POST", "/admin/login/passkey", url.Values{"passkey": {a.sign(b.ask("/admin/login/passkey/question"))}}.Encode())
}

// M27: a passkey lets in alone, with everything that its user may; it is a second
// factor that no password or link goes around; recovery codes stand in for it.
func TestAPasskeyLetsIn(t *testing.T) {
	f := passkeyFixture(t)
	u := f.staff("femke@zonvaart.example", akkoord.RoleOwner)
	b, a := f.browser(), newAuthenticator(t)
	b.signIn(u.Email, goodPassword)
	if q := b.ask("/admin/account/passkey"); q.PublicKey.RP.ID != "localhost" || q.PublicKey.Selection.ResidentKey != "required" || q.PublicKey.Selection.UserVerification != "required" {
		t.Errorf("a new passkey is asked for with %+v", q)
	}
	r := b.addPasskey(a)
	codes := codesShown.FindAllStringSubmatch(r.body, -1)
	if r.status != http.StatusOK || len(codes) != 10 {
		t.Fatalf("adding one: %d %s", r.status, r.body)
	}
	has(t, b.get("/admin/account"), ">Phone<", "Recovery codes left: 10")
	if strings.Contains(b.get("/admin").body, `href="/admin/account#factor"`) {
		t.Error("an owner with a passkey is asked for a second factor")
	}
	in := f.browser()
	if q := in.ask("/admin/login/passkey/question"); q.PublicKey.UserVerification != "required" || len(q.PublicKey.Allow) != 0 || q.PublicKey.RPID != "localhost" {
		t.Errorf("a login asks for %+v", q)
	}
	if r := in.passkeyIn(a); r.status != http.StatusSeeOther || r.header.Get("Location") != "/admin" {
		t.Fatalf("logging in: %d %s", r.status, r.body)
	}
	in.get("/admin", "femke@")
	if last, _ := f.trail(); !strings.Contains(last, "user.login") {
		t.Errorf("the audit trail ends with %s", last)
	}
	for name, first := range map[string]func(*browser) reply{
		"password": func(b *browser) reply { return b.signIn(u.Email, goodPassword) },
		"link":     func(b *browser) reply { return b.send("POST", f.linkOf(u), "") },
	} {
		b := f.browser()
		if r := first(b); r.header.Get("Location") != "/admin/login/code" {
			t.Errorf("after the %s: %d to %q", name, r.status, r.header.Get("Location"))
		}
		b.get("/admin/login/code", "One of your recovery codes", "/admin/login/passkey/question")
		if r := b.send("POST", "/admin/login/code", "code=123456"); r.status != http.StatusUnauthorized {
			t.Errorf("a code where there is no authenticator: %d", r.status)
		}
		if r := b.passkeyIn(a); r.header.Get("Location") != "/admin" {
			t.Errorf("the passkey after the %s: %d %s", name, r.status, r.body)
		}
	}
	lost := f.browser()
	lost.signIn(u.Email, goodPassword)
	if r := lost.send("POST", "/admin/login/code", url.Values{"code": {codes[0][1]}}.Encode()); r.header.Get("Location") != "/admin" {
		t.Errorf("a recovery code: %d", r.status)
	}
	f.check(f.store.EndUser(t.Context(), akkoord.ActorSystem, f.staff("eva@zonvaart.example", akkoord.RoleOwner).ID, "x"))
	f.staff("bo@zonvaart.example", akkoord.RoleOwner)
	f.check(f.store.EndUser(t.Context(), akkoord.ActorSystem, u.ID, "left"))
	if r := f.browser().passkeyIn(a); r.status != http.StatusUnauthorized {
		t.Errorf("whose access ended: %d", r.status)
	}
}

// M27, P30: what an authenticator did not say to this site, now, of its own user,
// is refused with a sentence, and lets nobody in.
func TestAPasskeyThatIsNotRightLetsNobodyIn(t *testing.T) {
	f := passkeyFixture(t)
	u, eva := f.staff("femke@zonvaart.example", akkoord.RoleOwner), f.staff("eva@zonvaart.example", akkoord.RoleOwner)
	owner, a := f.browser(), newAuthenticator(t)
	owner.signIn(u.Email, goodPassword)
	owner.addPasskey(a)
	answer := func(b *browser) string { return a.sign(b.ask("/admin/login/passkey/question")) }
	post := func(b *browser, said string) reply {
		return b.send("POST", "/admin/login/passkey", url.Values{"passkey": {said}}.Encode())
	}
	for _, tt := range []struct {
		name string
		act  func(b *browser) reply
		says string
	}{
		{"another origin", func(b *browser) reply {
			a.origin = "http://localhost:8081"
			return post(b, answer(b))
		}, "was not accepted"},
		{"of no verified user", func(b *browser) reply { a.flags = 0x01; return post(b, answer(b)) }, "was not accepted"},
		{"the handle of another user", func(b *browser) reply { a.user = eva.PublicID[:]; return post(b, answer(b)) }, "was not accepted"},
		{"the handle of nobody", func(b *browser) reply { a.user = make([]byte, 16); return post(b, answer(b)) }, "was not accepted"},
		{"a short handle", func(b *browser) reply { a.user = []byte("x"); return post(b, answer(b)) }, "was not accepted"},
		{"another key", func(b *browser) reply { a.key = newAuthenticator(t).key; return post(b, answer(b)) }, "was not accepted"},
		{"sent twice", func(b *browser) reply {
			said := answer(b)
			if r := post(b, said); r.status != http.StatusSeeOther {
				t.Errorf("the first time: %d %s", r.status, r.body)
			}
			b.send("POST", "/admin/logout", "")
			return post(b, said)
		}, "took too long, or was sent twice"},
		{"in another browser", func(b *browser) reply { return post(f.browser(), answer(b)) }, "took too long, or was sent twice"},
		{"late", func(b *browser) reply {
			said := answer(b)
			f.advance(6 * time.Minute)
			return post(b, said)
		}, "took too long, or was sent twice"},
		{"an answer to another question", func(b *browser) reply {
			said := answer(f.browser())
			b.ask("/admin/login/passkey/question")
			return post(b, said)
		}, "was not accepted"},
		{"an answer to what somebody who is in was asked", func(b *browser) reply {
			in := f.browser()
			in.passkeyIn(a)
			return post(in, a.sign(in.ask("/admin/proof/passkey")))
		}, "took too long, or was sent twice"},
		{"nothing", func(b *browser) reply { answer(b); return post(b, "") }, "was not accepted"},
		{"no JSON", func(b *browser) reply { answer(b); return post(b, "{") }, "was not accepted"},
		{"other JSON", func(b *browser) reply { answer(b); return post(b, `{"id":[1],"response":null}`) }, "was not accepted"},
		{"a counter that runs back", func(b *browser) reply { a.counter = 0; return post(b, answer(b)) }, "There may be a copy of this passkey"},
	} {
		was := *a
		b := f.browser()
		r := tt.act(b)
		if r.status < 400 || r.status >= 500 || !strings.Contains(r.body, tt.says) || !strings.Contains(r.body, `id="passkey-e"`) {
			t.Errorf("%s: %d %s", tt.name, r.status, r.body)
		}
		if r := b.send("GET", "/admin", ""); r.status != http.StatusSeeOther {
			t.Errorf("%s: lets in", tt.name)
		}
		counter := a.counter
		*a = was
		a.counter = max(a.counter, counter)
		f.advance(time.Second)
	}
	if last, _ := f.trail(); !strings.Contains(last, "user.passkey_refused") {
		t.Errorf("the audit trail ends with %s", last)
	}
	if r := f.browser().passkeyIn(a); r.status != http.StatusSeeOther {
		t.Errorf("the right one: %d %s", r.status, r.body)
	}
	for i := 0; ; i++ {
		if r := f.browser().send("POST", "/admin/login/passkey/question", ""); r.status == http.StatusTooManyRequests {
			break
		}
		if i > akkoord.Limits.OpenQuestions {
			t.Fatal("a network may open any number of questions")
		}
	}
	f.advance(5 * time.Minute)
	a.counter++
	for range akkoord.Limits.OpenQuestions + 1 { // what is answered is open no more
		if r := f.browser().passkeyIn(a); r.status != http.StatusSeeOther {
			t.Fatalf("when those are over: %d %s", r.status, r.body)
		}
		a.counter++
		f.advance(time.Millisecond)
	}
}

// ASVS 7.5.3: a passkey proves who is in; somebody else's does not; and adding one
// takes a proof, after which what was typed is there still.
func TestAPasskeyProvesWhoItIs(t *testing.T) {
	f := passkeyFixture(t)
	u := f.staff("femke@zonvaart.example", akkoord.RoleOwner)
	eva := f.staff("eva@zonvaart.example", akkoord.RoleOwner)
	b, a, evas, hers := f.browser(), newAuthenticator(t), f.browser(), newAuthenticator(t)
	evas.signIn(eva.Email, goodPassword)
	evas.addPasskey(hers)
	b.signIn(u.Email, goodPassword)
	f.advance(akkoord.Limits.ProofWindow + time.Minute)
	add := url.Values{"act": {"passkey_add"}, "name": {"Phone"}}
	if r := b.send("POST", "/admin/account/passkey", ""); r.status != http.StatusForbidden {
		t.Errorf("a question for a new passkey without a proof: %d", r.status)
	}
	r := b.send("POST", "/admin/account", add.Encode())
	if _, fields := held(r.body); r.status != http.StatusForbidden || fields.Get("name") != "Phone" {
		t.Errorf("adding one: %d, holds %v", r.status, fields)
	}
	add.Set("proof", goodPassword)
	has(t, b.send("POST", "/admin/account", add.Encode()), `value="Phone"`, "Press the button once more")
	if r := b.addPasskey(a); r.status != http.StatusOK {
		t.Fatalf("after the proof: %d %s", r.status, r.body)
	}
	f.advance(akkoord.Limits.ProofWindow + time.Minute)
	has(t, b.send("POST", "/admin/proof", "to=/admin/users"), `data-passkey="/admin/proof/passkey"`, `data-field="passkey_proof"`)
	prove := func(a *authenticator) reply {
		q := b.ask("/admin/proof/passkey")
		if len(q.PublicKey.Allow) != 1 {
			t.Errorf("asked for one of %v", q.PublicKey.Allow)
		}
		return b.send("POST", "/admin/proof", url.Values{"to": {"/admin/users"}, "proof": {""}, "passkey_proof": {a.sign(q)}}.Encode())
	}
	if r := prove(hers); r.status != http.StatusUnauthorized || !strings.Contains(r.body, "was not accepted") || strings.Contains(r.body, "signature") {
		t.Errorf("somebody else's: %d %s", r.status, r.body)
	}
	if r := b.send("POST", "/admin/proof", url.Values{"to": {"/admin/users"}, "proof": {goodPassword}}.Encode()); r.status != http.StatusUnauthorized {
		t.Errorf("the password alone, where there is a passkey: %d", r.status)
	}
	if r := prove(a); r.header.Get("Location") != "/admin/users" {
		t.Errorf("one's own: %d %s", r.status, r.body)
	}
	if last, _ := f.trail(); !strings.Contains(last, "user.proved") {
		t.Errorf("the audit trail ends with %s", last)
	}
}

// A site at an address by number, for which browsers keep no passkeys, offers none
// and says why; pages that offer none forbid scripts.
func TestPasskeysTakeAHostName(t *testing.T) {
	f := newFixture(t)
	f.staff("femke@zonvaart.example", akkoord.RoleOwner)
	b := f.browser()
	if r := b.get("/admin/login"); strings.Contains(r.body, "passkey") || strings.Contains(r.header.Get("Content-Security-Policy"), "script-src") {
		t.Errorf("the login page: %s", r.body)
	}
	for _, path := range []string{"/admin/login/passkey/question", "/admin/login/passkey"} {
		if r := b.send("POST", path, ""); r.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, r.status)
		}
	}
	b.signIn("femke@zonvaart.example", goodPassword)
	b.get("/admin/account", "this one is at http://127.0.0.1:8080")
	f.server.Config.Handler = f.newSite(passkeySite)
	for path, runs := range map[string]bool{"/admin/account": true, "/admin": false} {
		if policy := b.get(path).header.Get("Content-Security-Policy"); strings.Contains(policy, "script-src 'self'; connect-src 'self'") != runs {
			t.Errorf("%s: %s", path, policy)
		}
	}
}
