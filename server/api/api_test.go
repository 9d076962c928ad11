package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"akkoord"
	"akkoord/server/api"
)

const draft = `"campaign":"winter-2027","subject":"Hallo {{name | default: \"reiziger\"}}","preheader":"","markdown":"De sneeuw ligt er.","html":"","blocks":[],"language":null,"languages":{},"variants":[],"ab":null,"plan":{},"trigger":null,"why":null,"why_code":null,"public_archive":"auto","created_at":"<time>"`

// TestContract holds every operation to the shapes of the contract, in the
// order in which a program would use them.
func TestContract(t *testing.T) {
	f := newFixture(t)
	purpose := `{"id":"<id>","slug":"travel-news","name":{"nl":"Reisnieuws","en":"Travel news"},"explanation":{"nl":"Reisideeën.","en":"Travel ideas."},
		"wording":{"nl":"Ja, mail mij.","en":"Yes, mail me."},"frequency":{},"basis":"consent","inactive_after_days":365,"learn_after_links":0,"reactivate_again_after_days":14,"expire_after_days":14,"signals":["click","preferences","confirmation_age"],"retention_stopped_at":null,"archived_at":null,"public_archive":false,"sender":"","relays":["default"],"version":1,"wider_since":0,"created_at":"<time>"}`
	form := `{"id":"<id>","slug":"home","url":"https://mail.zonvaart.example/f/home","purposes":["travel-news"],"interests":["wintersport"],"attributes":[],"tracking":false,"challenge":"none",
		"origins":["https://www.zonvaart.example"],"texts":{},"version":1,"created_at":"<time>"}`
	campaign := `{"id":"<id>","slug":"winter-2027","name":"Winter 2027","purpose":"travel-news","segment":null,"archived_at":null,"created_at":"<time>"}`
	none := `"total":0,"open":0,"sent":0,"deferred":0,"bounced":0,"failed":0,"uncertain":0,"skipped":0,"clicks":0,"machine_clicks":0,"links":[],"unsubscribes":0,"leavings":{"scopes":{},"places":{},"reasons":{}},"reports":{"complaints":0,"bounces":{}},"trial":null,"series":null,"eta":null,"warnings":[]`
	mailing := `{"id":"<id>","state":"draft",` + draft + `,"send_at":null,"started_at":null,"finished_at":null,` + none + `}`
	listed := func(items string) string { return `{"items":[` + items + `],"next_cursor":null}` }

	run := func(name, method, path, body string, status int, want string) answer {
		t.Helper()
		a := f.call(akkoord.RoleOwner, method, path, body)
		if a.status != status {
			t.Fatalf("%s: %s %s: status %d, want %d: %s", name, method, path, a.status, status, a.raw)
		}
		raw := parse(t, a.raw)
		if diff := cmp.Diff(parse(t, want), shape(raw)); diff != "" {
			t.Errorf("%s: %s %s (-want +got):\n%s", name, method, path, diff)
		}
		return a
	}
	run("empty lists answer 200", "GET", "/purposes", "", 200, listed(""))
	run("empty lists answer 200", "GET", "/subscribers", "", 200, listed(""))
	run("empty lists answer 200", "GET", "/subscribers?email=nobody@voorbeeld.example", "", 200, listed(""))
	run("create", "POST", "/purposes", newsBody, 201, purpose)
	run("read", "GET", "/purposes/travel-news", "", 200, purpose)
	run("list", "GET", "/purposes", "", 200, listed(purpose))
	run("create", "POST", "/forms", formBody, 201, form)
	run("read", "GET", "/forms/home", "", 200, form)
	run("list", "GET", "/forms", "", 200, listed(form))
	run("create", "POST", "/campaigns", campaignBody, 201, campaign)
	run("read", "GET", "/campaigns/winter-2027", "", 200, campaign)
	run("list", "GET", "/campaigns", "", 200, listed(campaign))
	id := run("create", "POST", "/campaigns/winter-2027/mailings", mailingBody, 201, mailing).str("id")
	run("read", "GET", "/mailings/"+id, "", 200, mailing)
	run("list", "GET", "/campaigns/winter-2027/mailings", "", 200,
		listed(`{"id":"<id>","state":"draft",`+draft+`,"send_at":null,"started_at":null,"finished_at":null}`))

	pending := f.person("Pim@voorbeeld.example", false)
	person := `{"id":"<id>","email":"Pim@voorbeeld.example","name":"Zoë","locale":"nl","interests":["wintersport"],"suppressions":[],"paused_until":null,"created_at":"<time>",
		"consents":[{"purpose":"travel-news","state":"pending","since":"<time>","basis":"consent","tracked_since":null,"learned_from_since":null}]}`
	run("pending people are found", "GET", "/subscribers?email=pim@voorbeeld.example", "", 200, listed(person))
	run("the gate says no", "GET", "/gate?email=pim@voorbeeld.example&purpose=travel-news", "", 200,
		`{"allowed":false,"code":"pending","reason":"The person asked for this and has not confirmed."}`)
	f.person("Pim@voorbeeld.example", true)
	person = strings.Replace(person, "pending", "active", 1)
	path := "/subscribers/" + pending.PublicID.String()
	run("a read sees the confirmation", "GET", path, "", 200, person)
	run("list", "GET", "/subscribers", "", 200, listed(person))
	run("the gate says yes", "GET", "/gate?email=pim@voorbeeld.example&purpose=travel-news", "", 200, `{"allowed":true}`)
	run("unknown addresses too", "GET", "/gate?email=nobody@voorbeeld.example&purpose=travel-news", "", 200,
		`{"allowed":false,"code":"unknown","reason":"Nobody with this address is on record."}`)
	run("by mailing", "GET", "/gate?email=pim@voorbeeld.example&mailing="+id, "", 200,
		`{"allowed":false,"code":"mailing_draft","reason":"The mailing is not being sent now."}`)
	event := `{"seq":%d,"at":"<time>","kind":"%s","purpose":"travel-news","campaign":null,"source":"%s","actor":"person","wording_version":1}`
	run("history", "GET", path+"/events", "", 200, listed(fmt.Sprintf(event, 3, "requested", "form:home")+","+fmt.Sprintf(event, 4, "confirmed", "link")))
	run("a form's next version", "PATCH", "/forms/home", `{"interests":["fietsen","wandelen"]}`, 200,
		strings.NewReplacer(`["wintersport"]`, `["fietsen","wandelen"]`, `"version":1`, `"version":2`).Replace(form))
	run("a form that asks about clicks", "PATCH", "/forms/home", `{"tracking":true,"texts":{"nl":{"tracking":"Tel mijn kliks."},"en":{"tracking":"Count my clicks."}}}`, 200,
		strings.NewReplacer(`["wintersport"]`, `["fietsen","wandelen"]`, `"version":1`, `"version":3`, `"tracking":false`, `"tracking":true`, `"texts":{}`, `"texts":{"en":{"tracking":"Count my clicks."},"nl":{"tracking":"Tel mijn kliks."}}`).Replace(form))
	run("rectify", "PATCH", path, `{"name":"Pim","interests":["fietsen","wandelen"]}`, 200,
		strings.NewReplacer(`"Zoë"`, `"Pim"`, `["wintersport"]`, `["fietsen","wandelen"]`).Replace(person))

	run("preview", "GET", "/mailings/"+id+"/preview?locale=en", "", 200,
		`{"subject":"Hallo {{name | default: \"reiziger\"}}","html":"<p>De sneeuw ligt er.</p>","text":"De sneeuw ligt er. en"}`)
	run("test mail", "POST", "/mailings/"+id+"/test", `{"email":"femke@zonvaart.example"}`, 200, `{"status":"sent"}`)
	run("edit a draft", "PATCH", "/mailings/"+id, `{"send_at":"2026-11-24T12:00:00+01:00"}`, 200, strings.Replace(mailing, `"send_at":null`, `"send_at":"<time>"`, 1))
	scheduled := strings.NewReplacer(`"send_at":null`, `"send_at":"<time>"`, `"draft"`, `"scheduled"`).Replace(mailing)
	run("send later", "POST", "/mailings/"+id+"/send", "", 200, scheduled)
	run("pause takes it off the clock", "POST", "/mailings/"+id+"/pause", "", 200, strings.Replace(scheduled, "scheduled", "draft", 1))
	run("edit a draft", "PATCH", "/mailings/"+id, `{"send_at":null}`, 200, mailing)
	head := run("head", "GET", "/ledger/head", "", 200, jsonOf(t, shape(f.must("GET", "/ledger/head", "").body)))
	if head.object()["seq"] != 5.0 || len(head.str("hash")) != 64 || head.str("signature") == "" || len(head.str("key_fingerprint")) != 64 {
		t.Errorf("head %s", head.raw)
	}
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestSending walks a mailing through its states; total is at every moment the
// sum of the states (P07).
func TestSending(t *testing.T) {
	f := newFixture(t)
	id := f.catalogue()
	for i := range 3 {
		f.person(fmt.Sprintf("p%d@voorbeeld.example", i), true)
	}
	f.person("pending@voorbeeld.example", false)
	for _, step := range []struct{ act, state string }{
		{"send", "sending"}, {"pause", "paused"}, {"resume", "sending"}, {"cancel", "cancelled"},
	} {
		a := f.must("POST", "/mailings/"+id+"/"+step.act, "")
		o := a.object()
		sum := o["open"].(float64) + o["sent"].(float64) + o["deferred"].(float64) + o["bounced"].(float64) + o["failed"].(float64) + o["uncertain"].(float64) + o["skipped"].(float64)
		if a.str("state") != step.state || o["total"] != 3.0 || sum != 3 {
			t.Errorf("after %s: %s", step.act, a.raw)
		}
	}
	a := f.call(akkoord.RoleOwner, "POST", "/mailings/"+id+"/pause", "{}")
	if a.status != http.StatusConflict || a.str("code") != "state" || !cmp.Equal(a.object()["reasons"], []any{map[string]any{"code": "state", "message": a.str("detail")}}) {
		t.Errorf("pausing a cancelled mailing: %d %s", a.status, a.raw)
	}
	items := f.must("GET", "/mailings/"+id+"/deliveries?limit=2", "").object()["items"].([]any)
	if len(items) != 2 || items[0].(map[string]any)["email"] != "p0@voorbeeld.example" {
		t.Errorf("deliveries: %v", items)
	}
}

// TestGateAt answers from the history what was allowed at a time (M1).
func TestGateAt(t *testing.T) {
	f := newFixture(t)
	mailing := f.catalogue()
	instant := func() string { return url.QueryEscape(f.clock().Format(time.RFC3339Nano)) }
	before := instant()
	p := f.person("pim@voorbeeld.example", false)
	asked := instant()
	f.person("pim@voorbeeld.example", true)
	confirmed := instant()
	link := akkoord.Link{Subscriber: p.PublicID, Purpose: 1, Campaign: 1}
	leave := func(scope akkoord.Scope) string {
		_, err := f.store.Leave(t.Context(), link, scope, akkoord.Origin{Source: "unsubscribe", Actor: akkoord.ActorPerson})
		f.check(err)
		return instant()
	}
	leftCampaign, left := leave(akkoord.ScopeCampaign), leave(akkoord.ScopePurpose)
	for _, tt := range []struct{ query, code string }{
		{"purpose=travel-news&at=" + before, "unknown"},
		{"purpose=travel-news&at=" + asked, "pending"},
		{"purpose=travel-news&at=" + confirmed, ""},
		{"mailing=" + mailing + "&at=" + confirmed, ""},
		{"mailing=" + mailing + "&at=" + leftCampaign, "left_campaign"},
		{"purpose=travel-news&at=" + leftCampaign, ""},
		{"purpose=travel-news&at=" + left, "withdrawn"},
		{"purpose=travel-news", "withdrawn"},
	} {
		a := f.must("GET", "/gate?email=pim@voorbeeld.example&"+tt.query, "")
		if a.str("code") != tt.code || a.object()["allowed"] != (tt.code == "") {
			t.Errorf("%s: %s", tt.query, a.raw)
		}
	}
}

// TestSendRefused gets all reasons at once (contract: 409 of send).
func TestSendRefused(t *testing.T) {
	f := newFixture(t)
	f.catalogue()
	f.sender = akkoord.Sender{Controller: "Zonvaart Reizen B.V."}
	id := f.must("POST", "/campaigns/winter-2027/mailings", `{"subject":"{{age}}","markdown":"x"}`).str("id")
	a := f.call(akkoord.RoleOwner, "POST", "/mailings/"+id+"/send", "")
	var codes []string
	for _, r := range a.object()["reasons"].([]any) {
		codes = append(codes, r.(map[string]any)["code"].(string))
	}
	want := []string{"unknown_field", "sender_incomplete", "sender_incomplete", "sender_incomplete", "no_relay"}
	if diff := cmp.Diff(want, codes); diff != "" || a.status != http.StatusConflict || a.str("code") != "unknown_field" {
		t.Errorf("%d %s\n%s", a.status, a.raw, diff)
	}
	id = f.must("POST", "/campaigns/winter-2027/mailings", mailingBody).str("id")
	if a := f.call(akkoord.RoleOwner, "POST", "/mailings/"+id+"/send", ""); a.str("code") != "sender_incomplete" {
		t.Errorf("a first campaign without sender facts: %s", a.raw)
	}
	if got := f.must("GET", "/mailings/"+id, "").str("state"); got != "draft" {
		t.Errorf("the mailing is %s", got)
	}
}

// TestRights calls every operation as every role and as nobody (P28, L10).
func TestRights(t *testing.T) {
	f := newFixture(t)
	mailing := f.catalogue()
	person := f.person("pim@voorbeeld.example", true).PublicID.String()
	imported := f.must("POST", "/imports?purpose=travel-news&basis=consent", "email\n").str("id")
	chosen := f.must("POST", "/bulk-acts", `{"kind":"withdraw_all","filter":{"purpose":"travel-news"},"reason":"test"}`).str("id")
	f.must("POST", "/processors", `{"slug":"post","name":"Postbode B.V.","role":"relay","country":"NL","agreement":{"signed_on":"2026-01-01","valid_until":"2029-12-31","document":"dpa.pdf"}}`)
	f.must("POST", "/transactional-templates", bookingTemplate)
	order := f.must("POST", "/transactional", bookingOrder).str("id")
	f.must("POST", "/rules", `{"slug":"booked","when":{"form":"home"},"then":{"do":"set_basis","purpose":"travel-news","basis":"contract","text":"the booking"},"reason":"They booked."}`)
	f.must("POST", "/segments", `{"slug":"dutch","purpose":"travel-news","filter":{"locale":"nl"}}`)
	asked := f.must("POST", "/requests", `{"kind":"access","email":"pim@voorbeeld.example"}`).str("id")
	f.must("POST", "/subscribers/"+f.person("weg@voorbeeld.example", true).PublicID.String()+"/erase", `{"reason":"asked for"}`)
	told := f.must("GET", "/processor-notices", "").object()["items"].([]any)[0].(map[string]any)["id"].(string)
	breach := f.must("POST", "/breach-packs", `{"what":"A laptop was lost.","since":"2026-11-23T00:00:00Z"}`).str("id")
	checked := f.must("POST", "/ledger/verify", "").str("id")
	drilled := f.must("POST", "/restore-drills", drillBody).str("id")
	staff := f.must("POST", "/users", `{"email":"bo@zonvaart.example","role":"editor","reason":"test"}`).str("id")
	spare := f.must("POST", "/api-keys", `{"name":"spare","role":"mail","reason":"test"}`).str("id")
	endpoint := f.must("POST", "/webhooks", `{"url":"https://crm.example/hook","processor":"post","events":["person.left"]}`).str("id")
	hidden := []akkoord.Right{akkoord.ReadPeople, akkoord.ChangePeople}
	owned := 0
	for operation, right := range f.api.Rights() {
		method, path, _ := strings.Cut(operation, " ")
		switch {
		case strings.HasPrefix(path, "/subscribers/{id}"):
			path = strings.Replace(path, "{id}", person, 1)
		case strings.HasPrefix(path, "/users/{id}"):
			path = strings.Replace(path, "{id}", staff, 1)
		case strings.HasPrefix(path, "/api-keys/{id}"):
			path = strings.Replace(path, "{id}", spare, 1)
		case strings.HasPrefix(path, "/dkim-keys/{id}"):
			path = strings.Replace(path, "{id}", f.must("POST", "/dkim-keys", `{"kind":"ed25519"}`).str("id"), 1) // its own: one is removed
		case strings.HasPrefix(path, "/webhooks/{id}"):
			path = strings.Replace(path, "{id}", endpoint, 1)
		case strings.HasPrefix(path, "/imports/{id}"):
			path = strings.Replace(path, "{id}", imported, 1)
		case strings.HasPrefix(path, "/bulk-acts/{id}"):
			path = strings.Replace(path, "{id}", chosen, 1)
		case strings.HasPrefix(path, "/breach-packs/{id}"):
			path = strings.Replace(path, "{id}", breach, 1)
		case strings.HasPrefix(path, "/ledger/checks/{id}"):
			path = strings.Replace(path, "{id}", checked, 1)
		case strings.HasPrefix(path, "/restore-drills/{id}"):
			path = strings.Replace(path, "{id}", drilled, 1)
		case strings.HasPrefix(path, "/grants/{id}"):
			path = strings.Replace(path, "{id}", f.ids[akkoord.RoleEditor].PublicID.String(), 1)
		case strings.HasPrefix(path, "/requests/{id}"):
			path = strings.Replace(path, "{id}", asked, 1)
		case strings.HasPrefix(path, "/processor-notices/{id}"):
			path = strings.Replace(path, "{id}", told, 1)
		case strings.HasPrefix(path, "/transactional/{id}"):
			path = strings.Replace(path, "{id}", order, 1)
		case strings.HasPrefix(path, "/mailings/{id}"):
			path = strings.Replace(path, "{id}", mailing, 1)
		case strings.HasPrefix(path, "/senders/{slug}"), strings.HasPrefix(path, "/relays/{slug}"): // its own: one is retired
			things, _, _ := strings.Cut(path[1:], "/")
			own := fmt.Sprintf("own-%d", owned)
			owned++
			f.must("POST", "/"+things, map[string]string{
				"senders": `{"slug":"` + own + `","name":"Ski","address":"ski@zonvaart.example"}`, "relays": `{"slug":"` + own + `","url":"smtp://127.0.0.1:1?tls=none"}`,
			}[things])
			path = strings.Replace(path, "{slug}", own, 1)
		}
		path = strings.NewReplacer("/purposes/{slug}", "/purposes/travel-news", "/forms/{slug}", "/forms/home", "/campaigns/{slug}", "/campaigns/winter-2027", "/processors/{slug}", "/processors/post", "/rules/{slug}", "/rules/booked", "/segments/{slug}", "/segments/dutch", "/transactional-templates/{slug}", "/transactional-templates/booking").Replace(path)
		for _, role := range akkoord.Roles {
			a := f.call(role, method, path, "")
			refused := a.status == http.StatusForbidden && a.str("code") == "right_missing" || a.status == http.StatusNotFound
			if refused == role.May(right) {
				t.Errorf("%s as %s: %d %s", operation, role, a.status, a.raw)
			}
			if strings.Contains(operation, "{id}") && slices.Contains(hidden, right) && !role.May(akkoord.ReadPeople) && a.status != http.StatusNotFound {
				t.Errorf("%s as %s says that the thing exists: %d", operation, role, a.status)
			}
		}
		for _, auth := range []string{"", "Bearer", "Bearer akk_wrong", "Basic " + f.keys[akkoord.RoleOwner], "bearer  "} {
			a := f.send(method, path, strings.NewReader(""), "Authorization: "+auth)
			if a.status != http.StatusUnauthorized || a.str("code") != "key_invalid" || a.header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s with %q: %d %s", operation, auth, a.status, a.raw)
			}
		}
	}
}

