package admin_test

import (
	"archive/zip"
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"akkoord"
)

// TestARecordIsTakenAwayForAReason: the whole record and its proof are taken by
// button, for a reason that stands in the audit line and names nobody (M20, M26,
// M27, M30).
func TestARecordIsTakenAwayForAReason(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	p := f.person("pim@voorbeeld.example")
	path := "/admin/people/" + p.PublicID.String()
	b := f.as(akkoord.RoleDPO)
	b.get(path, `action="`+path+`/take"`, `<label for="take-reason">`, `value="evidence"`, `value="zip"`)
	for _, tt := range []struct{ what, contentType, name, action, holds string }{
		{"evidence", "application/zip", ".zip", "subscriber.evidence", "manifest.json"},
		{"zip", "application/zip", ".zip", "subscriber.export", "data.json"},
		{"json", "application/json", ".json", "subscriber.export", `"email": "pim@voorbeeld.example"`},
		{"csv", "text/csv; charset=utf-8", ".csv", "subscriber.export", "person.email,pim@voorbeeld.example"},
	} {
		_, before := f.trail()
		r := b.send("POST", path+"/take", url.Values{"what": {tt.what}, "reason": {"asked for by letter of 3 January"}}.Encode())
		if r.status != http.StatusOK || r.header.Get("Content-Type") != tt.contentType || !strings.Contains(r.header.Get("Content-Disposition"), tt.name) {
			t.Errorf("%s: %d %v", tt.what, r.status, r.header)
			continue
		}
		got := r.body
		if tt.contentType == "application/zip" {
			z, err := zip.NewReader(bytes.NewReader([]byte(r.body)), int64(len(r.body)))
			f.check(err)
			got = ""
			for _, member := range z.File {
				got += member.Name + "\n"
			}
		}
		if !strings.Contains(got, tt.holds) {
			t.Errorf("%s holds no %s: %.300s", tt.what, tt.holds, got)
		}
		e := f.lastLine()
		if _, n := f.trail(); n != before+1 || e.Action != tt.action || e.Note != "asked for by letter of 3 January" || !strings.HasSuffix(e.Object, p.PublicID.String()) {
			t.Errorf("%s left %d lines, the last %+v", tt.what, n-before, e)
		}
	}
	for name, in := range map[string]url.Values{
		"no reason":        {"what": {"evidence"}, "reason": {" "}},
		"a name in it":     {"what": {"zip"}, "reason": {"Zoë called"}},
		"an address in it": {"what": {"evidence"}, "reason": {"mail of a@b.example"}},
		"nothing":          {"what": {"pdf"}, "reason": {"asked for"}},
	} {
		_, before := f.trail()
		b.get(path)
		opened, once := f.trail()
		r := b.send("POST", path+"/take", in.Encode())
		if last, n := f.trail(); !r.refused() || n-once != once-before || last != opened {
			t.Errorf("%s: %d and the line %q", name, r.status, last)
		}
	}
	if r := b.send("POST", "/admin/people/01890000-0000-7000-8000-000000000000/take", url.Values{"what": {"zip"}, "reason": {"asked for"}}.Encode()); r.status != http.StatusNotFound {
		t.Errorf("nobody's record: %d", r.status)
	}
}

// lastLine gives the last line of the audit trail.
func (f *fixture) lastLine() (last akkoord.AuditEntry) {
	f.t.Helper()
	for after := int64(0); ; {
		entries, next, err := f.store.AuditTrail(f.t.Context(), akkoord.Page{After: after})
		f.check(err)
		for _, e := range entries {
			last = e
		}
		if next == 0 {
			return last
		}
		after = next
	}
}
