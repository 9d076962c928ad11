package store

import (
	"context"
	"fmt"
	"time"

	"akkoord"
)

const domainKeyQuery = `SELECT id, public_id, domain, selector, kind, public, state, created_at, seen_at, signs_from, retired_at FROM domain_key`

// DomainKeys gives the DKIM keys that were made here, oldest first; there are
// at most akkoord.DomainKeys.
func (s *Store) DomainKeys(ctx context.Context) ([]akkoord.DomainKey, error) {
	return loadDomainKeys(s.view(ctx))
}

func loadDomainKeys(q querier) ([]akkoord.DomainKey, error) {
	rows, err := q.query(domainKeyQuery + ` ORDER BY id`)
	return list(rows, err, func(r row) (akkoord.DomainKey, error) {
		var k akkoord.DomainKey
		var id []byte
		var created, seen, signs, retired int64
		err := r.Scan(&k.ID, &id, &k.Domain, &k.Selector, &k.Kind, &k.Public, &k.State, &created, &seen, &signs, &retired)
		if err != nil {
			return k, err
		}
		k.PublicID, k.CreatedAt, k.SeenAt, k.SignsFrom, k.RetiredAt = id16(id), fromMicros(created), fromMicros(seen), fromMicros(signs), fromMicros(retired)
		return k, nil
	})
}

// AddDomainKey stores a new DKIM key with its private half, which is sealed,
// under a selector by its month that no other has; taken are selectors of keys
// elsewhere. Errors: those of akkoord.CheckDomainKeyKind, and Conflict with code
// too_many_dkim.
func (s *Store) AddDomainKey(ctx context.Context, actor akkoord.Actor, k akkoord.DomainKey, private []byte, taken []string) (akkoord.DomainKey, error) {
	if err := akkoord.CheckDomainKeyKind(k.Kind); err != nil {
		return k, err
	}
	id, err := s.newID(s.cfg.Now())
	if err != nil {
		return k, err
	}
	sealer, err := s.cfg.Keyring.Sealer(s.cfg.Random)
	if err != nil {
		return k, err
	}
	sealed, err := sealer.Seal(private, domainKeySeal(id))
	if err != nil {
		return k, err
	}
	k.PublicID, k.State = id, akkoord.DomainKeyNew
	err = s.update(ctx, "add domain key", func(t *tx) error {
		all, err := loadDomainKeys(t)
		if err != nil {
			return err
		}
		if len(all) >= akkoord.DomainKeys {
			return akkoord.Errorf(akkoord.Conflict, "too_many_dkim", "There are %d DKIM keys already, which are the most; remove one that signs no more.", len(all))
		}
		names := append([]string(nil), taken...)
		for _, other := range all {
			names = append(names, other.Selector)
		}
		k.Selector, k.CreatedAt = akkoord.DomainSelector(k.Kind, t.now, names), t.now
		if err := t.queryRow(`INSERT INTO domain_key (public_id, domain, selector, kind, public, secret, state, created_at, seen_at, signs_from, retired_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, 0) RETURNING id`,
			id[:], k.Domain, k.Selector, string(k.Kind), k.Public, sealed, string(k.State), micros(t.now)).Scan(&k.ID); err != nil {
			return err
		}
		t.catalogue = true
		return t.audit(actor, "dkim.create", named("dkim", id.String()), k.Selector+", "+k.Domain)
	})
	return k, err
}

