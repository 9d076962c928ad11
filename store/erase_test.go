package store_test

import (
	"bytes"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"pgregory.net/rapid"

	"akkoord"
	"akkoord/store"
	"akkoord/store/sqlitetest"
	"akkoord/store/storetest"
)

// spellings gives a text in all the encodings that P16 names. Upper case is
// covered by searching in lower case.
func spellings(text string) map[string]string {
	out := map[string]string{
		"plain": text, "hex": hex.EncodeToString([]byte(text)),
		"json escape": jsonEscape(text), "percent": strings.ToLower(url.QueryEscape(text)),
		"quoted-printable": strings.ToLower(strings.ReplaceAll(text, "@", "=40")),
	}
	var le, be []byte
	for _, u := range utf16.Encode([]rune(text)) {
		le, be = append(le, byte(u), byte(u>>8)), append(be, byte(u>>8), byte(u))
	}
	out["utf-16 le"], out["utf-16 be"] = string(le), string(be)
	for shift := range 3 { // base64 depends on what stands before
		coded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + text))
		first := (shift*8 + 5) / 6 // digits that what stands before has a part in
		last := (shift + len(text)) * 8 / 6
		out[fmt.Sprintf("base64 %d", shift)] = strings.ToLower(coded[first:last])
	}
	if local, domain, found := strings.Cut(text, "@"); found {
		labels := strings.Split(domain, ".")
		slices.Reverse(labels)
		out["reversed domain"] = strings.Join(labels, ".") + "." + local
	}
	return out
}

func jsonEscape(text string) string {
	var out strings.Builder
	for _, r := range text {
		fmt.Fprintf(&out, `\u%04x`, r)
	}
	return out.String()
}

// traces names the files below a folder that hold a text in any spelling, used
// or free.
func traces(t *testing.T, folder, text string) (found []string) {
	t.Helper()
	want := spellings(strings.ToLower(text))
	err := filepath.WalkDir(folder, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			return nil
		}
		b = bytes.ToLower(b)
		for name, s := range want {
			if bytes.Contains(b, []byte(s)) {
				found = append(found, filepath.Base(path)+" ("+name+")")
			}
		}
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return found
}

// The search itself finds what it is for.
func TestTheSearchFindsEverySpelling(t *testing.T) {
	const text = "vergeetmij@eenmalig.example"
	for name, s := range spellings(text) {
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, "f"), []byte("abc"+strings.ToUpper(s)+"xyz"), 0o600); err != nil {
			t.Fatal(err)
		}
		if len(traces(t, folder, text)) == 0 {
			t.Errorf("%s is not found", name)
		}
	}
	for before := range 3 {
		folder := t.TempDir()
		coded := base64.StdEncoding.EncodeToString([]byte("abc"[:before] + text + "/"))
		if err := os.WriteFile(filepath.Join(folder, "f"), []byte(coded), 0o600); err != nil {
			t.Fatal(err)
		}
		if len(traces(t, folder, text)) == 0 {
			t.Errorf("base64 after %d bytes is not found", before)
		}
	}
}

