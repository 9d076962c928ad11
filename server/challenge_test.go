package server_test

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/input"
	"github.com/go-rod/rod/lib/launcher"

	"akkoord"
	"akkoord/server"
)

// asking gives a site whose form "work" asks browsers to work something out.
func asking(t *testing.T, change ...func(*server.Config)) *site {
	t.Helper()
	s := newSite(t, append(change, func(c *server.Config) { c.ChallengeKey = []byte("a key for the test") })...)
	for _, slug := range []string{"work", "other"} {
		if _, err := s.store.PutForm(t.Context(), akkoord.ActorSystem, akkoord.Form{Slug: slug, Version: akkoord.FormVersion{
			Purposes: []string{"travel-news"}, Challenge: "pow", Origins: []string{"https://www.zonvaart.example"},
		}}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// workOut does what the browser's script does.
func workOut(t *testing.T, s *site, form string, change ...func(map[string]any)) string {
	t.Helper()
	a := s.get("/f/" + form + "/challenge")
	if a.Status != http.StatusOK {
		t.Fatalf("the challenge: %d %s", a.Status, a.Body)
	}
	var asked struct {
		Parameters struct {
			Cost, KeyLength        int
			KeyPrefix, Nonce, Salt string
		} `json:"parameters"`
	}
	var challenge map[string]any
	for _, into := range []any{&asked, &challenge} {
		if err := json.Unmarshal([]byte(a.Body), into); err != nil {
			t.Fatal(err)
		}
	}
	nonce, err := hex.DecodeString(asked.Parameters.Nonce)
	if err != nil {
		t.Fatal(err)
	}
	salt, err := hex.DecodeString(asked.Parameters.Salt)
	if err != nil {
		t.Fatal(err)
	}
	for counter := uint32(0); ; counter++ {
		key, err := pbkdf2.Key(sha256.New, string(binary.BigEndian.AppendUint32(nonce[:len(nonce):len(nonce)], counter)), salt, asked.Parameters.Cost, asked.Parameters.KeyLength)
		if err != nil {
			t.Fatal(err)
		}
		if derived := hex.EncodeToString(key); strings.HasPrefix(derived, asked.Parameters.KeyPrefix) {
			out := map[string]any{"challenge": challenge, "solution": map[string]any{"counter": counter, "derivedKey": derived, "time": 1.5}}
			for _, f := range change {
				f(out)
			}
			raw, err := json.Marshal(out)
			if err != nil {
				t.Fatal(err)
			}
			return base64.StdEncoding.EncodeToString(raw)
		}
	}
}

func (s *site) signUpWith(form, email, worked string) answer {
	values := url.Values{"email": {email}, "purpose": {"travel-news"}}
	if worked != "" {
		values.Set("altcha", worked)
	}
	return s.post("/f/"+form, values, asJSON)
}

// K.6: what a browser worked out counts once, for the form that asked, for twenty
// minutes, and as it was asked. What is refused stores nothing.
func TestWhatABrowserWorkedOutCountsOnceK6(t *testing.T) {
	s := asking(t)
	worked := workOut(t, s, "work")
	if a := s.signUpWith("work", "a@voorbeeld.example", worked); a.Status != http.StatusAccepted {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	before := s.events()
	easier := func(out map[string]any) {
		out["challenge"].(map[string]any)["parameters"].(map[string]any)["cost"] = 1
	}
	for name, tt := range map[string]struct{ form, worked, code string }{
		"replayed":         {"work", worked, "challenge_spent"},
		"of another form":  {"work", workOut(t, s, "other"), "challenge_foreign"},
		"made easier":      {"work", workOut(t, s, "work", easier), "challenge_foreign"},
		"another counter":  {"work", workOut(t, s, "work", func(out map[string]any) { out["solution"].(map[string]any)["counter"] = 1 << 20 }), "challenge_wrong"},
		"another key":      {"work", workOut(t, s, "work", func(out map[string]any) { out["solution"].(map[string]any)["derivedKey"] = "00" }), "challenge_wrong"},
		"no counter":       {"work", workOut(t, s, "work", func(out map[string]any) { out["solution"].(map[string]any)["counter"] = -1 }), "challenge_foreign"},
		"no JSON":          {"work", base64.StdEncoding.EncodeToString([]byte("{")), "challenge_foreign"},
		"an empty answer":  {"work", base64.StdEncoding.EncodeToString([]byte("{}")), "challenge_foreign"},
		"no base64":        {"work", "\x00", "challenge_foreign"},
		"a long one":       {"work", strings.Repeat("A", 3<<10), "challenge_foreign"},
		"many fields deep": {"work", base64.StdEncoding.EncodeToString([]byte(strings.Repeat(`{"challenge":`, 100))), "challenge_foreign"},
	} {
		a := s.signUpWith(tt.form, "b@voorbeeld.example", tt.worked)
		if a.Status != http.StatusUnprocessableEntity || a.problem(t).Code != tt.code {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	late := workOut(t, s, "work")
	s.clock.add(21 * time.Minute)
	if a := s.signUpWith("work", "b@voorbeeld.example", late); a.Status != http.StatusUnprocessableEntity || a.problem(t).Code != "challenge_expired" {
		t.Errorf("late: %d %s", a.Status, a.Body)
	}
	if n := s.events() - before; n != 0 {
		t.Errorf("what was refused left %d events", n)
	}
}

// K.6: who has no script is not shut out, and shares a sixth of the client's rate.
func TestABrowserWithoutScriptSignsUpWithinAStricterLimitK6(t *testing.T) {
	s := asking(t, func(c *server.Config) { c.SignUps = server.Rate{N: 12, Per: time.Hour} })
	for i, want := range []int{202, 202, 429} {
		a := s.signUpWith("work", "a"+string(rune('a'+i))+"@voorbeeld.example", "")
		if a.Status != want {
			t.Errorf("%d. without: %d %s", i+1, a.Status, a.Body)
		}
		if want == 429 && (a.problem(t).Code != "too_many_unproven" || a.Header.Get("Retry-After") == "") {
			t.Errorf("it says %s", a.Body)
		}
	}
	if a := s.signUpWith("home", "h@voorbeeld.example", ""); a.Status != http.StatusAccepted {
		t.Errorf("a form that asks nothing: %d %s", a.Status, a.Body)
	}
}

// A form that asks nothing has no challenge, its page runs no script, and an answer that
// comes all the same changes nothing; a listed site may fetch the challenge, others not.
func TestOnlyAFormThatAsksHasAChallenge(t *testing.T) {
	s := asking(t)
	if a := s.get("/f/home/challenge"); a.Status != http.StatusNotFound {
		t.Errorf("%d", a.Status)
	}
	if a := s.signUpWith("home", "a@voorbeeld.example", "x"); a.Status != http.StatusAccepted {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	for form, runs := range map[string]bool{"home": false, "work": true} {
		a := s.get("/f/" + form)
		if got := strings.Contains(a.Header.Get("Content-Security-Policy"), "script-src"); got != runs || strings.Contains(a.Body, "<script") != runs {
			t.Errorf("%s: %s", form, a.Header.Get("Content-Security-Policy"))
		}
	}
	if a := s.do("GET", "/f/work/challenge", "", header{"Origin", "https://www.zonvaart.example"}); a.Header.Get("Access-Control-Allow-Origin") != "https://www.zonvaart.example" {
		t.Errorf("%v", a.Header)
	}
	if a := s.do("GET", "/f/work/challenge", "", header{"Origin", "https://elsewhere.example"}); a.Status != http.StatusForbidden {
		t.Errorf("%d", a.Status)
	}
}

// K.6: a browser works out what the form asks by itself, on our page and in a page of the
// owner's own under a strict policy; nobody presses anything for it.
func TestABrowserWorksOutWhatAFormAsksK6(t *testing.T) {
	product := httptest.NewUnstartedServer(nil)
	base := "http://" + product.Listener.Addr().String()
	s := asking(t, func(c *server.Config) {
		c.BaseURL, c.SignUps = base, server.Rate{N: 6, Per: time.Hour} // one without, and then only with an answer
	})
	var posts atomic.Int32
	product.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			posts.Add(1)
		}
		s.ServeHTTP(w, r)
	})
	product.Start()
	t.Cleanup(product.Close)
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src "+base+"; style-src "+base+"; connect-src "+base)
		_, _ = w.Write([]byte(`<!doctype html><html lang="en"><title>Ours</title><h1>Ours</h1><script async src="` + base + `/embed/ours.js"></script>`))
	}))
	t.Cleanup(host.Close)
	if _, err := s.store.PutForm(t.Context(), akkoord.ActorSystem, akkoord.Form{Slug: "ours", Version: akkoord.FormVersion{
		Purposes: []string{"travel-news"}, Challenge: "pow", Origins: []string{host.URL},
	}}); err != nil {
		t.Fatal(err)
	}
	if a := s.signUpWith("work", "first@voorbeeld.example", ""); a.Status != http.StatusAccepted {
		t.Fatalf("%d %s", a.Status, a.Body)
	}

	l := launcher.New().Bin("/usr/bin/chromium").Headless(true).NoSandbox(true).Leakless(false).UserDataDir(t.TempDir()).
		Set("disable-gpu").Set("disable-quic").Set("no-first-run").Set("disable-background-networking").Set("disable-component-update").Set("disable-sync")
	control, err := l.Launch()
	if err != nil {
		t.Fatal(err)
	}
	browser := rod.New().ControlURL(control).MustConnect()
	t.Cleanup(func() { browser.MustClose(); l.Kill(); l.Cleanup() })

	p := browser.MustPage(base + "/f/work").Timeout(time.Minute)
	p.MustElement("[name=purpose]").MustEval(`() => this.click()`)
	p.MustElement("#email").MustInput("ours@voorbeeld.example").MustType(input.Enter)
	p.MustWait(`() => location.pathname.endsWith('/check-your-mail')`)

	const root = `document.querySelector('script ~ div').shadowRoot`
	p.MustNavigate(host.URL)
	p.MustWait(`() => !!document.querySelector('script ~ div')?.shadowRoot.querySelector('input[name=altcha]')`)
	for _, email := range []string{"", "embedded@voorbeeld.example"} { // the first press is refused, and the answer is worked out anew
		p.MustEval(`(email) => { `+root+`.querySelector('[name=email]').value = email; `+root+`.querySelector('[name=purpose]').checked = true; `+root+`.querySelector('form').noValidate = true; `+root+`.querySelector('form').requestSubmit(); `+root+`.querySelector('form').requestSubmit() }`, email) // pressed twice
		if email == "" {
			p.MustWait(`() => !` + root + `.querySelector('.summary').hidden`)
			continue
		}
		p.MustWait(`() => !` + root + `.querySelector('.sent').hidden`)
	}
	if n := posts.Load(); n != 3 {
		t.Errorf("the form was sent %d times, want once from our page and twice from the other", n)
	}
	for _, address := range []string{"ours@voorbeeld.example", "embedded@voorbeeld.example"} {
		email, err := akkoord.ParseEmail(address)
		if err != nil {
			t.Fatal(err)
		}
		if st, err := s.store.StandingByEmail(t.Context(), email); err != nil || len(st.Subscriptions) != 1 {
			t.Errorf("stored: %+v %v", st.Subscriptions, err)
		}
	}
}
