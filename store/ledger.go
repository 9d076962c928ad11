package store

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"akkoord"
)

// verifyBatch is how many lines one query of VerifyLedger reads, so that a
// long check holds no snapshot for long.
const verifyBatch = 2000

// VerifyLedger checks every line of the ledger, the evidence that is not
// erased, every signed head, the texts that people agreed to and everybody's
// standing, and the audit trail with its heads, and gives the last line. What does not verify
// is an error that wraps akkoord.ErrLedger and names the line. progress may be
// nil; it is told how many lines are done of how many there were at the start.
func (s *Store) VerifyLedger(ctx context.Context, progress func(done, total int64)) (akkoord.Head, error) {
	var total int64
	if err := s.view(ctx).queryRow(`SELECT coalesce(max(seq), 0) FROM consent_event`).Scan(&total); err != nil {
		return akkoord.Head{}, err
	}
	return s.verify(ctx, func(done looked) error {
		if progress != nil && done.people == 0 && done.trail == 0 {
			progress(min(done.lines, total), total)
		}
		return nil
	})
}

// looked is what a check looked at so far.
type looked struct {
	lines, people, trail int64 // of the ledger, of the audit trail
}

// verify is VerifyLedger; tell is told after each query how far it is, and can
// end it. What could not be read since ctx ended says nothing of the ledger.
func (s *Store) verify(ctx context.Context, tell func(looked) error) (akkoord.Head, error) {
	head, err := s.verifyAll(ctx, tell)
	if err != nil && ctx.Err() != nil {
		return akkoord.Head{}, ctx.Err()
	}
	return head, err
}

func (s *Store) verifyAll(ctx context.Context, tell func(looked) error) (akkoord.Head, error) {
	var total int64
	if err := s.view(ctx).queryRow(`SELECT coalesce(max(seq), 0) FROM consent_event`).Scan(&total); err != nil {
		return akkoord.Head{}, err
	}
	check := ledgerCheck{worded: map[wordingKey][32]byte{}, key: s.cfg.Keyring.LedgerKey().Public().(ed25519.PublicKey), tell: tell}
	for check.done.lines < total {
		done := check.done.lines
		if err := check.lines(s.view(ctx), done); err != nil {
			return akkoord.Head{}, err
		}
		if check.done.lines = check.verifier.Head().Seq; check.done.lines == done {
			return akkoord.Head{}, fmt.Errorf("%w: line %d is missing", akkoord.ErrLedger, done+1)
		}
		if err := tell(check.done); err != nil {
			return akkoord.Head{}, err
		}
	}
	for _, part := range []func(querier) error{check.end, check.texts, check.standings, check.trail} {
		if err := part(s.view(ctx)); err != nil {
			return akkoord.Head{}, err
		}
	}
	return check.verifier.Head(), nil
}

type ledgerCheck struct {
	verifier akkoord.Verifier
	key      ed25519.PublicKey
	worded   map[wordingKey][32]byte // what the ledger says of each version of the texts
	done     looked
	tell     func(looked) error
}

// texts reports a text that people agreed to and that is not the one that the
// ledger has a digest of.
func (c *ledgerCheck) texts(q querier) error {
	rows, err := q.query(`SELECT purpose_id, version, locale, name, explanation, wording, frequency FROM purpose_text`)
	return each(rows, err, func(r row) error {
		var k wordingKey
		var text akkoord.PurposeText
		if err := r.Scan(&k.purpose, &k.version, &k.locale, &text.Name, &text.Explanation, &text.Wording, &text.Frequency); err != nil {
			return fmt.Errorf("%w: a version of the texts can't be read: %w", akkoord.ErrLedger, err)
		}
		digest, err := text.Commit()
		if err != nil {
			return err
		}
		line, known := c.worded[k]
		if !known { // it may have been added since the lines were read
			if line, err = wordedLine(q, k); err != nil {
				return err
			}
		}
		if line != digest {
			return fmt.Errorf("%w: version %d (%s) of the texts of purpose %d was altered", akkoord.ErrLedger, k.version, k.locale, k.purpose)
		}
		return nil
	})
}

