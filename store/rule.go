package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"akkoord"
)

const (
	ruleStep    = 200   // people whom one commit of a rule about a date looks at
	previewMost = 20000 // people whom a preview looks at
)

// PutRule makes a rule (ID 0), or changes the one with its ID as it was read:
// one about a date then looks at everybody again. Errors: Invalid, and Conflict
// with code slug_taken, or rule_changed when ChangedAt is not that of the rule
// any more.
func (s *Store) PutRule(ctx context.Context, actor akkoord.Actor, wanted akkoord.Rule) (akkoord.Rule, error) {
	id, err := s.newID(s.cfg.Now())
	if err != nil {
		return wanted, err
	}
	var r akkoord.Rule
	err = s.update(ctx, "put rule", func(t *tx) error {
		r = wanted // a group may be written again
		c, err := loadCatalogue(t)
		if err != nil {
			return err
		}
		if r.ID == 0 {
			r.PublicID, r.CreatedAt = id, t.now
		}
		if r.ID != 0 && !slices.ContainsFunc(c.rules, func(x akkoord.Rule) bool { return x.ID == r.ID && x.ChangedAt.Equal(r.ChangedAt) }) {
			return akkoord.Errorf(akkoord.Conflict, "rule_changed", "Somebody changed this rule since you read it; read it again, and change it then.")
		}
		r.ChangedAt = t.now
		p, err := c.purposeNamed(r.Then.Purpose)
		if err != nil {
			return akkoord.Fieldf("then.purpose", "purpose_unknown", "There is no such purpose.")
		}
		if err := r.Check(c.attributes, p); err != nil {
			return err
		}
		if f := r.When.Form; f != "" {
			if _, ok := c.formSlug[f]; !ok {
				return akkoord.Fieldf("when.form", "form_unknown", "There is no such form.")
			}
		}
		return t.putRule(actor, &r)
	})
	return r, err
}

// ruleSpec is the part of a rule that is stored as JSON.
type ruleSpec struct {
	When   akkoord.Trigger `json:"when"`
	Then   akkoord.Action  `json:"then"`
	Reason string          `json:"reason"`
}

func (t *tx) putRule(actor akkoord.Actor, r *akkoord.Rule) error {
	spec, err := toJSON(ruleSpec{r.When, r.Then, r.Reason})
	if err != nil {
		return err
	}
	enabled := 0
	if r.Enabled {
		enabled = 1
	}
	t.catalogue = true
	if r.ID != 0 {
		if err := t.exec(`UPDATE rule SET spec = $2, enabled = $3, reach_value = '', reach_person = 0, changed_at = $4 WHERE id = $1`, r.ID, spec, enabled, micros(t.now)); err != nil {
			return err
		}
		return t.audit(actor, "rule.change", named("rule", r.Slug), fmt.Sprintf("enabled %v", r.Enabled))
	}
	if err := t.queryRow(`INSERT INTO rule (public_id, slug, spec, enabled, reach_value, reach_person, created_at, changed_at)
		VALUES ($1, $2, $3, $4, '', 0, $5, $5) ON CONFLICT (slug) DO NOTHING RETURNING id`, r.PublicID[:], r.Slug, spec, enabled, micros(t.now)).Scan(&r.ID); err != nil {
		return taken(err, "rule", r.Slug)
	}
	return t.audit(actor, "rule.create", named("rule", r.Slug), "")
}

// Rules gives all rules, oldest first. The list may not be changed.
func (s *Store) Rules(ctx context.Context) ([]akkoord.Rule, error) {
	c, err := s.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	return c.rules, nil
}

// Rule gives the rule with a slug, or NotFound.
func (s *Store) Rule(ctx context.Context, slug string) (akkoord.Rule, error) {
	all, err := s.Rules(ctx)
	i := slices.IndexFunc(all, func(r akkoord.Rule) bool { return r.Slug == slug })
	if err == nil && i < 0 {
		err = akkoord.Errorf(akkoord.NotFound, "not_found", "There is no such rule.")
	}
	if err != nil {
		return akkoord.Rule{}, err
	}
	return all[i], nil
}

