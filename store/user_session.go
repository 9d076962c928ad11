package store

import (
	"context"

	"akkoord"
)

// BeginSession records that a user has logged in, for as long as s.ExpiresAt says.
func (s *Store) BeginSession(ctx context.Context, in akkoord.UserSession) (akkoord.UserSession, error) {
	id, err := s.newID(s.cfg.Now())
	if err != nil {
		return akkoord.UserSession{}, err
	}
	out := in
	err = s.update(ctx, "begin session", func(t *tx) error {
		out.ID, out.BegunAt, out.SeenAt = id, t.now, t.now
		return t.exec(`INSERT INTO user_session (public_id, user_id, begun_at, seen_at, expires_at, client) VALUES ($1, $2, $3, $3, $4, $5)`,
			id[:], out.UserID, micros(t.now), micros(out.ExpiresAt), out.Client)
	})
	return out, err
}

const sessionQuery = `SELECT public_id, user_id, begun_at, seen_at, expires_at, client FROM user_session`

func scanSession(r row) (akkoord.UserSession, error) {
	var out akkoord.UserSession
	var id []byte
	var begun, seen, expires int64
	err := r.Scan(&id, &out.UserID, &begun, &seen, &expires, &out.Client)
	out.ID, out.BegunAt, out.SeenAt, out.ExpiresAt = id16(id), fromMicros(begun), fromMicros(seen), fromMicros(expires)
	return out, err
}

// UserSession gives a session that is not over, and whose it is; NotFound where it
// is over, or the user has no access any more.
func (s *Store) UserSession(ctx context.Context, id akkoord.ID) (akkoord.UserSession, akkoord.User, error) {
	q := s.view(ctx)
	session, err := scanSession(q.queryRow(sessionQuery+` WHERE public_id = $1 AND expires_at > $2`, id[:], micros(s.cfg.Now())))
	if err != nil {
		return akkoord.UserSession{}, akkoord.User{}, missing(err, "session")
	}
	u, err := userNumbered(q, session.UserID)
	if err == nil && !u.DisabledAt.IsZero() {
		err = akkoord.Errorf(akkoord.NotFound, "not_found", "There is no such session.")
	}
	return session, u, err
}

// SawSession notes that a session is in use.
func (s *Store) SawSession(ctx context.Context, id akkoord.ID) error {
	return s.update(ctx, "saw session", func(t *tx) error {
		return t.exec(`UPDATE user_session SET seen_at = $2 WHERE public_id = $1`, id[:], micros(t.now))
	})
}

// UserSessions gives the sessions of a user that are not over, newest first, and of
// a crowd the akkoord.Limits.Page newest.
func (s *Store) UserSessions(ctx context.Context, userID int64) ([]akkoord.UserSession, error) {
	rows, err := s.view(ctx).query(sessionQuery+` WHERE user_id = $1 AND expires_at > $2 ORDER BY begun_at DESC, public_id DESC LIMIT $3`,
		userID, micros(s.cfg.Now()), akkoord.Limits.Page)
	return list(rows, err, scanSession)
}

// EndSession ends one session of a user; NotFound where they have no such.
func (s *Store) EndSession(ctx context.Context, actor akkoord.Actor, userID int64, id akkoord.ID) error {
	return s.update(ctx, "end session", func(t *tx) error {
		u, err := userNumbered(t, userID)
		if err != nil {
			return err
		}
		n, err := t.execCount(`DELETE FROM user_session WHERE public_id = $1 AND user_id = $2`, id[:], userID)
		if err == nil && n == 0 {
			err = akkoord.Errorf(akkoord.NotFound, "not_found", "There is no such session.")
		}
		if err != nil {
			return err
		}
		return t.audit(actor, "user.session_ended", named("user", u.PublicID.String()), "")
	})
}
