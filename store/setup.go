package store

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"errors"
	"strings"
	"time"

	"akkoord"
)

// setupCodes is how many codes are good at once: one for each node that starts
// while there is no user, and a few of earlier starts.
const setupCodes = 10

var (
	errSetUp = akkoord.Errorf(akkoord.NotFound, "set_up", "This installation is set up already. Log in instead.")
	errCode  = akkoord.Errorf(akkoord.NotFound, "setup_code_wrong", "This link is not complete, was tried too often or is too old. Start the server again, and it prints a new one.")
)

// AddSetupCode stores a code by which the first owner is made until it expires.
// Where there is a user already it stores nothing and gives false.
func (s *Store) AddSetupCode(ctx context.Context, code akkoord.SetupCode, expires time.Time) (wanted bool, err error) {
	if set, err := setUp(s.view(ctx)); set || err != nil { // nearly always: nothing is written
		return false, err
	}
	err = s.update(ctx, "add setup code", func(t *tx) error {
		set, err := setUp(t)
		if wanted = !set; set || err != nil {
			return err
		}
		if err := t.exec(`DELETE FROM setup_code WHERE expires_at <= $1 OR name NOT IN (SELECT name FROM setup_code ORDER BY expires_at DESC, name LIMIT $2)`, micros(t.now), setupCodes-1); err != nil {
			return err
		}
		return t.exec(`INSERT INTO setup_code (name, hash, tries, expires_at) VALUES ($1, $2, 0, $3)`, code.Name, code.Hash[:], micros(expires))
	})
	return wanted, err
}

// setUp reports whether there is any user, disabled ones too.
func setUp(q querier) (bool, error) {
	var users int
	err := q.queryRow(`SELECT count(*) FROM app_user`).Scan(&users)
	return users > 0, err
}

// CheckSetupCode reports whether a code may make the first owner: NotFound with
// the code set_up where there is a user, with setup_code_wrong where it is wrong,
// too old or was guessed at akkoord.Limits.Guesses times.
func (s *Store) CheckSetupCode(ctx context.Context, code akkoord.SetupCode) error {
	var refused error
	err := s.update(ctx, "check setup code", func(t *tx) (err error) {
		refused, err = t.setupCode(code)
		return err
	})
	return errors.Join(err, refused)
}

// setupCode says why a code is refused. A wrong secret is counted, and so has to
// be committed.
func (t *tx) setupCode(code akkoord.SetupCode) (refused, err error) {
	if set, err := setUp(t); set || err != nil {
		return errSetUp, err
	}
	var hash []byte
	var tries int
	var expires int64
	err = t.queryRow(`SELECT hash, tries, expires_at FROM setup_code WHERE name = $1`, code.Name).Scan(&hash, &tries, &expires)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return errCode, nil
	case err != nil:
		return nil, err
	case tries >= akkoord.Limits.Guesses || expires <= micros(t.now):
		return errCode, nil
	case subtle.ConstantTimeCompare(hash, code.Hash[:]) != 1:
		return errCode, t.exec(`UPDATE setup_code SET tries = tries + 1 WHERE name = $1`, code.Name)
	}
	return nil, nil
}

// FirstOwner makes the first user of an installation, an owner with a password,
// given as the PHC string of its hash, and ends all codes: of several who try at
// once one succeeds. Errors are those of CheckSetupCode and AddUser.
func (s *Store) FirstOwner(ctx context.Context, code akkoord.SetupCode, email, reason, password string) (akkoord.User, error) {
	u, id, err := s.newUser(akkoord.User{Email: email, Role: akkoord.RoleOwner, Reason: reason})
	if err != nil {
		return akkoord.User{}, err
	}
	var out akkoord.User
	var refused error
	err = s.update(ctx, "first owner", func(t *tx) (err error) {
		if refused, err = t.setupCode(code); refused != nil || err != nil {
			return err
		}
		if out, err = t.addUser(akkoord.ActorSystem, u, id); err != nil {
			return err
		}
		if err := t.exec(`UPDATE app_user SET password = $2, renewed_at = $3 WHERE id = $1`, out.ID, password, micros(t.now)); err != nil {
			return err
		}
		out, err = userNumbered(t, out.ID)
		return err
	})
	if err = errors.Join(err, refused); err != nil {
		return akkoord.User{}, err
	}
	return out, nil
}

// Organisation gives what was stored of it, from memory; zero where nothing was.
func (s *Store) Organisation(ctx context.Context) (akkoord.Organisation, error) {
	c, err := s.catalogue(ctx)
	if err != nil {
		return akkoord.Organisation{}, err
	}
	return c.organisation, nil
}

