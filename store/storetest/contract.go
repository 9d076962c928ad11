package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

func testContracts(t *testing.T, open Open) {
	for _, part := range []struct {
		name string
		run  func(*testing.T, *Agency)
	}{
		{"M9 a mail is taken, sent and told of", testContractSent},
		{"a lost answer is asked for again", testContractKeys},
		{"M9 leaving ends no contract, a dead mailbox stops its mail", testContractGate},
		{"what is wrong is refused and nothing is stored", testContractRefused},
		{"templates are versioned", testContractTemplates},
		{"P16 an erased address leads to no mail", testContractErased},
		{"the log ends by itself", testContractRetention},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(t, newAgency(t, open)) })
	}
}

// Order gives a template of transactional mail about to be stored.
func Order(slug string) akkoord.ContractTemplate {
	return akkoord.ContractTemplate{Slug: slug, Spec: akkoord.ContractSpec{
		Name: "Boeking", Fields: []string{"name", "order"},
		Texts: map[string]akkoord.ContractText{
			"nl": {Reason: "U krijgt deze mail omdat u een reis boekte.", Subject: "Uw boeking {{order}}", Markdown: "Dag {{name}},\n\nuw boeking is {{order}}."},
			"en": {Reason: "You get this mail because you booked a trip.", Subject: "Your booking {{order}}", Markdown: "Dear {{name}},\n\nyour booking is {{order}}."},
		},
	}}
}

func (a *Agency) template(t testing.TB) akkoord.ContractTemplate {
	t.Helper()
	return must(a.AddContractTemplate(t.Context(), Admin, Order("booking"), "zonvaart.example"))(t)
}

func booking(e akkoord.Email, key string) akkoord.ContractOrder {
	return akkoord.ContractOrder{Template: "booking", To: e, Locale: "nl", Values: map[string]string{"name": "Vera", "order": "Z-1"}, Key: key}
}

