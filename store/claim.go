package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"time"

	"akkoord"
)

// retryWindow is how many people whose next attempt is due are claimed at once.
const retryWindow = 200

// Claim gives one connection a window of deliveries of a mailing that is being
// sent, or nil when there is nothing to do now. Mailings take turns, and so do
// first attempts and retries. The gate is asked about each person in the same
// commit; those it refuses are skipped with its code and not in the window.
// Every window must be given to Release. What a killed process held is given
// back when the database is opened or, where others share it, by one of them.
func (s *Store) Claim(ctx context.Context) (*akkoord.Window, error) {
	return s.ClaimBy(ctx, akkoord.Carrier{Relay: akkoord.DefaultRelay})
}

// ClaimBy is Claim for a connection to a relay: what goes by another one first is
// left to that. A mailing none of whose relays may be used, since there is no
// agreement with the party that runs it, is paused (M28).
func (s *Store) ClaimBy(ctx context.Context, by akkoord.Carrier) (*akkoord.Window, error) {
	if idle, err := s.idle(ctx, by); idle || err != nil {
		return nil, err
	}
	for {
		var revision int64
		var w *akkoord.Window
		end := func() {}
		err := s.update(ctx, "claim", func(t *tx) (err error) {
			// All commits before this one are in the set already.
			end()
			s.journal.forget(w) // of a try that was undone
			revision, end = s.changes.watch()
			w, err = t.claim(by)
			return err
		})
		if err != nil || w == nil {
			end()
			s.journal.forget(w)
			return nil, err
		}
		if len(w.Recipients) == 0 { // the gate refused them all
			end()
			continue
		}
		w.Revision = revision
		s.journal.hold(w, end)
		return w, nil
	}
}

// claimTurn remembers whose turn it is. Only the writer touches it.
type claimTurn struct {
	mailing int64                    // that was claimed from last
	retries bool                     // retries come first next time
	asked   map[sentContent][]string // the interests that its blocks are for
}

// liveCampaign is what claiming needs to know of a mailing.
type liveCampaign struct {
	mailing, campaign, purpose int64
	plan                       akkoord.Plan
	winner                     int          // of its trial; -1: none yet
	trial                      bool         // it has one
	series                     bool         // it takes in people as their time comes
	version                    int          // of its content
	again                      time.Time    // when uncertain copies of it were last sent again
	room                       int          // how many people may be claimed now
	until                      time.Time    // until when they may be used; zero: for ever
	scopes                     []string     // what they count against
	from                       mail.Address // that its purpose names; zero: that of the settings
	relays                     []string     // that it may go by, in order
	relay                      int64        // that it is claimed for
}

func (t *tx) claim(by akkoord.Carrier) (*akkoord.Window, error) {
	if held, err := t.held(); held || err != nil {
		return nil, err
	}
	relays, err := t.carriers()
	if err != nil || !relays.serves(by) {
		return nil, err
	}
	live, err := t.sending()
	if err != nil {
		return nil, err
	}
	if live, err = t.spare(relays, live); err != nil {
		return nil, err
	}
	turn := &t.store.journal.turn
	split := slices.IndexFunc(live, func(m liveCampaign) bool { return m.mailing > turn.mailing })
	if split > 0 {
		live = slices.Concat(live[split:], live[:split])
	}
	for _, m := range live {
		if why := relays.against(m.relays); len(why) > 0 {
			if err := t.pauseFor(m.mailing, akkoord.StopFor(why[0])); err != nil {
				return nil, err
			}
			continue
		}
		if !by.Takes(m.relays, relays.may) {
			continue
		}
		m.relays, m.relay = relays.usable(m.relays), relays.known[by.Relay].id
		if err := t.roomFor(&m); err != nil {
			return nil, err
		}
		if m.room == 0 {
			continue
		}
		order := []func(liveCampaign) (*akkoord.Window, error){t.claimChunk, t.claimRetries}
		if turn.retries {
			slices.Reverse(order)
		}
		for _, claim := range order {
			w, err := claim(m)
			if w == nil && err == nil {
				continue
			}
			turn.mailing, turn.retries = m.mailing, !turn.retries
			return w, err
		}
	}
	return nil, nil
}

func (t *tx) sending() ([]liveCampaign, error) {
	var out []liveCampaign
	rows, err := t.query(`SELECT m.id, m.campaign_id, c.purpose_id, m.plan, m.winner, m.trial <> '', m.trigger_on <> '', m.version, m.again_at, p.relays, coalesce(f.name, ''), coalesce(f.address, '')
		FROM mailing m JOIN campaign c ON c.id = m.campaign_id JOIN purpose p ON p.id = c.purpose_id LEFT JOIN sender f ON f.slug = p.sender AND p.sender <> '' WHERE m.state = 'sending' AND p.archived_at = 0 ORDER BY m.id`)
	err = each(rows, err, func(r row) error {
		var m liveCampaign
		var plan, relays string
		var again int64
		if err := r.Scan(&m.mailing, &m.campaign, &m.purpose, &plan, &m.winner, &m.trial, &m.series, &m.version, &again, &relays, &m.from.Name, &m.from.Address); err != nil {
			return err
		}
		m.relays = akkoord.Purpose{Relays: strings.Fields(relays)}.RelayOrder()
		m.again = fromMicros(again)
		var err error
		m.plan, err = parsePlan(m.mailing, plan)
		out = append(out, m)
		return err
	})
	return out, err
}

