package storetest

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"akkoord"
)

func testDesk(t *testing.T, open Open) {
	for _, part := range []struct {
		name string
		run  func(*testing.T, *Agency)
	}{
		{"requests have the month of Art. 12(3)", testRequests},
		{"an erasure leaves nothing personal in requests", testRequestsErased},
		{"Art. 18 whoever is restricted gets nothing and is kept", testRestriction},
		{"M19 processors are told of erasures", testNotices},
		{"Art. 33 breaches are on record", testBreaches},
		{"P21 restore drills are on record", testDrills},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(t, newAgency(t, open)) })
	}
}

func testRequests(t *testing.T, a *Agency) {
	ctx := t.Context()
	p := a.active(t, "anouk@voorbeeld.example", a.News)
	r := must(a.AddRequest(ctx, Admin, akkoord.PersonRequest{Kind: "access", Channel: "phone", RequestDetail: akkoord.RequestDetail{Email: "Anouk@Voorbeeld.example"}}))(t)
	if r.Person != p.Subscriber.PublicID || r.State != akkoord.RequestOpen || r.DueOn.Format(time.DateOnly) != "2027-02-15" {
		t.Errorf("entered: %+v", r)
	}
	later := must(a.AddRequest(ctx, Admin, akkoord.PersonRequest{Kind: "erasure", Channel: "letter", RequestDetail: akkoord.RequestDetail{Note: "letter without an address"}}))(t)
	early := must(a.AddRequest(ctx, Admin, akkoord.PersonRequest{Kind: "objection", Channel: "email", ReceivedAt: Start.AddDate(0, 0, -20), RequestDetail: akkoord.RequestDetail{Email: "wie@voorbeeld.example"}}))(t)
	for _, wrong := range []akkoord.PersonRequest{
		{Kind: "money", Channel: "phone", RequestDetail: akkoord.RequestDetail{Note: "n"}},
		{Kind: "access", Channel: "pigeon", RequestDetail: akkoord.RequestDetail{Note: "n"}},
		{Kind: "access", Channel: "phone"},
		{Kind: "access", Channel: "phone", RequestDetail: akkoord.RequestDetail{Email: "nobody"}},
		{Kind: "access", Channel: "phone", ReceivedAt: Start.AddDate(0, 0, 1), RequestDetail: akkoord.RequestDetail{Note: "n"}},
	} {
		if _, err := a.AddRequest(ctx, Admin, wrong); akkoord.KindOf(err) != akkoord.Invalid {
			t.Errorf("%+v gives %v", wrong, err)
		}
	}
	waiting, closed, err := a.DueRequests(ctx, 10)
	if err != nil || len(waiting) != 3 || len(closed) != 0 || waiting[0].PublicID != early.PublicID {
		t.Errorf("open: %+v, closed: %+v, %v", waiting, closed, err)
	}
	extend := func(r akkoord.PersonRequest, now time.Time) (akkoord.PersonRequest, error) {
		return r.Extend(2, "Three systems to search.", now)
	}
	if r = must(a.EditRequest(ctx, Admin, r.PublicID, "request.extend", extend))(t); r.DueOn.Format(time.DateOnly) != "2027-04-15" || r.Extension == "" {
		t.Errorf("extended: %+v", r)
	}
	if _, err := a.EditRequest(ctx, Admin, r.PublicID, "request.extend", extend); akkoord.CodeOf(err) != "request_extended" {
		t.Errorf("extended twice: %v", err)
	}
	a.Clock.Move(12 * 24 * time.Hour)
	if d := must(a.Desk(ctx))(t); d.Open != 3 || d.Overdue != 1 || d.Soon != 0 {
		t.Errorf("the desk is %+v", d)
	}
	if _, err := a.EditRequest(ctx, Admin, early.PublicID, "request.extend", extend); akkoord.CodeOf(err) != "request_late" {
		t.Errorf("extended after the month: %v", err)
	}
	end := func(r akkoord.PersonRequest, now time.Time) (akkoord.PersonRequest, error) {
		return r.Close(akkoord.RequestDone, "sent the file", now)
	}
	if r = must(a.EditRequest(ctx, Admin, r.PublicID, "request.done", end))(t); r.State != akkoord.RequestDone || r.ClosedAt.IsZero() {
		t.Errorf("done: %+v", r)
	}
	if _, err := a.EditRequest(ctx, Admin, r.PublicID, "request.done", end); akkoord.CodeOf(err) != "request_closed" {
		t.Errorf("done twice: %v", err)
	}
	if _, err := a.EditRequest(ctx, Admin, later.PublicID, "request.refuse", func(r akkoord.PersonRequest, now time.Time) (akkoord.PersonRequest, error) {
		return r.Close(akkoord.RequestRefused, " ", now)
	}); akkoord.CodeOf(err) != "reason_missing" {
		t.Errorf("refused without a reason: %v", err)
	}
	if list, next, err := a.Requests(ctx, akkoord.RequestOpen, akkoord.Page{Limit: 1}); len(list) != 1 || next == 0 || err != nil {
		t.Errorf("a page of one: %v, %d, %v", list, next, err)
	}
	record := must(a.ExportPerson(ctx, Admin, p.Subscriber.PublicID, ""))(t)
	if len(record.Requests) != 1 || record.Requests[0].Answer != "sent the file" {
		t.Errorf("the person's record has the requests %+v", record.Requests)
	}
	if _, err := a.Request(ctx, akkoord.ID{1}); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("no request gives %v", err)
	}
	a.Clock.Move(3 * 365 * 24 * time.Hour)
	must(a.ExpirePending(ctx, 100))(t)
	if r = must(a.Request(ctx, r.PublicID))(t); r.Answer != "" || r.State != akkoord.RequestDone {
		t.Errorf("after its time: %+v", r)
	}
	if early = must(a.Request(ctx, early.PublicID))(t); early.Email == "" {
		t.Error("an open request has lost who asked")
	}
}

