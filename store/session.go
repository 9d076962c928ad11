package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"time"
)

// Sessions keeps the sessions of the admin site, in the form that scs wants
// (scs.CtxStore). Only a hash of each token is stored.
type Sessions struct{ store *Store }

// Sessions gives the store of sessions.
func (s *Store) Sessions() *Sessions { return &Sessions{s} }

// FindCtx gives a session's data. One that expired is not found.
func (s *Sessions) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	hash := sha256.Sum256([]byte(token))
	var data []byte
	err := s.store.view(ctx).queryRow(`SELECT data FROM session WHERE hash = $1 AND expires_at > $2`,
		hash[:], micros(s.store.cfg.Now())).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	return data, err == nil, err
}

// CommitCtx stores a session's data until it expires.
func (s *Sessions) CommitCtx(ctx context.Context, token string, data []byte, expires time.Time) error {
	hash := sha256.Sum256([]byte(token))
	return s.store.update(ctx, "commit session", func(t *tx) error {
		return t.exec(`INSERT INTO session (hash, data, expires_at) VALUES ($1, $2, $3)
			ON CONFLICT (hash) DO UPDATE SET data = excluded.data, expires_at = excluded.expires_at`, hash[:], data, micros(expires))
	})
}

// DeleteCtx ends a session.
func (s *Sessions) DeleteCtx(ctx context.Context, token string) error {
	hash := sha256.Sum256([]byte(token))
	return s.store.update(ctx, "delete session", func(t *tx) error {
		return t.exec(`DELETE FROM session WHERE hash = $1`, hash[:])
	})
}

// Find is FindCtx for callers without a context.
func (s *Sessions) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit is CommitCtx for callers without a context.
func (s *Sessions) Commit(token string, data []byte, expires time.Time) error {
	return s.CommitCtx(context.Background(), token, data, expires)
}

// Delete is DeleteCtx for callers without a context.
func (s *Sessions) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }
