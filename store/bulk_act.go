package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"time"

	"akkoord"
)

const (
	bulkPage   = 5000 // people whom one commit puts down, or takes off
	manyPlaces = 250  // of them in one statement
	bulkStep   = 100  // people to whom one commit does something: their journal is written with a commit of the usual size
	bulkTurn   = 50   // steps of one run, after which other bulk acts have theirs
	bulkNamed  = 100  // people whose names are looked for in the reason; in a longer list any word is somebody's

	bulkPause = 5 * time.Minute // longer than others take their turns: nothing ran
)

// bulkJob are the arguments of a job of the kind akkoord.JobBulkAct.
type bulkJob struct {
	Act int64 `json:"act"`
}

// bulkSpec is an akkoord.BulkSpec as it is stored.
type bulkSpec struct {
	Purpose   string  `json:"purpose,omitempty"`
	PurposeID int64   `json:"purpose_id,omitempty"`
	Interest  string  `json:"interest,omitempty"`
	Filter    string  `json:"filter"`
	Among     []int64 `json:"among"`
	About     []int64 `json:"about"`
	Reason    string  `json:"reason"`
	Source    string  `json:"source"`
	Zone      string  `json:"zone"`
}

// PrepareBulkAct puts down whom a bulk act is about: the people whom its filter lets
// through now. Of many the first are put down at once, and a job goes on. Errors: those
// of akkoord.BulkSpec.Check and of the filter, reason_personal where few are chosen and
// the reason names one of them, Forbidden where the role does not allow the act, and
// Conflict while many are open.
func (s *Store) PrepareBulkAct(ctx context.Context, by akkoord.Actor, spec akkoord.BulkSpec) (akkoord.BulkAct, error) {
	forms, err := s.Forms(ctx)
	if err != nil {
		return akkoord.BulkAct{}, err
	}
	if spec.PurposeID, err = s.purposeToLeave(ctx, spec.Purpose); err != nil {
		return akkoord.BulkAct{}, err
	}
	if err := spec.Check(akkoord.OfferedInterests(forms, nil)); err != nil {
		return akkoord.BulkAct{}, err
	}
	q, err := s.peopleQuery(ctx, spec.Filter)
	if err != nil {
		return akkoord.BulkAct{}, err
	}
	spec.About = q.purposes
	if err := s.namesNobody(ctx, spec); err != nil {
		return akkoord.BulkAct{}, err
	}
	id, err := s.newID(s.cfg.Now())
	if err != nil {
		return akkoord.BulkAct{}, err
	}
	var number int64
	if err := s.update(ctx, "prepare bulk act", func(t *tx) error {
		number, err = t.addBulkAct(id, by, spec)
		return err
	}); err != nil {
		return akkoord.BulkAct{}, err
	}
	if _, err := s.AdvanceBulkAct(ctx, number); err != nil {
		return akkoord.BulkAct{}, err
	}
	return s.BulkAct(ctx, id)
}

// namesNobody refuses a reason that names one of the few people who are chosen, before
// it is kept.
func (s *Store) namesNobody(ctx context.Context, spec akkoord.BulkSpec) error {
	found, err := s.passing(ctx, spec.Filter, 0, bulkNamed+1)
	if err != nil || len(found) == 0 || len(found) > bulkNamed {
		return err
	}
	ids := make([]int64, len(found))
	for i, f := range found {
		ids[i] = f.person
	}
	people, err := s.people(ctx, ids)
	for _, st := range people {
		if err := akkoord.CheckErasureReason(spec.Reason, st.Subscriber); err != nil {
			return err
		}
	}
	return err
}

// purposeToLeave gives the number of a purpose that is named, or 0.
func (s *Store) purposeToLeave(ctx context.Context, slug string) (int64, error) {
	if slug == "" {
		return 0, nil
	}
	p, err := s.Purpose(ctx, slug)
	if akkoord.KindOf(err) == akkoord.NotFound {
		err = akkoord.Fieldf("purpose", "purpose_unknown", "There is no such purpose.")
	}
	return p.ID, err
}

