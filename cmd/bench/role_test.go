package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
)

// TestMain lets the test binary play the hidden roles, as the bench does.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-") {
		if err := run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// Floors, generator, sink and sender run as processes, and give figures
// without a product.
func TestFloorsAreMeasuredAlone(t *testing.T) {
	var out bytes.Buffer
	args := []string{"-floors", "-json", "-n", "2", "-d", "30ms", "-clients", "4", "-conns", "2", "-dir", t.TempDir()}
	if err := run(t.Context(), args, strings.NewReader(""), &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	var report struct{ Rows []rowDocument }
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatal(err)
	}
	for _, row := range report.Rows {
		switch row.Case {
		case "campaign, every delivery durable", "campaign, DKIM RSA-2048", "Echo hello":
			if row.Floor <= 0 || len(row.Floors) != 2 || row.Verdict != "floor only" {
				t.Errorf("%s = %+v, want two rounds of the floor only", row.Case, row)
			}
		default:
			if row.Verdict != "not measured" {
				t.Errorf("%s = %+v, want it unmeasured", row.Case, row)
			}
		}
	}
}

// A product that can't be started fails the run with a sentence, and leaves
// nothing behind.
func TestMissingProductIsSaid(t *testing.T) {
	dir := t.TempDir()
	args := []string{"-akkoord", "/nowhere/akkoord", "-n", "1", "-d", "10ms", "-clients", "1", "-conns", "1", "-dir", dir}
	err := run(t.Context(), args, strings.NewReader(""), io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "akkoord migrate") {
		t.Errorf("run() error = %v, want it to name the command that failed", err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestCancelledRunSaysWhy(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	cancel(why)
	args := []string{"-floors", "-dir", t.TempDir()}
	if err := run(ctx, args, strings.NewReader(""), io.Discard, io.Discard); !errors.Is(err, why) {
		t.Errorf("run() error = %v, want the cause", err)
	}
}

func TestCommandLine(t *testing.T) {
	tests := map[string]struct {
		args []string
		want int // people; 0 for a usage error
	}{
		"all":       {nil, 200_000},
		"quick":     {[]string{"-quick"}, 20_000},
		"own":       {[]string{"-quick", "-people", "7"}, 7},
		"no flag":   {[]string{"sign-up"}, 0},
		"unknown":   {[]string{"-slow"}, 0},
		"negative":  {[]string{"-n", "-1"}, 0},
		"no client": {[]string{"-clients", "0"}, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var complaint bytes.Buffer
			opt, err := parse(tt.args, &complaint)
			if tt.want == 0 {
				if !errors.As(err, new(usageError)) || complaint.Len() == 0 {
					t.Errorf("parse() error = %v, told %q; want a usage error that is told", err, complaint.String())
				}
				return
			}
			if err != nil || opt.people != tt.want {
				t.Errorf("parse() = %d people, %v; want %d", opt.people, err, tt.want)
			}
		})
	}
}
