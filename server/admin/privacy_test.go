package admin_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"akkoord"
	"akkoord/store"
)

// after posts a form that is answered with another page, and gives that page.
func (b *browser) after(path string, in url.Values) reply {
	b.f.t.Helper()
	r := b.send("POST", path, in.Encode())
	if r.refused() {
		return r
	}
	if r.status != http.StatusSeeOther {
		b.f.t.Fatalf("POST %s %v: %d: %s", path, in, r.status, r.body)
	}
	return b.get(r.header.Get("Location"))
}

func has(t *testing.T, r reply, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(r.body, w) {
			t.Errorf("the page lacks %q:\n%s", w, r.body)
		}
	}
}

// Art. 12(3) GDPR: a request is taken in, taken, extended and answered without
// JavaScript, with its month in sight, and each look and act is on record.
func TestThePrivacyOfficerAnswersARequest(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	p := f.person("pim@voorbeeld.example")
	b := f.as(akkoord.RoleDPO)
	got := b.send("POST", "/admin/privacy/requests", url.Values{"kind": {"access"}, "channel": {"phone"}, "email": {"pim@voorbeeld.example"}, "note": {"Calls back."}}.Encode())
	at := got.header.Get("Location")
	has(t, b.get(at), "Access", "pim@voorbeeld.example", "/admin/people/"+p.PublicID.String(), "Calls back.", "days left")
	has(t, b.get("/admin/privacy", "Open requests", "Lines in the audit trail today"), `num-line">1<`)
	b.after(at, url.Values{"act": {"take"}})
	has(t, b.after(at, url.Values{"act": {"change"}, "text": {"Called back."}}), "Called back.", "user:")
	has(t, b.after(at, url.Values{"act": {"extend"}, "months": {"3"}, "text": {"Much mail."}}), `role="alert"`)
	has(t, b.after(at, url.Values{"act": {"extend"}, "months": {"2"}, "text": {"Much mail."}}), "Much mail.")
	has(t, b.after(at, url.Values{"act": {"refuse"}, "text": {" "}}), `role="alert"`)
	has(t, b.after(at, url.Values{"act": {"nonsense"}}), `role="alert"`)
	has(t, b.after(at, url.Values{"act": {"done"}, "text": {"Sent by letter."}}), "Sent by letter.", "Done")
	if r := b.get("/admin/privacy/requests?state=open"); strings.Contains(r.body, "pim@") {
		t.Error("an answered request is open")
	}
	has(t, b.get("/admin/privacy/audit?kind=request"), "request.create", "request.read", "request.take", "request.extend", "request.done", "request.list")
	if r := b.after("/admin/privacy/requests", url.Values{"kind": {"access"}, "channel": {"phone"}}); !strings.Contains(r.body, "Say who asks") {
		t.Errorf("a request of nobody: %s", r.body)
	}
}

// The start page names what is late, to those who may know.
func TestWhatIsLateStandsOnTheStartPage(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	b, editor := f.as(akkoord.RoleDPO), f.as(akkoord.RoleEditor)
	if r := b.get("/admin"); strings.Contains(r.body, "For the privacy officer") {
		t.Error("nothing is late")
	}
	_, err := f.store.AddRequest(t.Context(), akkoord.ActorSystem, akkoord.PersonRequest{Kind: "erasure", Channel: "letter", ReceivedAt: f.clock().AddDate(0, -2, 0), RequestDetail: akkoord.RequestDetail{Note: "a letter"}})
	f.check(err)
	b.get("/admin", "For the privacy officer", "Requests overdue")
	if r := editor.get("/admin"); strings.Contains(r.body, "Requests overdue") || strings.Contains(r.body, "/admin/privacy") {
		t.Error("an editor is told of requests")
	}
}