func (t *tx) addBulkAct(id akkoord.ID, by akkoord.Actor, spec akkoord.BulkSpec) (number int64, err error) {
	if err := t.checkRight(by, spec.Kind.Right()); err != nil {
		return 0, err
	}
	var open int
	if err := t.queryRow(`SELECT count(*) FROM bulk_act WHERE actor = $1 AND state IN ('collecting', 'prepared', 'running')`, string(by)).Scan(&open); err != nil {
		return 0, err
	}
	if open >= akkoord.BulkOpen {
		return 0, akkoord.Errorf(akkoord.Conflict, "bulk_many", "You have %d bulk acts open already. Confirm or drop one of them first, or wait until it is done.", open)
	}
	stored, err := toJSON(bulkSpec{spec.Purpose, spec.PurposeID, spec.Interest, spec.Filter.Query().Encode(), spec.Filter.Among, spec.About, spec.Reason, spec.Source, spec.Zone})
	if err != nil {
		return 0, err
	}
	if err := t.queryRow(`INSERT INTO bulk_act (public_id, kind, actor, state, spec, reach, total, tally, why, created_at, begun_at, updated_at, ended_at, run_at, run_from)
		VALUES ($1, $2, $3, $4, $5, 0, 0, '{}', '', $6, 0, $6, 0, 0, 0) RETURNING id`,
		id[:], string(spec.Kind), string(by), string(akkoord.BulkCollecting), stored, micros(t.now)).Scan(&number); err != nil {
		return 0, err
	}
	return number, t.enqueueBulkAct(number)
}

func (t *tx) enqueueBulkAct(number int64) error {
	j, err := akkoord.NewJob(akkoord.JobBulkAct, strconv.FormatInt(number, 10), t.now, bulkJob{number})
	if err != nil {
		return err
	}
	return t.enqueue(j)
}

// checkRight refuses what the role of a user or key does not allow, or no longer.
func (t *tx) checkRight(actor akkoord.Actor, right akkoord.Right) error {
	var role akkoord.Role
	if id, ok := actor.User(); ok {
		u, err := userNumbered(t, id)
		if err != nil && akkoord.KindOf(err) != akkoord.NotFound {
			return err
		}
		if u.DisabledAt.IsZero() {
			role = u.Role
		}
	} else if id, ok := actor.Key(); ok {
		k, err := scanKey(t.queryRow(keyQuery+` WHERE id = $1`, id))
		if err = missing(err, "key"); err != nil && akkoord.KindOf(err) != akkoord.NotFound {
			return err
		}
		if k.Works(t.now) {
			role = k.Role
		}
	}
	if !role.May(right) {
		return errRight
	}
	return nil
}

var errRight = akkoord.Errorf(akkoord.Forbidden, "right_missing", "Your role does not allow this.")

// ConfirmBulkAct begins what was prepared, for whoever saw that it is about so many
// people. Errors: NotFound, those of akkoord.BulkAct.Confirmed, Forbidden where the role
// does not allow the act any more, second_person where it takes two, and Conflict while
// nothing is sent after a restore.
func (s *Store) ConfirmBulkAct(ctx context.Context, by akkoord.Actor, id akkoord.ID, seen int64) (akkoord.BulkAct, error) {
	return s.changeBulkAct(ctx, id, func(t *tx, b akkoord.BulkAct) (akkoord.BulkAct, error) {
		b, err := b.Confirmed(by, seen, t.now)
		if err != nil {
			return b, err
		}
		if err := t.checkRight(by, b.Kind.Right()); err != nil {
			return b, err
		}
		if held, err := t.held(); held || err != nil {
			return b, cmp.Or(err, error(errBulkHeld))
		}
		if b.Kind == akkoord.BulkErase {
			if err := s.checkMass(t, by, akkoord.MassErasure, b.Total); err != nil {
				return b, err
			}
		}
		return b, t.audit(by, "bulk_act.begin", b.Name(), b.Note())
	})
}

var errBulkHeld = akkoord.Errorf(akkoord.Conflict, "bulk_held", "Nothing is done to many people since the database was put back from a backup, until an owner agrees on the start page of the admin site.")