func loadRules(q querier) ([]akkoord.Rule, error) {
	var out []akkoord.Rule
	rows, err := q.query(`SELECT id, public_id, slug, spec, enabled, created_at, changed_at FROM rule ORDER BY id`)
	err = each(rows, err, func(r row) error {
		var x akkoord.Rule
		var id []byte
		var spec string
		var enabled, created, changed int64
		if err := r.Scan(&x.ID, &id, &x.Slug, &spec, &enabled, &created, &changed); err != nil {
			return err
		}
		var part ruleSpec
		if err := json.Unmarshal([]byte(spec), &part); err != nil {
			return fmt.Errorf("rule %d: %w", x.ID, err)
		}
		x.PublicID, x.When, x.Then, x.Reason, x.Enabled = id16(id), part.When, part.Then, part.Reason, enabled == 1
		x.CreatedAt, x.ChangedAt = fromMicros(created), fromMicros(changed)
		out = append(out, x)
		return nil
	})
	return out, err
}

// occur runs the rules that an occasion sets off for one person, each on what
// those before it led to.
func (t *tx) occur(c *catalogue, st akkoord.Standing, values map[string]string, o akkoord.Occasion) error {
	for _, r := range c.rules {
		if !r.Fires(o, values, t.now) {
			continue
		}
		var err error
		if st, err = t.runRule(c, r, st, values); err != nil {
			return err
		}
	}
	return nil
}

// runRule does what a rule decides for one person, and gives what it led to. A
// rule that may not, or lacks facts, does nothing.
func (t *tx) runRule(c *catalogue, r akkoord.Rule, st akkoord.Standing, values map[string]string) (akkoord.Standing, error) {
	p, err := c.purposeNamed(r.Then.Purpose)
	if err != nil {
		return st, err
	}
	change, err := r.Apply(st, p.ID, values, t.now)
	if err != nil || change.IsZero() { // said by the preview
		return st, nil
	}
	if err := t.apply(st, change); err != nil {
		return st, err
	}
	return st.After(change), t.audit(akkoord.Actor(named("rule", r.Slug)), "subscriber.basis",
		named("subscriber", st.Subscriber.PublicID.String()), r.Then.Purpose+" "+cmp.Or(string(r.Then.Basis), r.Then.Do))
}

// hasForms reports whether a form that is filled in sets off a rule.
func (c *catalogue) hasForms() bool {
	return slices.ContainsFunc(c.rules, func(r akkoord.Rule) bool { return r.Enabled && r.When.Form != "" })
}

// confirmed runs the rules that the confirmation of a sign-up sets off.
func (t *tx) confirmed(c *catalogue, st akkoord.Standing, subs []akkoord.Subscription) error {
	if len(subs) == 0 || !c.hasForms() {
		return nil
	}
	var slug string
	if err := t.queryRow(`SELECT coalesce((SELECT f.slug FROM form_version v JOIN form f ON f.id = v.form_id WHERE v.id = $1), '')`, subs[0].Origin).Scan(&slug); err != nil || slug == "" {
		return err
	}
	values, err := attributesOf(t, st.Subscriber.ID)
	if err != nil {
		return err
	}
	return t.occur(c, st, values, akkoord.Occasion{Form: slug})
}

// RunRules is the run of a job of the kind akkoord.JobRules: for each rule about
// a date it looks at those whose time has come since it was last run, in commits
// of some people each, and goes on where another run stopped.
func (s *Store) RunRules(ctx context.Context, _ akkoord.Job) (time.Time, error) {
	rules, err := s.Rules(ctx)
	if err != nil {
		return time.Time{}, err
	}
	for _, r := range rules {
		for more := r.Enabled && r.When.Months > 0; more; {
			if err := ctx.Err(); err != nil {
				return time.Time{}, err
			}
			if more, err = s.ruleStep(ctx, r.ID); err != nil {
				return time.Time{}, err
			}
		}
	}
	return time.Time{}, nil
}

// dated is a person with a date, in the order in which a rule reaches them.
type dated struct {
	value  string
	person int64
}

