package store

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"akkoord"
)

// EvidenceBundle gives the proof of all that is on record of a person (M30),
// signed, and leaves a line in the audit trail first. It verifies: a record
// that does not is an error that wraps akkoord.ErrBundle. A person who is not
// there is NotFound. pages makes what people read of it; nil: nothing.
func (s *Store) EvidenceBundle(ctx context.Context, actor akkoord.Actor, person akkoord.ID, reason string, pages akkoord.BundlePages) ([]byte, error) {
	var st akkoord.Standing
	var head akkoord.Head
	err := s.update(ctx, "evidence of a person", func(t *tx) (err error) {
		if st, err = standing(t, byPublicID, person[:]); err != nil {
			return err
		}
		if st.Subscriber.ID == 0 {
			return missing(sql.ErrNoRows, "person")
		}
		if err := akkoord.CheckTakingReason(reason, st.Subscriber); err != nil {
			return err
		}
		if st.Subscriber.Interests, err = interests(t, st.Subscriber.ID); err != nil {
			return err
		}
		if head, err = t.signHead(); err != nil {
			return err
		}
		return t.audit(actor, "subscriber.evidence", named("subscriber", person.String()), reason)
	})
	if err != nil {
		return nil, err
	}
	return s.sealEvidence(s.view(ctx), st, head, pages)
}

// evidence gathers a bundle from what lies before a signed head. Lines of the
// ledger never change, so it needs no snapshot; a person who is erased
// meanwhile gives a bundle that is found wanting.
type evidence struct {
	bundle akkoord.Bundle
	c      *catalogue
	until  int64                         // the last line that counts
	lines  map[int64]*akkoord.BundleLine // that the chain must lead past
	heads  map[int64]bool
}

func (s *Store) sealEvidence(q querier, st akkoord.Standing, head akkoord.Head, pages akkoord.BundlePages) ([]byte, error) {
	record, err := s.personRecord(q, st, head.At)
	if err != nil {
		return nil, err
	}
	e := evidence{until: head.Seq, lines: map[int64]*akkoord.BundleLine{}, heads: map[int64]bool{}}
	if e.c, err = loadCatalogue(q); err != nil {
		return nil, err
	}
	e.bundle.MadeAt = s.cfg.Now()
	e.bundle.Person = akkoord.BundlePerson{
		Number: st.Subscriber.ID, Person: record.Person, Consents: record.Consents, CampaignsLeft: record.CampaignsLeft, Suppressions: record.Suppressions,
	}
	e.bundle.Secrets.Salt = hex.EncodeToString(st.Subscriber.Salt)
	e.addHead(head)
	for _, part := range []func(querier) error{
		func(q querier) error { return e.events(q, st.Subscriber.ID) },
		e.forms, e.signUps, e.texts, e.privacy,
		func(q querier) error { return s.evidenceMails(q, &e.bundle, st.Subscriber.ID, record.Deliveries) },
		e.chain,
	} {
		if err := part(q); err != nil {
			return nil, err
		}
	}
	key := s.cfg.Keyring.LedgerKey()
	e.bundle.Fingerprint = akkoord.KeyFingerprint(key.Public().(ed25519.PublicKey))
	if pages != nil {
		read, err := pages(&e.bundle)
		if err != nil {
			return nil, fmt.Errorf("write what people read of a bundle: %w", err)
		}
		e.bundle.Pages = append(read, e.bundle.Pages...)
	}
	file, err := e.bundle.Seal(key)
	if err != nil {
		return nil, err
	}
	return file, verifySealed(file)
}

func (e *evidence) addHead(h akkoord.Head) {
	if h.Seq == 0 || e.heads[h.Seq] {
		return
	}
	e.heads[h.Seq] = true
	e.bundle.Heads = append(e.bundle.Heads, akkoord.BundleHead{Seq: h.Seq, Hash: h.Hash, At: akkoord.Moment{Time: h.At}, Signature: h.Signature})
}

// events shows the person's lines whole, with what their commitments cover.
func (e *evidence) events(q querier, person int64) error {
	var campaigns []int64
	var actors []string
	whole, err := wholeIPs(q, person)
	if err != nil {
		return err
	}
	rows, err := q.query(eventQuery+` WHERE e.subscriber_id = $1 AND e.seq <= $2 ORDER BY e.seq`, person, e.until)
	err = each(rows, err, func(r row) error {
		event, data, err := scanEvent(r)
		if err != nil {
			return err
		}
		if data == "" {
			data = "{}"
		}
		campaigns, actors = append(campaigns, event.CampaignID), append(actors, string(event.Actor))
		e.bundle.Lines = append(e.bundle.Lines, akkoord.NewBundleLine(event))
		e.bundle.Secrets.Lines = append(e.bundle.Secrets.Lines, akkoord.SecretLine{Seq: event.Seq, Covered: data, WholeIP: whole[event.Seq]})
		return nil
	})
	if err != nil {
		return err
	}
	slugs, err := campaignSlugs(q, campaigns)
	if err != nil {
		return err
	}
	names, err := publicNames(q, actors)
	if err != nil {
		return err
	}
	for i := range e.bundle.Lines {
		l := &e.bundle.Lines[i]
		l.Names = akkoord.LineNames{Purpose: e.c.purpose(l.PurposeID).Slug, Campaign: slugs[l.CampaignID], Actor: names[string(l.Actor)]}
		e.lines[l.Seq] = l
	}
	return nil
}

// chain reads, for each line, the digests from the signed head before it to
// the one after it.
func (e *evidence) chain(q querier) error {
	done := int64(0) // what the runs so far lead past
	for _, seq := range sortedKeys(e.lines) {
		if seq <= done {
			continue
		}
		before, err := headWhere(q, `seq < $1 ORDER BY seq DESC`, seq)
		if err != nil {
			return err
		}
		after, err := headWhere(q, `seq >= $1 ORDER BY seq`, seq)
		if err != nil {
			return err
		}
		e.addHead(before)
		e.addHead(after)
		if err := e.run(q, before, after.Seq); err != nil {
			return err
		}
		done = after.Seq
	}
	return nil
}

func sortedKeys[V any](m map[int64]V) []int64 {
	keys := make([]int64, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (e *evidence) run(q querier, before akkoord.Head, to int64) error {
	run := akkoord.BundleRun{AfterSeq: before.Seq, AfterHash: before.Hash, Digests: make([]akkoord.Sum, 0, max(0, to-before.Seq))}
	last := run.AfterHash
	rows, err := q.query(eventQuery+` WHERE e.seq > $1 AND e.seq <= $2 ORDER BY e.seq`, before.Seq, to)
	err = each(rows, err, func(r row) error {
		event, _, err := scanEvent(r)
		if err != nil {
			return err
		}
		if l := e.lines[event.Seq]; l != nil {
			l.Previous = last
		}
		last = event.Hash
		run.Digests = append(run.Digests, event.Digest())
		return nil
	})
	e.bundle.Chain = append(e.bundle.Chain, run)
	return err
}

// headWhere gives the first signed head that a condition on $1 selects, or the
// zero Head.
func headWhere(q querier, where string, seq int64) (akkoord.Head, error) {
	var h akkoord.Head
	var at int64
	var hash []byte
	err := q.queryRow(`SELECT seq, hash, at, signature FROM ledger_head WHERE `+where+` LIMIT 1`, seq).Scan(&h.Seq, &hash, &at, &h.Signature)
	if errors.Is(err, sql.ErrNoRows) {
		return akkoord.Head{}, nil
	}
	h.At = fromMicros(at)
	copy(h.Hash[:], hash)
	return h, err
}
