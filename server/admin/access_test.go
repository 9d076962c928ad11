package admin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"akkoord"
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
