package akkoord_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

func codes(terms []akkoord.Term) string {
	var out []string
	for _, t := range terms {
		out = append(out, strings.Join(append([]string{t.Code}, t.Names...), " "))
	}
	return strings.Join(out, ", ")
}

// M29: what the owner has to say himself is named until he has.
func TestTheRecordOfProcessingNamesWhatIsMissing(t *testing.T) {
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	whole := func() akkoord.RecordFacts {
		return akkoord.RecordFacts{
			Setup:    akkoord.Setup{Officer: akkoord.NoOfficer},
			Sender:   akkoord.Sender{Controller: "Zonvaart", PostalAddress: "Kade 1", Contact: "p@z.example", Relay: true, Processor: "post"},
			Purposes: []akkoord.Purpose{{ID: 1, Slug: "news", Basis: akkoord.BasisConsent}},
			Processors: []akkoord.Processor{{Slug: "post", Name: "Post B.V.", Role: "relay", Country: "NL",
				Agreement: akkoord.Agreement{SignedOn: now.AddDate(-1, 0, 0), ValidUntil: now.AddDate(1, 0, 0)}}},
		}
	}
	for name, tt := range map[string]struct {
		change func(*akkoord.RecordFacts)
		want   string
	}{
		"nothing":           {func(*akkoord.RecordFacts) {}, ""},
		"all":               {func(f *akkoord.RecordFacts) { *f = akkoord.RecordFacts{} }, "controller, postal_address, contact, officer, purposes"},
		"the relay's party": {func(f *akkoord.RecordFacts) { f.Sender.Processor = "other" }, "relay other"},
		"its own relay":     {func(f *akkoord.RecordFacts) { f.Sender.Processor, f.Processors = akkoord.OwnProcessor, nil }, ""},
		"a country":         {func(f *akkoord.RecordFacts) { f.Processors[0].Country = "" }, "country Post B.V."},
		"the safeguard":     {func(f *akkoord.RecordFacts) { f.Processors[0].Country = "US" }, "transfer Post B.V."},
		"no safeguard": {func(f *akkoord.RecordFacts) {
			f.Processors[0].Country, f.Processors[0].Agreement.Document = "US", "SCC 2026-4"
		}, ""},
		"an agreement": {func(f *akkoord.RecordFacts) { f.Processors[0].Agreement.ValidUntil = now.AddDate(0, 0, -1) }, "agreement Post B.V."},
		"nothing of a former one": {func(f *akkoord.RecordFacts) {
			f.Processors = append(f.Processors, akkoord.Processor{Slug: "old", EndedAt: now})
		}, ""},
		"nothing within the EEA":   {func(f *akkoord.RecordFacts) { f.Processors[0].Country = "NO" }, ""},
		"no officer who is needed": {func(f *akkoord.RecordFacts) { f.Officer = "D. Bakker, dpo@z.example" }, ""},
	} {
		f := whole()
		tt.change(&f)
		if got := codes(akkoord.RecordOf(f, now).Missing); got != tt.want {
			t.Errorf("%s: missing is %q, want %q", name, got, tt.want)
		}
	}
}

