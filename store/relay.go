package store

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"akkoord"
)

// AddRelay stores a relay with its URL, which is sealed and never given out but by
// RelaySettings. Errors: those of akkoord.Relay.Check, Invalid with code
// processor_unknown, and Conflict with codes slug_taken and too_many_relays.
func (s *Store) AddRelay(ctx context.Context, actor akkoord.Actor, r akkoord.RelaySettings) (akkoord.Relay, error) {
	if err := r.Check(); err != nil {
		return r.Relay, err
	}
	id, err := s.newID(s.cfg.Now())
	if err != nil {
		return r.Relay, err
	}
	sealed, err := s.sealRelay(id, r.URL)
	if err != nil {
		return r.Relay, err
	}
	var out akkoord.Relay
	err = s.update(ctx, "add relay", func(t *tx) error {
		out = r.Relay
		out.PublicID, out.Version, out.CreatedAt, out.RetiredAt = id, 1, t.now, time.Time{}
		if err := t.checkParty(out.Processor); err != nil {
			return err
		}
		if since, err := loadCatching(t); err != nil || !since.IsZero() {
			return cmp.Or(err, error(errTrial))
		}
		var have int
		if err := t.queryRow(`SELECT count(*) FROM relay WHERE retired_at = 0`).Scan(&have); err != nil {
			return err
		}
		if have >= akkoord.MaxRelays {
			return akkoord.Errorf(akkoord.Conflict, "too_many_relays", "There are %d relays already, which are the most; retire one first.", have)
		}
		if err := t.queryRow(`INSERT INTO relay (public_id, slug, addr, security, login, connections, processor, url, version, created_at, retired_at, notices)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, 0, $10) ON CONFLICT (slug) DO NOTHING RETURNING id`,
			id[:], out.Slug, out.Addr, out.Security, numberOf(out.Login), out.Connections, out.Processor, sealed, micros(t.now), numberOf(out.Notices)).Scan(&out.ID); err != nil {
			return taken(err, "relay", out.Slug)
		}
		t.changedRelays()
		return t.audit(actor, "relay.create", named("relay", out.Slug), "at "+out.Addr+", by "+out.Processor)
	})
	return out, err
}

// EditRelay changes a relay from what it is at that moment; edit may be called more
// than once. An empty URL leaves the one that is stored. Errors: NotFound, and
// those of AddRelay.
func (s *Store) EditRelay(ctx context.Context, actor akkoord.Actor, slug string, url akkoord.Secret, edit func(*akkoord.Relay)) (akkoord.Relay, error) {
	var out akkoord.Relay
	err := s.update(ctx, "edit relay", func(t *tx) error {
		have, sealed, err := relayInUse(t, slug)
		if err != nil {
			return err
		}
		out = have
		edit(&out)
		out.ID, out.PublicID, out.Slug, out.RetiredAt = have.ID, have.PublicID, have.Slug, have.RetiredAt
		if out == have && url == "" {
			return nil
		}
		if err := out.Check(); err != nil {
			return err
		}
		if err := t.checkParty(out.Processor); err != nil {
			return err
		}
		note := "at " + out.Addr + ", by " + out.Processor
		if url != "" {
			if sealed, err = s.sealRelay(have.PublicID, url); err != nil {
				return err
			}
			note += ", new URL"
		}
		out.Version = have.Version + 1
		if err := t.exec(`UPDATE relay SET addr = $2, security = $3, login = $4, connections = $5, processor = $6, url = $7, version = $8, notices = $9 WHERE id = $1`,
			have.ID, out.Addr, out.Security, numberOf(out.Login), out.Connections, out.Processor, sealed, out.Version, numberOf(out.Notices)); err != nil {
			return err
		}
		t.changedRelays()
		return t.audit(actor, "relay.change", named("relay", slug), note)
	})
	return out, err
}

