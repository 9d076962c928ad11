package admin_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"akkoord"
)

// Who may send mailings can send the uncertain copies again: the page says to how
// many, and asks once more with that number on the button (P08).
func TestSendAgainP08(t *testing.T) {
	f := newFixture(t)
	path := f.mailing()
	for _, name := range []string{"pim", "zoe", "ada"} {
		f.person(name + "@voorbeeld.example")
	}
	b := f.as(akkoord.RoleManager)
	if r := b.send("GET", path+"/send-again", ""); r.status != http.StatusSeeOther || r.header.Get("Location") != path {
		t.Errorf("a draft: %d to %q", r.status, r.header.Get("Location"))
	}
	b.press(path, url.Values{"act": {"send"}})
	lose := func(n int) {
		t.Helper()
		w, err := f.store.Claim(t.Context())
		f.check(err)
		for i := range w.Recipients {
			res := akkoord.Result{State: akkoord.Sent, Code: "250", Attempts: 1, At: f.clock(), FirstAt: f.clock()}
			if i < n {
				res.State, res.Code = akkoord.Uncertain, "body"
			}
			f.check(f.store.Mark(w, i, f.clock()))
			f.store.Note(w, i, res)
		}
		f.check(f.store.Release(t.Context(), w))
	}
	lose(2)
	editor := f.as(akkoord.RoleEditor)
	if page := editor.get(path, "Uncertain: the connection broke"); strings.Contains(page.body, "/send-again") || editor.send("GET", path+"/send-again", "").status != http.StatusNotFound {
		t.Error("an editor is offered to send again")
	}
	b.get(path, "Send again to 2 people …", `href="`+path+`/send-again"`, `href="?state=uncertain#deliveries"`)
	page := b.get(path+"/send-again", "2 people may have this mail already.", "they may get it twice", "Send again to 2 people, maybe twice", path+"?state=uncertain#deliveries")
	seen := url.Values{"count": {hiddenValue(t, page.body, "count")}, "last": {hiddenValue(t, page.body, "last")}}
	stale := url.Values{"count": {"1"}, "last": seen["last"]}
	if r := b.post(path+"/send-again", path, stale); !strings.Contains(r.body, "Other copies are uncertain now than you saw.") {
		t.Errorf("another number than there is: %s", r.body)
	}
	if r := b.post(path+"/send-again", path, seen); !strings.Contains(r.body, "The uncertain copies are being sent again.") || !strings.Contains(r.body, "Sending") {
		t.Errorf("after the press: %s", r.body)
	}
	if r := b.post(path+"/send-again", path, seen); !strings.Contains(r.body, "No copy of this mailing is uncertain now.") {
		t.Errorf("after a second press: %s", r.body)
	}
	lose(1)
	if r := b.post(path+"/send-again", path, seen); !strings.Contains(r.body, "Other copies are uncertain now than you saw.") {
		t.Errorf("the old page once more: %s", r.body)
	}
	b.get(path+"/send-again", "1 person may have this mail already.")
	b.get(path, "Send again to 1 person …", "Sent")
	if r := b.send("POST", path+"/send-again", "count=all"); r.status != http.StatusUnprocessableEntity {
		t.Errorf("no number: %d", r.status)
	}
}

func hiddenValue(t *testing.T, page, name string) string {
	t.Helper()
	m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("the page has no %s", name)
	}
	return m[1]
}
