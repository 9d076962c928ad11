package api_test

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"akkoord"
)

// What is looked for in answers: of a person who agreed to travel news.
const (
	canaryAddress = "kanarie@voorbeeld.example"
	canaryName    = "Kanariepiet"
)

// narrow takes all that a role's key has, and gives it one grant in its place;
// none for an empty body.
func (f *fixture) narrow(role akkoord.Role, body string) {
	f.t.Helper()
	ctx := f.t.Context()
	access, err := f.store.Access(ctx, f.ids[role].Actor())
	f.check(err)
	for _, g := range access {
		_, err := f.store.EndGrant(ctx, akkoord.ActorSystem, g.PublicID, "narrowed")
		f.check(err)
	}
	if body == "" {
		return
	}
	g := akkoord.Grant{Holder: akkoord.Actor("key:" + f.ids[role].PublicID.String()), Reason: "test", Until: f.clock().AddDate(0, 1, 0)}
	for part := range strings.FieldsSeq(body) {
		if slug, ok := strings.CutPrefix(part, "of:"); ok {
			p, err := f.store.Purpose(ctx, slug)
			f.check(err)
			g.Purposes = append(g.Purposes, p.ID)
		} else if part != "all" {
			g.Fields = append(g.Fields, akkoord.GrantField(part))
		}
	}
	_, err = f.store.GiveGrant(ctx, akkoord.ActorSystem, g)
	f.check(err)
}

// holdsCanary reports whether an answer, or a file of a zip in it, has a text.
func holdsCanary(t *testing.T, a answer, text string) bool {
	t.Helper()
	if !strings.HasPrefix(a.header.Get("Content-Type"), "application/zip") {
		return strings.Contains(a.raw, text)
	}
	z, err := zip.NewReader(strings.NewReader(a.raw), int64(len(a.raw)))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range z.File {
		r, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(data, []byte(text)) {
			return true
		}
	}
	return false
}

