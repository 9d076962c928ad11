package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"akkoord"
)

// AddUser gives somebody access to the admin site, with the reason for it
// (M26). An address that has access already, in any case of its letters, is a
// Conflict with code email_taken.
func (s *Store) AddUser(ctx context.Context, actor akkoord.Actor, u akkoord.User) (akkoord.User, error) {
	u, id, err := s.newUser(u)
	if err != nil {
		return akkoord.User{}, err
	}
	var out akkoord.User
	err = s.update(ctx, "add user", func(t *tx) (err error) {
		out, err = t.addUser(actor, u, id)
		return err
	})
	if err != nil {
		return akkoord.User{}, err
	}
	return out, nil
}

// newUser checks who is about to get access, and gives them an id.
func (s *Store) newUser(u akkoord.User) (akkoord.User, akkoord.ID, error) {
	if _, err := akkoord.ParseEmail(u.Email); err != nil {
		return u, akkoord.ID{}, err
	}
	if err := checkAccess(u.Role, u.Reason); err != nil {
		return u, akkoord.ID{}, err
	}
	u.Email = strings.TrimSpace(u.Email)
	id, err := s.newID(s.cfg.Now())
	return u, id, err
}

// addUser stores a user with the first grant. From the first one on no code can
// make another.
func (t *tx) addUser(actor akkoord.Actor, u akkoord.User, id akkoord.ID) (akkoord.User, error) {
	var have int
	if err := t.queryRow(`SELECT count(*) FROM app_user WHERE lower(email) = lower($1)`, u.Email).Scan(&have); err != nil {
		return u, err
	}
	if have > 0 {
		e := akkoord.Errorf(akkoord.Conflict, "email_taken", "This person has access already.")
		e.Field = "email"
		return u, e
	}
	u.PublicID, u.CreatedAt, u.DisabledAt = id, t.now, time.Time{}
	if err := t.queryRow(`INSERT INTO app_user (public_id, email, role, reason, password, created_at, disabled_at)
		VALUES ($1, $2, $3, $4, '', $5, 0) RETURNING id`, id[:], u.Email, string(u.Role), u.Reason, micros(t.now)).Scan(&u.ID); err != nil {
		return u, err
	}
	if err := t.exec(`DELETE FROM setup_code`); err != nil {
		return u, err
	}
	if err := t.firstGrant(id, u.Actor(), u.Reason, actor); err != nil {
		return u, err
	}
	return u, t.audit(actor, "user.create", named("user", id.String()), string(u.Role)+": "+u.Reason)
}

func checkAccess(role akkoord.Role, reason string) error {
	if _, err := akkoord.ParseRole(string(role)); err != nil {
		return err
	}
	return akkoord.CheckReason(reason)
}

const userQuery = `SELECT id, public_id, email, role, reason, created_at, disabled_at, CASE WHEN password = '' THEN 0 ELSE 1 END, CASE WHEN factor IS NULL THEN 0 ELSE 1 END, renewed_at FROM app_user`

func scanUser(r row) (akkoord.User, error) {
	var u akkoord.User
	var id []byte
	var created, disabled, renewed int64
	var password, factor int
	err := r.Scan(&u.ID, &id, &u.Email, &u.Role, &u.Reason, &created, &disabled, &password, &factor, &renewed)
	u.PublicID, u.CreatedAt, u.DisabledAt = id16(id), fromMicros(created), fromMicros(disabled)
	u.HasPassword, u.SecondFactor, u.RenewedAt = password != 0, factor != 0, fromMicros(renewed)
	return u, err
}

// userNumbered gives the user with a number, disabled or not, or NotFound.
func userNumbered(q querier, id int64) (akkoord.User, error) {
	u, err := scanUser(q.queryRow(userQuery+` WHERE id = $1`, id))
	return u, missing(err, "user")
}

// User gives the user with a number, disabled or not, or NotFound.
func (s *Store) User(ctx context.Context, id int64) (akkoord.User, error) {
	return userNumbered(s.view(ctx), id)
}

// Users gives all users, oldest first.
func (s *Store) Users(ctx context.Context) ([]akkoord.User, error) { return users(s.view(ctx)) }

func users(q querier) ([]akkoord.User, error) {
	rows, err := q.query(userQuery + ` ORDER BY id`)
	return list(rows, err, scanUser)
}

// AddLoginToken stores the hash of a token that logs a user in once, until it
// expires.
func (s *Store) AddLoginToken(ctx context.Context, userID int64, hash [32]byte, expires time.Time) error {
	return s.update(ctx, "add login token", func(t *tx) error {
		u, err := userNumbered(t, userID)
		if err != nil {
			return err
		}
		if err := t.exec(`INSERT INTO login_token (hash, user_id, expires_at) VALUES ($1, $2, $3)`, hash[:], userID, micros(expires)); err != nil {
			return err
		}
		return t.audit(akkoord.ActorSystem, "user.login_link", named("user", u.PublicID.String()), "")
	})
}

var errLogin = akkoord.Errorf(akkoord.Unauthorized, "login_invalid", "This login link was used already or has expired. Ask for a new one.")

