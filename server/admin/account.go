package admin

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"image/png"
	"io"
	"net/http"
	"strings"

	"akkoord"
	"akkoord/templates"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
)

const (
	accountPath = Prefix + "/account"
	recoveries  = 10 // codes that stand in for a second factor
)

var errDiffers = akkoord.Fieldf("again", "password_differs", "The two are not the same. Type it again.")

func factorLabel(u akkoord.User) string { return "second-factor:" + u.PublicID.String() }

// account shows what its user logs in with.
func (s *Site) account(w http.ResponseWriter, r *http.Request, v visit) error {
	return s.showAccount(w, r, v, http.StatusOK, templates.AccountPage{})
}

func (s *Site) showAccount(w http.ResponseWriter, r *http.Request, v visit, code int, page templates.AccountPage) error {
	ctx := r.Context()
	c, err := s.cfg.Store.CredentialOf(ctx, v.user.ID)
	if err != nil {
		return err
	}
	page.Admin, page.Email, page.Role, page.Reason = s.frame(r, v, "account"), v.user.Email, string(v.user.Role), v.user.Reason
	page.Path, page.Manages, page.Sends = accountPath, v.user.Role.May(akkoord.ManageAccess), v.user.Role.May(akkoord.SendMailings)
	page.HasPassword, page.SecondFactor, page.CodesLeft = c.User.HasPassword, c.User.SecondFactor, c.Codes
	page.AsksPasskey, page.PasskeysFor = s.asks(true), s.cfg.BaseURL
	keys, err := s.cfg.Store.Passkeys(ctx, v.user.ID)
	if err != nil {
		return err
	}
	for _, k := range keys {
		page.PasskeyRows = append(page.PasskeyRows, templates.PasskeyRow{ID: k.ID.String(), Name: k.Name, AddedAt: k.CreatedAt, UsedAt: k.UsedAt, Synced: k.Synced})
	}
	if s.signOn != nil {
		link, linked, err := s.cfg.Store.IdentityLink(ctx, v.user.ID, s.signOn.Issuer)
		if err != nil {
			return err
		}
		page.SignOn, page.Linked, page.LinkedAt, page.LinkUsedAt = s.signOn.Name, linked, link.LinkedAt, link.UsedAt
	}
	if key, ok := s.secret(ctx); ok {
		page.Secret = spaced(key.Secret())
	}
	return s.page(w, v, code, page)
}

// changesLogin reports whether a button changes what its user logs in with, and
// asks for nothing that they log in with now.
func changesLogin(r *http.Request, v visit) bool {
	switch r.PostForm.Get("act") {
	case "factor", "confirm", "passkey_add", "passkey_rename", "passkey_remove", "sso_link", "sso_unlink":
		return true
	case "password":
		return !v.user.HasPassword
	}
	return false
}

// changeAccount does what a button of the account's page says.
func (s *Site) changeAccount(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	ctx, in := r.Context(), r.PostForm
	var page templates.AccountPage
	var notice, field string
	var err error
	at := map[string]string{} // where the page tells what is wrong with a field
	switch in.Get("act") {
	case "password":
		field, notice = "password", "password"
		err = s.newPassword(r, v, in.Get("now"), in.Get("password"), in.Get("again"))
	case "factor":
		err = s.newSecret(ctx, v)
		notice = "factor_begun"
	case "confirm":
		field = "code"
		page.Codes, err = s.confirmFactor(r, v, in.Get("code"))
	case "remove":
		field, notice = "remove", "factor_removed"
		err = s.removeFactor(r, v, in.Get("code"))
	case "passkey_add":
		field, notice, page.PasskeyName = "name", "passkey", in.Get("name")
		if in.Get(passkeyField) == "" { // what was asked before a proof
			page.PasskeyAgain = true
			return s.showAccount(w, r, v, http.StatusOK, page)
		}
		page.Codes, err = s.addPasskey(r, v, page.PasskeyName, in.Get(passkeyField))
	case "passkey_rename":
		notice, at["name"] = "passkey_renamed", "rename-"+in.Get("id")
		err = s.renamePasskey(ctx, v, in.Get("id"), in.Get("name"))
	case "passkey_remove":
		field, notice = "passkeys", "passkey_removed"
		err = s.removePasskey(r, v, in.Get("id"))
	case "sso_link":
		return s.connectSignOn(w, r, v)
	case "sso_unlink":
		field, notice = "sso", "sso_unlinked"
		err = s.unlink(r, v)
	default:
		return errNoAct
	}
	if err == nil && len(page.Codes) > 0 {
		return s.showAccount(w, r, v, http.StatusOK, page) // the codes are shown once, and stored nowhere
	}
	if err == nil {
		return s.done(w, r, nil, notice, accountPath)
	}
	at[""] = field
	errs, code, ok := faults(err, at)
	if !ok {
		return err
	}
	page.Errors = errs
	return s.showAccount(w, r, v, code, page)
}