func testRequestsErased(t *testing.T, a *Agency) {
	ctx := t.Context()
	const address = "anouk@voorbeeld.example"
	p := a.active(t, address, a.News).Subscriber
	known := must(a.AddRequest(ctx, Admin, akkoord.PersonRequest{Kind: "erasure", Channel: "email", RequestDetail: akkoord.RequestDetail{Email: address, Note: "wrote twice"}}))(t)
	other := must(a.AddRequest(ctx, Admin, akkoord.PersonRequest{Kind: "access", Channel: "email", RequestDetail: akkoord.RequestDetail{Person: p.PublicID, Email: "werk@voorbeeld.example"}}))(t)
	stranger := must(a.AddRequest(ctx, Admin, akkoord.PersonRequest{Kind: "access", Channel: "email", RequestDetail: akkoord.RequestDetail{Email: "bram@voorbeeld.example"}}))(t)
	must(a.Erase(ctx, p.PublicID, "asked for", byAdmin))(t)
	for _, id := range []akkoord.ID{known.PublicID, other.PublicID} {
		r := must(a.Request(ctx, id))(t)
		if r.RequestDetail != (akkoord.RequestDetail{}) || r.State != akkoord.RequestOpen {
			t.Errorf("after the erasure: %+v", r)
		}
		r = must(a.EditRequest(ctx, Admin, id, "request.done", func(r akkoord.PersonRequest, now time.Time) (akkoord.PersonRequest, error) {
			return r.Close(akkoord.RequestDone, "told "+address, now)
		}))(t)
		if r = must(a.Request(ctx, id))(t); r.Answer != "" || r.State != akkoord.RequestDone {
			t.Errorf("a text about somebody erased was kept: %+v", r)
		}
	}
	if n := must(a.EraseContracts(ctx, Admin, email(t, "bram@voorbeeld.example"), "asked for"))(t); n != 0 {
		t.Errorf("%d mails", n)
	}
	if r := must(a.Request(ctx, stranger.PublicID))(t); r.Email != "" {
		t.Errorf("the address of a stranger is still in %+v", r)
	}
}

