package admin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"akkoord"
)

// M21, M26: a person's data is rectified on the site: what differs alone changes,
// what was changed meanwhile is shown and not written over, and bad input is
// handed back at its field. The page says by which grant it is opened, and so does
// the audit trail.
func TestAPersonsDataIsRectified(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	ctx := t.Context()
	_, err := f.store.AddAttribute(ctx, akkoord.ActorSystem, akkoord.Attribute{Slug: "city", Type: akkoord.AttributeText}, "travel-news")
	f.check(err)
	_, err = f.store.AddAttribute(ctx, akkoord.ActorSystem, akkoord.Attribute{Slug: "sold-on", Type: akkoord.AttributeDate}, "travel-news")
	f.check(err)
	_, err = f.store.EditForm(ctx, akkoord.ActorSystem, "home", func(v *akkoord.FormVersion) error { v.Interests = []string{"wintersport"}; return nil })
	f.check(err)
	p := f.person("pim@voorbeeld.example")
	path := "/admin/people/" + p.PublicID.String()
	b := f.as(akkoord.RoleManager)
	b.get(path, "Opened to you by 1 grant.", `href="`+path+`/edit"`)
	if e := f.lastLine(); e.Action != "subscriber.read" || !strings.HasPrefix(e.Note, "by grant:") {
		t.Errorf("M26: %+v", e)
	}
	seen := func() string {
		_, rest, _ := strings.Cut(b.get(path+"/edit").body, `name="seen" value="`)
		mark, _, _ := strings.Cut(rest, `"`)
		return mark
	}
	save := func(in url.Values) reply { return b.send("POST", path+"/edit", in.Encode()) }
	first := seen()
	form := url.Values{"seen": {first}, "name": {"Pim de Wit"}, "locale": {"de"}, "interest": {"wintersport"}, "attribute.city": {"Utrecht <b>"}}
	if r := save(form); r.status != http.StatusSeeOther {
		t.Fatalf("%d %s", r.status, r.body)
	}
	b.get(path, "Pim de Wit", "Utrecht &lt;b&gt;", "wintersport", "The data is corrected.")
	st, err := f.store.Standing(ctx, p.PublicID)
	f.check(err)
	if st.Subscriber.Locale != "de" {
		t.Errorf("the language is %s", st.Subscriber.Locale)
	}
	events, err := f.store.EventsOf(ctx, p.PublicID)
	f.check(err)
	if last := events[len(events)-1]; last.Kind != akkoord.Rectified || !strings.HasPrefix(string(last.Actor), "user:") {
		t.Errorf("M21: %+v", last)
	}
	for name, tt := range map[string]struct {
		change url.Values
		status int
		says   string
	}{
		"stale":          {url.Values{"seen": {first}, "name": {"Piet"}}, http.StatusConflict, "What stands there now"},
		"no day":         {url.Values{"attribute.sold-on": {"yesterday"}}, http.StatusUnprocessableEntity, `id="attribute-sold-on"`},
		"no language":    {url.Values{"locale": {"xx"}}, http.StatusUnprocessableEntity, `href="#locale"`},
		"no interest":    {url.Values{"interest": {"golf"}}, http.StatusUnprocessableEntity, `href="#interest-0"`},
		"a control sign": {url.Values{"name": {"Pi\u202em"}}, http.StatusUnprocessableEntity, `href="#name"`},
	} {
		in := url.Values{"seen": {seen()}, "name": {"Pim de Wit"}, "locale": {"de"}, "interest": {"wintersport"}, "attribute.city": {"typed"}}
		for k, v := range tt.change {
			in[k] = v
		}
		r := save(in)
		if r.status != tt.status || !strings.Contains(r.body, tt.says) || !strings.Contains(r.body, `value="typed"`) {
			t.Errorf("%s: %d\n%s", name, r.status, r.body)
		}
	}
	if got, err := f.store.AttributesOf(ctx, st.Subscriber.ID); err != nil || got["city"] != "Utrecht <b>" {
		t.Errorf("%v %v", got, err)
	}
}

