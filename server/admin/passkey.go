package admin

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"akkoord"
	"akkoord/templates"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// Passkeys keeps the passkeys of users, and what their browsers are asked (M27).
type Passkeys interface {
	Passkeys(ctx context.Context, userID int64) ([]akkoord.Passkey, error)
	// Each of these two ends the user's sessions and login links (P27).
	AddPasskey(ctx context.Context, actor akkoord.Actor, seen akkoord.User, p akkoord.Passkey, codes [][32]byte) error
	RemovePasskey(ctx context.Context, actor akkoord.Actor, seen akkoord.User, id akkoord.ID) error
	RenamePasskey(ctx context.Context, actor akkoord.Actor, userID int64, id akkoord.ID, name string) error
	// UsePasskey reports whether a signature's counter grew.
	UsePasskey(ctx context.Context, p akkoord.Passkey, counter uint32, synced bool) (fresh bool, err error)
	AddChallenge(ctx context.Context, hash [32]byte, data []byte, expires time.Time) error
	// TakeChallenge gives what was asked, once, and nothing after its time.
	TakeChallenge(ctx context.Context, hash [32]byte) (data []byte, err error)
}

const (
	passkeyField  = "passkey"       // what an authenticator says at a login, or of a new passkey
	passkeyProof  = "passkey_proof" // the same in place of proofField
	challengeLife = 5 * time.Minute // from the question to its answer
)

// What a question of a passkey is for: an answer to another kind is none.
const (
	toLogIn = "login"
	toProve = "proof"
	toAdd   = "add"
)

// question is what is kept of one.
type question struct {
	Kind  string
	At    time.Time
	Asked webauthn.SessionData
}

var (
	errPasskey       = akkoord.Errorf(akkoord.Unauthorized, "passkey_wrong", "This passkey was not accepted. Try again, or log in another way.")
	errPasskeyOver   = akkoord.Errorf(akkoord.Unauthorized, "passkey_over", "This took too long, or was sent twice. Press the button again.")
	errPasskeyCopied = akkoord.Errorf(akkoord.Unauthorized, "passkey_copied", "There may be a copy of this passkey, so it was refused. Log in another way, remove it, and add it anew.")
	errNoPasskeys    = akkoord.Errorf(akkoord.NotFound, "not_found", "Passkeys take a site with a host name.")
)

// relyingParty is what this site is to authenticators: the host and origin of
// AKKOORD_URL. nil where the host is an address by number, for which browsers keep no
// passkeys.
func relyingParty(base string) (*webauthn.WebAuthn, error) {
	u, err := url.Parse(base)
	if err != nil {
		return nil, err
	}
	host := strings.ToLower(u.Hostname())
	if _, err := netip.ParseAddr(host); err == nil || host == "" {
		return nil, nil
	}
	required := true
	return webauthn.New(&webauthn.Config{
		RPID: host, RPDisplayName: "Akkoord", RPOrigins: []string{u.Scheme + "://" + strings.ToLower(u.Host)},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			RequireResidentKey: &required, ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired,
		},
	})
}

// holder is a user as authenticators know them: by their public id.
type holder struct {
	akkoord.User
	keys []akkoord.Passkey
}

func (h holder) WebAuthnID() []byte          { return h.PublicID[:] }
func (h holder) WebAuthnName() string        { return h.Email }
func (h holder) WebAuthnDisplayName() string { return h.Email }

func (h holder) WebAuthnCredentials() []webauthn.Credential {
	out := make([]webauthn.Credential, len(h.keys))
	for i, k := range h.keys {
		out[i] = webauthn.Credential{ID: k.Handle, PublicKey: k.Key, Flags: webauthn.CredentialFlags{UserPresent: true, UserVerified: true, BackupEligible: k.Syncs, BackupState: k.Synced}}
		out[i].Authenticator.SignCount = k.Counter
		for _, t := range k.Transports {
			out[i].Transport = append(out[i].Transport, protocol.AuthenticatorTransport(t))
		}
	}
	return out
}

// used finds the passkey that a credential is.
func (h holder) used(c *webauthn.Credential) akkoord.Passkey {
	for _, k := range h.keys {
		if bytes.Equal(k.Handle, c.ID) {
			return k
		}
	}
	return akkoord.Passkey{}
}

func (s *Site) holder(ctx context.Context, u akkoord.User) (holder, error) {
	keys, err := s.cfg.Store.Passkeys(ctx, u.ID)
	return holder{u, keys}, err
}

// asks says of a page whether its script can ask for a passkey of somebody.
func (s *Site) asks(any bool) templates.AsksPasskey {
	return templates.AsksPasskey{Passkeys: s.passkeys != nil && any}
}