// TestEveryDoorAsksForAGrant opens every route that reads, with every role and
// every kind of grant: without one nothing of a person comes out, whatever the
// route, and fields that no grant opens stay in (P28, M26).
func TestEveryDoorAsksForAGrant(t *testing.T) {
	f := newFixture(t)
	mailing := f.catalogue()
	f.must("POST", "/purposes", strings.Replace(newsBody, "travel-news", "ski-offers", 1))
	f.must("POST", "/segments", `{"slug":"dutch","purpose":"travel-news","filter":{"locale":"nl"}}`)
	p := f.person(canaryAddress, true)
	name := canaryName
	f.check(f.store.SetProfile(t.Context(), p.PublicID, akkoord.Profile{Name: &name}, akkoord.Origin{Source: "api", Actor: akkoord.ActorSystem, Locale: "nl"}))
	person := p.PublicID.String()
	imported := f.must("POST", "/imports?purpose=travel-news&basis=consent", "email\nno "+canaryAddress+"\n").str("id")
	previewed := f.must("POST", "/imports?purpose=ski-offers&basis=consent&preview=true", "email\n"+canaryAddress+"\n").str("id")
	f.must("POST", "/transactional-templates", bookingTemplate)
	order := f.must("POST", "/transactional", strings.Replace(bookingOrder, "anouk@voorbeeld.example", canaryAddress, 1)).str("id")
	asked := f.must("POST", "/requests", `{"kind":"access","email":"`+canaryAddress+`"}`).str("id")
	breach := f.must("POST", "/breach-packs", `{"what":"A laptop was lost.","since":"2026-11-23T00:00:00Z"}`).str("id")
	f.must("POST", "/mailings/"+mailing+"/send", "")
	for kind, run := range map[akkoord.JobKind]func(context.Context, akkoord.Job) (time.Time, error){akkoord.JobMailing: f.store.AdvanceMailing, akkoord.JobImport: f.store.RunImportJob} {
		job, claimed, err := f.store.ClaimJob(t.Context(), kind)
		f.check(err)
		if !claimed {
			t.Fatalf("there is no job %s", kind)
		}
		next, err := run(t.Context(), job)
		f.check(err)
		f.check(f.store.SettleJob(t.Context(), job.Ran(next, nil, f.clock())))
	}
	f.runImports()
	query := map[string]string{
		"/gate": "?purpose=travel-news&email=" + canaryAddress, "/purposes/{slug}/retention/people": "?day=2026-11-27", "/breach-packs/{id}/pack": "?addresses=true", "/imports/{id}/difference": "?outcome=held",
	}
	ids := strings.NewReplacer("/subscribers/{id}", "/subscribers/"+person, "/imports/{id}/difference", "/imports/"+previewed+"/difference", "/imports/{id}", "/imports/"+imported, "/breach-packs/{id}", "/breach-packs/"+breach,
		"/requests/{id}", "/requests/"+asked, "/transactional/{id}", "/transactional/"+order, "/mailings/{id}", "/mailings/"+mailing,
		"/purposes/{slug}", "/purposes/travel-news", "/segments/{slug}", "/segments/dutch", "/forms/{slug}", "/forms/home", "/campaigns/{slug}", "/campaigns/winter-2027", "/transactional-templates/{slug}", "/transactional-templates/booking")

	// What is about people, by the grants with which it answers 403. Every other
	// route that reads is about nobody and has to answer as before.
	none, ski := []string{""}, []string{"", "of:ski-offers"}
	partly := append(slices.Clone(ski), "address")              // nothing but addresses, of everybody
	broad := append(slices.Clone(partly), "of:travel-news all") // all, but not of everybody
	refused := map[string][]string{
		"GET /subscribers": none, "GET /subscribers/{id}": ski, "GET /subscribers/{id}/events": partly, "GET /subscribers/{id}/export": partly,
		"GET /subscribers/{id}/evidence": partly, "GET /gate": ski, "GET /purposes/{slug}/retention/people": ski, "GET /mailings/{id}/deliveries": partly, "GET /segments/{slug}/people": partly,
		"GET /requests": broad, "GET /requests/{id}": broad, "GET /transactional": broad, "GET /transactional/{id}": broad, "GET /imports/{id}/rejects": broad, "GET /imports/{id}/difference": broad,
		"GET /breach-packs/{id}/pack": {"", "of:ski-offers", "of:travel-news all"},
	}
	doors, told := 0, map[string]bool{} // and which tell the address to whoever sees all
	routes := f.api.Rights()
	for _, grant := range []string{"all", "", "of:ski-offers", "address", "history mails attributes", "of:travel-news all"} {
		for _, role := range akkoord.Roles {
			f.narrow(role, grant)
		}
		opens := func(field string) bool {
			return grant == "all" || grant == "of:travel-news all" || strings.Contains(grant, field)
		}
		for _, operation := range slices.Sorted(maps.Keys(routes)) {
			method, path, _ := strings.Cut(operation, " ")
			if method != http.MethodGet {
				continue
			}
			for _, role := range akkoord.Roles {
				a := f.call(role, method, ids.Replace(path)+query[path], "")
				if !role.May(routes[operation]) {
					if a.status < 400 {
						t.Errorf("%s as %s: %d", operation, role, a.status)
					}
					continue
				}
				doors++
				closed := slices.Contains(refused[operation], grant)
				if missing := a.status == http.StatusForbidden && a.str("code") == "grant_missing"; missing != closed && refused[operation] != nil && !(grant == "history mails attributes") {
					t.Errorf("%s as %s with %q: %d %.200s", operation, role, grant, a.status, a.raw)
				}
				tells := holdsCanary(t, a, canaryAddress)
				if tells && grant == "all" {
					told[operation] = true
				}
				if tells && !opens("address") {
					t.Errorf("%s as %s with %q tells the address: %.300s", operation, role, grant, a.raw)
				}
				if holdsCanary(t, a, canaryName) && !opens("name") {
					t.Errorf("%s as %s with %q tells the name: %.300s", operation, role, grant, a.raw)
				}
			}
		}
	}
	for operation := range refused {
		switch operation {
		case "GET /subscribers/{id}/events", "GET /gate", "GET /purposes/{slug}/retention/people", "GET /transactional", "GET /transactional/{id}": // ids and acts, masked
			continue
		}
		if !told[operation] {
			t.Errorf("%s does not tell the address to whoever sees all: this test looks at the wrong thing", operation)
		}
	}
	if doors < 100 {
		t.Errorf("only %d doors were tried", doors)
	}
}