// MoveDomainKey changes a DKIM key, and others with it, by a rule that is given
// it, all keys and the time; the rule may be called more than once. The private
// half of what is retired by it is destroyed. Errors: NotFound and the rule's.
func (s *Store) MoveDomainKey(ctx context.Context, actor akkoord.Actor, id akkoord.ID, action, note string, rule func(k akkoord.DomainKey, all []akkoord.DomainKey, now time.Time) ([]akkoord.DomainKey, error)) (akkoord.DomainKey, error) {
	var out akkoord.DomainKey
	err := s.update(ctx, "move domain key", func(t *tx) error {
		all, err := loadDomainKeys(t)
		if err != nil {
			return err
		}
		if out, err = domainKeyNamed(all, id); err != nil {
			return err
		}
		moved, err := rule(out, all, t.now)
		if err != nil {
			return err
		}
		for _, k := range moved {
			if err := t.exec(`UPDATE domain_key SET state = $2, seen_at = $3, signs_from = $4, retired_at = $5, secret = CASE WHEN $2 = 'retired' THEN $6 ELSE secret END WHERE id = $1`,
				k.ID, string(k.State), micros(k.SeenAt), micros(k.SignsFrom), micros(k.RetiredAt), []byte{}); err != nil {
				return err
			}
			if k.ID == out.ID {
				out = k
				continue
			}
			if err := t.audit(actor, "dkim."+string(k.State), named("dkim", k.PublicID.String()), k.Selector+", "+k.Domain); err != nil {
				return err
			}
		}
		t.catalogue = true
		said := out.Selector + ", " + out.Domain
		if note != "" {
			said += ", " + note
		}
		return t.audit(actor, action, named("dkim", id.String()), said)
	})
	return out, err
}

// RemoveDomainKey forgets a DKIM key. Errors: NotFound and those of
// akkoord.DomainKey.CheckRemove.
func (s *Store) RemoveDomainKey(ctx context.Context, actor akkoord.Actor, id akkoord.ID) error {
	return s.update(ctx, "remove domain key", func(t *tx) error {
		all, err := loadDomainKeys(t)
		if err != nil {
			return err
		}
		k, err := domainKeyNamed(all, id)
		if err != nil {
			return err
		}
		if err := k.CheckRemove(t.now); err != nil {
			return err
		}
		if err := t.exec(`DELETE FROM domain_key WHERE id = $1`, k.ID); err != nil {
			return err
		}
		return t.audit(actor, "dkim.remove", named("dkim", id.String()), k.Selector+", "+k.Domain)
	})
}

func domainKeyNamed(all []akkoord.DomainKey, id akkoord.ID) (akkoord.DomainKey, error) {
	for _, k := range all {
		if k.PublicID == id {
			return k, nil
		}
	}
	return akkoord.DomainKey{}, akkoord.Errorf(akkoord.NotFound, "not_found", "There is no such DKIM key.")
}

func domainKeySeal(id akkoord.ID) string { return "dkim:" + id.String() }

// sealedDomainKey is a DKIM key that signs, with its private half as it is stored.
type sealedDomainKey struct {
	id       int64
	public   akkoord.ID
	domain   string
	selector string
	secret   []byte
}

func loadSigningDomainKeys(q querier) ([]sealedDomainKey, error) {
	rows, err := q.query(`SELECT id, public_id, domain, selector, secret FROM domain_key WHERE state = 'signing' ORDER BY kind DESC, id`)
	return list(rows, err, func(r row) (sealedDomainKey, error) {
		var k sealedDomainKey
		var id []byte
		err := r.Scan(&k.id, &id, &k.domain, &k.selector, &k.secret)
		if err == nil {
			k.public = id16(id)
		}
		return k, err
	})
}

// SigningDomainKeys gives the numbers of the DKIM keys that mail of a domain is
// signed by, from memory, RSA first.
func (s *Store) SigningDomainKeys(ctx context.Context, domain string) ([]int64, error) {
	c, err := s.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	var out []int64
	for _, k := range c.domainKeys {
		if k.domain == domain {
			out = append(out, k.id)
		}
	}
	return out, nil
}

// DomainKeySecrets gives the private halves of the DKIM keys that mail of a domain
// is signed by, from memory, RSA first.
func (s *Store) DomainKeySecrets(ctx context.Context, domain string) ([]akkoord.DomainKeySecret, error) {
	c, err := s.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	sealer, err := s.cfg.Keyring.Sealer(s.cfg.Random)
	if err != nil {
		return nil, err
	}
	var out []akkoord.DomainKeySecret
	for _, k := range c.domainKeys {
		if k.domain != domain {
			continue
		}
		private, err := sealer.Open(k.secret, domainKeySeal(k.public))
		if err != nil {
			return nil, fmt.Errorf("open the DKIM key of selector %s: %w", k.selector, err)
		}
		out = append(out, akkoord.DomainKeySecret{ID: k.id, Selector: k.selector, Private: private})
	}
	return out, nil
}
