package api_test

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"

	"akkoord"
)

// Art. 33 and 34 GDPR, issue 5 point 10: whose data, what, since when, who saw
// it, the 72 hours, and drafts of the letters, in one file.
func TestABreachPackHasAllThatIsNeededWithin72Hours(t *testing.T) {
	f := newFixture(t)
	f.catalogue()
	p := f.person("pim@voorbeeld.example", true)
	f.must("GET", "/subscribers/"+p.PublicID.String(), "")
	made := f.call(akkoord.RoleDPO, "POST", "/breach-packs", `{"what":"A laptop was lost.","since":"2026-11-23T00:00:00Z","aware_at":"2026-11-24T09:00:00Z","people":"purpose:travel-news"}`)
	if made.status != 201 || made.object()["count"] != 1.0 || made.str("report_by") != "2026-11-27T09:00:00.000000Z" || made.object()["overdue"] != false {
		t.Fatalf("made: %d %s", made.status, made.raw)
	}
	at := "/breach-packs/" + made.str("id")
	for _, c := range []struct {
		role   akkoord.Role
		body   string
		status int
		field  string
	}{
		{akkoord.RoleManager, `{"what":"x","since":"2026-11-23T00:00:00Z"}`, 403, ""},
		{akkoord.RoleDPO, `{"what":"mail of pim@voorbeeld.example","since":"2026-11-23T00:00:00Z"}`, 422, "what"},
		{akkoord.RoleDPO, `{"what":"x","since":"2027-11-23T00:00:00Z","until":"2027-11-24T00:00:00Z"}`, 422, "since"},
		{akkoord.RoleDPO, `{"what":"x","since":"2026-11-23T00:00:00Z","people":"purpose:none"}`, 422, "people"},
	} {
		if a := f.call(c.role, "POST", "/breach-packs", c.body); a.status != c.status || a.str("field") != c.field {
			t.Errorf("%s: %d %s", c.body, a.status, a.raw)
		}
	}
	members := func(query string) map[string]string {
		a := f.call(akkoord.RoleDPO, "GET", at+"/pack"+query, "")
		z, err := zip.NewReader(bytes.NewReader([]byte(a.raw)), int64(len(a.raw)))
		if err != nil {
			t.Fatalf("%d %v", a.status, err)
		}
		out := map[string]string{}
		for _, m := range z.File {
			r, err := m.Open()
			f.check(err)
			text, err := io.ReadAll(r)
			f.check(err)
			out[m.Name] = string(text)
		}
		return out
	}
	pack := members("")
	for name, words := range map[string][]string{
		"facts.json":       {`"count": 1`, `"report_by": "2026-11-27T09:00:00.000000Z"`, "shortened network address"},
		"people.csv":       {p.PublicID.String()},
		"access.csv":       {"subscriber.read,subscriber:" + p.PublicID.String()},
		"letter.nl.txt":    {"A laptop was lost.", "privacy@zonvaart.example", "2026-11-24"},
		"letter.en.txt":    {"A laptop was lost."},
		"letter.de.txt":    {"A laptop was lost."},
		"letter.fr.txt":    {"A laptop was lost."},
		"authority.nl.txt": {"2026-11-27 09:00 UTC", "1 mensen (purpose:travel-news)"},
		"authority.en.txt": {"Zonvaart Reizen B.V."},
	} {
		for _, w := range words {
			if !strings.Contains(pack[name], w) {
				t.Errorf("%s lacks %q:\n%s", name, w, pack[name])
			}
		}
	}
	if strings.Contains(pack["people.csv"], "pim@") || !strings.Contains(members("?addresses=true")["people.csv"], "pim@voorbeeld.example") {
		t.Error("addresses are in the list only where they are asked for")
	}
	if a := f.call(akkoord.RoleDPO, "POST", at+"/report", `{"at":"2026-11-24T09:20:00Z"}`); a.str("reported_at") == "" {
		t.Errorf("reported: %s", a.raw)
	}
	if a := f.call(akkoord.RoleDPO, "GET", "/audit?kind=breach", ""); !strings.Contains(a.raw, "breach.pack") || !strings.Contains(a.raw, "breach.report") {
		t.Errorf("the audit trail: %s", a.raw)
	}
}
