package storetest

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"akkoord"
)

// testEvidence holds bundles to M30: they verify by themselves, show what the
// person did and read, and show nothing of other people.
func testEvidence(t *testing.T, open Open) {
	a := newAgency(t, open)
	anouk := a.active(t, "anouk@voorbeeld.example", a.News)
	must(a.SignHead(t.Context()))(t)
	for i := range 5 {
		a.active(t, fmt.Sprintf("p%d@voorbeeld.example", i), a.News, a.Ski)
	}
	must(a.SignHead(t.Context()))(t)
	name := "Anouk de Vries"
	if err := a.SetProfile(t.Context(), anouk.Subscriber.PublicID, akkoord.Profile{Name: &name}, byLink); err != nil {
		t.Fatal(err)
	}
	file, err := a.EvidenceBundle(t.Context(), "key:7", anouk.Subscriber.PublicID, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	var passed []string
	if err := akkoord.VerifyBundle(bytes.NewReader(file), int64(len(file)), "", func(s string) { passed = append(passed, s) }); err != nil {
		t.Fatalf("after %q: %v", passed, err)
	}
	members := unzip(t, file)
	all := string(bytes.Join(slices.Collect(maps.Values(members)), nil))
	for _, want := range []string{"anouk@voorbeeld.example", name, "192.0.2.0/24", "form:home", a.News.Texts["nl"].Wording, a.News.Texts["en"].Wording} {
		if text, _ := json.Marshal(want); !strings.Contains(all, strings.Trim(string(text), `"`)) {
			t.Errorf("the bundle does not show %s", text)
		}
	}
	var texts akkoord.BundleTexts
	if err := json.Unmarshal(members["texts.json"], &texts); err != nil {
		t.Fatal(err)
	}
	boxes := []akkoord.BundleBox{{Purpose: a.News.Slug, Version: 1, Ticked: true}, {Purpose: a.Ski.Slug, Version: 1}}
	if len(texts.SignUps) != 1 || !slices.Equal(texts.SignUps[0].Boxes, boxes) {
		t.Errorf("the form showed %+v, want the boxes %+v (F.5)", texts.SignUps, boxes)
	}
	for _, other := range []string{"p0@", "p4@"} {
		if strings.Contains(all, other) {
			t.Errorf("the bundle shows %q, which the person has no part in", other)
		}
	}
	var lines []akkoord.BundleLine
	if err := json.Unmarshal(members["events.json"], &lines); err != nil {
		t.Fatal(err)
	}
	kinds := []akkoord.EventKind{}
	for _, l := range lines {
		kinds = append(kinds, l.Kind)
	}
	if !slices.Equal(kinds, []akkoord.EventKind{akkoord.Requested, akkoord.Confirmed, akkoord.Rectified}) {
		t.Errorf("lines %v", kinds)
	}
	if !slices.Contains(a.trail(t), "key:7 subscriber.evidence subscriber:"+anouk.Subscriber.PublicID.String()) {
		t.Error("the audit trail does not have who took the bundle")
	}
	if head, err := a.VerifyLedger(t.Context(), nil); err != nil || head.Seq < lines[2].Seq {
		t.Errorf("the ledger verifies to line %d, %v", head.Seq, err)
	}
	pages := func(b *akkoord.Bundle) ([]akkoord.BundlePage, error) {
		return []akkoord.BundlePage{{Name: "page.txt", Data: []byte(b.Person.Person.Email + b.Fingerprint)}}, nil
	}
	file = must(a.EvidenceBundle(t.Context(), "key:7", anouk.Subscriber.PublicID, "", pages))(t)
	if page := string(unzip(t, file)["page.txt"]); !strings.HasPrefix(page, "anouk@voorbeeld.example") || len(page) != len("anouk@voorbeeld.example")+64 {
		t.Errorf("the page in the bundle says %q", page)
	}
	if _, err := a.EvidenceBundle(t.Context(), "key:7", akkoord.ID{1}, "", nil); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("the bundle of nobody gave %v", err)
	}
}

// testMailCopies holds the copies of mails that ask for a yes to M30 and P16:
// the bytes as sent are in the proof, once their link can say yes no more, and
// go with the person.
func testMailCopies(t *testing.T, open Open) {
	a := newAgency(t, open)
	mail := []byte("From: x\r\nSubject: Bevestig\r\n\r\n" + strings.Repeat("Druk op de knop.\r\n", 100))
	e := email(t, "anouk@voorbeeld.example")
	noFault(t, a.SignUp(t.Context(), a.signUp(e, a.News)))
	anouk := must(a.StandingByEmail(t.Context(), e))(t)
	send := func() {
		t.Helper()
		for _, d := range must(a.ClaimSystem(t.Context(), 10))(t) {
			noFault(t, a.SettleSystem(t.Context(), akkoord.SystemResult{ID: d.ID, Fence: d.Fence, Done: true, Code: "250 2.0.0", Attempts: 1, Copy: mail}))
		}
	}
	send()
	shown := func() (m akkoord.SignUpMail, copied []byte) {
		t.Helper()
		members := unzip(t, must(a.EvidenceBundle(t.Context(), "key:7", anouk.Subscriber.PublicID, "", nil))(t))
		var mails akkoord.BundleMails
		noFault(t, json.Unmarshal(members["mails.json"], &mails))
		if len(mails.SignUps) != 1 {
			t.Fatalf("%d mails are shown", len(mails.SignUps))
		}
		return mails.SignUps[0], members[mails.SignUps[0].Copy]
	}
	if m, copied := shown(); m.Copy != "" || copied != nil || m.Withheld.IsZero() || m.SHA256 == nil || *m.SHA256 != akkoord.Sum(sha256.Sum256(mail)) || m.Size != len(mail) {
		t.Errorf("before it was confirmed the proof has %+v", m)
	}
	must(a.Confirm(t.Context(), akkoord.Link{Subscriber: anouk.Subscriber.PublicID, Request: anouk.Subscription(a.News.ID).Request}, byLink))(t)
	if m, copied := shown(); !bytes.Equal(copied, mail) || m.Code != "250 2.0.0" || !m.Withheld.IsZero() || m.MessageID == "" {
		t.Errorf("after it was confirmed the proof has %+v and a copy of %d bytes", m, len(copied))
	}
	a.Clock.Move(40 * 24 * time.Hour)
	must(a.ExpirePending(t.Context(), 100))(t)
	if _, copied := shown(); !bytes.Equal(copied, mail) {
		t.Error("the copy is gone with the row of the outbox")
	}
}

func unzip(t *testing.T, file []byte) map[string][]byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if out[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	return out
}