func testRestriction(t *testing.T, a *Agency) {
	ctx := t.Context()
	const address = "anouk@voorbeeld.example"
	p := a.active(t, address, a.News).Subscriber
	if err := a.Restrict(ctx, p.PublicID, "", byAdmin); akkoord.CodeOf(err) != "reason_missing" {
		t.Errorf("without a reason: %v", err)
	}
	if err := a.Restrict(ctx, akkoord.ID{1}, "asked for", byAdmin); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("nobody: %v", err)
	}
	for range 2 { // the second changes nothing
		if err := a.Restrict(ctx, p.PublicID, "says the address is not theirs", byAdmin); err != nil {
			t.Fatal(err)
		}
	}
	gate := func() akkoord.Verdict { return must(a.Gate(ctx, email(t, address), a.News.Slug, nil))(t) }
	if v := gate(); v.Code != "restricted" {
		t.Errorf("the gate says %+v", v)
	}
	if au := must(a.Audience(ctx, a.Mailing))(t); au.Allowed != 0 || au.LeftOut[0].Code != "restricted" {
		t.Errorf("the audience is %+v", au)
	}
	must(a.StartMailing(ctx, Admin, a.Mailing.PublicID))(t)
	if w := must(a.Claim(ctx))(t); w != nil {
		t.Errorf("a window of %d", len(w.Recipients))
	}
	// A sign-up of theirs that nobody confirms is kept too, and mails nothing.
	if err := a.SignUp(ctx, a.signUp(email(t, address), a.Ski)); err != nil {
		t.Fatal(err)
	}
	a.Clock.Move(30 * 24 * time.Hour)
	must(a.ExpirePending(ctx, 100))(t)
	if st := a.standing(t, address); st.Subscription(a.Ski.ID).State != akkoord.Pending {
		t.Errorf("it is %s", st.Subscription(a.Ski.ID).State)
	}
	for _, m := range must(a.ClaimSystem(ctx, 10))(t) {
		if m.Recipient() == email(t, address) {
			t.Errorf("a mail %q goes out", m.Mail)
		}
	}
	told := a.Clock.Now()
	if err := a.Unrestrict(ctx, p.PublicID, time.Time{}, "it was theirs", byAdmin); akkoord.CodeOf(err) != "told_missing" {
		t.Errorf("ended without telling: %v", err)
	}
	if err := a.Unrestrict(ctx, p.PublicID, told, "it was theirs", byAdmin); err != nil {
		t.Fatal(err)
	}
	if v := gate(); !v.Allowed {
		t.Errorf("afterwards the gate says %+v", v)
	}
	lines := a.lines(t, p.ID)
	if got := strings.Join(lines[2:], ","); got != "restricted,requested ski,unrestricted" {
		t.Errorf("the ledger says %s", got)
	}
	// A restriction ends with the person.
	if err := a.Restrict(ctx, p.PublicID, "again", byAdmin); err != nil {
		t.Fatal(err)
	}
	must(a.Erase(ctx, p.PublicID, "asked for", byAdmin))(t)
	if again := a.active(t, address, a.News); again.Suppressed(akkoord.SuppressedRestricted) || !gate().Allowed {
		t.Errorf("who comes back is %+v", again.Suppressions)
	}
}

