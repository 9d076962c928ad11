package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"akkoord"
)

// Pace is how fast an installation may send mailings. The zero Pace sets no
// limit.
type Pace struct {
	Cap    akkoord.Cap    // of all mailings together
	Warmup akkoord.Warmup // of Domain
	Domain string         // that mailings are sent from
}

// claimUse is how long a window may be used that counts against a cap: the time
// that akkoord.Cap.Room leaves to it.
const claimUse = akkoord.PaceSlot

// paceKept is longer than anything is counted for.
const paceKept = 48 * time.Hour

const scopeAll = "all"

func scopeOf(mailingID int64) string { return "mailing:" + strconv.FormatInt(mailingID, 10) }

func (p Pace) domainScope() string { return "domain:" + p.Domain }

func (p Pace) warms() bool { return p.Warmup.First > 0 && p.Domain != "" }

// ofDomain reports whether mail from a sender, empty for that of the settings, is mail
// of the domain that warms up.
func (p Pace) ofDomain(sender string) bool {
	_, domain, _ := strings.Cut(sender, "@")
	return p.warms() && (sender == "" || strings.EqualFold(domain, p.Domain))
}

// scopes are what the mails of a mailing from a sender are counted under.
func (s *Store) scopes(mailingID int64, sender string, plan akkoord.Plan) (out []string) {
	if plan.Cap != (akkoord.Cap{}) {
		out = append(out, scopeOf(mailingID))
	}
	if s.cfg.Pace.Cap != (akkoord.Cap{}) {
		out = append(out, scopeAll)
	}
	if s.cfg.Pace.ofDomain(sender) {
		out = append(out, s.cfg.Pace.domainScope())
	}
	return out
}

// course gives what is known of how fast a mailing may go now.
func (s *Store) course(q querier, mailingID int64, sender string, plan akkoord.Plan, now time.Time) (akkoord.Course, error) {
	c := akkoord.Course{Plan: plan, AllCap: s.cfg.Pace.Cap}
	for _, scope := range s.scopes(mailingID, sender, plan) {
		counts, err := paceCounts(q, scope, now)
		if err != nil {
			return c, err
		}
		switch scope {
		case scopeAll:
			c.All = counts
		case s.cfg.Pace.domainScope():
			c.Warmup, c.Domain = s.cfg.Pace.Warmup, counts
			if c.Warm, err = s.warm(q, now); err != nil {
				return c, err
			}
		default:
			c.Own = counts
		}
	}
	return c, nil
}

func paceCounts(q querier, scope string, now time.Time) ([]akkoord.PaceCount, error) {
	var out []akkoord.PaceCount
	rows, err := q.query(`SELECT slot, mails FROM pace WHERE scope = $1 AND slot > $2`, scope, akkoord.PaceSlotOf(now.Add(-paceKept)))
	return out, each(rows, err, func(r row) error {
		var c akkoord.PaceCount
		err := r.Scan(&c.Slot, &c.Mails)
		out = append(out, c)
		return err
	})
}

// warm is how far the warm-up of the sending domain is.
func (s *Store) warm(q querier, now time.Time) (akkoord.WarmupState, error) {
	var w akkoord.WarmupState
	var since int64
	err := q.queryRow(`SELECT step, since, sent FROM warmup WHERE domain = $1`, s.cfg.Pace.Domain).Scan(&w.Step, &since, &w.Sent)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return w, err
	}
	w.Since = fromMicros(since)
	return s.cfg.Pace.Warmup.At(w, now), nil
}

// spend counts n mails of a mailing in the slot of a window, or takes them back.
func (t *tx) spend(w *akkoord.Window, n int) error {
	for _, scope := range w.Scopes {
		if err := t.exec(`INSERT INTO pace (scope, slot, mails) VALUES ($1, $2, $3)
			ON CONFLICT (scope, slot) DO UPDATE SET mails = pace.mails + excluded.mails`, scope, w.Slot, n); err != nil {
			return err
		}
		if scope != t.store.cfg.Pace.domainScope() {
			continue
		}
		s, err := t.store.warm(t, t.now)
		if err != nil {
			return err
		}
		s.Sent = max(s.Sent+n, 0)
		if err := t.exec(`INSERT INTO warmup (domain, step, since, sent) VALUES ($1, $2, $3, $4)
			ON CONFLICT (domain) DO UPDATE SET step = excluded.step, since = excluded.since, sent = excluded.sent`,
			t.store.cfg.Pace.Domain, s.Step, micros(s.Since), s.Sent); err != nil {
			return err
		}
	}
	return nil
}

