package admin_test

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"akkoord"
	"akkoord/mailer"
	"akkoord/mailer/mailertest"
	"akkoord/server/admin"
)

// setupCode stores a code for the first owner, and gives its text.
func (f *fixture) setupCode() string {
	f.t.Helper()
	text, code, err := admin.NewSetupCode(rand.Reader)
	f.check(err)
	wanted, err := f.store.AddSetupCode(f.t.Context(), code, f.clock().Add(24*time.Hour))
	f.check(err)
	if !wanted {
		f.t.Fatal("there is a user already")
	}
	return text
}

func owner(code, email string) url.Values {
	return url.Values{"code": {code}, "email": {email}, "password": {goodPassword}, "again": {goodPassword}}
}

// P27, M27: the code that the server printed makes the first owner, who is logged
// in by it; wrong input comes back with the field named, and afterwards the page is
// gone for everybody.
func TestTheFirstOwnerIsMadeInTheBrowser(t *testing.T) {
	f := newFixture(t)
	text := f.setupCode()
	b := f.browser()
	r := b.get(admin.SetupPath(text), `name="code" value="`+text+`"`, "Set up Akkoord")
	if h := r.header; h.Get("Cache-Control") != "no-store" || h.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("the code may get around: %v", h)
	}
	if r := b.send("GET", admin.SetupPath(text), "", "Accept-Language: nl"); !strings.Contains(r.body, "Akkoord inrichten") {
		t.Errorf("in Dutch: %s", r.body)
	}
	for _, wrong := range []string{"", "x", text + "x", strings.Split(text, ".")[0], "\x00.x", strings.Repeat("x", 9000), "' OR 1=1 --.x"} {
		if r := b.send("GET", admin.SetupPath(wrong), ""); r.status != http.StatusNotFound || !strings.Contains(r.body, "Start the server again") {
			t.Errorf("code %.20q: %d", wrong, r.status)
		}
		if r := b.send("POST", "/admin/setup", owner(wrong, "eva@zonvaart.example").Encode()); r.status != http.StatusNotFound {
			t.Errorf("an owner by code %.20q: %d", wrong, r.status)
		}
	}
	for field, change := range map[string]func(url.Values){
		"email":    func(in url.Values) { in.Set("email", "eva@") },
		"password": func(in url.Values) { in.Set("password", "kort"); in.Set("again", "kort") },
		"again":    func(in url.Values) { in.Set("again", "iets anders, toch") },
	} {
		in := owner(text, "eva@zonvaart.example")
		change(in)
		if r := b.send("POST", "/admin/setup", in.Encode()); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, `id="`+field+`-e"`) || strings.Contains(r.body, goodPassword) {
			t.Errorf("a wrong %s: %d %s", field, r.status, r.body)
		}
	}
	if r := b.send("POST", "/admin/setup", owner(text, "eva@zonvaart.example").Encode(), "Sec-Fetch-Site: cross-site"); r.status != http.StatusForbidden {
		t.Errorf("from another site: %d", r.status)
	}
	if r := b.send("POST", "/admin/setup", owner(text, "eva@zonvaart.example").Encode()); r.status != http.StatusSeeOther || r.header.Get("Location") != "/admin/setup/who" {
		t.Fatalf("the first owner: %d to %q: %s", r.status, r.header.Get("Location"), r.body)
	}
	b.get("/admin/setup/who", "eva@zonvaart.example", "/admin/account#factor")
	for _, r := range []reply{f.browser().send("GET", admin.SetupPath(text), ""), f.browser().send("POST", "/admin/setup", owner(text, "bo@zonvaart.example").Encode()), b.send("GET", admin.SetupPath(text), "")} {
		if r.status != http.StatusNotFound || !strings.Contains(r.body, "set up already") {
			t.Errorf("afterwards: %d %s", r.status, r.body)
		}
	}
	if r := f.browser().signIn("eva@zonvaart.example", goodPassword); r.status != http.StatusSeeOther {
		t.Errorf("logging in later: %d", r.status)
	}
	users, err := f.store.Users(t.Context())
	f.check(err)
	if len(users) != 1 || users[0].Role != akkoord.RoleOwner || users[0].Reason != "Set this installation up." {
		t.Errorf("users: %+v", users)
	}
}