// StopBulkAct ends a bulk act: nothing more is done to anybody, and what was done stays.
// Errors: NotFound, and those of akkoord.BulkAct.Stopped.
func (s *Store) StopBulkAct(ctx context.Context, by akkoord.Actor, id akkoord.ID) (akkoord.BulkAct, error) {
	return s.changeBulkAct(ctx, id, func(t *tx, b akkoord.BulkAct) (akkoord.BulkAct, error) {
		b, err := b.Stopped(t.now)
		if err != nil {
			return b, err
		}
		return b, t.audit(by, "bulk_act.stop", b.Name(), b.Result())
	})
}

// changeBulkAct stores what a rule makes of a bulk act, and has a job go on with it.
func (s *Store) changeBulkAct(ctx context.Context, id akkoord.ID, rule func(*tx, akkoord.BulkAct) (akkoord.BulkAct, error)) (akkoord.BulkAct, error) {
	var out akkoord.BulkAct
	err := s.update(ctx, "change bulk act", func(t *tx) error {
		before, err := scanBulkAct(t.queryRow(bulkQuery+` WHERE public_id = $1`, id[:]))
		if err != nil {
			return missing(err, "bulk act")
		}
		if out, err = rule(t, before); err != nil {
			return err
		}
		if err := t.putBulkAct(out); err != nil {
			return err
		}
		return t.enqueueBulkAct(out.ID)
	})
	return out, err
}

func (t *tx) putBulkAct(b akkoord.BulkAct) error {
	tally, err := toJSON(b.Tally)
	if err != nil {
		return err
	}
	return t.exec(`UPDATE bulk_act SET state = $2, total = $3, tally = $4, why = $5, begun_at = $6, updated_at = $7, ended_at = $8, run_at = $9, run_from = $10 WHERE id = $1`,
		b.ID, string(b.State), b.Total, tally, b.Why, micros(b.BegunAt), micros(t.now), micros(b.EndedAt), micros(b.RunAt), b.RunFrom)
}

const bulkQuery = `SELECT id, public_id, kind, actor, state, spec, total, tally, why, created_at, begun_at, updated_at, ended_at, run_at, run_from FROM bulk_act`

func scanBulkAct(r row) (akkoord.BulkAct, error) {
	var b akkoord.BulkAct
	var id []byte
	var spec, tally string
	var created, begun, updated, ended, run int64
	if err := r.Scan(&b.ID, &id, &b.Kind, &b.Actor, &b.State, &spec, &b.Total, &tally, &b.Why, &created, &begun, &updated, &ended, &run, &b.RunFrom); err != nil {
		return b, err
	}
	b.PublicID = id16(id)
	b.CreatedAt, b.BegunAt, b.UpdatedAt, b.EndedAt, b.RunAt = fromMicros(created), fromMicros(begun), fromMicros(updated), fromMicros(ended), fromMicros(run)
	var stored bulkSpec
	if err := json.Unmarshal([]byte(spec), &stored); err != nil {
		return b, fmt.Errorf("bulk act %d does not parse: %w", b.ID, err)
	}
	if err := json.Unmarshal([]byte(tally), &b.Tally); err != nil {
		return b, fmt.Errorf("the tally of bulk act %d does not parse: %w", b.ID, err)
	}
	query, err := url.ParseQuery(stored.Filter)
	if err != nil {
		return b, err
	}
	if b.Filter, err = akkoord.ParsePeopleFilter(query); err != nil {
		return b, err
	}
	b.Filter.Among, b.About = stored.Among, stored.About
	b.Purpose, b.PurposeID, b.Interest, b.Reason, b.Source, b.Zone = stored.Purpose, stored.PurposeID, stored.Interest, stored.Reason, stored.Source, stored.Zone
	return b, nil
}

// BulkAct reads a bulk act, or gives NotFound.
func (s *Store) BulkAct(ctx context.Context, id akkoord.ID) (akkoord.BulkAct, error) {
	b, err := scanBulkAct(s.view(ctx).queryRow(bulkQuery+` WHERE public_id = $1`, id[:]))
	return b, missing(err, "bulk act")
}

