package admin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"akkoord"
)

// TestPagesAskForAGrant opens every page as an owner whose grants open less and
// less: nothing of a person is on any of them without one, and hidden fields are
// named (P28, M26).
func TestPagesAskForAGrant(t *testing.T) {
	f := newFixture(t)
	path := f.paths()
	b := f.as(akkoord.RoleOwner)
	users, err := f.store.Users(t.Context())
	f.check(err)
	holder := akkoord.Actor("user:" + users[len(users)-1].PublicID.String())
	replace := func(fields ...akkoord.GrantField) {
		access, err := f.store.Access(t.Context(), users[len(users)-1].Actor())
		f.check(err)
		for _, g := range access {
			_, err := f.store.EndGrant(t.Context(), akkoord.ActorSystem, g.PublicID, "narrowed")
			f.check(err)
		}
		if fields != nil {
			_, err = f.store.GiveGrant(t.Context(), akkoord.ActorSystem, akkoord.Grant{Holder: holder, Fields: fields, Reason: "test", Until: f.clock().AddDate(0, 1, 0)})
			f.check(err)
		}
	}
	open := func(check func(pattern string, r reply)) {
		for pattern, right := range f.site.Rights() {
			method, path := path(pattern)
			if method != http.MethodGet || right == "anyone" {
				continue
			}
			if path == "/admin/gate" {
				path += "?email=kanarie@voorbeeld.example&about=travel-news"
			}
			if strings.HasSuffix(path, "/left-out") {
				path += "?code=unsubscribed"
			}
			check(pattern, b.send(method, path, ""))
		}
	}
	people := func(pattern string) bool { return strings.Contains(pattern, "/admin/people") }

	open(func(pattern string, r reply) {
		if people(pattern) && !strings.Contains(r.body, "kanarie@voorbeeld.example") {
			t.Errorf("%s does not show the address to whoever may see it: %d", pattern, r.status)
		}
	})
	replace(akkoord.FieldName)
	open(func(pattern string, r reply) {
		if strings.Contains(r.body, "kanarie@") && !strings.Contains(pattern, "gate") { // who asks the gate typed it
			t.Errorf("%s shows the address", pattern)
		}
		if pattern == "GET /admin/people/{id}" && (r.status != http.StatusOK || !strings.Contains(r.body, "<li>e-mail address</li>")) {
			t.Errorf("%s does not say what is hidden: %d %s", pattern, r.status, r.body)
		}
	})
	_, take := path("POST /admin/people/{id}/take")
	for _, what := range []string{"evidence", "zip"} {
		if r := b.send("POST", take, url.Values{"what": {what}, "reason": {"asked for"}}.Encode()); r.status != http.StatusForbidden {
			t.Errorf("half a record is given: %d", r.status)
		}
	}
	replace()
	open(func(pattern string, r reply) {
		if people(pattern) && (r.status != http.StatusForbidden || !strings.Contains(r.body, "An owner or the data protection officer can give it to you")) {
			t.Errorf("%s: %d %s", pattern, r.status, r.body)
		}
		if !people(pattern) && r.status != http.StatusOK && r.status != http.StatusSeeOther && r.status != http.StatusForbidden {
			t.Errorf("%s: %d", pattern, r.status)
		}
		if strings.Contains(r.body, "kanarie@") && !strings.Contains(pattern, "gate") {
			t.Errorf("%s shows the address", pattern)
		}
	})
}
