package storetest

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

// testDomainKeys holds DKIM keys against E.6: selectors by month, private halves
// that are handed out while they sign and destroyed after, and an audit line for
// every step.
func testDomainKeys(t *testing.T, open Open) {
	cfg, clock := Config(t)
	a := NewAgency(t, open(t, cfg), clock)
	ctx := t.Context()
	add := func(kind akkoord.DomainKeyKind, private string) akkoord.DomainKey {
		t.Helper()
		return must(a.AddDomainKey(ctx, Admin, akkoord.DomainKey{Domain: "zonvaart.example", Kind: kind, Public: []byte(private + " public")}, []byte(private), []string{"akkoord" + clock.Now().Format("200601") + "e"}))(t)
	}
	signers := func(domain string) (out []string) {
		t.Helper()
		ids := must(a.SigningDomainKeys(ctx, domain))(t)
		for _, s := range must(a.DomainKeySecrets(ctx, domain))(t) {
			if len(ids) == 0 || ids[0] != s.ID {
				t.Fatalf("%s signs, and the numbers that are left are %v", s, ids)
			}
			out, ids = append(out, string(s.Private)), ids[1:]
		}
		if len(ids) > 0 {
			t.Errorf("%v sign without a private half", ids)
		}
		return out
	}
	sign := func(k akkoord.DomainKey) akkoord.DomainKey {
		t.Helper()
		return must(a.MoveDomainKey(ctx, Admin, k.PublicID, "dkim.sign", "", func(k akkoord.DomainKey, all []akkoord.DomainKey, now time.Time) ([]akkoord.DomainKey, error) {
			return k.Sign(all, true, false, now)
		}))(t)
	}
	month := "akkoord" + clock.Now().Format("200601")
	one, ed := add(akkoord.DomainKeyRSA, "one"), add(akkoord.DomainKeyEd25519, "ed")
	if one.Selector != month || ed.Selector != month+"e-2" || one.State != akkoord.DomainKeyNew {
		t.Errorf("%+v %+v", one, ed)
	}
	if got := signers("zonvaart.example"); got != nil {
		t.Errorf("new keys sign: %v", got)
	}
	sign(one)
	sign(ed)
	if d := cmp.Diff([]string{"one", "ed"}, signers("zonvaart.example")); d != "" || signers("ander.example") != nil {
		t.Errorf("two sign: %s", d)
	}
	if err := a.RemoveDomainKey(ctx, Admin, one.PublicID); akkoord.CodeOf(err) != "dkim_in_use" {
		t.Errorf("one that signs is removed: %v", err)
	}
	two := add(akkoord.DomainKeyRSA, "two")
	sign(two)
	if d := cmp.Diff([]string{"two", "ed"}, signers("zonvaart.example")); d != "" || two.Selector != month+"-2" {
		t.Errorf("after the switch: %s %s", two.Selector, d)
	}
	all := must(a.DomainKeys(ctx))(t)
	if all[0].State != akkoord.DomainKeyRetired || all[0].RetiredAt.IsZero() || !bytes.Equal(all[0].Public, []byte("one public")) || all[2].SignsFrom.IsZero() {
		t.Errorf("%+v", all)
	}
	if _, err := a.MoveDomainKey(ctx, Admin, akkoord.ID{}, "dkim.sign", "", nil); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("a key that is not there: %v", err)
	}
	if err := a.RemoveDomainKey(ctx, Admin, one.PublicID); akkoord.CodeOf(err) != "dkim_keep" {
		t.Errorf("one that was just retired is removed: %v", err)
	}
	clock.Move(akkoord.DomainKeyOverlap + time.Hour)
	noFault(t, a.RemoveDomainKey(ctx, Admin, one.PublicID))
	if all := must(a.DomainKeys(ctx))(t); len(all) != 2 {
		t.Errorf("%d are left", len(all))
	}
	for range akkoord.DomainKeys - 2 {
		add(akkoord.DomainKeyRSA, "more")
	}
	if _, err := a.AddDomainKey(ctx, Admin, akkoord.DomainKey{Kind: akkoord.DomainKeyRSA}, nil, nil); akkoord.CodeOf(err) != "too_many_dkim" {
		t.Errorf("one too many: %v", err)
	}
	if _, err := a.AddDomainKey(ctx, Admin, akkoord.DomainKey{Kind: "dsa"}, nil, nil); akkoord.CodeOf(err) != "dkim_kind" {
		t.Errorf("a kind that there is not: %v", err)
	}
	lines, _, err := a.AuditTrail(ctx, akkoord.Page{})
	noFault(t, err)
	var acts []string
	for _, l := range lines {
		if l.Object == "dkim:"+one.PublicID.String() {
			acts = append(acts, l.Action)
		}
	}
	if d := cmp.Diff([]string{"dkim.create", "dkim.sign", "dkim.retired", "dkim.remove"}, acts); d != "" {
		t.Errorf("audit trail: %s", d)
	}
}
