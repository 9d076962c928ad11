package admin

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"akkoord"
	"akkoord/templates"
)

// Rules keeps the rules that change bases, and what they know of people.
type Rules interface {
	Attributes(ctx context.Context) ([]akkoord.Attribute, error)
	AddAttribute(ctx context.Context, actor akkoord.Actor, a akkoord.Attribute, purpose string) (akkoord.Attribute, error)
	Rules(ctx context.Context) ([]akkoord.Rule, error)
	Rule(ctx context.Context, slug string) (akkoord.Rule, error)
	PutRule(ctx context.Context, actor akkoord.Actor, r akkoord.Rule) (akkoord.Rule, error)
	PreviewRule(ctx context.Context, slug string) (akkoord.RulePreview, error)
}

const rulesPath = Prefix + "/rules"

// attributes lists what can be known of people beyond name, language and
// interests.
func (s *Site) attributes(w http.ResponseWriter, r *http.Request, v visit) error {
	page := templates.AttributesPage{Admin: s.frame(r, v, "purposes"), CanChange: v.user.Role.May(akkoord.ChangePurposes)}
	for _, t := range []akkoord.AttributeType{akkoord.AttributeText, akkoord.AttributeNumber, akkoord.AttributeDate, akkoord.AttributeFlag} {
		page.Types = append(page.Types, string(t))
	}
	purposes, err := s.cfg.Store.Purposes(r.Context())
	if err != nil {
		return err
	}
	page.Purposes = options(purposes, v.locale)
	all, err := s.cfg.Store.Attributes(r.Context())
	if err != nil {
		return err
	}
	for _, a := range all {
		page.Attributes = append(page.Attributes, templates.AttributeRow{Slug: a.Slug, Type: string(a.Type), Purpose: purposeName(purposes, a.PurposeID, v.locale)})
	}
	return s.page(w, v, http.StatusOK, page)
}

// purposeName gives the name of the purpose with a number; empty where there is
// none.
func purposeName(purposes []akkoord.Purpose, id int64, locale string) string {
	if i := slices.IndexFunc(purposes, func(p akkoord.Purpose) bool { return p.ID == id }); i >= 0 {
		return purposes[i].Text(locale).Name
	}
	return ""
}

func options(purposes []akkoord.Purpose, locale string) []templates.Option {
	var out []templates.Option
	for _, p := range purposes {
		out = append(out, templates.Option{Value: p.Slug, Name: p.Text(locale).Name})
	}
	return out
}

func (s *Site) addAttribute(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	f := r.PostForm
	_, err := s.cfg.Store.AddAttribute(r.Context(), v.user.Actor(), akkoord.Attribute{Slug: f.Get("slug"), Type: akkoord.AttributeType(f.Get("type"))}, f.Get("purpose"))
	if akkoord.KindOf(err) == akkoord.NotFound {
		err = akkoord.Fieldf("purpose", "purpose_unknown", "There is no such purpose.")
	}
	return s.done(w, r, err, "attribute", Prefix+"/attributes")
}

// rules lists the rules in words, with a form for a new one.
func (s *Site) rules(w http.ResponseWriter, r *http.Request, v visit) error {
	page := templates.RulesPage{Admin: s.frame(r, v, "purposes")}
	purposes, err := s.cfg.Store.Purposes(r.Context())
	if err != nil {
		return err
	}
	rules, err := s.cfg.Store.Rules(r.Context())
	if err != nil {
		return err
	}
	for _, rule := range rules {
		page.Rules = append(page.Rules, ruleRow(rule, purposes, v.locale))
	}
	page.Form, err = s.ruleForm(r.Context(), v, purposes, akkoord.Rule{})
	if err != nil {
		return err
	}
	return s.page(w, v, http.StatusOK, page)
}

func ruleRow(r akkoord.Rule, purposes []akkoord.Purpose, locale string) templates.RuleRow {
	row := templates.RuleRow{
		Slug: r.Slug, URL: rulesPath + "/" + r.Slug, Enabled: r.Enabled, Reason: r.Reason, Attribute: r.When.Attribute, Months: r.When.Months, Form: r.When.Form,
		Do: r.Then.Do, Basis: string(r.Then.Basis), Purpose: r.Then.Purpose, ChangedAt: r.ChangedAt,
	}
	if r.When.Equals != nil {
		row.Equals = *r.When.Equals
	}
	if i := slices.IndexFunc(purposes, func(p akkoord.Purpose) bool { return p.Slug == r.Then.Purpose }); i >= 0 {
		row.Purpose = purposes[i].Text(locale).Name
	}
	return row
}

