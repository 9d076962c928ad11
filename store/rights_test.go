package store_test

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"akkoord"
	"akkoord/store"
	"akkoord/store/sqlitetest"
	"akkoord/store/storetest"
)

// inTheRecord says for each table that is about people by number where its rows
// are in a person's record, or, in words, why they are not.
var inTheRecord = map[string]string{
	"subscriber_interest": "person", "subscriber_attribute": "person", "subscription": "consents", "activity": "activity", "click": "clicks",
	"campaign_leave": "campaigns_left", "consent_event": "events", "permission_question": "questions", "delivery": "deliveries", "outbox": "system_mails",
	"request_detail": "requests", "leaving": "leavings", "report": "reports", "address_change": "address_changes", "mail_copy": "confirmation_mails", "signup_value": "filled_in", "evidence_ip": "events",
	"webhook_message": "that a party was told of an event, for 30 days; the event is in the record itself, and the statement names the parties",
	"bulk_person":     "that staff chose the person, with others, for an act that is still to be done, for a day or until it is; what was done is in the events",
	"former_address":  "a keyed hash of what was the person's own, which tells them nothing",
}

// M20: whatever is stored about a person by their number is in their record,
// with each of its columns. A new table fails here until it is.
func TestEverythingOfAPersonIsInTheirRecordM20(t *testing.T) {
	cfg, clock := storetest.Config(t)
	cfg.Database = sqlitetest.New(t, store.Migrate)
	s := reopen(t, cfg)
	a := storetest.NewAgency(t, s, clock)
	ctx := t.Context()
	e, err := akkoord.ParseEmail("alles@voorbeeld.example")
	if err != nil {
		t.Fatal(err)
	}
	o := akkoord.Origin{Source: "form:home", Actor: akkoord.ActorPerson, FormID: a.Form.Version.ID, Privacy: 1, Locale: "nl", Evidence: akkoord.IPFull.Evidence(netip.MustParseAddr(storetest.WholeIP))}
	if err := s.SignUp(ctx, akkoord.SignUp{Email: e, Name: "Alles", Locale: "nl", Purposes: []akkoord.Purpose{a.News}, Origin: o}); err != nil {
		t.Fatal(err)
	}
	st, err := s.StandingByEmail(ctx, e)
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", cfg.File())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(ctx, `SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c ON c.name = 'subscriber_id' WHERE m.type = 'table' ORDER BY m.name`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	seen := map[string]bool{}
	for rows.Next() {
		var table string
		if err := rows.Scan(&table); err != nil {
			t.Fatal(err)
		}
		seen[table] = true
		if inTheRecord[table] == "" {
			t.Errorf("rows of %s are about people and in no record of theirs: add them to personRecord, or say here why not", table)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	fill := func(statement string, args ...any) {
		t.Helper()
		if _, err := db.ExecContext(ctx, statement, args...); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	if _, err := s.AddAttribute(ctx, storetest.Admin, akkoord.Attribute{Slug: "boat", Type: akkoord.AttributeText}, a.News.Slug); err != nil {
		t.Fatal(err)
	}
	n, at := st.Subscriber.ID, clock.Now().UnixMicro()
	fill(`INSERT INTO leaving (mailing_id, subscriber_id, scope, place, reason, at) VALUES ($1, $2, 'purpose', 'page', 'too_many', $3)`, a.Mailing.ID, n, at)
	fill(`INSERT INTO report (mailing_id, subscriber_id, kind, class, status, source, at) VALUES ($1, $2, 'bounce', 'soft', '452 4.2.2', 'dsn', $3)`, a.Mailing.ID, n, at)
	fill(`INSERT INTO address_change (request, subscriber_id, email, state, at) VALUES ($1, $2, 'nieuw@voorbeeld.example', 0, $3)`, []byte("r"), n, at)
	fill(`INSERT INTO mail_copy (id, subscriber_id, request, mail, locale, asked_at, first_at, sent_at, attempts, code, size, digest, data) VALUES (99, $1, $2, 'confirm', 'nl', $3, $3, $3, 1, '250', 4711, $2, $2)`, n, []byte("r"), at)
	fill(`INSERT INTO signup_value (subscriber_id, attribute_id, request, value, at) SELECT $1, id, $2, 'De Zwaluw', $3 FROM attribute`, n, []byte("r"), at)
	record, err := s.ExportPerson(ctx, storetest.Admin, st.Subscriber.PublicID, "")
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := record.WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"too_many", "page", "452 4.2.2", "dsn", "nieuw@voorbeeld.example", "4711", "De Zwaluw", "boat", a.Mailing.PublicID.String(), "Alles", "form:home", storetest.WholeIP} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the record lacks %q", want)
		}
	}
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(text.Bytes(), &parts); err != nil {
		t.Fatal(err)
	}
	for table, part := range inTheRecord {
		if !seen[table] && table != "consent_event" {
			t.Errorf("there is no table %s about people", table)
		}
		if value, ok := parts[part]; !strings.Contains(part, " ") && (!ok || string(value) == "null") {
			t.Errorf("%s should be in %s, which is %s", table, part, value)
		}
	}
	for i := range reflect.TypeFor[akkoord.PersonRecord]().NumField() {
		if f := reflect.ValueOf(record).Field(i); f.Kind() == reflect.Slice && f.IsNil() {
			t.Errorf("%s is no list", reflect.TypeFor[akkoord.PersonRecord]().Field(i).Name)
		}
	}
}
