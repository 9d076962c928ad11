package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"akkoord"
)

const passkeyQuery = `SELECT public_id, user_id, name, handle, key, counter, syncs, synced, transports, created_at, used_at FROM passkey`

func scanPasskey(r row) (akkoord.Passkey, error) {
	var p akkoord.Passkey
	var id []byte
	var counter, created, used int64
	var syncs, synced int
	var transports string
	err := r.Scan(&id, &p.UserID, &p.Name, &p.Handle, &p.Key, &counter, &syncs, &synced, &transports, &created, &used)
	p.ID, p.Counter, p.Syncs, p.Synced = id16(id), uint32(counter), syncs != 0, synced != 0
	p.Transports, p.CreatedAt, p.UsedAt = strings.Fields(transports), fromMicros(created), fromMicros(used)
	return p, err
}

// Passkeys gives the passkeys of a user, oldest first: akkoord.Limits.Passkeys at most.
func (s *Store) Passkeys(ctx context.Context, userID int64) ([]akkoord.Passkey, error) {
	rows, err := s.view(ctx).query(passkeyQuery+` WHERE user_id = $1 ORDER BY created_at, public_id`, userID)
	return list(rows, err, scanPasskey)
}

// AddPasskey gives a user, as seen, one more passkey, as akkoord.User.AddPasskey
// decides, and stores the hashes of recovery codes where there are none. Their
// sessions and login links end. A passkey that is there already is a Conflict with
// code passkey_there.
func (s *Store) AddPasskey(ctx context.Context, actor akkoord.Actor, seen akkoord.User, p akkoord.Passkey, codes [][32]byte) error {
	id, err := s.newID(s.cfg.Now())
	if err != nil {
		return err
	}
	return s.renew(ctx, actor, seen, "user.passkey", "", func(t *tx, u akkoord.User) error {
		if err := u.AddPasskey(p.Name); err != nil {
			return err
		}
		n, err := t.execCount(`INSERT INTO passkey (public_id, user_id, name, handle, key, counter, syncs, synced, transports, created_at, used_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0) ON CONFLICT (handle) DO NOTHING`,
			id[:], u.ID, strings.TrimSpace(p.Name), p.Handle, p.Key, int64(p.Counter), numberOf(p.Syncs), numberOf(p.Synced), strings.Join(p.Transports, " "), micros(t.now))
		if err == nil && n == 0 {
			err = akkoord.Errorf(akkoord.Conflict, "passkey_there", "This passkey is there already.")
		}
		if err != nil {
			return err
		}
		var have int
		if err := t.queryRow(`SELECT count(*) FROM recovery_code WHERE user_id = $1`, u.ID).Scan(&have); err != nil || have > 0 {
			return err
		}
		return t.addCodes(u.ID, codes)
	})
}

// RenamePasskey gives a passkey of a user another name; NotFound where they have no
// such.
func (s *Store) RenamePasskey(ctx context.Context, actor akkoord.Actor, userID int64, id akkoord.ID, name string) error {
	if err := akkoord.CheckPasskeyName(name); err != nil {
		return err
	}
	return s.update(ctx, "rename passkey", func(t *tx) error {
		u, err := userNumbered(t, userID)
		if err != nil {
			return err
		}
		n, err := t.execCount(`UPDATE passkey SET name = $3 WHERE public_id = $1 AND user_id = $2`, id[:], u.ID, strings.TrimSpace(name))
		if err == nil && n == 0 {
			err = errNoPasskey
		}
		if err != nil {
			return err
		}
		return t.audit(actor, "user.passkey_renamed", named("user", u.PublicID.String()), "")
	})
}

var errNoPasskey = akkoord.Errorf(akkoord.NotFound, "not_found", "There is no such passkey.")

// RemovePasskey takes a passkey from a user, as seen, as akkoord.User.RemovePasskey
// decides, with the recovery codes where nothing is left that they stand in for.
// Their sessions and login links end. NotFound where they have no such.
func (s *Store) RemovePasskey(ctx context.Context, actor akkoord.Actor, seen akkoord.User, id akkoord.ID) error {
	return s.renew(ctx, actor, seen, "user.passkey_removed", "", func(t *tx, u akkoord.User) error {
		n, err := t.execCount(`DELETE FROM passkey WHERE public_id = $1 AND user_id = $2`, id[:], u.ID)
		if err == nil && n == 0 {
			err = errNoPasskey
		}
		if err == nil {
			err = u.RemovePasskey()
		}
		if err != nil || u.SecondFactor || u.Passkeys > 1 {
			return err
		}
		return t.exec(`DELETE FROM recovery_code WHERE user_id = $1`, u.ID)
	})
}

// UsePasskey notes a signature of a passkey with its counter, and whether the passkey
// is on several devices by now. A counter that did not grow says that there is a copy
// of the passkey: it is not fresh, and that is in the audit trail. So is none that was
// removed meanwhile.
func (s *Store) UsePasskey(ctx context.Context, p akkoord.Passkey, counter uint32, synced bool) (fresh bool, err error) {
	err = s.update(ctx, "use passkey", func(t *tx) error {
		n, err := t.execCount(`UPDATE passkey SET counter = $2, synced = $3, used_at = $4 WHERE public_id = $1 AND (counter < $2 OR counter = 0 AND $2 = 0)`,
			p.ID[:], int64(counter), numberOf(synced), micros(t.now))
		if fresh = n > 0; err != nil || fresh {
			return err
		}
		u, err := userNumbered(t, p.UserID)
		if err != nil {
			return err
		}
		return t.audit(u.Actor(), "user.passkey_refused", named("user", u.PublicID.String()), "The counter of a passkey did not grow: there may be a copy of it.")
	})
	return fresh, err
}

// AddChallenge keeps what a login was asked, by the hash of the secret that its
// browser holds, until it is answered or expires.
func (s *Store) AddChallenge(ctx context.Context, hash [32]byte, data []byte, expires time.Time) error {
	return s.update(ctx, "add login challenge", func(t *tx) error {
		return t.exec(`INSERT INTO login_challenge (hash, data, expires_at) VALUES ($1, $2, $3)`, hash[:], data, micros(expires))
	})
}

// TakeChallenge gives what a login was asked, and ends it: nothing where it is over,
// or was answered before, on any node.
func (s *Store) TakeChallenge(ctx context.Context, hash [32]byte) (data []byte, err error) {
	err = s.update(ctx, "take login challenge", func(t *tx) error {
		var expires int64
		err := t.queryRow(`DELETE FROM login_challenge WHERE hash = $1 RETURNING data, expires_at`, hash[:]).Scan(&data, &expires)
		if errors.Is(err, sql.ErrNoRows) {
			data = nil
			return nil
		}
		if expires <= micros(t.now) {
			data = nil
		}
		return err
	})
	return data, err
}