// Of two browsers with one code, one becomes the owner and the other is told.
func TestTwoBrowsersMakeOneOwner(t *testing.T) {
	f := newFixture(t)
	text := f.setupCode()
	var wg sync.WaitGroup
	replies := make([]reply, 2)
	for i, email := range []string{"eva@zonvaart.example", "bo@zonvaart.example"} {
		b := f.browser()
		b.get(admin.SetupPath(text))
		wg.Go(func() { replies[i] = b.send("POST", "/admin/setup", owner(text, email).Encode()) })
	}
	wg.Wait()
	users, err := f.store.Users(t.Context())
	f.check(err)
	if len(users) != 1 || replies[0].status+replies[1].status != http.StatusSeeOther+http.StatusNotFound {
		t.Errorf("%d users; the browsers got %d and %d", len(users), replies[0].status, replies[1].status)
	}
}

// Guesses at a code's secret end the code, and a new start makes another.
func TestACodeIsNotGuessed(t *testing.T) {
	f := newFixture(t)
	text := f.setupCode()
	name, _, _ := strings.Cut(text, ".")
	for range akkoord.Limits.Guesses {
		if r := f.browser().send("GET", admin.SetupPath(name+".wrong"), ""); r.status != http.StatusNotFound {
			t.Fatalf("a guess: %d", r.status)
		}
	}
	if r := f.browser().send("GET", admin.SetupPath(text), ""); r.status != http.StatusNotFound {
		t.Errorf("after ten guesses: %d", r.status)
	}
	f.browser().get(admin.SetupPath(f.setupCode()))
}

// What the settings say wins and is shown; what they leave open is asked, kept and
// in force at once.
func TestTheOrganisationIsToldInTheBrowser(t *testing.T) {
	f := newFixture(t)
	b := f.as(akkoord.RoleOwner)
	in := url.Values{"controller": {"Zonvaart <b>"}, "postal_address": {""}, "contact": {"privacy@zonvaart.example"}}
	if r := b.send("POST", "/admin/setup/who", in.Encode()); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, `id="postal_address-e"`) || !strings.Contains(r.body, "Zonvaart &lt;b&gt;") {
		t.Errorf("without an address: %d %s", r.status, r.body)
	}
	in.Set("postal_address", "Kade 1, Utrecht")
	if r := b.send("POST", "/admin/setup/who", in.Encode()); r.status != http.StatusSeeOther || r.header.Get("Location") != "/admin/setup/mail" {
		t.Fatalf("saving: %d to %q", r.status, r.header.Get("Location"))
	}
	stored, err := f.store.Organisation(t.Context())
	f.check(err)
	if want := (akkoord.Organisation{Controller: "Zonvaart <b>", PostalAddress: "Kade 1, Utrecht", Contact: "privacy@zonvaart.example"}); stored != want {
		t.Errorf("stored %+v", stored)
	}
	if last, _ := f.trail(); !strings.Contains(last, "organisation.change") {
		t.Errorf("the audit trail ends with %s", last)
	}
	b.get("/admin/setup/who", "http://127.0.0.1:8080", "differs") // the test listens at another port
}

// The first steps say by themselves which of them are done, and are put away for
// good.
func TestTheStartPageShowsTheFirstSteps(t *testing.T) {
	f := newFixture(t)
	b := f.as(akkoord.RoleOwner)
	card := `href="/admin/setup/purpose"`
	b.get("/admin", card)
	if r := b.send("GET", "/admin/setup", ""); r.header.Get("Location") != "/admin/setup/purpose" {
		t.Errorf("the step that is open is %q", r.header.Get("Location"))
	}
	if body := f.as(akkoord.RoleManager).get("/admin").body; strings.Contains(body, card) {
		t.Error("a manager gets the first steps")
	}
	f.mailing()
	if r := b.send("GET", "/admin/setup", ""); r.header.Get("Location") != "/admin/setup/try" {
		t.Errorf("with a form the step that is open is %q", r.header.Get("Location"))
	}
	if r := b.send("POST", "/admin/setup/away", ""); r.status != http.StatusSeeOther {
		t.Fatalf("putting away: %d", r.status)
	}
	b.get("/admin", "put away")
	if body := b.get("/admin").body; strings.Contains(body, card) {
		t.Error("the first steps are still there")
	}
}