// TestActsOnPeopleAskForAGrant refuses to change, end and erase what may not be
// seen (P28, M26).
func TestActsOnPeopleAskForAGrant(t *testing.T) {
	f := newFixture(t)
	f.catalogue()
	f.must("POST", "/purposes", strings.Replace(newsBody, "travel-news", "ski-offers", 1))
	person := "/subscribers/" + f.person("pim@voorbeeld.example", true).PublicID.String()
	for _, tt := range []struct{ grant, method, path, body string }{
		{"", "PATCH", "", `{"name":"Pim"}`},
		{"of:ski-offers", "PATCH", "", `{"name":"Pim"}`},
		{"address", "PATCH", "", `{"name":"Pim"}`},
		{"name", "PATCH", "", `{"interests":["wintersport"]}`},
		{"of:ski-offers", "POST", "/withdraw", `{"all":true,"reason":"asked"}`},
		{"of:ski-offers", "POST", "/basis", `{"purpose":"travel-news","basis":"contract","reason":"They booked.","text":"the booking"}`},
		{"of:travel-news", "POST", "/basis", `{"purpose":"ski-offers","basis":"contract","reason":"They booked.","text":"the booking"}`},
		{"of:ski-offers", "POST", "/restrict", `{"reason":"asked"}`},
		{"of:ski-offers", "POST", "/withdraw", `{"campaign":"winter-2027","reason":"asked"}`},
		{"of:travel-news name", "POST", "/address", `{"email":"pim@elders.example","reason":"asked"}`},
		{"of:ski-offers", "POST", "/resend", `{"purpose":"travel-news"}`},
		{"of:travel-news address", "POST", "/erase", `{"reason":"asked"}`},
	} {
		f.narrow(akkoord.RoleOwner, tt.grant)
		before := len(f.trail())
		if a := f.call(akkoord.RoleOwner, tt.method, person+tt.path, tt.body); a.status != http.StatusForbidden || a.str("code") != "grant_missing" {
			t.Errorf("%s %s with %q: %d %s", tt.method, tt.path, tt.grant, a.status, a.raw)
		}
		if after := len(f.trail()); after != before {
			t.Errorf("%s %s with %q left lines", tt.method, tt.path, tt.grant)
		}
	}
	f.narrow(akkoord.RoleOwner, "of:travel-news")
	if a := f.must("POST", person+"/erase", `{"reason":"asked"}`); a.object()["erased"] != true {
		t.Errorf("with a grant: %s", a.raw)
	}
}

