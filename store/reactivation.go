package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"akkoord"
)

const (
	// questionsAtOnce is how many questions wait in the outbox at most, so that
	// they don't hold up the confirmation mails behind them (P03).
	questionsAtOnce = 200
	retentionPage   = 1000 // people looked at in one query
)

// Retain takes the steps that the policies of all purposes call for now (M18),
// in small changes. It gives how many it took of each, and whether there is
// more to do soon.
func (s *Store) Retain(ctx context.Context) (done map[akkoord.RetentionAct]int, more bool, err error) {
	done = map[akkoord.RetentionAct]int{}
	purposes, err := s.Purposes(ctx)
	if err != nil {
		return done, false, err
	}
	var room int
	if err := s.view(ctx).queryRow(`SELECT count(*) FROM outbox WHERE state = 0 AND about IN ('still', 'still_again')`).Scan(&room); err != nil {
		return done, false, err
	}
	r := &retaining{store: s, done: done, room: questionsAtOnce - room}
	for _, p := range purposes {
		if p.InactiveAfter == 0 || !p.Retention.Stopped.IsZero() {
			continue
		}
		for _, due := range []struct {
			query string
			days  int
		}{{endsDue, p.Retention.ExpireAfter}, {questionsDue, p.Retention.AskAgainAfter}} {
			if err := r.all(ctx, p, due.query, due.days); err != nil {
				return done, false, err
			}
		}
	}
	return done, r.full, nil
}

// retaining is one run of Retain.
type retaining struct {
	store *Store
	done  map[akkoord.RetentionAct]int
	room  int  // questions that may still be put into the outbox
	full  bool // there was no room for one
}

// silent selects the people of a purpose, $1, numbered above $2, who said yes
// before $3 and of whom no sign that counts is later. $4, $5 and $6 are 1 where
// the policy counts the age of consent, clicks and visits. It says the same as
// akkoord.Standing.NextStep, which has the last word.
const silent = `FROM subscription x WHERE x.purpose_id = $1 AND x.state = 'active' AND x.basis = 'consent' AND x.subscriber_id > $2
	AND x.since <= $3 AND x.renewed <= $3
	AND ($4 = 1 OR x.tracking > 0 AND ($5 = 1 OR $6 = 1))
	AND (x.tracking = 0 OR $5 = 0 AND $6 = 0 OR x.tracking <= $3 AND NOT EXISTS (SELECT 1 FROM activity a WHERE a.subscriber_id = x.subscriber_id
		AND a.purpose_id = x.purpose_id AND a.at > $3 AND (a.signal = 'click' AND $5 = 1 OR a.signal = 'preferences' AND $6 = 1)))`

// Those whose second question is from before $7, and those whose first is or
// who were not asked yet.
const (
	endsDue      = `SELECT x.subscriber_id ` + silent + ` AND x.reminded > x.asked AND x.reminded <= $7 ORDER BY x.subscriber_id LIMIT $8`
	questionsDue = `SELECT x.subscriber_id ` + silent + ` AND (x.asked <= x.since OR x.asked <= x.renewed OR x.reminded <= x.asked AND x.asked <= $7) ORDER BY x.subscriber_id LIMIT $8`
)

// silentArgs gives the first six parameters.
func silentArgs(p akkoord.Purpose, after int64, before time.Time) []any {
	args := []any{p.ID, after, micros(before)}
	for _, s := range []akkoord.Signal{akkoord.SignalConsentAge, akkoord.SignalClick, akkoord.SignalVisit} {
		n := 0
		for _, have := range p.Retention.Signals {
			if have == s {
				n = 1
			}
		}
		args = append(args, n)
	}
	return args
}

func (r *retaining) all(ctx context.Context, p akkoord.Purpose, query string, days int) error {
	now := r.store.cfg.Now().UTC()
	for after, full := int64(0), true; full; {
		var people []int64
		args := append(silentArgs(p, after, now.AddDate(0, 0, -p.InactiveAfter)), micros(now.AddDate(0, 0, -days)), retentionPage)
		rows, err := r.store.view(ctx).query(query, args...)
		if err := each(rows, err, func(row row) error {
			err := row.Scan(&after)
			people = append(people, after)
			return err
		}); err != nil {
			return err
		}
		full = len(people) == retentionPage
		for len(people) > 0 {
			n := min(expiryGroup, len(people))
			goesOn, err := r.some(ctx, p.ID, people[:n])
			if err != nil || !goesOn || ctx.Err() != nil {
				return errors.Join(err, ctx.Err())
			}
			people = people[n:]
		}
	}
	return nil
}