func (t *tx) claimChunk(m liveCampaign) (*akkoord.Window, error) {
	w := t.window(m)
	var first, last int64
	err := t.queryRow(`UPDATE delivery_chunk SET state = 1, fence = $2, due_at = $3, relay = $4 WHERE id = (
			SELECT id FROM delivery_chunk WHERE mailing_id = $1 AND state = 0 AND due_at <= $3 ORDER BY id LIMIT 1)
		RETURNING id, first, last`, m.mailing, w.Fence, micros(t.now), m.relay).Scan(&w.Chunk, &first, &last)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if last, err = t.narrow(m, w.Chunk, first, last); err != nil {
		return nil, err
	}
	if err := t.setVersion(m, first, last); err != nil {
		return nil, err
	}
	rows, err := t.query(claimQuery+` AND d.subscriber_id BETWEEN $4 AND $5 AND d.state = 0 AND d.next_at <= $6 AND d.variant >= $7 ORDER BY d.subscriber_id`,
		m.mailing, m.purpose, m.campaign, first, last, micros(t.now), m.least())
	if err := t.admit(m, w, rows, err); err != nil {
		return nil, err
	}
	if len(w.Recipients) == 0 {
		return w, t.release(w)
	}
	return w, t.putClaim(w)
}

// least is the lowest variant that may be claimed: -1 waits for a winner.
func (m liveCampaign) least() int {
	if m.trial && m.winner < 0 {
		return 0
	}
	return -1
}

// window gives an empty window of a mailing.
func (t *tx) window(m liveCampaign) *akkoord.Window {
	return &akkoord.Window{MailingID: m.mailing, Fence: t.fence(), Sparse: m.plan.PerPerson() || m.trial, Until: m.until, Scopes: m.scopes, Slot: akkoord.PaceSlotOf(t.now), Again: m.again, From: m.from, Relays: m.relays}
}

// narrow cuts off a claimed chunk whom there is no room for, as an open chunk of
// their own, and gives its new last number: whoever is in a claimed chunk and due
// is in its window, which is what is known of them after a power cut.
func (t *tx) narrow(m liveCampaign, chunk, first, last int64) (int64, error) {
	if m.room >= chunkSize {
		return last, nil
	}
	var upto, n int64
	if err := t.queryRow(`SELECT coalesce(max(subscriber_id), 0), count(*) FROM (SELECT subscriber_id FROM delivery
			WHERE mailing_id = $1 AND subscriber_id BETWEEN $2 AND $3 AND state = 0 AND next_at <= $4 AND variant >= $6 ORDER BY subscriber_id LIMIT $5) AS part`,
		m.mailing, first, last, micros(t.now), m.room, m.least()).Scan(&upto, &n); err != nil || n < int64(m.room) || upto == last {
		return last, err
	}
	if err := t.exec(`INSERT INTO delivery_chunk (mailing_id, first, last, state, fence) VALUES ($1, $2, $3, 0, 0)`, m.mailing, upto+1, last); err != nil {
		return last, err
	}
	return upto, t.exec(`UPDATE delivery_chunk SET last = $2 WHERE id = $1`, chunk, upto)
}

func (t *tx) claimRetries(m liveCampaign) (*akkoord.Window, error) {
	w := t.window(m)
	taken, err := t.execCount(`UPDATE delivery SET fence = $2, carrier = $5 WHERE mailing_id = $1 AND subscriber_id IN (
			SELECT subscriber_id FROM delivery WHERE mailing_id = $1 AND state = 3 AND next_at > 0 AND next_at <= $3 AND fence = 0 ORDER BY next_at LIMIT $4)`,
		m.mailing, w.Fence, micros(t.now), min(retryWindow, m.room), m.relay)
	if err != nil || taken == 0 {
		return nil, err
	}
	rows, err := t.query(claimQuery+` AND d.state = 3 AND d.next_at <= $4 AND d.fence = $5 AND d.fence <> 0 ORDER BY d.next_at`,
		m.mailing, m.purpose, m.campaign, micros(t.now), w.Fence)
	if err := t.admit(m, w, rows, err); err != nil {
		return nil, err
	}
	if len(w.Recipients) == 0 {
		return w, t.finish(m.mailing)
	}
	return w, t.putClaim(w)
}

