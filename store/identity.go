package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// fingerprint tells the master key of this installation from others, and
// nothing about it.
func (s *Store) fingerprint() []byte { return s.cfg.Keyring.Derive("installation")[:16] }

// recognise refuses the database of another installation: its links and hashes
// would mean nothing, and two installations would mix their people.
func (s *Store) recognise(ctx context.Context) error {
	var have []byte
	err := s.view(ctx).queryRow(`SELECT fingerprint FROM installation WHERE id = 1`).Scan(&have)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s can't be read as an Akkoord database: %w", s.dialect.place(), err)
	}
	if !bytes.Equal(have, s.fingerprint()) {
		return fmt.Errorf("the database %s belongs to another installation: its master key is not the one in AKKOORD_SECRET_FILE; restore that key, or use another database", s.dialect.place())
	}
	return nil
}

// claimInstallation makes a new database this installation's own.
func (s *Store) claimInstallation(ctx context.Context) error {
	err := s.update(ctx, "claim installation", func(t *tx) error {
		return t.exec(`INSERT INTO installation (id, fingerprint) VALUES (1, $1) ON CONFLICT (id) DO NOTHING`, s.fingerprint())
	})
	if err != nil {
		return err
	}
	return s.recognise(ctx)
}
