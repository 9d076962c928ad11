package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"time"

	"akkoord"
)

const (
	// idempotencyWindow is how long the answer to a request is kept.
	idempotencyWindow = 24 * time.Hour
	// idempotencyLease is how long a node may be at a request. Whoever is not
	// done by then has died: a request ends in a quarter of it.
	idempotencyLease = 2 * time.Minute
)

var (
	errKeyReused = akkoord.Errorf(akkoord.Conflict, "idempotency_key_reused", "This Idempotency-Key was used for another request; choose a new one.")
	errKeyBusy   = akkoord.Errorf(akkoord.Conflict, "idempotency_key_busy", "A request with this Idempotency-Key is being answered; ask again in a moment.")
)

// Idempotent gives the answer that was given before to a request with the
// same key, if one was within 24 hours. Otherwise the request is the caller's
// to answer, and nobody else's until SaveIdempotent, ReleaseIdempotent or two
// minutes from now, when the caller must have died. key is a hash of caller,
// route and Idempotency-Key, request of the body. Errors: Conflict, with code
// idempotency_key_reused for the same key with another body, and
// idempotency_key_busy while another node answers the request.
func (s *Store) Idempotent(ctx context.Context, key, request [32]byte) (status int, body []byte, found bool, err error) {
	status, body, found, err = s.answered(s.view(ctx), key, request)
	if found || err != nil || !s.dialect.shared() { // of one process the caller itself keeps order
		return status, body, found, err
	}
	err = s.update(ctx, "reserve idempotent", func(t *tx) error {
		n, err := t.execCount(`INSERT INTO idempotency (key, request, status, body, at) VALUES ($1, $2, 0, $3, $4)
			ON CONFLICT (key) DO UPDATE SET request = excluded.request, status = 0, body = excluded.body, at = excluded.at
			WHERE idempotency.at <= $5 OR idempotency.status = 0 AND idempotency.at <= $6`,
			key[:], request[:], []byte{}, micros(t.now), micros(t.now.Add(-idempotencyWindow)), micros(t.now.Add(-idempotencyLease)))
		if err != nil || n == 1 {
			return err
		}
		if status, body, found, err = s.answered(t, key, request); err == nil && !found {
			err = errKeyBusy
		}
		return err
	})
	return status, body, found, err
}

// answered reads the answer to a request; a row that is only reserved has none.
func (s *Store) answered(q querier, key, request [32]byte) (status int, body []byte, found bool, err error) {
	var before []byte
	err = q.queryRow(`SELECT request, status, body FROM idempotency WHERE key = $1 AND status <> 0 AND at > $2`,
		key[:], micros(s.cfg.Now().Add(-idempotencyWindow))).Scan(&before, &status, &body)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, nil, false, nil
	case err != nil:
		return 0, nil, false, err
	case !bytes.Equal(before, request[:]):
		return 0, nil, false, errKeyReused
	}
	return status, body, true, nil
}

// SaveIdempotent keeps the answer to a request for 24 hours. The first answer
// to a key stays.
func (s *Store) SaveIdempotent(ctx context.Context, key, request [32]byte, status int, body []byte) error {
	return s.update(ctx, "save idempotent", func(t *tx) error {
		return t.exec(`INSERT INTO idempotency (key, request, status, body, at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (key) DO UPDATE SET request = excluded.request, status = excluded.status, body = excluded.body, at = excluded.at
			WHERE idempotency.status = 0 OR idempotency.at <= $6`,
			key[:], request[:], status, append([]byte{}, body...), micros(t.now), micros(t.now.Add(-idempotencyWindow)))
	})
}

// ReleaseIdempotent gives a request back that was reserved and changed nothing,
// so that it may be tried again.
func (s *Store) ReleaseIdempotent(ctx context.Context, key [32]byte) error {
	if !s.dialect.shared() {
		return nil
	}
	return s.update(ctx, "release idempotent", func(t *tx) error {
		return t.exec(`DELETE FROM idempotency WHERE key = $1 AND status = 0`, key[:])
	})
}