// some takes the steps of some people in one change. It reports false when it
// was stopped, or has no room for more questions.
func (r *retaining) some(ctx context.Context, purpose int64, people []int64) (goesOn bool, err error) {
	request, err := r.store.newID(r.store.cfg.Now())
	if err != nil {
		return false, err
	}
	var took map[akkoord.RetentionAct]int
	err = r.store.update(ctx, "retain", func(t *tx) error {
		took, goesOn = map[akkoord.RetentionAct]int{}, false
		p, err := policy(t, purpose)
		if err != nil || p.InactiveAfter == 0 || !p.Retention.Stopped.IsZero() {
			return err
		}
		if held, err := t.held(); held || err != nil {
			return err
		}
		for _, id := range people {
			if took[akkoord.ActAsk]+took[akkoord.ActAskAgain] >= r.room {
				break
			}
			act, err := t.retain(p, id, request)
			if err != nil {
				return err
			}
			took[act]++
		}
		goesOn = took[akkoord.ActAsk]+took[akkoord.ActAskAgain] < r.room
		for _, act := range akkoord.RetentionActs {
			if took[act] == 0 {
				continue
			}
			if err := t.audit(akkoord.ActorSystem, "retention."+string(act), named("purpose", p.Slug), peopleNote(took[act])); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	for act, n := range took {
		if act != akkoord.ActNone {
			r.done[act] += n
		}
	}
	r.room -= took[akkoord.ActAsk] + took[akkoord.ActAskAgain]
	r.full = r.full || r.room <= 0
	return goesOn, nil
}

// retain takes one person's next step, if its time has come.
func (t *tx) retain(p akkoord.Purpose, person int64, request akkoord.ID) (akkoord.RetentionAct, error) {
	st, err := standing(t, byID, person)
	if err != nil || st.Subscriber.ID == 0 {
		return akkoord.ActNone, err
	}
	a, err := activity(t, person, p.ID)
	if err != nil {
		return akkoord.ActNone, err
	}
	c, step := st.Retain(p, a, request, t.now)
	if c.IsZero() {
		return akkoord.ActNone, nil
	}
	return step.Act, t.apply(st, c)
}

// policy reads what retention needs of a purpose, without its texts.
func policy(q querier, purpose int64) (akkoord.Purpose, error) {
	p := akkoord.Purpose{ID: purpose}
	var signals string
	var stopped int64
	err := q.queryRow(`SELECT slug, inactive_after, wider, `+retentionColumns+` FROM purpose WHERE id = $1`, purpose).
		Scan(&p.Slug, &p.InactiveAfter, &p.Wider, &p.Retention.AskAgainAfter, &p.Retention.ExpireAfter, &signals, &stopped)
	p.Retention.Signals, p.Retention.Stopped = readSignals(signals), fromMicros(stopped)
	return p, err
}

const retentionColumns = `ask_again_after, expire_after, signals, retention_stopped`

func readSignals(s string) []akkoord.Signal {
	var out []akkoord.Signal
	for name := range strings.SplitSeq(s, ",") {
		out = append(out, akkoord.Signal(name))
	}
	return out
}

func storedSignals(signals []akkoord.Signal) string {
	names := make([]string, len(signals))
	for i, s := range signals {
		names[i] = string(s)
	}
	return strings.Join(names, ",")
}

// activity reads what retention knows of a person and a purpose besides their
// standing.
func activity(q querier, person, purpose int64) (akkoord.Activity, error) {
	var a akkoord.Activity
	rows, err := q.query(`SELECT signal, at FROM activity WHERE subscriber_id = $1 AND purpose_id = $2`, person, purpose)
	if err := each(rows, err, func(r row) error {
		var signal akkoord.Signal
		var at int64
		err := r.Scan(&signal, &at)
		switch signal {
		case akkoord.SignalClick:
			a.Clicked = fromMicros(at)
		case akkoord.SignalVisit:
			a.Visited = fromMicros(at)
		}
		return err
	}); err != nil {
		return a, err
	}
	var state int
	var code string
	err = q.queryRow(`SELECT state, code FROM outbox WHERE subscriber_id = $1 AND about IN ('still', 'still_again') AND purpose_id = $2 ORDER BY id DESC LIMIT 1`,
		person, purpose).Scan(&state, &code)
	if errors.Is(err, sql.ErrNoRows) {
		return a, nil
	}
	a.Question = questionState(state, code)
	return a, err
}

// questionState tells from a row of the outbox what became of its question.
func questionState(state int, code string) akkoord.QuestionState {
	switch {
	case state == 0:
		return akkoord.QuestionWaits
	case strings.HasPrefix(code, "2"):
		return akkoord.QuestionSent
	case strings.HasPrefix(code, "5"):
		return akkoord.QuestionRefused
	}
	return akkoord.QuestionLost
}

// NoteActivity notes a sign of life by a person for a purpose, or, where that
// is 0, for all that they let their clicks be counted for. For any other
// nothing is stored.
func (s *Store) NoteActivity(ctx context.Context, person akkoord.ID, purpose int64, signal akkoord.Signal) error {
	return s.record(ctx, "note activity", func(t *tx) error {
		return t.exec(`INSERT INTO activity (subscriber_id, purpose_id, signal, at)
			SELECT x.subscriber_id, x.purpose_id, CAST($2 AS TEXT), CAST($3 AS BIGINT) FROM subscription x JOIN subscriber s ON s.id = x.subscriber_id
			WHERE s.public_id = $1 AND x.state = 'active' AND x.tracking > 0 AND (x.purpose_id = $4 OR $4 = 0)
			ON CONFLICT (subscriber_id, purpose_id, signal) DO UPDATE SET at = excluded.at WHERE activity.at < excluded.at`,
			person[:], string(signal), micros(t.now), purpose)
	})
}

// Keepable reads what a link to say that one still wants a purpose is about.
func (s *Store) Keepable(ctx context.Context, link akkoord.Link) (akkoord.Asked, error) {
	st, err := standing(s.view(ctx), byPublicID, link.Subscriber[:])
	sub, answer := st.Keepable(link.Purpose)
	return akkoord.Asked{Answer: answer, Person: st.Subscriber, Subscriptions: []akkoord.Subscription{sub}}, err
}

// Keep records that a person still wants a purpose (M18).
func (s *Store) Keep(ctx context.Context, link akkoord.Link, o akkoord.Origin) (akkoord.Asked, error) {
	var out akkoord.Asked
	err := s.update(ctx, "keep", func(t *tx) error {
		st, err := standing(t, byPublicID, link.Subscriber[:])
		if err != nil {
			return err
		}
		c, sub, answer := st.Keep(link.Purpose, o, t.now)
		out = akkoord.Asked{Answer: answer, Person: st.Subscriber, Subscriptions: []akkoord.Subscription{sub}}
		return t.apply(st, c)
	})
	return out, err
}

// claimQuestion is claimErrand for a question whether somebody still wants a
// purpose. The gate is asked once more.
func (t *tx) claimQuestion(o outboxRow, d akkoord.SystemDelivery) (akkoord.SystemDelivery, error) {
	p, err := policy(t, o.purpose)
	if err != nil {
		return d, err
	}
	var code string
	if d.Mail, code = d.Person.StillMail(o.about, p, t.now); d.Mail == akkoord.MailNone {
		return d, t.dropOutbox(d, code)
	}
	sub := d.Person.Subscription(p.ID)
	asked := sub.Asked
	if d.Mail == akkoord.MailStillAgain {
		asked = sub.Reminded
	}
	d.Asked, d.Ends = []akkoord.Subscription{sub}, p.Retention.EndsAfter(d.Mail, asked)
	mailbox := t.store.hasher.Mailbox(d.Person.Subscriber.Email)
	b, err := t.budget(mailbox)
	if err != nil {
		return d, err
	}
	return t.hold(o, d, mailbox, string(d.Mail), b.last)
}

// StopRetention stops a purpose's policy at once: nobody is asked any more and
// nothing ends, questions that wait included. StartRetention goes on where it
// was. Errors: NotFound.
func (s *Store) StopRetention(ctx context.Context, actor akkoord.Actor, slug string) error {
	return s.runRetention(ctx, actor, slug, true)
}

// StartRetention lets a policy go on that was stopped.
func (s *Store) StartRetention(ctx context.Context, actor akkoord.Actor, slug string) error {
	return s.runRetention(ctx, actor, slug, false)
}

func (s *Store) runRetention(ctx context.Context, actor akkoord.Actor, slug string, stop bool) error {
	return s.update(ctx, "run retention", func(t *tx) error {
		var stopped int64
		err := t.queryRow(`SELECT retention_stopped FROM purpose WHERE slug = $1`, slug).Scan(&stopped)
		if errors.Is(err, sql.ErrNoRows) {
			return errNoPurpose
		}
		if err != nil || (stopped > 0) == stop {
			return err
		}
		action, at := "retention.start", int64(0)
		if stop {
			action, at = "retention.stop", micros(t.now)
		}
		if err := t.exec(`UPDATE purpose SET retention_stopped = $2 WHERE slug = $1`, slug, at); err != nil {
			return err
		}
		t.catalogue = true
		return t.audit(actor, action, named("purpose", slug), "")
	})
}
