package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"akkoord"
)

// PrivacyStatement gives the version of the privacy statement that the facts
// make, and since when it is in force (M5). Facts that differ from those of
// the latest version make a new one.
func (s *Store) PrivacyStatement(ctx context.Context, facts akkoord.PrivacyFacts) (version int, since time.Time, err error) {
	want, err := toJSON(facts)
	if err != nil {
		return 0, time.Time{}, err
	}
	version, since, have, err := latestPrivacy(s.view(ctx))
	if err != nil || have == want {
		return version, since, err
	}
	err = s.update(ctx, "privacy statement", func(t *tx) error {
		if version, since, have, err = latestPrivacy(t); err != nil || have == want {
			return err
		}
		version, since = version+1, t.now
		if err := t.exec(`INSERT INTO privacy_statement (version, facts, created_at) VALUES ($1, $2, $3)`, version, want, micros(t.now)); err != nil {
			return err
		}
		return t.audit(akkoord.ActorSystem, "privacy.version", object("privacy", int64(version)), "")
	})
	return version, since, err
}

func latestPrivacy(q querier) (version int, since time.Time, facts string, err error) {
	var at int64
	err = q.queryRow(`SELECT version, created_at, facts FROM privacy_statement ORDER BY version DESC LIMIT 1`).Scan(&version, &at, &facts)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return version, fromMicros(at), facts, err
}

// PrivacyVersion gives the facts of a version of the privacy statement, 0
// meaning the latest, since when it is in force, and the latest version's
// number. One that does not exist is NotFound.
func (s *Store) PrivacyVersion(ctx context.Context, version int) (facts akkoord.PrivacyFacts, since time.Time, latest int, err error) {
	v := s.view(ctx)
	latest, since, text, err := latestPrivacy(v)
	if err != nil {
		return facts, since, latest, err
	}
	if latest == 0 {
		err = sql.ErrNoRows
	} else if version != 0 && version != latest {
		var at int64
		err = v.queryRow(`SELECT created_at, facts FROM privacy_statement WHERE version = $1`, version).Scan(&at, &text)
		since = fromMicros(at)
	}
	if err != nil {
		return facts, time.Time{}, latest, missing(err, "version of the privacy statement")
	}
	if err := json.Unmarshal([]byte(text), &facts); err != nil {
		return facts, since, latest, fmt.Errorf("privacy statement %d: %w", version, err)
	}
	return facts, since, latest, nil
}
