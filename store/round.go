package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"

	"akkoord"
)

const (
	roundStep = 200             // people that one commit asks: no sign-up's mail waits behind more
	roundLook = 2 * time.Second // until the next step, once the relay has taken the last one over
)

// roundJob are the arguments of a job of the kind akkoord.JobRound.
type roundJob struct {
	Round int64 `json:"round"`
}

// BeginRound begins a re-permission round for the purpose with a slug: those
// who may be asked are asked step by step, by a job. Errors: NotFound, those
// of akkoord.NewRound, and Conflict while a round of the purpose is open.
func (s *Store) BeginRound(ctx context.Context, actor akkoord.Actor, slug string, remindAfter int) (akkoord.Round, error) {
	var out akkoord.Round
	id, err := s.newID(s.cfg.Now())
	if err != nil {
		return out, err
	}
	err = s.update(ctx, "begin round", func(t *tx) error {
		p, err := t.purposeNamed(slug)
		if err != nil {
			return err
		}
		if out, err = akkoord.NewRound(p, remindAfter, actor); err != nil {
			return err
		}
		out.PublicID, out.CreatedAt = id, t.now
		err = t.queryRow(`INSERT INTO permission_round (public_id, purpose_id, version, remind_after, state, reach, remind_reach, actor, created_at, asked_at, ended_at)
			VALUES ($1, $2, $3, $4, $5, 0, 0, $6, $7, 0, 0) ON CONFLICT (purpose_id) WHERE state IN ('asking', 'waiting') DO NOTHING RETURNING id`,
			id[:], p.ID, out.Version, out.RemindAfter, string(out.State), string(actor), micros(t.now)).Scan(&out.ID)
		if errors.Is(err, sql.ErrNoRows) {
			return akkoord.Errorf(akkoord.Conflict, "round_open", "People are being asked about %s already; stop that round before you begin another.", slug)
		}
		if err != nil {
			return err
		}
		j, err := akkoord.NewJob(akkoord.JobRound, strconv.FormatInt(out.ID, 10), t.now, roundJob{out.ID})
		if err != nil {
			return err
		}
		if err := t.enqueue(j); err != nil {
			return err
		}
		return t.audit(actor, "purpose.ask", named("purpose", slug), "version "+strconv.Itoa(p.Version))
	})
	return out, err
}

// purposeNamed gives a purpose as it is in this change.
func (t *tx) purposeNamed(slug string) (akkoord.Purpose, error) {
	c, err := loadCatalogue(t)
	if err != nil {
		return akkoord.Purpose{}, err
	}
	return c.purposeNamed(slug)
}

// StopRound ends the open round of a purpose: nobody is asked any more, also
// of those whose mail waits. Links that went out work on. It is a Conflict when
// none is open.
func (s *Store) StopRound(ctx context.Context, actor akkoord.Actor, slug string) (akkoord.Round, error) {
	var id int64
	err := s.update(ctx, "stop round", func(t *tx) error {
		p, err := t.purposeNamed(slug)
		if err != nil {
			return err
		}
		err = t.queryRow(`UPDATE permission_round SET state = $2, ended_at = $3 WHERE purpose_id = $1 AND state IN ('asking', 'waiting') RETURNING id`,
			p.ID, string(akkoord.RoundStopped), micros(t.now)).Scan(&id)
		if err != nil {
			if errors.Is(err, sql.ErrNoRows) {
				return akkoord.Errorf(akkoord.Conflict, "round_none", "Nobody is being asked about %s now.", slug)
			}
			return err
		}
		return t.audit(actor, "purpose.ask_stop", named("purpose", slug), "")
	})
	if err != nil {
		return akkoord.Round{}, err
	}
	rounds, err := s.rounds(s.view(ctx), `r.id = $1`, id)
	if err != nil || len(rounds) == 0 {
		return akkoord.Round{}, err
	}
	return rounds[0], nil
}

// Rounds gives the rounds of a purpose with their figures, newest first.
func (s *Store) Rounds(ctx context.Context, purposeID int64) ([]akkoord.Round, error) {
	return s.rounds(s.view(ctx), `r.purpose_id = $1`, purposeID)
}