// RetireRelay takes a relay out of use, and off the lists of purposes. Its URL is
// deleted. It is a Conflict with code relay_in_use where a purpose names no other.
func (s *Store) RetireRelay(ctx context.Context, actor akkoord.Actor, slug string) (akkoord.Relay, error) {
	var out akkoord.Relay
	err := s.update(ctx, "retire relay", func(t *tx) error {
		have, _, err := relayInUse(t, slug)
		if err != nil {
			return err
		}
		purposes, err := loadPurposes(t)
		if err != nil {
			return err
		}
		for _, p := range purposes {
			if !slices.Contains(p.Relays, slug) {
				continue
			}
			if len(p.Relays) == 1 {
				return akkoord.Errorf(akkoord.Conflict, "relay_in_use", "Mailings of the purpose %s go by this relay alone; give it another first.", p.Slug)
			}
			left := slices.DeleteFunc(slices.Clone(p.Relays), func(r string) bool { return r == slug })
			if err := t.exec(`UPDATE purpose SET relays = $2 WHERE id = $1`, p.ID, strings.Join(left, " ")); err != nil {
				return err
			}
			if err := t.audit(actor, "purpose.route", named("purpose", p.Slug), "by "+strings.Join(left, ", ")); err != nil {
				return err
			}
		}
		out = have
		out.RetiredAt, out.Login, out.Version = t.now, false, have.Version+1
		if err := t.exec(`UPDATE relay SET retired_at = $2, version = $3, login = 0, url = $4 WHERE id = $1`, have.ID, micros(t.now), out.Version, []byte{}); err != nil {
			return err
		}
		t.changedRelays()
		return t.audit(actor, "relay.retire", named("relay", slug), "")
	})
	return out, err
}

// changedRelays has all who know relays read them again.
func (t *tx) changedRelays() {
	t.catalogue, t.outbox, t.mailing = true, true, true
}

// RoutePurpose says which sender a purpose's mailings come from and which relays they
// go by, in order; empty: those of the settings. What is claimed from then on goes
// so. Errors: NotFound, and Invalid with the field sender or relays.
func (s *Store) RoutePurpose(ctx context.Context, actor akkoord.Actor, slug, sender string, relays []string) (akkoord.Purpose, error) {
	if slices.Equal(relays, []string{akkoord.DefaultRelay}) {
		relays = nil
	}
	var out akkoord.Purpose
	err := s.update(ctx, "route purpose", func(t *tx) error {
		c, err := loadCatalogue(t)
		if err != nil {
			return err
		}
		if out, err = c.purposeNamed(slug); err != nil {
			return err
		}
		if out.Sender == sender && slices.Equal(out.Relays, relays) {
			return nil
		}
		out.Sender, out.Relays = sender, relays
		if err := out.Check(); err != nil {
			return err
		}
		if sender != "" && !slices.ContainsFunc(c.senders, func(a akkoord.SendingAddress) bool { return a.Slug == sender && a.RetiredAt.IsZero() }) {
			return akkoord.Fieldf("sender", "sender_unknown", "There is no sender %q.", sender)
		}
		for _, name := range relays {
			if name != akkoord.DefaultRelay && !slices.ContainsFunc(c.relays, func(r sealedRelay) bool { return r.Slug == name && r.RetiredAt.IsZero() }) {
				return akkoord.Fieldf("relays", "relay_unknown", "There is no relay %q.", name)
			}
		}
		t.catalogue, t.mailing = true, true
		if err := t.exec(`UPDATE purpose SET sender = $2, relays = $3 WHERE id = $1`, out.ID, sender, strings.Join(relays, " ")); err != nil {
			return err
		}
		note := "by " + strings.Join(out.RelayOrder(), ", ")
		if sender != "" {
			note += ", from " + sender
		}
		return t.audit(actor, "purpose.route", named("purpose", slug), note)
	})
	return out, err
}

// sealedRelay is a relay with its URL as it is stored.
type sealedRelay struct {
	akkoord.Relay
	url []byte
}

func relaySeal(id akkoord.ID) string { return "relay:" + id.String() }

func (s *Store) sealRelay(id akkoord.ID, url akkoord.Secret) ([]byte, error) {
	sealer, err := s.cfg.Keyring.Sealer(s.cfg.Random)
	if err != nil {
		return nil, err
	}
	return sealer.Seal([]byte(url), relaySeal(id))
}

// Relays gives the relays beside that of the settings, oldest first; those that were
// retired too.
func (s *Store) Relays(ctx context.Context) ([]akkoord.Relay, error) {
	c, err := s.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]akkoord.Relay, len(c.relays))
	for i, r := range c.relays {
		out[i] = r.Relay
	}
	return out, nil
}

