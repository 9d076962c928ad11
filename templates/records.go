package templates

import (
	"strings"
	"time"

	"akkoord"
)

// Record is a record of processing activities in a language (Art. 30(1) GDPR,
// M29), as the JSON API writes it.
type Record struct {
	Language   string           `json:"language"`
	MadeAt     akkoord.Moment   `json:"made_at"`
	Controller string           `json:"controller"`
	Address    string           `json:"postal_address"`
	Contact    string           `json:"contact"`
	Officer    string           `json:"data_protection_officer"`
	Missing    []Said           `json:"missing" nullable:"false" doc:"What the owner has to fill in, and where."`
	Activities []RecordActivity `json:"activities" nullable:"false"`
	Security   []Said           `json:"security" nullable:"false" doc:"Measures that are on (Art. 32(1) GDPR)."`
	Access     []RecordAccess   `json:"access" nullable:"false" doc:"How many have which role."`
}

// Said is a code of a record and its words.
type Said struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// RecordActivity is one activity.
type RecordActivity struct {
	Code       string        `json:"code"`
	Purpose    string        `json:"purpose,omitempty" doc:"Slug, of mailings."`
	Name       string        `json:"name"`
	Why        string        `json:"why"`
	Basis      []Said        `json:"basis" nullable:"false" doc:"Art. 6(1) GDPR."`
	People     []Said        `json:"people" nullable:"false" doc:"Categories of data subjects."`
	Data       []Said        `json:"data" nullable:"false" doc:"Categories of personal data."`
	Kept       []Said        `json:"kept" nullable:"false" doc:"For how long."`
	Recipients []RecordParty `json:"recipients" nullable:"false"`
}

// RecordParty is a party that data goes to.
type RecordParty struct {
	Slug     string `json:"slug"`
	Name     string `json:"name"`
	Role     string `json:"role"`
	Does     string `json:"does"`
	Country  string `json:"country" doc:"ISO 3166-1; empty: not known."`
	Outside  bool   `json:"third_country" doc:"It processes outside the European Economic Area."`
	Document string `json:"document" doc:"Where the agreement, with its safeguards, is kept."`
	Until    string `json:"agreement_until" doc:"The last day of the agreement; empty: until it is ended, or there is none."`
}

// RecordAccess counts those with a role.
type RecordAccess struct {
	Role  akkoord.Role `json:"role"`
	Name  string       `json:"name"`
	Users int          `json:"users"`
	Keys  int          `json:"keys"`
}

// Record gives a record in a language.
func (s *Set) Record(locale string, r akkoord.Record) Record {
	say := func(kind string, terms []akkoord.Term) []Said {
		out := []Said{}
		for _, t := range terms {
			names := strings.Join(t.Names, ", ")
			out = append(out, Said{t.Code, s.T(locale, "records."+kind+"_"+t.Code, "Count", t.Days, "Names", names)})
		}
		return out
	}
	out := Record{
		Language: s.known(locale), MadeAt: akkoord.Moment{Time: r.MadeAt}, Controller: r.Controller, Address: r.Address, Contact: r.Contact, Officer: r.Officer,
		Missing: say("missing", r.Missing), Activities: []RecordActivity{}, Security: say("security", r.Security), Access: []RecordAccess{},
	}
	if r.Officer == akkoord.NoOfficer {
		out.Officer = s.T(locale, "records.no_officer")
	}
	for _, p := range r.Activities {
		a := RecordActivity{
			Code: p.Code, Name: s.T(locale, "records.activity_"+p.Code), Why: s.T(locale, "records.why_"+p.Code),
			Basis: say("basis", p.Basis), People: say("people", p.People), Data: say("data", p.Data), Kept: say("kept", p.Kept), Recipients: []RecordParty{},
		}
		if p.Purpose != nil {
			text := p.Purpose.Text(locale)
			a.Purpose, a.Name, a.Why = p.Purpose.Slug, s.T(locale, "records.activity_"+p.Code, "Name", text.Name), text.Explanation
		}
		for _, to := range p.Recipients {
			a.Recipients = append(a.Recipients, s.recordParty(locale, to))
		}
		out.Activities = append(out.Activities, a)
	}
	for _, c := range r.Access {
		out.Access = append(out.Access, RecordAccess{c.Role, s.T(locale, "desk.role_"+string(c.Role)), c.Users, c.Keys})
	}
	return out
}

func (s *Set) recordParty(locale string, p akkoord.Processor) RecordParty {
	out := RecordParty{
		Slug: p.Slug, Name: p.Name, Role: string(p.Role), Does: s.T(locale, "desk.party_"+string(p.Role)), Country: p.Country, Outside: p.OutsideEEA(),
		Document: p.Agreement.Document,
	}
	if !p.Agreement.ValidUntil.IsZero() {
		out.Until = p.Agreement.ValidUntil.Format(time.DateOnly)
	}
	return out
}
