package admin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"akkoord"
)

// TestAMailIsSeenAtADeskOnAPhoneInTheDarkAndAsText: all of them on one page, for
// nobody, an example or a person; each in a frame that may do nothing (issue 6.6).
func TestAMailIsSeenAtADeskOnAPhoneInTheDarkAndAsText(t *testing.T) {
	f := newFixture(t)
	path := f.mailing()
	b := f.as(akkoord.RoleAnalyst)
	body := b.get(path+"/look?reader=example", path+"/preview?as=light&amp;in=en&amp;reader=example&amp;variant=0", "as=dark", "as=text", `sandbox></iframe>`).body
	if strings.Contains(body, `name="email"`) {
		t.Error("who may not see people is offered to look at somebody's mail")
	}
	for as, want := range map[string]string{"light": "not all", "dark": "@media all"} {
		r := b.get(path+"/preview?as="+as, want, "Oudegracht 118")
		if csp := r.header.Get("Content-Security-Policy"); !strings.HasSuffix(csp, "sandbox") || strings.Contains(r.body, "prefers-color-scheme") {
			t.Errorf("%s: policy %s", as, csp)
		}
	}
	if r := b.get(path+"/preview?as=text", "De sneeuw ligt er.\r\n", "Oudegracht 118"); r.header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("the text part comes as %s", r.header.Get("Content-Type"))
	}
}

// TestWhatIsTypedIsSeenBeforeItIsSaved: the editor's frame takes what stands in the
// form, says there what can't be composed, and stores nothing.
func TestWhatIsTypedIsSeenBeforeItIsSaved(t *testing.T) {
	f := newFixture(t)
	path := f.mailing()
	b := f.as(akkoord.RoleEditor)
	b.get(path+"/edit", `formaction="`+path+`/preview" formtarget="mail"`, `name="mail"`)
	post := func(as, body string) reply {
		return b.send("POST", path+"/preview", url.Values{"as": {as}, "subject": {"Dag"}, "preheader": {"Vooraf"}, "kind": {"markdown"}, "body": {body}}.Encode())
	}
	if r := post("light", "Beste {{name}}, **nieuw** <script>x</script>"); r.status != http.StatusOK || !strings.Contains(r.body, "Beste Sam, <strong>nieuw</strong>") || !strings.Contains(r.body, "Vooraf") || strings.Contains(r.body, "<script") {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := post("text", strings.Repeat("Lang. ", 8000)); r.status != http.StatusOK {
		t.Errorf("a long text: %d", r.status)
	}
	for body, want := range map[string]string{"{{age}}": "age", "[x](javascript:y)": "https://", strings.Repeat("x", akkoord.Limits.Content+1): "long"} {
		if r := post("light", body); r.status < 400 || r.status >= 500 || !strings.Contains(r.body, want) || !strings.HasSuffix(r.header.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("%.20s: %d %.200s", body, r.status, r.body)
		}
	}
	b.get(path+"/preview", "De sneeuw ligt er.")
}

// TestSomebodysMailIsSeenByWhoMaySeeThem: with their name and language, with links
// that lead to nobody, and with a line about it (M26, M27).
func TestSomebodysMailIsSeenByWhoMaySeeThem(t *testing.T) {
	f := newFixture(t)
	path := f.mailing()
	p := f.person("kanarie@voorbeeld.example")
	b := f.as(akkoord.RoleOwner)
	in := url.Values{"read": {b.read(path + "/edit")}, "act": {"save"}, "subject": {"Dag"}, "kind": {"markdown"}, "body": {"Dag {{name}} op {{email}}"}, "zone": {"Europe/Amsterdam"}, "missed": {"ask"}}
	if r := b.send("POST", path+"/edit", in.Encode()); r.status != http.StatusSeeOther {
		t.Fatalf("saving: %d", r.status)
	}
	r := b.send("POST", path+"/look", "email=kanarie@voorbeeld.example")
	at := r.header.Get("Location")
	if r.status != http.StatusSeeOther || at != path+"/look?person="+p.PublicID.String() {
		t.Fatalf("%d to %q", r.status, at)
	}
	frame := path + "/preview/" + p.PublicID.String()
	if body := b.get(at, frame).body; strings.Contains(body, "kanarie@") {
		t.Error("the page around the frames shows the address")
	}
	body := b.get(frame+"?as=text", "Dag Zoë op kanarie@voorbeeld.example", "Uitschrijven voor Winter 2027").body
	if last, _ := f.trail(); !strings.HasSuffix(last, " mailing.preview subscriber:"+p.PublicID.String()) {
		t.Errorf("the line about it: %s", last)
	}
	_, rest, _ := strings.Cut(body, "/unsubscribe/")
	link, err := f.mail.tester.Press.Links.Read(akkoord.LinkUnsubscribe, strings.Fields(rest)[0], f.clock())
	if err != nil || !link.Subscriber.IsZero() {
		t.Errorf("the way to leave is %+v, %v", link, err)
	}
	if r := f.as(akkoord.RoleAnalyst).send("GET", frame, ""); r.status != http.StatusNotFound {
		t.Errorf("an analyst sees it: %d", r.status)
	}
	for _, email := range []string{"niemand@voorbeeld.example", "geen adres"} {
		if r := b.send("POST", path+"/look", url.Values{"email": {email}}.Encode()); !r.refused() || !strings.Contains(r.body, `value="`+email+`"`) {
			t.Errorf("%s: %d %s", email, r.status, r.body)
		}
	}
}