// wordedLine reads the digest of one version of the texts.
func wordedLine(q querier, k wordingKey) (digest [32]byte, err error) {
	var b []byte
	err = q.queryRow(`SELECT commitment FROM consent_event WHERE kind = 'worded' AND purpose_id = $1 AND wording_version = $2 AND locale = $3`,
		k.purpose, k.version, k.locale).Scan(&b)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	copy(digest[:], b)
	return digest, err
}

// foldedKinds are the kinds that change a standing, as a list of SQL.
var foldedKinds = kindList(func(akkoord.State) bool { return true })

// kindList lists, for SQL, the kinds of events that lead to some states.
func kindList(to func(akkoord.State) bool) string {
	var list []string
	for _, k := range slices.Sorted(maps.Keys(akkoord.Folded)) {
		if to(akkoord.Folded[k]) {
			list = append(list, "'"+string(k)+"'")
		}
	}
	return strings.Join(list, ", ")
}

// standings reports somebody whose standing is not what their last act in the
// ledger led to.
func (c *ledgerCheck) standings(q querier) error {
	who, purpose := int64(math.MinInt64), int64(math.MinInt64)
	for more := true; more; {
		more = false
		rows, err := q.query(`SELECT x.subscriber_id, x.purpose_id, x.state, coalesce((SELECT e.kind FROM consent_event e
				WHERE e.subscriber_id = x.subscriber_id AND e.purpose_id = x.purpose_id
					AND e.kind IN (`+foldedKinds+`) ORDER BY e.seq DESC LIMIT 1), '')
			FROM subscription x WHERE (x.subscriber_id, x.purpose_id) > ($1, $2)
			ORDER BY x.subscriber_id, x.purpose_id LIMIT $3`, who, purpose, verifyBatch)
		err = each(rows, err, func(r row) error {
			last := who
			var state akkoord.State
			var kind akkoord.EventKind
			if err := r.Scan(&who, &purpose, &state, &kind); err != nil {
				return fmt.Errorf("%w: a standing past subscriber %d can't be read: %w", akkoord.ErrLedger, last, err)
			}
			more = true
			if who != last {
				c.done.people++
			}
			if akkoord.Folded[kind] != state {
				return fmt.Errorf("%w: subscriber %d is %s for purpose %d, and the last act says %q", akkoord.ErrLedger, who, state, purpose, kind)
			}
			return nil
		})
		if err == nil {
			err = c.tell(c.done)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// lines checks the lines that follow the line done.
func (c *ledgerCheck) lines(q querier, done int64) error {
	rows, err := q.query(`SELECT e.seq, e.at, e.kind, e.subscriber_id, e.purpose_id, e.campaign_id, e.mailing_id, e.request,
		e.form_version_id, e.wording_version, e.privacy_version, e.locale, e.source, e.actor, e.commitment, e.hash, coalesce(d.data, ''),
		s.salt, h.hash, h.at, h.signature, coalesce(f.address, ''), coalesce(f.nonce, '')
		FROM consent_event e LEFT JOIN consent_evidence d ON d.seq = e.seq LEFT JOIN subscriber s ON s.id = e.subscriber_id
		LEFT JOIN ledger_head h ON h.seq = e.seq LEFT JOIN evidence_ip f ON f.seq = e.seq
		WHERE e.seq > $1 ORDER BY e.seq LIMIT $2`, done, verifyBatch)
	return each(rows, err, func(r row) error {
		var salt, hash, signature []byte
		var at sql.NullInt64
		var whole akkoord.WholeIP
		e, data, err := scanEvent(r, &salt, &hash, &at, &signature, &whole.Address, &whole.Nonce)
		if err != nil {
			return fmt.Errorf("%w: %w", akkoord.ErrLedger, err)
		}
		if err := checkEvidence(e, data); err != nil {
			return err
		}
		if err := c.verifier.Next(&e, salt); err != nil {
			return err
		}
		if whole.Address != "" && !whole.Fits(e.Evidence) {
			return fmt.Errorf("%w: the IP address of line %d is not the one that its evidence has a digest of", akkoord.ErrLedger, e.Seq)
		}
		if e.Kind == akkoord.Worded {
			c.worded[wordingKey{e.PurposeID, e.WordingVersion, e.Locale}] = e.Commitment
		}
		if at.Valid {
			head := akkoord.Head{Seq: e.Seq, At: fromMicros(at.Int64), Signature: signature}
			copy(head.Hash[:], hash)
			return c.head(head, e.Hash)
		}
		return nil
	})
}

// checkEvidence reports evidence that reads as what was committed to and is
// not stored as it was written.
func checkEvidence(e akkoord.Event, data string) error {
	if data == "" {
		return nil
	}
	if want, err := toJSON(e.Evidence); err != nil || want != data {
		return fmt.Errorf("%w: the evidence of line %d was altered", akkoord.ErrLedger, e.Seq)
	}
	return nil
}

func (c *ledgerCheck) head(h akkoord.Head, line [32]byte) error {
	if h.Hash != line || !h.Verify(c.key) {
		return fmt.Errorf("%w: line %d is not the one that was signed, or the signature was altered", akkoord.ErrLedger, h.Seq)
	}
	return nil
}

// end reports a signed head past the last line: the ledger was cut short.
func (c *ledgerCheck) end(q querier) error {
	head, err := latestHead(q)
	if err != nil {
		return err
	}
	if head.Seq > c.verifier.Head().Seq {
		// Lines may have been added and signed since the last one was read.
		var last int64
		if err := q.queryRow(`SELECT coalesce(max(seq), 0) FROM consent_event`).Scan(&last); err != nil || last >= head.Seq {
			return err
		}
		return fmt.Errorf("%w: line %d was signed and is gone", akkoord.ErrLedger, head.Seq)
	}
	return nil
}

// SignHead signs the last line of the ledger and stores the signed head, when
// the ledger grew since the last one. An empty ledger gives NotFound.
func (s *Store) SignHead(ctx context.Context) (akkoord.Head, error) {
	var out akkoord.Head
	err := s.update(ctx, "sign head", func(t *tx) (err error) {
		out, err = t.signHead()
		return err
	})
	return out, err
}

func (t *tx) signHead() (akkoord.Head, error) {
	have, err := latestHead(t)
	if err != nil {
		return akkoord.Head{}, err
	}
	if t.ledger.Seq == 0 {
		return akkoord.Head{}, errNoHead
	}
	if err := t.signAudit(); err != nil {
		return akkoord.Head{}, err
	}
	if have.Seq == t.ledger.Seq {
		return have, nil
	}
	out := akkoord.Head{Seq: t.ledger.Seq, Hash: t.ledger.Hash, At: t.now}.Sign(t.store.cfg.Keyring.LedgerKey())
	return out, t.exec(`INSERT INTO ledger_head (seq, hash, at, signature) VALUES ($1, $2, $3, $4)`, out.Seq, out.Hash[:], micros(out.At), out.Signature)
}

var errNoHead = akkoord.Errorf(akkoord.NotFound, "not_found", "The ledger has no signed head yet.")

// LedgerHead gives the latest signed head, or NotFound.
func (s *Store) LedgerHead(ctx context.Context) (akkoord.Head, error) {
	h, err := latestHead(s.view(ctx))
	if err == nil && h.Seq == 0 {
		err = errNoHead
	}
	return h, err
}

// latestHead gives the latest signed head, or the zero Head.
func latestHead(q querier) (akkoord.Head, error) {
	var h akkoord.Head
	var at int64
	var hash []byte
	err := q.queryRow(`SELECT seq, hash, at, signature FROM ledger_head ORDER BY seq DESC LIMIT 1`).Scan(&h.Seq, &hash, &at, &h.Signature)
	if errors.Is(err, sql.ErrNoRows) {
		return akkoord.Head{}, nil
	}
	h.At = fromMicros(at)
	copy(h.Hash[:], hash)
	return h, err
}
