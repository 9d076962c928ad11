package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"akkoord/server/admin"
)

// The doctor asks the provider of single sign-on, over real HTTP, and says what is
// wrong with what it says of itself (M27).
func TestDoctorAsksTheProviderOfSingleSignOn(t *testing.T) {
	said := map[string]string{}
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/.well-known/openid-configuration" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(said); err != nil {
			t.Error(err)
		}
	}))
	defer provider.Close()
	base := &url.URL{Scheme: "https", Host: "news.zonvaart.example"}
	for _, tt := range []struct {
		name, key, value, verdict, says string
	}{
		{"right", "", "", "ok", "https://news.zonvaart.example/admin/login/sso/back"},
		{"another issuer", "issuer", "https://evil.example", "fail", "does not say how to log in there"},
		{"codes in the clear", "token_endpoint", "http://login.zonvaart.example/token", "fail", "not https"},
	} {
		clear(said)
		said["issuer"], said["authorization_endpoint"], said["token_endpoint"], said["jwks_uri"] = provider.URL, provider.URL+"/a", provider.URL+"/t", provider.URL+"/k"
		if tt.key != "" {
			said[tt.key] = tt.value
		}
		s := &site{base: base, signOn: admin.Provider{Issuer: provider.URL, ClientID: "akkoord", Client: &http.Client{Timeout: 5 * time.Second}}}
		got := checkSignOnAnswers(t.Context(), s)
		if len(got) != 1 || got[0].verdict != tt.verdict || !strings.Contains(got[0].text, tt.says) {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
	if got := checkSignOnAnswers(t.Context(), &site{base: base}); got != nil {
		t.Errorf("without a provider: %v", got)
	}
}

// The secret is read without its line break, from a file of its owner alone.
func TestTheSecretOfSingleSignOnIsItsOwnersAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	for _, tt := range []struct {
		text string
		mode os.FileMode
		want string
	}{{"geheim\n", 0o600, "geheim"}, {"geheim", 0o400, "geheim"}, {"geheim", 0o640, ""}, {"geheim", 0o604, ""}, {" \n", 0o600, ""}} {
		if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, tt.mode); err != nil {
			t.Fatal(err)
		}
		s := &site{settings: settings{OIDCIssuer: "https://login.zonvaart.example", OIDCClientID: "akkoord", OIDCSecretFile: path}}
		err := checkSignOn(s)
		if (err == nil) != (tt.want != "") || s.signOn.Secret != tt.want || err != nil && strings.Contains(err.Error(), "geheim") {
			t.Errorf("%q, %o: %q, %v", tt.text, tt.mode, s.signOn.Secret, err)
		}
		if err == nil && s.signOn.Name != "login.zonvaart.example" {
			t.Errorf("it is called %q", s.signOn.Name)
		}
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