func loadOrganisation(q querier) (o akkoord.Organisation, err error) {
	err = q.queryRow(`SELECT controller, postal_address, contact FROM organisation WHERE id = 1`).Scan(&o.Controller, &o.PostalAddress, &o.Contact)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return o, err
}

// SetOrganisation stores who is behind the mails. All nodes use it from the next
// page and mail on, for what their settings don't say.
func (s *Store) SetOrganisation(ctx context.Context, actor akkoord.Actor, o akkoord.Organisation) error {
	if err := o.Check(); err != nil {
		return err
	}
	return s.update(ctx, "set organisation", func(t *tx) error {
		t.catalogue = true
		if err := t.exec(`INSERT INTO organisation (id, controller, postal_address, contact, put_away) VALUES (1, $1, $2, $3, 0)
			ON CONFLICT (id) DO UPDATE SET controller = excluded.controller, postal_address = excluded.postal_address, contact = excluded.contact`,
			o.Controller, o.PostalAddress, o.Contact); err != nil {
			return err
		}
		return t.audit(actor, "organisation.change", "organisation", "")
	})
}

// PutSetupAway hides the list of first steps from everybody, or shows it again.
func (s *Store) PutSetupAway(ctx context.Context, actor akkoord.Actor, away bool) error {
	return s.update(ctx, "put setup away", func(t *tx) error {
		at := int64(0)
		if away {
			at = micros(t.now)
		}
		if err := t.exec(`INSERT INTO organisation (id, controller, postal_address, contact, put_away) VALUES (1, '', '', '', $1)
			ON CONFLICT (id) DO UPDATE SET put_away = excluded.put_away`, at); err != nil {
			return err
		}
		return t.audit(actor, "setup.put_away", "organisation", "")
	})
}

// SetupAway reports whether the list of first steps is hidden.
func (s *Store) SetupAway(ctx context.Context) (bool, error) {
	var at int64
	err := s.view(ctx).queryRow(`SELECT put_away FROM organisation WHERE id = 1`).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return at != 0, err
}

// EverSent reports whether any mailing was ever begun.
func (s *Store) EverSent(ctx context.Context) (sent bool, err error) {
	err = s.view(ctx).queryRow(`SELECT EXISTS (SELECT 1 FROM mailing WHERE started_at > 0)`).Scan(&sent)
	return sent, err
}

// LedgerEnd gives the number of the ledger's last line, or 0.
func (s *Store) LedgerEnd(ctx context.Context) (int64, error) {
	var seq int64
	err := s.view(ctx).queryRow(`SELECT coalesce(max(seq), 0) FROM consent_event`).Scan(&seq)
	return seq, err
}

// NewestSignUp gives how far the newest sign-up at a form came of those after a
// line of the ledger; zero where there is none. It reads no more of the ledger
// than what came since.
func (s *Store) NewestSignUp(ctx context.Context, form, after int64) (out akkoord.SignUpProgress, err error) {
	q := s.view(ctx)
	var person, request []byte
	var number, seq, asked int64
	err = q.queryRow(`SELECT e.seq, e.at, e.subscriber_id, e.request, p.public_id FROM consent_event e
		JOIN form_version v ON v.id = e.form_version_id JOIN subscriber p ON p.id = e.subscriber_id
		WHERE e.seq > $1 AND e.kind = 'requested' AND v.form_id = $2 ORDER BY e.seq DESC LIMIT 1`, after, form).Scan(&seq, &asked, &number, &request, &person)
	if errors.Is(err, sql.ErrNoRows) {
		return out, nil
	}
	if err != nil {
		return out, err
	}
	out.Person, out.AskedAt = id16(person), fromMicros(asked)
	var state int
	var first, done int64
	var mail string
	err = q.queryRow(`SELECT state, first_at, done_at, mail, code FROM (
			SELECT id, state, first_at, done_at, mail, code FROM outbox WHERE state = 0 AND due_at >= $1 AND subscriber_id = $2 AND request = $3
			UNION ALL SELECT id, state, first_at, done_at, mail, code FROM outbox WHERE state = 1 AND about <> 'transactional' AND done_at >= $1 AND subscriber_id = $2 AND request = $3
		) o ORDER BY id DESC LIMIT 1`, asked, number, request).Scan(&state, &first, &done, &mail, &out.Code)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return out, err
	}
	out.TriedAt = fromMicros(first)
	if state == 1 && strings.HasPrefix(out.Code, "2") {
		out.AcceptedAt, out.Code = fromMicros(done), ""
	}
	var confirmed int64
	err = q.queryRow(`SELECT at FROM consent_event WHERE subscriber_id = $1 AND seq > $2 AND kind = 'confirmed' ORDER BY seq LIMIT 1`, number, seq).Scan(&confirmed)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	out.ConfirmedAt = fromMicros(confirmed)
	return out, err
}
