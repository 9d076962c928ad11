package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"

	"akkoord"
)

// recover settles what a process that died left behind, before anything is
// claimed anew. Results in the journal are stored. A mark without a result was
// on the wire: uncertain (P06). All other claims are given back with their
// people as they were. Where the machine was started anew since, or the
// journal is gone or damaged, its end may be missing; then everybody who was
// claimed is uncertain, a window for each connection.
func (s *Store) recover(ctx context.Context, path string) error {
	text, err := os.ReadFile(path)
	gone := errors.Is(err, os.ErrNotExist)
	if err != nil && !gone {
		return fmt.Errorf("the send journal can't be read: %w", err)
	}
	left, damaged := readJournal(text)
	boot, err := s.lastBoot(ctx)
	if err != nil {
		return err
	}
	lost := gone || damaged || boot != bootID()
	return s.update(ctx, "recover", func(t *tx) error {
		for i := range left {
			if left[i].State == akkoord.OnWire {
				left[i].Result = t.uncertain(left[i].Result)
			}
		}
		left, err := t.unsettled(left)
		if err != nil {
			return err
		}
		if err := t.settle(left); err != nil {
			return err
		}
		if lost {
			if err := t.doubt(); err != nil {
				return err
			}
		}
		return t.giveBack()
	})
}

// unsettled leaves out results that were stored already: their chunk is given
// back, and the row is settled. The journal keeps them until it is compacted.
func (t *tx) unsettled(left []entry) ([]entry, error) {
	type claim struct{ chunk, fence int64 }
	held := map[claim]bool{}
	var out []entry
	for _, e := range left {
		c := claim{e.chunk, e.fence}
		holds, known := held[c]
		if !known {
			var err error
			if holds, err = t.holds(e.chunk, e.fence); err != nil {
				return nil, err
			}
			held[c] = holds
		}
		if !holds {
			queued, err := t.isQueued(e.key())
			if err != nil {
				return nil, err
			}
			if !queued {
				continue
			}
		}
		out = append(out, e)
	}
	return out, nil
}

// isQueued reports whether nothing is stored of a delivery yet.
func (t *tx) isQueued(k entryKey) (queued bool, err error) {
	err = t.queryRow(`SELECT EXISTS (SELECT 1 FROM delivery WHERE mailing_id = $1 AND subscriber_id = $2 AND state = 0)`, k.mailing, k.subscriber).Scan(&queued)
	return queued, err
}

// readJournal gives the last entry of each delivery. A line that was cut short
// at the end was never acted on and is ignored; a damaged one elsewhere means
// that the journal can't be trusted to be whole.
func readJournal(text []byte) (left []entry, damaged bool) {
	place := map[entryKey]int{}
	for len(text) > 0 {
		line, rest, whole := bytes.Cut(text, []byte("\n"))
		text = rest
		if !whole {
			break
		}
		e, ok := parseEntry(line)
		if !ok {
			damaged = true
			continue
		}
		if i, ok := place[e.key()]; ok {
			left[i] = e
			continue
		}
		place[e.key()] = len(left)
		left = append(left, e)
	}
	return left, damaged
}

// lastBoot gives the boot id under which the database was last held.
func (s *Store) lastBoot(ctx context.Context) (boot string, err error) {
	err = s.view(ctx).queryRow(`SELECT boot FROM instance WHERE id = 1`).Scan(&boot)
	if errors.Is(err, sql.ErrNoRows) {
		return bootID(), nil // nobody held it before
	}
	return boot, err
}

// Codes of deliveries that are uncertain.
const (
	codeInterrupted = "interrupted" // the process died while the mail was on the wire
	codePowerLoss   = "power_loss"  // the machine died while the person was claimed
)

func (t *tx) uncertain(r akkoord.Result) akkoord.Result {
	r.State, r.Code = akkoord.Uncertain, codeInterrupted
	return r
}

// doubt makes everybody uncertain who is still claimed.
func (t *tx) doubt() error {
	if err := t.exec(`UPDATE delivery SET state = 7, code = $1, updated_at = $2, relay = coalesce((SELECT max(c.relay) FROM delivery_chunk c WHERE c.state = 1 AND c.mailing_id = delivery.mailing_id AND delivery.subscriber_id BETWEEN c.first AND c.last), 0) WHERE state = 0 AND EXISTS (
			SELECT 1 FROM delivery_chunk c WHERE c.state = 1 AND c.mailing_id = delivery.mailing_id AND delivery.subscriber_id BETWEEN c.first AND c.last AND delivery.next_at <= c.due_at)
		AND (delivery.variant >= 0 OR (SELECT m.winner FROM mailing m WHERE m.id = delivery.mailing_id) >= 0)
		AND mailing_id IN (SELECT mailing_id FROM delivery_chunk WHERE state = 1)`, codePowerLoss, micros(t.now)); err != nil {
		return err
	}
	return t.exec(`UPDATE delivery SET state = 7, code = $1, updated_at = $2, fence = 0, relay = carrier WHERE state = 3 AND fence <> 0`, codePowerLoss, micros(t.now))
}

// giveBack ends all claims: of chunks, of retries and of the outbox.
func (t *tx) giveBack() error {
	for _, q := range []string{
		`UPDATE delivery SET fence = 0 WHERE state = 3 AND fence <> 0`,
		`UPDATE delivery_chunk SET fence = 0, state = ` + chunkAfter + ` WHERE state = 1`,
		`UPDATE outbox SET fence = 0 WHERE state = 0 AND fence <> 0`,
	} {
		if err := t.exec(q); err != nil {
			return err
		}
	}
	return nil
}
