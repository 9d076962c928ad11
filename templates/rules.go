package templates

import "time"

// AttributesPage is GET /admin/attributes.
type AttributesPage struct {
	Admin
	Attributes []AttributeRow
	CanChange  bool
	Types      []string
	Purposes   []Option
}

// AttributeRow is something that can be known of people, for one purpose.
type AttributeRow struct{ Slug, Type, Purpose string }

// RulesPage is GET /admin/rules: the rules that change on which basis people
// are mailed (M7).
type RulesPage struct {
	Admin
	Rules []RuleRow
	Form  *RuleForm // nil: not by this user
}

// RuleRow is a rule, to be told in words.
type RuleRow struct {
	Slug, URL, Reason       string
	Enabled                 bool
	Attribute, Equals, Form string // when
	Months                  int
	Do, Basis, Purpose      string // then
	ChangedAt               time.Time
}

// When names the kind of the rule's condition.
func (r RuleRow) When() string {
	switch {
	case r.Form != "":
		return "form"
	case r.Months > 0:
		return "months"
	case r.Equals != "":
		return "equals"
	}
	return "set"
}

// RuleForm is the form of a new rule, or one that is there. It is posted to
// Action with act=save.
type RuleForm struct {
	Action                   string
	Row                      RuleRow
	Text, SoldOn, Sale       string
	Similar, RefusalOffered  bool
	Purposes                 []Option
	Attributes, Dates, Forms []string
	Read                     string // which state of the rule was read; empty for a new one
}

// Bases are those that a rule can give.
func (RuleForm) Bases() []string { return []string{"existing_customer", "contract", "other"} }

// RulePage is GET /admin/rules/{slug}: a rule and whom it would change today.
type RulePage struct {
	Admin
	Rule                             RuleRow
	LookedAt, WouldChange, Unchanged int
	Refused                          []LeftOutRow
	Complete                         bool
	Form                             *RuleForm
}

func (AttributesPage) file() string { return "admin/attributes.html" }
func (RulesPage) file() string      { return "admin/rules.html" }
func (RulePage) file() string       { return "admin/rule.html" }
