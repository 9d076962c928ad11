package store_test

import (
	"database/sql"
	"os"
	"regexp"
	"strings"
	"testing"

	"akkoord/store"
	"akkoord/store/sqlitetest"
	"akkoord/store/storetest"
)

// Art. 30 GDPR: docs/data-protection.md says of every column of the schema what
// it holds, why and for how long, or that its table holds nothing of anybody.
func TestEveryFieldIsInTheDocumentOnDataProtection(t *testing.T) {
	fields, nobody := documentedFields(t)
	cfg, _ := storetest.Config(t)
	cfg.Database = sqlitetest.New(t, store.Migrate)
	if err := reopen(t, cfg).Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", cfg.File())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(`SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			t.Fatal(err)
		}
		field := table + "." + column
		if fields[field] == nobody[table] {
			t.Errorf("%s is in neither table of docs/data-protection.md, or in both: say what it holds, why and how long, or that it holds nothing of anybody", field)
		}
		delete(fields, field)
		if nobody[table] {
			nobody[table+" exists"] = true
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for field := range fields {
		t.Errorf("docs/data-protection.md has %s, which no table has", field)
	}
	for table := range nobody {
		if !nobody[table+" exists"] && !strings.HasSuffix(table, " exists") {
			t.Errorf("docs/data-protection.md has the table %s, which does not exist", table)
		}
	}
}

var ticked = regexp.MustCompile("`([a-z_]+)`")

// documentedFields reads the columns of the document, as table.column, and the
// tables that hold nothing of anybody.
func documentedFields(t *testing.T) (fields, nobody map[string]bool) {
	t.Helper()
	b, err := os.ReadFile("../docs/data-protection.md")
	if err != nil {
		t.Fatal(err)
	}
	fields, nobody = map[string]bool{}, map[string]bool{}
	section := ""
	for line := range strings.Lines(string(b)) {
		if name, found := strings.CutPrefix(strings.TrimSpace(line), "<!-- "); found {
			section = name
		}
		cells := strings.Split(line, "|")
		if len(cells) < 4 {
			continue
		}
		tables := ticked.FindAllStringSubmatch(cells[1], -1)
		switch section {
		case "fields of nobody -->":
			for _, m := range tables {
				nobody[m[1]] = true
			}
		case "fields -->":
			for _, m := range tables {
				for _, f := range ticked.FindAllStringSubmatch(cells[2], -1) {
					fields[m[1]+"."+f[1]] = true
				}
			}
		}
	}
	return fields, nobody
}