// TestRevokedKey ends a key at once (P27).
func TestRevokedKey(t *testing.T) {
	f := newFixture(t)
	f.must("GET", "/purposes", "")
	f.check(f.store.RevokeKey(t.Context(), akkoord.ActorSystem, f.ids[akkoord.RoleOwner].ID))
	if a := f.call(akkoord.RoleOwner, "GET", "/purposes", ""); a.status != http.StatusUnauthorized {
		t.Errorf("status %d after revoking", a.status)
	}
}

// TestAudit finds a line for every read and change of personal data (M27).
func TestAudit(t *testing.T) {
	f := newFixture(t)
	mailing := f.catalogue()
	person := f.person("pim@voorbeeld.example", true)
	object := "subscriber:" + person.PublicID.String()
	path := "/subscribers/" + person.PublicID.String()
	for _, tt := range []struct{ method, path, body, action, object string }{
		{"GET", "/subscribers", "", "subscriber.list", "subscriber"},
		{"GET", "/subscribers?email=pim@voorbeeld.example", "", "subscriber.read", object},
		{"GET", path, "", "subscriber.read", object},
		{"GET", path + "/events", "", "subscriber.events", object},
		{"GET", path + "/export?format=csv", "", "subscriber.export", object},
		{"PATCH", path, `{"name":"Pim"}`, "subscriber.change", object},
		{"GET", "/gate?email=pim@voorbeeld.example&purpose=travel-news", "", "gate.ask", object},
		{"GET", "/mailings/" + mailing + "/deliveries", "", "mailing.deliveries", "mailing:" + mailing},
	} {
		before := f.trail()
		f.must(tt.method, tt.path, tt.body)
		want := fmt.Sprintf("key:%s %s %s", f.ids[akkoord.RoleOwner].PublicID, tt.action, tt.object)
		if after := f.trail(); len(after) != len(before)+1 || after[len(before)] != want {
			t.Errorf("%s %s left %q, want %q", tt.method, tt.path, after[len(before):], want)
		}
	}
}