// goOn lets this session outlive those that were just ended.
func (s *Site) goOn(r *http.Request, u akkoord.User) error {
	ctx := r.Context()
	if err := s.sessions.RenewToken(ctx); err != nil {
		return err
	}
	now, err := s.cfg.Store.User(ctx, u.ID)
	if err != nil {
		return err
	}
	return s.begin(r, now)
}

// newPassword changes a user's password. Who has one has to say it.
func (s *Site) newPassword(r *http.Request, v visit, now, password, again string) error {
	ctx := r.Context()
	if v.user.HasPassword {
		if _, err := s.checkPassword(ctx, v.user.Email, now, s.ownGuesses(v.user)); err != nil {
			return akkoord.AtField("now", err)
		}
	}
	hash, err := s.hashOf(ctx, v.user.Email, password, again)
	if err != nil {
		return err
	}
	if err := s.cfg.Store.SetPassword(ctx, v.user.Actor(), v.user, hash); err != nil {
		return err
	}
	return s.goOn(r, v.user)
}

// hashOf gives the hash of a password that somebody with an address chose and typed
// twice.
func (s *Site) hashOf(ctx context.Context, email, password, again string) (hash string, err error) {
	if err := akkoord.CheckPassword(password, email); err != nil {
		return "", err
	}
	if password != again {
		return "", errDiffers
	}
	err = s.hashed(ctx, func() (err error) { hash, err = HashPassword(password); return err })
	return hash, err
}

// newSecret begins to set up a second factor: its secret waits in the session
// until a code of it is shown.
func (s *Site) newSecret(ctx context.Context, v visit) error {
	if v.user.SecondFactor {
		return akkoord.Errorf(akkoord.Conflict, "factor_there", "There is a second factor already. Remove it first.")
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "Akkoord", AccountName: v.user.Email})
	if err != nil {
		return err
	}
	s.sessions.Put(ctx, keySecret, key.URL())
	return nil
}

// secret gives the second factor that is being set up in this session.
func (s *Site) secret(ctx context.Context) (*otp.Key, bool) {
	key, err := otp.NewKeyFromURL(s.sessions.GetString(ctx, keySecret))
	return key, err == nil && key.Secret() != ""
}

// secretCode draws that as a QR code, for authenticators to read.
func (s *Site) secretCode(w http.ResponseWriter, r *http.Request, _ visit) error {
	key, ok := s.secret(r.Context())
	if !ok {
		http.Redirect(w, r, accountPath, http.StatusSeeOther)
		return nil
	}
	code, err := key.Image(qrSide, qrSide)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/png")
	return png.Encode(w, code)
}

// qrSide is the side of a QR code, in pixels.
const qrSide = 240

// confirmFactor stores a second factor of which a code was shown, and gives
// the codes that stand in for it.
func (s *Site) confirmFactor(r *http.Request, v visit, typed string) ([]string, error) {
	ctx := r.Context()
	key, begun := s.secret(ctx)
	if !begun {
		return nil, errCode
	}
	step, ok := stepOf(key.Secret(), strings.ReplaceAll(strings.TrimSpace(typed), " ", ""), s.cfg.Now())
	if !ok {
		return nil, errCode
	}
	sealed, err := s.cfg.Seal.Seal([]byte(key.Secret()), factorLabel(v.user))
	if err != nil {
		return nil, err
	}
	codes, hashes, err := newCodes()
	if err != nil {
		return nil, err
	}
	if err := s.cfg.Store.SetFactor(ctx, v.user.Actor(), v.user, sealed, hashes); err != nil {
		return nil, err
	}
	if _, err := s.cfg.Store.UseStep(ctx, v.user.ID, step); err != nil {
		return nil, err
	}
	s.sessions.Remove(ctx, keySecret)
	return codes, s.goOn(r, v.user)
}

// newCodes makes recovery codes, and what is stored of them.
func newCodes() (codes []string, hashes [][32]byte, err error) {
	codes, hashes = make([]string, recoveries), make([][32]byte, recoveries)
	for i := range codes {
		var b [10]byte
		if _, err := io.ReadFull(rand.Reader, b[:]); err != nil {
			return nil, nil, err
		}
		code := strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
		codes[i], hashes[i] = spaced(code), recoveryHash(code)
	}
	return codes, hashes, nil
}

// removeFactor takes a user's second factor away, for a code of it.
func (s *Site) removeFactor(r *http.Request, v visit, typed string) error {
	ctx := r.Context()
	c, err := s.cfg.Store.CredentialOf(ctx, v.user.ID)
	if err != nil {
		return err
	}
	if err := s.checkCode(ctx, c, typed); err != nil {
		return err
	}
	if err := s.cfg.Store.SetFactor(ctx, v.user.Actor(), v.user, nil, nil); err != nil {
		return err
	}
	return s.goOn(r, v.user)
}

// spaced writes a code in groups of four.
func spaced(s string) string {
	var b strings.Builder
	for i, r := range s {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}