// Relay gives the relay with a slug, or NotFound.
func (s *Store) Relay(ctx context.Context, slug string) (akkoord.Relay, error) {
	all, err := s.Relays(ctx)
	for _, r := range all {
		if r.Slug == slug {
			return r, err
		}
	}
	if err == nil {
		err = errNoRelay
	}
	return akkoord.Relay{}, err
}

var errNoRelay = akkoord.Errorf(akkoord.NotFound, "not_found", "There is no such relay.")

// RelaySettings gives the relays that are in use with their URLs, from memory, for
// whoever dials them. One whose URL was sealed under another key is left out.
func (s *Store) RelaySettings(ctx context.Context) ([]akkoord.RelaySettings, error) {
	c, err := s.catalogue(ctx)
	if err != nil || len(c.relays) == 0 {
		return nil, err
	}
	sealer, err := s.cfg.Keyring.Sealer(s.cfg.Random)
	if err != nil {
		return nil, err
	}
	var out []akkoord.RelaySettings
	for _, r := range c.relays {
		if !r.RetiredAt.IsZero() {
			continue
		}
		url, err := sealer.Open(r.url, relaySeal(r.PublicID))
		if err != nil {
			if s.relays.unopened(r.Relay) {
				s.cfg.Log.Error("the URL of a relay can't be opened; give it another", "relay", r.Slug)
			}
			continue
		}
		out = append(out, akkoord.RelaySettings{Relay: r.Relay, URL: akkoord.Secret(url)})
	}
	return out, nil
}

const relayQuery = `SELECT id, public_id, slug, addr, security, login, connections, processor, url, version, created_at, retired_at, notices FROM relay`

func loadRelays(q querier) ([]sealedRelay, error) {
	rows, err := q.query(relayQuery + ` ORDER BY id`)
	return list(rows, err, scanRelay)
}

func relayInUse(q querier, slug string) (akkoord.Relay, []byte, error) {
	r, err := scanRelay(q.queryRow(relayQuery+` WHERE slug = $1 AND retired_at = 0`, slug))
	return r.Relay, r.url, missing(err, "relay")
}

func scanRelay(r row) (sealedRelay, error) {
	var out sealedRelay
	var id []byte
	var login, created, retired, notices int64
	err := r.Scan(&out.ID, &id, &out.Slug, &out.Addr, &out.Security, &login, &out.Connections, &out.Processor, &out.url, &out.Version, &created, &retired, &notices)
	out.Notices = notices > 0
	out.PublicID, out.Login, out.CreatedAt, out.RetiredAt = id16(id), login > 0, fromMicros(created), fromMicros(retired)
	return out, err
}

// relayLook is how long what is known of relays and the agreements with their
// parties is believed: another node may have changed it.
const relayLook = 10 * time.Second

// relayBook remembers which relays there are and what forbids handing mail to
// them, so that claiming asks for it by the clock alone.
type relayBook struct {
	mu     sync.Mutex
	known  *carriers // nil: to be read
	until  time.Time
	sealed map[int64]int // versions of relays of which a line of the log says that they can't be opened
}

// drop has the register read again.
func (b *relayBook) drop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.known = nil
}

// unopened reports whether it is news that a relay's URL can't be opened.
func (b *relayBook) unopened(r akkoord.Relay) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.sealed[r.ID] == r.Version {
		return false
	}
	if b.sealed == nil {
		b.sealed = map[int64]int{}
	}
	b.sealed[r.ID] = r.Version
	return true
}

// read gives the relays as of a time, from memory where that is good enough.
func (b *relayBook) read(q querier, settings string, now time.Time) (carriers, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.known != nil && now.Before(b.until) {
		return *b.known, nil
	}
	relays, err := loadRelays(q)
	if err != nil {
		return carriers{}, err
	}
	register, err := loadProcessors(q)
	if err != nil {
		return carriers{}, err
	}
	c := carriers{known: map[string]knownRelay{akkoord.DefaultRelay: {why: akkoord.PartyObstacles(settings, register, now)}}, notices: []string{akkoord.DefaultRelay}}
	for _, r := range relays {
		c.known[r.Slug] = knownRelay{r.ID, r.Version, r.Obstacles(register, now)}
		if r.Notices {
			c.notices = append(c.notices, r.Slug)
		}
	}
	b.known, b.until = &c, now.Add(relayLook)
	for _, p := range register {
		for _, turns := range []time.Time{p.Agreement.SignedOn, p.Agreement.Ends()} {
			if turns.After(now) && turns.Before(b.until) {
				b.until = turns
			}
		}
	}
	return c, nil
}

