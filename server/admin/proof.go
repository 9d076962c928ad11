package admin

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"akkoord"
	"akkoord/templates"
)

const (
	proofPath  = Prefix + "/proof"
	proofField = "proof" // the password or code that is shown again
	lostField  = "lost"  // marks what was sent when a session was over
)

// unkept are the fields of forms that no page hands back: passwords.
var unkept = []string{"password", "again", "now", relayURL, proofField, passkeyProof}

// handler answers a request of somebody.
type handler func(http.ResponseWriter, *http.Request, visit) error

// need says of a request, whose form is read, whether it takes a proof.
type need func(*http.Request, visit) bool

func always(*http.Request, visit) bool { return true }

// pressing needs a proof for the buttons with these values of "act".
func pressing(names ...string) need {
	return func(r *http.Request, _ visit) bool { return slices.Contains(names, r.PostForm.Get("act")) }
}

// proven lets a handler run for those who have shown within
// akkoord.Limits.ProofWindow that they are who logged in, and asks others to show it
// (ASVS 7.5.1 and 7.5.3, ADR 44). The page that asks carries what was sent, so that
// one more press does it. What was sent while nobody was logged in may be somebody
// else's: for that a login that just happened is no proof.
func (s *Site) proven(needs need, handle handler) handler {
	return func(w http.ResponseWriter, r *http.Request, v visit) error {
		if err := form(r); err != nil {
			return err
		}
		lost := r.PostForm.Has(lostField)
		r.PostForm.Del(lostField)
		if !needs(r, v) || s.fresh(r.Context()) && !lost {
			return handle(w, unproven(r), v)
		}
		if !r.PostForm.Has(proofField) && !r.PostForm.Has(passkeyProof) {
			return s.askProof(w, r, v, http.StatusForbidden, nil)
		}
		err := s.prove(r.Context(), v.user, r.PostForm)
		if err == nil {
			return handle(w, unproven(r), v)
		}
		errs, code, ok := faults(err, map[string]string{"": proofField})
		if !ok {
			return err
		}
		return s.askProof(w, r, v, code, errs)
	}
}

// unproven takes out of what was sent what was shown as a proof.
func unproven(r *http.Request) *http.Request {
	r.PostForm.Del(proofField)
	r.PostForm.Del(passkeyProof)
	return r
}

// fresh reports whether the session's user has shown who they are lately. A clock
// that went back makes nobody fresh (P20).
func (s *Site) fresh(ctx context.Context) bool {
	since := s.cfg.Now().Sub(time.UnixMicro(s.sessions.GetInt64(ctx, keyProved)))
	return since >= 0 && since < akkoord.Limits.ProofWindow
}

func (s *Site) setProved(ctx context.Context) {
	s.sessions.Put(ctx, keyProved, s.cfg.Now().UnixMicro())
}

var errNoProof = akkoord.Errorf(akkoord.Unauthorized, "proof_link", "You have no password and no second factor. Open a new login link in another tab, then go on here.")

// prove tries what a user shows: a passkey, or the code of those who have a second
// factor, else the password. Who has neither logs in anew.
func (s *Site) prove(ctx context.Context, u akkoord.User, in url.Values) error {
	c, err := s.cfg.Store.CredentialOf(ctx, u.ID)
	if err != nil {
		return err
	}
	typed, guesses, how := in.Get(proofField), s.ownGuesses(u), ""
	switch {
	case in.Get(passkeyProof) != "":
		how, err = "passkey", s.provePasskey(ctx, u, in.Get(passkeyProof))
	case c.User.TwoFactors():
		guesses = s.codeGuesses(u)
		err = s.checkCode(ctx, c, typed)
	case c.User.HasPassword:
		if _, err = s.checkPassword(ctx, u.Email, typed, guesses); errors.Is(err, errGuess) {
			err = errProof
		}
	default:
		err = errNoProof
	}
	if err != nil {
		return err
	}
	if err := s.cfg.Store.Proved(ctx, u, how, guesses); err != nil {
		return err
	}
	s.setProved(ctx)
	return s.sessions.RenewToken(ctx)
}

var errProof = akkoord.Errorf(akkoord.Unauthorized, "proof_wrong", "This is not your password. Try again.")

// askProof shows what asks for the proof. Reading is gone on with by a redirect,
// all else by the same request once more.
func (s *Site) askProof(w http.ResponseWriter, r *http.Request, v visit, code int, errs templates.FieldErrors) error {
	page := templates.ProofPage{Admin: s.frame(r, v, ""), Action: r.URL.Path, Email: v.user.Email, By: "link", AsksPasskey: s.asks(v.user.Passkeys > 0), Errors: errs}
	linked, err := s.linkedHere(r.Context(), v.user)
	if err != nil {
		return err
	}
	if linked {
		page.SignOn = s.signOn.Name
	}
	page.Path = "" // a link to another language would lose what is carried
	switch {
	case v.user.TwoFactors():
		page.By, page.Authenticator = "code", v.user.SecondFactor
	case v.user.HasPassword:
		page.By = "password"
	}
	if r.Method == http.MethodPost {
		page.Fields, page.Dropped = kept(r.PostForm)
	} else {
		page.Action, page.Fields = proofPath, []templates.Option{{Value: r.URL.RequestURI(), Name: "to"}}
	}
	return s.page(w, v, code, page)
}

// goOnReading leads to the page of this site that a proof was asked for.
func (s *Site) goOnReading(w http.ResponseWriter, r *http.Request, _ visit) error {
	to, err := url.Parse(r.PostForm.Get("to"))
	if err != nil || to.Scheme != "" || to.Host != "" || to.User != nil || !strings.HasPrefix(to.Path, Prefix+"/") {
		to = &url.URL{Path: Prefix}
	}
	http.Redirect(w, r, (&url.URL{Path: to.Path, RawPath: to.RawPath, RawQuery: to.RawQuery}).String(), http.StatusSeeOther)
	return nil
}

// lost answers what was sent when its session was over: with a page that keeps it
// and sends it again once somebody has logged in.
func (s *Site) lost(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	page := templates.LostPage{Action: r.URL.Path}
	r.PostForm.Set(lostField, "1")
	page.Fields, page.Dropped = kept(r.PostForm)
	return s.page(w, v, http.StatusUnauthorized, page)
}

// kept gives what was sent in the order of its names, and whether passwords were
// left out.
func kept(in url.Values) (fields []templates.Option, dropped bool) {
	for _, name := range slices.Sorted(maps.Keys(in)) {
		if slices.Contains(unkept, name) {
			dropped = dropped || name != proofField && name != passkeyProof
			continue
		}
		for _, value := range in[name] {
			fields = append(fields, templates.Option{Value: value, Name: name})
		}
	}
	return fields, dropped
}