// trail reads the whole audit trail but for the lines of looks at it.
func (f *fixture) trail() []string {
	f.t.Helper()
	var out []string
	for cursor := ""; ; {
		o := f.must("GET", "/audit?limit=200"+cursor, "").object()
		for _, item := range o["items"].([]any) {
			e := item.(map[string]any)
			if e["action"] == "audit.read" { // of looks like this one
				continue
			}
			out = append(out, fmt.Sprintf("%s %s %s", e["actor"], e["action"], e["object"]))
		}
		next, more := o["next_cursor"].(string)
		if !more {
			return out
		}
		cursor = "&cursor=" + next
	}
}

// TestIdempotency answers a repeated POST as before, once made.
func TestIdempotency(t *testing.T) {
	f := newFixture(t)
	f.catalogue()
	post := func(key, body string) answer {
		return f.call(akkoord.RoleOwner, "POST", "/campaigns/winter-2027/mailings", body, "Idempotency-Key: "+key)
	}
	const workers = 8
	answers := make([]answer, workers)
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() { answers[i] = post("k1", mailingBody) })
	}
	wg.Wait()
	for _, a := range answers {
		if a.status != http.StatusCreated || a.raw != answers[0].raw {
			t.Errorf("%d %s, want %s", a.status, a.raw, answers[0].raw)
		}
	}
	if n := len(f.must("GET", "/campaigns/winter-2027/mailings", "").object()["items"].([]any)); n != 2 {
		t.Errorf("%d mailings, want the draft and one more", n)
	}
	if a := post("k1", `{"subject":"another"}`); a.status < 400 || a.status >= 500 || a.str("code") != "idempotency_key_reused" {
		t.Errorf("the key with another body: %d %s", a.status, a.raw)
	}
	if a := f.call(akkoord.RoleEditor, "POST", "/campaigns/winter-2027/mailings", mailingBody, "Idempotency-Key: k1"); a.raw == answers[0].raw {
		t.Error("another caller got the answer of the first")
	}
	if a := post("k2", `{"markdown":"a","html":"b"}`); a.status != http.StatusUnprocessableEntity {
		t.Errorf("%d %s", a.status, a.raw)
	}
	if a := post("k2", mailingBody); a.status != http.StatusCreated {
		t.Errorf("an error is remembered: %d %s", a.status, a.raw)
	}
}

