package akkoord_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"akkoord"
)

var importNow = time.Date(2027, 1, 15, 9, 30, 0, 0, time.UTC)

func importSpec(basis akkoord.Basis) akkoord.ImportSpec {
	return akkoord.ImportSpec{ID: akkoord.ID{7}, Actor: "key:1", PurposeID: 3, Purpose: "travel-news", Basis: basis, Evidence: "shop orders of 2026"}
}

// P15, F.17, I.5: an import makes active only whom we had no dealings with or
// whom we held; opt-outs win over everything.
func TestImportBringsNobodyBack(t *testing.T) {
	proof := importNow.AddDate(-1, 0, 0)
	confirmed := akkoord.ImportRow{ConfirmedAt: proof}
	bare := akkoord.ImportRow{}
	customer := akkoord.ImportRow{Ground: akkoord.Ground{SoldOn: "2026-11-24", Sale: "F-118", Similar: true, RefusalOffered: true}}
	unasked := customer
	unasked.Ground.RefusalOffered = false
	type want struct {
		outcome akkoord.ImportOutcome
		state   akkoord.State
		kinds   string
	}
	for _, tt := range []struct {
		name        string
		state       akkoord.State
		suppression akkoord.SuppressionKind
		row         akkoord.ImportRow
		basis       akkoord.Basis
		want        want
	}{
		{"new with proof", "", "", confirmed, akkoord.BasisConsent, want{"added", akkoord.Active, "imported"}},
		{"new without proof", "", "", bare, akkoord.BasisConsent, want{"held", akkoord.Held, "imported_held"}},
		{"unconfirmed elsewhere", "", "", akkoord.ImportRow{ConfirmedAt: proof, Status: akkoord.RowUnconfirmed}, akkoord.BasisConsent, want{"held", akkoord.Held, "imported_held"}},
		{"a customer", "", "", customer, akkoord.BasisExistingCustomer, want{"added", akkoord.Active, "imported"}},
		{"a customer of whom no sale is told", "", "", bare, akkoord.BasisExistingCustomer, want{"held", akkoord.Held, "imported_held"}},
		{"a customer to whom refusing was not offered", "", "", unasked, akkoord.BasisExistingCustomer, want{"held", akkoord.Held, "imported_held"}},
		{"held, a customer now", akkoord.Held, "", customer, akkoord.BasisExistingCustomer, want{"changed", akkoord.Active, "imported"}},
		{"part of a contract", "", "", bare, akkoord.BasisContract, want{"added", akkoord.Active, "imported"}},
		{"held, with proof now", akkoord.Held, "", confirmed, akkoord.BasisConsent, want{"changed", akkoord.Active, "imported"}},
		{"held, without proof again", akkoord.Held, "", bare, akkoord.BasisConsent, want{"unchanged", akkoord.Held, ""}},
		{"active", akkoord.Active, "", bare, akkoord.BasisConsent, want{"unchanged", akkoord.Active, ""}},
		{"pending", akkoord.Pending, "", confirmed, akkoord.BasisConsent, want{"unchanged", akkoord.Pending, ""}},
		{"left", akkoord.Withdrawn, "", confirmed, akkoord.BasisConsent, want{"departed", akkoord.Withdrawn, ""}},
		{"left, a customer", akkoord.Withdrawn, "", bare, akkoord.BasisExistingCustomer, want{"departed", akkoord.Withdrawn, ""}},
		{"never confirmed in time", akkoord.Lapsed, "", confirmed, akkoord.BasisConsent, want{"departed", akkoord.Lapsed, ""}},
		{"left everything", "", akkoord.SuppressedUnsubscribed, confirmed, akkoord.BasisConsent, want{"suppressed", akkoord.Never, ""}},
		{"objected", "", akkoord.SuppressedObjection, confirmed, akkoord.BasisContract, want{"suppressed", akkoord.Never, ""}},
		{"erased", "", akkoord.SuppressedErased, confirmed, akkoord.BasisConsent, want{"suppressed", akkoord.Never, ""}},
		{"bounced", "", akkoord.SuppressedHardBounce, confirmed, akkoord.BasisConsent, want{"suppressed", akkoord.Never, ""}},
		{"complained", "", akkoord.SuppressedComplaint, confirmed, akkoord.BasisConsent, want{"suppressed", akkoord.Never, ""}},
		{"said not me", "", akkoord.SuppressedBlocked, confirmed, akkoord.BasisConsent, want{"suppressed", akkoord.Never, ""}},

		{"opt-out of nobody", "", "", akkoord.ImportRow{Status: akkoord.RowLeft}, akkoord.BasisConsent, want{"opt_outs", akkoord.Withdrawn, "withdrawn"}},
		{"opt-out of an active person", akkoord.Active, "", akkoord.ImportRow{Status: akkoord.RowLeft}, akkoord.BasisConsent, want{"opt_outs", akkoord.Withdrawn, "withdrawn"}},
		{"opt-out of a pending person", akkoord.Pending, "", akkoord.ImportRow{Status: akkoord.RowLeft}, akkoord.BasisConsent, want{"opt_outs", akkoord.Withdrawn, "withdrawn"}},
		{"opt-out of a held person", akkoord.Held, "", akkoord.ImportRow{Status: akkoord.RowLeft}, akkoord.BasisConsent, want{"opt_outs", akkoord.Withdrawn, "withdrawn"}},
		{"opt-out once more", akkoord.Withdrawn, "", akkoord.ImportRow{Status: akkoord.RowLeft}, akkoord.BasisConsent, want{"unchanged", akkoord.Withdrawn, ""}},
		{"opt-out from before the consent", akkoord.Active, "", akkoord.ImportRow{Status: akkoord.RowLeft, LeftAt: proof}, akkoord.BasisConsent, want{"unchanged", akkoord.Active, ""}},
		{"bounce of an active person", akkoord.Active, "", akkoord.ImportRow{Status: akkoord.RowBounced}, akkoord.BasisConsent, want{"opt_outs", akkoord.Active, "suppressed"}},
		{"bounce of nobody", "", "", akkoord.ImportRow{Status: akkoord.RowBounced}, akkoord.BasisConsent, want{"opt_outs", akkoord.Never, ""}},
		{"bounce once more", "", akkoord.SuppressedHardBounce, akkoord.ImportRow{Status: akkoord.RowBounced}, akkoord.BasisConsent, want{"unchanged", akkoord.Never, ""}},
		{"complaint of a held person", akkoord.Held, "", akkoord.ImportRow{Status: akkoord.RowComplained}, akkoord.BasisConsent, want{"opt_outs", akkoord.Held, "suppressed"}},
		{"blocklisted, held", akkoord.Held, "", akkoord.ImportRow{Status: akkoord.RowLeftAll}, akkoord.BasisConsent, want{"opt_outs", akkoord.Withdrawn, "withdrawn"}},
		{"blocklisted, unknown", "", "", akkoord.ImportRow{Status: akkoord.RowLeftAll}, akkoord.BasisConsent, want{"opt_outs", akkoord.Never, ""}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var st akkoord.Standing
			if tt.state != "" {
				st.Subscriber.ID = 1
				st.Subscriptions = []akkoord.Subscription{{PurposeID: 3, State: tt.state, Since: importNow.Add(-time.Hour), Request: akkoord.ID{1}}}
			}
			if tt.suppression != "" {
				st.Suppressions = []akkoord.SuppressionKind{tt.suppression}
			}
			c, outcome := st.Import(tt.row, importSpec(tt.basis), importNow)
			after := st.After(c)
			var kinds []string
			for _, e := range c.Events {
				kinds = append(kinds, string(e.Kind))
				if e.Source != "import" || e.Request.IsZero() && tt.row.Status != akkoord.RowLeftAll {
					t.Errorf("the line is %+v", e)
				}
			}
			got := want{outcome, after.Subscription(3).State, strings.Join(kinds, " ")}
			if got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if len(c.Lift) > 0 || len(c.Messages) > 0 {
				t.Error("F.17: an import lifted a suppression or asked for consent by mail")
			}
			if again, outcome := after.Import(tt.row, importSpec(tt.basis), importNow.Add(time.Minute)); !again.IsZero() || outcome == akkoord.ImportAdded {
				t.Errorf("the same row again gave %s", outcome)
			}
			gate := akkoord.Gate(after.Facts(3, 0, "", time.Time{}))
			if after.Subscription(3).State == akkoord.Held && len(after.Suppressions) == 0 && after.Subscriber.ID != 0 && gate.Code != "held" {
				t.Errorf("the gate says %q of somebody held", gate.Code)
			}
		})
	}
}