// A first purpose and its form are made in one press, in the languages that were
// ticked, and the way of a visitor is shown in frames that can do nothing.
func TestAFirstPurposeIsMadeInOnePress(t *testing.T) {
	f := newFixture(t)
	b := f.as(akkoord.RoleOwner)
	page := b.get("/admin/setup/purpose", "Yes, mail me the news of Zonvaart Reizen B.V.", "Ja, mail mij het nieuws van Zonvaart Reizen B.V.", `value="en" checked`).body
	if strings.Contains(page, `value="fr" checked`) {
		t.Error("a language is ticked that the reader does not read")
	}
	in := url.Values{"name-nl": {"Nieuws"}, "wording-nl": {"Ja, mail mij."}, "explanation-nl": {"Om het te sturen."}, "name-fr": {"Nouvelles"}, "wording-fr": {"Oui."}, "explanation-fr": {"…"}}
	if r := b.send("POST", "/admin/setup/purpose", in.Encode()); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, `href="#languages"`) {
		t.Errorf("no language: %d %s", r.status, r.body)
	}
	in["language"] = []string{"nl", "en"}
	in.Set("name-en", "News")
	if r := b.send("POST", "/admin/setup/purpose", in.Encode()); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, `-en-e"`) {
		t.Errorf("a language without words: %d %s", r.status, r.body)
	}
	in["language"] = []string{"nl"}
	b.press("/admin/setup/purpose", in)
	form, err := f.store.Form(t.Context(), "home")
	f.check(err)
	p, err := f.store.Purpose(t.Context(), form.Version.Purposes[0])
	f.check(err)
	if len(p.Texts) != 1 || p.Texts["nl"].Wording != "Ja, mail mij." {
		t.Errorf("stored: %+v", p)
	}
	b.get("/admin/setup/purpose", `src="/admin/setup/preview/form"`, `src="/admin/setup/preview/mail"`, `src="/admin/setup/preview/confirmed"`)
	for part, words := range map[string]string{"form": "Ja, mail mij.", "mail": "Ja, mail mij.", "confirmed": "Ja, mail mij."} {
		r := b.get("/admin/setup/preview/"+part, words)
		if csp := r.header.Get("Content-Security-Policy"); !strings.Contains(csp, "sandbox") || !strings.Contains(csp, "frame-ancestors 'self'") {
			t.Errorf("%s can do something: %s", part, csp)
		}
	}
	if r := b.send("GET", "/admin/setup/preview/else", ""); r.status != http.StatusNotFound {
		t.Errorf("another part: %d", r.status)
	}
}

// The mail server is tried up to a mail to the owner, and what went wrong is said
// in words.
func TestTheMailServerIsTried(t *testing.T) {
	f := newFixture(t)
	b := f.as(akkoord.RoleOwner)
	try := func(words ...string) {
		t.Helper()
		r := b.send("POST", "/admin/setup/mail", "")
		for _, w := range words {
			if r.status != http.StatusOK || !strings.Contains(r.body, w) {
				t.Errorf("%d, lacks %q: %s", r.status, w, r.body)
			}
		}
	}
	try("does not work yet", "No mail server is set yet")
	server, err := mailertest.Start(mailertest.Config{Keep: 10})
	f.check(err)
	t.Cleanup(func() { server.Close() })
	relay, err := mailer.ParseRelay(server.URL())
	f.check(err)
	f.mail.tester.Dialer = &mailer.Dialer{Relay: relay, HELO: "localhost"}
	try("All of it works", "Connection", "Greeting", "owner@zonvaart.example")
	mails, err := server.Wait(t.Context(), "owner@zonvaart.example", 1)
	f.check(err)
	if raw := string(mails[0].Raw); !strings.Contains(raw, "Test mail from Akkoord") || !strings.Contains(raw, "Auto-Submitted: auto-generated") {
		t.Errorf("the mail: %s", raw)
	}
	server.SetRules(mailertest.Rule{Stage: mailertest.AtRcpt, Do: mailertest.Answer, Code: 550, Text: "Not you"})
	try("does not work yet", "did not take the mail", "Not you")
	f.mail.tester.Relay = func(context.Context) ([]akkoord.Reason, error) {
		return []akkoord.Reason{{Code: "no_agreement", Message: "There is no agreement."}}, nil
	}
	server.SetRules()
	server.Clear()
	try("Connection", "does not work yet")
	if n := len(server.Messages("")); n != 0 {
		t.Errorf("%d mails went to a party without agreement (M28)", n)
	}
	f.check(server.Close())
	try("can’t be reached")
}

