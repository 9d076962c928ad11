package store

import (
	"database/sql"
	"errors"
	"strconv"

	"akkoord"
)

// heldClaim is a window as it stands in the table of claims, with its last mark.
type heldClaim struct {
	fence, mailing, chunk, onwire int64
	notes                         string
}

// putClaim puts a window down where other nodes see it. On SQLite there are
// none.
func (t *tx) putClaim(w *akkoord.Window) error {
	if !t.store.dialect.shared() {
		return nil
	}
	t.store.journal.expect(w)
	return t.exec(`INSERT INTO claim (fence, node, mailing_id, chunk_id) VALUES ($1, $2, $3, $4)`, w.Fence, t.store.nodeNumber.Load(), w.MailingID, w.Chunk)
}

// dropClaim takes a window away that is given back.
func (t *tx) dropClaim(w *akkoord.Window) error {
	if !t.store.dialect.shared() {
		return nil
	}
	return errors.Join(t.exec(`DELETE FROM claim WHERE fence = $1`, w.Fence), t.exec(`DELETE FROM mark WHERE fence = $1`, w.Fence))
}

// bury takes over from a node, unless it gave a sign of life since; a beat of
// -1 says that it asks for it itself. Whoever was on the wire is uncertain
// (P06), results are stored, and all others are given back. Where the server
// died too, claims are gone from their table with the marks, and everybody who
// was claimed is uncertain, as after a power loss.
func (t *tx) bury(d deadNode) error {
	n, err := t.execCount(`DELETE FROM instance WHERE id = $1 AND started_at = $2 AND (beat = $3 OR $3 < 0)`, d.id, d.started, d.beat)
	if err != nil || n == 0 {
		return err
	}
	if err := t.countNodes(); err != nil {
		return err
	}
	claims, err := t.takeClaims(d.id)
	if err != nil {
		return err
	}
	if err := t.endClaims(claims); err != nil {
		return err
	}
	if err := t.doubtOf(d.id); err != nil {
		return err
	}
	t.outbox, t.mailing = true, true
	return t.exec(`UPDATE outbox SET fence = 0 WHERE state = 0 AND fence <> 0 AND fence % $1 = $2`, int64(nodeRoom), d.id)
}

// takeClaims removes the claims of a node. From then on it marks nobody: a mark that is
// being stored holds its claim's row, and stands when the claim is gone.
func (t *tx) takeClaims(node int64) ([]heldClaim, error) {
	return t.readClaims(`DELETE FROM claim WHERE node = $1 RETURNING fence, mailing_id, chunk_id`, node)
}

func (t *tx) readClaims(query string, node int64) ([]heldClaim, error) {
	var out []heldClaim
	rows, err := t.query(query, node)
	err = each(rows, err, func(r row) error {
		var c heldClaim
		err := r.Scan(&c.fence, &c.mailing, &c.chunk)
		out = append(out, c)
		return err
	})
	return out, err
}

// takeMark reads the last mark of a claim that is gone, and removes them all.
func (t *tx) takeMark(c *heldClaim) error {
	err := t.queryRow(`SELECT onwire, notes FROM mark WHERE fence = $1 ORDER BY number DESC LIMIT 1`, c.fence).Scan(&c.onwire, &c.notes)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return errors.Join(err, t.exec(`DELETE FROM mark WHERE fence = $1`, c.fence))
}

