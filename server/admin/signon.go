package admin

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"akkoord"
	"akkoord/templates"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Identities keeps who logs in by single sign-on (M27).
type Identities interface {
	// SignOn gives the user of an identity, whom it is linked to the first time, or
	// Forbidden.
	SignOn(ctx context.Context, who akkoord.Identity) (akkoord.User, error)
	// Linked is SignOn for those who are linked already; NotFound for all others.
	Linked(ctx context.Context, who akkoord.Identity) (akkoord.User, error)
	// IdentityLink gives since when a user is linked; false: they are not.
	IdentityLink(ctx context.Context, userID int64, issuer string) (akkoord.IdentityLink, bool, error)
	// Unlink ends the user's sessions and login links (P27).
	Unlink(ctx context.Context, actor akkoord.Actor, seen akkoord.User, issuer string) error
}

// Provider is where users log in by single sign-on (OpenID Connect).
type Provider struct {
	Issuer   string // its address; empty: there is no single sign-on
	ClientID string // as this site is known there
	Secret   string
	Name     string       // as users call it
	Client   *http.Client // asks it, within a time
}

const (
	signOnPath = Prefix + "/login/sso"
	backPath   = signOnPath + "/back" // where the provider sends people back to
	skew       = time.Minute          // by which its clock may differ
	askAgain   = 10 * time.Second     // after it did not answer
)

var (
	errSignOnDown  = akkoord.Errorf(akkoord.Unavailable, "sso_down", "Single sign-on can't be reached at this moment. Log in another way, or try again later.")
	errSignOnOver  = akkoord.Errorf(akkoord.Unauthorized, "sso_over", "This login took too long, or was used already. Begin again.")
	errSignOnWrong = akkoord.Errorf(akkoord.Unauthorized, "sso_wrong", "Single sign-on did not let you in. Try again, or log in another way.")
	errSignOnStale = akkoord.Errorf(akkoord.Unauthorized, "sso_stale", "You were not asked to log in anew there, so this proves nothing. Show who you are in another way.")
	errNoSignOn    = akkoord.Errorf(akkoord.NotFound, "not_found", "There is no single sign-on here.")
)

// signOn asks the provider. What it says of itself is read at the first use, and again
// after a failure: a provider that is down keeps nothing from starting.
type signOn struct {
	Provider

	mu     sync.Mutex
	found  *oidc.Provider
	failed error     // of the last time it was asked
	at     time.Time // when that was
}

// discovered gives what the provider says of itself. One that does not answer is left
// alone for askAgain, so that a crowd does not wait for it one by one.
func (o *signOn) discovered(ctx context.Context, now time.Time) (*oidc.Provider, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if since := now.Sub(o.at); o.found != nil || o.failed != nil && since >= 0 && since < askAgain {
		return o.found, o.failed
	}
	o.found, o.failed = oidc.NewProvider(ctx, o.Issuer)
	o.at = now
	return o.found, o.failed
}

// signOnName is what users call it; empty: there is none.
func (s *Site) signOnName() string {
	if s.signOn == nil {
		return ""
	}
	return s.signOn.Name
}

// on gives a context whose requests go to the provider.
func (o *signOn) on(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, o.Client)
}

func (o *signOn) config(found *oidc.Provider, base string) *oauth2.Config {
	return &oauth2.Config{
		ClientID: o.ClientID, ClientSecret: o.Secret, Endpoint: found.Endpoint(),
		RedirectURL: strings.TrimSuffix(base, "/") + backPath, Scopes: []string{oidc.ScopeOpenID, "email"},
	}
}

// sent is what is kept of somebody who was sent to the provider.
type sent struct {
	State, Nonce, Verifier string
	User                   int64 // who is to prove who they are; 0: a login
	At                     time.Time
}

