package store

import (
	"context"
	"time"

	"akkoord"
)

// AskApproval records that a user or key asks to do what takes two persons, as
// akkoord.Approval.Ask decides. Errors: its.
func (s *Store) AskApproval(ctx context.Context, by akkoord.Actor, act akkoord.MassAct, reason string) (akkoord.Approval, error) {
	id, err := s.newID(s.cfg.Now())
	if err != nil {
		return akkoord.Approval{}, err
	}
	var out akkoord.Approval
	err = s.update(ctx, "ask approval", func(t *tx) error {
		a, err := akkoord.Approval{PublicID: id, Act: act, Reason: reason}.Ask(by, t.now)
		if err != nil {
			return err
		}
		if err := t.queryRow(`INSERT INTO approval (public_id, act, asked_by, reason, asked_at, decided_by, decided_at, agreed, note)
			VALUES ($1, $2, $3, $4, $5, '', 0, 0, '') RETURNING id`, id[:], string(act), string(by), reason, micros(t.now)).Scan(&a.ID); err != nil {
			return err
		}
		out = a
		return t.audit(by, "approval.ask", a.Name(), string(act)+": "+reason)
	})
	return out, err
}

// DecideApproval records what a second person says to a request, as
// akkoord.Approval.Decide decides. Errors: its, and NotFound.
func (s *Store) DecideApproval(ctx context.Context, by akkoord.Actor, id akkoord.ID, agreed bool, note string) (akkoord.Approval, error) {
	var out akkoord.Approval
	err := s.update(ctx, "decide approval", func(t *tx) error {
		a, err := scanApproval(t.queryRow(approvalQuery+` WHERE public_id = $1`, id[:]))
		if err != nil {
			return missing(err, "request")
		}
		asked := a.AskedAt
		if a, err = a.Decide(by, agreed, note, t.now); err != nil {
			return err
		}
		if agreed {
			if err := t.checkSecondPerson(by, asked); err != nil {
				return err
			}
		}
		yes, action := 0, "approval.refuse"
		if agreed {
			yes, action = 1, "approval.agree"
		}
		if err := t.exec(`UPDATE approval SET decided_by = $2, decided_at = $3, agreed = $4, note = $5 WHERE id = $1`, a.ID, string(by), micros(t.now), yes, note); err != nil {
			return err
		}
		out = a
		return t.audit(by, action, a.Name(), note)
	})
	return out, err
}

// checkSecondPerson refuses who agrees with access that another user or a key gave them
// or changed shortly before, or since, it was asked: whoever may make users could be
// the second person to themselves. What is done on the machine is not looked at.
func (t *tx) checkSecondPerson(by akkoord.Actor, asked time.Time) error {
	id, ok := by.User()
	if !ok {
		return akkoord.Errorf(akkoord.Forbidden, "own_approval", "This takes two persons: somebody else has to agree.")
	}
	u, err := userNumbered(t, id)
	if err != nil {
		return err
	}
	var fresh bool
	err = t.queryRow(`SELECT EXISTS (SELECT 1 FROM audit WHERE object = $1 AND at > $2 AND actor <> $3 AND (actor LIKE 'user:%' OR actor LIKE 'key:%')
		AND action IN ('user.create', 'user.role', 'user.login_link', 'user.second_factor_removed'))`, named("user", u.PublicID.String()), micros(asked.Add(-akkoord.ApprovalTime)), string(by)).Scan(&fresh)
	if err == nil && fresh {
		err = akkoord.Errorf(akkoord.Forbidden, "second_person_new", "Somebody else gave you this access or changed it within the day before this was asked, or since. It takes a person whose access is older.")
	}
	return err
}

// Approvals gives a page of all requests, newest first; p.After is the number
// before which it begins, 0 for the first page.
func (s *Store) Approvals(ctx context.Context, p akkoord.Page) ([]akkoord.Approval, int64, error) {
	out, err := approvals(s.view(ctx), ` WHERE id < $1 OR $1 = 0 ORDER BY id DESC LIMIT $2`, p.After, p.Size()+1)
	out, next := cut(out, p, func(a akkoord.Approval) int64 { return a.ID })
	return out, next, err
}

// WaitingApprovals counts the requests that somebody else than a user may still
// decide about.
func (s *Store) WaitingApprovals(ctx context.Context, of akkoord.Actor) (n int64, err error) {
	err = s.view(ctx).queryRow(`SELECT count(*) FROM approval WHERE decided_at = 0 AND asked_at > $1 AND asked_by <> $2`, micros(s.cfg.Now().Add(-akkoord.ApprovalTime)), string(of)).Scan(&n)
	return n, err
}

// CheckMass refuses what takes two persons and nobody agreed to. Where the
// settings don't ask for that, and for few erasures, it refuses nothing.
func (s *Store) CheckMass(ctx context.Context, by akkoord.Actor, act akkoord.MassAct) error {
	return s.checkMass(s.view(ctx), by, act, 1)
}

// checkMass is CheckMass for so many people. Those whom a running bulk act is still to
// erase count as erased.
func (s *Store) checkMass(q querier, by akkoord.Actor, act akkoord.MassAct, people int64) error {
	if !s.cfg.TwoPersons {
		return nil
	}
	since := micros(s.cfg.Now().Add(-akkoord.ApprovalTime))
	if act == akkoord.MassErasure {
		var n int64
		if err := q.queryRow(`SELECT (SELECT count(*) FROM audit WHERE action = 'subscriber.erase' AND actor = $1 AND at > $2)
			+ (SELECT count(*) FROM bulk_act b JOIN bulk_person p ON p.bulk_act_id = b.id WHERE b.actor = $1 AND b.kind = 'erase' AND b.state = 'running')`,
			string(by), since).Scan(&n); err != nil || n+people <= akkoord.FreeErasures {
			return err
		}
	}
	asked, err := approvals(q, ` WHERE asked_by = $1 AND asked_at > $2`, string(by), since)
	if err != nil {
		return err
	}
	return akkoord.CheckTwoPersons(act, asked, s.cfg.Now())
}

const approvalQuery = `SELECT id, public_id, act, asked_by, reason, asked_at, decided_by, decided_at, agreed, note FROM approval`

func approvals(q querier, where string, args ...any) ([]akkoord.Approval, error) {
	rows, err := q.query(approvalQuery+where, args...)
	return list(rows, err, scanApproval)
}

func scanApproval(r row) (akkoord.Approval, error) {
	var a akkoord.Approval
	var id []byte
	var asked, decided, agreed int64
	err := r.Scan(&a.ID, &id, &a.Act, &a.AskedBy, &a.Reason, &asked, &a.DecidedBy, &decided, &agreed, &a.Note)
	if err == nil {
		a.PublicID = id16(id)
	}
	a.AskedAt, a.DecidedAt, a.Agreed = fromMicros(asked), fromMicros(decided), agreed != 0
	return a, err
}
