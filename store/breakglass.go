package store

import (
	"context"
	"database/sql"
	"errors"

	"akkoord"
)

// BreakGlass records that a user or key takes access to all personal data for
// an hour themselves, as akkoord.Access.BreakGlass decides (M26). Whoever has
// to know gets a mail in a language, in the same commit. Errors: those of
// BreakGlass.
func (s *Store) BreakGlass(ctx context.Context, holder akkoord.Actor, reason, locale string) (akkoord.Grant, error) {
	id, err := s.newID(s.cfg.Now())
	if err != nil {
		return akkoord.Grant{}, err
	}
	if !akkoord.KnownLocale(locale) {
		locale = akkoord.Locales[0]
	}
	var out akkoord.Grant
	err = s.update(ctx, "break glass", func(t *tx) error {
		have, err := grantsOf(t, holder)
		if err != nil {
			return err
		}
		g, err := akkoord.AccessOf(have, t.now).BreakGlass(holder, reason, t.now)
		if err != nil {
			return err
		}
		g.PublicID = id
		if out, err = t.putGrant(g); err != nil {
			return err
		}
		if err := t.alarm(out, locale); err != nil {
			return err
		}
		return t.audit(holder, akkoord.BreakGlassAct, out.Name(), reason)
	})
	return out, err
}

// alarm puts a mail about a grant into the outbox for each who has to know. The
// row names them by number; 0 is the officer of the settings.
func (t *tx) alarm(g akkoord.Grant, locale string) error {
	users, err := users(t)
	if err != nil {
		return err
	}
	told, officer := akkoord.Watchers(users, t.store.cfg.Officer, g.Holder)
	if officer {
		told = append(told, akkoord.User{})
	}
	for _, u := range told {
		t.outbox = true
		if err := t.exec(`INSERT INTO outbox (subscriber_id, request, locale, at, due_at, state, fence, attempts, first_at, mail, code, done_at, about, user_id)
			VALUES (0, $1, $2, $3, $3, 0, 0, 0, 0, '', '', 0, $4, $5)`, g.PublicID[:], locale, micros(t.now), string(akkoord.MailAlarm), u.ID); err != nil {
			return err
		}
	}
	return nil
}

// claimAlarm is claimOutbox for a mail to staff.
func (t *tx) claimAlarm(o outboxRow) (akkoord.SystemDelivery, error) {
	d := o.SystemDelivery
	g, err := scanGrant(t.queryRow(grantQuery+` WHERE public_id = $1`, d.Request[:]))
	if err != nil {
		return d, err
	}
	d.To = t.store.cfg.Officer
	if o.user != 0 {
		u, err := scanUser(t.queryRow(userQuery+` WHERE id = $1`, o.user))
		if err == nil && u.DisabledAt.IsZero() {
			d.To, err = akkoord.ParseEmail(u.Email)
		}
		if err != nil {
			return d, err
		}
		if !u.DisabledAt.IsZero() {
			return d, t.dropOutbox(d, "disabled")
		}
	}
	if d.To.IsZero() { // the setting is gone since
		return d, t.dropOutbox(d, "unknown")
	}
	d.Alarm = &akkoord.Alarm{Reason: g.Reason, From: g.From, Until: g.Until}
	if d.Alarm.Holder, err = holderName(t, g.Holder); err != nil {
		return d, err
	}
	d.Mail = akkoord.MailAlarm
	return t.claimed(d)
}

// holderName gives what people call a user or key: its address, or its name.
func holderName(q querier, holder akkoord.Actor) (name string, err error) {
	err = q.queryRow(`SELECT email FROM app_user WHERE 'user:' || id = $1 UNION ALL SELECT name FROM api_key WHERE 'key:' || id = $1`, string(holder)).Scan(&name)
	if errors.Is(err, sql.ErrNoRows) {
		return string(holder), nil
	}
	return name, err
}
