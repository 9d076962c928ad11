package api

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"akkoord"
)

// Attributes keeps what can be known of people.
type Attributes interface {
	AddAttribute(ctx context.Context, actor akkoord.Actor, a akkoord.Attribute, purpose string) (akkoord.Attribute, error)
	Attributes(ctx context.Context) ([]akkoord.Attribute, error)
	Learned(ctx context.Context, st akkoord.Standing) ([]akkoord.LearnedInterest, error)
	AttributesOf(ctx context.Context, subscriberID int64) (map[string]string, error)
}

// Rules keeps the rules that change bases.
type Rules interface {
	PutRule(ctx context.Context, actor akkoord.Actor, r akkoord.Rule) (akkoord.Rule, error)
	Rules(ctx context.Context) ([]akkoord.Rule, error)
	Rule(ctx context.Context, slug string) (akkoord.Rule, error)
	PreviewRule(ctx context.Context, slug string) (akkoord.RulePreview, error)
}

// newAttribute is the body of POST /attributes.
type newAttribute struct {
	Slug    string                `json:"slug"`
	Type    akkoord.AttributeType `json:"type" enum:"text,number,date,flag"`
	Purpose string                `json:"purpose" doc:"Slug of the one purpose that it serves."`
}

type attribute struct {
	ID        akkoord.ID            `json:"id" format:"uuid"`
	Slug      string                `json:"slug"`
	Type      akkoord.AttributeType `json:"type"`
	Purpose   string                `json:"purpose"`
	CreatedAt *Time                 `json:"created_at"`
}

func (a *API) showAttribute(ctx context.Context, x akkoord.Attribute) (attribute, error) {
	slugs, err := a.cfg.Store.PurposeSlugs(ctx, []int64{x.PurposeID})
	return attribute{x.PublicID, x.Slug, x.Type, slugs[x.PurposeID], when(x.CreatedAt)}, err
}

func (a *API) createAttribute(ctx context.Context, in *struct{ Body newAttribute }) (attribute, error) {
	b := in.Body
	x, err := a.cfg.Store.AddAttribute(ctx, caller(ctx).Actor(), akkoord.Attribute{Slug: b.Slug, Type: b.Type}, b.Purpose)
	if err != nil {
		return attribute{}, unknown(err, "purpose")
	}
	return a.showAttribute(ctx, x)
}

func (a *API) listAttributes(ctx context.Context, in *struct{ Paging }) (list[attribute], error) {
	page, err := in.page()
	if err != nil {
		return list[attribute]{}, err
	}
	all, err := a.cfg.Store.Attributes(ctx)
	if err != nil {
		return list[attribute]{}, err
	}
	rows, next := cut(all, func(x akkoord.Attribute) int64 { return x.ID }, page)
	var shown []attribute
	for _, x := range rows {
		one, err := a.showAttribute(ctx, x)
		if err != nil {
			return list[attribute]{}, err
		}
		shown = append(shown, one)
	}
	return newList(shown, next, func(x attribute) attribute { return x }), nil
}

// attributeValues reads what PATCH /subscribers/{id} sets.
func attributeValues(values map[string]any) (map[string]*string, error) {
	out := map[string]*string{}
	for slug, v := range values {
		var s string
		switch v := v.(type) {
		case nil:
			out[slug] = nil
			continue
		case string:
			s = v
		case bool:
			s = strconv.FormatBool(v)
		case float64:
			s = strconv.FormatFloat(v, 'f', -1, 64)
		default:
			return nil, akkoord.Fieldf("attributes", "attribute_value", "The value of %q is text, a number, true, false or null.", slug)
		}
		out[slug] = &s
	}
	return out, nil
}

// showOne is showSubscriber for one person, with their attributes and what was learned of them.
func (a *API) showOne(ctx context.Context, st akkoord.Standing) (subscriber, error) {
	out, err := a.showSubscriber(ctx, st)
	if err != nil {
		return out, err
	}
	if out.Attributes, err = a.cfg.Store.AttributesOf(ctx, st.Subscriber.ID); err != nil {
		return out, err
	}
	learned, err := a.cfg.Store.Learned(ctx, st)
	for _, l := range learned {
		p, err := a.cfg.Store.PurposeByID(ctx, l.PurposeID)
		if err != nil {
			return out, err
		}
		out.Learned = append(out.Learned, learnedInterest{p.Slug, l.Topic, l.Links, when(l.LastAt)})
	}
	return out, err
}

