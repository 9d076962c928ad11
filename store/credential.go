package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"akkoord"
)

// Credential gives what the user with an address, in any case of its letters,
// logs in with; NotFound where there is none or they are disabled.
func (s *Store) Credential(ctx context.Context, email string) (akkoord.Credential, error) {
	return credential(s.view(ctx), ` WHERE lower(email) = lower($1) AND disabled_at = 0`, email)
}

// CredentialOf gives the same of the user with a number.
func (s *Store) CredentialOf(ctx context.Context, userID int64) (akkoord.Credential, error) {
	return credential(s.view(ctx), ` WHERE id = $1 AND disabled_at = 0`, userID)
}

func credential(q querier, where string, arg any) (akkoord.Credential, error) {
	var c akkoord.Credential
	u, err := scanUser(q.queryRow(userQuery+where, arg))
	if err != nil {
		return c, missing(err, "user")
	}
	c.User = u
	if err := q.queryRow(`SELECT password, factor, factor_step FROM app_user WHERE id = $1`, u.ID).Scan(&c.Password, &c.Factor, &c.Step); err != nil {
		return c, err
	}
	return c, q.queryRow(`SELECT count(*) FROM recovery_code WHERE user_id = $1`, u.ID).Scan(&c.Codes)
}

// renew changes the credentials of a user, as they were read, and ends all their
// sessions: renewed_at, by which sessions know what they were begun with, is another
// one (P27). What users do to themselves, as seen, is Unauthorized where their sessions
// were ended since: an act that was under way brings none of them back.
func (s *Store) renew(ctx context.Context, actor akkoord.Actor, seen akkoord.User, action, note string, change func(*tx, akkoord.User) error) error {
	userID := seen.ID
	return s.update(ctx, action, func(t *tx) error {
		u, err := userNumbered(t, userID)
		if err != nil {
			return err
		}
		if actor == u.Actor() && !seen.PublicID.IsZero() && (!u.DisabledAt.IsZero() || !u.RenewedAt.Equal(seen.RenewedAt)) {
			return akkoord.Errorf(akkoord.Unauthorized, "session_over", "This session was ended meanwhile, and nothing was changed. Log in again.")
		}
		if err := change(t, u); err != nil {
			return err
		}
		if err := t.exec(`UPDATE app_user SET renewed_at = CASE WHEN renewed_at >= $2 THEN renewed_at + 1 ELSE $2 END WHERE id = $1`, userID, micros(t.now)); err != nil {
			return err
		}
		for _, query := range []string{`DELETE FROM login_token WHERE user_id = $1`, `DELETE FROM user_session WHERE user_id = $1`} {
			if err := t.exec(query, userID); err != nil {
				return err
			}
		}
		return t.audit(actor, action, named("user", u.PublicID.String()), note)
	})
}

// SetPassword gives a user another password, as the PHC string of its hash. Their
// sessions and login links end.
func (s *Store) SetPassword(ctx context.Context, actor akkoord.Actor, u akkoord.User, hash string) error {
	return s.renew(ctx, actor, u, "user.password", "", func(t *tx, _ akkoord.User) error {
		return t.exec(`UPDATE app_user SET password = $2 WHERE id = $1`, u.ID, hash)
	})
}

// SetFactor gives a user a second factor, sealed, in place of one that they had,
// with the hashes of its recovery codes; none takes it away, and the codes where no
// passkey is left that they stand in for. Their sessions and login links end.
func (s *Store) SetFactor(ctx context.Context, actor akkoord.Actor, u akkoord.User, sealed []byte, codes [][32]byte) error {
	action := "user.second_factor"
	if len(sealed) == 0 {
		action, sealed = "user.second_factor_removed", nil
	}
	return s.renew(ctx, actor, u, action, "", func(t *tx, now akkoord.User) error {
		if err := t.exec(`UPDATE app_user SET factor = $2, factor_step = 0 WHERE id = $1`, u.ID, sealed); err != nil {
			return err
		}
		if sealed == nil && now.Passkeys > 0 {
			return nil
		}
		if err := t.exec(`DELETE FROM recovery_code WHERE user_id = $1`, u.ID); err != nil {
			return err
		}
		return t.addCodes(u.ID, codes)
	})
}

// addCodes stores the hashes of recovery codes.
func (t *tx) addCodes(userID int64, codes [][32]byte) error {
	for _, hash := range codes {
		if err := t.exec(`INSERT INTO recovery_code (user_id, hash) VALUES ($1, $2)`, userID, hash[:]); err != nil {
			return err
		}
	}
	return nil
}