// UseLoginToken gives the user whom a login token lets in, and ends the token. It
// stands for a password: who has a second factor has to show that too.
// One that is used, expired, unknown or of a disabled user is Unauthorized.
func (s *Store) UseLoginToken(ctx context.Context, hash [32]byte) (akkoord.User, error) {
	var out akkoord.User
	err := s.update(ctx, "use login token", func(t *tx) error {
		var id, expires int64
		err := t.queryRow(`DELETE FROM login_token WHERE hash = $1 RETURNING user_id, expires_at`, hash[:]).Scan(&id, &expires)
		if errors.Is(err, sql.ErrNoRows) || err == nil && expires <= micros(t.now) {
			return errLogin
		}
		if err != nil {
			return err
		}
		u, err := scanUser(t.queryRow(userQuery+` WHERE id = $1`, id))
		if err != nil {
			return err
		}
		if !u.DisabledAt.IsZero() {
			return errLogin
		}
		out = u
		return nil
	})
	if err != nil {
		return akkoord.User{}, err
	}
	return out, nil
}

// AddKey stores an API key by its hash, with the reason for it (M26).
func (s *Store) AddKey(ctx context.Context, actor akkoord.Actor, k akkoord.APIKey, hash [32]byte) (akkoord.APIKey, error) {
	if k.Name == "" {
		return akkoord.APIKey{}, akkoord.Fieldf("name", "text_missing", "A key needs a name.")
	}
	if err := akkoord.CheckLine("name", k.Name, akkoord.Limits.Text); err != nil {
		return akkoord.APIKey{}, err
	}
	if err := checkAccess(k.Role, k.Reason); err != nil {
		return akkoord.APIKey{}, err
	}
	id, err := s.newID(s.cfg.Now())
	if err != nil {
		return akkoord.APIKey{}, err
	}
	err = s.update(ctx, "add key", func(t *tx) error {
		k.PublicID, k.CreatedAt, k.RevokedAt = id, t.now, time.Time{}
		if err := t.queryRow(`INSERT INTO api_key (public_id, name, role, reason, hash, created_at, revoked_at)
			VALUES ($1, $2, $3, $4, $5, $6, 0) RETURNING id`, id[:], k.Name, string(k.Role), k.Reason, hash[:], micros(t.now)).Scan(&k.ID); err != nil {
			return err
		}
		if err := t.firstGrant(id, k.Actor(), k.Reason, actor); err != nil {
			return err
		}
		return t.audit(actor, "key.create", named("key", id.String()), k.Name+", "+string(k.Role)+": "+k.Reason)
	})
	if err != nil {
		return akkoord.APIKey{}, err
	}
	return k, nil
}

// RevokeKey ends an API key at once. A key that is revoked already stays so,
// with its first time.
func (s *Store) RevokeKey(ctx context.Context, actor akkoord.Actor, id int64) error {
	return s.update(ctx, "revoke key", func(t *tx) error {
		k, err := scanKey(t.queryRow(keyQuery+` WHERE id = $1`, id))
		if err != nil {
			return missing(err, "key")
		}
		if !k.RevokedAt.IsZero() {
			return nil
		}
		if err := t.exec(`UPDATE api_key SET revoked_at = $2 WHERE id = $1`, id, micros(t.now)); err != nil {
			return err
		}
		if err := t.exec(`UPDATE access_grant SET ended_at = $2, ended_by = $3, end_reason = 'The key was revoked.' WHERE holder = $1 AND ended_at = 0`,
			string(k.Actor()), micros(t.now), string(actor)); err != nil {
			return err
		}
		return t.audit(actor, "key.revoke", named("key", k.PublicID.String()), "")
	})
}

const keyQuery = `SELECT id, public_id, name, role, reason, created_at, revoked_at FROM api_key`

func scanKey(r row) (akkoord.APIKey, error) {
	var k akkoord.APIKey
	var id []byte
	var created, revoked int64
	err := r.Scan(&k.ID, &id, &k.Name, &k.Role, &k.Reason, &created, &revoked)
	k.PublicID, k.CreatedAt, k.RevokedAt = id16(id), fromMicros(created), fromMicros(revoked)
	return k, err
}

var errKey = akkoord.Errorf(akkoord.Unauthorized, "key_invalid", "This API key is not known here, or it was revoked.")

// KeyByHash gives the API key with a hash. One that is unknown or revoked is
// Unauthorized.
func (s *Store) KeyByHash(ctx context.Context, hash [32]byte) (akkoord.APIKey, error) {
	k, err := scanKey(s.view(ctx).queryRow(keyQuery+` WHERE hash = $1`, hash[:]))
	if errors.Is(err, sql.ErrNoRows) || err == nil && !k.RevokedAt.IsZero() {
		return akkoord.APIKey{}, errKey
	}
	return k, err
}

// Keys gives all API keys, revoked ones too, oldest first.
func (s *Store) Keys(ctx context.Context) ([]akkoord.APIKey, error) {
	rows, err := s.view(ctx).query(keyQuery + ` ORDER BY id`)
	return list(rows, err, scanKey)
}
