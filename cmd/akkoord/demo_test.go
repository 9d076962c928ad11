package main

import (
	"context"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// `akkoord demo --check` plays the whole job and says so, needs no setting and
// heeds none, and leaves nothing behind (contract: ends within 90 s).
func TestDemoCheckPassesAndLeavesNothing(t *testing.T) {
	t.Parallel()
	folder, temp := t.TempDir(), t.TempDir()
	program := binary(t) // building it may take longer than the demo
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "demo", "--check")
	cmd.Dir = folder
	cmd.Env = cleanEnv("TMPDIR="+temp,
		"AKKOORD_LISTEN=nonsense", "AKKOORD_URL=http://elsewhere.example", "AKKOORD_TLS=nonsense", "AKKOORD_OPS_LISTEN=nonsense",
		"AKKOORD_DATABASE=postgres://elsewhere.example/none", "AKKOORD_SMTP=nonsense", "AKKOORD_SECRET_FILE=/nowhere/key", "AKKOORD_FROM=nonsense",
		"AKKOORD_SIGNUPS_PER_IP=nonsense", "AKKOORD_DKIM=nonsense", "AKKOORD_RETURN_PATH=nonsense", "AKKOORD_HOOKS=nonsense", "AKKOORD_MAILBOX=nonsense", "AKKOORD_TRUSTED_PROXIES=nonsense",
		"AKKOORD_CONTROLLER=Iemand anders", "AKKOORD_JOURNAL=/nowhere/journal",
	)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if n := len(regexp.MustCompile(`(?m)^ ?[0-9]+ ok   `).FindAll(out, -1)); n != 16 || !strings.Contains(string(out), "All 16 steps passed") {
		t.Errorf("%d steps are ok:\n%s", n, out)
	}
	for _, dir := range []string{folder, temp} {
		left, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range left {
			t.Errorf("the demo leaves %s", f.Name())
		}
	}
}
