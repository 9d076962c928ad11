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
// (M26), or gives it back to who had it once. An address that has access already,
// in any case of its letters, is a Conflict with code email_taken.
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
	have, err := scanUser(t.queryRow(userQuery+` WHERE lower(email) = lower($1)`, u.Email))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		u, err = t.insertUser(u, id)
	case err == nil && have.DisabledAt.IsZero():
		e := akkoord.Errorf(akkoord.Conflict, "email_taken", "This person has access already.")
		e.Field = "email"
		return u, e
	case err == nil:
		u, err = t.readmit(have, u)
	}
	if err != nil {
		return u, err
	}
	if err := t.exec(`DELETE FROM setup_code`); err != nil {
		return u, err
	}
	if err := t.firstGrant(id, u.Actor(), u.Reason, actor); err != nil {
		return u, err
	}
	return u, t.audit(actor, "user.create", named("user", u.PublicID.String()), string(u.Role)+": "+u.Reason)
}

func (t *tx) insertUser(u akkoord.User, id akkoord.ID) (akkoord.User, error) {
	u.PublicID, u.CreatedAt, u.DisabledAt = id, t.now, time.Time{}
	return u, t.queryRow(`INSERT INTO app_user (public_id, email, role, reason, password, created_at, disabled_at)
		VALUES ($1, $2, $3, $4, '', $5, 0) RETURNING id`, id[:], u.Email, string(u.Role), u.Reason, micros(t.now)).Scan(&u.ID)
}

// readmit gives access back to somebody whose access ended. What they logged in
// with ended too.
func (t *tx) readmit(have, u akkoord.User) (akkoord.User, error) {
	if err := t.exec(`UPDATE app_user SET email = $2, role = $3, reason = $4, disabled_at = 0, renewed_at = renewed_at + 1 WHERE id = $1`, have.ID, u.Email, string(u.Role), u.Reason); err != nil {
		return have, err
	}
	if err := t.exec(`DELETE FROM user_session WHERE user_id = $1`, have.ID); err != nil { // one may have begun while the access ended
		return have, err
	}
	return userNumbered(t, have.ID)
}

func checkAccess(role akkoord.Role, reason string) error {
	if _, err := akkoord.ParseRole(string(role)); err != nil {
		return err
	}
	return akkoord.CheckReason(reason)
}

const userQuery = `SELECT id, public_id, email, role, reason, created_at, disabled_at, CASE WHEN password = '' THEN 0 ELSE 1 END, CASE WHEN factor IS NULL THEN 0 ELSE 1 END, (SELECT count(*) FROM passkey WHERE user_id = app_user.id), EXISTS (SELECT 1 FROM identity_link WHERE user_id = app_user.id), renewed_at FROM app_user`

func scanUser(r row) (akkoord.User, error) {
	var u akkoord.User
	var id []byte
	var created, disabled, renewed int64
	var password, factor int
	err := r.Scan(&u.ID, &id, &u.Email, &u.Role, &u.Reason, &created, &disabled, &password, &factor, &u.Passkeys, &u.Linked, &renewed)
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

// UserNamed gives the user with a public id, disabled or not, or NotFound.
func (s *Store) UserNamed(ctx context.Context, id akkoord.ID) (akkoord.User, error) {
	u, err := scanUser(s.view(ctx).queryRow(userQuery+` WHERE public_id = $1`, id[:]))
	return u, missing(err, "user")
}

// ReassignUser gives a user another role, as akkoord.User.Reassign decides. Their
// sessions and login links end (P27).
func (s *Store) ReassignUser(ctx context.Context, actor akkoord.Actor, userID int64, role akkoord.Role, reason string) error {
	return s.renew(ctx, actor, akkoord.User{ID: userID}, "user.role", string(role)+": "+reason, func(t *tx, u akkoord.User) error {
		others, err := t.otherOwners(u)
		if err == nil {
			u, err = u.Reassign(role, reason, others)
		}
		if err != nil {
			return err
		}
		return t.exec(`UPDATE app_user SET role = $2, reason = $3 WHERE id = $1`, u.ID, string(u.Role), u.Reason)
	})
}

// EndUser takes a user's access away, as akkoord.User.End decides, with all that
// they logged in with and their grants.
func (s *Store) EndUser(ctx context.Context, actor akkoord.Actor, userID int64, reason string) error {
	return s.renew(ctx, actor, akkoord.User{ID: userID}, "user.end", reason, func(t *tx, u akkoord.User) error {
		others, err := t.otherOwners(u)
		if err == nil {
			u, err = u.End(reason, others, t.now)
		}
		if err != nil {
			return err
		}
		if err := t.exec(`UPDATE app_user SET disabled_at = $2, password = '', factor = NULL, factor_step = 0 WHERE id = $1`, u.ID, micros(u.DisabledAt)); err != nil {
			return err
		}
		for _, query := range []string{`DELETE FROM recovery_code WHERE user_id = $1`, `DELETE FROM passkey WHERE user_id = $1`, `DELETE FROM identity_link WHERE user_id = $1`} {
			if err := t.exec(query, u.ID); err != nil {
				return err
			}
		}
		return t.exec(`UPDATE access_grant SET ended_at = $2, ended_by = $3, end_reason = 'The access ended.' WHERE holder = $1 AND ended_at = 0`,
			string(u.Actor()), micros(t.now), string(actor))
	})
}

// otherOwners counts the owners with access besides a user.
func (t *tx) otherOwners(u akkoord.User) (n int, err error) {
	return n, t.queryRow(`SELECT count(*) FROM app_user WHERE role = $2 AND disabled_at = 0 AND id <> $1`, u.ID, string(akkoord.RoleOwner)).Scan(&n)
}

// Users gives all users, oldest first.
func (s *Store) Users(ctx context.Context) ([]akkoord.User, error) { return users(s.view(ctx)) }

func users(q querier) ([]akkoord.User, error) {
	rows, err := q.query(userQuery + ` ORDER BY id`)
	return list(rows, err, scanUser)
}

// AddLoginToken stores the hash of a token that logs a user in once, until it
// expires.
func (s *Store) AddLoginToken(ctx context.Context, actor akkoord.Actor, userID int64, hash [32]byte, expires time.Time) error {
	return s.update(ctx, "add login token", func(t *tx) error {
		u, err := userNumbered(t, userID)
		if err != nil {
			return err
		}
		if !u.DisabledAt.IsZero() {
			return akkoord.Errorf(akkoord.Conflict, "user_ended", "This user's access has ended. Invite them again.")
		}
		if err := t.exec(`INSERT INTO login_token (hash, user_id, expires_at) VALUES ($1, $2, $3)`, hash[:], userID, micros(expires)); err != nil {
			return err
		}
		return t.audit(actor, "user.login_link", named("user", u.PublicID.String()), "")
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