// M28: a party is added, warned of 60 days ahead, renewed and ended, and what it
// has to be told is ticked off.
func TestThePrivacyOfficerKeepsTheRegister(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	b := f.as(akkoord.RoleDPO)
	day := func(days int) string { return f.clock().AddDate(0, 0, days).Format(time.DateOnly) }
	add := url.Values{"slug": {"post"}, "name": {"Postrelais B.V."}, "role": {"relay"}, "country": {"nl"}, "signed_on": {day(-300)}, "valid_until": {day(30)}}
	has(t, b.after("/admin/privacy/processors", add), "Postrelais B.V.", "Ends within 60 days", "NL")
	has(t, b.get("/admin/privacy"), "Agreements that end within 60 days", `badge warn">1<`)
	has(t, b.after("/admin/privacy/processors", add), "post") // taken: said, not a fault
	p := f.person("pim@voorbeeld.example")
	f.check(f.store.Restrict(t.Context(), p.PublicID, "asked for", akkoord.Origin{Source: "api", Actor: akkoord.ActorSystem}))
	notices, _, err := f.store.Notices(t.Context(), true, akkoord.Page{})
	f.check(err)
	b.get("/admin/privacy/notices", notices[0].Reference, "restricted")
	has(t, b.after("/admin/privacy/notices/"+notices[0].PublicID.String(), url.Values{"note": {"mail to pim@voorbeeld.example"}}), "hold a name or an address")
	has(t, b.after("/admin/privacy/notices/"+notices[0].PublicID.String(), url.Values{"note": {"By letter."}}), "There is nothing to tell.")
	b.get("/admin/privacy/notices?all=1", "By letter.")
	has(t, b.after("/admin/privacy/processors/post", url.Values{"act": {"renew"}, "country": {"NL"}, "signed_on": {day(-1)}, "valid_until": {day(365)}, "document": {"Folder 12"}}), "Folder 12", "Valid")
	has(t, b.after("/admin/privacy/processors/post", url.Values{"act": {"end"}, "reason": {""}}), "Say why")
	has(t, b.after("/admin/privacy/processors/post", url.Values{"act": {"end"}, "reason": {"Another relay."}}), "Ended")
	if r := f.as(akkoord.RoleManager).get("/admin/privacy/processors"); strings.Contains(r.body, "<form method=\"post\" action=\"/admin/privacy/processors\"") {
		t.Error("a manager is offered to change the register")
	}
}

// M27: the trail is searched and taken away whole, and each look is a line.
func TestThePrivacyOfficerSearchesTheTrail(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	p := f.person("pim@voorbeeld.example")
	b := f.as(akkoord.RoleDPO)
	b.get("/admin/people/" + p.PublicID.String())
	has(t, b.get("/admin/privacy/audit?subject=subscriber:"+p.PublicID.String()), "subscriber.read", "user:")
	if r := b.get("/admin/privacy/audit?kind=subscriber&to=2020-01-01T00:00"); strings.Contains(r.body, "<tbody>") {
		t.Error("lines of before there were any")
	}
	b.get("/admin/privacy/audit?actor=pim@voorbeeld.example", `role="alert"`)
	if r := b.get("/admin/privacy/audit?actor=DPO@zonvaart.example", "dpo@zonvaart.example<br>", "subscriber.read"); strings.Contains(r.body, "actor=DPO@") || !strings.Contains(r.body, "actor=user:") {
		t.Errorf("a search by address leaves a line that names it, or none: %s", r.body)
	}
	b.get("/admin/privacy/audit?from=yesterday", `role="alert"`)
	b.get("/admin/privacy/audit", "audit.read", "subject=subscriber:"+p.PublicID.String())
	csv := b.get("/admin/privacy/audit.csv?kind=subscriber")
	if !strings.HasPrefix(csv.body, "seq,at,actor,action,object,note\n") || !strings.Contains(csv.body, "subscriber.read") || !strings.HasPrefix(csv.header.Get("Content-Type"), "text/csv") {
		t.Errorf("as CSV: %s", csv.body)
	}
	if last, _ := f.trail(); !strings.HasSuffix(last, " audit.export audit") {
		t.Errorf("the last line is %s", last)
	}
}

// M30: the ledger's head is shown, and its button checks every line.
func TestThePrivacyOfficerVerifiesTheLedger(t *testing.T) {
	f := newFixture(t)
	b := f.as(akkoord.RoleDPO)
	b.get("/admin/privacy/ledger", "none yet")
	f.mailing()
	f.person("pim@voorbeeld.example")
	head, err := f.store.SignHead(t.Context())
	f.check(err)
	b.get("/admin/privacy/ledger", "#", fmt.Sprintf("%x", head.Hash))
	has(t, b.after("/admin/privacy/ledger", nil), "All is well", "dpo@")
	b.get("/admin/privacy/ledger", "All is well", "dpo@")
}

