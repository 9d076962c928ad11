package admin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"akkoord"
	"akkoord/store"
)

// ungranted logs in a new user with a role, whose first grant is ended.
func (f *fixture) ungranted(role akkoord.Role) *browser {
	f.t.Helper()
	b := f.as(role)
	users, err := f.store.Users(f.t.Context())
	f.check(err)
	_, err = f.store.EndGrant(f.t.Context(), akkoord.ActorSystem, users[len(users)-1].PublicID, "other work")
	f.check(err)
	return b
}

// M26: whoever is refused finds the way to an hour of access, takes it with a
// reason, sees people at once, and stands out in the trail.
func TestAUserBreaksTheGlass(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	p := f.person("pim@voorbeeld.example")
	f.as(akkoord.RoleDPO)
	b := f.ungranted(akkoord.RoleManager)
	person := "/admin/people/" + p.PublicID.String()
	if r := b.send("GET", person, ""); r.status != http.StatusForbidden || !strings.Contains(r.body, `href="/admin/access"`) {
		t.Errorf("refused: %d %s", r.status, r.body)
	}
	has(t, b.get("/admin/access"), "You may see nobody", `name="reason"`)
	has(t, b.after("/admin/access", url.Values{"reason": {"urgent"}}), `role="alert"`, "at least 20 characters")
	has(t, b.after("/admin/access", url.Values{"reason": {"A reader gets mail of a stranger."}}), `role="status"`, "Taken in an emergency", "A reader gets mail of a stranger.", "there is nothing to take")
	b.get(person, "pim@voorbeeld.example")
	mails, err := f.store.ClaimSystem(t.Context(), 10)
	f.check(err)
	told := 0
	for _, d := range mails {
		if d.Mail == akkoord.MailAlarm && d.To.Address() == "dpo@zonvaart.example" && d.Alarm.Holder == "manager@zonvaart.example" {
			told++
		}
	}
	if told != 1 {
		t.Errorf("the officer is told %d times: %+v", told, mails)
	}
	owner := f.as(akkoord.RoleOwner)
	has(t, owner.get("/admin/privacy/audit?kind=grant"), "grant.break_glass", "Taken in an emergency")
	f.advance(time.Hour)
	if r := b.send("GET", person, ""); r.status != http.StatusForbidden {
		t.Errorf("when the hour is over: %d", r.status)
	}
	if r := f.as(akkoord.RoleEditor).send("POST", "/admin/access", "reason=A+reader+gets+mail+of+a+stranger."); r.status != http.StatusNotFound {
		t.Errorf("an editor: %d", r.status)
	}
}

// M26: on one page an officer sees who may see what, gives, reviews and ends it
// without JavaScript, and judges an emergency; each look and act is on record.
func TestTheOfficerKeepsWhoMaySeeWhat(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	manager := f.ungranted(akkoord.RoleManager)
	manager.after("/admin/access", url.Values{"reason": {"A reader gets mail of a stranger."}})
	users, err := f.store.Users(t.Context())
	f.check(err)
	holder := "user:" + users[len(users)-1].PublicID.String()
	b := f.as(akkoord.RoleDPO)
	has(t, b.get("/admin"), "Access taken in an emergency, to review")
	has(t, b.get("/admin/privacy"), "/admin/privacy/access", "/admin/access")
	page := b.get("/admin/privacy/access", "manager@zonvaart.example", "Taken in an emergency", "A reader gets mail of a stranger.", "Somebody has to look at these")
	current, err := f.store.CurrentGrants(t.Context())
	f.check(err)
	at := "/admin/privacy/access/" + current[0].PublicID.String()
	if !current[0].BreakGlass || !strings.Contains(page.body, at) {
		t.Fatalf("%+v, %s", current, page.body)
	}
	has(t, b.after(at, url.Values{"act": {"review"}, "text": {" "}}), `role="alert"`)
	has(t, b.after(at, url.Values{"act": {"nonsense"}}), `role="alert"`)
	has(t, b.after(at, url.Values{"act": {"review"}, "text": {"It was right."}}), `role="status"`)
	if r := b.get("/admin"); strings.Contains(r.body, "Access taken in an emergency") {
		t.Error("a judged emergency still waits")
	}
	give := func(change url.Values) reply {
		in := url.Values{"holder": {holder}, "purpose": {"travel-news"}, "field": {"address", "name"}, "reason": {"Answers readers of the news."}, "review_on": {"2027-06-01"}}
		for k, v := range change {
			in[k] = v
		}
		return b.after("/admin/privacy/access", in)
	}
	for _, wrong := range []url.Values{{"holder": {"user:1"}}, {"reason": {""}}, {"review_on": {"soon"}}, {"review_on": {""}}, {"field": {"iban"}}, {"until": {"2020-01-01"}}} {
		if r := give(wrong); !strings.Contains(r.body, `role="alert"`) {
			t.Errorf("%v was taken", wrong)
		}
	}
	has(t, give(nil), `role="status"`, "People of Travel news", "Answers readers of the news.", "name and language", "dpo@zonvaart.example")
	current, err = f.store.CurrentGrants(t.Context())
	f.check(err)
	given := current[len(current)-1]
	if given.Reason != "Answers readers of the news." {
		given = current[len(current)-2]
	}
	at = "/admin/privacy/access/" + given.PublicID.String()
	has(t, b.after(at, url.Values{"act": {"review"}, "text": {"Still answers."}, "review_on": {"2027-09-01"}}), "Still answers.")
	if r := b.after(at, url.Values{"act": {"end"}, "text": {"Other work."}}); strings.Contains(r.body, "Answers readers of the news.") {
		t.Error("what is over stands among what is in force")
	}
	has(t, b.get("/admin/privacy/access?all=1"), "Answers readers of the news.", "Other work.", "It was right.")
	has(t, b.get("/admin/privacy/audit?kind=grant"), "grant.list", "grant.give", "grant.review", "grant.end", "grant.break_glass")
	if r := manager.send("GET", "/admin/privacy/access", ""); r.status != http.StatusNotFound {
		t.Errorf("a manager: %d", r.status)
	}
}