// TestEveryActOnPeopleIsTriedWithoutAGrant opens every route that changes or ends
// what is stored of people, with every role that has the right, without a grant
// and with one for another purpose: a new route makes it fail until it says here
// what it asks for (P28, M26).
func TestEveryActOnPeopleIsTriedWithoutAGrant(t *testing.T) {
	f := newFixture(t)
	f.catalogue()
	f.must("POST", "/purposes", strings.Replace(newsBody, "travel-news", "ski-offers", 1))
	person := f.person(canaryAddress, true).PublicID.String()
	asked := f.must("POST", "/requests", `{"kind":"access","email":"`+canaryAddress+`"}`).str("id")
	preview := f.must("POST", "/imports?purpose=travel-news&basis=consent&preview=true", "email\n"+canaryAddress+"\n").str("id")
	chosen := f.must("POST", "/bulk-acts", `{"kind":"withdraw_all","filter":{"purpose":"travel-news"},"reason":"asked"}`).str("id")
	ids := strings.NewReplacer("/subscribers/{id}", "/subscribers/"+person, "/requests/{id}", "/requests/"+asked, "/imports/{id}", "/imports/"+preview, "/bulk-acts/{id}", "/bulk-acts/"+chosen, "/suppressions/{id}", "/suppressions/bounced-"+strings.Repeat("0", 64))
	bodies := map[string]string{
		"PATCH /subscribers/{id}": `{"name":"Pim"}`, "POST /subscribers/{id}/basis": `{"purpose":"travel-news","basis":"contract","reason":"They booked.","text":"the booking"}`,
		"POST /subscribers/{id}/withdraw": `{"all":true,"reason":"asked"}`, "POST /subscribers/{id}/erase": `{"reason":"asked"}`, "POST /subscribers/{id}/restrict": `{"reason":"asked"}`,
		"POST /subscribers/{id}/address": `{"email":"new@voorbeeld.example","reason":"asked"}`, "POST /subscribers/{id}/resend": `{"purpose":"travel-news"}`,
		"POST /subscribers/{id}/unrestrict": `{"reason":"asked","told_on":"2026-11-24"}`,
		"POST /requests":                    `{"kind":"access","email":"` + canaryAddress + `"}`, "PATCH /requests/{id}": `{"note":"Called."}`, "POST /requests/{id}/take": `{}`,
		"POST /requests/{id}/extend": `{"months":1,"reason":"Much mail."}`, "POST /requests/{id}/done": `{"answer":"Sent."}`, "POST /requests/{id}/refuse": `{"reason":"Not theirs."}`,
		"POST /suppressions/{id}/lift": `{"reason":"It is there."}`,
		"POST /imports/{id}/columns":   `{"columns":{}}`, "POST /imports/{id}/confirm": `{"version":1,"effects":1}`,
		"POST /bulk-acts": `{"kind":"withdraw_all","filter":{"purpose":"travel-news"},"reason":"asked"}`, "POST /bulk-acts/{id}/confirm": `{"people":1}`, "POST /bulk-acts/{id}/stop": `{}`,
	}
	// These take what the caller brings and tell nothing of anybody.
	brings := []string{"POST /imports", "POST /transactional/erase"}
	tried := 0
	number := f.person(canaryAddress, true).ID
	acts := func() int { // an answer that refuses after the act was done is none
		events, err := f.store.Events(t.Context(), number)
		f.check(err)
		return len(events)
	}
	for _, grant := range []string{"", "of:ski-offers"} {
		for _, role := range akkoord.Roles {
			f.narrow(role, grant)
		}
		for operation, right := range f.api.Rights() {
			method, path, _ := strings.Cut(operation, " ")
			if method == http.MethodGet || right != akkoord.ChangePeople && right != akkoord.ErasePeople || slices.Contains(brings, operation) {
				continue
			}
			body, known := bodies[operation]
			if !known {
				t.Errorf("%s is not tried here", operation)
			}
			for _, role := range akkoord.Roles {
				before, done := len(f.trail()), acts()
				a := f.call(role, method, ids.Replace(path), body)
				if !role.May(right) {
					if a.status < 400 {
						t.Errorf("%s as %s: %d", operation, role, a.status)
					}
					continue
				}
				tried++
				if a.status != http.StatusForbidden || a.str("code") != "grant_missing" || len(f.trail()) != before || acts() != done || strings.Contains(a.raw, canaryAddress) {
					t.Errorf("%s as %s with %q: %d %.300s", operation, role, grant, a.status, a.raw)
				}
			}
		}
	}
	if tried < 50 {
		t.Errorf("only %d acts were tried", tried)
	}
}

// TestWithheldFieldsAreNamed says in the answer what is empty for want of a
// grant, and gives pages of those alone who may be seen (M26).
func TestWithheldFieldsAreNamed(t *testing.T) {
	f := newFixture(t)
	f.catalogue()
	f.must("POST", "/purposes", strings.Replace(newsBody, "travel-news", "ski-offers", 1))
	person := "/subscribers/" + f.person("pim@voorbeeld.example", true).PublicID.String()
	if a := f.must("GET", person, ""); a.header.Get("Akkoord-Withheld") != "" {
		t.Errorf("withheld from whoever sees all: %q", a.header.Get("Akkoord-Withheld"))
	}
	f.narrow(akkoord.RoleOwner, "of:travel-news name history")
	a := f.must("GET", person, "")
	if got := a.header.Get("Akkoord-Withheld"); got != "address, attributes, mails" {
		t.Errorf("withheld: %q", got)
	}
	if o := a.object(); o["email"] != "" || o["name"] != "Zoë" || len(o["interests"].([]any)) != 0 {
		t.Errorf("shown: %s", a.raw)
	}
	f.narrow(akkoord.RoleOwner, "of:ski-offers")
	if list := f.must("GET", "/subscribers", ""); len(list.object()["items"].([]any)) != 0 {
		t.Errorf("of another purpose: %s", list.raw)
	}
}