// M29: the record says who, what, why, how long and to whom as it is configured.
func TestTheRecordOfProcessingFollowsTheConfiguration(t *testing.T) {
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	f := akkoord.RecordFacts{
		Setup: akkoord.Setup{IPPolicy: akkoord.IPOff, MailCopies: akkoord.DigestMails, ContractKept: 30 * 24 * time.Hour, TLS: "auto", DKIM: true},
		Purposes: []akkoord.Purpose{
			{ID: 1, Slug: "news", Basis: akkoord.BasisConsent, InactiveAfter: 365},
			{ID: 2, Slug: "offers", Basis: akkoord.BasisExistingCustomer, InactiveAfter: 365, Retention: akkoord.Retention{Stopped: now}},
		},
		Forms:      []akkoord.Form{{Version: akkoord.FormVersion{Interests: []string{"ski", "city"}}}, {Version: akkoord.FormVersion{Interests: []string{"ski"}}}},
		Attributes: []akkoord.Attribute{{Slug: "last-purchase", PurposeID: 2}},
		Templates:  []akkoord.ContractTemplate{{Spec: akkoord.ContractSpec{Fields: []string{"order"}}}, {RetiredAt: now, Spec: akkoord.ContractSpec{Fields: []string{"old"}}}},
		Processors: []akkoord.Processor{{Slug: "post", Role: "relay"}, {Slug: "host", Role: "hosting"}, {Slug: "lists", Role: "import_source"}, {Slug: "gone", Role: "relay", EndedAt: now}},
		Users:      []akkoord.User{{Role: akkoord.RoleOwner}, {Role: akkoord.RoleDPO, DisabledAt: now}},
		Keys:       []akkoord.APIKey{{Role: akkoord.RoleOwner}, {Role: akkoord.RoleMail}},
		Imported:   true,
	}
	r := akkoord.RecordOf(f, now)
	type activity struct{ Code, Basis, Data, Kept, To string }
	var got []activity
	for _, p := range r.Activities {
		var to []string
		for _, party := range p.Recipients {
			to = append(to, party.Slug)
		}
		got = append(got, activity{p.Code, codes(p.Basis), codes(p.Data), codes(p.Kept), strings.Join(to, " ")})
	}
	want := []activity{
		{"sign_up", "consent, legal_obligation", "address, name, language, interests city ski, words, ip_off, program, mail_digest", "pending, proof, ledger", "post host"},
		{"mailing", "consent", "address, name, language, standing, deliveries", "leaving, silence, deliveries", "post host"},
		{"mailing", "existing_customer", "address, name, language, standing, attributes last-purchase, deliveries", "leaving, no_silence, deliveries", "post host"},
		{"transactional", "contract", "address, language, fields order, replies", "transactional", "post host"},
		{"requests", "legal_obligation", "address, request", "request", "host"},
		{"suppression", "legitimate_interest", "hash", "suppression", "host"},
		{"import", "purpose", "address, name, language, import", "import", "host lists"},
		{"access", "legal_obligation, legitimate_interest", "staff, audit", "sessions, audit", "host"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("activities (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]akkoord.RoleCount{{Role: akkoord.RoleOwner, Users: 1, Keys: 1}, {Role: akkoord.RoleMail, Keys: 1}}, r.Access); diff != "" {
		t.Errorf("access (-want +got):\n%s", diff)
	}
	if s := codes(r.Security); !strings.HasPrefix(s, "tls_auto, ") || !strings.HasSuffix(s, ", dkim") || strings.Contains(s, "heads") {
		t.Errorf("security: %s", s)
	}
	if s := codes(r.Security); !strings.Contains(s, "login_link, login_no_second, roles") {
		t.Errorf("nobody has a second factor: %s", s)
	}
	f.Users = []akkoord.User{{HasPassword: true, SecondFactor: true}, {HasPassword: true, DisabledAt: now}, {Passkeys: 2}, {Linked: true}}
	if s := codes(akkoord.RecordOf(f, now).Security); !strings.Contains(s, "login_link, login_password, login_second, login_passkey, login_sign_on, roles") {
		t.Errorf("how staff log in: %s", s)
	}
	if i := slices.IndexFunc(r.Activities, func(p akkoord.Processing) bool { return p.Code == "transactional" }); r.Activities[i].Kept[0].Days != 30 {
		t.Errorf("the log is kept %d days", r.Activities[i].Kept[0].Days)
	}
	f.Imported, f.Templates = false, f.Templates[1:]
	if n := len(akkoord.RecordOf(f, now).Activities); n != len(want)-2 {
		t.Errorf("without imports and templates in use there are %d activities", n)
	}
}