// M13, M19, M21, art. 18 GDPR: each act says first what it will do, with numbers,
// does it for a reason and leaves its line; a reason that is missing or names
// the person changes nothing.
func TestActsOnAPersonAskFirst(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	ctx := t.Context()
	p := f.person("pim@voorbeeld.example")
	path := "/admin/people/" + p.PublicID.String()
	b := f.as(akkoord.RoleOwner)
	standing := func() akkoord.Standing {
		st, err := f.store.Standing(ctx, p.PublicID)
		f.check(err)
		return st
	}
	lines := func() int {
		events, err := f.store.EventsOf(ctx, p.PublicID)
		f.check(err)
		return len(events)
	}
	was := lines()
	for _, act := range []string{"withdraw", "address", "restrict", "erase"} {
		b.get(path, `href="`+path+"/"+act+`"`)
		b.get(path+"/"+act, `action="`+path+"/"+act+`"`, "pim@voorbeeld.example")
		in := url.Values{"what": {"all"}, "email": {"pim@elders.example"}, "reason": {" "}}
		if r := b.send("POST", path+"/"+act, in.Encode()); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, `id="reason-e"`) {
			t.Errorf("%s without a reason: %d %s", act, r.status, r.body)
		}
	}
	if r := b.send("POST", path+"/withdraw", url.Values{"reason": {"belde"}}.Encode()); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, `id="what-e"`) {
		t.Errorf("leaving nothing: %d", r.status)
	}
	if lines() != was || standing().Subscriptions[0].State != akkoord.Active {
		t.Fatal("an act was done without its reason")
	}
	do := func(act string, in url.Values, action, note string) {
		t.Helper()
		r := b.send("POST", path+"/"+act, in.Encode())
		if r.status != http.StatusSeeOther || r.header.Get("Location") != path {
			t.Fatalf("%s: %d %s", act, r.status, r.body)
		}
		if e := f.lastLine(); e.Action != action || e.Note != note {
			t.Errorf("%s left %+v", act, e)
		}
	}
	do("withdraw", url.Values{"what": {"campaign:winter-2027"}, "reason": {"belde"}}, "subscriber.withdraw", "belde")
	if st := standing(); len(st.Left) != 1 || st.Subscriptions[0].State != akkoord.Active {
		t.Errorf("the campaign alone: %+v", st)
	}
	do("address", url.Values{"email": {"pim@elders.example"}, "reason": {"belde"}}, "subscriber.address", "belde")
	if got := standing().Subscriber.Email.Address(); got != "pim@voorbeeld.example" {
		t.Errorf("an address nobody confirmed: %s", got)
	}
	due, err := f.store.ClaimSystem(ctx, 10)
	f.check(err)
	asked := false
	for _, d := range due {
		asked = asked || d.Mail == akkoord.MailAddress
	}
	if !asked {
		t.Errorf("no mail asks the new address: %+v", due)
	}
	if r := b.send("POST", path+"/address", url.Values{"email": {"pim@voorbeeld.example"}, "reason": {"belde"}}.Encode()); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, `id="email-e"`) {
		t.Errorf("the address they have: %d", r.status)
	}
	do("restrict", url.Values{"reason": {"betwist"}}, "subscriber.restrict", "")
	b.get(path, "Processing restricted", `href="`+path+`/unrestrict"`)
	b.get(path+"/restrict", "is restricted already")
	for _, day := range []string{"", "2999-01-01"} {
		if r := b.send("POST", path+"/unrestrict", url.Values{"reason": {"opgelost"}, "told_on": {day}}.Encode()); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, `id="told_on-e"`) {
			t.Errorf("lifted though told on %q: %d", day, r.status)
		}
	}
	do("unrestrict", url.Values{"reason": {"opgelost"}, "told_on": {f.clock().AddDate(0, 0, -1).Format(time.DateOnly)}}, "subscriber.unrestrict", "")
	b.get(path+"/erase", "1 purpose", "lines of the ledger", "be undone")
	manager := f.as(akkoord.RoleManager)
	if r := manager.send("GET", path+"/erase", ""); r.status != http.StatusNotFound {
		t.Errorf("a manager may erase: %d", r.status)
	}
	r := b.send("POST", path+"/erase", url.Values{"reason": {"asked for by phone"}}.Encode())
	if r.status != http.StatusOK || !strings.Contains(r.body, "akkoord erasure receipt 1") || strings.Contains(r.body, "pim@") {
		t.Fatalf("erased: %d %s", r.status, r.body)
	}
	if st, err := f.store.Standing(ctx, p.PublicID); err != nil || st.Subscriber.ID != 0 {
		t.Errorf("M19: %+v %v", st, err)
	}
	if r := b.send("GET", path, ""); r.status != http.StatusNotFound {
		t.Errorf("the page of somebody erased: %d", r.status)
	}
}

