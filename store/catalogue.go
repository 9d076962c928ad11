package store

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"akkoord"
)

// catalogue is everything that a sign-up reads and that seldom changes. It is
// loaded at once and never altered, and neither is what it hands out: texts and
// lists belong to all who read them. A commit that changes a purpose or a form
// drops it before the change is answered, so that a read after the answer
// loads it anew.
type catalogue struct {
	loaded     bool
	purposes   []akkoord.Purpose // by number
	wordings   map[wordingKey]akkoord.PurposeText
	forms      []akkoord.Form      // by number
	attributes []akkoord.Attribute // by number
	rules      []akkoord.Rule      // by number
	processors []akkoord.Processor // by number
	slugs      map[string]int      // of purposes, to their place
	formSlug   map[string]int

	organisation akkoord.Organisation // as stored
	catching     time.Time            // since when mails are caught; zero: they are not
	domainKeys   []sealedDomainKey    // that mails are signed by
	brand        akkoord.Brand
	senders      []akkoord.SendingAddress // by number
	relays       []sealedRelay            // by number
}

type wordingKey struct {
	purpose int64
	version int
	locale  string
}

// catalogueCache holds the catalogue in force. A loader puts its catalogue in
// only where it found the one that was there when it began: one read before
// a commit can't take the place of the one dropped by it.
type catalogueCache struct{ current atomic.Pointer[catalogue] }

func (c *catalogueCache) drop() { c.current.Store(&catalogue{}) }

// catalogue gives the catalogue in force. All callers get the one that was
// put in, so that nobody who saw a change is then shown the state before it.
func (s *Store) catalogue(ctx context.Context) (*catalogue, error) {
	for {
		seen := s.cached.current.Load()
		if seen != nil && seen.loaded && !s.deaf() {
			return seen, nil
		}
		c, err := loadCatalogue(s.view(ctx))
		if err != nil {
			return nil, err
		}
		// Beside another process that writes nothing is kept.
		if s.writer == nil || s.cached.current.CompareAndSwap(seen, c) {
			return c, nil
		}
	}
}

// loadCatalogue reads purposes before their texts and texts before forms, so
// that whatever is named is there.
func loadCatalogue(q querier) (*catalogue, error) {
	c := &catalogue{loaded: true, slugs: map[string]int{}, formSlug: map[string]int{}}
	var err error
	if c.purposes, err = loadPurposes(q); err != nil {
		return nil, err
	}
	if c.wordings, err = loadWordings(q); err != nil {
		return nil, err
	}
	for i := range c.purposes {
		p := &c.purposes[i]
		p.Texts = map[string]akkoord.PurposeText{}
		c.slugs[p.Slug] = i
		for _, locale := range akkoord.Locales {
			if text, ok := c.wordings[wordingKey{p.ID, p.Version, locale}]; ok {
				p.Texts[locale] = text
			}
		}
	}
	if c.forms, err = loadForms(q); err != nil {
		return nil, err
	}
	if c.attributes, err = loadAttributes(q); err != nil {
		return nil, err
	}
	if c.rules, err = loadRules(q); err != nil {
		return nil, err
	}
	if c.processors, err = loadProcessors(q); err != nil {
		return nil, err
	}
	if c.organisation, err = loadOrganisation(q); err != nil {
		return nil, err
	}
	if c.catching, err = loadCatching(q); err != nil {
		return nil, err
	}
	if c.domainKeys, err = loadSigningDomainKeys(q); err != nil {
		return nil, err
	}
	if c.brand, err = loadBrand(q); err != nil {
		return nil, err
	}
	if c.senders, err = loadSenders(q); err != nil {
		return nil, err
	}
	if c.relays, err = loadRelays(q); err != nil {
		return nil, err
	}
	for i, f := range c.forms {
		c.formSlug[f.Slug] = i
	}
	return c, nil
}

// purpose gives a purpose by number, or the zero Purpose.
func (c *catalogue) purpose(id int64) akkoord.Purpose {
	i, ok := slices.BinarySearchFunc(c.purposes, id, func(p akkoord.Purpose, id int64) int { return int(p.ID - id) })
	if !ok {
		return akkoord.Purpose{}
	}
	return c.purposes[i]
}

func loadPurposes(q querier) ([]akkoord.Purpose, error) {
	var out []akkoord.Purpose
	rows, err := q.query(`SELECT id, public_id, slug, basis, inactive_after, learn_after, version, wider, created_at, archived_at, sender, relays, public_archive, public_archive_at, ` + retentionColumns + ` FROM purpose ORDER BY id`)
	err = each(rows, err, func(r row) error {
		var p akkoord.Purpose
		var id []byte
		var created, archived, public, publicAt, stopped int64
		var signals, relays string
		err := r.Scan(&p.ID, &id, &p.Slug, &p.Basis, &p.InactiveAfter, &p.LearnAfter, &p.Version, &p.Wider, &created, &archived, &p.Sender, &relays, &public, &publicAt,
			&p.Retention.AskAgainAfter, &p.Retention.ExpireAfter, &signals, &stopped)
		p.Retention.Signals, p.Retention.Stopped = readSignals(signals), fromMicros(stopped)
		p.PublicID, p.CreatedAt, p.ArchivedAt, p.Relays = id16(id), fromMicros(created), fromMicros(archived), strings.Fields(relays)
		p.PublicArchive, p.PublicArchiveAt = public > 0, fromMicros(publicAt)
		out = append(out, p)
		return err
	})
	return out, err
}

func loadWordings(q querier) (map[wordingKey]akkoord.PurposeText, error) {
	out := map[wordingKey]akkoord.PurposeText{}
	rows, err := q.query(`SELECT purpose_id, version, locale, name, explanation, wording, frequency FROM purpose_text`)
	err = each(rows, err, func(r row) error {
		var k wordingKey
		var t akkoord.PurposeText
		err := r.Scan(&k.purpose, &k.version, &k.locale, &t.Name, &t.Explanation, &t.Wording, &t.Frequency)
		out[k] = t
		return err
	})
	return out, err
}
