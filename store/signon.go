package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"akkoord"
)

var errNoIdentity = akkoord.Errorf(akkoord.Forbidden, "sso_unknown", "Nobody here is known by this account. Ask an owner of this site for access.")

// SignOn gives the user whom a provider's identity is linked to. The first time it is
// linked to the user with its address, where the provider says that the address was
// verified, the user is linked to nobody else there, and akkoord.User.LinkByAddress
// lets it: their sessions and login links end then (P27). Nobody is made by it: all
// else is Forbidden with code sso_unknown, the same for an address that nobody has and
// for one that was not verified.
func (s *Store) SignOn(ctx context.Context, who akkoord.Identity) (akkoord.User, error) {
	if u, err := s.Linked(ctx, who); akkoord.KindOf(err) != akkoord.NotFound {
		return u, err
	}
	if !who.Verified || who.Email == "" {
		return akkoord.User{}, errNoIdentity
	}
	u, err := scanUser(s.view(ctx).queryRow(userQuery+` WHERE lower(email) = lower($1) AND disabled_at = 0`, strings.TrimSpace(who.Email)))
	if errors.Is(err, sql.ErrNoRows) {
		err = errNoIdentity
	}
	if err != nil {
		return akkoord.User{}, err
	}
	err = s.renew(ctx, u.Actor(), akkoord.User{ID: u.ID}, "user.sso_linked", "", func(t *tx, now akkoord.User) error {
		if !now.DisabledAt.IsZero() {
			return errNoIdentity
		}
		fresh, err := t.link(now.ID, who)
		if err == nil && !fresh {
			err = errNoIdentity
		}
		if err != nil {
			return err
		}
		return now.LinkByAddress()
	})
	if err != nil {
		return akkoord.User{}, err
	}
	return s.User(ctx, u.ID)
}

// link stores a link, and reports whether neither side of it had one.
func (t *tx) link(userID int64, who akkoord.Identity) (fresh bool, err error) {
	n, err := t.execCount(`INSERT INTO identity_link (issuer, subject, user_id, linked_at, used_at) VALUES ($1, $2, $3, $4, $4) ON CONFLICT DO NOTHING`,
		who.Issuer, who.Subject, userID, micros(t.now))
	return n > 0, err
}

// Link links an identity to a user, as seen, who asked for it, whatever its address is.
// Their sessions and login links end. Conflict with code sso_there where either is
// linked already.
func (s *Store) Link(ctx context.Context, actor akkoord.Actor, seen akkoord.User, who akkoord.Identity) error {
	return s.renew(ctx, actor, seen, "user.sso_linked", "", func(t *tx, u akkoord.User) error {
		fresh, err := t.link(u.ID, who)
		if err == nil && !fresh {
			err = akkoord.Errorf(akkoord.Conflict, "sso_there", "You, or this account of single sign-on, are connected already.")
		}
		return err
	})
}

// Linked gives the user that an identity is linked to already, and notes that it was
// used; NotFound where it is linked to nobody.
func (s *Store) Linked(ctx context.Context, who akkoord.Identity) (akkoord.User, error) {
	var out akkoord.User
	err := s.update(ctx, "sign on", func(t *tx) error {
		var id int64
		err := t.queryRow(`UPDATE identity_link SET used_at = $3 WHERE issuer = $1 AND subject = $2 RETURNING user_id`, who.Issuer, who.Subject, micros(t.now)).Scan(&id)
		if err != nil {
			return missing(err, "identity")
		}
		u, err := userNumbered(t, id)
		if err == nil && !u.DisabledAt.IsZero() {
			err = errNoIdentity
		}
		out = u
		return err
	})
	return out, err
}

// IdentityLink gives since when a user is linked to a provider; false: they are not.
func (s *Store) IdentityLink(ctx context.Context, userID int64, issuer string) (akkoord.IdentityLink, bool, error) {
	var linked, used int64
	err := s.view(ctx).queryRow(`SELECT linked_at, used_at FROM identity_link WHERE user_id = $1 AND issuer = $2`, userID, issuer).Scan(&linked, &used)
	if errors.Is(err, sql.ErrNoRows) {
		return akkoord.IdentityLink{}, false, nil
	}
	return akkoord.IdentityLink{LinkedAt: fromMicros(linked), UsedAt: fromMicros(used)}, err == nil, err
}

// Unlink undoes the link of a user, as seen, to a provider, as akkoord.User.Unlink
// decides. Their sessions and login links end. NotFound where there is none.
func (s *Store) Unlink(ctx context.Context, actor akkoord.Actor, seen akkoord.User, issuer string) error {
	return s.renew(ctx, actor, seen, "user.sso_unlinked", "", func(t *tx, u akkoord.User) error {
		n, err := t.execCount(`DELETE FROM identity_link WHERE user_id = $1 AND issuer = $2`, u.ID, issuer)
		if err == nil && n == 0 {
			err = akkoord.Errorf(akkoord.NotFound, "not_found", "There is no such link.")
		}
		if err != nil {
			return err
		}
		return u.Unlink()
	})
}
