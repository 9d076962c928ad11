package admin

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"net/http"
	"strings"
	"time"

	"akkoord"
	"akkoord/templates"

	"github.com/alexedwards/argon2id"
	"github.com/pquerna/otp/totp"
)

// Credentials keeps what users log in with.
type Credentials interface {
	// Credential finds somebody by the address they typed; NotFound where nobody
	// may log in with it.
	Credential(ctx context.Context, email string) (akkoord.Credential, error)
	CredentialOf(ctx context.Context, userID int64) (akkoord.Credential, error)
	// Guess counts a password or code that is about to be tried, by a hash of what
	// for, and reports whether it may be: so many are.
	Guess(ctx context.Context, hash [32]byte, most int) (allowed bool, err error)
	// Unguess takes back one that was right.
	Unguess(ctx context.Context, hash [32]byte) error
	// LoggedIn forgets the guesses that led to it.
	LoggedIn(ctx context.Context, u akkoord.User, how string, guesses ...[32]byte) error
	// Proved is LoggedIn for who is in already.
	Proved(ctx context.Context, u akkoord.User, how string, guesses ...[32]byte) error
	UseStep(ctx context.Context, userID, step int64) (fresh bool, err error)
	UseRecoveryCode(ctx context.Context, userID int64, hash [32]byte) (used bool, err error)
	// Each of these ends the user's sessions and login links (P27).
	SetPassword(ctx context.Context, actor akkoord.Actor, u akkoord.User, hash string) error
	SetFactor(ctx context.Context, actor akkoord.Actor, u akkoord.User, sealed []byte, codes [][32]byte) error
	ForgetFactors(ctx context.Context, actor akkoord.Actor, u akkoord.User) error
	EndSessions(ctx context.Context, actor akkoord.Actor, u akkoord.User) error
}

// hashing bounds the memory and time of one password's hash, and how many are
// made at once (OWASP's second choice for argon2id: 19 MiB, two passes).
var hashing = &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// hashesAtOnce is how many passwords are hashed at once: more would take memory
// from the mails (M27).
const hashesAtOnce = 2

// HashPassword gives the PHC string of a password that was checked.
func HashPassword(password string) (string, error) { return argon2id.CreateHash(password, hashing) }

// nobody is the hash that passwords are tried against for an address that nobody
// has, or who has none: so that these take as long.
const nobody = "$argon2id$v=19$m=19456,t=2,p=1$7wkOj0XCTNSl9JNeW14+qw$i8JK6Yu7ioA+N2tagMiTEEjqj/mZM1E7QRdyLpwwACo"

const (
	hashWait    = 3 * time.Second // for one's turn to have a password hashed
	pendingLife = 5 * time.Minute // from the password to the code
	codePeriod  = 30              // seconds a code is shown (RFC 6238)
)

var (
	errGuess   = akkoord.Errorf(akkoord.Unauthorized, "login_wrong", "The address and the password do not go together. Try again, or ask for a login link.")
	errPaused  = akkoord.Errorf(akkoord.TooMany, "login_paused", "This was tried too often. Wait an hour, or ask for a login link.")
	errNetwork = akkoord.Errorf(akkoord.TooMany, "login_network", "Too many wrong passwords came from your network. Wait an hour, or ask for a login link.")
	errRefused = akkoord.Errorf(akkoord.TooMany, "login_refused", "Too many logins from your network were refused. Wait an hour, or log in another way.")
	errOpen    = akkoord.Errorf(akkoord.TooMany, "login_open", "Too many logins from your network are under way. Wait five minutes, or log in another way.")
	errBusy    = akkoord.Errorf(akkoord.TooMany, "login_busy", "Too many are logging in at this moment. Try again in a minute.")
	errCode    = akkoord.Errorf(akkoord.Unauthorized, "code_wrong", "This code is wrong, or was used already. Wait for the next one.")
)

// guesses names what is guessed at in the count of guesses. What anybody can try
// who knows an address, what takes a password or a link first, and what takes a
// session are counted apart: nobody without the first factor can spend the codes.
func (s *Site) guesses(what, of string) (out [32]byte) {
	mac := hmac.New(sha256.New, s.cfg.GuessKey)
	mac.Write([]byte(what + ":" + strings.ToLower(strings.TrimSpace(of))))
	mac.Sum(out[:0])
	return out
}

func (s *Site) passwordGuesses(email string) [32]byte { return s.guesses("password", email) }

func (s *Site) codeGuesses(u akkoord.User) [32]byte { return s.guesses("code", u.PublicID.String()) }

func (s *Site) ownGuesses(u akkoord.User) [32]byte { return s.guesses("own", u.PublicID.String()) }