// roomFor is how many people of a mailing may be claimed now, and until when
// they may be used.
func (t *tx) roomFor(m *liveCampaign) error {
	m.room = math.MaxInt
	m.scopes = t.store.scopes(m.mailing, m.from.Address, m.plan)
	if len(m.scopes) == 0 && m.plan.Hours.All() {
		return nil
	}
	c, err := t.store.course(t, m.mailing, m.from.Address, m.plan, t.now)
	if err != nil {
		return err
	}
	m.room = c.Room(t.now).Mails
	if len(m.scopes) > 0 {
		m.until = t.now.Add(claimUse)
	}
	if !m.plan.PerPerson() {
		m.until = earliest(m.until, m.plan.Hours.End(t.now, m.plan.Location()))
	}
	return nil
}

// earliest gives the earlier of two times; a zero one is none.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// zoneAttribute is the number of the attribute that a plan takes people's zones
// from; 0: none.
func zoneAttribute(q querier, plan akkoord.Plan, purposeID int64) (id int64, err error) {
	if !plan.PerPerson() {
		return 0, nil
	}
	err = q.queryRow(`SELECT id FROM attribute WHERE slug = $1 AND purpose_id = $2 AND type = 'text'`, plan.ZoneAttribute, purposeID).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return id, err
}

// checkPlan refuses a plan whose attribute is not there, or serves another
// purpose.
func (t *tx) checkPlan(m akkoord.Mailing) error {
	if !m.Plan.PerPerson() {
		return nil
	}
	var purpose int64
	if err := t.queryRow(`SELECT purpose_id FROM campaign WHERE id = $1`, m.CampaignID).Scan(&purpose); err != nil {
		return missing(err, "campaign")
	}
	id, err := zoneAttribute(t, m.Plan, purpose)
	if err == nil && id == 0 {
		err = akkoord.Fieldf("zone_attribute", "attribute_unknown", "There is no text attribute %s of the campaign's purpose.", m.Plan.ZoneAttribute)
	}
	return err
}

// awaitTimes puts down when it is time for each of the people after first up to
// upto whom a step froze, where that is not at once.
func (t *tx) awaitTimes(m akkoord.Mailing, purposeID, first, upto int64) error {
	attribute, err := zoneAttribute(t, m.Plan, purposeID)
	if err != nil || !m.Plan.PerPerson() {
		return err
	}
	home := m.Plan.TimeOf(m.SendAt, m.Plan.Location(), m.StartedAt)
	if home.After(t.now) {
		if err := t.exec(`UPDATE delivery SET next_at = $4 WHERE mailing_id = $1 AND subscriber_id > $2 AND subscriber_id <= $3 AND state = 0`, m.ID, first, upto, micros(home)); err != nil {
			return err
		}
	}
	last := home
	var names []string
	rows, err := t.query(`SELECT DISTINCT value FROM subscriber_attribute WHERE attribute_id = $1 AND subscriber_id > $2 AND subscriber_id <= $3 ORDER BY value`, attribute, first, upto)
	if err := each(rows, err, func(r row) error {
		var name string
		err := r.Scan(&name)
		names = append(names, name)
		return err
	}); err != nil {
		return err
	}
	for _, name := range names {
		at := m.Plan.TimeOf(m.SendAt, m.Plan.ZoneOf(name), m.StartedAt)
		if at.Equal(home) {
			continue
		}
		if at.After(last) {
			last = at
		}
		if err := t.exec(`UPDATE delivery SET next_at = $4 WHERE mailing_id = $1 AND subscriber_id > $2 AND subscriber_id <= $3 AND state = 0
			AND subscriber_id IN (SELECT v.subscriber_id FROM subscriber_attribute v WHERE v.attribute_id = $5 AND v.value = $6 AND v.subscriber_id > $2 AND v.subscriber_id <= $3)`,
			m.ID, first, upto, micros(at), attribute, name); err != nil {
			return err
		}
	}
	return t.exec(`UPDATE mailing SET last_at = $2 WHERE id = $1 AND last_at < $2`, m.ID, micros(last))
}

