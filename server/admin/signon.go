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
	// SignOn gives the user of an identity, or Forbidden. Somebody who was invited and
	// has nothing else to log in with is linked to it the first time.
	SignOn(ctx context.Context, who akkoord.Identity) (akkoord.User, error)
	// Linked is SignOn for those who are linked already; NotFound for all others.
	Linked(ctx context.Context, who akkoord.Identity) (akkoord.User, error)
	// IdentityLink gives since when a user is linked; false: they are not.
	IdentityLink(ctx context.Context, userID int64, issuer string) (akkoord.IdentityLink, bool, error)
	// Each of these two ends the user's sessions and login links (P27).
	Link(ctx context.Context, actor akkoord.Actor, seen akkoord.User, who akkoord.Identity) error
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

// toLink is what somebody is sent to the provider for besides toLogIn and toProve.
const toLink = "link"

// sent is what the session keeps of somebody who was sent to the provider.
type sent struct {
	Kind                   string
	State, Nonce, Verifier string
	User                   int64 // who proves who they are or links; 0: a login
	At                     time.Time
}

// begin sends somebody to the provider: a page leads there, since the policy of
// this site lets no form post elsewhere, and redirects count.
func (s *Site) beginSignOn(w http.ResponseWriter, r *http.Request, v visit, kind string) error {
	ctx := r.Context()
	found, err := s.signOn.discovered(s.signOn.on(context.WithoutCancel(ctx)), s.cfg.Now())
	if err != nil {
		s.cfg.Log.WarnContext(ctx, "single sign-on does not answer", "error", err)
		return errSignOnDown
	}
	out := sent{Kind: kind, State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), At: s.cfg.Now()}
	if kind != toLogIn {
		out.User = v.user.ID
	}
	data, err := json.Marshal(out)
	if err != nil {
		return err
	}
	s.sessions.Put(ctx, keySent, data)
	options := []oauth2.AuthCodeOption{oidc.Nonce(out.Nonce), oauth2.S256ChallengeOption(out.Verifier)}
	if kind == toProve {
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
	return s.refuseSignOn(w, r, v, toLogIn, s.beginSignOn(w, r, v, toLogIn))
}

