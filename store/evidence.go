package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"akkoord"
)

// EvidenceBundle gives the proof of all that is on record of a person (M30),
// signed, and leaves a line in the audit trail first. It verifies: a record
// that does not is an error that wraps akkoord.ErrBundle. A person who is not
// there is NotFound.
func (s *Store) EvidenceBundle(ctx context.Context, actor akkoord.Actor, person akkoord.ID) ([]byte, error) {
	var st akkoord.Standing
	var head akkoord.Head
	err := s.update(ctx, "evidence of a person", func(t *tx) (err error) {
		if st, err = standing(t, byPublicID, person[:]); err != nil {
			return err
		}
		if st.Subscriber.ID == 0 {
			return missing(sql.ErrNoRows, "person")
		}
		if st.Subscriber.Interests, err = interests(t, st.Subscriber.ID); err != nil {
			return err
		}
		if head, err = t.signHead(); err != nil {
			return err
		}
		return t.audit(actor, "subscriber.evidence", named("subscriber", person.String()), "")
	})
	if err != nil {
		return nil, err
	}
	return s.sealEvidence(s.view(ctx), st, head)
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

func (s *Store) sealEvidence(q querier, st akkoord.Standing, head akkoord.Head) ([]byte, error) {
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
		e.texts, e.forms, e.privacy,
		func(q querier) error { return s.evidenceMails(q, &e.bundle.Mails, st.Subscriber.ID, record.Deliveries) },
		e.chain,
	} {
		if err := part(q); err != nil {
			return nil, err
		}
	}
	file, err := e.bundle.Seal(s.cfg.Keyring.LedgerKey())
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
		e.bundle.Secrets.Lines = append(e.bundle.Secrets.Lines, akkoord.SecretLine{Seq: event.Seq, Covered: data})
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

// texts shows each version of the texts that a line names, in all languages,
// with the line by which the ledger holds it.
func (e *evidence) texts(q querier) error {
	type version struct {
		purpose int64
		version int
	}
	seen := map[version]bool{}
	for _, l := range e.bundle.Lines {
		v := version{l.PurposeID, l.WordingVersion}
		if v.purpose == 0 || v.version == 0 || seen[v] {
			continue
		}
		seen[v] = true
		rows, err := q.query(eventQuery+` WHERE e.kind = 'worded' AND e.purpose_id = $1 AND e.wording_version = $2 ORDER BY e.seq`, v.purpose, v.version)
		if err := each(rows, err, func(r row) error { return e.text(r) }); err != nil {
			return err
		}
	}
	for i := range e.bundle.Texts.Purposes {
		l := &e.bundle.Texts.Purposes[i].Line
		e.lines[l.Seq] = l
	}
	return nil
}

func (e *evidence) text(r row) error {
	event, _, err := scanEvent(r)
	if err != nil {
		return err
	}
	text, known := e.c.wordings[wordingKey{event.PurposeID, event.WordingVersion, event.Locale}]
	if !known {
		return fmt.Errorf("%w: version %d (%s) of the texts of purpose %d is gone", akkoord.ErrBundle, event.WordingVersion, event.Locale, event.PurposeID)
	}
	covered, err := toJSON(text)
	e.bundle.Texts.Purposes = append(e.bundle.Texts.Purposes, akkoord.BundleText{
		PurposeID: event.PurposeID, Slug: e.c.purpose(event.PurposeID).Slug, Version: event.WordingVersion, Locale: event.Locale,
		Text: text, Covered: covered, Line: akkoord.NewBundleLine(event),
	})
	return err
}

// forms shows the form versions that lines name.
func (e *evidence) forms(q querier) error {
	e.bundle.Texts.Forms = []akkoord.BundleForm{}
	seen := map[int64]bool{0: true}
	for _, l := range e.bundle.Lines {
		if seen[l.FormVersionID] {
			continue
		}
		seen[l.FormVersionID] = true
		f, err := scanForm(q.queryRow(`SELECT f.id, f.public_id, f.slug, f.created_at, v.id, v.number, v.spec, v.created_at
			FROM form_version v JOIN form f ON f.id = v.form_id WHERE v.id = $1`, l.FormVersionID))
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return err
		}
		v := f.Version
		e.bundle.Texts.Forms = append(e.bundle.Texts.Forms, akkoord.BundleForm{
			ID: v.ID, Slug: f.Slug, Number: v.Number, CreatedAt: akkoord.Moment{Time: v.CreatedAt}, Purposes: v.Purposes, Interests: v.Interests, Texts: v.Texts,
		})
	}
	return nil
}

// privacy shows the versions of the privacy statement that lines name.
func (e *evidence) privacy(q querier) error {
	e.bundle.Texts.Privacy = []akkoord.BundlePrivacy{}
	seen := map[int]bool{0: true}
	for _, l := range e.bundle.Lines {
		if seen[l.PrivacyVersion] {
			continue
		}
		seen[l.PrivacyVersion] = true
		var at int64
		var facts string
		err := q.queryRow(`SELECT created_at, facts FROM privacy_statement WHERE version = $1`, l.PrivacyVersion).Scan(&at, &facts)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return err
		}
		e.bundle.Texts.Privacy = append(e.bundle.Texts.Privacy, akkoord.BundlePrivacy{Version: l.PrivacyVersion, Since: moment(at), Facts: json.RawMessage(facts)})
	}
	return nil
}
