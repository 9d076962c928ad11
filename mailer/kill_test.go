package mailer_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"akkoord"
	"akkoord/mailer"
	"akkoord/store"
)

// TestMain runs the tests or, told so by a test that wants a process to kill,
// a worker until the end of the process.
func TestMain(m *testing.M) {
	if path := os.Getenv("AKKOORD_TEST_WORKER"); path != "" {
		if err := workUntilKilled(path, os.Getenv("AKKOORD_TEST_RELAY")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func workUntilKilled(path, relayURL string) error {
	secret, err := os.ReadFile(path + ".key")
	if err != nil {
		return err
	}
	keys, err := akkoord.ParseKeyring(secret)
	if err != nil {
		return err
	}
	ctx := context.Background()
	s, err := store.Open(ctx, store.Config{Database: "sqlite:" + path, Keyring: keys, Now: time.Now, Random: rand.Reader, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	c, err := mailer.NewComposer(os.DirFS("../templates"), rand.Reader)
	if err != nil {
		return err
	}
	relay, err := mailer.ParseRelay(relayURL)
	if err != nil {
		return err
	}
	return mailer.New(mailer.Config{
		Deliveries: s, Outbox: s, Dialer: &mailer.Dialer{Relay: relay}, Now: time.Now, Jitter: func() float64 { return .5 }, Log: slog.New(slog.DiscardHandler),
		Press: &mailer.Press{Composer: c, Sender: sender, Catalog: s, Links: keys.Links(), Key: keys.Derive("message-id"), Now: time.Now},
	}).Run(ctx)
}

func TestAKilledProcessLosesAndDoublesNobodyP06P07(t *testing.T) {
	const people, kills, lanes = 2500, 6, 4
	w := newWorld(t, people)
	secret, err := w.keys.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(w.path+".key", secret, 0o600); err != nil {
		t.Fatal(err)
	}
	m := w.start()
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	self, err := filepath.Abs(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	for kill := range kills {
		child := exec.Command(self)
		child.Env = append(os.Environ(), "AKKOORD_TEST_WORKER="+w.path, "AKKOORD_TEST_RELAY="+w.server.URL()+fmt.Sprintf("&connections=%d", lanes))
		var said strings.Builder
		child.Stderr = &said
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		_, err := w.server.Wait(timeout(t), "", len(w.server.Messages(""))+150+37*kill)
		if err := child.Process.Kill(); err != nil {
			t.Error(err)
		}
		_ = child.Wait() // it was killed
		if err != nil {
			t.Fatalf("%v: %s", err, said.String())
		}
		w.clock.at.Store(time.Now().UnixMicro())
		w.open()
		c := w.counts(m)
		if c.Total != people || c.Total != c.Open+c.Sent+c.Uncertain || c.Uncertain > int64(lanes*(kill+1)) || c.Open == 0 {
			t.Errorf("after kill %d: %+v", kill+1, c)
		}
		if err := w.store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	w.open()
	w.run()
	w.untilState(m, akkoord.MailingSent)
	w.noneTwice()
	got := w.received()
	list := []akkoord.Delivery{}
	for next, first := int64(0), true; first || next != 0; first = false {
		var page []akkoord.Delivery
		if page, next, err = w.store.Deliveries(t.Context(), m.ID, akkoord.DeliveryFilter{}, akkoord.Page{After: next}); err != nil {
			t.Fatal(err)
		}
		list = append(list, page...)
	}
	if len(list) != people {
		t.Fatalf("%d deliveries", len(list))
	}
	for _, d := range list {
		if n := got[d.Email.Address()]; d.State == akkoord.Sent && n != 1 || d.State != akkoord.Sent && d.State != akkoord.Uncertain {
			t.Errorf("a delivery is %s and the mail came %d times", d.State, n)
		}
	}
}
