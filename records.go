package akkoord

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Setup is what the settings say about how data is guarded and for how long it
// is kept.
type Setup struct {
	Officer      string // data protection officer: name and contact; NoOfficer: there need be none; empty: not said
	TLS          string // off, proxy, auto or file: who ends TLS on the site
	DKIM         bool   // mail is signed
	IPPolicy     IPPolicy
	MailCopies   MailCopies
	TwoPersons   bool          // a file about many people, and many erasures, take a second person
	ContractKept time.Duration // how long the log has a transactional mail
	Heads        bool          // signed heads of the ledger go to somebody else
	BackupAge    time.Duration // how old the last proven backup may be; 0: any age
}

// NoOfficer in the place of a data protection officer says that none is
// appointed, as the law asks for none (Art. 37 GDPR).
const NoOfficer = "none"

// RecordFacts is the live configuration that a record is made from.
type RecordFacts struct {
	Setup
	Sender     Sender
	Relays     []Relay // beside that of the settings
	Purposes   []Purpose
	Forms      []Form
	Attributes []Attribute
	Templates  []ContractTemplate
	Processors []Processor
	Users      []User
	Keys       []APIKey
	Imported   bool // people were imported
}

// Record is the record of processing activities of a controller (Art. 30(1)
// GDPR, M29): who, what, why, how long and to whom.
type Record struct {
	MadeAt     time.Time
	Controller string
	Address    string
	Contact    string
	Officer    string
	Missing    []Term // what the owner has to fill in
	Activities []Processing
	Security   []Term // measures that are on (Art. 32(1))
	Access     []RoleCount
}

// Term is one thing that a record says: a code, for which the locale files
// have the words, and what is named in them.
type Term struct {
	Code  string
	Days  int // or how many users
	Names []string
}

// Processing is one activity of a record.
type Processing struct {
	Code       string   // sign_up, mailing, transactional, requests, suppression, import or access
	Purpose    *Purpose // of a mailing
	Basis      []Term   // Art. 6(1)
	People     []Term   // categories of data subjects
	Data       []Term   // categories of personal data
	Kept       []Term   // time limits for erasure
	Recipients []Processor
}

// RoleCount counts who has a role and was not shut out.
type RoleCount struct {
	Role        Role
	Users, Keys int
}

func term(code string) Term { return Term{Code: code} }

func terms(codes ...string) []Term {
	out := make([]Term, len(codes))
	for i, c := range codes {
		out[i] = term(c)
	}
	return out
}

func inDays(d time.Duration) int { return int(d / (24 * time.Hour)) }

// RecordOf makes the record from the configuration as it is now.
func RecordOf(f RecordFacts, now time.Time) Record {
	r := Record{
		MadeAt: now, Controller: f.Sender.Controller, Address: f.Sender.PostalAddress, Contact: f.Sender.Contact, Officer: f.Officer,
		Missing: f.missing(now), Security: f.security(), Access: f.access(),
	}
	r.Activities = append(r.Activities, f.signUps())
	for _, p := range f.Purposes {
		r.Activities = append(r.Activities, f.mailings(p))
	}
	if i := slices.IndexFunc(f.Templates, func(t ContractTemplate) bool { return t.RetiredAt.IsZero() }); i >= 0 {
		r.Activities = append(r.Activities, f.contracts())
	}
	r.Activities = append(r.Activities,
		Processing{
			Code: "requests", Basis: terms("legal_obligation"), People: terms("requesters"), Data: terms("address", "request"),
			Kept: terms("request"), Recipients: f.parties(""),
		},
		Processing{
			Code: "suppression", Basis: terms("legitimate_interest"), People: terms("gone"), Data: terms("hash"), Kept: terms("suppression"), Recipients: f.parties(""),
		},
	)
	if f.Imported {
		r.Activities = append(r.Activities, Processing{
			Code: "import", Basis: terms("purpose"), People: terms("imported"), Data: terms("address", "name", "language", "import"),
			Kept: []Term{{Code: "import", Days: 30}}, Recipients: f.parties("import_source"),
		})
	}
	r.Activities = append(r.Activities, Processing{
		Code: "access", Basis: terms("legal_obligation", "legitimate_interest"), People: terms("staff"), Data: terms("staff", "audit"),
		Kept: terms("sessions", "audit"), Recipients: f.parties(""),
	})
	return r
}

// signUps is asking for consent, and keeping the proof of it (Art. 7(1)).
func (f RecordFacts) signUps() Processing {
	data := terms("address", "name", "language")
	var interests []string
	for _, form := range f.Forms {
		interests = append(interests, form.Version.Interests...)
	}
	if len(interests) > 0 {
		slices.Sort(interests)
		data = append(data, Term{Code: "interests", Names: slices.Compact(interests)})
	}
	data = append(data, term("words"), Term{Code: "ip_" + string(f.IPPolicy.Or()), Days: inDays(Limits.WholeIP)}, term("program"))
	switch f.MailCopies {
	case CopyMails:
		data = append(data, term("mail_copy"))
	case DigestMails:
		data = append(data, term("mail_digest"))
	}
	return Processing{
		Code: "sign_up", Basis: terms("consent", "legal_obligation"), People: terms("visitors"), Data: data,
		Kept: []Term{{Code: "pending", Days: inDays(Limits.PendingWindow)}, {Code: "proof", Days: ProofYears}, term("ledger")}, Recipients: f.parties("relay"),
	}
}

