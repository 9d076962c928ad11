package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"akkoord"
)

// GiveGrant records that somebody gets access to personal data, as
// akkoord.Grant.Give decides (M26). The holder, "user:UUID" or "key:UUID", has
// to be on record, and so have the purposes and the reviewer. Errors: those of
// Give, and Invalid for what is not on record.
func (s *Store) GiveGrant(ctx context.Context, actor akkoord.Actor, g akkoord.Grant) (akkoord.Grant, error) {
	id, err := s.newID(s.cfg.Now())
	if err != nil {
		return akkoord.Grant{}, err
	}
	var out akkoord.Grant
	err = s.update(ctx, "give grant", func(t *tx) error {
		next := g
		for _, who := range []struct {
			field string
			name  *akkoord.Actor
		}{{"holder", &next.Holder}, {"reviewer", &next.Reviewer}} {
			if who.field == "reviewer" && *who.name == "" {
				continue
			}
			number, err := t.accessHolder(who.field, *who.name)
			if err != nil {
				return err
			}
			*who.name = number
		}
		if next.Reviewer == next.Holder {
			return akkoord.Fieldf("reviewer", "own_grant", "Somebody else has to review the grant.")
		}
		next, err := next.Give(actor, t.now)
		if err != nil {
			return err
		}
		next.PublicID = id
		out, err = t.putGrant(next)
		if err != nil {
			return err
		}
		return t.audit(actor, "grant.give", out.Name(), string(g.Holder)+": "+out.Reason)
	})
	return out, err
}

// accessHolder gives the name by number of a user or key by public id.
func (t *tx) accessHolder(field string, name akkoord.Actor) (akkoord.Actor, error) {
	number, err := numberName(t, string(name))
	if err != nil {
		return "", err
	}
	if actor := akkoord.Actor(number); actor != name && actor.HasAccess() {
		return actor, nil
	}
	return "", akkoord.Fieldf(field, "holder_unknown", "There is no such user or key; name one like user:UUID or key:UUID.")
}

// firstGrant records what a new user or key has: the people of these purposes, of
// all where none is named.
func (t *tx) firstGrant(id akkoord.ID, holder akkoord.Actor, reason string, by akkoord.Actor, purposes ...int64) error {
	g := akkoord.FirstGrant(holder, reason, by, t.now)
	g.PublicID, g.Purposes = id, purposes // the id is that of the holder, which is unique among grants too
	_, err := t.putGrant(g)
	return err
}

func (t *tx) putGrant(g akkoord.Grant) (akkoord.Grant, error) {
	purposes, err := json.Marshal(some(g.Purposes))
	if err != nil {
		return g, err
	}
	fields, err := json.Marshal(some(g.Fields))
	if err != nil {
		return g, err
	}
	glass := 0
	if g.BreakGlass {
		glass = 1
	}
	return g, t.queryRow(`INSERT INTO access_grant (public_id, holder, purposes, fields, reason, begins_at, until_at, reviewer, review_on, granted_by, granted_at,
			break_glass, reviewed_at, reviewed_by, review, ended_at, ended_by, end_reason)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, '', '', 0, '', '') RETURNING id`,
		g.PublicID[:], string(g.Holder), string(purposes), string(fields), g.Reason, micros(g.From), micros(g.Until), string(g.Reviewer), micros(g.ReviewOn),
		string(g.GrantedBy), micros(g.GrantedAt), glass).Scan(&g.ID)
}

