package records_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"akkoord"
	"akkoord/goldentest"
	"akkoord/pdf/pdftest"
	"akkoord/server/records"
	"akkoord/templates"
)

// zonvaart is a record with nearly all that one can say.
func zonvaart() akkoord.Record {
	now := time.Date(2026, 11, 24, 13, 32, 0, 0, time.UTC)
	day := func(s string) time.Time { d, _ := time.Parse(time.DateOnly, s); return d }
	return akkoord.RecordOf(akkoord.RecordFacts{
		Setup: akkoord.Setup{
			TLS: "auto", DKIM: true, MailCopies: akkoord.CopyMails, ContractKept: 90 * 24 * time.Hour, Heads: true, BackupAge: 7 * 24 * time.Hour,
		},
		Sender: akkoord.Sender{Controller: "Zonvaart Reizen B.V.", PostalAddress: "Oudegracht 118, 3511 AW Utrecht", Contact: "privacy@zonvaart.example", Relay: true, Processor: "post"},
		Purposes: []akkoord.Purpose{
			{ID: 1, Slug: "travel-news", Basis: akkoord.BasisConsent, InactiveAfter: 365, Texts: map[string]akkoord.PurposeText{
				"nl": {Name: "Reisnieuws", Explanation: "Reisideeën en aanbiedingen mailen die bij de interesses passen."},
				"en": {Name: "Travel news", Explanation: "To mail travel ideas and offers that suit the interests."},
			}},
			{ID: 2, Slug: "ski-offers", Basis: akkoord.BasisExistingCustomer, Texts: map[string]akkoord.PurposeText{"nl": {Name: "Ski-uitrusting", Explanation: "Aanbiedingen van de eigen skiwinkel mailen."}}},
		},
		Forms:      []akkoord.Form{{Version: akkoord.FormVersion{Interests: []string{"wintersport", "stedentrip"}}}},
		Attributes: []akkoord.Attribute{{Slug: "last-purchase", PurposeID: 2}},
		Templates:  []akkoord.ContractTemplate{{Spec: akkoord.ContractSpec{Fields: []string{"order", "total"}}}},
		Processors: []akkoord.Processor{
			{Slug: "post", Name: "Postrelais B.V.", Role: "relay", Country: "NL", Agreement: akkoord.Agreement{SignedOn: day("2026-01-05"), ValidUntil: day("2027-01-04"), Document: "Map 12"}},
			{Slug: "host", Name: "Clouds Inc.", Role: "hosting", Country: "US", Agreement: akkoord.Agreement{SignedOn: day("2026-01-05")}},
		},
		Users: []akkoord.User{{Role: akkoord.RoleOwner}, {Role: akkoord.RoleDPO}}, Keys: []akkoord.APIKey{{Role: akkoord.RoleMail}}, Imported: true,
	}, now)
}

// M29, Art. 30 GDPR: the record as people read it in each language, and as
// programs do; each word of it is there. -update writes it anew.
func TestTheRecordOfProcessingIsReadInEachLanguage(t *testing.T) {
	set, err := templates.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, locale := range akkoord.Locales {
		r := set.Record(locale, zonvaart())
		data, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(data, []byte(`"records.`)) || bytes.Contains(data, []byte(`"desk.`)) {
			t.Errorf("%s: words are missing: %s", locale, data)
		}
		goldentest.Check(t, "record."+locale+".json", append(data, '\n'))
		file, err := records.PDF(set, r)
		if err != nil {
			t.Fatal(err)
		}
		text := pdftest.Text(file)
		for _, word := range []string{"Zonvaart Reizen B.V.", "Postrelais B.V.", "Map 12", r.Activities[0].Name} {
			if !strings.Contains(text, word) {
				t.Errorf("%s: the document lacks %q", locale, word)
			}
		}
		goldentest.Check(t, "record."+locale+".txt", []byte(text))
		again, err := records.PDF(set, r)
		if err != nil || !bytes.Equal(file, again) {
			t.Errorf("%s: the same record is not the same file (%v)", locale, err)
		}
	}
}
