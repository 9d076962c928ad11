package admin_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"akkoord"
	"akkoord/server/admin"
)

// caughtMails is an inbox of a fixed content.
type caughtMails []admin.CaughtMail

func (c *caughtMails) Mails(time.Time) []admin.CaughtMail { return *c }

func (c *caughtMails) Take(on bool) {
	if !on {
		*c = nil
	}
}

func (c *caughtMails) Mail(_ time.Time, id string) (m admin.CaughtMail, ok bool) {
	for _, m := range *c {
		if m.ID == id {
			return m, true
		}
	}
	return m, false
}

// While mails are caught each page says that they reach nobody, to everybody who is
// logged in; owners and managers read them, in a frame that does nothing but open
// links; and whoever ends it forgets them (ADR 59, P28).
func TestMailsAreCaughtAndEveryPageSaysSo(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	f.caught = caughtMails{{ID: "9", Subject: "Plain", To: []string{"owner@zonvaart.example"}, At: f.clock(), Text: "Only text"}, {ID: "7", Subject: `Yes <b>?`, To: []string{"owner@zonvaart.example"}, At: f.clock(), Text: "Dear <you>", Raw: []byte("Subject: Yes\r\n\r\n<b>raw"), HTML: `<html><HEAD lang="en"><title>x</title></head><script>alert(1)</script><a href="/confirm/x">yes</a>`}}
	const says = "mails are caught here and reach nobody"
	owner, editor := f.as(akkoord.RoleOwner), f.as(akkoord.RoleEditor)
	if body := owner.get("/admin/setup/mail", "Catch mails here").body; strings.Contains(body, says) {
		t.Error("a site that catches nothing says that it does")
	}
	owner.get("/admin/inbox", "Mails are not caught here")
	if r := owner.send("GET", "/admin/inbox/7", ""); strings.Contains(r.body, "Dear") {
		t.Errorf("a mail is shown before: %s", r.body)
	}
	if r := owner.send("POST", "/admin/setup/mail/catch", "act=catch"); r.status != http.StatusSeeOther {
		t.Fatalf("catching: %d", r.status)
	}
	if last, _ := f.trail(); !strings.Contains(last, "mail.catch") {
		t.Errorf("the audit trail ends with %s", last)
	}
	for _, path := range []string{"/admin", "/admin/purposes", "/admin/people", "/admin/account", "/admin/privacy", "/admin/settings", "/admin/setup/who", "/admin/setup/mail", "/admin/inbox"} {
		owner.get(path, says, `href="/admin/inbox"`)
	}
	if r := editor.get("/admin", says); strings.Contains(r.body, `href="/admin/inbox"`) {
		t.Error("an editor is led to the inbox")
	}
	if r := editor.send("GET", "/admin/inbox/7/html", ""); r.status != http.StatusNotFound {
		t.Errorf("an editor reads mails: %d", r.status)
	}
	owner.get("/admin/inbox", "Yes &lt;b&gt;?", `href="/admin/inbox/7"`)
	owner.get("/admin/inbox/7", "Dear &lt;you&gt;", `src="/admin/inbox/7/html"`)
	manager := f.as(akkoord.RoleManager)
	if r := manager.get("/admin/inbox"); strings.Contains(r.body, "/admin/inbox/7") {
		t.Error("a manager sees the mails of the owner")
	}
	for _, path := range []string{"/admin/inbox/7", "/admin/inbox/7/html", "/admin/inbox/7/raw"} {
		if r := manager.send("GET", path, ""); r.status != http.StatusNotFound || strings.Contains(r.body, "confirm/x") {
			t.Errorf("a manager opens %s of the owner: %d", path, r.status)
		}
	}
	owner.get("/admin")
	for _, path := range []string{"/admin/inbox/8", "/admin/inbox/8/html", "/admin/inbox/8/raw", "/admin/inbox/9/html"} {
		if r := owner.send("GET", path, ""); r.status != http.StatusNotFound {
			t.Errorf("%s, which is not there: %d", path, r.status)
		}
	}
	owner.get("/admin/inbox/9", "Only text")
	_, before := f.trail()
	owner.get("/admin/inbox/7", "Dear &lt;you&gt;")
	r := owner.get("/admin/inbox/7/html", `<HEAD lang="en"><base target="_blank"><title>`)
	if last, _ := f.trail(); !strings.HasSuffix(last, "mail.read inbox") {
		t.Errorf("reading a mail leaves %s", last)
	}
	if r := owner.get("/admin/inbox/7/raw", "<b>raw"); !strings.HasPrefix(r.header.Get("Content-Type"), "text/plain") || !strings.Contains(r.header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("the source of a mail is %s", r.header)
	}
	if csp := r.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.HasSuffix(csp, "sandbox allow-popups allow-popups-to-escape-sandbox") {
		t.Errorf("the frame may do more than open links: %s", csp)
	}
	if _, n := f.trail(); n != before+1 {
		t.Errorf("a page, its frame and its source leave %d lines, not one", n-before)
	}
	if r := owner.send("POST", "/admin/setup/mail/catch", "act=else"); r.status != http.StatusUnprocessableEntity {
		t.Errorf("another act: %d", r.status)
	}
	if r := owner.send("POST", "/admin/setup/mail/catch", "act=leave"); r.status != http.StatusSeeOther || len(f.caught) != 0 {
		t.Errorf("leaving: %d with %d mails", r.status, len(f.caught))
	}
	if body := owner.get("/admin").body; strings.Contains(body, says) {
		t.Error("the site still says that it catches mails")
	}
}

// With a mail server nothing is caught, whoever asks for it.
func TestNothingIsCaughtBesideAMailServer(t *testing.T) {
	f := newFixture(t)
	f.server.Close()
	f.server = httptest.NewServer(f.newSite("http://127.0.0.1:8080", func(c *admin.Config) { c.Inbox = nil }))
	t.Cleanup(f.server.Close)
	owner := f.as(akkoord.RoleOwner)
	if body := owner.get("/admin/setup/mail").body; strings.Contains(body, "/admin/setup/mail/catch") {
		t.Error("catching is offered")
	}
	if r := owner.send("POST", "/admin/setup/mail/catch", "act=catch"); r.status != http.StatusConflict || !strings.Contains(r.body, "AKKOORD_SMTP names a mail server") {
		t.Errorf("catching: %d %s", r.status, r.body)
	}
	if since, err := f.store.Catching(t.Context()); err != nil || !since.IsZero() {
		t.Errorf("caught since %v, %v", since, err)
	}
}