// refuseSignOn says what went wrong: on the account's page of who links, else on the
// page of the ways to log in.
func (s *Site) refuseSignOn(w http.ResponseWriter, r *http.Request, v visit, kind string, err error) error {
	if err == nil {
		return nil
	}
	errs, code, ok := faults(err, map[string]string{"": "sso"})
	if !ok || akkoord.KindOf(err) == akkoord.NotFound {
		return err
	}
	if kind == toLink && v.user.ID != 0 {
		return s.showAccount(w, r, v, code, templates.AccountPage{Errors: errs})
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
	return s.beginSignOn(w, r, v, toProve)
}

// connectSignOn begins to link somebody who is in.
func (s *Site) connectSignOn(w http.ResponseWriter, r *http.Request, v visit) error {
	if s.signOn == nil {
		return errNoSignOn
	}
	return s.refuseSignOn(w, r, v, toLink, s.beginSignOn(w, r, v, toLink))
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
	asked, err := s.sent(r)
	var who akkoord.Identity
	var at time.Time
	if err == nil {
		err = s.counted(r, "sso", errSignOnWrong, errRefused, func() (err error) {
			who, at, err = s.identified(r, asked)
			return err
		})
	}
	if err != nil {
		return s.refuseSignOn(w, r, v, asked.Kind, err)
	}
	switch asked.Kind {
	case toProve:
		return s.provedSignOn(w, r, v, asked, who, at)
	case toLink:
		return s.linkedSignOn(w, r, v, asked, who)
	}
	u, err := s.cfg.Store.SignOn(ctx, who)
	if code := akkoord.CodeOf(err); code == "sso_unknown" || code == "sso_connect" {
		return s.page(w, v, http.StatusForbidden, templates.StrangerPage{Name: s.signOn.Name, Known: code == "sso_connect"})
	}
	if err == nil {
		err = s.anew(ctx)
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
	page := templates.ProvedPage{Admin: s.frame(r, v, "")}
	page.Path = "" // its query is spent
	return s.page(w, v, http.StatusOK, page)
}

// linkedSignOn links whom the provider let in to the user of this session, who asked
// for it in this session.
func (s *Site) linkedSignOn(w http.ResponseWriter, r *http.Request, v visit, asked sent, who akkoord.Identity) error {
	var err error = errSignOnOver
	if v.user.ID != 0 && v.user.ID == asked.User {
		err = s.cfg.Store.Link(r.Context(), v.user.Actor(), v.user, who)
	}
	if err == nil {
		err = s.goOn(r, v.user)
	}
	if err != nil {
		return s.refuseSignOn(w, r, v, toLink, err)
	}
	return s.done(w, r, nil, "sso_linked", accountPath)
}

// sent gives what this browser was sent to the provider for, once, where the provider
// sent it back in time, and with a code. The provider takes the code once, whichever
// nodes it is brought to (RFC 6749 section 4.1.2).
func (s *Site) sent(r *http.Request) (asked sent, err error) {
	in, data := r.URL.Query(), s.sessions.PopBytes(r.Context(), keySent)
	if data == nil || json.Unmarshal(data, &asked) != nil || asked.State == "" || subtle.ConstantTimeCompare([]byte(asked.State), []byte(in.Get("state"))) != 1 {
		return asked, errSignOnOver
	}
	if since := s.cfg.Now().Sub(asked.At); since < -skew || since >= challengeLife {
		return asked, errSignOnOver
	}
	if in.Get("code") == "" {
		return asked, errSignOnWrong
	}
	return asked, nil
}

// identified gives whom the provider let in, and when they last logged in there: zero
// where it doesn't say. What it answered wrong is logged, without what it said of
// anybody.
func (s *Site) identified(r *http.Request, asked sent) (who akkoord.Identity, at time.Time, err error) {
	ctx, in := r.Context(), r.URL.Query()
	wrong := func(step, reason string) (akkoord.Identity, time.Time, error) {
		s.cfg.Log.WarnContext(ctx, "single sign-on refused", "step", step, "reason", reason)
		return akkoord.Identity{}, time.Time{}, errSignOnWrong
	}
	on := s.signOn.on(context.WithoutCancel(ctx))
	found, err := s.signOn.discovered(on, s.cfg.Now())
	if err != nil {
		return who, at, errSignOnDown
	}
	token, err := s.signOn.config(found, s.cfg.BaseURL).Exchange(on, in.Get("code"), oauth2.VerifierOption(asked.Verifier))
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return wrong("code", refused.ErrorCode)
	}
	if err != nil {
		s.cfg.Log.WarnContext(ctx, "single sign-on does not answer", "error", err)
		return who, at, errSignOnDown
	}
	raw, _ := token.Extra("id_token").(string)
	said, err := found.Verifier(&oidc.Config{ClientID: s.signOn.ClientID, Now: s.cfg.Now}).Verify(on, raw)
	if err != nil {
		return wrong("token", err.Error())
	}
	if subtle.ConstantTimeCompare([]byte(said.Nonce), []byte(asked.Nonce)) != 1 {
		return wrong("token", "another nonce")
	}
	var claims struct {
		Email    string `json:"email"`
		Verified bool   `json:"email_verified"`
		AuthTime int64  `json:"auth_time"`
	}
	if said.Claims(&claims) != nil {
		return wrong("token", "a claim of another type")
	}
	who = akkoord.Identity{Issuer: s.signOn.Issuer, Subject: said.Subject, Email: claims.Email, Verified: claims.Verified}
	if claims.AuthTime != 0 {
		at = time.Unix(claims.AuthTime, 0)
	}
	if who.Email == "" && found.UserInfoEndpoint() != "" { // OpenID Connect Core, section 5.4
		more, err := found.UserInfo(on, oauth2.StaticTokenSource(token))
		if err != nil || more.Subject != said.Subject {
			return wrong("userinfo", "no answer about this user")
		}
		who.Email, who.Verified = more.Email, more.EmailVerified
	}
	return who, at, nil
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