// ask sends what a browser is to ask an authenticator, and keeps it for the answer: in
// the database, by a secret in its session, so that every node can take it, and once.
func (s *Site) ask(w http.ResponseWriter, r *http.Request, q question, options any) error {
	ctx := r.Context()
	data, err := json.Marshal(q)
	if err != nil {
		return err
	}
	token, hash, err := NewLoginToken(rand.Reader)
	if err != nil {
		return err
	}
	s.sessions.Put(ctx, keyChallenge, token)
	if err := s.cfg.Store.AddChallenge(ctx, hash, data, q.At.Add(challengeLife)); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(options)
}

// asked gives the question of this session that is being answered, once; none of
// another kind, and none after its time.
func (s *Site) asked(ctx context.Context, kind string) (out question, err error) {
	if s.passkeys == nil {
		return out, errNoPasskeys
	}
	token := s.sessions.PopString(ctx, keyChallenge)
	if token == "" {
		return out, errPasskeyOver
	}
	data, err := s.cfg.Store.TakeChallenge(ctx, sha256.Sum256([]byte(token)))
	if err != nil {
		return out, err
	}
	if data == nil || json.Unmarshal(data, &out) != nil || out.Kind != kind {
		return out, errPasskeyOver
	}
	return out, nil
}

// open names what a network has open of the questions that were asked about a time.
func (s *Site) open(r *http.Request, at time.Time) [32]byte {
	return s.guesses("open", s.cfg.Network(r).String()+at.UTC().Truncate(challengeLife).Format(" "+time.RFC3339))
}

// askPasskey asks for any passkey of anybody. How many questions of a network may be
// open is limited, since each is kept.
func (s *Site) askPasskey(w http.ResponseWriter, r *http.Request, _ visit) error {
	if s.passkeys == nil {
		return errNoPasskeys
	}
	now := s.cfg.Now()
	allowed, err := s.cfg.Store.Guess(r.Context(), s.open(r, now), akkoord.Limits.OpenQuestions)
	if err == nil && !allowed {
		err = errOpen
	}
	if err != nil {
		return err
	}
	options, asked, err := s.passkeys.BeginDiscoverableLogin()
	if err != nil {
		return err
	}
	return s.ask(w, r, question{toLogIn, now, *asked}, options)
}

// passkeyIn lets in who shows a passkey: it is both factors.
func (s *Site) passkeyIn(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	var u akkoord.User
	err := s.counted(r, "passkey", errPasskey, errRefused, func() (err error) {
		u, err = s.shownPasskey(r, r.PostForm.Get(passkeyField))
		return err
	})
	if err == nil {
		if err := s.anew(r.Context()); err != nil {
			return err
		}
		return s.enter(w, r, u, "passkey", Prefix)
	}
	errs, code, ok := faults(err, map[string]string{"": passkeyField})
	if !ok {
		return err
	}
	return s.askLogin(w, r, v, code, templates.LoginPage{Errors: errs})
}

// shownPasskey gives whose passkey was shown, as they were before it was checked.
func (s *Site) shownPasskey(r *http.Request, shown string) (akkoord.User, error) {
	ctx := r.Context()
	q, err := s.asked(ctx, toLogIn)
	if err == nil {
		err = s.cfg.Store.Unguess(ctx, s.open(r, q.At))
	}
	if err != nil {
		return akkoord.User{}, err
	}
	said, err := protocol.ParseCredentialRequestResponseBytes([]byte(shown))
	if err != nil {
		return akkoord.User{}, errPasskey
	}
	var fault error // of ours, which says nothing about the passkey
	find := func(_, handle []byte) (webauthn.User, error) {
		var id akkoord.ID
		if len(handle) != len(id) {
			return nil, errPasskey
		}
		u, err := s.cfg.Store.UserNamed(ctx, akkoord.ID(handle))
		if err == nil && !u.DisabledAt.IsZero() {
			err = errPasskey
		}
		var h holder
		if err == nil {
			h, err = s.holder(ctx, u)
		}
		if err != nil && akkoord.KindOf(err) == "" {
			fault = err
		}
		return h, err
	}
	who, key, err := s.passkeys.ValidatePasskeyLogin(find, q.Asked, said)
	if fault != nil {
		return akkoord.User{}, fault
	}
	if err != nil {
		return akkoord.User{}, errPasskey
	}
	h := who.(holder)
	return h.User, s.countPasskey(ctx, h, key, said)
}

