package store

import (
	"database/sql"
	"errors"
	"fmt"

	"akkoord"
)

// The audience of a mailing is frozen when it starts: a row of delivery per
// person, in chunks of neighbouring subscriber numbers. A connection claims a
// chunk with one row update and settles its people with one each.
const (
	freezeStep = 10000 // people whom one commit freezes, so that sign-ups wait some 50 ms at most
	freezeSpan = 2     // numbers of people that one commit passes at most, in steps
	chunkSize  = 500   // people of a chunk
	chunkLeast = 10    // of a chunk of a small audience, which is cut so that all connections have work
	chunkShare = 16
)

// beginFreeze puts down where freezing starts: a chunk with state -1 whose
// people are those after first up to last. The version that the campaign's
// segment has now chooses among them, whatever becomes of it meanwhile.
func (t *tx) beginFreeze(mailingID int64) error {
	if err := t.takeSegment(mailingID); err != nil {
		return err
	}
	return t.exec(`INSERT INTO delivery_chunk (mailing_id, first, last, state, fence)
		SELECT $1, 0, coalesce(max(id), 0), -1, 0 FROM subscriber`, mailingID)
}

// takeSegment notes by which version of which segment a mailing's people are
// chosen.
func (t *tx) takeSegment(mailingID int64) error {
	return t.exec(`UPDATE mailing SET segment_id = (SELECT c.segment_id FROM campaign c WHERE c.id = mailing.campaign_id),
		segment_version = coalesce((SELECT s.version FROM segment s JOIN campaign c ON c.segment_id = s.id WHERE c.id = mailing.campaign_id), 0) WHERE id = $1`, mailingID)
}

// freeze freezes the next step of a mailing's audience: who is active for the
// purpose, in the mailing's segment, not suppressed, not pausing and not gone from the
// campaign, step people at a time; and puts down whom the gate leaves out of them. It
// reports whether more is to be done. Variants take turns.
func (t *tx) freeze(m akkoord.Mailing, step int64) (more bool, err error) {
	var cursor, first, last, frozen int64
	err = t.queryRow(`SELECT id, first, last, fence FROM delivery_chunk WHERE mailing_id = $1 AND state = -1`, m.ID).Scan(&cursor, &first, &last, &frozen)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var purpose, wider int64
	if err := t.queryRow(`SELECT p.id, p.wider FROM campaign c JOIN purpose p ON p.id = c.purpose_id WHERE c.id = $1`, m.CampaignID).Scan(&purpose, &wider); err != nil {
		return false, err
	}
	upto, err := t.freezeUpto(purpose, first, last, step)
	if err != nil {
		return false, err
	}
	filter, err := segmentOf(t, m.SegmentID, m.SegmentVersion)
	if err != nil {
		return false, err
	}
	n, err := t.freezePeople(m, purpose, wider, filter, first, upto, frozen)
	if err != nil {
		return false, err
	}
	if err := t.noteLeftOut(m, purpose, filter, first, upto, n); err != nil {
		return false, err
	}
	if err := t.assign(m, first, upto); err != nil {
		return false, err
	}
	if err := t.awaitTimes(m, purpose, first, upto); err != nil {
		return false, err
	}
	size := int64(chunkSize)
	if upto == last && frozen == 0 {
		size = min(max(n/chunkShare, chunkLeast), chunkSize)
	}
	if err := t.cutChunks(m.ID, first, upto, size); err != nil {
		return false, err
	}
	if upto == last {
		return false, t.exec(`DELETE FROM delivery_chunk WHERE id = $1`, cursor)
	}
	return true, t.exec(`UPDATE delivery_chunk SET first = $2, fence = $3 WHERE id = $1`, cursor, upto, frozen+n)
}