// M7, H.18: what consent began, and the grounds without which nothing does.
func TestImportNeedsGrounds(t *testing.T) {
	proof := importNow.AddDate(-2, 0, 0)
	c, _ := akkoord.Standing{}.Import(akkoord.ImportRow{ConfirmedAt: proof, Locale: "en"}, importSpec(akkoord.BasisConsent), importNow)
	sub := c.Subscriptions[0]
	if !sub.Since.Equal(proof) || !sub.Agreed.Equal(proof) || sub.Basis != akkoord.BasisConsent || !c.Events[0].At.Equal(importNow) {
		t.Errorf("consent of %s is stored as %+v", proof, sub)
	}
	for _, tt := range []struct {
		basis    akkoord.Basis
		evidence string
		code     string
	}{
		{akkoord.BasisConsent, "", ""}, {akkoord.BasisOther, "why", ""}, {"", "", "basis_missing"}, {"wish", "x", "basis_unknown"},
		{akkoord.BasisExistingCustomer, " ", "evidence_missing"}, {akkoord.BasisContract, "", "evidence_missing"}, {akkoord.BasisConsent, "a\x00b", "text_invalid"},
	} {
		if got := akkoord.CodeOf(akkoord.ImportSpec{Basis: tt.basis, Evidence: tt.evidence}.Check()); got != tt.code {
			t.Errorf("%q, %q: %q, want %q", tt.basis, tt.evidence, got, tt.code)
		}
	}
}