// mailings is the mail of one purpose.
func (f RecordFacts) mailings(p Purpose) Processing {
	data := terms("address", "name", "language", "standing")
	var own []string
	for _, a := range f.Attributes {
		if a.PurposeID == p.ID {
			own = append(own, a.Slug)
		}
	}
	if len(own) > 0 {
		data = append(data, Term{Code: "attributes", Names: own})
	}
	kept := terms("leaving")
	if p.Silence() != nil {
		kept = append(kept, Term{Code: "silence", Days: p.InactiveAfter})
	} else {
		kept = append(kept, term("no_silence"))
	}
	return Processing{
		Code: "mailing", Purpose: &p, Basis: terms(string(p.Basis)), People: terms("subscribers"), Data: append(data, term("deliveries")),
		Kept: append(kept, term("deliveries")), Recipients: f.parties("relay", "webhook", "export"),
	}
}

// contracts is mail that a contract calls for (M9).
func (f RecordFacts) contracts() Processing {
	var fields []string
	for _, t := range f.Templates {
		if t.RetiredAt.IsZero() {
			fields = append(fields, t.Spec.Fields...)
		}
	}
	slices.Sort(fields)
	data := terms("address", "language")
	if len(fields) > 0 {
		data = append(data, Term{Code: "fields", Names: slices.Compact(fields)})
	}
	return Processing{
		Code: "transactional", Basis: terms("contract"), People: terms("customers"), Data: append(data, term("replies")),
		Kept: []Term{{Code: "transactional", Days: inDays(f.ContractKept)}}, Recipients: f.parties("relay"),
	}
}

// parties gives who gets data of an activity: those with one of the roles, and
// those who may come across any.
func (f RecordFacts) parties(roles ...ProcessorRole) []Processor {
	var out []Processor
	for _, p := range f.Processors {
		carries := slices.Contains(roles, "relay") && f.runsRelay(p.Slug)
		if p.EndedAt.IsZero() && (carries || slices.Contains(append(roles, "hosting", "support", "other"), p.Role)) {
			out = append(out, p)
		}
	}
	return out
}

// runsRelay reports whether a party runs a relay that is in use, whatever the register
// says that it does.
func (f RecordFacts) runsRelay(party string) bool {
	return f.Sender.Relay && f.Sender.Processor == party ||
		slices.ContainsFunc(f.Relays, func(r Relay) bool { return r.RetiredAt.IsZero() && r.Processor == party })
}

func (f RecordFacts) security() []Term {
	out := append(terms("tls_"+cmp.Or(f.TLS, "off")), f.logins()...)
	out = append(out, terms("roles", "audit", "ledger", "links", "hashes", "erasure")...)
	if f.Heads {
		out = append(out, term("heads"))
	}
	if f.BackupAge > 0 {
		out = append(out, Term{Code: "backup", Days: max(1, inDays(f.BackupAge))})
	}
	if f.DKIM {
		out = append(out, term("dkim"))
	}
	return out
}

// logins are the ways in which users log in that are in use.
func (f RecordFacts) logins() []Term {
	out := terms("login_link")
	in := func(code string, has func(User) bool) bool {
		n := 0
		for _, u := range f.Users {
			if u.DisabledAt.IsZero() && has(u) {
				n++
			}
		}
		if n > 0 {
			out = append(out, Term{Code: code, Days: n})
		}
		return n > 0
	}
	in("login_password", func(u User) bool { return u.HasPassword })
	second := in("login_second", func(u User) bool { return u.SecondFactor })
	passkey := in("login_passkey", func(u User) bool { return u.Passkeys > 0 })
	signOn := in("login_sign_on", func(u User) bool { return u.Linked })
	if !second && !passkey && !signOn {
		out = append(out, term("login_no_second"))
	}
	return out
}

func (f RecordFacts) access() []RoleCount {
	var out []RoleCount
	for _, role := range Roles {
		c := RoleCount{Role: role}
		for _, u := range f.Users {
			if u.Role == role && u.DisabledAt.IsZero() {
				c.Users++
			}
		}
		for _, k := range f.Keys {
			if k.Role == role && k.RevokedAt.IsZero() {
				c.Keys++
			}
		}
		if c.Users+c.Keys > 0 {
			out = append(out, c)
		}
	}
	return out
}

// missing gives what a whole record needs and the configuration does not say.
func (f RecordFacts) missing(now time.Time) []Term {
	var out []Term
	for _, m := range []struct {
		lacks bool
		code  string
	}{
		{f.Sender.Controller == "", "controller"}, {f.Sender.PostalAddress == "", "postal_address"}, {f.Sender.Contact == "", "contact"},
		{f.Officer == "", "officer"}, {len(f.Purposes) == 0, "purposes"},
	} {
		if m.lacks {
			out = append(out, term(m.code))
		}
	}
	if relay := f.Sender.Processor; f.Sender.Relay && relay != OwnProcessor && !slices.ContainsFunc(f.Processors, func(p Processor) bool { return p.Slug == relay }) {
		out = append(out, Term{Code: "relay", Names: []string{relay}})
	}
	for _, p := range f.Processors {
		switch {
		case !p.EndedAt.IsZero():
			continue
		case p.Country == "":
			out = append(out, Term{Code: "country", Names: []string{p.Name}})
		case p.OutsideEEA() && p.Agreement.Document == "":
			out = append(out, Term{Code: "transfer", Names: []string{p.Name}})
		}
		if len(p.Obstacles(now)) > 0 {
			out = append(out, Term{Code: "agreement", Names: []string{p.Name}})
		}
	}
	return out
}

// eea are the countries of the European Economic Area, in which the GDPR
// applies (ISO 3166-1 alpha-2).
const eea = "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE IS LI NO"

// OutsideEEA reports whether a party processes in a third country, as far as
// its country is known (Art. 44 GDPR). Which of these have an adequate
// protection changes, and is not known here.
func (p Processor) OutsideEEA() bool { return p.Country != "" && !strings.Contains(eea, p.Country) }