// P16, M19: somebody with a whole history (refused and taken by imports, with a
// proof of their own, confirmed, mailed, left, come back, mail waiting, with an
// attribute and a request at the desk) is in no
// byte of any file of the running server within a minute of being erased: by
// address, by its local part or by its domain.
func TestAnErasedPersonIsInNoByteP16(t *testing.T) {
	cfg, clock := storetest.Config(t)
	folder := t.TempDir()
	cfg.Database = sqlitetest.At(t, filepath.Join(folder, "akkoord.db"), store.Migrate)
	s := reopen(t, cfg)
	a := storetest.NewAgency(t, s, clock)
	ctx := t.Context()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	const address = "Vergeetmij@eenmalig.example"
	e, err := akkoord.ParseEmail(address)
	check(err)
	find := func() akkoord.Standing {
		st, err := s.StandingByEmail(ctx, e)
		check(err)
		return st
	}
	file := "email,name,confirmed_at,confirmed_ip,source,wording\n" + address + ",Vera Vergeetmij,2026-01-02T10:00:00Z,192.0.2.7,beurs,Ja\n" +
		address + ",Vera,gisteren,,,\n"
	i, err := s.BeginImport(ctx, akkoord.ImportSpec{Actor: storetest.Admin, Purpose: a.Ski.Slug, Basis: akkoord.BasisConsent, Evidence: "fair"}, akkoord.ImportFile{Size: int64(len(file)), Digest: [32]byte{1}})
	check(err)
	i, err = s.RunImport(ctx, i.PublicID, strings.NewReader(file), nil)
	check(err)
	if i.Tally.Outcomes[akkoord.ImportAdded] != 1 || i.Tally.Outcomes[akkoord.ImportRejected] != 1 {
		t.Fatalf("the import came to %v", i.Tally.Outcomes)
	}
	o := akkoord.Origin{
		Source: "form:home", Actor: akkoord.ActorPerson, FormID: a.Form.Version.ID, Privacy: 1, Locale: "nl",
		Evidence: akkoord.Evidence{IP: "192.0.2.0/24", UserAgent: "vergeetmij-browser"},
	}
	check(s.SignUp(ctx, akkoord.SignUp{Email: e, Name: "Vera Vergeetmij", Locale: "nl", Purposes: []akkoord.Purpose{a.News}, Origin: o}))
	mails, err := s.ClaimSystem(ctx, 10)
	check(err)
	for _, d := range mails {
		check(s.SettleSystem(ctx, akkoord.SystemResult{ID: d.ID, Fence: d.Fence, Done: true, Code: "250", Copy: []byte("To: " + address)}))
	}
	copies := func() (n int) {
		t.Helper()
		db, err := sql.Open("sqlite", strings.TrimPrefix(cfg.Database, "sqlite:"))
		check(err)
		defer db.Close()
		check(db.QueryRowContext(ctx, `SELECT count(*) FROM mail_copy`).Scan(&n))
		return n
	}
	if n := copies(); n != 1 {
		t.Fatalf("%d copies of mails are kept, want 1", n)
	}
	link := akkoord.Link{Kind: akkoord.LinkConfirm, Subscriber: find().Subscriber.PublicID, Request: find().Subscription(a.News.ID).Request, Purpose: a.News.ID, Campaign: a.Campaign.ID, Mailing: a.Mailing.ID}
	_, err = s.Confirm(ctx, link, o)
	check(err)
	_, err = s.StartMailing(ctx, storetest.Admin, a.Mailing.PublicID)
	check(err)
	w, err := s.Claim(ctx)
	check(err)
	check(s.Mark(w, 0, clock.Now()))
	s.Note(w, 0, akkoord.Result{
		SubscriberID: w.Recipients[0].SubscriberID, State: akkoord.Failed, Code: "550 5.1.2", Reply: "the host eenmalig.example is not known",
		Attempts: 1, At: clock.Now(), FirstAt: clock.Now(),
	})
	check(s.Release(ctx, w))
	left, err := s.Leave(ctx, link, akkoord.ScopePurpose, o)
	check(err)
	link.At = left.At
	_, err = s.Undo(ctx, link, o)
	check(err)
	_, err = s.Leave(ctx, link, akkoord.ScopeCampaign, o)
	check(err)
	_, err = s.ExportPerson(ctx, storetest.Admin, link.Subscriber, "")
	check(err)
	check(s.SignUp(ctx, akkoord.SignUp{Email: e, Locale: "nl", Purposes: []akkoord.Purpose{a.News}, Origin: o})) // a mail that waits
	_, err = s.AddAttribute(ctx, storetest.Admin, akkoord.Attribute{Slug: "boat", Type: akkoord.AttributeText}, a.News.Slug)
	check(err)
	for _, value := range []string{"De Vergeetmij", "De Vergeetmij II"} {
		check(s.SetProfile(ctx, link.Subscriber, akkoord.Profile{Attributes: map[string]*string{"boat": &value}}, o))
	}
	asked, err := s.AddRequest(ctx, storetest.Admin, akkoord.PersonRequest{Kind: "access", Channel: "phone", RequestDetail: akkoord.RequestDetail{Email: address, Note: "Vera Vergeetmij called about her boat"}})
	check(err)
	_, err = s.EditRequest(ctx, storetest.Admin, asked.PublicID, "request.change", func(r akkoord.PersonRequest, _ time.Time) (akkoord.PersonRequest, error) {
		r.Note = "Vera calls from eenmalig.example again"
		return r, nil
	})
	check(err)
	_, err = s.AddContractTemplate(ctx, storetest.Admin, storetest.Order("booking"), "zonvaart.example")
	check(err)
	_, err = s.SendContract(ctx, storetest.Admin, akkoord.ContractOrder{Template: "booking", To: e, Values: map[string]string{"name": "Vera Vergeetmij", "order": "Z-1"}})
	check(err)

	for deadline := time.Now().Add(time.Minute); ; runtime.Gosched() {
		list, _, err := s.Deliveries(ctx, a.Mailing.ID, akkoord.DeliveryFilter{}, akkoord.Page{})
		check(err)
		if list[0].State == akkoord.Failed && len(traces(t, folder, address)) > 0 && len(traces(t, folder, "eenmalig")) > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the history was not stored")
		}
	}
	if _, err := s.Erase(ctx, link.Subscriber, "asked for by phone", akkoord.Origin{Source: "api", Actor: storetest.Admin}); err != nil {
		t.Fatal(err)
	}
	if n := copies(); n != 0 {
		t.Errorf("%d copies of mails are left", n)
	}
	for deadline := time.Now().Add(time.Minute); ; runtime.Gosched() {
		var found []string
		for _, text := range []string{address, "vergeetmij", "eenmalig", "Vera"} {
			found = append(found, traces(t, folder, text)...)
		}
		if len(found) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the person is still in %v", found)
		}
	}
	counts, err := s.Counts(ctx, a.Mailing.ID)
	check(err)
	if counts.Total != 1 || counts.Failed != 1 {
		t.Errorf("the figures of the mailing became %+v", counts)
	}
	if _, err := s.VerifyLedger(ctx, nil); err != nil {
		t.Error(err)
	}
}

