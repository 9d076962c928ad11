package storetest

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"testing"

	"akkoord"
)

var digits = regexp.MustCompile(`"[0-9a-f]{64}"`)

// testIPPolicy holds evidence to the policy under which it was made, and the
// record of the policy to its changes (requirements-mail F.7, Art. 5(2) GDPR).
func testIPPolicy(t *testing.T, open Open) {
	a := newAgency(t, open)
	from := netip.MustParseAddr("192.0.2.77")
	for i, tt := range []struct {
		policy akkoord.IPPolicy
		data   string
	}{
		{akkoord.IPOff, `{"address":"%s","user_agent":"test","ip_policy":"off"}`},
		{akkoord.IPShortened, `{"address":"%s","ip":"192.0.2.0/24","user_agent":"test","ip_policy":"shortened"}`},
		{akkoord.IPFull, `{"address":"%s","ip":"192.0.2.0/24","ip_digest":"DIGEST","user_agent":"test","ip_policy":"full"}`},
	} {
		for range 2 {
			noFault(t, a.RecordIPPolicy(t.Context(), tt.policy))
		}
		address := fmt.Sprintf("bewijs%d@voorbeeld.example", i)
		in := a.signUp(email(t, address), a.News)
		in.Origin.Evidence = tt.policy.Evidence(from)
		in.Origin.Evidence.UserAgent = "test"
		noFault(t, a.SignUp(t.Context(), in))

		st := must(a.StandingByEmail(t.Context(), email(t, address)))(t)
		file := must(a.EvidenceBundle(t.Context(), akkoord.ActorSystem, st.Subscriber.PublicID, "", nil))(t)
		var secrets akkoord.BundleSecrets
		noFault(t, json.Unmarshal(unzip(t, file)["evidence.json"], &secrets))
		got := digits.ReplaceAllString(secrets.Lines[0].Covered, `"DIGEST"`)
		if want := fmt.Sprintf(tt.data, address); got != want {
			t.Errorf("%s: the evidence is %s, want %s", tt.policy, got, want)
		}
	}
	noFault(t, a.RecordIPPolicy(t.Context(), "")) // the default

	var got []string
	entries, _, err := a.SearchAudit(t.Context(), akkoord.AuditFilter{Object: "setting:ip_policy"}, akkoord.Page{})
	noFault(t, err)
	for _, e := range entries {
		got = append(got, string(e.Actor)+" "+e.Action+" "+e.Note)
	}
	if want := []string{"system setting.change off", "system setting.change shortened", "system setting.change full", "system setting.change shortened"}; !slices.Equal(got, want) {
		t.Errorf("the record of the policy says %q, want %q", got, want)
	}
	_, err = a.VerifyLedger(t.Context(), nil)
	noFault(t, err)
}