func testNotices(t *testing.T, a *Agency) {
	ctx := t.Context()
	const address = "anouk@voorbeeld.example"
	for _, slug := range []string{"post", "enquete"} {
		must(a.AddProcessor(ctx, Admin, akkoord.Processor{Slug: slug, Name: slug + " B.V.", Role: "relay"}))(t)
	}
	must(a.AddProcessor(ctx, Admin, akkoord.Processor{Slug: "weg", Name: "Weg B.V.", Role: "export"}))(t)
	must(a.EditProcessor(ctx, Admin, "weg", "processor.end", "", func(p *akkoord.Processor, now time.Time) { p.EndedAt = now }))(t)
	p := a.active(t, address, a.News).Subscriber
	must(a.Erase(ctx, p.PublicID, "asked for", byAdmin))(t)
	list, _, err := a.Notices(ctx, true, akkoord.Page{})
	if err != nil || len(list) != 2 {
		t.Fatalf("%+v, %v", list, err)
	}
	key := must(a.NoticeKey(ctx, Admin, "post"))(t)
	n := list[0]
	if n.Processor != "post" || n.Kind != akkoord.NoticeErasure || n.Reference != akkoord.NoticeReference(key, email(t, "ANOUK@voorbeeld.example")) || n.DueOn.Format(time.DateOnly) != "2027-01-29" {
		t.Errorf("the task is %+v", n)
	}
	if n.Reference == list[1].Reference {
		t.Error("two parties have the same reference, and could compare their lists")
	}
	if text := must(json.Marshal(list))(t); bytes.Contains(text, []byte("anouk")) {
		t.Errorf("an address is in %s", text)
	}
	if d := must(a.Desk(ctx))(t); d.Notices != 2 || d.OverdueNotices != 0 {
		t.Errorf("the desk is %+v", d)
	}
	if _, err := a.TickNotice(ctx, Admin, n.PublicID, "told anouk@voorbeeld.example"); akkoord.CodeOf(err) != "reason_personal" {
		t.Errorf("a note with an address: %v", err)
	}
	for range 2 { // the second changes nothing
		if n = must(a.TickNotice(ctx, Admin, n.PublicID, "by their form"))(t); n.DoneAt.IsZero() || n.Reference != "" || n.DoneBy != Admin {
			t.Errorf("ticked off: %+v", n)
		}
	}
	a.Clock.Move(20 * 24 * time.Hour)
	if d := must(a.Desk(ctx))(t); d.Notices != 1 || d.OverdueNotices != 1 {
		t.Errorf("the desk is %+v", d)
	}
	if _, err := a.TickNotice(ctx, Admin, akkoord.ID{1}, ""); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("no task gives %v", err)
	}
	if _, err := a.NoticeKey(ctx, Admin, "nobody"); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("no party gives %v", err)
	}
}

func testBreaches(t *testing.T, a *Agency) {
	ctx := t.Context()
	a.active(t, "anouk@voorbeeld.example", a.News)
	a.active(t, "bram@voorbeeld.example", a.Ski)
	since := a.Clock.Now().Add(-time.Hour)
	breach := akkoord.Breach{What: "A laptop was lost.", Since: since, Until: a.Clock.Now().Add(time.Hour), Scope: "all"}
	for scope, people := range map[string]int64{"all": 2, "purpose:travel-news": 1, "mailing:" + a.Mailing.PublicID.String(): 0} {
		breach.Scope = scope
		b := must(a.AddBreach(ctx, Admin, breach))(t)
		if b.People != people {
			t.Errorf("%s concerns %d people", scope, b.People)
		}
		var found int64
		if err := a.BreachPeople(ctx, b, func(akkoord.BreachPerson) error { found++; return nil }); err != nil || found != people {
			t.Errorf("%s lists %d people, %v", scope, found, err)
		}
	}
	for _, scope := range []string{"", "purpose:nothing", "mailing:x", "people"} {
		breach.Scope = scope
		if _, err := a.AddBreach(ctx, Admin, breach); akkoord.CodeOf(err) != "scope_unknown" {
			t.Errorf("%q gives %v", scope, err)
		}
	}
	a.Clock.Move(73 * time.Hour)
	if d := must(a.Desk(ctx))(t); d.UnreportedBreaches != 3 || d.Breaches != 3 {
		t.Errorf("the desk is %+v", d)
	}
	list, _, err := a.Breaches(ctx, akkoord.Page{})
	if err != nil || len(list) != 3 {
		t.Fatalf("%v, %v", list, err)
	}
	b := must(a.ReportBreach(ctx, Admin, list[0].PublicID, a.Clock.Now()))(t)
	if d := must(a.Desk(ctx))(t); b.ReportedAt.IsZero() || d.UnreportedBreaches != 2 {
		t.Errorf("reported: %+v, the desk is %+v", b, d)
	}
}