// ruleForm gives the form of a rule, empty for who may not change any.
func (s *Site) ruleForm(ctx context.Context, v visit, purposes []akkoord.Purpose, r akkoord.Rule) (*templates.RuleForm, error) {
	if !v.user.Role.May(akkoord.ChangePurposes) {
		return nil, nil
	}
	f := &templates.RuleForm{
		Action: rulesPath, Row: ruleRow(r, nil, v.locale), Text: r.Then.Text, SoldOn: r.Then.SoldOn, Sale: r.Then.Sale,
		Similar: r.Then.Similar, RefusalOffered: r.Then.RefusalOffered, Purposes: options(purposes, v.locale),
	}
	if r.ID != 0 {
		f.Action, f.Read = rulesPath+"/"+r.Slug, strconv.FormatInt(r.ChangedAt.UnixMicro(), 10)
	}
	attributes, err := s.cfg.Store.Attributes(ctx)
	if err != nil {
		return nil, err
	}
	for _, a := range attributes {
		f.Attributes = append(f.Attributes, a.Slug)
		if a.Type == akkoord.AttributeDate {
			f.Dates = append(f.Dates, a.Slug)
		}
	}
	forms, err := s.cfg.Store.Forms(ctx)
	if err != nil {
		return nil, err
	}
	for _, x := range forms {
		f.Forms = append(f.Forms, x.Slug)
	}
	return f, nil
}

// rule shows one rule, and whom it would change today.
func (s *Site) rule(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx := r.Context()
	rule, err := s.cfg.Store.Rule(ctx, r.PathValue("rule"))
	if err != nil {
		return err
	}
	purposes, err := s.cfg.Store.Purposes(ctx)
	if err != nil {
		return err
	}
	preview, err := s.cfg.Store.PreviewRule(ctx, rule.Slug)
	if err != nil {
		return err
	}
	page := templates.RulePage{
		Admin: s.frame(r, v, "purposes"), Rule: ruleRow(rule, purposes, v.locale),
		LookedAt: int(preview.LookedAt), WouldChange: int(preview.WouldChange), Unchanged: int(preview.Unchanged), Complete: preview.Complete,
	}
	for _, l := range preview.Refused {
		page.Refused = append(page.Refused, templates.LeftOutRow{Code: l.Code, Count: int(l.Count)})
	}
	if page.Form, err = s.ruleForm(ctx, v, purposes, rule); err != nil {
		return err
	}
	return s.page(w, v, http.StatusOK, page)
}

func (s *Site) addRule(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	rule, err := posted(r, akkoord.Rule{Slug: r.PostForm.Get("slug"), Enabled: true})
	next := rulesPath
	if err == nil {
		rule, err = s.cfg.Store.PutRule(r.Context(), v.user.Actor(), rule)
	}
	if err == nil {
		next += "/" + rule.Slug
	}
	return s.done(w, r, err, "rule", next)
}

// changeRule changes a rule as it was on the page, switches it off, or on.
func (s *Site) changeRule(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	rule, err := s.cfg.Store.Rule(r.Context(), r.PathValue("rule"))
	if err != nil {
		return err
	}
	switch r.PostForm.Get("act") {
	case "stop":
		rule.Enabled = false
	case "start":
		rule.Enabled = true
	case "save":
		if r.PostForm.Get("read") != strconv.FormatInt(rule.ChangedAt.UnixMicro(), 10) {
			err = akkoord.Errorf(akkoord.Conflict, "rule_changed", "Somebody changed this rule since you read it; read it again, and change it then.")
			break
		}
		rule, err = posted(r, rule)
	default:
		err = akkoord.Fieldf("act", "value_invalid", "Press one of the buttons.")
	}
	if err == nil {
		_, err = s.cfg.Store.PutRule(r.Context(), v.user.Actor(), rule)
	}
	return s.done(w, r, err, "rule", rulesPath+"/"+rule.Slug)
}

// posted gives a rule with what a form says.
func posted(r *http.Request, rule akkoord.Rule) (akkoord.Rule, error) {
	f := r.PostForm
	rule.Reason = f.Get("reason")
	rule.When = akkoord.Trigger{Attribute: f.Get("attribute"), Form: f.Get("form")}
	if v := strings.TrimSpace(f.Get("equals")); v != "" {
		rule.When.Equals = &v
	}
	if months := f.Get("months"); months != "" {
		n, err := strconv.Atoi(months)
		if err != nil {
			return rule, akkoord.Fieldf("when.months", "number_range", "The number of months is a whole number.")
		}
		rule.When.Months = n
	}
	rule.Then = akkoord.Action{
		Do: f.Get("do"), Purpose: f.Get("purpose"), Basis: akkoord.Basis(f.Get("basis")), Text: f.Get("text"), SoldOn: f.Get("sold_on"), Sale: f.Get("sale"),
		Similar: f.Get("similar") != "", RefusalOffered: f.Get("refusal_offered") != "",
	}
	return rule, nil
}
