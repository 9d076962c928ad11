package admin

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"akkoord"
	"akkoord/templates"
)

// Setups keeps what the first steps make.
type Setups interface {
	CheckSetupCode(ctx context.Context, code akkoord.SetupCode) error
	FirstOwner(ctx context.Context, code akkoord.SetupCode, email, reason, password string) (akkoord.User, error)
	SetOrganisation(ctx context.Context, actor akkoord.Actor, o akkoord.Organisation) error
	// Catching gives since when mails are caught in the place of a mail server; zero: they are not.
	Catching(ctx context.Context) (time.Time, error)
	SetCatching(ctx context.Context, actor akkoord.Actor, on bool) error
	Nodes() int // how many processes have the database open
	SetupAway(ctx context.Context) (bool, error)
	PutSetupAway(ctx context.Context, actor akkoord.Actor, away bool) error
	ProcessorObstacles(ctx context.Context, slug string) ([]akkoord.Reason, error)
	// EverSent reports whether any mailing was ever begun.
	EverSent(ctx context.Context) (bool, error)
	LedgerEnd(ctx context.Context) (int64, error)
	NewestSignUp(ctx context.Context, form, after int64) (akkoord.SignUpProgress, error)
}

const setupPath = Prefix + "/setup"

// SetupPath gives the path of the page on which the first owner is made, with
// the text of a code.
func SetupPath(text string) string {
	return setupPath + "?" + url.Values{"code": {text}}.Encode()
}

// NewSetupCode makes the text of a code, and what is stored of it.
func NewSetupCode(random io.Reader) (text string, code akkoord.SetupCode, err error) {
	var secret [32 + 8]byte
	if _, err := io.ReadFull(random, secret[:]); err != nil {
		return "", code, err
	}
	text = base64.RawURLEncoding.EncodeToString(secret[:8]) + "." + base64.RawURLEncoding.EncodeToString(secret[8:])
	return text, readSetupCode(text), nil
}

// readSetupCode reads the text of a code. One that none has is nobody's.
func readSetupCode(text string) akkoord.SetupCode {
	name, secret, _ := strings.Cut(text, ".")
	if len(text) > 128 {
		name = ""
	}
	return akkoord.SetupCode{Name: strings.ToValidUTF8(strings.ReplaceAll(name, "\x00", ""), ""), Hash: sha256.Sum256([]byte("setup:" + secret))}
}

// setup shows the form of the first owner to whoever has the code; owners who are
// logged in get on to the step that is open.
func (s *Site) setup(w http.ResponseWriter, r *http.Request, v visit) error {
	text := r.URL.Query().Get("code")
	if text == "" && v.user.Role.May(akkoord.SetUp) {
		steps, err := s.steps(r.Context(), v, "")
		if err != nil {
			return err
		}
		http.Redirect(w, r, nextStep(steps), http.StatusSeeOther)
		return nil
	}
	if err := s.cfg.Store.CheckSetupCode(r.Context(), readSetupCode(text)); err != nil {
		return err
	}
	return s.page(w, v, http.StatusOK, templates.SetupOwnerPage{Code: text})
}

// firstOwner makes the first owner and logs them in (M27).
func (s *Site) firstOwner(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	ctx, in := r.Context(), r.PostForm
	page := templates.SetupOwnerPage{Code: in.Get("code"), Email: strings.TrimSpace(in.Get("email"))}
	code := readSetupCode(page.Code)
	if err := s.cfg.Store.CheckSetupCode(ctx, code); err != nil { // before anything is hashed
		return err
	}
	u, err := s.makeOwner(ctx, v, code, page.Email, in.Get("password"), in.Get("again"))
	if akkoord.KindOf(err) == akkoord.NotFound {
		return err
	}
	if err != nil {
		status, ok := 0, false
		if page.Errors, status, ok = faults(err, map[string]string{"": "email"}); !ok {
			return err
		}
		return s.page(w, v, status, page)
	}
	if err := s.sessions.RenewToken(ctx); err != nil {
		return err
	}
	return s.enter(w, r, u, "", whoPath)
}

func (s *Site) makeOwner(ctx context.Context, v visit, code akkoord.SetupCode, email, password, again string) (akkoord.User, error) {
	if _, err := akkoord.ParseEmail(email); err != nil {
		return akkoord.User{}, err
	}
	hash, err := s.hashOf(ctx, email, password, again)
	if err != nil {
		return akkoord.User{}, err
	}
	return s.cfg.Store.FirstOwner(ctx, code, email, s.cfg.Pages.T(v.locale, "setup.ready_reason"), hash)
}

const whoPath = setupPath + "/who"

// who asks who is behind the mails (Art. 13(1)(a) GDPR). What the settings say
// wins, and is shown.
func (s *Site) who(w http.ResponseWriter, r *http.Request, v visit) error {
	f := s.cfg.Sender()
	return s.showWho(w, r, v, http.StatusOK, templates.SetupWhoPage{Controller: f.Controller, PostalAddress: f.PostalAddress, Contact: f.Contact})
}

func (s *Site) showWho(w http.ResponseWriter, r *http.Request, v visit, code int, page templates.SetupWhoPage) error {
	var err error
	if page.Setup, err = s.setupFrame(r, v, "who"); err != nil {
		return err
	}
	set := s.cfg.Settings
	page.Set = templates.SetBySetting{Controller: set.Controller != "", PostalAddress: set.PostalAddress != "", Contact: set.Contact != ""}
	page.SecondFactor = v.user.TwoFactors()
	page.BaseURL, page.Here = s.cfg.BaseURL, r.Host
	if base, err := url.Parse(s.cfg.BaseURL); err == nil {
		page.Reached = strings.EqualFold(base.Host, r.Host)
		page.Local = base.Scheme == "http"
	}
	return s.page(w, v, code, page)
}

func (s *Site) setWho(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	line := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
	o := s.cfg.Settings.Or(akkoord.Organisation{Controller: line("controller"), PostalAddress: line("postal_address"), Contact: line("contact")})
	err := s.cfg.Store.SetOrganisation(r.Context(), v.user.Actor(), o)
	if err == nil {
		return s.done(w, r, nil, "saved", mailPath)
	}
	page := templates.SetupWhoPage{Controller: o.Controller, PostalAddress: o.PostalAddress, Contact: o.Contact}
	code, ok := 0, false
	if page.Errors, code, ok = faults(err, nil); !ok {
		return err
	}
	return s.showWho(w, r, v, code, page)
}