// endClaims stores what is known of windows whose claims were removed, and gives them back.
func (t *tx) endClaims(claims []heldClaim) error {
	for _, c := range claims {
		if err := t.takeMark(&c); err != nil {
			return err
		}
		held, err := t.holds(c.chunk, c.fence)
		if err != nil {
			return err
		}
		if held {
			if err := t.endClaim(c); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *tx) endClaim(c heldClaim) error {
	runs, err := parseRuns(c.notes)
	if err != nil {
		return err
	}
	if c.onwire != 0 {
		r := t.uncertain(akkoord.Result{SubscriberID: c.onwire, At: t.now})
		runs = append(runs, run{entry{c.chunk, c.fence, c.mailing, -1, r}, c.onwire}) // last: its result, where there is one, comes first
	}
	for i := range runs {
		r := &runs[i]
		r.chunk, r.fence, r.mailing = c.chunk, c.fence, c.mailing
		if err := t.settleRun(&r.entry, r.last); err != nil {
			return err
		}
	}
	if err := t.refused(runs); err != nil {
		return err
	}
	if c.chunk != 0 {
		if err := t.exec(`UPDATE delivery_chunk SET fence = 0, state = `+chunkAfter+` WHERE id = $1 AND state = 1 AND fence = $2`, c.chunk, c.fence); err != nil {
			return err
		}
	} else if err := t.exec(`UPDATE delivery SET fence = 0 WHERE mailing_id = $1 AND state = 3 AND fence = $2 AND fence <> 0`, c.mailing, c.fence); err != nil {
		return err
	}
	return t.finish(c.mailing)
}

// doubtOf makes everybody uncertain whom a node claimed without a trace of
// what became of them.
func (t *tx) doubtOf(node int64) error {
	if err := t.exec(`UPDATE delivery SET state = 7, code = $1, updated_at = $2, relay = coalesce((SELECT max(c.relay) FROM delivery_chunk c WHERE c.state = 1 AND c.fence % $3 = $4 AND c.mailing_id = delivery.mailing_id AND delivery.subscriber_id BETWEEN c.first AND c.last), 0) WHERE state = 0 AND EXISTS (
			SELECT 1 FROM delivery_chunk c WHERE c.state = 1 AND c.fence % $3 = $4 AND c.mailing_id = delivery.mailing_id AND delivery.subscriber_id BETWEEN c.first AND c.last AND delivery.next_at <= c.due_at)
		AND (delivery.variant >= 0 OR (SELECT m.winner FROM mailing m WHERE m.id = delivery.mailing_id) >= 0)
		AND mailing_id IN (SELECT mailing_id FROM delivery_chunk WHERE state = 1 AND fence % $3 = $4)`, codePowerLoss, micros(t.now), int64(nodeRoom), node); err != nil {
		return err
	}
	if err := t.exec(`UPDATE delivery_chunk SET fence = 0, state = `+chunkAfter+` WHERE state = 1 AND fence % $1 = $2`, int64(nodeRoom), node); err != nil {
		return err
	}
	return t.exec(`UPDATE delivery SET state = 7, code = $1, updated_at = $2, fence = 0, relay = carrier WHERE state = 3 AND fence <> 0 AND fence % $3 = $4`,
		codePowerLoss, micros(t.now), int64(nodeRoom), node)
}

// giveBackUnheld gives back claims of this node that nobody here holds: the
// answer to their commit was lost, and whoever asked for them was told no.
func (t *tx) giveBackUnheld() error {
	claims, err := t.readClaims(`SELECT fence, mailing_id, chunk_id FROM claim WHERE node = $1`, t.store.nodeNumber.Load())
	if err != nil {
		return err
	}
	for _, c := range claims {
		if t.store.journal.holds(c.fence) {
			continue
		}
		if err := t.exec(`DELETE FROM claim WHERE fence = $1`, c.fence); err != nil {
			return err
		}
		if err := t.endClaims([]heldClaim{c}); err != nil {
			return err
		}
		t.mailing = true
	}
	return t.giveBackMails()
}

// giveBackMails is giveBackUnheld for the mails of sign-ups.
func (t *tx) giveBackMails() error {
	type mail struct{ id, fence int64 }
	var held []mail
	rows, err := t.query(`SELECT id, fence FROM outbox WHERE state = 0 AND fence <> 0 AND fence % $1 = $2`, int64(nodeRoom), t.store.nodeNumber.Load())
	if err := each(rows, err, func(r row) error {
		var m mail
		err := r.Scan(&m.id, &m.fence)
		held = append(held, m)
		return err
	}); err != nil {
		return err
	}
	for _, m := range held {
		if t.store.journal.holds(m.fence) {
			continue
		}
		if err := t.exec(`UPDATE outbox SET fence = 0 WHERE id = $1 AND fence = $2`, m.id, m.fence); err != nil {
			return err
		}
		t.outbox = true
	}
	return nil
}

// run is a result of neighbours in a window: of the person of the entry up to
// the last.
type run struct {
	entry
	last int64
}

// settleRuns stores runs. On PostgreSQL they are one statement: each would
// wait for the server.
func (t *tx) settleRuns(runs []run) error {
	if err := t.storeRuns(runs); err != nil {
		return err
	}
	return t.refused(runs)
}

func (t *tx) storeRuns(runs []run) error {
	if !t.store.dialect.shared() {
		for i := range runs {
			if err := t.settleRun(&runs[i].entry, runs[i].last); err != nil {
				return err
			}
		}
		return nil
	}
	var chunks, retries columnsOf
	for i := range runs {
		r := &runs[i]
		switch {
		case r.isSystem():
			if err := t.settleSystem(&r.entry); err != nil {
				return err
			}
		case r.chunk == 0:
			retries.add(r)
		default:
			chunks.add(r)
		}
	}
	return errors.Join(chunks.store(t, settleChunks), retries.store(t, settleRetries))
}

// settleChunks tells the planner by a limit, a chunk's size, how short a run is: one that
// doesn't know reads the whole table for it.
var settleChunks = `UPDATE delivery d SET state = v.state, attempts = v.attempts, first_at = v.first_at, updated_at = v.at, next_at = v.next_at, code = v.code, reply = v.reply, relay = c.relay
		FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::text[], $11::text[], $12::bigint[])
			AS v (mailing_id, first, last, fence, state, attempts, first_at, at, next_at, code, reply, chunk)
			JOIN delivery_chunk c ON c.id = v.chunk
			CROSS JOIN LATERAL (SELECT x.mailing_id, x.subscriber_id FROM delivery x WHERE x.mailing_id = v.mailing_id AND x.subscriber_id BETWEEN v.first AND v.last LIMIT ` + strconv.Itoa(chunkSize) + `) r
		WHERE d.mailing_id = r.mailing_id AND d.subscriber_id = r.subscriber_id AND d.state = 0 AND v.fence <> 0`

const settleRetries = `UPDATE delivery d SET state = v.state, attempts = v.attempts, first_at = v.first_at, updated_at = v.at, next_at = v.next_at, code = v.code, reply = v.reply, fence = 0, relay = CASE WHEN v.attempts > d.attempts OR v.state = 7 THEN d.carrier ELSE d.relay END
		FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::text[], $11::text[], $12::bigint[])
			AS v (mailing_id, first, last, fence, state, attempts, first_at, at, next_at, code, reply, chunk)
		WHERE d.mailing_id = v.mailing_id AND d.subscriber_id BETWEEN v.first AND v.last AND d.state = 3 AND d.fence = v.fence AND d.fence <> 0`

// columnsOf are runs, column by column.
type columnsOf struct {
	mailing, first, last, fence, state, attempts, firstAt, at, nextAt, chunk []int64
	code, reply                                                              []string
}

func (c *columnsOf) add(r *run) {
	c.mailing, c.first, c.last, c.fence = append(c.mailing, r.mailing), append(c.first, r.SubscriberID), append(c.last, r.last), append(c.fence, r.fence)
	c.state, c.attempts = append(c.state, int64(r.State)), append(c.attempts, int64(r.Attempts))
	c.firstAt, c.at, c.nextAt = append(c.firstAt, micros(r.FirstAt)), append(c.at, micros(r.At)), append(c.nextAt, r.due())
	c.chunk = append(c.chunk, r.chunk)
	c.code, c.reply = append(c.code, r.Code), append(c.reply, r.Reply)
}

func (c *columnsOf) store(t *tx, query string) error {
	if len(c.mailing) == 0 {
		return nil
	}
	return t.exec(query, c.mailing, c.first, c.last, c.fence, c.state, c.attempts, c.firstAt, c.at, c.nextAt, c.code, c.reply, c.chunk)
}
