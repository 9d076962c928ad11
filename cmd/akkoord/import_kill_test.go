package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const (
	killedPeople = 40_000
	killedBroken = 40
)

// importFile writes a file of many people, some rows of which can't be used.
func (in *installation) importFile() string {
	in.t.Helper()
	var b strings.Builder
	b.WriteString("email,name,confirmed_at\n")
	for n := range killedPeople {
		fmt.Fprintf(&b, "reiziger%d@voorbeeld.example,Reiziger %d,2026-01-02T10:00:00Z\n", n, n)
		if n%(killedPeople/killedBroken) == 0 {
			b.WriteString("nobody,,\n")
		}
	}
	name := in.path("people.csv")
	in.must(os.WriteFile(name, []byte(b.String()), 0o600))
	return name
}

type importAnswer struct {
	ID       string `json:"id"`
	State    string `json:"state"`
	Rows     int    `json:"rows"`
	Added    int    `json:"added"`
	Rejected int    `json:"rejected"`
	Error    string `json:"error"`
}

func (in *installation) upload(name string) importAnswer {
	in.t.Helper()
	f, err := os.Open(name)
	in.must(err)
	defer f.Close()
	req, err := http.NewRequest("POST", in.base()+"/api/v1/imports?purpose=travel-news&basis=consent&evidence=test", f)
	in.must(err)
	req.Header.Set("Authorization", "Bearer "+in.secret)
	req.Header.Set("Content-Type", "text/csv")
	res, err := client.Do(req)
	in.must(err)
	defer res.Body.Close()
	var out importAnswer
	in.must(json.NewDecoder(res.Body).Decode(&out))
	if res.StatusCode != http.StatusAccepted {
		in.t.Fatalf("the upload gave %d", res.StatusCode)
	}
	return out
}

// P01, P15, issue 4: an import over the API survives kills of the server. Each
// row counts once, each person is there once, and no file stays.
func TestKilledServerGoesOnWithItsImport(t *testing.T) {
	in := install(t, "")
	file := in.importFile()
	in.start()
	i := in.upload(file)
	read := func() (got importAnswer) {
		in.must(in.api("GET", "/imports/"+i.ID, nil, &got))
		return got
	}
	kills := 0
	for before := 0; kills < 4; kills++ {
		var now importAnswer
		in.until("rows", func() bool { now = read(); return now.Rows > before || now.State != "running" && now.State != "queued" })
		if now.Rows < before {
			t.Fatalf("after %d rows there were %d", before, now.Rows)
		}
		if before = now.Rows; now.State == "done" {
			break
		}
		in.kill()
		in.start()
	}
	if kills < 2 {
		t.Errorf("only %d kills met the import", kills)
	}
	in.until("the end of the import", func() bool { s := read().State; return s != "running" && s != "queued" })
	if got := read(); got.State != "done" || got.Rows != killedPeople+killedBroken || got.Added != killedPeople || got.Rejected != killedBroken {
		t.Errorf("after %d kills: %+v", kills, got)
	}
	in.verifyLedger()
	in.until("the upload to go", func() bool {
		left, err := filepath.Glob(in.path("akkoord.db.imports/*"))
		in.must(err)
		return len(left) == 0
	})
}

// The same for the command: run again, it goes on, and its file of refused
// rows is whole.
func TestKilledImportCommandGoesOn(t *testing.T) {
	in := install(t, "")
	file := in.importFile()
	args := []string{"import", file, "--purpose", "travel-news", "--basis", "consent"}
	db, err := sql.Open("sqlite", "file:"+in.path("akkoord.db")+"?_pragma=query_only(1)&_pragma=busy_timeout(5000)")
	in.must(err)
	defer db.Close()
	cut := in.command(context.Background(), args...)
	in.must(cut.Start())
	in.console = newConsole()
	in.until("the first rows", func() bool {
		var tally string
		err := db.QueryRow(`SELECT tally FROM import`).Scan(&tally)
		return err == nil && !strings.Contains(tally, `"rows":0,`)
	})
	in.must(cut.Process.Kill())
	if err := cut.Wait(); err == nil {
		t.Fatal("the import ended before it was killed")
	}
	again := in.command(t.Context(), args...)
	out, err := again.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "cut short after") {
		t.Errorf("the second run: %v %s", err, out)
	}
	if !regexp.MustCompile(fmt.Sprintf(`(?m)^%d rows .*\n +%d added`, killedPeople+killedBroken, killedPeople)).Match(out) {
		t.Errorf("the second run tells: %s", out)
	}
	rejects, err := os.ReadFile(file + ".rejected.csv")
	if lines := strings.Count(string(rejects), "\n"); err != nil || lines != killedBroken+1 {
		t.Errorf("the file of refused rows has %d lines, %v", lines, err)
	}
	in.verifyLedger()
}