// ForgetFactors takes away all that a user has besides a password: the second factor,
// recovery codes, passkeys and links of single sign-on, for who lost them. Their
// sessions and login links end.
func (s *Store) ForgetFactors(ctx context.Context, actor akkoord.Actor, u akkoord.User) error {
	return s.renew(ctx, actor, u, "user.second_factor_removed", "", func(t *tx, now akkoord.User) error {
		for _, query := range []string{`UPDATE app_user SET factor = NULL, factor_step = 0 WHERE id = $1`, `DELETE FROM recovery_code WHERE user_id = $1`, `DELETE FROM passkey WHERE user_id = $1`} {
			if err := t.exec(query, u.ID); err != nil {
				return err
			}
		}
		n, err := t.execCount(`DELETE FROM identity_link WHERE user_id = $1`, u.ID)
		if err != nil || n == 0 {
			return err
		}
		return t.audit(actor, "user.sso_unlinked", named("user", now.PublicID.String()), "")
	})
}

// EndSessions ends all sessions and login links of a user.
func (s *Store) EndSessions(ctx context.Context, actor akkoord.Actor, u akkoord.User) error {
	return s.renew(ctx, actor, u, "user.sessions_ended", "", func(*tx, akkoord.User) error { return nil })
}

// UseStep takes the code of a time step for used, and reports whether it was not
// already, nor a later one: no code works twice (RFC 6238 section 5.2).
func (s *Store) UseStep(ctx context.Context, userID, step int64) (fresh bool, err error) {
	err = s.update(ctx, "use code", func(t *tx) error {
		n, err := t.execCount(`UPDATE app_user SET factor_step = $2 WHERE id = $1 AND factor_step < $2`, userID, step)
		fresh = n > 0
		return err
	})
	return fresh, err
}

// UseRecoveryCode ends a recovery code, and reports whether there was one.
func (s *Store) UseRecoveryCode(ctx context.Context, userID int64, hash [32]byte) (used bool, err error) {
	err = s.update(ctx, "use recovery code", func(t *tx) error {
		n, err := t.execCount(`DELETE FROM recovery_code WHERE user_id = $1 AND hash = $2`, userID, hash[:])
		if used = n > 0; err != nil || !used {
			return err
		}
		u, err := userNumbered(t, userID)
		if err != nil {
			return err
		}
		return t.audit(u.Actor(), "user.recovery_code", named("user", u.PublicID.String()), "")
	})
	return used, err
}

// LoggedIn notes that a user showed all that they log in with, and how where it was
// no password or link, and forgets the guesses that led to it.
func (s *Store) LoggedIn(ctx context.Context, u akkoord.User, how string, guesses ...[32]byte) error {
	return s.knew(ctx, "user.login", u, how, guesses)
}

// Proved notes that a user who is logged in showed once more who they are, and
// forgets the guesses that led to it.
func (s *Store) Proved(ctx context.Context, u akkoord.User, how string, guesses ...[32]byte) error {
	return s.knew(ctx, "user.proved", u, how, guesses)
}

func (s *Store) knew(ctx context.Context, action string, u akkoord.User, how string, guesses [][32]byte) error {
	return s.update(ctx, action, func(t *tx) error {
		for _, hash := range guesses {
			if err := t.exec(`DELETE FROM login_guess WHERE hash = $1`, hash[:]); err != nil {
				return err
			}
		}
		return t.audit(u.Actor(), action, named("user", u.PublicID.String()), how)
	})
}

// Guess counts a password or a code that is about to be tried, by a keyed hash of
// what for, and reports whether it may be: of those that were wrong within
// akkoord.Limits.GuessPause there are so many at most, over all nodes.
func (s *Store) Guess(ctx context.Context, hash [32]byte, most int) (allowed bool, err error) {
	err = s.update(ctx, "count guess", func(t *tx) error {
		var count int
		var since int64
		err := t.queryRow(`SELECT count, since FROM login_guess WHERE hash = $1`, hash[:]).Scan(&count, &since)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if err != nil || since <= micros(t.now.Add(-akkoord.Limits.GuessPause)) || since > micros(t.now.Add(time.Hour)) {
			count, since = 0, micros(t.now)
		}
		if allowed = count < most; !allowed {
			return nil
		}
		return t.exec(`INSERT INTO login_guess (hash, count, since) VALUES ($1, $2, $3) ON CONFLICT (hash) DO UPDATE SET count = excluded.count, since = excluded.since`, hash[:], count+1, since)
	})
	return allowed, err
}

// Unguess takes back one guess, which was right.
func (s *Store) Unguess(ctx context.Context, hash [32]byte) error {
	return s.update(ctx, "take guess back", func(t *tx) error {
		return t.exec(`UPDATE login_guess SET count = count - 1 WHERE hash = $1 AND count > 0`, hash[:])
	})
}