// begin sends somebody to the provider: a page leads there, since the policy of
// this site lets no form post elsewhere, and redirects count. User 0 logs in.
func (s *Site) beginSignOn(w http.ResponseWriter, r *http.Request, v visit, user int64) error {
	ctx := r.Context()
	found, err := s.signOn.discovered(s.signOn.on(context.WithoutCancel(ctx)), s.cfg.Now())
	if err != nil {
		s.cfg.Log.WarnContext(ctx, "single sign-on does not answer", "error", err)
		return errSignOnDown
	}
	out := sent{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), User: user, At: s.cfg.Now()}
	data, err := json.Marshal(out)
	if err != nil {
		return err
	}
	if err := s.remember(ctx, data); err != nil {
		return err
	}
	options := []oauth2.AuthCodeOption{oidc.Nonce(out.Nonce), oauth2.S256ChallengeOption(out.Verifier)}
	if user != 0 {
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	}
	to := s.signOn.config(found, s.cfg.BaseURL).AuthCodeURL(out.State, options...)
	w.Header().Set("Refresh", "0; url="+to)
	return s.page(w, v, http.StatusOK, templates.LeavingPage{Name: s.signOn.Name, URL: to})
}

// goSignOn begins a login at the provider.
func (s *Site) goSignOn(w http.ResponseWriter, r *http.Request, v visit) error {
	if s.signOn == nil {
		return errNoSignOn
	}
	from := s.signOnGuesses(r)
	allowed, err := s.cfg.Store.Guess(r.Context(), from, akkoord.Limits.NetworkGuesses)
	if err == nil && !allowed {
		err = errNetwork
	}
	if err == nil {
		err = s.beginSignOn(w, r, v, 0)
	}
	return s.refuseSignOn(w, r, v, err)
}

func (s *Site) signOnGuesses(r *http.Request) [32]byte {
	return s.guesses("sso", s.cfg.Network(r).String())
}

// refuseSignOn says on the page of the ways to log in what went wrong with this one.
func (s *Site) refuseSignOn(w http.ResponseWriter, r *http.Request, v visit, err error) error {
	if err == nil {
		return nil
	}
	errs, code, ok := faults(err, map[string]string{"": "sso"})
	if !ok || akkoord.KindOf(err) == akkoord.NotFound {
		return err
	}
	return s.askLogin(w, r, v, code, templates.LoginPage{Errors: errs})
}

// proveSignOn begins a proof at the provider.
func (s *Site) proveSignOn(w http.ResponseWriter, r *http.Request, v visit) error {
	linked, err := s.linkedHere(r.Context(), v.user)
	if err == nil && !linked {
		err = errNoSignOn
	}
	if err != nil {
		return err
	}
	return s.beginSignOn(w, r, v, v.user.ID)
}

// linkedHere reports whether a user logs in by single sign-on.
func (s *Site) linkedHere(ctx context.Context, u akkoord.User) (bool, error) {
	if s.signOn == nil || u.ID == 0 {
		return false, nil
	}
	_, linked, err := s.cfg.Store.IdentityLink(ctx, u.ID, s.signOn.Issuer)
	return linked, err
}

// signedOn is where the provider sends people back to. It is the one GET that changes
// something: the code and the state, which this browser alone has the other half of,
// stand for the button (RFC 9700 section 2.1).
func (s *Site) signedOn(w http.ResponseWriter, r *http.Request, v visit) error {
	if s.signOn == nil {
		return errNoSignOn
	}
	if r.Method != http.MethodGet {
		http.Redirect(w, r, Prefix+"/login", http.StatusSeeOther)
		return nil
	}
	ctx := r.Context()
	asked, who, at, err := s.identified(r)
	if err != nil {
		return s.refuseSignOn(w, r, v, err)
	}
	if asked.User != 0 {
		return s.provedSignOn(w, r, v, asked, who, at)
	}
	u, err := s.cfg.Store.SignOn(ctx, who)
	if akkoord.CodeOf(err) == "sso_unknown" {
		return s.page(w, v, http.StatusForbidden, templates.StrangerPage{Name: s.signOn.Name})
	}
	if err == nil {
		err = errors.Join(s.cfg.Store.Unguess(ctx, s.signOnGuesses(r)), s.anew(ctx))
	}
	if err != nil {
		return err
	}
	return s.enter(w, r, u, "single sign-on", Prefix)
}