// TestPaging walks a list by its cursors: each row once, in order, with no
// row lost when others are added meanwhile.
func TestPaging(t *testing.T) {
	f := newFixture(t)
	f.catalogue()
	for i := range 5 {
		f.person(fmt.Sprintf("p%d@voorbeeld.example", i), i%2 == 0)
	}
	var got []string
	cursor := ""
	for pages := 0; ; pages++ {
		o := f.must("GET", "/subscribers?limit=2"+cursor, "").object()
		for _, item := range o["items"].([]any) {
			got = append(got, item.(map[string]any)["email"].(string))
		}
		if pages == 0 {
			f.person("late@voorbeeld.example", false)
		}
		next, more := o["next_cursor"].(string)
		if !more {
			break
		}
		cursor = "&cursor=" + next
	}
	want := []string{"p0@voorbeeld.example", "p1@voorbeeld.example", "p2@voorbeeld.example", "p3@voorbeeld.example", "p4@voorbeeld.example", "late@voorbeeld.example"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestOpenAPI describes every operation, without a key.
func TestOpenAPI(t *testing.T) {
	f := newFixture(t)
	a := f.send("GET", "/openapi.json", strings.NewReader(""))
	o := a.object()
	if a.status != 200 || o["openapi"] != "3.1.0" {
		t.Fatalf("%d %v", a.status, o["openapi"])
	}
	paths := o["paths"].(map[string]any)
	count := 0
	for operation := range f.api.Rights() {
		method, path, _ := strings.Cut(operation, " ")
		item, _ := paths[path].(map[string]any)
		op, _ := item[strings.ToLower(method)].(map[string]any)
		responses, _ := op["responses"].(map[string]any)
		if op["summary"] == nil || len(responses) < 2 || responses["default"] == nil {
			t.Errorf("%s is not described", operation)
		}
	}
	for _, item := range paths {
		count += len(item.(map[string]any))
	}
	if count != len(f.api.Rights()) {
		t.Errorf("%d operations described, %d served", count, len(f.api.Rights()))
	}
	if strings.Contains(a.raw, "ErrorModel") {
		t.Error("the errors described are not ours")
	}
}

// TestImages takes pictures by what they are, not by what they are called
// (L15).
func TestImages(t *testing.T) {
	f := newFixture(t)
	var picture bytes.Buffer
	f.check(png.Encode(&picture, image.NewRGBA(image.Rect(0, 0, 2, 2))))
	for name, tt := range map[string]struct {
		part   string
		data   []byte
		status int
	}{
		"a picture":         {"file", picture.Bytes(), http.StatusCreated},
		"a page":            {"file", []byte("<html><script>alert(1)</script>"), http.StatusUnprocessableEntity},
		"a drawing":         {"file", []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), http.StatusUnprocessableEntity},
		"half a picture":    {"file", picture.Bytes()[:20], http.StatusUnprocessableEntity},
		"by another name":   {"picture", picture.Bytes(), http.StatusUnprocessableEntity},
		"too large for us":  {"file", make([]byte, akkoord.Limits.APIBody), http.StatusRequestEntityTooLarge},
		"nothing in it":     {"file", nil, http.StatusUnprocessableEntity},
		"a picture with \"": {"file", picture.Bytes(), http.StatusCreated},
	} {
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		part, err := w.CreateFormFile(tt.part, "../../"+name+".exe")
		f.check(err)
		_, err = part.Write(tt.data)
		f.check(err)
		f.check(w.Close())
		a := f.call(akkoord.RoleEditor, "POST", "/images", body.String(), "Content-Type: "+w.FormDataContentType())
		if a.status != tt.status {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
		if a.status == http.StatusCreated && a.str("url") != "https://mail.zonvaart.example/media/"+a.str("id") {
			t.Errorf("%s: %s", name, a.raw)
		}
	}
	first := f.call(akkoord.RoleAnalyst, "GET", "/images?limit=1", "")
	rest := f.call(akkoord.RoleAnalyst, "GET", "/images?cursor="+first.str("next_cursor"), "")
	for _, a := range []answer{first, rest} {
		items := a.object()["items"].([]any)
		if len(items) != 1 {
			t.Fatalf("%d pictures: %s", len(items), a.raw)
		}
		img := items[0].(map[string]any)
		if img["content_type"] != "image/png" || img["url"] != "https://mail.zonvaart.example/media/"+img["id"].(string) || img["created_at"] == nil {
			t.Errorf("%v", img)
		}
	}
}

// TestUploadsLeaveNoFiles leaves nothing of a large upload in the folder for
// temporary files, where nobody would ever delete it.
func TestUploadsLeaveNoFiles(t *testing.T) {
	f := newFixture(t)
	t.Setenv("TMPDIR", t.TempDir())
	for _, part := range []string{"file", "picture"} {
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		p, err := w.CreateFormFile(part, "x.png")
		f.check(err)
		f.check(png.Encode(p, image.NewRGBA(image.Rect(0, 0, 2, 2))))
		_, err = p.Write(make([]byte, 500<<10))
		f.check(err)
		f.check(w.Close())
		f.call(akkoord.RoleEditor, "POST", "/images", body.String(), "Content-Type: "+w.FormDataContentType())
	}
	left, err := os.ReadDir(os.TempDir())
	f.check(err)
	if len(left) > 0 {
		t.Errorf("%d files were left", len(left))
	}
}

// TestPreviewFrame draws a mail as a page that can do nothing.
func TestPreviewFrame(t *testing.T) {
	f := newFixture(t)
	a := f.must("GET", "/mailings/"+f.catalogue()+"/preview?format=html", "")
	if !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") || !strings.Contains(a.header.Get("Content-Security-Policy"), "sandbox") || a.raw != "<p>De sneeuw ligt er.</p>" {
		t.Errorf("%v %s", a.header, a.raw)
	}
}

// TestKeys makes keys that scanners recognise and that differ.
func TestKeys(t *testing.T) {
	key, hash, err := api.NewKey(strings.NewReader(strings.Repeat("a", 32)))
	if err != nil || key != "akk_mfqwcylbmfqwcylbmfqwcylbmfqwcylbmfqwcylbmfqwcylbmfqq" || hash != api.HashKey(key) {
		t.Errorf("%s %v", key, err)
	}
	if _, _, err := api.NewKey(strings.NewReader("short")); err == nil {
		t.Error("a key was made without randomness")
	}
}