// newRule is the body of POST /rules.
type newRule struct {
	Slug    string          `json:"slug"`
	When    akkoord.Trigger `json:"when"`
	Then    akkoord.Action  `json:"then"`
	Reason  string          `json:"reason" doc:"Why the basis changes; kept as evidence of each change."`
	Enabled *bool           `json:"enabled,omitempty" default:"true"`
}

type rule struct {
	ID        akkoord.ID      `json:"id" format:"uuid"`
	Slug      string          `json:"slug"`
	When      akkoord.Trigger `json:"when"`
	Then      akkoord.Action  `json:"then"`
	Reason    string          `json:"reason"`
	Enabled   bool            `json:"enabled"`
	CreatedAt *Time           `json:"created_at"`
	ChangedAt *Time           `json:"changed_at"`
}

func showRule(r akkoord.Rule) rule {
	return rule{r.PublicID, r.Slug, r.When, r.Then, r.Reason, r.Enabled, when(r.CreatedAt), when(r.ChangedAt)}
}

func (a *API) createRule(ctx context.Context, in *struct{ Body newRule }) (rule, error) {
	b := in.Body
	r, err := a.cfg.Store.PutRule(ctx, caller(ctx).Actor(), akkoord.Rule{Slug: b.Slug, When: b.When, Then: b.Then, Reason: b.Reason, Enabled: b.Enabled == nil || *b.Enabled})
	return showRule(r), err
}

// ruleChange is the body of PATCH /rules/{slug}. What is left out stays as it
// is.
type ruleChange struct {
	When    *akkoord.Trigger `json:"when,omitempty" doc:"Takes the place of the one there was, as then does."`
	Then    *akkoord.Action  `json:"then,omitempty"`
	Reason  string           `json:"reason,omitempty"`
	Enabled *bool            `json:"enabled,omitempty"`
	Changed string           `json:"changed_at,omitempty" format:"date-time" doc:"That of the rule as you read it: 409, rule_changed, when it was changed since."`
}

func (a *API) changeRule(ctx context.Context, in *struct {
	BySlug
	Body ruleChange
}) (rule, error) {
	r, err := a.cfg.Store.Rule(ctx, in.Slug)
	if err != nil {
		return rule{}, err
	}
	b := in.Body
	if b.Changed != "" {
		if r.ChangedAt, err = time.Parse(time.RFC3339, b.Changed); err != nil {
			return rule{}, akkoord.Fieldf("changed_at", "time_invalid", "Write changed_at as the rule has it, like 2026-11-24T09:30:00.000000Z.")
		}
	}
	r.Reason = cmp.Or(b.Reason, r.Reason)
	if b.When != nil {
		r.When = *b.When
	}
	if b.Then != nil {
		r.Then = *b.Then
	}
	if b.Enabled != nil {
		r.Enabled = *b.Enabled
	}
	r, err = a.cfg.Store.PutRule(ctx, caller(ctx).Actor(), r)
	return showRule(r), err
}

func (a *API) listRules(ctx context.Context, in *struct{ Paging }) (list[rule], error) {
	page, err := in.page()
	if err != nil {
		return list[rule]{}, err
	}
	all, err := a.cfg.Store.Rules(ctx)
	if err != nil {
		return list[rule]{}, err
	}
	rows, next := cut(all, func(r akkoord.Rule) int64 { return r.ID }, page)
	return newList(rows, next, showRule), nil
}

func (a *API) readRule(ctx context.Context, in *BySlug) (rule, error) {
	r, err := a.cfg.Store.Rule(ctx, in.Slug)
	return showRule(r), err
}

func (a *API) previewRule(ctx context.Context, in *BySlug) (akkoord.RulePreview, error) {
	return a.cfg.Store.PreviewRule(ctx, in.Slug)
}