// provedSignOn takes what the provider said for a proof, where it asked the user of
// this session anew.
func (s *Site) provedSignOn(w http.ResponseWriter, r *http.Request, v visit, asked sent, who akkoord.Identity, at time.Time) error {
	ctx := r.Context()
	u, err := s.cfg.Store.Linked(ctx, who)
	switch {
	case akkoord.KindOf(err) == akkoord.NotFound || err == nil && (v.user.ID != asked.User || u.ID != asked.User):
		err = errSignOnWrong
	case err == nil && at.Before(asked.At.Add(-skew)):
		err = errSignOnStale
	}
	if err == nil {
		err = s.cfg.Store.Proved(ctx, u, "single sign-on")
	}
	if err == nil {
		s.setProved(ctx)
		err = s.sessions.RenewToken(ctx)
	}
	if err != nil {
		return err
	}
	return s.page(w, v, http.StatusOK, templates.ProvedPage{Admin: s.frame(r, v, "")})
}

// identified gives what was asked of the provider, whom it let in, and when they last
// logged in there: zero where it doesn't say.
func (s *Site) identified(r *http.Request) (asked sent, who akkoord.Identity, at time.Time, err error) {
	ctx, in := r.Context(), r.URL.Query()
	data, err := s.remembered(ctx)
	if err != nil {
		return asked, who, at, err
	}
	if data == nil || json.Unmarshal(data, &asked) != nil || subtle.ConstantTimeCompare([]byte(asked.State), []byte(in.Get("state"))) != 1 || asked.State == "" {
		return asked, who, at, errSignOnOver
	}
	if in.Get("code") == "" {
		return asked, who, at, errSignOnWrong
	}
	on := s.signOn.on(context.WithoutCancel(ctx))
	found, err := s.signOn.discovered(on, s.cfg.Now())
	if err != nil {
		return asked, who, at, errSignOnDown
	}
	token, err := s.signOn.config(found, s.cfg.BaseURL).Exchange(on, in.Get("code"), oauth2.VerifierOption(asked.Verifier))
	if err != nil {
		if _, refused := errors.AsType[*oauth2.RetrieveError](err); refused {
			return asked, who, at, errSignOnWrong
		}
		return asked, who, at, errSignOnDown
	}
	raw, _ := token.Extra("id_token").(string)
	said, err := found.Verifier(&oidc.Config{ClientID: s.signOn.ClientID, Now: s.cfg.Now}).Verify(on, raw)
	if err != nil || subtle.ConstantTimeCompare([]byte(said.Nonce), []byte(asked.Nonce)) != 1 {
		return asked, who, at, errSignOnWrong
	}
	var claims struct {
		Email    string `json:"email"`
		Verified bool   `json:"email_verified"`
		AuthTime int64  `json:"auth_time"`
	}
	if err := said.Claims(&claims); err != nil {
		return asked, who, at, errSignOnWrong
	}
	who = akkoord.Identity{Issuer: s.signOn.Issuer, Subject: said.Subject, Email: claims.Email, Verified: claims.Verified}
	if claims.AuthTime != 0 {
		at = time.Unix(claims.AuthTime, 0)
	}
	if who.Email == "" && found.UserInfoEndpoint() != "" { // OpenID Connect Core, section 5.4
		more, err := found.UserInfo(on, oauth2.StaticTokenSource(token))
		if err != nil || more.Subject != said.Subject {
			return asked, who, at, errSignOnWrong
		}
		who.Email, who.Verified = more.Email, more.EmailVerified
	}
	return asked, who, at, nil
}

// unlink undoes a user's link to the provider.
func (s *Site) unlink(r *http.Request, v visit) error {
	if s.signOn == nil {
		return errNoSignOn
	}
	if err := s.cfg.Store.Unlink(r.Context(), v.user.Actor(), v.user, s.signOn.Issuer); err != nil {
		return err
	}
	return s.goOn(r, v.user)
}
