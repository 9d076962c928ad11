package admin

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"

	"akkoord"
	"akkoord/server/sight"
	"akkoord/server/status"
	"akkoord/templates"
)

// visit is one request of somebody.
type visit struct {
	user     akkoord.User // zero before logging in
	session  akkoord.UserSession
	locale   string
	catching time.Time // since when mails are caught; zero: they are not
}

// origin is what an act of the user leaves in the ledger. The site tells times
// in the home zone.
func (v visit) origin() akkoord.Origin {
	return akkoord.Origin{Source: "admin", Actor: v.user.Actor(), Evidence: akkoord.Evidence{ToldIn: akkoord.HomeZone}}
}

// What a session holds.
const (
	keySession = "session" // id of the user's session
	keyProved  = "proved"  // when the user last showed who they are, in microseconds
	keyRenewed = "renewed" // User.RenewedAt of what they logged in with, in microseconds
	keyLocale  = "locale"  // language chosen
	keyNotice  = "notice"  // what the last post did
	keyProblem = "problem" // code of what went wrong with it
	keyText    = "text"

	keyPending, keyPendingTime = "pending", "pending_time" // who has shown a password or link and no code yet, and when; keyRenewed goes with them
	keySent                    = "sent"                    // what this browser was sent to the provider of single sign-on for
	keyChallenge               = "challenge"               // names what this browser was asked last
	keySecret                  = "secret"                  // otpauth: URI of a second factor that is being set up

	keyLook, keyLookTime = "look", "look_time" // the list of people on the screen, and since when
)

// serve lets a request through to its route. Whoever is not logged in is sent
// to the login page; what a role has no right to looks as if it were not
// there (P28).
func (s *Site) serve(w http.ResponseWriter, r *http.Request, route route) {
	r.Body = http.MaxBytesReader(w, r.Body, route.room())
	v, err := s.visit(r)
	if v.user.ID != 0 {
		r = r.WithContext(sight.As(r.Context(), v.user.Actor(), v.user.Role))
	}
	switch {
	case err != nil:
	case route.right == anyone:
		err = route.handle(w, r, v)
	case v.user.ID == 0 && r.Method == http.MethodPost && route.keeps():
		err = s.lost(w, r, v)
	case v.user.ID == 0:
		http.Redirect(w, r, Prefix+"/login", http.StatusSeeOther)
	case route.right == loggedIn || v.user.Role.May(route.right):
		err = route.handle(w, r, v)
	default:
		err = s.nothing(w, r, v)
	}
	if err != nil {
		s.fail(w, r, v, err)
	}
}

// visit finds out who asks. The user is read anew each time, so that a lost
// role or access counts at once (P27).
func (s *Site) visit(r *http.Request) (visit, error) {
	ctx := r.Context()
	var v visit
	var err error
	if v.session, v.user, err = s.session(ctx); err != nil {
		return visit{}, err
	}
	if s.cfg.Inbox != nil && v.user.ID != 0 {
		if v.catching, err = s.cfg.Store.Catching(ctx); err != nil {
			return visit{}, err
		}
	}
	choice := r.URL.Query().Get("locale")
	if choice != "" && akkoord.KnownLocale(choice) && v.user.ID != 0 && r.Method == http.MethodGet {
		s.sessions.Put(ctx, keyLocale, choice)
	}
	v.locale = s.cfg.Pages.Match(choice, s.sessions.GetString(ctx, keyLocale), r.Header.Get("Accept-Language"), "")
	return v, nil
}

// over reports whether the session was begun with other credentials than its
// user has by now (P27).
func (s *Site) over(ctx context.Context, u akkoord.User) bool {
	return s.sessions.GetInt64(ctx, keyRenewed) != renewed(u)
}

// renewed names a user's credentials, as sessions remember it.
func renewed(u akkoord.User) int64 {
	if u.RenewedAt.IsZero() {
		return 0
	}
	return u.RenewedAt.UnixMicro()
}

// frame gives what every page shows around its content, with the notice of
// the last post, once.
func (s *Site) frame(r *http.Request, v visit, section string) templates.Admin {
	if section == "settings" && !v.user.Role.May(akkoord.SetUp) {
		section = "account" // from where they come
	}
	a := templates.Admin{User: v.user.Email, Section: section, Path: r.URL.RequestURI(), SeesPeople: v.user.Role.May(akkoord.ReadPeople), SeesPrivacy: v.user.Role.May(akkoord.ReadRecords), SetsUp: v.user.Role.May(akkoord.SetUp), AskFactor: v.user.Role == akkoord.RoleOwner && !v.user.TwoFactors(), Caught: !v.catching.IsZero(), SeesCaught: v.user.Role.May(akkoord.SendMailings)}
	if v.user.ID != 0 {
		ctx := r.Context()
		a.Withheld = func() []string {
			var names []string
			for _, f := range sight.Withheld(ctx) {
				names = append(names, string(f))
			}
			return names
		}
		a.Notice, a.Problem, a.Text = s.sessions.PopString(ctx, keyNotice), s.sessions.PopString(ctx, keyProblem), s.sessions.PopString(ctx, keyText)
	}
	return a
}

