package main

import (
	"crypto/rand"
	"log/slog"
	"testing"
	"time"

	"akkoord"
	"akkoord/mailer"
	"akkoord/mailer/domain"
	"akkoord/mailer/mailertest"
	"akkoord/store"
)

// E.6: what is decided about DKIM keys on one node the others sign by within
// seconds, without a restart.
func TestNodesTakeUpDKIMKeys(t *testing.T) {
	onEach(t, func(t *testing.T, _ databaseSettings, node func() *store.Store) {
		names, err := mailertest.NewNameServer()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { names.Close() })
		desk := func() (*domain.Desk, *mailer.Signer) {
			signer, err := mailer.NewSigner("zonvaart.example", nil)
			if err != nil {
				t.Fatal(err)
			}
			d := domain.NewDesk(domain.DeskConfig{
				Keys: node(), Resolver: names.Resolver(), Setup: domain.Setup{From: "zonvaart.example", Return: "zonvaart.example"}, Signer: signer,
				Now: time.Now, Random: rand.Reader, Log: slog.New(slog.DiscardHandler),
			})
			go d.Run(t.Context())
			return d, signer
		}
		here, _ := desk()
		_, there := desk()
		signs := func(selector string) {
			t.Helper()
			tick, end := time.NewTicker(10*time.Millisecond), time.After(time.Minute)
			defer tick.Stop()
			for {
				if keys := there.Keys(); selector == "" && len(keys) == 0 || len(keys) == 1 && keys[0].Selector == selector {
					return
				}
				select {
				case <-tick.C:
				case <-end:
					t.Fatalf("the other node signs by %v, not %q", there.Keys(), selector)
				}
			}
		}
		for range 2 {
			k, err := here.MakeDomainKey(t.Context(), akkoord.ActorSystem, akkoord.DomainKeyRSA)
			if err != nil {
				t.Fatal(err)
			}
			names.Publish(k.Record())
			if k, err = here.SignWithDomainKey(t.Context(), akkoord.ActorSystem, k.PublicID, false); err != nil {
				t.Fatal(err)
			}
			signs(k.Selector)
		}
		all, err := here.DomainKeys(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := here.RetireDomainKey(t.Context(), akkoord.ActorSystem, all[1].PublicID); err != nil {
			t.Fatal(err)
		}
		signs("")
	})
}