// roundOf counts a round's people from their questions and where they stand.
const roundOf = `SELECT r.id, r.public_id, r.purpose_id, r.version, r.remind_after, r.state, r.actor, r.created_at, r.asked_at, r.ended_at,
		count(q.subscriber_id), count(CASE WHEN q.answer = 'confirmed' THEN 1 END), count(CASE WHEN q.answer = 'left' THEN 1 END),
		count(CASE WHEN q.reminded_at > 0 THEN 1 END), coalesce(max(CASE WHEN q.answer = 'confirmed' THEN q.since END), 0)
	FROM permission_round r LEFT JOIN (
		SELECT q.round_id, q.subscriber_id, q.reminded_at, CASE WHEN q.confirmed_at > 0 THEN q.confirmed_at ELSE x.since END AS since,
			CASE WHEN q.confirmed_at > 0 OR x.state = 'active' AND x.basis = 'consent' AND x.version >= q.version THEN 'confirmed'
				WHEN x.state IS NULL OR x.state = 'withdrawn' THEN 'left' ELSE '' END AS answer
		FROM permission_question q JOIN permission_round p ON p.id = q.round_id
		LEFT JOIN subscription x ON x.subscriber_id = q.subscriber_id AND x.purpose_id = p.purpose_id
	) AS q ON q.round_id = r.id WHERE `

func (s *Store) rounds(q querier, where string, arg any) ([]akkoord.Round, error) {
	out := []akkoord.Round{}
	rows, err := q.query(roundOf+where+` GROUP BY r.id ORDER BY r.id DESC`, arg)
	err = each(rows, err, func(r row) error {
		var n akkoord.Round
		var id []byte
		var created, asked, ended, last int64
		f := &n.Figures
		err := r.Scan(&n.ID, &id, &n.PurposeID, &n.Version, &n.RemindAfter, &n.State, &n.Actor, &created, &asked, &ended,
			&f.Asked, &f.Confirmed, &f.Left, &f.Reminded, &last)
		f.NoAnswer, f.LastConfirmed = f.Asked-f.Confirmed-f.Left, fromMicros(last)
		n.PublicID, n.CreatedAt, n.AskedAt, n.EndedAt = id16(id), fromMicros(created), fromMicros(asked), fromMicros(ended)
		out = append(out, n)
		return err
	})
	return out, err
}

// RoundAudience counts whom a round about a purpose would ask now, and why not
// the others.
func (s *Store) RoundAudience(ctx context.Context, purposeID int64) (akkoord.Audience, error) {
	a := akkoord.Audience{LeftOut: []akkoord.LeftOut{}}
	return a, s.askAll(ctx, purposeID, 0, akkoord.Filter{Kind: akkoord.FilterAll}, func(f akkoord.Facts, n int64) { a.Add(akkoord.Askable(f).Code, n) })
}

// AdvanceRound is the run of a job of the kind akkoord.JobRound: it asks the
// next people, reminds those whose time has come, or ends the round. Each step
// is one commit, and the next waits until the relay took over what is due. It
// gives when to go on, or zero.
func (s *Store) AdvanceRound(ctx context.Context, j akkoord.Job) (time.Time, error) {
	var args roundJob
	if err := j.Bind(&args); err != nil {
		return time.Time{}, err
	}
	var next time.Time
	err := s.update(ctx, "advance round", func(t *tx) error {
		var err error
		next, err = t.advanceRound(args.Round)
		return err
	})
	return next, err
}

// openRound is a round as its job sees it.
type openRound struct {
	akkoord.Round
	reach, reminded int64
}