// BulkActs gives a page of the bulk acts of a user or key, or of all where that is
// empty, newest first: those before the number of p.After, and the number before which
// the next page begins; 0 when there is none.
func (s *Store) BulkActs(ctx context.Context, of akkoord.Actor, p akkoord.Page) ([]akkoord.BulkAct, int64, error) {
	rows, err := s.view(ctx).query(bulkQuery+` WHERE id < $1 AND ($2 = '' OR actor = $2) ORDER BY id DESC LIMIT $3`, cmp.Or(p.After, math.MaxInt64), string(of), p.Size()+1)
	out, err := list(rows, err, scanBulkAct)
	out, next := cut(out, p, func(b akkoord.BulkAct) int64 { return b.ID })
	return out, next, err
}

// BulkPeople gives the first of those to whom a bulk act is still to be done.
func (s *Store) BulkPeople(ctx context.Context, b akkoord.BulkAct, limit int) ([]akkoord.Standing, error) {
	ids, err := numbers(s.view(ctx), `SELECT subscriber_id FROM bulk_person WHERE bulk_act_id = $1 ORDER BY subscriber_id LIMIT $2`, b.ID, limit)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	return s.people(ctx, ids)
}

// CountPeople counts the people who pass a filter, up to a number.
func (s *Store) CountPeople(ctx context.Context, f akkoord.PeopleFilter, most int) (int, error) {
	found, err := s.passing(ctx, f, 0, most)
	return len(found), err
}

// RunBulkAct is the run of a job of the kind akkoord.JobBulkAct: it puts down whom the
// act is about, does it to them, or takes them off where nothing more is done. Each step
// is one commit with the people whom it dealt with, so that a run that dies loses
// nothing and the next one repeats nothing. A run ends after bulkTurn steps, to go on
// behind other bulk acts that wait.
func (s *Store) RunBulkAct(ctx context.Context, j akkoord.Job) (time.Time, error) {
	return s.runBulkAct(ctx, j, bulkTurn)
}

func (s *Store) runBulkAct(ctx context.Context, j akkoord.Job, steps int) (time.Time, error) {
	var args bulkJob
	if err := j.Bind(&args); err != nil {
		return time.Time{}, err
	}
	if err := s.beginBulkRun(ctx, args.Act); err != nil {
		return time.Time{}, err
	}
	for range steps {
		if err := ctx.Err(); err != nil {
			return time.Time{}, err
		}
		more, err := s.AdvanceBulkAct(ctx, args.Act)
		if err != nil || !more {
			return time.Time{}, err
		}
	}
	return s.cfg.Now(), nil
}

// beginBulkRun notes from where the speed is measured: where this run begins or, if only
// the turns of others lie between, the one that it goes on with.
func (s *Store) beginBulkRun(ctx context.Context, number int64) error {
	return s.update(ctx, "begin bulk run", func(t *tx) error {
		b, err := scanBulkAct(t.queryRow(bulkQuery+` WHERE id = $1`, number))
		if err != nil || b.State != akkoord.BulkRunning {
			return err
		}
		if !b.RunAt.IsZero() && t.now.Sub(b.UpdatedAt) < bulkPause {
			return nil
		}
		b.RunAt, b.RunFrom = t.now, b.Done()
		return t.putBulkAct(b)
	})
}

// AdvanceBulkAct takes one step of the bulk act with a number; more tells whether there
// is another.
func (s *Store) AdvanceBulkAct(ctx context.Context, number int64) (more bool, err error) {
	var reach int64
	var state akkoord.BulkState
	if err := s.view(ctx).queryRow(`SELECT state, reach FROM bulk_act WHERE id = $1`, number).Scan(&state, &reach); err != nil {
		return false, err
	}
	switch state {
	case akkoord.BulkPrepared:
		return false, nil
	case akkoord.BulkCollecting:
		return s.collect(ctx, number, reach)
	}
	err = s.update(ctx, "advance bulk act", func(t *tx) error {
		b, err := scanBulkAct(t.queryRow(bulkQuery+` WHERE id = $1`, number))
		if err != nil {
			return err
		}
		if b.State == akkoord.BulkRunning {
			more, err = t.actOnSome(b)
			return err
		}
		n, err := t.execCount(`DELETE FROM bulk_person WHERE bulk_act_id = $1 AND subscriber_id IN
			(SELECT subscriber_id FROM bulk_person WHERE bulk_act_id = $1 ORDER BY subscriber_id LIMIT $2)`, number, bulkPage)
		more = n == bulkPage
		return err
	})
	return more, err
}