// carriers are the relays that there are at some time. What they say decides alone
// whether there is a mail server, and which: all that hands out mail asks them.
type carriers struct {
	known   map[string]knownRelay
	notices []string // those that carry mail of no mailing, in order
	caught  bool     // it is a trial: that of the settings only catches mails (ADR 59)
}

type knownRelay struct {
	id      int64
	version int
	why     []akkoord.Reason // what forbids using it
}

// errNoServer is why no mail goes by a relay of the settings that say none.
var errNoServer = akkoord.Reason{Code: "no_relay", Message: "There is no mail server: set AKKOORD_SMTP, or say which relays mailings of this purpose go by."}

// carriers gives the relays as of now. Where the settings name no mail server their
// relay is there only while mails are caught in its place.
func (s *Store) carriers(book *relayBook, q querier, now time.Time) (carriers, error) {
	c, err := book.read(q, s.cfg.Relay, now)
	if err != nil || !s.cfg.Catches {
		return c, err
	}
	since, err := loadCatching(q)
	if c.caught = !since.IsZero(); !c.caught {
		c.known = maps.Clone(c.known)
		c.known[akkoord.DefaultRelay] = knownRelay{why: []akkoord.Reason{errNoServer}}
	}
	return c, err
}

func (t *tx) carriers() (carriers, error) { return t.store.carriers(&t.store.relays, t, t.now) }

// serves reports whether a carrier is a relay as it is now: what was dialled before it
// was changed takes nothing more.
func (c carriers) serves(by akkoord.Carrier) bool {
	r, ok := c.known[by.Relay]
	return ok && r.version == by.Version
}

// may reports whether mail may be handed to a relay.
func (c carriers) may(slug string) bool {
	r, ok := c.known[slug]
	return ok && len(r.why) == 0
}

// usable gives those of an order that mail may be handed to.
func (c carriers) usable(order []string) []string {
	return slices.DeleteFunc(slices.Clone(order), func(slug string) bool { return !c.may(slug) })
}

// against gives what forbids each relay of an order, of which none may be used;
// nothing where one may.
func (c carriers) against(order []string) (all []akkoord.Reason) {
	for _, slug := range order {
		if c.may(slug) {
			return nil
		}
		if r, ok := c.known[slug]; ok {
			all = append(all, r.why...)
		} else {
			all = append(all, akkoord.RelayRetired)
		}
	}
	return all
}

// RouteObstacles gives all that forbids handing mail of a purpose to any of its
// relays, or nothing (M28).
func (s *Store) RouteObstacles(ctx context.Context, purposeID int64) ([]akkoord.Reason, error) {
	p, err := s.PurposeByID(ctx, purposeID)
	if err != nil {
		return nil, err
	}
	c, err := s.carriers(new(relayBook), s.view(ctx), s.cfg.Now())
	return c.against(p.RelayOrder()), err
}

// RelaysOf gives those relays of an order that mail may be handed to now (M28).
func (s *Store) RelaysOf(ctx context.Context, order []string) ([]string, error) {
	c, err := s.carriers(new(relayBook), s.view(ctx), s.cfg.Now())
	return c.usable(order), err
}

// mayRelay refuses to go on sending mail of a campaign where none of its relays may be
// used, but for there being none, of which its page tells before.
func (t *tx) mayRelay(campaignID int64) error {
	why, err := t.routeReasons(campaignID)
	if err != nil || len(why) == 0 || why[0].Code == errNoServer.Code {
		return err
	}
	return &akkoord.Error{Kind: akkoord.Conflict, Code: why[0].Code, Message: "No mail may go to the party that runs the mail server.", Reasons: why}
}

func (t *tx) routeReasons(campaignID int64) ([]akkoord.Reason, error) {
	var relays string
	if err := t.queryRow(`SELECT p.relays FROM campaign c JOIN purpose p ON p.id = c.purpose_id WHERE c.id = $1`, campaignID).Scan(&relays); err != nil {
		return nil, err
	}
	c, err := t.carriers()
	return c.against(akkoord.Purpose{Relays: strings.Fields(relays)}.RelayOrder()), err
}
