package store

import (
	"fmt"
	"strings"
	"testing"

	"akkoord"
	"akkoord/store/pgtest"
)

// P23: while nodes are replaced, one of the version before goes on beside a
// newer one, starts anew, takes sign-ups and confirmations of mails that either
// sent, and shares a mailing with it; when the schema does not admit it any
// more it is refused and changes nothing.
func TestAProgramOfTheVersionBeforeWorksOnTheNewSchemaP23(t *testing.T) {
	const people = 40
	database := pgtest.New(t, Migrate)
	a, b, _ := twoNodes(t, database, people)
	newerSchema := func(q string) {
		t.Helper()
		err := a.update(t.Context(), "newer program", func(t *tx) error { return t.exec(q) })
		if err != nil {
			t.Fatal(err)
		}
	}
	newerSchema(`ALTER TABLE subscriber ADD COLUMN of_tomorrow BIGINT NOT NULL DEFAULT 0`)
	newerSchema(`CREATE TABLE tomorrow (id BIGINT PRIMARY KEY)`)
	newerSchema(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, true)`)
	newerSchema(`UPDATE schema_admits SET schema = 999`)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b.reopen()
	t.Cleanup(func() { b.Close() })
	for i, s := range []*sendingStore{a, b} {
		other := []*sendingStore{b, a}[i]
		signUpAndConfirm(t, s, other, fmt.Sprintf("nieuw%d@voorbeeld.example", i))
	}
	seen := mailAll(t, a, b)
	if c, err := b.Counts(t.Context(), b.mailing.ID); err != nil || c.Sent != people || len(seen) != people {
		t.Errorf("%+v, %d people, %v", c, len(seen), err)
	}
	for person, n := range seen {
		if n != 1 {
			t.Errorf("person %d was claimed %d times", person, n)
		}
	}
	if _, err := b.VerifyLedger(t.Context(), nil); err != nil {
		t.Error(err)
	}

	newerSchema(`UPDATE schema_admits SET oldest = 999`)
	d, err := b.cfg.dialect()
	if err != nil {
		t.Fatal(err)
	}
	state := func() string {
		t.Helper()
		var text string
		err := a.view(t.Context()).queryRow(`SELECT (SELECT count(*) FROM goose_db_version) || ' ' || (SELECT count(*) FROM instance) || ' ' ||
			(SELECT ledger_seq || ' ' || audit_seq || ' ' || nodes FROM chain)`).Scan(&text)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	before := state()
	if err := migrate(t.Context(), d); err == nil || !strings.Contains(err.Error(), "use the newer program, nothing was changed") {
		t.Errorf("a program that the schema does not admit: %v", err)
	}
	if s, err := Open(t.Context(), b.cfg); err == nil {
		t.Errorf("it opens all the same (%v)", s.Close())
	}
	if after := state(); after != before {
		t.Errorf("refused, it changed %s into %s", before, after)
	}
}

// signUpAndConfirm signs somebody up on one node, sends their mail from another
// and confirms on each.
func signUpAndConfirm(t *testing.T, s, other *sendingStore, address string) {
	t.Helper()
	if err := s.signUpSomebody(address); err != nil {
		t.Fatal(err)
	}
	mails, err := other.ClaimSystem(t.Context(), 5)
	if err != nil || len(mails) != 1 {
		t.Fatal(mails, err)
	}
	other.NoteSystem(akkoord.SystemResult{ID: mails[0].ID, Fence: mails[0].Fence, Done: true, Code: "250"})
	e, err := akkoord.ParseEmail(address)
	if err != nil {
		t.Fatal(err)
	}
	st, err := other.StandingByEmail(t.Context(), e)
	if err != nil || len(st.Subscriptions) != 1 {
		t.Fatal(st, err)
	}
	link := akkoord.Link{Subscriber: st.Subscriber.PublicID, Request: st.Subscriptions[0].Request}
	if asked, err := s.Confirm(t.Context(), link, akkoord.Origin{}); err != nil || asked.Answer != akkoord.AnswerConfirmed {
		t.Errorf("confirming is answered %v, %v", asked.Answer, err)
	}
	if asked, err := other.Confirm(t.Context(), link, akkoord.Origin{}); err != nil || asked.Answer != akkoord.AnswerAlready {
		t.Errorf("confirming again on the other node is answered %v, %v", asked.Answer, err)
	}
	if st, err = s.StandingByEmail(t.Context(), e); err != nil || st.Subscriptions[0].State != akkoord.Active {
		t.Errorf("who confirmed is %+v, %v", st.Subscriptions, err)
	}
}
