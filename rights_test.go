package akkoord

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRecordAsCSVHasEveryValueAndNoFormula(t *testing.T) { // M20
	r := PersonRecord{
		MadeAt:   Moment{time.Date(2027, 1, 15, 9, 30, 0, 120_000, time.FixedZone("", 3600))},
		Person:   PersonData{ID: ID{1}, Email: "a@b.example", Name: `=HYPERLINK("x")`, Interests: []string{"strand", "+31"}},
		Consents: []ConsentRecord{{Purpose: "travel-news", State: Active, WordingVersion: 2, Text: PurposeText{Wording: "Ja,\n\"graag\""}}},
		Events:   []EventRecord{{Seq: 7, Kind: Requested, Evidence: Evidence{IP: "192.0.2.0/24"}}},
	}
	var b strings.Builder
	if err := r.WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"field,value\nmade_at,2027-01-15T08:30:00.000120Z\n", "person.id,01000000-0000-0000-0000-000000000000\n",
		`person.name,"'=HYPERLINK(""x"")"` + "\n", "person.interests.1,strand\nperson.interests.2,'+31\n",
		"consents.1.state,active\n", "consents.1.since,\n", "consents.1.wording_version,2\n", "consents.1.text.wording,\"Ja,\n\"\"graag\"\"\"\n",
		"events.1.seq,7\n", "events.1.ip,192.0.2.0/24\n",
	} {
		if !strings.Contains(b.String(), line) {
			t.Errorf("the CSV lacks %q:\n%s", line, b.String())
		}
	}
}

func TestMomentsAreWrittenWithSixDigits(t *testing.T) {
	for _, tt := range []struct {
		in   time.Time
		want string
	}{
		{time.Date(2027, 1, 15, 9, 30, 0, 0, time.UTC), `"2027-01-15T09:30:00.000000Z"`},
		{time.Date(2027, 1, 15, 0, 30, 0, 5_000, time.FixedZone("", 7200)), `"2027-01-14T22:30:00.000005Z"`},
		{time.Time{}, "null"},
	} {
		got, err := json.Marshal(Moment{tt.in})
		if err != nil || string(got) != tt.want {
			t.Errorf("%s is written %s, %v; want %s", tt.in, got, err, tt.want)
		}
		var back Moment
		if err := json.Unmarshal(got, &back); err != nil || !back.Equal(tt.in) {
			t.Errorf("%s is read back as %s, %v: %s", got, back, err, cmp.Diff(tt.in, back.Time))
		}
	}
}

// M20: one zip file holds the record as JSON and as CSV, and a schema that
// names every field of it.
func TestM20TheZipHoldsBothAndASchema(t *testing.T) {
	var file bytes.Buffer
	r := PersonRecord{Person: PersonData{Email: "anouk@voorbeeld.example", Interests: []string{}}, Events: []EventRecord{{Kind: Confirmed}}, Consents: []ConsentRecord{{}}}
	if err := r.WriteZIP(&file); err != nil {
		t.Fatal(err)
	}
	members := map[string][]byte{}
	for _, m := range unpack(t, file.Bytes()) {
		members[m.name] = m.data
	}
	var data, schema map[string]any
	if err := errors.Join(json.Unmarshal(members["data.json"], &data), json.Unmarshal(members["schema.json"], &schema)); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(members["data.csv"]), "person.email,anouk@voorbeeld.example") || len(members["README.txt"]) == 0 || len(members) != 4 {
		t.Errorf("the members are %v", len(members))
	}
	var described func(path string, value any, schema map[string]any)
	described = func(path string, value any, schema map[string]any) {
		switch v := value.(type) {
		case map[string]any:
			properties, _ := schema["properties"].(map[string]any)
			for name, inner := range v {
				property, ok := properties[name].(map[string]any)
				if title, _ := property["title"].(string); !ok || title == "" {
					t.Errorf("the schema does not name %s.%s", path, name)
					continue
				}
				described(path+"."+name, inner, property)
			}
		case []any:
			items, _ := schema["items"].(map[string]any)
			for _, inner := range v {
				described(path, inner, items)
			}
		}
	}
	described("", data, schema)
}
