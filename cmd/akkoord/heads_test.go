package main

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"akkoord"
)

// heads makes a server that hands signed heads to a place, and gives what signs
// one and runs the job once.
func heads(t *testing.T, s settings) (sign func() akkoord.Head, run func() error, a *app) {
	t.Helper()
	folder := t.TempDir()
	s.Database, s.SecretFile = "sqlite:"+filepath.Join(folder, "akkoord.db"), filepath.Join(folder, "akkoord.key")
	s.Listen, s.OpsListen, s.URL, s.TLS, s.SignUpsPerIP = "127.0.0.1:0", "127.0.0.1:0", "http://127.0.0.1:8080", "off", "0"
	checked, err := s.check()
	if err != nil {
		t.Fatal(err)
	}
	if a, err = newApp(t.Context(), checked, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.store.Close(); err != nil {
			t.Error(err)
		}
	})
	version := 0
	sign = func() akkoord.Head {
		t.Helper()
		version++
		texts := map[string]akkoord.PurposeText{"nl": {Name: "Nieuws", Explanation: "Nieuws.", Wording: "Ja"}}
		if _, err := a.store.PutPurpose(context.Background(), akkoord.ActorSystem, akkoord.Purpose{Slug: "p" + string(rune('a'+version)), Basis: akkoord.BasisConsent, Texts: texts}); err != nil {
			t.Fatal(err)
		}
		h, err := a.store.SignHead(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	return sign, func() error { _, err := a.publish(context.Background(), akkoord.Job{}); return err }, a
}

func published(t *testing.T, a *app, line []byte, want akkoord.Head) {
	t.Helper()
	var got akkoord.PublishedHead
	if err := json.Unmarshal(line, &got); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	keys, err := a.site.keyring(false)
	if err != nil {
		t.Fatal(err)
	}
	h := akkoord.Head{Seq: got.Seq, Hash: got.Hash, At: got.At.Time, Signature: got.Signature}
	if got.Seq != want.Seq || got.Fingerprint != fingerprintOf(keys) || got.Site != "http://127.0.0.1:8080" || !h.Verify(keys.LedgerKey().Public().(ed25519.PublicKey)) {
		t.Errorf("the head of line %d went out as %s", want.Seq, line)
	}
}

// M30: signed heads are lines of a file, each once; while it can't be written
// nothing is skipped.
func TestM30HeadsGoToAFile(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "elsewhere")
	sign, run, a := heads(t, settings{Heads: "file:" + filepath.Join(folder, "heads.jsonl")})
	if err := run(); err != nil {
		t.Errorf("with nothing signed: %v", err)
	}
	first := sign()
	if err := run(); err == nil || !strings.Contains(err.Error(), "AKKOORD_HEADS") {
		t.Errorf("without the folder: %v", err)
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	want := []akkoord.Head{first}
	for range 2 {
		for range 2 {
			if err := run(); err != nil {
				t.Fatal(err)
			}
		}
		want = append(want, sign(), sign())
	}
	f, err := os.Open(filepath.Join(folder, "heads.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	n := 0
	for ; lines.Scan() && n < len(want); n++ {
		published(t, a, lines.Bytes(), want[n])
	}
	if n != 3 {
		t.Errorf("the file has %d lines, want 3", n)
	}
}

// M30: a webhook gets them until it answers 2xx, and no error names its URL.
func TestM30HeadsGoToAWebhook(t *testing.T) {
	t.Parallel()
	status := http.StatusInternalServerError
	var bodies [][]byte
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s, %v", r.Method, r.Header.Get("Content-Type"), err)
		}
		bodies = append(bodies, body)
		w.WriteHeader(status)
	}))
	defer hook.Close()
	sign, run, a := heads(t, settings{Heads: hook.URL + "/secret-" + rand.Text()})
	want := sign()
	for _, refusal := range []int{http.StatusInternalServerError, http.StatusFound} {
		status = refusal
		if err := run(); err == nil || strings.Contains(err.Error(), "secret-") {
			t.Errorf("an answer of %d gave %v", refusal, err)
		}
	}
	status = http.StatusNoContent
	for range 2 {
		if err := run(); err != nil {
			t.Fatal(err)
		}
	}
	if len(bodies) != 3 {
		t.Fatalf("the webhook was called %d times, want 3", len(bodies))
	}
	var got struct{ Items []json.RawMessage }
	if err := json.Unmarshal(bodies[2], &got); err != nil || len(got.Items) != 1 {
		t.Fatalf("%v: %s", err, bodies[2])
	}
	published(t, a, got.Items[0], want)
	hook.Close()
	sign()
	if err := run(); err == nil || strings.Contains(err.Error(), "secret-") {
		t.Errorf("a webhook that is gone gave %v", err)
	}
}

// M30: a mailbox gets them by mail, which says what they are for.
func TestM30HeadsGoToAMailbox(t *testing.T) {
	t.Parallel()
	server := relay(t)
	sign, run, a := heads(t, settings{
		Heads: "mailto:auditor@voorbeeld.example", SMTP: server.URL(), From: `"Zonvaart" <nieuws@zonvaart.example>`, Controller: "Zonvaart",
	})
	want := sign()
	for range 2 {
		if err := run(); err != nil {
			t.Fatal(err)
		}
	}
	mails := server.Messages("auditor@voorbeeld.example")
	if len(mails) != 1 {
		t.Fatalf("%d mails came", len(mails))
	}
	m, err := parseMail(mails[0])
	if err != nil {
		t.Fatal(err)
	}
	if m.header("Auto-Submitted") != "auto-generated" || !strings.Contains(m.Text, "Bewaar deze mail.") {
		t.Errorf("the mail says %q", m.Text)
	}
	_, rest, _ := strings.Cut(m.Text, "{")
	published(t, a, []byte("{"+strings.TrimSpace(rest)), want)
}

func TestHeadsSettingIsRead(t *testing.T) {
	for setting, told := range map[string]string{
		"file:": "must be file:", "somewhere": "must be file:", "mailto:nobody": "must be file:", "mailto:a@voorbeeld.example": "AKKOORD_SMTP",
		"http://voorbeeld.example/x": "must begin with https", "https://": "must be file:", "https://voorbeeld.example/x": "", "file:/srv/heads": "", "": "",
	} {
		err := checkHeads(&site{settings: settings{Heads: setting}})
		if (err == nil) != (told == "") || err != nil && !strings.Contains(err.Error(), told) {
			t.Errorf("%q: %v", setting, err)
		}
	}
}