func some[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// ReviewGrant records that a grant was looked at and is still needed, as
// akkoord.Grant.Reviewed decides. Errors: its, and NotFound.
func (s *Store) ReviewGrant(ctx context.Context, actor akkoord.Actor, id akkoord.ID, on time.Time, sentence string) (akkoord.Grant, error) {
	return s.editGrant(ctx, actor, id, "grant.review", sentence, func(g akkoord.Grant, now time.Time) (akkoord.Grant, error) {
		return g.Reviewed(actor, on, sentence, now)
	})
}

// EndGrant ends a grant at once, as akkoord.Grant.End decides. Errors: its,
// and NotFound.
func (s *Store) EndGrant(ctx context.Context, actor akkoord.Actor, id akkoord.ID, reason string) (akkoord.Grant, error) {
	return s.editGrant(ctx, actor, id, "grant.end", reason, func(g akkoord.Grant, now time.Time) (akkoord.Grant, error) {
		return g.End(actor, reason, now)
	})
}

func (s *Store) editGrant(ctx context.Context, actor akkoord.Actor, id akkoord.ID, action, note string, edit func(akkoord.Grant, time.Time) (akkoord.Grant, error)) (akkoord.Grant, error) {
	var out akkoord.Grant
	err := s.update(ctx, action, func(t *tx) error {
		g, err := scanGrant(t.queryRow(grantQuery+` WHERE public_id = $1`, id[:]))
		if err != nil {
			return missing(err, "grant")
		}
		if g, err = edit(g, t.now); err != nil {
			return err
		}
		out = g
		if err := t.exec(`UPDATE access_grant SET review_on = $2, reviewed_at = $3, reviewed_by = $4, review = $5, ended_at = $6, ended_by = $7, end_reason = $8 WHERE id = $1`,
			g.ID, micros(g.ReviewOn), micros(g.ReviewedAt), string(g.ReviewedBy), g.Review, micros(g.EndedAt), string(g.EndedBy), g.EndReason); err != nil {
			return err
		}
		return t.audit(actor, action, g.Name(), note)
	})
	return out, err
}

const grantQuery = `SELECT id, public_id, holder, purposes, fields, reason, begins_at, until_at, reviewer, review_on, granted_by, granted_at, break_glass,
	reviewed_at, reviewed_by, review, ended_at, ended_by, end_reason FROM access_grant`

func scanGrant(r row) (akkoord.Grant, error) {
	var g akkoord.Grant
	var id []byte
	var purposes, fields string
	var from, until, review, granted, glass, reviewed, ended int64
	err := r.Scan(&g.ID, &id, &g.Holder, &purposes, &fields, &g.Reason, &from, &until, &g.Reviewer, &review, &g.GrantedBy, &granted, &glass,
		&reviewed, &g.ReviewedBy, &g.Review, &ended, &g.EndedBy, &g.EndReason)
	if err != nil {
		return g, err
	}
	g.PublicID, g.From, g.Until, g.ReviewOn, g.GrantedAt = id16(id), fromMicros(from), fromMicros(until), fromMicros(review), fromMicros(granted)
	g.BreakGlass, g.ReviewedAt, g.EndedAt = glass != 0, fromMicros(reviewed), fromMicros(ended)
	if err := errors.Join(json.Unmarshal([]byte(purposes), &g.Purposes), json.Unmarshal([]byte(fields), &g.Fields)); err != nil {
		return g, fmt.Errorf("grant %d does not parse: %w", g.ID, err)
	}
	if len(g.Purposes) == 0 {
		g.Purposes = nil
	}
	if len(g.Fields) == 0 {
		g.Fields = nil
	}
	return g, nil
}

// Access gives what a user or key may see of people now.
func (s *Store) Access(ctx context.Context, holder akkoord.Actor) (akkoord.Access, error) {
	grants, err := grantsOf(s.view(ctx), holder)
	return akkoord.AccessOf(grants, s.cfg.Now()), err
}

// grantsOf gives the grants of a holder that nobody ended.
func grantsOf(q querier, holder akkoord.Actor) ([]akkoord.Grant, error) {
	rows, err := q.query(grantQuery+` WHERE holder = $1 AND ended_at = 0`, string(holder))
	return list(rows, err, scanGrant)
}

// Grant gives the grant with a public id, or NotFound.
func (s *Store) Grant(ctx context.Context, id akkoord.ID) (akkoord.Grant, error) {
	g, err := scanGrant(s.view(ctx).queryRow(grantQuery+` WHERE public_id = $1`, id[:]))
	return g, missing(err, "grant")
}

// Grants gives a page of all grants, those that are over too, oldest first, and
// the number after which the next page begins; 0 when there is none.
func (s *Store) Grants(ctx context.Context, p akkoord.Page) ([]akkoord.Grant, int64, error) {
	rows, err := s.view(ctx).query(grantQuery+` WHERE id > $1 ORDER BY id LIMIT $2`, p.After, p.Size()+1)
	out, err := list(rows, err, scanGrant)
	out, next := cut(out, p, func(g akkoord.Grant) int64 { return g.ID })
	return out, next, err
}

// CurrentGrants gives the grants that are not over, and those by break-glass
// that nobody reviewed yet, oldest first.
func (s *Store) CurrentGrants(ctx context.Context) ([]akkoord.Grant, error) {
	rows, err := s.view(ctx).query(grantQuery+` WHERE ended_at = 0 AND (until_at = 0 OR until_at > $1) OR break_glass = 1 AND reviewed_at = 0 ORDER BY id`, micros(s.cfg.Now()))
	return list(rows, err, scanGrant)
}
