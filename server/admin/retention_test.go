package admin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"akkoord"
)

// TestRetentionByForm sets a policy, after a trial that stores nothing and
// leads to the people, and stops it (M18).
func TestRetentionByForm(t *testing.T) {
	f := newFixtureAt(t, time.Now().AddDate(0, 0, -100))
	f.mailing()
	pim := f.person("pim@voorbeeld.example")
	f.advance(100 * 24 * time.Hour)
	b := f.as(akkoord.RoleManager)
	const path = "/admin/retention/travel-news"
	b.get("/admin/purposes", `href="`+path+`"`, `href="/admin/retention"`)
	b.get(path, "for 12 months", "Nobody.", `value="12"`)

	policy := url.Values{"inactive": {"4"}, "unit": {"months"}, "again": {"7"}, "expire": {"10"}, "signal": {"confirmation_age", "click"}}
	first := f.clock().Add(-100*24*time.Hour).AddDate(0, 0, 122).Format(time.DateOnly)
	trial := url.Values{"try": {"1"}}
	for k, v := range policy {
		trial[k] = v
	}
	page := b.get(path+"?"+trial.Encode(), "This is a trial", "for 4 months", "7 days later", "Asked: 1", "Asked again: 1", "End: 1", "last counted click")
	if p, err := f.store.Purpose(t.Context(), "travel-news"); err != nil || p.InactiveAfter != 365 {
		t.Errorf("a trial changed the policy: %+v %v", p, err)
	}
	_, list, _ := strings.Cut(page.body, `href="`+path+"/people?")
	list, _, _ = strings.Cut(list, `"`)
	list = path + "/people?" + strings.ReplaceAll(list, "&amp;", "&")
	if !strings.Contains(list, "day="+first) {
		t.Errorf("asked on %s, not on %s", list, first)
	}
	b.get(list, "Zoë", "/admin/people/"+pim.PublicID.String(), "Asked whether they still want it")
	if last, _ := f.trail(); !strings.Contains(last, "retention.people purpose:travel-news") {
		t.Errorf("the read left %q", last)
	}

	policy.Set("act", "save")
	if page := b.post(path, path, policy); !strings.Contains(page.body, "The policy is saved.") || !strings.Contains(page.body, "for 4 months") || !strings.Contains(page.body, "Asked: 1") {
		t.Errorf("%s", page.body)
	}
	for name, bad := range map[string]string{"inactive": "4000", "again": "0", "expire": "29", "signal": ""} {
		wrong := url.Values{}
		for k, v := range policy {
			wrong[k] = v
		}
		wrong[name] = []string{bad}
		if page := b.post(path, path, wrong); !strings.Contains(page.body, `role="alert"`) || !strings.Contains(page.body, "for 4 months") {
			t.Errorf("%s %q is taken: %s", name, bad, page.body)
		}
	}
	if page := b.post(path, path, url.Values{"act": {"stop"}}); !strings.Contains(page.body, "Stopped since") || !strings.Contains(page.body, `value="start"`) {
		t.Errorf("%s", page.body)
	}
	if strings.Contains(b.get("/admin/retention").body, "Asked: 1") {
		t.Error("the calendar foresees what is stopped")
	}
	if page := b.post(path, path, url.Values{"act": {"start"}}); strings.Contains(page.body, "Stopped since") {
		t.Errorf("%s", page.body)
	}
	for field, want := range map[string]string{"inactive": "Silent for:", "again": "Days until they are asked once more:", "expire": "Days until the consent ends:", "signal": "Signs of life:"} {
		in := url.Values{"act": {"save"}, "inactive": {"12"}, "unit": {"months"}, "again": {"14"}, "expire": {"14"}, "signal": {"click"}}
		if in.Set(field, "5000"); field == "signal" {
			in.Del(field)
		}
		if page := b.post(path, path, in); !strings.Contains(page.body, want) {
			t.Errorf("a wrong %s is not named: %s", field, page.body)
		}
	}
	if r := b.send("GET", path+"/people?day=friday", ""); r.status != http.StatusUnprocessableEntity && r.status != http.StatusBadRequest {
		t.Errorf("a day that is none: %d", r.status)
	}
	analyst := f.as(akkoord.RoleAnalyst).get(path)
	if strings.Contains(analyst.body, "/people?") || strings.Contains(analyst.body, "<form method=\"post\" action=\""+path) {
		t.Error("an analyst sees people, or a form")
	}
}

// TestRetentionCalendar shows on which day what happens to whom, those who did
// not confirm among them (M18, F.12).
func TestRetentionCalendar(t *testing.T) {
	f := newFixtureAt(t, time.Now().AddDate(0, 0, -340))
	f.mailing()
	f.person("pim@voorbeeld.example")
	asked := f.clock().UTC().AddDate(0, 0, 365)
	f.advance(340 * 24 * time.Hour)
	b := f.as(akkoord.RoleDPO)
	email, err := akkoord.ParseEmail("bo@voorbeeld.example")
	f.check(err)
	p, err := f.store.Purpose(t.Context(), "travel-news")
	f.check(err)
	f.check(f.store.SignUp(t.Context(), akkoord.SignUp{Email: email, Name: "Bo", Locale: "nl", Purposes: []akkoord.Purpose{p}, Origin: akkoord.Origin{Source: "form:home", Actor: akkoord.ActorPerson, Locale: "nl"}}))
	ends := f.clock().UTC().Add(akkoord.Limits.PendingWindow)

	b.get("/admin/retention?month="+asked.Format("2006-01"), asked.Format("January 2006"), "Asked: 1", "/admin/retention/travel-news/people?day="+asked.Format(time.DateOnly))
	b.get("/admin/retention?month="+ends.Format("2006-01"), "Not confirmed: 1", "/admin/unconfirmed?day="+ends.Format(time.DateOnly))
	b.get("/admin/retention?month=1999-01", f.clock().Format("January 2006"))
	b.get("/admin/unconfirmed?day="+ends.Format(time.DateOnly), "Bo", "Sign-up ends, not confirmed")
	if last, _ := f.trail(); !strings.Contains(last, "retention.people unconfirmed") {
		t.Errorf("the read left %q", last)
	}
	b.get("/admin/unconfirmed?day="+ends.AddDate(0, 0, 1).Format(time.DateOnly), "Nobody.")
}