// The strip lights up as a sign-up comes along, from before the mail to the
// consent, and leads to the person; somebody who signed up before is not on it.
func TestASignUpIsFollowed(t *testing.T) {
	f := newFixture(t)
	b := f.as(akkoord.RoleOwner)
	b.get("/admin/setup/try", "Make a purpose and a form first")
	f.mailing()
	f.person("eerder@voorbeeld.example")
	lit := func(n int) reply {
		t.Helper()
		r := b.get("/admin/setup/try")
		if got := strings.Count(r.body, `<li class="lit">`); got != n {
			t.Errorf("%d lamps are lit, not %d", got, n)
		}
		return r
	}
	lit(0)
	ctx := t.Context()
	e, err := akkoord.ParseEmail("eva@zonvaart.example")
	f.check(err)
	form, err := f.store.Form(ctx, "home")
	f.check(err)
	p, err := f.store.Purpose(ctx, "travel-news")
	f.check(err)
	f.check(f.store.SignUp(ctx, akkoord.SignUp{Email: e, Locale: "nl", Purposes: []akkoord.Purpose{p}, Origin: akkoord.Origin{Source: "form:home", Actor: akkoord.ActorPerson, FormID: form.Version.ID, Locale: "nl"}}))
	lit(1)
	claimed, err := f.store.ClaimSystem(ctx, 10)
	f.check(err)
	for _, d := range claimed {
		f.check(f.store.SettleSystem(ctx, akkoord.SystemResult{ID: d.ID, Fence: d.Fence, Done: true, Code: "250", Attempts: 1}))
	}
	lit(3)
	st, err := f.store.StandingByEmail(ctx, e)
	f.check(err)
	_, err = f.store.Confirm(ctx, akkoord.Link{Subscriber: st.Subscriber.PublicID, Request: st.Subscription(p.ID).Request}, akkoord.Origin{Source: "confirm", Actor: akkoord.ActorPerson})
	f.check(err)
	r := lit(5)
	if want := `href="/admin/people/` + st.Subscriber.PublicID.String(); !strings.Contains(r.body, want) || strings.Contains(r.body, "eva@zonvaart") {
		t.Errorf("the strip: %s", r.body)
	}
	if last, _ := f.trail(); !strings.Contains(last, "subscriber.follow") {
		t.Errorf("the audit trail ends with %s", last)
	}
	b.get("/admin/setup/try?again=1")
	lit(0)
}

// What somebody looks at once more before sending stands on the page, with the
// number that the gate lets through on the button.
func TestADraftIsLookedAtOnceMore(t *testing.T) {
	f := newFixture(t)
	path := f.mailing()
	f.person("anouk@voorbeeld.example")
	b := f.as(akkoord.RoleOwner)
	r := b.get(path, "Send to 1 person", "Subject:", "Sneeuw &lt;b&gt;")
	if n := strings.Count(r.body, `<li class="bad">`); n != 0 {
		t.Errorf("%d of four ticks are missing: %s", n, r.body)
	}
	f.sender.Contact = ""
	if r := b.get(path); strings.Count(r.body, `<li class="bad">`) != 1 || strings.Contains(r.body, `value="send"`) {
		t.Errorf("without a contact: %s", r.body)
	}
	if body := b.get("/admin/campaigns/new?name=First+news&purpose=travel-news").body; !strings.Contains(body, `value="First news"`) || !strings.Contains(body, `value="travel-news" selected`) {
		t.Errorf("the form of a campaign is not begun: %s", body)
	}
}

// Words that would name nobody can't be a purpose; the page leads to the step that is
// missing.
func TestAFirstPurposeNamesWhoMails(t *testing.T) {
	f := newFixture(t)
	f.sender.Controller = ""
	b := f.as(akkoord.RoleOwner)
	b.get("/admin?locale=en")
	b.get("/admin/setup/purpose", "The words of a purpose name who mails", `href="/admin/setup/who"`)
	in := url.Values{"language": {"en"}, "en.name": {"News"}, "en.explanation": {"What is new."}, "en.wording": {"Yes, mail me the news of …."}}
	b.send("POST", "/admin/setup/purpose", in.Encode())
	purposes, err := f.store.Purposes(t.Context())
	if f.check(err); len(purposes) != 0 {
		t.Errorf("stored: %+v", purposes)
	}
}