// hashed runs what hashes a password, when it is its turn.
func (s *Site) hashed(ctx context.Context, run func() error) error {
	wait, cancel := context.WithTimeout(ctx, hashWait)
	defer cancel()
	select {
	case s.hashing <- struct{}{}:
		defer func() { <-s.hashing }()
		return run()
	case <-wait.Done():
		return errBusy
	}
}

// signIn lets somebody in by address and password, or on to the code of their
// second factor. Whether anybody has the address can't be told from the answer
// or its time.
func (s *Site) signIn(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	email, password := strings.TrimSpace(r.PostForm.Get("email")), r.PostForm.Get("password")
	var c akkoord.Credential
	err := s.guessing(r, func() (err error) {
		c, err = s.checkPassword(r.Context(), email, password, s.passwordGuesses(email))
		return err
	})
	if err == nil {
		return s.passed(w, r, c.User)
	}
	errs, code, ok := faults(err, map[string]string{"": "password"})
	if !ok {
		return err
	}
	return s.askLogin(w, r, v, code, templates.LoginPage{Email: email, Errors: errs})
}

// askLogin shows the ways to log in.
func (s *Site) askLogin(w http.ResponseWriter, _ *http.Request, v visit, code int, page templates.LoginPage) error {
	page.AsksPasskey, page.SignOn = s.asks(true), s.signOnName()
	return s.page(w, v, code, page)
}

// checkPassword gives whom an address and a password belong to. The guess is
// counted when it is its turn: a crowd that waits writes nothing.
func (s *Site) checkPassword(ctx context.Context, email, password string, guesses [32]byte) (c akkoord.Credential, err error) {
	if len(password) > akkoord.Limits.Text || len(email) > akkoord.Limits.Text {
		return c, errGuess
	}
	return c, s.hashed(ctx, func() error {
		if err := s.mayGuess(ctx, guesses); err != nil {
			return err
		}
		if c, err = s.cfg.Store.Credential(ctx, email); err != nil && akkoord.KindOf(err) != akkoord.NotFound {
			return err
		}
		match, err := argon2id.ComparePasswordAndHash(password, cmp.Or(c.Password, nobody))
		if err == nil && (!match || c.Password == "") {
			err = errGuess
		}
		return err
	})
}

// mayGuess counts a guess, or refuses it.
func (s *Site) mayGuess(ctx context.Context, guesses [32]byte) error {
	allowed, err := s.cfg.Store.Guess(ctx, guesses, akkoord.Limits.Guesses)
	if err == nil && !allowed {
		err = errPaused
	}
	return err
}

// guessing lets somebody try a password, as long as few that were tried from their
// network were wrong: one password for many addresses stays within the count of
// each (P27). Codes are not counted so: they take a first factor, and who is let
// in by a login link is not to be kept out by their neighbours.
func (s *Site) guessing(r *http.Request, try func() error) error {
	return s.counted(r, "network", errGuess, errNetwork, try)
}

// counted lets somebody try something of a kind that is counted where it was wrong, as
// long as few from their network were; then it answers full.
func (s *Site) counted(r *http.Request, kind string, wrong, full error, try func() error) error {
	ctx, from := r.Context(), s.guesses(kind, s.cfg.Network(r).String())
	allowed, err := s.cfg.Store.Guess(ctx, from, akkoord.Limits.NetworkGuesses)
	if err == nil && !allowed {
		err = full
	}
	if err != nil {
		return err
	}
	if err = try(); errors.Is(err, wrong) {
		return err
	}
	return errors.Join(err, s.cfg.Store.Unguess(ctx, from)) // not a wrong guess
}

// anew begins a session of which nothing of the one before it is kept but the
// language.
func (s *Site) anew(ctx context.Context) error {
	locale := s.sessions.GetString(ctx, keyLocale)
	if err := cmp.Or(s.sessions.Clear(ctx), s.sessions.RenewToken(ctx)); err != nil {
		return err
	}
	s.sessions.Put(ctx, keyLocale, locale)
	return nil
}

// passed goes on from the first factor: in, or to the second. u is as it was when
// that was checked.
func (s *Site) passed(w http.ResponseWriter, r *http.Request, u akkoord.User) error {
	ctx := r.Context()
	if err := s.anew(ctx); err != nil {
		return err
	}
	if !u.TwoFactors() {
		return s.enter(w, r, u, "", Prefix)
	}
	s.sessions.Put(ctx, keyPending, u.ID)
	s.sessions.Put(ctx, keyRenewed, renewed(u))
	s.sessions.Put(ctx, keyPendingTime, s.cfg.Now().UnixMicro())
	http.Redirect(w, r, codePath, http.StatusSeeOther)
	return nil
}