// page draws a page.
func (s *Site) page(w http.ResponseWriter, v visit, status int, page any) error {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", v.locale)
	if p, ok := page.(interface{ RunsScript() bool }); ok && p.RunsScript() {
		w.Header().Set("Content-Security-Policy", contentPolicy+scriptPolicy)
	}
	return s.cfg.Pages.Render(&delayed{w, status}, v.locale, page)
}

// delayed sends the status with the first byte: Render writes nothing when it
// fails, so that an error can still be answered.
type delayed struct {
	http.ResponseWriter
	status int
}

func (d *delayed) Write(b []byte) (int, error) {
	if d.status != 0 {
		d.WriteHeader(d.status)
		d.status = 0
	}
	return d.ResponseWriter.Write(b)
}

// fail answers with a page that says what is wrong.
func (s *Site) fail(w http.ResponseWriter, r *http.Request, v visit, err error) {
	page := templates.ErrorPage{Status: http.StatusInternalServerError, Code: "internal"}
	if e, ok := errors.AsType[*akkoord.Error](err); ok && e.Kind != "" {
		page.Status, page.Code, page.Text = status.Of(e.Kind), e.Code, e.Message
	} else {
		s.cfg.Log.ErrorContext(r.Context(), "admin request failed", "method", r.Method, "route", r.Pattern, "error", err)
	}
	if v.locale == "" {
		v.locale = s.cfg.Pages.Match("", "", r.Header.Get("Accept-Language"), "")
	}
	var shown any = page
	switch {
	case page.Code == "grant_missing":
		shown = templates.RefusedPage{Admin: s.frame(r, v, "people"), BreakGlass: breakGlassPath(v)}
	case page.Status == http.StatusNotFound:
		nothing := templates.NothingPage{Admin: s.frame(r, v, ""), Status: page.Status, Code: page.Code, Text: page.Text}
		nothing.Path = "" // it may hold the code of a link
		shown = nothing
	}
	if err := s.page(w, v, page.Status, shown); err != nil {
		s.cfg.Log.ErrorContext(r.Context(), "draw admin error page", "error", err)
	}
}

// form reads a posted form. Its files are dropped when the request is over.
func form(r *http.Request) error {
	err := r.ParseForm()
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && kind == "multipart/form-data" {
		err = r.ParseMultipartForm(akkoord.Limits.EditorBody)
	}
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return akkoord.Errorf(akkoord.TooLarge, "too_large", "What was sent is too large.")
	}
	if err != nil {
		return akkoord.Errorf(akkoord.Invalid, "body_invalid", "The form did not arrive whole.")
	}
	return nil
}

// NewLoginToken makes the secret of a one-time login link, whose path is
// LoginPath(token), or of what a login was asked, and its hash, which is all that is
// stored.
func NewLoginToken(random io.Reader) (token string, hash [sha256.Size]byte, err error) {
	var secret [32]byte
	if _, err := io.ReadFull(random, secret[:]); err != nil {
		return "", hash, err
	}
	token = base64.RawURLEncoding.EncodeToString(secret[:])
	return token, sha256.Sum256([]byte(token)), nil
}

// LoginPath gives the path of the one-time login link of a token.
func LoginPath(token string) string { return Prefix + "/login/" + url.PathEscape(token) }

func (s *Site) loginPage(w http.ResponseWriter, r *http.Request, v visit) error {
	if v.user.ID != 0 {
		http.Redirect(w, r, Prefix, http.StatusSeeOther)
		return nil
	}
	return s.askLogin(w, r, v, http.StatusOK, templates.LoginPage{Admin: s.frame(r, v, "")})
}

// loginButton shows the button behind a login link, whether the link is good
// or not: scanners of mail follow links, and must not use this one up.
func (s *Site) loginButton(w http.ResponseWriter, r *http.Request, v visit) error {
	page := templates.LoginPage{Admin: s.frame(r, visit{}, ""), Action: LoginPath(r.PathValue("token"))}
	page.Path = "" // a language link would put the token into one more place
	return s.page(w, v, http.StatusOK, page)
}

func (s *Site) login(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx := r.Context()
	u, err := s.cfg.Store.UseLoginToken(ctx, sha256.Sum256([]byte(r.PathValue("token"))))
	if akkoord.KindOf(err) == akkoord.Unauthorized {
		return s.page(w, v, http.StatusGone, templates.LoginPage{Expired: true})
	}
	if err != nil {
		return err
	}
	return s.passed(w, r, u)
}

func (s *Site) logout(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := s.cfg.Store.EndSession(r.Context(), v.user.Actor(), v.user.ID, v.session.ID); err != nil && akkoord.KindOf(err) != akkoord.NotFound {
		return err
	}
	if err := s.sessions.Destroy(context.WithoutCancel(r.Context())); err != nil {
		return err
	}
	http.Redirect(w, r, Prefix+"/login", http.StatusSeeOther)
	return nil
}

// done leads to the next page, which tells what a post came to. What was refused
// is not led away from what was typed.
func (s *Site) done(w http.ResponseWriter, r *http.Request, err error, notice, next string) error {
	if e, ok := errors.AsType[*akkoord.Error](err); ok && e.Kind != "" && e.Kind != akkoord.NotFound {
		return s.refuse(w, r, e, next)
	}
	if err != nil {
		return err
	}
	s.sessions.Put(r.Context(), keyNotice, notice)
	http.Redirect(w, r, next, http.StatusSeeOther)
	return nil
}