// countPasskey notes that a passkey was used, or refuses it where its counter says
// that there is a copy.
func (s *Site) countPasskey(ctx context.Context, h holder, key *webauthn.Credential, said *protocol.ParsedCredentialAssertionData) error {
	fresh, err := s.cfg.Store.UsePasskey(ctx, h.used(key), said.Response.AuthenticatorData.Counter, key.Flags.BackupState)
	if err == nil && !fresh {
		err = errPasskeyCopied
	}
	return err
}

// askOwnPasskey asks somebody who is in for one of their passkeys.
func (s *Site) askOwnPasskey(w http.ResponseWriter, r *http.Request, v visit) error {
	h, err := s.holder(r.Context(), v.user)
	if err == nil && (s.passkeys == nil || len(h.keys) == 0) {
		err = errNoPasskeys
	}
	if err != nil {
		return err
	}
	options, asked, err := s.passkeys.BeginLogin(h)
	if err != nil {
		return err
	}
	return s.ask(w, r, question{toProve, s.cfg.Now(), *asked}, options)
}

// provePasskey tries the passkey of somebody who is in.
func (s *Site) provePasskey(ctx context.Context, u akkoord.User, shown string) error {
	q, err := s.asked(ctx, toProve)
	if err != nil {
		return err
	}
	said, err := protocol.ParseCredentialRequestResponseBytes([]byte(shown))
	if err != nil {
		return errPasskey
	}
	h, err := s.holder(ctx, u)
	if err != nil {
		return err
	}
	key, err := s.passkeys.ValidateLogin(h, q.Asked, said)
	if err != nil {
		return errPasskey
	}
	return s.countPasskey(ctx, h, key, said)
}

// askNewPasskey asks for a passkey to be made, on an authenticator that has none of
// this user yet.
func (s *Site) askNewPasskey(w http.ResponseWriter, r *http.Request, v visit) error {
	if s.passkeys == nil {
		return errNoPasskeys
	}
	h, err := s.holder(r.Context(), v.user)
	if err != nil {
		return err
	}
	options, asked, err := s.passkeys.BeginRegistration(h, webauthn.WithExclusions(webauthn.Credentials(h.WebAuthnCredentials()).CredentialDescriptors()))
	if err != nil {
		return err
	}
	return s.ask(w, r, question{toAdd, s.cfg.Now(), *asked}, options)
}

// transports are the ways to authenticators that are kept, of those that a browser
// names: it looks there first.
var transports = []protocol.AuthenticatorTransport{protocol.USB, protocol.NFC, protocol.BLE, protocol.Hybrid, protocol.Internal, protocol.SmartCard}

// addPasskey stores a passkey that was made, and gives recovery codes where its user
// had none: they stand in for it too.
func (s *Site) addPasskey(r *http.Request, v visit, name, made string) ([]string, error) {
	ctx := r.Context()
	if err := v.user.AddPasskey(name); err != nil {
		return nil, err
	}
	q, err := s.asked(ctx, toAdd)
	if err != nil {
		return nil, err
	}
	said, err := protocol.ParseCredentialCreationResponseBytes([]byte(made))
	if err != nil {
		return nil, errPasskey
	}
	key, err := s.passkeys.CreateCredential(holder{User: v.user}, q.Asked, said)
	if err != nil {
		return nil, errPasskey
	}
	c, err := s.cfg.Store.CredentialOf(ctx, v.user.ID)
	if err != nil {
		return nil, err
	}
	var codes []string
	var hashes [][32]byte
	if c.Codes == 0 {
		if codes, hashes, err = newCodes(); err != nil {
			return nil, err
		}
	}
	p := akkoord.Passkey{Name: name, Handle: key.ID, Key: key.PublicKey, Counter: key.Authenticator.SignCount, Syncs: key.Flags.BackupEligible, Synced: key.Flags.BackupState}
	for _, t := range key.Transport {
		if slices.Contains(transports, t) {
			p.Transports = append(p.Transports, string(t))
		}
	}
	if err := s.cfg.Store.AddPasskey(ctx, v.user.Actor(), v.user, p, hashes); err != nil {
		return nil, err
	}
	return codes, s.goOn(r, v.user)
}

// removePasskey takes a passkey away.
func (s *Site) removePasskey(r *http.Request, v visit, id string) error {
	key, err := akkoord.ParseID(id)
	if err == nil {
		err = s.cfg.Store.RemovePasskey(r.Context(), v.user.Actor(), v.user, key)
	}
	if err != nil {
		return err
	}
	return s.goOn(r, v.user)
}

func (s *Site) renamePasskey(ctx context.Context, v visit, id, name string) error {
	key, err := akkoord.ParseID(id)
	if err != nil {
		return err
	}
	return s.cfg.Store.RenamePasskey(ctx, v.user.Actor(), v.user.ID, key, name)
}