// settleNext claims the one mail that is due and says what became of it.
func (a *Agency) settleNext(t testing.TB, r akkoord.SystemResult) akkoord.SystemDelivery {
	t.Helper()
	due := must(a.ClaimSystem(t.Context(), 10))(t)
	if len(due) != 1 {
		t.Fatalf("%d mails are due, want 1", len(due))
	}
	r.ID, r.Fence = due[0].ID, due[0].Fence
	if err := a.SettleSystem(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return due[0]
}

func testContractSent(t *testing.T, a *Agency) {
	ctx, e := t.Context(), email(t, "anouk@voorbeeld.example")
	tpl := a.template(t)
	signalled(a.Store)
	m := must(a.SendContract(ctx, "key:1", booking(e, "")))(t)
	if m.State != akkoord.ContractQueued || m.Template != "booking" || m.Version != 1 || m.To != e || m.Locale != "nl" || !signalled(a.Store) {
		t.Errorf("taken as %+v", m)
	}
	d := a.settleNext(t, akkoord.SystemResult{Code: "451 4.3.0", Reply: "later", Attempts: 1, DueAt: a.Clock.Now().Add(5 * time.Minute)})
	want := &akkoord.ContractCopy{Template: tpl.ID, Version: 1, Spec: tpl.Spec, Values: map[string]string{"name": "Vera", "order": "Z-1"}}
	if diff := cmp.Diff(want, d.Contract); diff != "" || d.Mail != akkoord.MailContract || d.Recipient() != e {
		t.Errorf("claimed %s to %s (-want +got):\n%s", d.Mail, d.Recipient(), diff)
	}
	m = must(a.ContractMail(ctx, m.PublicID))(t)
	if m.State != akkoord.ContractDeferred || m.Code != "451 4.3.0" || m.Reply != "later" || m.NextAt.IsZero() {
		t.Errorf("after a refusal: %+v", m)
	}
	a.Clock.Move(6 * time.Minute)
	again := a.settleNext(t, akkoord.SystemResult{Done: true, Code: "250 2.0.0", Reply: "queued", Attempts: 2})
	if !again.FirstAt.Equal(d.FirstAt) || again.ID != d.ID {
		t.Error("A.5: the retry is another message")
	}
	m = must(a.ContractMail(ctx, m.PublicID))(t)
	if m.State != akkoord.ContractSent || m.Attempts != 2 || m.Reply != "queued" || m.DoneAt.IsZero() || !m.NextAt.IsZero() {
		t.Errorf("after it was sent: %+v", m)
	}
	other := must(a.SendContract(ctx, "key:1", booking(email(t, "bram@voorbeeld.example"), "")))(t)
	for state, want := range map[akkoord.ContractState]akkoord.ID{akkoord.ContractSent: m.PublicID, akkoord.ContractQueued: other.PublicID} {
		list, _, err := a.ContractMails(ctx, akkoord.ContractFilter{State: state, Template: "booking"}, akkoord.Page{})
		if err != nil || len(list) != 1 || list[0].PublicID != want {
			t.Errorf("%s: %d mails, %v", state, len(list), err)
		}
	}
	list, next, err := a.ContractMails(ctx, akkoord.ContractFilter{}, akkoord.Page{Limit: 1})
	if err != nil || len(list) != 1 || next != list[0].ID {
		t.Errorf("a page of the log: %d mails, next %d, %v", len(list), next, err)
	}
	st := a.active(t, e.Address(), a.News)
	record := must(a.ExportPerson(ctx, Admin, st.Subscriber.PublicID, ""))(t)
	if len(record.ContractMails) != 1 || record.ContractMails[0].ID != m.PublicID || record.ContractMails[0].State != akkoord.ContractSent {
		t.Errorf("M20: the person's record has %+v", record.ContractMails)
	}
}

func testContractKeys(t *testing.T, a *Agency) {
	ctx, e := t.Context(), email(t, "anouk@voorbeeld.example")
	a.template(t)
	first := must(a.SendContract(ctx, "key:1", booking(e, "order-1")))(t)
	a.settleNext(t, akkoord.SystemResult{Done: true, Code: "250 2.0.0", Attempts: 1})
	a.Clock.Move(48 * time.Hour)
	again := must(a.SendContract(ctx, "key:1", booking(e, "order-1")))(t)
	if again.PublicID != first.PublicID || again.State != akkoord.ContractSent {
		t.Errorf("the same key gives %+v", again)
	}
	if due := must(a.ClaimSystem(ctx, 10))(t); len(due) != 0 {
		t.Error("the same key sends a second mail")
	}
	changed := booking(e, "order-1")
	changed.Values["order"] = "Z-2"
	if _, err := a.SendContract(ctx, "key:1", changed); akkoord.CodeOf(err) != "idempotency_key_reused" || akkoord.KindOf(err) != akkoord.Conflict {
		t.Errorf("the key with another order gives %v", err)
	}
	if other := must(a.SendContract(ctx, "key:2", booking(e, "order-1")))(t); other.PublicID == first.PublicID {
		t.Error("the key of another caller is the same mail")
	}
}

func testContractGate(t *testing.T, a *Agency) {
	ctx := t.Context()
	a.template(t)
	a.imported(t, a.spec(akkoord.BasisConsent), "email,status\nbounced@voorbeeld.example,bounced\ncomplained@voorbeeld.example,spam\n")
	left := a.active(t, "left@voorbeeld.example", a.News)
	must(a.Leave(ctx, akkoord.Link{Subscriber: left.Subscriber.PublicID}, akkoord.ScopeAll, byLink))(t)
	gone := a.active(t, "gone@voorbeeld.example", a.News)
	must(a.Erase(ctx, gone.Subscriber.PublicID, "asked for", byAdmin))(t)
	must(a.ClaimSystem(ctx, 100))(t) // the mails of those sign-ups
	for address, want := range map[string]akkoord.ContractState{
		"left@voorbeeld.example": akkoord.ContractQueued, "gone@voorbeeld.example": akkoord.ContractQueued,
		"complained@voorbeeld.example": akkoord.ContractQueued, "bounced@voorbeeld.example": akkoord.ContractSkipped,
	} {
		m := must(a.SendContract(ctx, "key:1", booking(email(t, address), "")))(t)
		if m.State != want || want == akkoord.ContractSkipped && m.Code != "bounced" {
			t.Errorf("%s: %s (%s), want %s", address, m.State, m.Code, want)
		}
	}
	if st := a.standing(t, "gone@voorbeeld.example"); st.Subscriber.ID != 0 || !st.Suppressed(akkoord.SuppressedErased) {
		t.Error("M19: a contract brought an erased person back")
	}
	if due := must(a.ClaimSystem(ctx, 10))(t); len(due) != 3 {
		t.Errorf("%d mails are due, want 3", len(due))
	}
}

func testContractRefused(t *testing.T, a *Agency) {
	ctx, e := t.Context(), email(t, "anouk@voorbeeld.example")
	a.template(t)
	retired := true
	must(a.AddContractTemplate(ctx, Admin, Order("old"), "zonvaart.example"))(t)
	must(a.EditContractTemplate(ctx, Admin, "old", "", func(*akkoord.ContractSpec) {}, &retired))(t)
	for name, c := range map[string]struct {
		change func(*akkoord.ContractOrder)
		code   string
	}{
		"no such template":     {func(o *akkoord.ContractOrder) { o.Template = "other" }, "template_unknown"},
		"a retired template":   {func(o *akkoord.ContractOrder) { o.Template = "old" }, "template_retired"},
		"a field without one":  {func(o *akkoord.ContractOrder) { delete(o.Values, "order") }, "field_missing"},
		"a field that is none": {func(o *akkoord.ContractOrder) { o.Values["offer"] = "x" }, "field_unknown"},
		"a value too long":     {func(o *akkoord.ContractOrder) { o.Values["order"] = strings.Repeat("x", 2001) }, "text_too_long"},
	} {
		o := booking(e, "")
		c.change(&o)
		if _, err := a.SendContract(ctx, "key:1", o); akkoord.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	if list, _, err := a.ContractMails(ctx, akkoord.ContractFilter{}, akkoord.Page{}); err != nil || len(list) != 0 {
		t.Errorf("%d mails are stored, %v", len(list), err)
	}
}

func testContractTemplates(t *testing.T, a *Agency) {
	ctx, e := t.Context(), email(t, "anouk@voorbeeld.example")
	a.template(t)
	if _, err := a.AddContractTemplate(ctx, Admin, Order("booking"), ""); akkoord.CodeOf(err) != "slug_taken" {
		t.Errorf("a slug that is taken: %v", err)
	}
	must(a.SendContract(ctx, "key:1", booking(e, "")))(t)
	reword := func(s *akkoord.ContractSpec) {
		text := s.Texts["nl"]
		text.Subject = "Boeking {{order}} is binnen"
		s.Texts["nl"] = text
	}
	for range 2 { // the second changes nothing
		if c := must(a.EditContractTemplate(ctx, Admin, "booking", "", reword, nil))(t); c.Version != 2 {
			t.Errorf("the edit made version %d", c.Version)
		}
	}
	if d := a.settleNext(t, akkoord.SystemResult{Done: true, Code: "250"}); d.Contract.Version != 1 || d.Contract.Spec.Texts["nl"].Subject != "Uw boeking {{order}}" {
		t.Errorf("the mail that waited goes out as version %d", d.Contract.Version)
	}
	if m := must(a.SendContract(ctx, "key:1", booking(e, "")))(t); m.Version != 2 {
		t.Errorf("a new mail is of version %d", m.Version)
	}
	if list, _, err := a.ContractTemplates(ctx, akkoord.Page{}); err != nil || len(list) != 1 || list[0].Version != 2 {
		t.Errorf("%+v, %v", list, err)
	}
}

func testContractErased(t *testing.T, a *Agency) {
	ctx, e := t.Context(), email(t, "anouk@voorbeeld.example")
	a.template(t)
	sent := must(a.SendContract(ctx, "key:1", booking(e, "k")))(t)
	a.settleNext(t, akkoord.SystemResult{Done: true, Code: "250 2.0.0", Reply: "ok voorbeeld.example", Attempts: 1})
	if err := a.SignUp(ctx, a.signUp(e, a.News)); err != nil { // by a stranger, perhaps
		t.Fatal(err)
	}
	p := a.standing(t, e.Address())
	if err := a.NotMe(ctx, akkoord.Link{Subscriber: p.Subscriber.PublicID, Request: p.Subscription(a.News.ID).Request}, byLink); err != nil {
		t.Fatal(err)
	}
	if m := must(a.ContractMail(ctx, sent.PublicID))(t); m.To != e {
		t.Error("\"not me\" about a sign-up emptied the log of a contract")
	}
	waiting := must(a.SendContract(ctx, "key:1", booking(e, "w")))(t)
	st := must(a.StandingByEmail(ctx, e))(t)
	if st.Subscriber.ID != 0 {
		t.Fatal("somebody is on record")
	}
	for reason, code := range map[string]string{"": "reason_missing", "for anouk": "reason_personal"} {
		if _, err := a.EraseContracts(ctx, Admin, e, reason); akkoord.CodeOf(err) != code {
			t.Errorf("the reason %q gives %v", reason, err)
		}
	}
	if n := must(a.EraseContracts(ctx, Admin, e, "asked for"))(t); n != 2 {
		t.Errorf("%d mails were erased", n)
	}
	for id, want := range map[akkoord.ID]akkoord.ContractState{sent.PublicID: akkoord.ContractSent, waiting.PublicID: akkoord.ContractSkipped} {
		m := must(a.ContractMail(ctx, id))(t)
		if !m.To.IsZero() || m.Reply != "" || m.State != want {
			t.Errorf("an erased mail is %+v", m)
		}
	}
	if due := must(a.ClaimSystem(ctx, 10))(t); len(due) != 0 {
		t.Error("a mail to an erased address goes out")
	}
	if list, _, err := a.ContractMails(ctx, akkoord.ContractFilter{To: e}, akkoord.Page{}); err != nil || len(list) != 0 {
		t.Errorf("%d mails are found by address", len(list))
	}
	if !a.standing(t, e.Address()).Suppressed(akkoord.SuppressedErased) {
		t.Error("P15: an import would bring them back")
	}
	other := a.active(t, "bram@voorbeeld.example", a.News)
	must(a.SendContract(ctx, "key:1", booking(other.Subscriber.Email, "")))(t)
	if _, err := a.EraseContracts(ctx, Admin, other.Subscriber.Email, "asked for"); akkoord.CodeOf(err) != "person_known" {
		t.Errorf("somebody on record: %v", err)
	}
	must(a.Erase(ctx, other.Subscriber.PublicID, "asked for", byAdmin))(t)
	if list, _, err := a.ContractMails(ctx, akkoord.ContractFilter{State: akkoord.ContractSkipped}, akkoord.Page{}); err != nil || len(list) != 2 || list[1].Code != "erased" {
		t.Errorf("M19: %+v, %v", list, err)
	}
}

func testContractRetention(t *testing.T, a *Agency) {
	ctx := t.Context()
	a.template(t)
	for i := range 3 {
		must(a.SendContract(ctx, "key:1", booking(email(t, fmt.Sprintf("p%d@voorbeeld.example", i)), fmt.Sprint(i))))(t)
		if i > 0 {
			a.settleNext(t, akkoord.SystemResult{Done: true, Code: "250 2.0.0", Attempts: 1})
			continue
		}
		a.settleNext(t, akkoord.SystemResult{Code: "451", Attempts: 1, DueAt: a.Clock.Now().Add(100 * 24 * time.Hour)})
	}
	for _, c := range []struct {
		after time.Duration
		left  int
	}{{time.Minute, 3}, {31 * 24 * time.Hour, 3}, {60 * 24 * time.Hour, 1}} {
		a.Clock.Move(c.after)
		must(a.ExpirePending(ctx, 100))(t)
		list, _, err := a.ContractMails(ctx, akkoord.ContractFilter{}, akkoord.Page{})
		if err != nil || len(list) != c.left {
			t.Fatalf("after %s the log has %d mails, want %d; %v", c.after, len(list), c.left, err)
		}
	}
	a.Clock.Move(100 * 24 * time.Hour)
	if d := a.settleNext(t, akkoord.SystemResult{Done: true, Code: "250"}); d.Contract.Values["order"] != "Z-1" {
		t.Error("the fields of a mail that waits are gone")
	}
}
