package akkoord

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// M28: no data goes to a party before its agreement is on record and in force;
// its end is warned about 60 days ahead, and blocks after its last day.
func TestDataGoesToAPartyWhileItsAgreementHolds(t *testing.T) {
	day := func(s string) time.Time {
		d, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	signed := Agreement{SignedOn: day("2026-01-01"), ValidUntil: day("2026-12-31")}
	for name, tt := range map[string]struct {
		agreement Agreement
		ended     time.Time
		now       time.Time
		codes     string
		expiring  bool
	}{
		"never signed":      {now: day("2026-06-01"), codes: "no_agreement"},
		"before it begins":  {agreement: signed, now: day("2025-12-31"), codes: "agreement_not_begun"},
		"first day":         {agreement: signed, now: day("2026-01-01")},
		"61 days ahead":     {agreement: signed, now: day("2026-11-01")},
		"60 days ahead":     {agreement: signed, now: day("2026-11-02"), expiring: true},
		"end of last day":   {agreement: signed, now: day("2027-01-01").Add(-time.Microsecond), expiring: true},
		"the day after":     {agreement: signed, now: day("2027-01-01"), codes: "agreement_expired"},
		"no end":            {agreement: Agreement{SignedOn: day("2020-01-01")}, now: day("2050-01-01")},
		"ended":             {agreement: signed, ended: day("2026-05-01"), now: day("2026-06-01"), codes: "processor_ended"},
		"ended and expired": {agreement: signed, ended: day("2026-05-01"), now: day("2027-06-01"), codes: "processor_ended agreement_expired"},
	} {
		t.Run(name, func(t *testing.T) {
			p := Processor{Name: "Post B.V.", Agreement: tt.agreement, EndedAt: tt.ended}
			var codes []string
			for _, r := range p.Obstacles(tt.now) {
				codes = append(codes, r.Code)
			}
			if diff := cmp.Diff(tt.codes, strings.Join(codes, " ")); diff != "" {
				t.Errorf("reasons (-want +got):\n%s", diff)
			}
			if got := p.Expiring(tt.now); got != tt.expiring {
				t.Errorf("expiring: %v, want %v", got, tt.expiring)
			}
		})
	}
}

func TestAPartyIsCheckedBeforeItIsStored(t *testing.T) {
	good := Processor{Slug: "post", Name: "Post B.V.", Role: "relay", Country: "NL"}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for code, edit := range map[string]func(*Processor){
		"slug_reserved":   func(p *Processor) { p.Slug = "own" },
		"name_missing":    func(p *Processor) { p.Name = " " },
		"role_unknown":    func(p *Processor) { p.Role = "friend" },
		"country_invalid": func(p *Processor) { p.Country = "nl" },
		"field_missing":   func(p *Processor) { p.Agreement.ValidUntil = day },
		"agreement_order": func(p *Processor) { p.Agreement = Agreement{SignedOn: day, ValidUntil: day.AddDate(0, 0, -1)} },
	} {
		p := good
		edit(&p)
		if err := p.Check(); CodeOf(err) != code {
			t.Errorf("%+v gave %v, want %s", p, err, code)
		}
	}
}