// Art. 33 GDPR: a breach is put on record, its pack taken away and its report
// noted.
func TestThePrivacyOfficerMakesABreachPack(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	f.person("pim@voorbeeld.example")
	b := f.as(akkoord.RoleDPO)
	since := f.wall(f.clock().Add(-time.Hour))
	has(t, b.after("/admin/privacy/breaches", url.Values{"what": {"mail of pim@voorbeeld.example"}, "people": {"all"}, "since": {since}}), "hold a name or an address")
	has(t, b.after("/admin/privacy/breaches", url.Values{"what": {"A laptop was lost."}, "people": {"purpose:travel-news"}, "since": {since}}), "A laptop was lost.", "1 people (Travel news)", "Not reported yet")
	all, _, err := f.store.Breaches(t.Context(), akkoord.Page{})
	f.check(err)
	at := "/admin/privacy/breaches/" + all[0].PublicID.String()
	r := b.get(at + "/pack?addresses=1")
	z, err := zip.NewReader(bytes.NewReader([]byte(r.body)), int64(len(r.body)))
	if err != nil || len(z.File) < 9 || !strings.Contains(r.header.Get("Content-Disposition"), "breach-") {
		t.Errorf("the pack: %v %v", err, r.header)
	}
	if last, _ := f.trail(); !strings.Contains(last, "breach.pack breach:") {
		t.Errorf("the last line is %s", last)
	}
	has(t, b.after(at, url.Values{"at": {f.wall(f.clock().Add(time.Minute))}}), "Reported")
}

// Issue 7 point 3: the page of backups teaches the drill, the start page asks for it while
// none went well, and what was typed stays when it is refused.
func TestARestoreDrillIsPutOnRecord(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	f.person("pim@voorbeeld.example")
	b := f.as(akkoord.RoleOwner)
	b.get("/admin", "Restore drill due", "/admin/privacy/backups")
	b.get("/admin/privacy/backups", "No backup has proved itself yet", "A restore drill is due", "Nobody has restored a backup")
	in := url.Values{"at": {f.wall(f.clock().Add(-time.Hour))}, "copy_at": {f.wall(f.clock().Add(-2 * time.Hour))}, "place": {"the <b>spare</b> machine"}, "minutes": {"42"}, "steps": {"fetched", "looked"}, "outcome": {"good"}}
	r := b.send("POST", "/admin/privacy/backups", in.Encode())
	if r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, "A drill is good when all five steps were done") || !strings.Contains(r.body, "the &lt;b&gt;spare&lt;/b&gt; machine") {
		t.Errorf("a good one with two steps: %d %s", r.status, r.body)
	}
	in.Set("outcome", "bad")
	in.Set("fault", "The key was the wrong one.")
	has(t, b.after("/admin/privacy/backups", in), "Not good", "The key was the wrong one.", "A restore drill is due")
	in["steps"], in["outcome"], in["fault"] = []string{"fetched", "restored", "looked", "left", "deleted"}, []string{"good"}, []string{"left over"}
	page := b.after("/admin/privacy/backups", in)
	has(t, page, "42 minutes", "the &lt;b&gt;spare&lt;/b&gt; machine")
	if strings.Contains(page.body, "A restore drill is due") || strings.Contains(b.get("/admin").body, "Restore drill due") {
		t.Error("after a good one another is due")
	}
	manager := f.as(akkoord.RoleManager)
	if strings.Contains(manager.get("/admin/privacy/backups", "Not good").body, `name="minutes"`) {
		t.Error("a manager is offered the form")
	}
}

// P36: where what is known of backups can't be read, the pages say so and stay open.
func TestUnreadableBackupsCloseNoPage(t *testing.T) {
	var file string
	f := newFixture(t, func(c *store.Config) { file = c.File() })
	f.check(os.WriteFile(file+store.MarkSuffix, []byte("rubbish"), 0o600))
	b := f.as(akkoord.RoleOwner)
	b.get("/admin/privacy", "can’t be read")
	b.get("/admin/privacy/backups", "What is known of earlier backups can’t be read")
	b.get("/admin")
}

// M29: the record of processing as a page and as PDF, also for a manager.
func TestTheRecordOfProcessingIsAPage(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	b := f.as(akkoord.RoleManager)
	b.get("/admin/privacy/records", "Mailings: Travel news", "AKKOORD_DPO", "Zonvaart Reizen B.V.")
	b.get("/admin/privacy/records?locale=nl", "Mailings: Reisnieuws")
	if r := b.get("/admin/privacy/records?format=pdf"); !strings.HasPrefix(r.body, "%PDF-") {
		t.Errorf("as PDF: %.40q", r.body)
	}
}