func (t *tx) advanceRound(id int64) (time.Time, error) {
	r := openRound{Round: akkoord.Round{ID: id}}
	err := t.queryRow(`SELECT purpose_id, remind_after, state, reach, remind_reach FROM permission_round WHERE id = $1`, id).
		Scan(&r.PurposeID, &r.RemindAfter, &r.State, &r.reach, &r.reminded)
	if errors.Is(err, sql.ErrNoRows) || err == nil && !r.State.Open() {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	var waiting bool
	if err := t.queryRow(`SELECT EXISTS (SELECT 1 FROM outbox WHERE state = 0 AND due_at <= $1 AND about IN ($2, $3))`,
		micros(t.now), string(akkoord.MailRenew), string(akkoord.MailRenewAgain)).Scan(&waiting); err != nil {
		return time.Time{}, err
	}
	if waiting {
		return t.now.Add(roundLook), nil
	}
	if r.State == akkoord.RoundAsking {
		return t.askNext(r)
	}
	return t.remindNext(r)
}

// askNext asks the next people of a round.
func (t *tx) askNext(r openRound) (time.Time, error) {
	people, err := numbers(t, `SELECT subscriber_id FROM subscription WHERE purpose_id = $1 AND state = 'active' AND subscriber_id > $2
		ORDER BY subscriber_id LIMIT $3`, r.PurposeID, r.reach, roundStep)
	if err != nil {
		return time.Time{}, err
	}
	p, err := purposeNumbered(t, r.PurposeID)
	if err != nil {
		return time.Time{}, err
	}
	for _, id := range people {
		if err := t.ask(r.ID, p, id); err != nil {
			return time.Time{}, err
		}
	}
	if len(people) > 0 { // who was asked last gets the mail before everybody was asked
		return t.now.Add(roundLook), t.exec(`UPDATE permission_round SET reach = $2 WHERE id = $1`, r.ID, people[len(people)-1])
	}
	state, ended, next := akkoord.RoundDone, micros(t.now), time.Time{}
	if r.RemindAfter > 0 {
		state, ended, next = akkoord.RoundWaiting, 0, t.now.Add(roundLook)
	}
	return next, t.exec(`UPDATE permission_round SET state = $2, asked_at = $3, ended_at = $4 WHERE id = $1`, r.ID, string(state), micros(t.now), ended)
}

// ask puts a question for one person into the outbox, if they may be asked.
func (t *tx) ask(round int64, p akkoord.Purpose, person int64) error {
	st, err := standing(t, byID, person)
	if err != nil || !akkoord.Askable(st.Facts(p.ID, 0, "", t.now)).Allowed {
		return err
	}
	request, err := t.store.newID(t.now)
	if err != nil {
		return err
	}
	locale := p.Language(st.Subscriber.Locale)
	n, err := t.execCount(`INSERT INTO permission_question (round_id, subscriber_id, request, version, locale, asked_at, reminded_at, confirmed_at)
		VALUES ($1, $2, $3, $4, $5, $6, 0, 0) ON CONFLICT (round_id, subscriber_id) DO NOTHING`, round, person, request[:], p.Version, locale, micros(t.now))
	if err != nil || n == 0 {
		return err
	}
	return t.errand(person, request, locale, akkoord.MailRenew)
}

// remindNext asks the next people once more who were asked long enough ago and
// did not answer.
func (t *tx) remindNext(r openRound) (time.Time, error) {
	wait := time.Duration(r.RemindAfter) * 24 * time.Hour
	people, err := numbers(t, `SELECT subscriber_id FROM permission_question WHERE round_id = $1 AND subscriber_id > $2 AND asked_at <= $3
		ORDER BY subscriber_id LIMIT $4`, r.ID, r.reminded, micros(t.now.Add(-wait)), roundStep)
	if err != nil {
		return time.Time{}, err
	}
	for _, id := range people {
		if err := t.remind(r, id); err != nil {
			return time.Time{}, err
		}
		r.reminded = id
	}
	var asked int64
	err = t.queryRow(`SELECT asked_at FROM permission_question WHERE round_id = $1 AND subscriber_id > $2 ORDER BY subscriber_id LIMIT 1`, r.ID, r.reminded).Scan(&asked)
	if errors.Is(err, sql.ErrNoRows) && len(people) > 0 {
		return t.now.Add(roundLook), t.exec(`UPDATE permission_round SET remind_reach = $2 WHERE id = $1`, r.ID, r.reminded)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, t.exec(`UPDATE permission_round SET state = $2, remind_reach = $3, ended_at = $4 WHERE id = $1`,
			r.ID, string(akkoord.RoundDone), r.reminded, micros(t.now))
	}
	if err != nil {
		return time.Time{}, err
	}
	return latest(fromMicros(asked).Add(wait), t.now.Add(roundLook)), t.exec(`UPDATE permission_round SET remind_reach = $2 WHERE id = $1`, r.ID, r.reminded)
}

func (t *tx) remind(r openRound, person int64) error {
	q, err := question(t, `q.round_id = $1 AND q.subscriber_id = $2`, r.ID, person)
	if err != nil || q.Round == 0 {
		return err
	}
	st, err := standing(t, byID, person)
	if err != nil {
		return err
	}
	if _, answer := st.Answers(q.Question); answer != akkoord.AnswerPending {
		return nil
	}
	if err := t.exec(`UPDATE permission_question SET reminded_at = $3 WHERE round_id = $1 AND subscriber_id = $2`, r.ID, person, micros(t.now)); err != nil {
		return err
	}
	return t.errand(person, q.Request, q.Locale, akkoord.MailRenewAgain)
}
