package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"akkoord"
)

// AddKey stores an API key by its hash, with the reason for it (M26). It may see the
// people of these purposes; of all where none is named. Errors: those of
// akkoord.APIKey.Check.
func (s *Store) AddKey(ctx context.Context, actor akkoord.Actor, k akkoord.APIKey, hash [32]byte, purposes ...int64) (akkoord.APIKey, error) {
	if err := k.Check(s.cfg.Now()); err != nil {
		return akkoord.APIKey{}, err
	}
	id, err := s.newID(s.cfg.Now())
	if err != nil {
		return akkoord.APIKey{}, err
	}
	err = s.update(ctx, "add key", func(t *tx) error {
		k.PublicID, k.CreatedAt, k.UsedAt, k.RevokedAt = id, t.now, time.Time{}, time.Time{}
		if err := t.queryRow(`INSERT INTO api_key (public_id, name, role, reason, hash, created_at, expires_at, revoked_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, 0) RETURNING id`, id[:], k.Name, string(k.Role), k.Reason, hash[:], micros(t.now), micros(k.ExpiresAt)).Scan(&k.ID); err != nil {
			return err
		}
		if err := t.firstGrant(id, k.Actor(), k.Reason, actor, purposes...); err != nil {
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

const keyQuery = `SELECT id, public_id, name, role, reason, created_at, expires_at, used_at, revoked_at FROM api_key`

func scanKey(r row) (akkoord.APIKey, error) {
	var k akkoord.APIKey
	var id []byte
	var created, expires, used, revoked int64
	err := r.Scan(&k.ID, &id, &k.Name, &k.Role, &k.Reason, &created, &expires, &used, &revoked)
	k.PublicID, k.CreatedAt, k.ExpiresAt, k.UsedAt, k.RevokedAt = id16(id), fromMicros(created), fromMicros(expires), fromMicros(used), fromMicros(revoked)
	return k, err
}

var errKey = akkoord.Errorf(akkoord.Unauthorized, "key_invalid", "This API key is not known here, it was revoked, or it has expired.")

// KeyByHash gives the API key with a hash. One that is unknown, revoked or expired is
// Unauthorized.
func (s *Store) KeyByHash(ctx context.Context, hash [32]byte) (akkoord.APIKey, error) {
	k, err := scanKey(s.view(ctx).queryRow(keyQuery+` WHERE hash = $1`, hash[:]))
	if errors.Is(err, sql.ErrNoRows) || err == nil && !k.Works(s.cfg.Now()) {
		return akkoord.APIKey{}, errKey
	}
	return k, err
}

// KeyNamed gives the API key with a public id, in force or not, or NotFound.
func (s *Store) KeyNamed(ctx context.Context, id akkoord.ID) (akkoord.APIKey, error) {
	k, err := scanKey(s.view(ctx).queryRow(keyQuery+` WHERE public_id = $1`, id[:]))
	return k, missing(err, "key")
}

// UsedKey notes that an API key is in use.
func (s *Store) UsedKey(ctx context.Context, id int64) error {
	return s.update(ctx, "used key", func(t *tx) error {
		return t.exec(`UPDATE api_key SET used_at = $2 WHERE id = $1`, id, micros(t.now))
	})
}

// Keys gives all API keys, revoked ones too, oldest first.
func (s *Store) Keys(ctx context.Context) ([]akkoord.APIKey, error) {
	rows, err := s.view(ctx).query(keyQuery + ` ORDER BY id`)
	return list(rows, err, scanKey)
}