// A confirmation mail is sent once more to whoever waits, within the limits that
// hold for everybody (P14), and staff are told why one doesn't go.
func TestStaffSendAConfirmationAgain(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	ctx := t.Context()
	news, err := f.store.Purpose(ctx, "travel-news")
	f.check(err)
	email, err := akkoord.ParseEmail("traag@voorbeeld.example")
	f.check(err)
	f.check(f.store.SignUp(ctx, akkoord.SignUp{Email: email, Locale: "nl", Purposes: []akkoord.Purpose{news}, Origin: akkoord.Origin{Source: "form:home", Actor: akkoord.ActorPerson, Locale: "nl"}}))
	st, err := f.store.StandingByEmail(ctx, email)
	f.check(err)
	path := "/admin/people/" + st.Subscriber.PublicID.String()
	b := f.as(akkoord.RoleManager)
	b.get(path+"/resend", `value="travel-news"`)
	send := func() reply {
		return b.send("POST", path+"/resend", url.Values{"what": {"travel-news"}}.Encode())
	}
	mails := func() int {
		due, err := f.store.ClaimSystem(ctx, 10)
		f.check(err)
		return len(due)
	}
	if r := send(); r.status != http.StatusConflict || !strings.Contains(r.body, "a moment ago") {
		t.Errorf("at once: %d %s", r.status, r.body)
	}
	sent := mails()
	for range akkoord.Limits.ConfirmMails - 1 {
		f.advance(akkoord.Limits.ResendPause)
		if r := send(); r.status != http.StatusSeeOther {
			t.Errorf("%d %s", r.status, r.body)
		}
		sent += mails()
	}
	f.advance(akkoord.Limits.ResendPause)
	if r := send(); r.status != http.StatusConflict || sent != akkoord.Limits.ConfirmMails {
		t.Errorf("P14: %d after %d mails", r.status, sent)
	}
	known := f.person("pim@voorbeeld.example")
	if r := b.send("POST", "/admin/people/"+known.PublicID.String()+"/resend", url.Values{"what": {"travel-news"}}.Encode()); r.status != http.StatusConflict || !strings.Contains(r.body, "Nothing waits") {
		t.Errorf("nothing to confirm: %d %s", r.status, r.body)
	}
}

// What was mailed to a person stands on their page, newest first and page by page,
// for those whose grants open mails.
func TestAPersonsPageListsTheirMails(t *testing.T) {
	f := newFixture(t)
	path := f.mailing()
	ctx := t.Context()
	id, err := akkoord.ParseID(strings.TrimPrefix(path, "/admin/mailings/"))
	f.check(err)
	p := f.person("pim@voorbeeld.example")
	m, err := f.store.StartMailing(ctx, akkoord.ActorSystem, id)
	f.check(err)
	w, err := f.store.Claim(ctx)
	f.check(err)
	if w == nil || len(w.Recipients) != 1 {
		t.Fatalf("%+v", w)
	}
	b := f.as(akkoord.RoleOwner)
	page := "/admin/people/" + p.PublicID.String()
	b.get(page, `href="`+path+`">Sneeuw &lt;b&gt;</a>`, "Winter 2027")
	mails, next, err := f.store.PersonMails(ctx, p.ID, nil, akkoord.Page{})
	if err != nil || len(mails) != 1 || next != 0 {
		t.Errorf("%+v %d %v", mails, next, err)
	}
	if none, _, err := f.store.PersonMails(ctx, p.ID, nil, akkoord.Page{After: m.ID}); err != nil || len(none) != 0 {
		t.Errorf("before the first: %+v %v", none, err)
	}
	if none, _, err := f.store.PersonMails(ctx, p.ID, []int64{999}, akkoord.Page{}); err != nil || len(none) != 0 {
		t.Errorf("of another purpose: %+v %v", none, err)
	}
	users, err := f.store.Users(ctx)
	f.check(err)
	user := users[len(users)-1]
	access, err := f.store.Access(ctx, user.Actor())
	f.check(err)
	for _, g := range access {
		_, err = f.store.EndGrant(ctx, akkoord.ActorSystem, g.PublicID, "narrowed")
		f.check(err)
	}
	_, err = f.store.GiveGrant(ctx, akkoord.ActorSystem, akkoord.Grant{Holder: akkoord.Actor("user:" + user.PublicID.String()), Fields: []akkoord.GrantField{akkoord.FieldAddress}, Reason: "test", Until: f.clock().AddDate(0, 1, 0)})
	f.check(err)
	if r := b.get(page, "pim@voorbeeld.example"); strings.Contains(r.body, "Winter 2027") {
		t.Error("mails are shown without a grant for them")
	}
	for _, act := range []string{"/edit", "/erase"} {
		if r := b.send("GET", page+act, ""); act == "/erase" && r.status != http.StatusForbidden || strings.Contains(r.body, "Zoë") {
			t.Errorf("%s: %d", act, r.status)
		}
	}
}