// claimQuery reads deliveries of mailing $1 with all that the gate asks, for
// purpose $2 and campaign $3; that the purpose is in use, sending asked.
const claimQuery = `SELECT d.subscriber_id, d.variant, d.attempts, d.first_at, s.public_id, s.email, s.name, s.locale, x.state,
	EXISTS (SELECT 1 FROM campaign_leave l WHERE l.subscriber_id = d.subscriber_id AND l.campaign_id = $3),
	EXISTS (SELECT 1 FROM suppression k WHERE k.hash = s.email_hash), coalesce(s.paused_until, 0),
	coalesce(x.basis, ''), coalesce(` + unfounded + `, FALSE), coalesce(` + outgrown + `, FALSE), coalesce(x.tracking, 0) > 0
	FROM delivery d LEFT JOIN subscriber s ON s.id = d.subscriber_id
	LEFT JOIN subscription x ON x.subscriber_id = d.subscriber_id AND x.purpose_id = $2
	WHERE d.mailing_id = $1`

// unfounded and outgrown are what akkoord.Facts call so, of a subscription x.
const (
	unfounded = `(x.basis = 'existing_customer' AND x.version = 0 AND x.ground = '')`
	outgrown  = `(x.basis = 'consent' AND x.version < (SELECT w.wider FROM purpose w WHERE w.id = x.purpose_id))`
)

// candidate is a person about to be claimed.
type candidate struct {
	akkoord.Recipient
	facts      akkoord.Facts
	suppressed bool // for some reason
}

// admit asks the gate about all rows, puts those it lets pass into the window
// and skips the others. They are counted against the caps.
func (t *tx) admit(m liveCampaign, w *akkoord.Window, rows rows, err error) error {
	var all []candidate
	err = each(rows, err, func(r row) error {
		c, err := scanCandidate(r, t.now)
		all = append(all, c)
		return err
	})
	if err != nil {
		return err
	}
	w.Recipients = make([]akkoord.Recipient, 0, len(all))
	for i := range all {
		c := &all[i]
		if c.suppressed {
			if c.facts.Suppressions, err = t.suppressionsOf(c.SubscriberID); err != nil {
				return err
			}
		}
		if v := akkoord.Gate(c.facts); !v.Allowed {
			if err := t.exec(`UPDATE delivery SET state = 6, code = $3, updated_at = $4 WHERE mailing_id = $1 AND subscriber_id = $2`,
				w.MailingID, c.SubscriberID, v.Code, micros(t.now)); err != nil {
				return err
			}
			continue
		}
		if c.Variant < 0 {
			c.Variant = m.winner
		}
		w.Recipients = append(w.Recipients, c.Recipient)
	}
	if err := t.readInterests(m, w.Recipients); err != nil {
		return err
	}
	if err := t.homeward(m, w); err != nil {
		return err
	}
	return t.spend(w, len(w.Recipients))
}

func (t *tx) suppressionsOf(subscriberID int64) (kinds []akkoord.SuppressionKind, err error) {
	rows, err := t.query(`SELECT k.kind FROM subscriber s JOIN suppression k ON k.hash = s.email_hash WHERE s.id = $1`, subscriberID)
	err = each(rows, err, func(r row) error {
		var kind akkoord.SuppressionKind
		err := r.Scan(&kind)
		kinds = append(kinds, kind)
		return err
	})
	return kinds, err
}

func scanCandidate(r row, now time.Time) (candidate, error) {
	var c candidate
	var id []byte
	var email, name, locale, state sql.NullString
	var first, paused int64
	err := r.Scan(&c.SubscriberID, &c.Variant, &c.Attempts, &first, &id, &email, &name, &locale, &state, &c.facts.LeftCampaign, &c.suppressed, &paused, &c.facts.Basis, &c.facts.Unfounded, &c.facts.Outgrown, &c.Tracked)
	if err != nil {
		return c, err
	}
	c.PublicID, c.Name, c.Locale, c.FirstAt = id16(id), name.String, locale.String, fromMicros(first)
	c.facts.Known, c.facts.State, c.facts.Mailing = email.Valid, akkoord.State(state.String), akkoord.MailingSending
	c.facts.Paused, c.Recipient.Basis = paused > micros(now), c.facts.Basis
	if email.Valid {
		if c.Email, err = akkoord.ParseEmail(email.String); err != nil {
			return c, fmt.Errorf("subscriber %d: the stored address does not parse", c.SubscriberID)
		}
	}
	return c, nil
}

// Ask is the last question before the first byte of a body: may this person
// get this mail now? It looks into the set that every commit feeds before its
// answer, and asks the database again only about what changed since the claim
// (P09, P13).
func (s *Store) Ask(ctx context.Context, w *akkoord.Window, i int) (akkoord.Verdict, error) {
	r := &w.Recipients[i]
	if !s.deaf() && !s.changes.since(w.Revision, r.SubscriberID, w.MailingID) {
		return akkoord.Verdict{Allowed: true}, nil
	}
	m, err := s.MailingByID(ctx, w.MailingID)
	if err != nil {
		return akkoord.Verdict{}, err
	}
	c, err := s.CampaignByID(ctx, m.CampaignID)
	if err != nil {
		return akkoord.Verdict{}, err
	}
	st, err := standing(s.view(ctx), byID, r.SubscriberID)
	if err != nil {
		return akkoord.Verdict{}, err
	}
	return akkoord.Gate(st.Facts(c.PurposeID, c.ID, m.State, s.cfg.Now())), nil
}
