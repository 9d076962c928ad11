package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"time"

	"akkoord"
)

// idempotencyWindow is how long the answer to a request is kept.
const idempotencyWindow = 24 * time.Hour

// Idempotent gives the answer that was given before to a request with the
// same key, if one was within 24 hours. key is a hash of caller, route and
// Idempotency-Key, request of the body. The same key with another body is a
// Conflict with code idempotency_key_reused.
func (s *Store) Idempotent(ctx context.Context, key, request [32]byte) (status int, body []byte, found bool, err error) {
	var before []byte
	err = s.view(ctx).queryRow(`SELECT request, status, body FROM idempotency WHERE key = $1 AND at > $2`,
		key[:], micros(s.cfg.Now().Add(-idempotencyWindow))).Scan(&before, &status, &body)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, nil, false, nil
	case err != nil:
		return 0, nil, false, err
	case !bytes.Equal(before, request[:]):
		return 0, nil, false, akkoord.Errorf(akkoord.Conflict, "idempotency_key_reused", "This Idempotency-Key was used for another request; choose a new one.")
	}
	return status, body, true, nil
}

// SaveIdempotent keeps the answer to a request for 24 hours. The first answer
// to a key stays.
func (s *Store) SaveIdempotent(ctx context.Context, key, request [32]byte, status int, body []byte) error {
	return s.update(ctx, "save idempotent", func(t *tx) error {
		return t.exec(`INSERT INTO idempotency (key, request, status, body, at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (key) DO UPDATE SET request = excluded.request, status = excluded.status, body = excluded.body, at = excluded.at
			WHERE idempotency.at <= $6`,
			key[:], request[:], status, append([]byte{}, body...), micros(t.now), micros(t.now.Add(-idempotencyWindow)))
	})
}
