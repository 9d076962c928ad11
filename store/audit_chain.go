package store

import (
	"database/sql"
	"errors"
	"fmt"

	"akkoord"
)

// audit appends a line to the audit trail in the same commit as what it is
// about.
func (t *tx) audit(actor akkoord.Actor, action, object, note string) error {
	e := akkoord.AuditEntry{Seq: t.auditSeq + 1, At: t.now, Actor: actor, Action: action, Object: object, Note: note}
	e.Hash = e.Chain(t.auditHash)
	t.auditSeq, t.auditHash = e.Seq, e.Hash
	t.rows[auditRows].add(e.Seq, micros(e.At), string(e.Actor), e.Action, e.Object, e.Note, e.Hash[:])
	return nil
}

// readAuditTail reads where the audit trail ends.
func (w *writer) readAuditTail() error {
	var hash []byte
	err := w.queryRow(`SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1`).Scan(&w.auditSeq, &hash)
	copy(w.auditHash[:], hash)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}

// signAudit signs the last line of the audit trail, where that is a new one.
func (t *tx) signAudit() error {
	if t.auditHash == [32]byte{} {
		return nil
	}
	h := akkoord.AuditHead{Seq: t.auditSeq, Hash: t.auditHash, At: t.now}.Sign(t.store.cfg.Keyring.LedgerKey())
	return t.exec(`INSERT INTO audit_head (seq, hash, at, signature) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`, h.Seq, h.Hash[:], micros(h.At), h.Signature)
}

// trail checks every line of the audit trail and every signed head of it.
func (c *ledgerCheck) trail(q querier) error {
	var v akkoord.AuditVerifier
	for done := int64(-1); done < v.Seq(); {
		done = v.Seq()
		rows, err := q.query(`SELECT a.seq, a.at, a.actor, a.action, a.object, a.note, a.hash, h.hash, h.at, h.signature
			FROM audit a LEFT JOIN audit_head h ON h.seq = a.seq WHERE a.seq > $1 ORDER BY a.seq LIMIT $2`, done, verifyBatch)
		if err := each(rows, err, func(r row) error { return c.trailLine(&v, r) }); err != nil {
			return err
		}
		c.done.trail = v.Seq()
		if err := c.tell(c.done); err != nil {
			return err
		}
	}
	var last, signed int64
	if err := q.queryRow(`SELECT coalesce((SELECT max(seq) FROM audit), 0), coalesce((SELECT max(seq) FROM audit_head), 0)`).Scan(&last, &signed); err != nil {
		return err
	}
	if signed > last {
		return fmt.Errorf("%w: line %d of the audit trail was signed and is missing", akkoord.ErrLedger, signed)
	}
	return nil
}

func (c *ledgerCheck) trailLine(v *akkoord.AuditVerifier, r row) error {
	var e akkoord.AuditEntry
	var at int64
	var signedAt sql.NullInt64
	var hash, signed, signature []byte
	if err := r.Scan(&e.Seq, &at, &e.Actor, &e.Action, &e.Object, &e.Note, &hash, &signed, &signedAt, &signature); err != nil {
		return fmt.Errorf("%w: a line of the audit trail past line %d can't be read: %w", akkoord.ErrLedger, v.Seq(), err)
	}
	e.At = fromMicros(at)
	copy(e.Hash[:], hash)
	if err := v.Next(e, len(hash) > 0); err != nil {
		return err
	}
	if !signedAt.Valid {
		return nil
	}
	head := akkoord.AuditHead{Seq: e.Seq, At: fromMicros(signedAt.Int64), Signature: signature}
	copy(head.Hash[:], signed)
	if head.Hash != e.Hash || !head.Verify(c.key) {
		return fmt.Errorf("%w: line %d of the audit trail is not the one that was signed, or the signature was altered", akkoord.ErrLedger, e.Seq)
	}
	return nil
}
