package akkoord

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Contract, POST /segments: each node of a filter is read, and written the same.
func TestFiltersAreReadAndWritten(t *testing.T) {
	for _, text := range []string{
		`{"all":[]}`,
		`{"learned":"wintersport"}`,
		`{"any":[{"interest":"wintersport"},{"not":{"locale":"nl"}}]}`,
		`{"attribute":"city","op":"eq","value":"Utrecht"}`,
		`{"attribute":"city","op":"exists"}`,
		`{"clicked":{"campaign":"zomer"},"within_days":90}`,
		`{"clicked":{"topic":"wintersport"}}`,
		`{"clicked":{"link":"https://www.zonvaart.example/ski"}}`,
		`{"active_within_days":30}`,
		`{"consented_before":"2026-01-01"}`,
		`{"consented_after":"2026-01-01T09:30:00.000001Z"}`,
		`{"source":"form:home"}`,
	} {
		f, err := ParseFilter("filter", []byte(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got, err := json.Marshal(f)
		if err != nil || string(got) != text {
			t.Errorf("%s is written %s, %v", text, got, err)
		}
	}
}

// What is no filter is refused, and the field says where.
func TestWhatIsNoFilterIsRefused(t *testing.T) {
	deep := strings.Repeat(`{"not":`, 9) + `{"locale":"nl"}` + strings.Repeat("}", 9)
	large := `{"any":[` + strings.Repeat(`{"locale":"nl"},`, 100) + `{"locale":"nl"}]}`
	for text, want := range map[string][2]string{
		``:                          {"filter", "filter_missing"},
		`{`:                         {"filter", "filter_invalid"},
		`{"all":[]} {}`:             {"filter", "filter_invalid"},
		`[]`:                        {"filter", "filter_type"},
		`{}`:                        {"filter", "filter_unknown"},
		`{"sql":"1=1"}`:             {"filter", "filter_unknown"},
		`{"all":[],"any":[]}`:       {"filter", "filter_unknown"},
		`{"locale":"nl","op":"eq"}`: {"filter.op", "filter_unknown"},
		`{"all":{}}`:                {"filter.all", "filter_type"},
		`{"all":[{"not":[]}]}`:      {"filter.all[0].not", "filter_type"},
		`{"any":[{"interest":7}]}`:  {"filter.any[0].interest", "filter_type"},
		`{"interest":""}`:           {"filter.interest", "filter_type"},
		`{"source":"a\u0000b"}`:     {"filter.source", "text_invalid"},
		`{"attribute":"city"}`:      {"filter.value", "filter_type"},
		`{"attribute":"city","op":"like","value":"U%"}`:    {"filter.op", "op_invalid"},
		`{"attribute":"city","op":"eq","value":null}`:      {"filter.value", "filter_type"},
		`{"attribute":"city","op":"exists","value":"x"}`:   {"filter.value", "filter_type"},
		`{"learned":"Zo mer"}`:                             {"filter.learned", "slug_invalid"},
		`{"learned":1}`:                                    {"filter.learned", "filter_type"},
		`{"learned":"ski","within_days":9}`:                {"filter.within_days", "filter_unknown"},
		`{"clicked":"zomer"}`:                              {"filter.clicked", "filter_type"},
		`{"clicked":{"mailing":"x"}}`:                      {"filter.clicked.mailing", "filter_unknown"},
		`{"clicked":{"campaign":"Zo mer"}}`:                {"filter.clicked.campaign", "slug_invalid"},
		`{"clicked":{"topic":"ski"},"within_days":0}`:      {"filter.within_days", "filter_type"},
		`{"clicked":{"topic":"ski"},"within_days":1e99}`:   {"filter.within_days", "filter_type"},
		`{"clicked":{"topic":"ski"},"within_days":"many"}`: {"filter.within_days", "filter_type"},
		`{"consented_before":"gisteren"}`:                  {"filter.consented_before", "filter_type"},
		deep:                                               {"filter" + strings.Repeat(".not", 8), "filter_too_deep"},
		large:                                              {"filter.any[99]", "filter_too_large"},
	} {
		_, err := ParseFilter("filter", []byte(text))
		e, ok := err.(*Error)
		if !ok || e.Kind != Invalid || [2]string{e.Field, e.Code} != want {
			t.Errorf("%.60s: %+v, want %v", text, err, want)
		}
	}
}

// M16, the travel agency: what people clicked in travel news chooses among the
// readers of travel news, also for a mailing about winter sports, and never
// people for ski equipment offers.
func TestClicksServeTheirOwnPurposeAlone(t *testing.T) {
	const news, ski = 1, 2
	words := Vocabulary{
		Purposes:   map[int64]string{news: "Travel news", ski: "Ski equipment offers"},
		Interests:  map[string]int64{"wintersport": 1},
		Attributes: map[string]Attribute{"city": {ID: 1, Slug: "city", Type: AttributeText, PurposeID: news}, "spent": {ID: 2, Slug: "spent", Type: AttributeNumber, PurposeID: ski}},
		Campaigns:  map[string]Campaign{"zomer": {ID: 1, Slug: "zomer", PurposeID: news}},
		Topics:     map[string][]int64{"wintersport": {news}, "both": {news, ski}},
		Links:      map[string][]int64{"https://x.example/": {news}},
	}
	const sentence = "Clicks in Travel news can't select people for Ski equipment offers: that is another purpose."
	tests := map[string]struct {
		filter             string
		newsCode, skiCode  string
		skiField, sentence string
	}{
		"a campaign":           {`{"all":[{"clicked":{"campaign":"zomer"}}]}`, "", "purpose_limitation", "filter.all[0].clicked.campaign", sentence},
		"a topic":              {`{"not":{"clicked":{"topic":"wintersport"}}}`, "", "purpose_limitation", "filter.not.clicked.topic", sentence},
		"a link":               {`{"clicked":{"link":"https://x.example/"}}`, "", "purpose_limitation", "filter.clicked.link", sentence},
		"learned":              {`{"all":[{"learned":"wintersport"}]}`, "", "purpose_limitation", "filter.all[0].learned", "What was learned from clicks in Travel news can't select people for Ski equipment offers: that is another purpose."},
		"learned under both":   {`{"learned":"both"}`, "", "", "", ""},
		"learned under none":   {`{"learned":"new"}`, "", "", "", ""},
		"a topic of both":      {`{"clicked":{"topic":"both"}}`, "", "", "", ""},
		"a topic of neither":   {`{"clicked":{"topic":"new"}}`, "", "", "", ""},
		"an attribute":         {`{"attribute":"city","value":"Utrecht"}`, "", "purpose_limitation", "filter.attribute", "What is known for Travel news can't select people for Ski equipment offers: that is another purpose."},
		"an interest":          {`{"interest":"wintersport"}`, "", "", "", ""},
		"no such campaign":     {`{"clicked":{"campaign":"winter"}}`, "campaign_unknown", "campaign_unknown", "filter.clicked.campaign", `There is no campaign "winter".`},
		"no such interest":     {`{"interest":"strand"}`, "interest_unknown", "interest_unknown", "filter.interest", ""},
		"no such attribute":    {`{"attribute":"shoe","value":1}`, "attribute_unknown", "attribute_unknown", "filter.attribute", ""},
		"no such language":     {`{"locale":"xx"}`, "locale_unknown", "locale_unknown", "filter.locale", ""},
		"a value that is none": {`{"attribute":"spent","value":"much"}`, "purpose_limitation", "attribute_value", "filter.value", "The value of spent is a number, like 12 or 3.5."},
		"no order":             {`{"attribute":"city","op":"lt","value":"x"}`, "op_invalid", "purpose_limitation", "filter.attribute", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f, err := ParseFilter("filter", []byte(tt.filter))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.Check("filter", news, words); CodeOf(err) != tt.newsCode {
				t.Errorf("for travel news: %v, want %q", err, tt.newsCode)
			}
			_, err = f.Check("filter", ski, words)
			if CodeOf(err) != tt.skiCode {
				t.Fatalf("for ski offers: %v, want %q", err, tt.skiCode)
			}
			if e, ok := err.(*Error); ok && (e.Kind != Invalid || e.Field != tt.skiField || tt.sentence != "" && e.Message != tt.sentence) {
				t.Errorf("%+v", e)
			}
		})
	}
}

func TestAFilterMatches(t *testing.T) {
	now := time.Date(2027, 1, 15, 9, 30, 0, 0, time.UTC)
	p := FilterPerson{
		Locale: "nl", Interests: []string{"wintersport"}, Learned: []string{"zon"}, Attributes: map[string]string{"city": "Utrecht", "spent": "9.5", "born": "1980-02-03"},
		Clicks: []PersonClick{{Campaign: "zomer", Topic: "ski", Link: "https://x.example/", At: now.AddDate(0, 0, -10)}},
		Active: now.AddDate(0, 0, -40), Since: now.AddDate(-1, 0, 0), Source: "form:home",
	}
	types := map[string]AttributeType{"city": AttributeText, "spent": AttributeNumber, "born": AttributeDate}
	got, want := map[string]bool{}, map[string]bool{
		`{"all":[]}`: true, `{"any":[]}`: false, `{"not":{"any":[]}}`: true,
		`{"interest":"wintersport"}`: true, `{"interest":"strand"}`: false, `{"interest":"zon"}`: false, `{"learned":"zon"}`: true, `{"learned":"wintersport"}`: false, `{"locale":"nl"}`: true, `{"locale":"en"}`: false,
		`{"all":[{"locale":"nl"},{"interest":"strand"}]}`: false, `{"any":[{"locale":"nl"},{"interest":"strand"}]}`: true,
		`{"attribute":"city","value":"Utrecht"}`: true, `{"attribute":"city","op":"ne","value":"Utrecht"}`: false, `{"attribute":"city","op":"exists"}`: true,
		`{"attribute":"shoe","op":"ne","value":"42"}`: false, `{"attribute":"shoe","op":"exists"}`: false,
		`{"attribute":"spent","op":"lt","value":"10"}`: true, `{"attribute":"spent","op":"gte","value":"9.5"}`: true, `{"attribute":"spent","op":"gt","value":"9.5"}`: false,
		`{"attribute":"born","op":"lte","value":"1980-02-03"}`: true, `{"attribute":"born","op":"lt","value":"1980-02-03"}`: false,
		`{"clicked":{"campaign":"zomer"},"within_days":10}`: true, `{"clicked":{"campaign":"zomer"},"within_days":9}`: false,
		`{"clicked":{"topic":"ski"}}`: true, `{"clicked":{"link":"https://x.example/"}}`: true, `{"clicked":{"topic":"zon"}}`: false,
		`{"active_within_days":40}`: true, `{"active_within_days":39}`: false,
		`{"consented_before":"2026-01-16"}`: true, `{"consented_before":"2026-01-15"}`: false, `{"consented_after":"2026-01-15T09:30:00Z"}`: true,
		`{"source":"form:home"}`: true, `{"source":"import"}`: false,
	}
	for text := range want {
		f, err := ParseFilter("filter", []byte(text))
		if err != nil {
			t.Fatal(text, err)
		}
		got[text] = f.Match(p, types, now)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzFiltersNeverFault(f *testing.F) {
	f.Add(`{"all":[{"not":{"clicked":{"topic":"x"},"within_days":9}}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		filter, err := ParseFilter("filter", []byte(text))
		if err != nil {
			if KindOf(err) != Invalid {
				t.Fatal(err)
			}
			return
		}
		b, err := json.Marshal(filter)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseFilter("filter", b)
		if diff := cmp.Diff(filter, again); diff != "" || err != nil {
			t.Fatalf("%s: %v %s", b, err, diff)
		}
	})
}