// collect puts down the next people whom the filter lets through, after a cursor.
func (s *Store) collect(ctx context.Context, number, reach int64) (more bool, err error) {
	b, err := scanBulkAct(s.view(ctx).queryRow(bulkQuery+` WHERE id = $1`, number))
	if err != nil {
		return false, err
	}
	found, err := s.passing(ctx, b.Filter, reach, bulkPage)
	if err != nil {
		return false, err
	}
	more = len(found) == bulkPage
	return more, s.update(ctx, "collect", func(t *tx) error {
		n, err := t.putDown(b.ID, reach, found)
		if err != nil {
			return err
		}
		state, end := akkoord.BulkCollecting, reach
		if len(found) > 0 {
			end = found[len(found)-1].cursor
		}
		if !more {
			state = akkoord.BulkPrepared
		}
		changed, err := t.execCount(`UPDATE bulk_act SET reach = $3, total = total + $4, state = $5, updated_at = $6 WHERE id = $1 AND reach = $2 AND state = 'collecting'`,
			b.ID, reach, end, n, string(state), micros(t.now))
		if err != nil || changed == 0 || more {
			return err
		}
		prepared := b
		prepared.Total += n
		return t.audit(b.Actor, "bulk_act.prepare", b.Name(), prepared.Note())
	})
}

// putDown notes people as some to whom an act is to be done, but for those who are gone
// by now, and counts them. Of two runs that read the same people, the second finds that
// the filter was followed further already.
func (t *tx) putDown(act, reach int64, found []place) (n int64, err error) {
	for group := range slices.Chunk(found, manyPlaces) {
		args := append([]any{act, reach}, filled(group, manyPlaces, func(f place) any { return f.person })...)
		more, err := t.execCount(`INSERT INTO bulk_person (bulk_act_id, subscriber_id) SELECT b.id, p.id FROM bulk_act b JOIN subscriber p ON p.id IN (`+parameters(3, manyPlaces)+`)
			WHERE b.id = $1 AND b.reach = $2 AND b.state = 'collecting' ON CONFLICT DO NOTHING`, args...)
		if err != nil {
			return n, err
		}
		n += more
	}
	return n, nil
}

// actOnSome does a bulk act to the next people, or ends it.
func (t *tx) actOnSome(b akkoord.BulkAct) (more bool, err error) {
	people, err := numbers(t, `SELECT subscriber_id FROM bulk_person WHERE bulk_act_id = $1 ORDER BY subscriber_id LIMIT $2`, b.ID, bulkStep)
	if err != nil {
		return false, err
	}
	held, err := t.held()
	if err != nil {
		return false, err
	}
	err = t.checkRight(b.Actor, b.Kind.Right())
	switch {
	case len(people) == 0:
		b.State, b.EndedAt = akkoord.BulkDone, t.now
		if gone := b.Total - b.Done(); gone > 0 {
			b.Tally[akkoord.BulkGone] += gone
		}
		return false, t.endBulkAct(b)
	case held: // before hold could stop it
		b.State, b.EndedAt, b.Why = akkoord.BulkStopped, t.now, string(akkoord.HoldRestored)
		return true, t.endBulkAct(b)
	case akkoord.KindOf(err) == akkoord.Forbidden:
		b.State, b.EndedAt, b.Why = akkoord.BulkStopped, t.now, akkoord.CodeOf(err)
		return true, t.endBulkAct(b)
	case err != nil:
		return false, err
	}
	grants, err := grantsOf(t, b.Actor)
	if err != nil {
		return false, err
	}
	access := akkoord.AccessOf(grants, t.now)
	for _, id := range people {
		outcome, err := t.actOnOne(b, access, id)
		if err != nil {
			return false, err
		}
		b.Tally[outcome]++
	}
	if err := t.exec(`DELETE FROM bulk_person WHERE bulk_act_id = $1 AND subscriber_id <= $2`, b.ID, people[len(people)-1]); err != nil {
		return false, err
	}
	return true, t.putBulkAct(b)
}

