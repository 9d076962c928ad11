package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"akkoord"
	"akkoord/server/admin"
)

// signOnTime is how long the provider of single sign-on has for an answer.
const signOnTime = 10 * time.Second

// checkSignOn reads the settings of single sign-on.
func checkSignOn(s *site) error {
	if s.OIDCIssuer == "" {
		if s.OIDCClientID != "" || s.OIDCSecretFile != "" {
			return errors.New("AKKOORD_OIDC_ISSUER is missing: the address of the provider that the other settings of single sign-on are for")
		}
		return nil
	}
	u, err := url.Parse(s.OIDCIssuer)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("AKKOORD_OIDC_ISSUER must be the address of the provider as it writes it itself, like https://login.example.org")
	}
	if u.Scheme == "http" && !akkoord.LoopbackHost(u.Hostname()) {
		return errors.New("AKKOORD_OIDC_ISSUER must begin with https: whoever can change its answers can log in as anybody (plain http works for 127.0.0.1 only)")
	}
	if s.OIDCClientID == "" || s.OIDCSecretFile == "" {
		return errors.New("AKKOORD_OIDC_ISSUER needs AKKOORD_OIDC_CLIENT_ID and AKKOORD_OIDC_CLIENT_SECRET_FILE: what the provider gave for this site")
	}
	secret, err := readSecret(s.OIDCSecretFile)
	if err != nil {
		return fmt.Errorf("AKKOORD_OIDC_CLIENT_SECRET_FILE: %w", err)
	}
	name := s.OIDCName
	if name == "" {
		name = u.Hostname()
	}
	s.signOn = admin.Provider{Issuer: s.OIDCIssuer, ClientID: s.OIDCClientID, Secret: secret, Name: name, Client: &http.Client{Timeout: signOnTime}}
	return nil
}

// readSecret reads a file that nobody else may read.
func readSecret(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("others can read %s; chmod 600 it", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	secret := strings.TrimSpace(string(text))
	if secret == "" {
		return "", fmt.Errorf("%s is empty", path)
	}
	return secret, nil
}

// checkSignOnAnswers asks the provider of single sign-on what it says of itself.
func checkSignOnAnswers(ctx context.Context, s *site) []finding {
	if s.signOn.Issuer == "" {
		return nil
	}
	found, err := oidc.NewProvider(oidc.ClientContext(ctx, s.signOn.Client), s.signOn.Issuer)
	if err != nil {
		return []finding{fail("sso", "%s does not say how to log in there: %v", s.signOn.Issuer, err)}
	}
	if s.base.Scheme != "https" && !akkoord.LoopbackHost(s.base.Hostname()) {
		return []finding{fail("sso", "AKKOORD_URL must begin with https for single sign-on")}
	}
	for _, at := range []string{found.Endpoint().AuthURL, found.Endpoint().TokenURL} {
		if u, err := url.Parse(at); err != nil || u.Scheme != "https" && !akkoord.LoopbackHost(u.Hostname()) {
			return []finding{fail("sso", "%s sends people and codes to %s, which is not https", s.signOn.Issuer, at)}
		}
	}
	return []finding{ok("sso", "%s answers; it has to know %s/admin/login/sso/back", s.signOn.Issuer, strings.TrimSuffix(s.base.String(), "/"))}
}
