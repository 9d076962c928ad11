package store

import (
	"fmt"
	"strings"
	"testing"
	"time"

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

// P23: a program whose schema keeps out the ones that run does not change it
// under their hands. Rows of nodes that were killed are in nobody's way.
func TestASchemaIsNotChangedUnderTheHandsOfProgramsThatItKeepsOutP23(t *testing.T) {
	a, b, _ := twoNodes(t, pgtest.New(t, Migrate), 1)
	d, err := b.cfg.dialect()
	if err != nil {
		t.Fatal(err)
	}
	_, want, err := schemaVersions(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := keepsOut(d, 12, 13); !out || err != nil { // 13 says that it keeps out 12
		t.Errorf("schema 13 admits 12 (%v)", err)
	}
	if out, err := keepsOut(d, 13, 13); out || err != nil {
		t.Errorf("schema 13 keeps out 13 (%v)", err)
	}
	if out, err := keepsOut(d, want, want+1); !out || err != nil { // and nobody knows this one
		t.Errorf("an unknown schema admits somebody (%v)", err)
	}
	if err := a.update(t.Context(), "older program", func(t *tx) error {
		return t.exec(`DELETE FROM goose_db_version WHERE version_id >= 13`)
	}); err != nil {
		t.Fatal(err)
	}
	db, err := d.writing(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	lives := make(chan struct{})
	go func() { // as its own loop does, more often
		defer close(lives)
		for range 20 {
			if err := a.nodes.beat(t.Context()); err != nil {
				t.Error(err)
			}
		}
	}()
	err = migrate(t.Context(), d)
	<-lives
	if err == nil || !strings.Contains(err.Error(), "2 processes of an older program") || !strings.Contains(err.Error(), "nothing was changed") {
		t.Errorf("migrating beside running programs gave %v", err)
	}
	if have, err := schemaVersion(t.Context(), db); err != nil || have != 12 {
		t.Errorf("refused, it left schema %d (%v)", have, err)
	}
	a.nodes.die()
	b.nodes.die()
	if n, err := nodesAlive(t.Context(), db, 50*time.Millisecond); err != nil || n != 0 {
		t.Errorf("%d of two killed programs are alive (%v)", n, err)
	}
}