func (t *tx) endBulkAct(b akkoord.BulkAct) error {
	if err := t.putBulkAct(b); err != nil {
		return err
	}
	return t.audit(b.Actor, "bulk_act.end", b.Name(), b.Result())
}

// actOnOne does a bulk act to one person, as the act on one person does it, or tells
// why it can't be done.
func (t *tx) actOnOne(b akkoord.BulkAct, access akkoord.Access, person int64) (akkoord.BulkOutcome, error) {
	st, err := standing(t, byID, person)
	if err != nil {
		return "", err
	}
	if st.Subscriber.Interests, err = interests(t, person); err != nil {
		return "", err
	}
	outcome := b.May(access, st, t.now)
	if outcome != akkoord.BulkActed {
		return outcome, nil
	}
	var c akkoord.Change
	o := b.Origin()
	switch b.Kind {
	case akkoord.BulkWithdraw, akkoord.BulkWithdrawAll:
		c, err = t.withdraw(st, b.PurposeID, b.Reason, o)
	case akkoord.BulkRestrict:
		c, err = t.restrict(st, b.Reason, o)
	case akkoord.BulkErase:
		_, err = t.erase(st, b.Reason, o)
	default:
		list := b.Interests(st.Subscriber.Interests)
		p := akkoord.Profile{Interests: &list}
		if err = p.Check(list); err == nil {
			err = t.setProfile(st, p, o)
		}
	}
	if akkoord.KindOf(err) == akkoord.Invalid { // nothing was written yet
		return akkoord.BulkRefused, nil
	}
	if err != nil {
		return "", err
	}
	return outcome, t.apply(st, c)
}

// dropBulkActs drops the choices of people that nobody confirmed in time. It stops acts
// whose job was given up, and has another one take off the people of those that ended.
func (s *Store) dropBulkActs(ctx context.Context) error {
	const unattended = ` AND NOT EXISTS (SELECT 1 FROM job j WHERE j.kind = $1 AND j.state = 0 AND j.key = CAST(bulk_act.id AS TEXT))`
	job := string(akkoord.JobBulkAct)
	return s.update(ctx, "drop bulk acts", func(t *tx) error {
		if err := t.stopBulkActs("", `state = 'prepared' AND updated_at <= $1`, micros(t.now.Add(-akkoord.BulkKept))); err != nil {
			return err
		}
		if err := t.stopBulkActs(akkoord.BulkFault, `state IN ('collecting', 'running')`+unattended, job); err != nil {
			return err
		}
		ended, err := numbers(t, `SELECT id FROM bulk_act WHERE state IN ('stopped', 'dropped') AND EXISTS (SELECT 1 FROM bulk_person p WHERE p.bulk_act_id = bulk_act.id)`+unattended, job)
		if err != nil {
			return err
		}
		for _, number := range ended {
			if err := t.enqueueBulkAct(number); err != nil {
				return err
			}
		}
		return nil
	})
}

// stopBulkActs stops or drops the open bulk acts of a condition by itself, and has their
// people taken off.
func (t *tx) stopBulkActs(why, which string, args ...any) error {
	rows, err := t.query(bulkQuery+` WHERE `+which, args...)
	acts, err := list(rows, err, scanBulkAct)
	if err != nil {
		return err
	}
	for _, b := range acts {
		if b, err = b.Stopped(t.now); err != nil {
			return err
		}
		b.Why = why
		if err := t.putBulkAct(b); err != nil {
			return err
		}
		if err := t.enqueueBulkAct(b.ID); err != nil {
			return err
		}
		if err := t.audit(akkoord.ActorSystem, "bulk_act.stop", b.Name(), b.Result()); err != nil {
			return err
		}
	}
	return nil
}
