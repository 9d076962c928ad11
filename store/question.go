package store

import (
	"database/sql"
	"errors"

	"akkoord"
)

// questionRow is a question of a round as it is stored; its Round is 0 when
// there is none.
type questionRow struct {
	akkoord.Question
	person int64
	open   bool // the round was not stopped
}

func question(q querier, where string, args ...any) (questionRow, error) {
	var out questionRow
	var request []byte
	var state akkoord.RoundState
	var asked int64
	err := q.queryRow(`SELECT q.round_id, q.subscriber_id, q.request, r.purpose_id, q.version, q.locale, q.asked_at, r.state
		FROM permission_question q JOIN permission_round r ON r.id = q.round_id WHERE `+where, args...).
		Scan(&out.Round, &out.person, &request, &out.PurposeID, &out.Version, &out.Locale, &asked, &state)
	if errors.Is(err, sql.ErrNoRows) {
		return questionRow{}, nil
	}
	out.Request, out.AskedAt, out.open = id16(request), fromMicros(asked), state != akkoord.RoundStopped
	return out, err
}

// questionOf gives the question that a link is about, if it is about one: no
// sign-up of the person has its request.
func questionOf(q querier, st akkoord.Standing, answer akkoord.Answer, request akkoord.ID) (questionRow, error) {
	if st.Subscriber.ID == 0 || answer != akkoord.AnswerNone && answer != akkoord.AnswerSuperseded {
		return questionRow{}, nil
	}
	row, err := question(q, `q.request = $1`, request[:])
	if row.person != st.Subscriber.ID {
		return questionRow{}, err
	}
	return row, err
}

// questionFacts says whether a question may still be asked, and of what.
func (t *tx) questionFacts(e *akkoord.Errand, d *akkoord.SystemDelivery) error {
	q, err := question(t, `q.request = $1`, d.Request[:])
	if err != nil {
		return err
	}
	asked, answer := d.Person.Answers(q.Question)
	switch {
	case !q.open:
		e.Why = "round_stopped"
	case answer != akkoord.AnswerPending:
		e.Why = string(answer)
	default:
		d.Asked = asked
		e.Why = akkoord.Askable(d.Person.Facts(q.PurposeID, 0, "", t.now)).Code
	}
	return nil
}

// recordQuestions adds what rounds asked a person.
func recordQuestions(q querier, r *akkoord.PersonRecord, c *catalogue, subscriberID int64) error {
	rows, err := q.query(`SELECT r.purpose_id, q.version, q.locale, q.asked_at, q.reminded_at, q.confirmed_at
		FROM permission_question q JOIN permission_round r ON r.id = q.round_id WHERE q.subscriber_id = $1 ORDER BY q.round_id`, subscriberID)
	return each(rows, err, func(row row) error {
		var x akkoord.QuestionRecord
		var purpose, asked, reminded, confirmed int64
		err := row.Scan(&purpose, &x.WordingVersion, &x.Locale, &asked, &reminded, &confirmed)
		x.Purpose, x.AskedAt, x.RemindedAt, x.ConfirmedAt = c.purpose(purpose).Slug, moment(asked), moment(reminded), moment(confirmed)
		r.Questions = append(r.Questions, x)
		return err
	})
}