// homeward leaves only those in a window for whom it is within the hours by
// their own clock; the others wait until it is.
func (t *tx) homeward(m liveCampaign, w *akkoord.Window) error {
	if !m.plan.PerPerson() || m.plan.Hours.All() || len(w.Recipients) == 0 {
		return nil
	}
	attribute, err := zoneAttribute(t, m.plan, m.purpose)
	if err != nil {
		return err
	}
	least, most := w.Recipients[0].SubscriberID, w.Recipients[0].SubscriberID
	for i := range w.Recipients {
		least, most = min(least, w.Recipients[i].SubscriberID), max(most, w.Recipients[i].SubscriberID)
	}
	names := map[int64]string{}
	rows, err := t.query(`SELECT subscriber_id, value FROM subscriber_attribute WHERE attribute_id = $1 AND subscriber_id BETWEEN $2 AND $3`, attribute, least, most)
	if err := each(rows, err, func(r row) error {
		var id int64
		var name string
		err := r.Scan(&id, &name)
		names[id] = name
		return err
	}); err != nil {
		return err
	}
	zones := map[string]*time.Location{}
	here := w.Recipients[:0]
	for _, r := range w.Recipients {
		name := names[r.SubscriberID]
		if zones[name] == nil {
			zones[name] = m.plan.ZoneOf(name)
		}
		next := m.plan.Hours.Next(t.now, zones[name])
		if !next.After(t.now) {
			w.Until = earliest(w.Until, m.plan.Hours.End(t.now, zones[name]))
			here = append(here, r)
			continue
		}
		if err := t.exec(`UPDATE delivery SET next_at = $3, fence = 0 WHERE mailing_id = $1 AND subscriber_id = $2`, m.mailing, r.SubscriberID, micros(next)); err != nil {
			return err
		}
	}
	w.Recipients = here
	return nil
}

// Course gives what is known of how a mailing goes on, with the mails a second
// that its caller measured; 0: not known.
func (s *Store) Course(ctx context.Context, m akkoord.Mailing, left int64, rate float64) (akkoord.Course, error) {
	v, now := s.view(ctx), s.cfg.Now()
	var sender string
	if err := v.queryRow(`SELECT coalesce(f.address, '') FROM campaign c JOIN purpose p ON p.id = c.purpose_id LEFT JOIN sender f ON f.slug = p.sender AND p.sender <> '' WHERE c.id = $1`, m.CampaignID).Scan(&sender); err != nil {
		return akkoord.Course{}, missing(err, "campaign")
	}
	c, err := s.course(v, m.ID, sender, m.Plan, now)
	if err != nil {
		return c, err
	}
	c.Left, c.Rate = left, rate
	if m.State == akkoord.MailingScheduled {
		c.From = m.Plan.Begins(m.SendAt)
	}
	c.LastAt = m.LastAt
	if m.Trial != nil && m.Decision == nil && m.State == akkoord.MailingSending {
		c.Held, c.Decides, err = undecided(v, m, now)
	}
	return c, err
}

// Speed gives what limits mailings of the settings' sender now.
func (s *Store) Speed(ctx context.Context) (akkoord.Speed, error) {
	now := s.cfg.Now()
	c, err := s.course(s.view(ctx), 0, "", akkoord.Plan{}, now)
	var domain string
	if s.cfg.Pace.warms() {
		domain = s.cfg.Pace.Domain
	}
	return c.Speed(domain, now), err
}

func parsePlan(mailingID int64, text string) (p akkoord.Plan, err error) {
	if text == "{}" {
		return p, nil
	}
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return p, fmt.Errorf("mailing %d: plan: %w", mailingID, err)
	}
	return p, nil
}