// P16, M19, M20: whatever somebody did before they took their record away and had it
// erased, they are in no byte of any file afterwards, and the ledger verifies.
func TestWhateverTheErasedDidNoByteIsLeftOfThemP16(t *testing.T) {
	cfg, clock := storetest.Config(t)
	folder := t.TempDir()
	cfg.Database = sqlitetest.At(t, filepath.Join(folder, "akkoord.db"), store.Migrate)
	s := reopen(t, cfg)
	a := storetest.NewAgency(t, s, clock)
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		e, err := akkoord.ParseEmail(fmt.Sprintf("vergeetmij%d@eenmalig.example", run))
		if err != nil {
			rt.Fatal(err)
		}
		person := a.Live(rt, e, 20).Subscriber.PublicID
		if _, err := s.ExportPerson(rt.Context(), storetest.Admin, person, ""); err != nil {
			rt.Fatal(err)
		}
		if _, err := s.Erase(rt.Context(), person, "asked for", akkoord.Origin{Source: "api", Actor: storetest.Admin}); err != nil {
			rt.Fatal(err)
		}
	})
	if _, err := s.VerifyLedger(t.Context(), nil); err != nil {
		t.Error(err)
	}
	for deadline := time.Now().Add(time.Minute); ; runtime.Gosched() {
		var found []string
		for _, text := range []string{"vergeetmij", "eenmalig", storetest.WholeIP} {
			found = append(found, traces(t, folder, text)...)
		}
		if len(found) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("somebody is still in %v", found)
		}
	}
}

// F.7, P16: a whole IP address of which the time is over is in no byte of any
// file, while the person stays and their proof verifies.
func TestAReducedAddressIsInNoByteF7(t *testing.T) {
	cfg, clock := storetest.Config(t)
	folder := t.TempDir()
	cfg.Database = sqlitetest.At(t, filepath.Join(folder, "akkoord.db"), store.Migrate)
	s := reopen(t, cfg)
	a := storetest.NewAgency(t, s, clock)
	st := a.FromWholeIP(t, "anouk@voorbeeld.example", a.News)
	if len(traces(t, folder, storetest.WholeIP)) == 0 {
		t.Fatal("the address was not kept")
	}
	clock.Move(akkoord.Limits.WholeIP)
	if _, err := s.ExpirePending(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; runtime.Gosched() {
		found := traces(t, folder, storetest.WholeIP)
		if len(found) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("it is still in %v", found)
		}
	}
	if _, err := s.EvidenceBundle(t.Context(), storetest.Admin, st.Subscriber.PublicID, "", nil); err != nil { // it is verified before it is given
		t.Error(err)
	}
}

// P17: a backup from before an erasure brings nobody back.
func TestARestoreErasesAgainP17(t *testing.T) {
	tr := newTravellers(t, 2)
	buyer, err := akkoord.ParseEmail("koper@voorbeeld.example") // on record nowhere but in the log of transactional mail
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tr.AddContractTemplate(t.Context(), storetest.Admin, storetest.Order("booking"), ""); err != nil {
		t.Fatal(err)
	}
	order := akkoord.ContractOrder{Template: "booking", To: buyer, Values: map[string]string{"name": "K", "order": "1"}}
	if _, err := tr.SendContract(t.Context(), storetest.Admin, order); err != nil {
		t.Fatal(err)
	}
	backup := filepath.Join(t.TempDir(), "backup.db")
	if _, err := store.Backup(t.Context(), tr.cfg, backup, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := tr.Erase(t.Context(), tr.standing(t, 0).Subscriber.PublicID, "asked for", akkoord.Origin{Source: "api", Actor: storetest.Admin}); err != nil {
		t.Fatal(err)
	}
	if _, err := tr.EraseContracts(t.Context(), storetest.Admin, buyer, "asked for"); err != nil {
		t.Fatal(err)
	}
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Restore(t.Context(), tr.cfg, backup, store.RestoreOptions{}, nil); err != nil {
		t.Fatal(err)
	}
	tr.Store = reopen(t, tr.cfg)
	st := tr.standing(t, 0)
	if st.Subscriber.ID != 0 || !st.Suppressed(akkoord.SuppressedErased) {
		t.Errorf("after the restore the erased person stands as %+v", st)
	}
	if tr.standing(t, 1).Subscriber.ID == 0 {
		t.Error("somebody else is gone")
	}
	mails, _, err := tr.ContractMails(t.Context(), akkoord.ContractFilter{}, akkoord.Page{})
	if err != nil || len(mails) != 1 || !mails[0].To.IsZero() || mails[0].Code != "erased" {
		t.Errorf("M9: the log that was put back has %+v, %v", mails, err)
	}
}