// readAll reads a file, opening it anew at the mark after each row when anew
// is set.
func readAll(t testing.TB, file string, anew bool) []akkoord.ImportRow {
	t.Helper()
	r, err := akkoord.NewImportReader(strings.NewReader(file), akkoord.ImportSpec{}, akkoord.ImportMark{}, importNow)
	if err != nil {
		t.Fatal(err)
	}
	var out []akkoord.ImportRow
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, row)
		if anew {
			if r, err = akkoord.NewImportReader(strings.NewReader(file), akkoord.ImportSpec{}, r.Mark(), importNow); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// told gives a row as one line: what a test needs to see of it.
func told(r akkoord.ImportRow) string {
	if r.Refused != nil {
		return r.Refused.Code
	}
	parts := []string{r.Email.Address(), r.Name, r.Locale, strings.Join(r.Interests, "+"), string(r.Status), ""}
	if !r.ConfirmedAt.IsZero() {
		parts[5] = r.ConfirmedAt.Format("2006-01-02 15:04")
	}
	return strings.Join(parts, "|")
}

// Issue 4, point 5: the exports of other programs are read as they are.
func TestImportReadsExports(t *testing.T) {
	for name, tt := range map[string]struct {
		file string
		want []string
	}{
		"ours": {
			"email,name,locale,interests,confirmed_at,confirmed_ip,source,wording\n" +
				"anouk@voorbeeld.example,Anouk,nl-NL,wintersport;Stedentrip,2026-01-02T10:00:00Z,192.0.2.7,beurs,Ja graag\n" +
				"bram@voorbeeld.example,,,,,,,\n",
			[]string{"anouk@voorbeeld.example|Anouk|nl|wintersport+stedentrip||2026-01-02 10:00", "bram@voorbeeld.example||nl|||"},
		},
		"byte order mark, CRLF, semicolons, a line break in quotes": {
			"\xef\xbb\xbfE-mail;Naam;Taal\r\n\"anouk@voorbeeld.example\";\"de Vries; A.\";en\r\nbram@voorbeeld.example;\"Br\r\nam\";nl\r\n",
			[]string{"anouk@voorbeeld.example|de Vries; A.|en|||", "text_invalid"},
		},
		"tabs and Windows-1252": {
			"email\tname\nzoe@voorbeeld.example\tZo\xeb\nrene@voorbeeld.example\tRen\xc3\xa9\n",
			[]string{"zoe@voorbeeld.example|Zoë|nl|||", "rene@voorbeeld.example|René|nl|||"},
		},
		"Mailchimp, subscribed": {
			"Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,LATITUDE,LONGITUDE,LAST_CHANGED,LEID,EUID,NOTES,TAGS\n" +
				`anouk@voorbeeld.example,Anouk,de Vries,2,"2025-03-04 12:31:55",192.0.2.7,"2025-03-04 12:40:00",192.0.2.8,,,"2025-03-04 12:40:00",1,ab12,,"""a"",""b"""` + "\n" +
				`bram@voorbeeld.example,Bram,,2,,,"2025-03-04 12:40:00",192.0.2.8,,,,2,ab13,,` + "\n",
			[]string{"anouk@voorbeeld.example|Anouk de Vries|nl|||2025-03-04 12:40", "bram@voorbeeld.example|Bram|nl|||"},
		},
		"Mailchimp, unsubscribed": {
			"Email Address,First Name,UNSUB_TIME,UNSUB_REASON,OPTIN_TIME,CONFIRM_TIME\nanouk@voorbeeld.example,Anouk,2026-05-01 10:00:00,NORMAL,2025-03-04 12:31:55,2025-03-04 12:40:00\n",
			[]string{"anouk@voorbeeld.example|Anouk|nl||left|2025-03-04 12:40"},
		},
		"Mailchimp, cleaned": {
			"Email Address,CLEAN_TIME,CLEAN_CAMPAIGN_TITLE\nanouk@voorbeeld.example,2026-05-01 10:00:00,Zomer\n",
			[]string{"anouk@voorbeeld.example||nl||bounced|"},
		},
		"rapidmail": {
			"id;email;firstname;lastname;status;created;created_ip;activated;activated_ip\n" +
				"1;anouk@voorbeeld.example;Anouk;de Vries;active;2025-01-01 10:00:00;192.0.2.1;2025-01-01 11:00:00;192.0.2.1\n" +
				"2;bram@voorbeeld.example;;;new;2025-01-01 10:00:00;192.0.2.1;0000-00-00 00:00:00;\n" +
				"3;cor@voorbeeld.example;;;deleted;;;;\n4;dirk@voorbeeld.example;;;abused;;;;\n5;els@voorbeeld.example;;;bounced;;;;\n",
			[]string{"anouk@voorbeeld.example|Anouk de Vries|nl|||2025-01-01 11:00", "bram@voorbeeld.example||nl||unconfirmed|",
				"cor@voorbeeld.example||nl||left|", "dirk@voorbeeld.example||nl||complained|", "els@voorbeeld.example||nl||bounced|"},
		},
		"listmonk": {
			"uuid,email,name,attributes,status,created_at,updated_at\n" +
				`a-1,anouk@voorbeeld.example,Anouk,"{""city"":""Utrecht""}",enabled,2025-01-01T10:00:00Z,2025-01-01T10:00:00Z` + "\n" +
				"a-2,bram@voorbeeld.example,Bram,{},blocklisted,2025-01-01T10:00:00Z,2025-01-01T10:00:00Z\n",
			[]string{"anouk@voorbeeld.example|Anouk|nl|||", "bram@voorbeeld.example|Bram|nl||left_all|"},
		},
		"HubSpot": {
			"Record ID,First Name,Last Name,Email,Legal basis for processing contact's data,Unsubscribed from all email,Email hard bounce reason,Opted out of email: Marketing Information\n" +
				"1,Anouk,de Vries,anouk@voorbeeld.example,Freely given consent from contact,false,,\n2,Bram,,bram@voorbeeld.example,,true,,\n" +
				"3,Cor,,cor@voorbeeld.example,,,UNKNOWN_USER,\n4,Els,,els@voorbeeld.example,,,,true\n",
			[]string{"anouk@voorbeeld.example|Anouk de Vries|nl|||", "bram@voorbeeld.example|Bram|nl||left|", "cor@voorbeeld.example|Cor|nl||bounced|", "els@voorbeeld.example|Els|nl||left|"},
		},
		"HubSpot, unsubscribes and bounces": {
			"Email,Portal Bounce,Portal Unsubscribe,Portal Spam Report,Global Bounce\na@voorbeeld.example,,TRUE,,\nb@voorbeeld.example,,TRUE,TRUE,\nc@voorbeeld.example,,,,TRUE\n",
			[]string{"a@voorbeeld.example||nl||left|", "b@voorbeeld.example||nl||complained|", "c@voorbeeld.example||nl||bounced|"},
		},
		"NDJSON": {
			`{"email":"anouk@voorbeeld.example","name":"Anouk","interests":["wintersport","stedentrip"],"confirmed_at":"2026-01-02T10:00:00Z"}` + "\n\n" +
				`{"email":"bram@voorbeeld.example","attribs":{"a":1},"status":"unsubscribed","name":null}` + "\n" + `{"name":"x"}` + "\n{broken\n",
			[]string{"anouk@voorbeeld.example|Anouk|nl|wintersport+stedentrip||2026-01-02 10:00", "bram@voorbeeld.example||nl||left|", "email_missing", "row_malformed"},
		},
		"what can't be used": {
			"email,name,confirmed_at,interests,status\n" +
				"nobody,,,,\n,x,,,\nanouk@voorbeeld.example,,2027-01-15T09:30:01Z,,\nanouk@voorbeeld.example,,1970-01-01,,\nanouk@voorbeeld.example,,03/04/2025,,\n" +
				"anouk@voorbeeld.example,\"a\u202eb\",,,\nanouk@voorbeeld.example,,,ski & snow,\nanouk@voorbeeld.example,,,,fond\nanouk@voorbeeld.example,x\nanouk@voorbeeld.example,a\"b,,,\n" +
				"bram@voorbeeld.example,,2025-06-07,,subscribed\n",
			[]string{"email_missing_at", "email_missing", "time_future", "time_absurd", "time_unreadable", "text_invalid", "interest_invalid", "status_unknown", "columns_mismatch", "row_malformed",
				"bram@voorbeeld.example||nl|||2025-06-07 00:00"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, anew := range []bool{false, true} {
				var got []string
				for _, r := range readAll(t, tt.file, anew) {
					got = append(got, told(r))
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("rows, opened anew %v (-want +got):\n%s", anew, diff)
				}
			}
		})
	}
}

// F.17, M30: the proof columns are kept as they stand, and nothing else is.
func TestImportKeepsProof(t *testing.T) {
	rows := readAll(t, "email,phone,CONFIRM_TIME,CONFIRM_IP,source\nanouk@voorbeeld.example,0612345678,2026-01-02 10:00:00,2001:db8:1:2::3,\"beurs <\"\"Utrecht\"\">\"\n", false)
	want := `{"CONFIRM_TIME":"2026-01-02 10:00:00","CONFIRM_IP":"2001:db8:1:2::3","source":"beurs \u003c\"Utrecht\"\u003e"}`
	if string(rows[0].Proof) != want || rows[0].IP != "2001:db8:1::/48" {
		t.Errorf("kept %s from %s", rows[0].Proof, rows[0].IP)
	}
	e := akkoord.Evidence{Address: "anouk@voorbeeld.example", Imported: rows[0].Proof}
	data, _, err := e.Commit([]byte("salt"))
	if err != nil {
		t.Fatal(err)
	}
	var back akkoord.Evidence
	if err := json.Unmarshal(data, &back); err != nil || back != e {
		t.Errorf("read back as %+v, %v", back, err)
	}
}

func TestImportRefusesFiles(t *testing.T) {
	for file, code := range map[string]string{
		"":                                "file_empty",
		"\n \n":                           "file_empty",
		"anouk@voorbeeld.example,Anouk\n": "header_missing",
		"name,phone\nx,y\n":               "column_missing",
		"\xff\xfee\x00m\x00":              "file_utf16",
		"PK\x03\x04xlsx":                  "file_spreadsheet",
		`[{"email":"a@b.example"}]`:       "json_list",
		"a\"b,c\n":                        "header_broken",
	} {
		_, err := akkoord.NewImportReader(strings.NewReader(file), akkoord.ImportSpec{}, akkoord.ImportMark{}, importNow)
		if akkoord.CodeOf(err) != code {
			t.Errorf("%q: %v, want %s", file, err, code)
		}
	}
	endless := "email,name\na@voorbeeld.example,\"" + strings.Repeat("x\n", akkoord.Limits.ImportRecord)
	r, err := akkoord.NewImportReader(strings.NewReader(endless), akkoord.ImportSpec{}, akkoord.ImportMark{}, importNow)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Next(); akkoord.CodeOf(err) != "row_too_long" {
		t.Errorf("a quote without an end gave %v", err)
	}
}

// A file with more columns than can be read is refused before anything is made of them,
// and so is a later row; nothing of either grows with their number.
func TestImportRefusesManyColumns(t *testing.T) {
	many := strings.Repeat(",x", akkoord.Limits.ImportColumns)
	spec := akkoord.ImportSpec{Columns: map[string]string{"x": "name"}}
	_, err := akkoord.NewImportReader(strings.NewReader("email"+many+"\n"), spec, akkoord.ImportMark{}, importNow)
	if e := new(akkoord.Error); !errors.As(err, &e) || e.Kind != akkoord.Invalid || e.Field != "file" || e.Code != "file_columns" {
		t.Errorf("a header: %v", err)
	}
	if _, err := spec.Head(strings.NewReader("email"+many+"\n"), importNow); akkoord.CodeOf(err) != "file_columns" {
		t.Errorf("its head: %v", err)
	}
	object := `{"email":"a@voorbeeld.example"`
	for n := range akkoord.Limits.ImportColumns {
		object += fmt.Sprintf(`,"k%d":1`, n)
	}
	if _, err := spec.Head(strings.NewReader(object+"}\n"), importNow); akkoord.CodeOf(err) != "file_columns" {
		t.Errorf("the head of objects: %v", err)
	}
	for file, code := range map[string]string{"email\na@voorbeeld.example" + many + many + "\n": "columns_mismatch", object + "}\n": "file_columns"} {
		r, err := akkoord.NewImportReader(strings.NewReader(file), akkoord.ImportSpec{}, akkoord.ImportMark{}, importNow)
		if err != nil {
			t.Fatal(err)
		}
		row, err := r.Next()
		if err != nil || row.Refused == nil || row.Refused.Code != code || len(row.Fields) > akkoord.Limits.ImportColumns {
			t.Errorf("a row: %v, %v, %d fields", row.Refused, err, len(row.Fields))
		}
		if r.Weight() < int64(len(file))/2+16*int64(akkoord.Limits.ImportColumns) {
			t.Errorf("a row of %d columns weighs %d", akkoord.Limits.ImportColumns, r.Weight())
		}
	}
}

// M7, P15: no choice of what columns are makes a file forget who must not be mailed, or
// what proves that somebody may be.
func TestImportColumnsKeepOptOuts(t *testing.T) {
	spec := akkoord.ImportSpec{Purpose: "travel-news", Basis: akkoord.BasisConsent}
	for name, tests := range map[string]map[string]string{
		"Status":                        {"-": "column_kept", "name": "column_kept", "attribute:x": "column_kept", "status": "", "unsubscribed_at": ""},
		"Unsubscribed from all email":   {"-": "column_kept", "status": ""},
		"Opted out of email: Marketing": {"attribute:x": "column_kept"},
		"CLEAN_TIME":                    {"-": "column_kept"},
		"Email hard bounce reason":      {"source": "column_kept"},
		"portal_spam_report":            {"-": "column_kept"},
		"OPTIN_TIME":                    {"-": "column_kept", "confirmed_at": "column_kept"},
		"Legal basis":                   {"-": "column_kept", "confirmed_at": "column_kept", "source": ""},
		"Correo":                        {"email": "", "-": "", "status": ""},
		"first_name":                    {"-": "", "name": ""},
		"anouk@voorbeeld.example":       {"email": "column_name"},
		strings.Repeat("x", 201):        {"email": "column_name"},
	} {
		for read, code := range tests {
			spec.Columns = map[string]string{name: read}
			if err := spec.Check(); akkoord.CodeOf(err) != code {
				t.Errorf("%s as %s: %v", name, read, err)
			}
		}
	}
	for header, columns := range map[string]map[string]string{
		"email,phone,status": {"phone": "status"}, "email,status,phone": {"phone": "status"}, "email,a,b": {"a": "unsubscribed_at", "b": "unsubscribed_at"},
	} {
		spec.Columns = columns
		if _, err := akkoord.NewImportReader(strings.NewReader(header+"\n"), spec, akkoord.ImportMark{}, importNow); akkoord.CodeOf(err) != "column_twice" {
			t.Errorf("%s as %v: %v", header, columns, err)
		}
		if head, err := spec.Head(strings.NewReader(header+"\n"), importNow); err != nil || len(head) != 3 {
			t.Errorf("the head of %s: %v, %v", header, head, err)
		}
	}
}

// Whatever a file holds, reading ends, lines grow, and reading on from any
// mark gives the same rows.
func TestImportReadsOnFromAnyMark(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cell := rapid.StringOfN(rapid.RuneFrom([]rune(`ab@.;,"`+"\r\n\xe9 ")), 0, 8, -1)
		file := "email,name\n" + strings.Join(rapid.SliceOfN(cell, 0, 30).Draw(t, "cells"), "")
		read := func(anew bool) (out []string) {
			r, err := akkoord.NewImportReader(strings.NewReader(file), akkoord.ImportSpec{}, akkoord.ImportMark{}, importNow)
			for err == nil {
				var row akkoord.ImportRow
				if row, err = r.Next(); err == nil {
					out = append(out, told(row))
					if anew {
						r, err = akkoord.NewImportReader(strings.NewReader(file), akkoord.ImportSpec{}, r.Mark(), importNow)
					}
				}
			}
			if !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			return out
		}
		if diff := cmp.Diff(read(false), read(true)); diff != "" {
			t.Errorf("-whole +in parts:\n%s", diff)
		}
	})
}