const codePath = Prefix + "/login/code"

// enter begins a session, and leads to its first page. how says by what, where it was
// no password or link.
func (s *Site) enter(w http.ResponseWriter, r *http.Request, u akkoord.User, how, next string) error {
	ctx := r.Context()
	if err := s.cfg.Store.LoggedIn(ctx, u, how, s.passwordGuesses(u.Email), s.codeGuesses(u), s.ownGuesses(u)); err != nil {
		return err
	}
	if err := s.begin(r, u); err != nil {
		return err
	}
	s.setProved(ctx)
	http.Redirect(w, r, next, http.StatusSeeOther)
	return nil
}

// pending gives who has passed the first factor in this session, not long ago.
func (s *Site) pending(ctx context.Context) (akkoord.Credential, bool, error) {
	id := s.sessions.GetInt64(ctx, keyPending)
	at := time.UnixMicro(s.sessions.GetInt64(ctx, keyPendingTime))
	if id == 0 || s.cfg.Now().Sub(at) > pendingLife {
		return akkoord.Credential{}, false, nil
	}
	c, err := s.cfg.Store.CredentialOf(ctx, id)
	if akkoord.KindOf(err) == akkoord.NotFound {
		return c, false, nil
	}
	return c, err == nil && !s.over(ctx, c.User), err
}

// codePage asks for the code of the second factor.
func (s *Site) codePage(w http.ResponseWriter, r *http.Request, v visit) error {
	c, ok, err := s.pending(r.Context())
	if err != nil {
		return err
	}
	if !ok {
		http.Redirect(w, r, Prefix+"/login", http.StatusSeeOther)
		return nil
	}
	return s.askCode(w, v, http.StatusOK, c.User, nil)
}

// askCode shows what asks for the second factor of somebody.
func (s *Site) askCode(w http.ResponseWriter, v visit, code int, u akkoord.User, errs templates.FieldErrors) error {
	return s.page(w, v, code, templates.CodePage{AsksPasskey: s.asks(u.Passkeys > 0), Authenticator: u.SecondFactor, Errors: errs})
}

// takeCode lets somebody in who shows their second factor.
func (s *Site) takeCode(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	ctx := r.Context()
	c, ok, err := s.pending(ctx)
	if err != nil {
		return err
	}
	if !ok {
		http.Redirect(w, r, Prefix+"/login", http.StatusSeeOther)
		return nil
	}
	err = s.checkCode(ctx, c, r.PostForm.Get("code"))
	if err == nil {
		if err := s.sessions.RenewToken(ctx); err != nil {
			return err
		}
		return s.enter(w, r, c.User, "", Prefix)
	}
	errs, code, ok := faults(err, map[string]string{"": "code"})
	if !ok {
		return err
	}
	return s.askCode(w, v, code, c.User, errs)
}

// checkCode tries a code of the second factor, or one that stands in for it.
// Guesses are counted by account, whatever session they come from (P27).
func (s *Site) checkCode(ctx context.Context, c akkoord.Credential, typed string) error {
	if err := s.mayGuess(ctx, s.codeGuesses(c.User)); err != nil {
		return err
	}
	typed = strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, strings.ToLower(typed))
	if len(typed) != 6 {
		used, err := s.cfg.Store.UseRecoveryCode(ctx, c.User.ID, recoveryHash(typed))
		if err == nil && !used {
			err = errCode
		}
		return err
	}
	if len(c.Factor) == 0 {
		return errCode
	}
	secret, err := s.cfg.Seal.Open(c.Factor, factorLabel(c.User))
	if err != nil {
		return err
	}
	step, ok := stepOf(string(secret), typed, s.cfg.Now())
	if !ok {
		return errCode
	}
	fresh, err := s.cfg.Store.UseStep(ctx, c.User.ID, step)
	if err == nil && !fresh {
		err = errCode
	}
	return err
}

// stepOf gives the time step whose code was typed: this one, the one before it
// or the one after it.
func stepOf(secret, typed string, now time.Time) (int64, bool) {
	for _, by := range []int64{0, -1, 1} {
		step := now.Unix()/codePeriod + by
		want, err := totp.GenerateCode(secret, time.Unix(step*codePeriod, 0))
		if err == nil && hmac.Equal([]byte(want), []byte(typed)) {
			return step, true
		}
	}
	return 0, false
}

// recoveryHash names a recovery code in the database. The code is random and
// long, so a fast hash will do.
func recoveryHash(code string) [32]byte { return sha256.Sum256([]byte("recovery:" + code)) }
