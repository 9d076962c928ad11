package api_test

import (
	"net/http"
	"strings"
	"testing"

	"akkoord"
)

// TestBadInput refuses with a 4xx, a code and the name of the field, and
// stores nothing (P30).
func TestBadInput(t *testing.T) {
	f := newFixture(t)
	mailing := "/mailings/" + f.catalogue()
	person := "/subscribers/" + f.person("pim@voorbeeld.example", true).PublicID.String()
	before := len(f.trail())
	deep := strings.Repeat("[", 20000)
	for name, tt := range map[string]struct {
		method, path, body string
		status             int
		code, field        string
	}{
		"no JSON":           {"POST", "/purposes", `{"slug":`, 400, "json_invalid", ""},
		"two values":        {"POST", "/purposes", `{} {}`, 400, "json_invalid", ""},
		"deep":              {"POST", "/purposes", deep, 400, "json_invalid", ""},
		"no body":           {"POST", "/purposes", ``, 400, "body_missing", ""},
		"a list":            {"POST", "/purposes", `[]`, 422, "value_invalid", ""},
		"invalid UTF-8":     {"POST", "/campaigns", "{\"slug\":\"x\",\"name\":\"\xff\",\"purpose\":\"travel-news\"}", 400, "utf8_invalid", ""},
		"too large":         {"POST", "/purposes", `{"slug":"` + strings.Repeat("a", int(akkoord.Limits.APIBody)) + `"}`, 413, "body_too_large", ""},
		"unknown field":     {"POST", "/purposes", strings.Replace(newsBody, "{", `{"sql":"x",`, 1), 422, "field_unknown", "sql"},
		"field missing":     {"POST", "/purposes", `{"name":{},"wording":{}}`, 422, "field_missing", "slug"},
		"wrong type":        {"POST", "/purposes", strings.Replace(newsBody, "365", `"1"`, 1), 422, "value_invalid", "inactive_after_days"},
		"wrong type inside": {"POST", "/purposes", strings.Replace(newsBody, `"Reisnieuws"`, `7`, 1), 422, "value_invalid", "name.nl"},
		"bad slug":          {"POST", "/purposes", strings.Replace(newsBody, "travel-news", "../etc", 1), 422, "slug_invalid", "slug"},
		"taken slug":        {"POST", "/purposes", newsBody, 409, "slug_taken", "slug"},
		"bad basis":         {"POST", "/purposes", strings.Replace(newsBody, `"consent"`, `"whim"`, 1), 422, "value_invalid", "basis"},
		"text missing":      {"POST", "/purposes", strings.Replace(strings.Replace(newsBody, "travel-news", "b", 1), `"Yes, mail me."`, `""`, 1), 422, "text_missing", "wording"},
		"text reserved":     {"POST", "/purposes", strings.Replace(strings.Replace(newsBody, "travel-news", "b", 1), `Yes, mail me.`, `Yes, zqslot0001z.`, 1), 422, "template_invalid", "wording"},
		"no such language":  {"POST", "/purposes", strings.Replace(strings.Replace(newsBody, "travel-news", "b", 1), `"en"`, `"xx"`, 3), 422, "locale_unknown", "name"},
		"NUL":               {"POST", "/campaigns", `{"slug":"x","name":"a\u0000b","purpose":"travel-news"}`, 422, "text_invalid", "name"},
		"bidi":              {"POST", "/campaigns", `{"slug":"x","name":"a\u202eb","purpose":"travel-news"}`, 422, "text_invalid", "name"},
		"header injection":  {"POST", "/campaigns/winter-2027/mailings", `{"subject":"a\r\nBcc: x@y.example"}`, 422, "text_invalid", "subject"},
		"purpose's name":    {"POST", "/purposes", strings.Replace(strings.Replace(newsBody, "travel-news", "b", 1), "Reisnieuws", `Reis\r\nBcc: x@y.example`, 1), 422, "text_invalid", "name"},
		"form's label":      {"POST", "/forms", `{"slug":"x","purposes":["travel-news"],"texts":{"nl":{"interests":{"wintersport":"a\u202eb"}}}}`, 422, "text_invalid", "interests"},
		"form's long label": {"POST", "/forms", `{"slug":"x","purposes":["travel-news"],"texts":{"nl":{"interests":{"wintersport":"` + strings.Repeat("a", 4001) + `"}}}}`, 422, "text_too_long", "interests"},
		"label of nothing":  {"POST", "/forms", `{"slug":"x","purposes":["travel-news"],"texts":{"nl":{"interests":{"A B":"a"}}}}`, 422, "slug_invalid", "interests"},
		"long subject":      {"POST", "/campaigns/winter-2027/mailings", `{"subject":"` + strings.Repeat("a", 251) + `"}`, 422, "text_too_long", "subject"},
		"two contents":      {"POST", "/campaigns/winter-2027/mailings", `{"markdown":"a","html":"b"}`, 422, "content_twice", "html"},
		"one variant":       {"POST", "/campaigns/winter-2027/mailings", `{"variants":[{"name":"A"}]}`, 422, "variant_count", "variants"},
		"bad time":          {"POST", "/campaigns/winter-2027/mailings", `{"send_at":"tomorrow"}`, 422, "value_invalid", "send_at"},
		"past time":         {"POST", "/campaigns/winter-2027/mailings", `{"send_at":"2020-01-01T10:00:00Z"}`, 422, "send_at_past", "send_at"},
		"no such campaign":  {"POST", "/campaigns/none/mailings", `{}`, 404, "not_found", ""},
		"no such purpose":   {"POST", "/campaigns", `{"slug":"x","name":"X","purpose":"none"}`, 422, "purpose_unknown", "purpose"},
		"no such segment":   {"POST", "/campaigns", `{"slug":"x","name":"X","purpose":"travel-news","segment":"s"}`, 422, "segment_unknown", "segment"},
		"segment: purpose":  {"POST", "/segments", `{"slug":"x","purpose":"none","filter":{"all":[]}}`, 422, "purpose_unknown", "purpose"},
		"segment: nothing":  {"POST", "/segments", `{"slug":"x","purpose":"travel-news"}`, 422, "field_missing", "filter"},
		"segment: null":     {"POST", "/segments", `{"slug":"x","purpose":"travel-news","filter":null}`, 422, "filter_type", "filter"},
		"segment: node":     {"POST", "/segments", `{"slug":"x","purpose":"travel-news","filter":{"all":[{"sql":"1=1"}]}}`, 422, "filter_unknown", "filter.all[0]"},
		"segment: name":     {"POST", "/segments/preview", `{"purpose":"travel-news","filter":{"interest":"zeilen"}}`, 422, "interest_unknown", "filter.interest"},
		"segment: count":    {"POST", "/segments/count", `{"purpose":"travel-news","filter":{"any":[{"locale":"xx"}]}}`, 422, "locale_unknown", "filter.any[0].locale"},
		"segment: NUL":      {"POST", "/segments/preview", `{"purpose":"travel-news","filter":{"source":"a\u0000"}}`, 422, "text_invalid", "filter.source"},
		"no segment":        {"GET", "/segments/none", "", 404, "not_found", ""},
		"form's purpose":    {"POST", "/forms", `{"slug":"x","purposes":["none"]}`, 422, "purpose_unknown", "purposes"},
		"form's attribute":  {"POST", "/forms", `{"slug":"x","purposes":["travel-news"],"attributes":[{"slug":"none"}]}`, 422, "attribute_unknown", "attributes"},
		"attribute twice":   {"POST", "/forms", `{"slug":"x","purposes":["travel-news"],"attributes":[{"slug":"a"},{"slug":"a"}]}`, 422, "duplicate", "attributes"},
		"form's origin":     {"POST", "/forms", strings.Replace(strings.Replace(formBody, "home", "x", 1), "https://www.zonvaart.example", "javascript:alert(1)", 1), 422, "origin_invalid", "origins"},
		"bad address":       {"GET", "/subscribers?email=a@b@c.example", "", 422, "email_many", "email"},
		"empty address":     {"GET", "/subscribers?email=", "", 422, "value_invalid", "email"},
		"bad cursor":        {"GET", "/subscribers?cursor=x", "", 422, "cursor_invalid", "cursor"},
		"negative cursor":   {"GET", "/subscribers?cursor=_________-8", "", 422, "cursor_invalid", "cursor"},
		"bad limit":         {"GET", "/subscribers?limit=1000", "", 422, "value_invalid", "limit"},
		"limit no number":   {"GET", "/subscribers?limit=x", "", 422, "value_invalid", "limit"},
		"unknown parameter": {"GET", "/subscribers?order=email", "", 422, "parameter_unknown", "order"},
		"bad query":         {"GET", "/subscribers?email=a@b.example;drop", "", 400, "query_invalid", ""},
		"bad id":            {"GET", "/subscribers/17", "", 404, "not_found", ""},
		"no such person":    {"GET", "/subscribers/01890000-0000-7000-8000-000000000000", "", 404, "not_found", ""},
		"no such mailing":   {"GET", "/mailings/01890000-0000-7000-8000-000000000000", "", 404, "not_found", ""},
		"bad name":          {"PATCH", person, `{"name":"a\nb"}`, 422, "text_invalid", "name"},
		"bad locale":        {"PATCH", person, `{"locale":"xx"}`, 422, "locale_unknown", "locale"},
		"bad interest":      {"PATCH", person, `{"interests":["A B"]}`, 422, "slug_invalid", "interests"},
		"new interest":      {"PATCH", person, `{"name":"P","interests":["wintersport","nope"]}`, 422, "interest_unknown", "interests"},
		"purpose: wording":  {"PATCH", "/purposes/travel-news", `{"wording":{"en":" "}}`, 422, "text_missing", "wording"},
		"purpose: change":   {"PATCH", "/purposes/travel-news", `{"wording":{"en":"Yes!"}}`, 422, "wording_change_missing", "change"},
		"purpose: why":      {"PATCH", "/purposes/travel-news", `{"wording":{"en":"Yes!"},"change":"correction"}`, 422, "reason_missing", "reason"},
		"basis: no facts":   {"POST", person + "/basis", `{"purpose":"travel-news","basis":"existing_customer","reason":"r"}`, 422, "basis_facts_missing", "sold_on"},
		"basis: consent":    {"POST", person + "/basis", `{"purpose":"travel-news","basis":"consent","reason":"r"}`, 422, "consent_by_person", "basis"},
		"basis: purpose":    {"POST", person + "/basis", `{"purpose":"none","basis":"contract","text":"c","reason":"r"}`, 404, "not_found", ""},
		"purpose: half":     {"PATCH", "/purposes/travel-news", `{"name":{"xx":"a"}}`, 422, "locale_unknown", "name"},
		"purpose: days":     {"PATCH", "/purposes/travel-news", `{"inactive_after_days":-1}`, 422, "number_range", "inactive_after_days"},
		"purpose: too many": {"PATCH", "/purposes/travel-news", `{"inactive_after_days":99999999999999999999}`, 422, "value_invalid", "inactive_after_days"},
		"bulk act: people":  {"POST", "/bulk-acts/01890000-0000-7000-8000-000000000000/confirm", `{"people":99999999999999999999}`, 422, "value_invalid", "people"},
		"audit: from":       {"GET", "/audit?from=yesterday", "", 422, "value_invalid", "from"},
		"purpose: slug":     {"PATCH", "/purposes/travel-news", `{"slug":"x"}`, 422, "field_unknown", "slug"},
		"purpose: basis":    {"PATCH", "/purposes/travel-news", `{"basis":"contract"}`, 422, "field_unknown", "basis"},
		"no purpose":        {"PATCH", "/purposes/none", `{}`, 404, "not_found", ""},
		"form: no boxes":    {"PATCH", "/forms/home", `{"purposes":[]}`, 422, "purpose_required", "purposes"},
		"form: clicks":      {"PATCH", "/forms/home", `{"tracking":true}`, 422, "tracking_wording_missing", "tracking"},
		"form: purpose":     {"PATCH", "/forms/home", `{"purposes":["none"]}`, 422, "purpose_unknown", "purposes"},
		"form: challenge":   {"PATCH", "/forms/home", `{"challenge":"quiz"}`, 422, "value_invalid", "challenge"},
		"no form":           {"PATCH", "/forms/none", `{}`, 404, "not_found", ""},
		"address is fixed":  {"PATCH", person, `{"email":"x@y.example"}`, 422, "field_unknown", "email"},
		"gate: no address":  {"GET", "/gate?purpose=travel-news", "", 422, "field_missing", "email"},
		"gate: no purpose":  {"GET", "/gate?email=a@b.example", "", 422, "field_missing", "purpose"},
		"gate: unknown":     {"GET", "/gate?email=a@b.example&purpose=x", "", 422, "purpose_unknown", "purpose"},
		"gate: no mailing":  {"GET", "/gate?email=a@b.example&mailing=x", "", 422, "mailing_unknown", "mailing"},
		"gate: bad time":    {"GET", "/gate?email=a@b.example&purpose=travel-news&at=now", "", 422, "value_invalid", "at"},
		"test: bad address": {"POST", mailing + "/test", `{"email":"a@b.example,c@d.example"}`, 422, "email_many", "email"},
		"test: no variant":  {"POST", mailing + "/test", `{"email":"a@b.example","variant":"B"}`, 422, "variant_unknown", "variant"},
		"preview: language": {"GET", mailing + "/preview?locale=xx", "", 422, "locale_unknown", "locale"},
		"deliveries: state": {"GET", mailing + "/deliveries?state=lost", "", 422, "value_invalid", "state"},
		"deliveries: class": {"GET", mailing + "/deliveries?class=lost", "", 422, "value_invalid", "class"},
		"resume a draft":    {"POST", mailing + "/resume", "", 409, "state", ""},
		"no such address":   {"GET", "/nothing", "", 404, "not_found", ""},
		"wrong method":      {"DELETE", "/purposes", "", 405, "method_not_allowed", ""},
		"trailing slash":    {"GET", "/purposes/", "", 404, "not_found", ""},
		"dots":              {"GET", "/purposes/../audit", "", 404, "not_found", ""},
	} {
		a := f.call(akkoord.RoleOwner, tt.method, tt.path, tt.body)
		if a.status != tt.status || a.str("code") != tt.code || tt.field != "" && a.str("field") != tt.field {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
		if ct := a.header.Get("Content-Type"); ct != "application/problem+json" {
			t.Errorf("%s: Content-Type %s", name, ct)
		}
		if a.str("type") != "about:blank" || a.str("detail") == "" || strings.Contains(a.str("detail"), "of  is") || a.str("title") == "" {
			t.Errorf("%s: %s", name, a.raw)
		}
	}
	if after := len(f.trail()); after != before {
		t.Errorf("%d audit lines more: something was done", after-before)
	}
}

// TestHeaders refuses what headers say wrong.
func TestHeaders(t *testing.T) {
	f := newFixture(t)
	for name, tt := range map[string]struct {
		header string
		status int
		code   string
	}{
		"form":      {"Content-Type: application/x-www-form-urlencoded", http.StatusUnsupportedMediaType, "media_type"},
		"text":      {"Content-Type: text/plain", http.StatusUnsupportedMediaType, "media_type"},
		"nonsense":  {"Content-Type: ;+;", http.StatusUnsupportedMediaType, "media_type"},
		"long key":  {"Idempotency-Key: " + strings.Repeat("k", 256), http.StatusBadRequest, "idempotency_key_invalid"},
		"charset":   {"Content-Type: application/json; charset=utf-8", http.StatusCreated, ""},
		"any media": {"Accept: text/html", http.StatusConflict, "slug_taken"},
		"picture":   {"Content-Type: image/png", http.StatusUnsupportedMediaType, "media_type"},
		"multipart": {"Content-Type: multipart/form-data; boundary=x", http.StatusUnsupportedMediaType, "media_type"},
	} {
		if name == "any media" {
			continue // after the one that succeeds
		}
		a := f.call(akkoord.RoleOwner, "POST", "/purposes", newsBody, tt.header)
		if a.status != tt.status || a.str("code") != tt.code {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
		if a.status == http.StatusUnsupportedMediaType && (a.header.Get("Accept") != "application/json" || a.str("field") != "Content-Type") {
			t.Errorf("%s: Accept %q, %s", name, a.header.Get("Accept"), a.raw)
		}
	}
	for _, header := range []string{"Content-Type: image/png", "Content-Type: application/json", "Content-Type: "} {
		a := f.call(akkoord.RoleOwner, "POST", "/images", "[]", header)
		if a.status != http.StatusUnsupportedMediaType || a.header.Get("Accept") != "multipart/form-data" || !strings.Contains(a.str("detail"), "multipart/form-data") {
			t.Errorf("a picture as %s: %d, Accept %q, %s", header, a.status, a.header.Get("Accept"), a.raw)
		}
	}
	if a := f.call(akkoord.RoleOwner, "PATCH", "/purposes/travel-news", "{}", "Content-Type: application/merge-patch+json"); a.status != http.StatusOK {
		t.Errorf("a merge patch: %d %s", a.status, a.raw)
	}
	a := f.call(akkoord.RoleOwner, "POST", "/purposes", newsBody, "Accept: text/html")
	if a.status != http.StatusConflict || a.str("code") != "slug_taken" {
		t.Errorf("any media: %d %s", a.status, a.raw)
	}
	if a := f.call(akkoord.RoleOwner, "DELETE", "/purposes", ""); !strings.Contains(a.header.Get("Allow"), "POST") {
		t.Errorf("Allow: %q", a.header.Get("Allow"))
	}
}