// Threats 2.3.5: what takes two persons waits on the desk of the other one, who
// agrees or refuses with a word.
func TestASecondPersonAgrees(t *testing.T) {
	f := newFixture(t, func(c *store.Config) { c.TwoPersons = true })
	f.mailing()
	breach, err := f.store.AddBreach(t.Context(), akkoord.ActorSystem, akkoord.Breach{What: "x", Scope: "all", Since: f.clock().Add(-time.Hour)})
	f.check(err)
	pack := "/admin/privacy/breaches/" + breach.PublicID.String() + "/pack"
	owner, dpo, manager := f.as(akkoord.RoleOwner), f.as(akkoord.RoleDPO), f.as(akkoord.RoleManager)
	if r := owner.send("GET", pack, ""); r.status != http.StatusForbidden || !strings.Contains(r.body, "This takes two persons") {
		t.Errorf("alone: %d %s", r.status, r.body)
	}
	page := owner.after("/admin/privacy/approvals", url.Values{"act": {"export"}, "reason": {"The authority asks for it."}})
	has(t, page, "The authority asks for it.", "Waits")
	has(t, owner.after("/admin/privacy/approvals", url.Values{"act": {"move"}, "reason": {"r"}}), `role="alert"`)
	rows, _, err := f.store.Approvals(t.Context(), akkoord.Page{})
	f.check(err)
	at := "/admin/privacy/approvals/" + rows[0].PublicID.String()
	if strings.Contains(page.body, at) {
		t.Error("whoever asked may agree")
	}
	has(t, owner.after(at, url.Values{"act": {"agree"}, "text": {"Yes."}}), "somebody else has to agree")
	if r := manager.send("POST", at, "act=agree&text=Yes."); r.status != http.StatusNotFound {
		t.Errorf("a manager agrees: %d", r.status)
	}
	has(t, dpo.get("/admin"), "Requests that take a second person")
	has(t, dpo.get("/admin/privacy/approvals"), at)
	has(t, dpo.after(at, url.Values{"act": {"nonsense"}}), `role="alert"`)
	has(t, dpo.after(at, url.Values{"act": {"agree"}, "text": {"Yes, they do."}}), "Agreed", "Yes, they do.")
	if r := owner.send("GET", pack, ""); r.status != http.StatusOK {
		t.Errorf("agreed to: %d %s", r.status, r.body)
	}
	if r := dpo.get("/admin"); strings.Contains(r.body, "Requests that take a second person") {
		t.Error("what is decided still waits")
	}
	has(t, dpo.get("/admin/privacy/audit?kind=approval"), "approval.ask", "approval.agree")
}
