package admin_test

import (
	"net/url"
	"strings"
	"testing"

	"akkoord"
)

// rule makes a rule called "sale" with the attributes that it needs.
func (f *fixture) rule() {
	f.t.Helper()
	ctx := f.t.Context()
	for _, a := range []akkoord.Attribute{{Slug: "last-purchase", Type: akkoord.AttributeDate}, {Slug: "order", Type: akkoord.AttributeText}} {
		_, err := f.store.AddAttribute(ctx, akkoord.ActorSystem, a, "travel-news")
		f.check(err)
	}
	_, err := f.store.PutRule(ctx, akkoord.ActorSystem, akkoord.Rule{Slug: "sale", Reason: "bought", Enabled: true, When: akkoord.Trigger{Attribute: "last-purchase"},
		Then: akkoord.Action{Do: akkoord.RuleSetBasis, Purpose: "travel-news", Basis: akkoord.BasisExistingCustomer, SoldOn: "last-purchase", Sale: "order", Similar: true, RefusalOffered: true}})
	f.check(err)
}

// TestRulesByForm makes attributes and a rule, tells it in words with whom it
// would change, changes it and switches it off (M7).
func TestRulesByForm(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	b := f.as(akkoord.RoleManager)
	for _, a := range []url.Values{{"slug": {"last-purchase"}, "type": {"date"}}, {"slug": {"order"}, "type": {"text"}}} {
		a.Set("purpose", "travel-news")
		if page := b.post("/admin/attributes", "/admin/attributes", a); !strings.Contains(page.body, a.Get("slug")) || !strings.Contains(page.body, "The attribute is there.") {
			t.Errorf("%s", page.body)
		}
	}
	for _, bad := range []url.Values{{"slug": {"order"}, "type": {"text"}, "purpose": {"travel-news"}}, {"slug": {"Ä"}, "type": {"text"}, "purpose": {"travel-news"}}, {"slug": {"x"}, "type": {"blob"}, "purpose": {"travel-news"}}, {"slug": {"x"}, "type": {"text"}, "purpose": {"no"}}} {
		if page := b.post("/admin/attributes", "/admin/attributes", bad); !strings.Contains(page.body, `role="alert"`) {
			t.Errorf("%v is taken", bad)
		}
	}
	rule := url.Values{"slug": {"sale"}, "reason": {"bought a trip"}, "attribute": {"last-purchase"}, "do": {"set_basis"}, "purpose": {"travel-news"}, "basis": {"existing_customer"},
		"sold_on": {"last-purchase"}, "sale": {"order"}, "similar": {"1"}}
	if page := b.post("/admin/rules", "/admin/rules", rule); !strings.Contains(page.body, `role="alert"`) {
		t.Errorf("a sale at which refusing was not offered is taken: %s", page.body)
	}
	rule.Set("refusal_offered", "1")
	when := rule.Get("attribute")
	rule.Del("attribute")
	if page := b.post("/admin/rules", "/admin/rules", rule); !strings.Contains(page.body, "Say when the rule applies") {
		t.Errorf("a rule without an occasion: %s", page.body)
	}
	rule.Set("attribute", when)
	const path = "/admin/rules/sale"
	page := b.post("/admin/rules", path, rule)
	for _, want := range []string{"The rule is saved.", "When last-purchase is set, the basis for Travel news becomes: existing customer.", "Whom it would change today", `name="read"`} {
		if !strings.Contains(page.body, want) {
			t.Errorf("lacks %q: %s", want, page.body)
		}
	}
	b.get("/admin/rules", "bought a trip", `href="`+path+`"`)
	_, read, _ := strings.Cut(page.body, `name="read" value="`)
	read, _, _ = strings.Cut(read, `"`)
	rule.Set("act", "save")
	rule.Set("read", read)
	rule.Set("months", "6")
	if page := b.post(path, path, rule); !strings.Contains(page.body, "6 months after last-purchase,") {
		t.Errorf("%s", page.body)
	}
	if page := b.post(path, path, rule); !strings.Contains(page.body, `role="alert"`) {
		t.Error("a change of what was changed since is taken")
	}
	if page := b.post(path, path, url.Values{"act": {"stop"}}); !strings.Contains(page.body, `value="start"`) {
		t.Errorf("%s", page.body)
	}
	if page := b.post(path, path, url.Values{"act": {"start"}}); !strings.Contains(page.body, `value="stop"`) {
		t.Errorf("%s", page.body)
	}
	if analyst := f.as(akkoord.RoleAnalyst); strings.Contains(analyst.get(path).body, `value="save"`) || strings.Contains(analyst.get("/admin/attributes").body, `name="slug"`) {
		t.Error("an analyst has a form")
	}
}
