package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"time"

	"akkoord"
)

// Catching gives since when mails are caught in the place of a mail server, from
// memory; zero: they are not (ADR 59).
func (s *Store) Catching(ctx context.Context) (time.Time, error) {
	c, err := s.catalogue(ctx)
	if err != nil {
		return time.Time{}, err
	}
	return c.catching, nil
}

func loadCatching(q querier) (time.Time, error) {
	var at int64
	err := q.queryRow(`SELECT catching FROM organisation WHERE id = 1`).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return fromMicros(at), err
}

// SetCatching has mails caught from now on, or not any more. What is so already is
// left. What was caught is in the memory of one process: while several have the
// database open it is not begun.
func (s *Store) SetCatching(ctx context.Context, actor akkoord.Actor, on bool) error {
	if since, err := s.Catching(ctx); err != nil || on != since.IsZero() {
		return err
	}
	if n := s.Nodes(); on && n > 1 {
		return akkoord.Errorf(akkoord.Conflict, "several_nodes", "Caught mails are in the memory of one process, and %d have this database open: run one alone while mails are caught, or set AKKOORD_SMTP.", n)
	}
	return s.update(ctx, "set catching", func(t *tx) error {
		since, err := loadCatching(t)
		if err != nil || on != since.IsZero() {
			return err
		}
		at, act := int64(0), "mail.deliver"
		if on {
			var beside bool
			if err := t.queryRow(`SELECT EXISTS (SELECT 1 FROM relay WHERE retired_at = 0)`).Scan(&beside); err != nil || beside {
				return cmp.Or(err, error(errRelayBeside))
			}
			at, act = micros(t.now), "mail.catch"
		}
		t.catalogue, t.outbox, t.mailing = true, true, true
		if err := t.exec(`INSERT INTO organisation (id, controller, postal_address, contact, put_away, catching) VALUES (1, '', '', '', 0, $1)
			ON CONFLICT (id) DO UPDATE SET catching = excluded.catching`, at); err != nil {
			return err
		}
		return t.audit(actor, act, "organisation", "")
	})
}

// errRelayBeside is told to whoever wants mails caught beside a mail server.
var errRelayBeside = akkoord.Errorf(akkoord.Conflict, "relay_beside", "There is a mail server: mails go to it. Retire the relays, and take AKKOORD_SMTP away, if mails are to be caught here.")

// errTrial is told to whoever adds a mail server to a trial.
var errTrial = akkoord.Errorf(akkoord.Conflict, "relay_trial", "Mails are caught here for a trial. End that first, in the step Mail of the set-up: then what waits goes to the relay.")

// idle reports whether a carrier, in a process whose settings name no mail server,
// catches nothing now: then there is nothing to claim, and nothing is written to find
// that out.
func (s *Store) idle(ctx context.Context, by akkoord.Carrier) (bool, error) {
	if !s.cfg.Catches || by.Relay != akkoord.DefaultRelay {
		return false, nil
	}
	since, err := s.Catching(ctx)
	return since.IsZero(), err
}

// isUser holds of a subscriber p who has the address of somebody with access to the
// admin site.
const isUser = `EXISTS (SELECT 1 FROM app_user u WHERE lower(u.email) = lower(p.email) AND u.disabled_at = 0)`

// catchable holds of a row of the outbox whose mail may be caught: it goes to a user,
// at the address that they have. Others wait, as they do without a mail server, and
// so does word of access that somebody took (M26): a trial hides it from nobody.
const catchable = ` AND about <> 'alarm' AND (user_id IN (SELECT id FROM app_user WHERE disabled_at = 0)
	OR about NOT IN ('address', 'moved') AND EXISTS (SELECT 1 FROM subscriber p WHERE p.id = outbox.subscriber_id AND ` + isUser + `))`

// strangers counts whom a mailing would still go to and who is no user.
func (t *tx) strangers(mailing int64) (n int64, err error) {
	err = t.queryRow(`SELECT count(*) FROM delivery d JOIN subscriber p ON p.id = d.subscriber_id
		WHERE d.mailing_id = $1 AND d.state IN (0, 3) AND NOT `+isUser, mailing).Scan(&n)
	return n, err
}

// onlyUsers refuses to begin a mailing while mails are caught if anybody would miss
// theirs.
func (t *tx) onlyUsers(mailing int64) error {
	relays, err := t.carriers()
	if err != nil || !relays.caught {
		return err
	}
	n, err := t.strangers(mailing)
	if err != nil || n == 0 {
		return err
	}
	return errCaught(n)
}

func errCaught(n int64) *akkoord.Error {
	return akkoord.Errorf(akkoord.Conflict, "mails_caught", "Mails are caught here and reach nobody. Only users of this site can be sent one for a trial, and %d of those whom this mailing goes to are none: set AKKOORD_SMTP to a mail server first.", n)
}

// spare leaves out of what is being sent, and pauses, each mailing that would go to
// anybody but users while mails are caught.
func (t *tx) spare(relays carriers, live []liveCampaign) ([]liveCampaign, error) {
	if !relays.caught {
		return live, nil
	}
	var out []liveCampaign
	for _, l := range live {
		n, err := t.strangers(l.mailing)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			out = append(out, l)
			continue
		}
		caught := errCaught(n)
		if err := t.pauseFor(l.mailing, akkoord.StopFor(akkoord.Reason{Code: caught.Code, Message: caught.Message})); err != nil {
			return nil, err
		}
	}
	return out, nil
}