func (s *Store) ruleStep(ctx context.Context, id int64) (more bool, err error) {
	err = s.update(ctx, "run rule", func(t *tx) error {
		more = false
		c, err := loadCatalogue(t)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(c.rules, func(r akkoord.Rule) bool { return r.ID == id })
		if i < 0 || !c.rules[i].Enabled || c.rules[i].When.Months == 0 {
			return nil
		}
		r := c.rules[i]
		var from dated
		if err := t.queryRow(`SELECT reach_value, reach_person FROM rule WHERE id = $1`, id).Scan(&from.value, &from.person); err != nil {
			return err
		}
		people, err := matching(t, c, r, from, r.When.Cutoff(t.now), ruleStep)
		if err != nil || len(people) == 0 {
			return err
		}
		for _, d := range people {
			if err := t.ruleFor(c, r, d.person); err != nil {
				return err
			}
		}
		last := people[len(people)-1]
		more = len(people) == ruleStep
		return t.exec(`UPDATE rule SET reach_value = $2, reach_person = $3 WHERE id = $1`, id, last.value, last.person)
	})
	return more, err
}

func (t *tx) ruleFor(c *catalogue, r akkoord.Rule, person int64) error {
	st, err := standing(t, byID, person)
	if err != nil || st.Subscriber.ID == 0 {
		return err
	}
	values, err := attributesOf(t, person)
	if err != nil || !r.Holds(values, t.now) {
		return err
	}
	_, err = t.runRule(c, r, st, values)
	return err
}

// matching gives the next people after from who have the attribute of a rule,
// with a value of at most upto.
func matching(q querier, c *catalogue, r akkoord.Rule, from dated, upto string, limit int) ([]dated, error) {
	a, err := c.attribute(r.When.Attribute)
	if err != nil {
		return nil, err
	}
	var out []dated
	rows, err := q.query(`SELECT value, subscriber_id FROM subscriber_attribute WHERE attribute_id = $1 AND (value, subscriber_id) > ($2, $3) AND value <= $4
		ORDER BY value, subscriber_id LIMIT $5`, a.ID, from.value, from.person, upto, limit)
	err = each(rows, err, func(r row) error {
		var d dated
		err := r.Scan(&d.value, &d.person)
		out = append(out, d)
		return err
	})
	return out, err
}

// endOfValues sorts after every value: U+10FFFF is no character.
const endOfValues = "\U0010FFFF"

// PreviewRule counts whom a rule would change if its condition were looked at
// for everybody now, and whom it can't. It changes nothing.
func (s *Store) PreviewRule(ctx context.Context, slug string) (akkoord.RulePreview, error) {
	out := akkoord.RulePreview{Refused: []akkoord.LeftOut{}, Complete: true}
	r, err := s.Rule(ctx, slug)
	if err != nil || r.When.Form != "" {
		return out, err
	}
	c, err := s.catalogue(ctx)
	if err != nil {
		return out, err
	}
	p, err := c.purposeNamed(r.Then.Purpose)
	if err != nil {
		return out, err
	}
	v, now := s.view(ctx), s.cfg.Now()
	upto := endOfValues
	if r.When.Months > 0 {
		upto = r.When.Cutoff(now)
	}
	var sums akkoord.Audience
	for from := (dated{}); ; {
		people, err := matching(v, c, r, from, upto, ruleStep)
		if err != nil || len(people) == 0 {
			out.Refused = append(out.Refused, sums.LeftOut...)
			return out, err
		}
		if out.LookedAt >= previewMost {
			out.Complete, out.Refused = false, append(out.Refused, sums.LeftOut...)
			return out, nil
		}
		for _, d := range people {
			from = d
			if err := previewFor(v, r, p.ID, d.person, now, &out, &sums); err != nil {
				return out, err
			}
		}
	}
}

func previewFor(q querier, r akkoord.Rule, purposeID, person int64, now time.Time, out *akkoord.RulePreview, sums *akkoord.Audience) error {
	st, err := standing(q, byID, person)
	if err != nil || st.Subscriber.ID == 0 {
		return err
	}
	values, err := attributesOf(q, person)
	if err != nil || !r.Holds(values, now) {
		return err
	}
	out.LookedAt++
	change, err := r.Apply(st, purposeID, values, now)
	switch {
	case err != nil:
		sums.Add(akkoord.CodeOf(err), 1)
	case change.IsZero():
		out.Unchanged++
	default:
		out.WouldChange++
	}
	return nil
}