// freezePeople freezes those of a step, whose numbers follow first up to upto, and counts
// them; frozen were before. Whoever said yes to the purpose before it became wider is not
// among them.
func (t *tx) freezePeople(m akkoord.Mailing, purpose, wider int64, filter akkoord.Filter, first, upto, frozen int64) (int64, error) {
	variant, args := `0`, []any{m.ID, purpose, first, upto, m.CampaignID, micros(t.now)}
	switch {
	case m.Trial != nil:
		variant = `-1`
	case len(m.Variants) > 1:
		variant, args = taking, append(args, frozen, len(m.Variants))
	}
	grown := ``
	if wider > 0 {
		args = append(args, wider)
		grown = fmt.Sprintf(` AND NOT (x.basis = 'consent' AND x.version < $%d)`, len(args))
	}
	// As of the start, since the steps come one after the other.
	narrowed, args, err := compileFilter(t, filter, purpose, m.StartedAt, args)
	if err != nil {
		return 0, err
	}
	return t.execCount(`INSERT INTO delivery (mailing_id, subscriber_id, state, variant, attempts, fence, first_at, updated_at, next_at, code, reply)
		SELECT $1, x.subscriber_id, 0, `+variant+audience+grown+` AND `+narrowed+`
		ORDER BY x.subscriber_id`, args...)
}

// freezeUpto gives the number of the last person of a step after first, of which no
// more than step are active for a purpose.
func (t *tx) freezeUpto(purpose, first, last, step int64) (upto int64, err error) {
	last = min(last, first+freezeSpan*step)
	err = t.queryRow(`SELECT subscriber_id FROM subscription WHERE purpose_id = $1 AND state = 'active' AND subscriber_id > $2 AND subscriber_id <= $3
		ORDER BY subscriber_id LIMIT 1 OFFSET $4`, purpose, first, last, step-1).Scan(&upto)
	if errors.Is(err, sql.ErrNoRows) {
		return last, nil
	}
	return upto, err
}

// taking makes variants take turns over all who are frozen: $7 before, of $8.
const taking = `($7 + row_number() OVER (ORDER BY x.subscriber_id) - 1) % $8`

// audience goes on with the statement that freezes people of purpose $2 after $3
// up to $4 for a mailing of campaign $5 at the time $6; a segment's condition
// follows. What is true of few is read once as a list, not asked of each, so that
// an index tells all that is asked of a subscription.
const audience = `, 0, 0, 0, 0, 0, '', ''
	FROM subscription x JOIN subscriber s ON s.id = x.subscriber_id
	WHERE x.purpose_id = $2 AND x.state = 'active' AND x.subscriber_id > $3 AND x.subscriber_id <= $4 AND s.paused_until <= $6
		AND x.subscriber_id NOT IN (SELECT x.subscriber_id FROM subscription x WHERE x.purpose_id = $2 AND x.state = 'active' AND x.subscriber_id > $3 AND x.subscriber_id <= $4 AND ` + unfounded + `)
		AND x.subscriber_id NOT IN (SELECT l.subscriber_id FROM campaign_leave l WHERE l.subscriber_id > $3 AND l.subscriber_id <= $4 AND l.campaign_id = $5)
		AND NOT EXISTS (SELECT 1 FROM suppression k WHERE k.hash = s.email_hash AND k.kind <> 'blocked')`

// cutChunks cuts the frozen people after first up to upto in chunks of a size.
func (t *tx) cutChunks(mailingID, first, upto, size int64) error {
	const those = ` FROM delivery WHERE mailing_id = $1 AND subscriber_id > $2 AND subscriber_id <= $3`
	for {
		var last int64
		err := t.queryRow(`SELECT subscriber_id`+those+` ORDER BY subscriber_id LIMIT 1 OFFSET $4`, mailingID, first, upto, size-1).Scan(&last)
		if errors.Is(err, sql.ErrNoRows) {
			err = t.queryRow(`SELECT coalesce(max(subscriber_id), 0)`+those, mailingID, first, upto).Scan(&last)
		}
		if err != nil || last == 0 {
			return err
		}
		if err := t.exec(`INSERT INTO delivery_chunk (mailing_id, first, last, state, fence) VALUES ($1, $2, $3, 0, 0)`,
			mailingID, first+1, last); err != nil {
			return err
		}
		first = last
	}
}