func testDrills(t *testing.T, a *Agency) {
	ctx, now := t.Context(), a.Clock.Now()
	if d := must(a.Desk(ctx))(t); d.DrillDue(now) {
		t.Errorf("before there are people: %+v", d)
	}
	a.active(t, "anouk@voorbeeld.example", a.News)
	if d := must(a.Desk(ctx))(t); !d.DrillDue(now) {
		t.Errorf("people, and no drill: %+v", d)
	}
	good := akkoord.Drill{At: now.Add(-time.Hour), CopyAt: now.Add(-9 * time.Hour), Place: "the spare machine", Steps: akkoord.DrillSteps, Took: 40 * time.Minute, Good: true, Remark: "faster than last time"}
	for field, wrong := range map[string]func(*akkoord.Drill){
		"at":      func(d *akkoord.Drill) { d.At = now.Add(time.Hour) },
		"copy_at": func(d *akkoord.Drill) { d.CopyAt = d.At.Add(time.Second) },
		"place":   func(d *akkoord.Drill) { d.Place = " " },
		"minutes": func(d *akkoord.Drill) { d.Took = time.Second },
		"remark":  func(d *akkoord.Drill) { d.Remark = "asked anouk@voorbeeld.example" },
		"steps":   func(d *akkoord.Drill) { d.Steps = d.Steps[:4] },
		"fault":   func(d *akkoord.Drill) { d.Good = false },
	} {
		d := good
		wrong(&d)
		_, err := a.AddDrill(ctx, Admin, d)
		if e, ok := errors.AsType[*akkoord.Error](err); !ok || e.Kind != akkoord.Invalid || e.Field != field {
			t.Errorf("%s gives %v", field, err)
		}
	}
	made := must(a.AddDrill(ctx, Admin, good))(t)
	if read := must(a.Drill(ctx, made.PublicID))(t); !read.At.Equal(good.At) || !read.CopyAt.Equal(good.CopyAt) || !read.Good || read.Took != good.Took || len(read.Steps) != 5 || read.MadeBy != Admin {
		t.Errorf("read: %+v", read)
	}
	bad := good
	bad.Good, bad.Steps, bad.Fault = false, nil, "the key was the wrong one"
	must(a.AddDrill(ctx, Admin, bad))(t)
	if d := must(a.Desk(ctx))(t); d.DrillDue(now) || !d.GoodDrill.Equal(good.At) || !d.DrillDue(good.At.Add(akkoord.DrillAge+time.Second)) {
		t.Errorf("after a good and a bad one: %+v", d)
	}
	page, next, err := a.Drills(ctx, akkoord.Page{Limit: 1})
	if err != nil || len(page) != 1 || page[0].Good || page[0].Fault == "" || next == 0 {
		t.Errorf("newest first: %+v, %d, %v", page, next, err)
	}
	if page, next, err = a.Drills(ctx, akkoord.Page{Limit: 1, After: next}); err != nil || len(page) != 1 || page[0].PublicID != made.PublicID || next != 0 {
		t.Errorf("then: %+v, %d, %v", page, next, err)
	}
	lines := drillLines(t, a)
	if len(lines) != 2 || lines[0].Action != "drill.create" || lines[0].Note != "good" || lines[1].Note != "not good" {
		t.Errorf("the trail has %+v", lines)
	}
}

func drillLines(t *testing.T, a *Agency) []akkoord.AuditEntry {
	t.Helper()
	lines, _, err := a.SearchAudit(t.Context(), akkoord.AuditFilter{Action: "drill"}, akkoord.Page{})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}
