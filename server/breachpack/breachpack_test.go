package breachpack_test

import (
	"archive/zip"
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"runtime"
	"testing"
	"time"

	"akkoord"
	"akkoord/server/breachpack"
)

// longTrail is a store with a trail of many lines; it looks at the memory in
// use when the last of them is read.
type longTrail struct {
	lines int64
	heap  uint64
}

var now = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

func (s *longTrail) SearchAudit(_ context.Context, _ akkoord.AuditFilter, p akkoord.Page) ([]akkoord.AuditEntry, int64, error) {
	var out []akkoord.AuditEntry
	for seq := p.After + 1; seq <= s.lines && len(out) < p.Size(); seq++ {
		out = append(out, akkoord.AuditEntry{Seq: seq, At: now, Actor: "user:1", Action: "subscriber.read", Object: "subscriber:0190b3b5-0000-7000-8000-000000000000"})
	}
	if last := out[len(out)-1].Seq; last < s.lines {
		return out, last, nil
	}
	s.heap = heap()
	return out, 0, nil
}

func (s *longTrail) PublicNames(context.Context, []string) (map[string]string, error) {
	return map[string]string{"user:1": "user:0190b3b5-0000-7000-8000-000000000001"}, nil
}

func (s *longTrail) BreachPeople(context.Context, akkoord.Breach, func(akkoord.BreachPerson) error) error {
	return nil
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// Art. 33(5) GDPR: a pack names every access of the time, however many there
// were, without holding them all in memory.
func TestAPackHoldsEveryAccessAndLittleMemory(t *testing.T) {
	const lines = 120_001
	s := &longTrail{lines: lines}
	file, err := os.Create(t.TempDir() + "/pack.zip")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	before := heap()
	b := akkoord.Breach{What: "A laptop was lost.", Since: now.AddDate(0, -1, 0), Until: now, AwareAt: now, MadeAt: now}
	if err := (breachpack.Pack{Store: s, Breach: b}).Write(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	if s.heap > before+4<<20 {
		t.Errorf("%d KiB more are in use with the last line than before the first", (s.heap-before)>>10)
	}
	z, err := zip.OpenReader(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	got, last := 0, ""
	for scan := bufio.NewScanner(member(t, z, "access.csv")); scan.Scan(); got++ {
		last = scan.Text()
	}
	if want := "120001,2026-11-24T09:00:00.000000Z,user:0190b3b5-0000-7000-8000-000000000001,subscriber.read,subscriber:0190b3b5-0000-7000-8000-000000000000,"; got != lines+1 || last != want {
		t.Errorf("%d lines, the last %q", got, last)
	}
	var facts struct{ Accesses int }
	if err := json.NewDecoder(member(t, z, "facts.json")).Decode(&facts); err != nil || facts.Accesses != lines {
		t.Errorf("the facts count %d accesses (%v)", facts.Accesses, err)
	}
}

func member(t *testing.T, z *zip.ReadCloser, name string) io.Reader {
	t.Helper()
	f, err := z.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}
