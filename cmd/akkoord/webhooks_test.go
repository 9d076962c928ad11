package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"akkoord"
	"akkoord/mailer/outbound"
	"akkoord/store"
)

// Of the nodes that share a database one tells an endpoint of each event, once,
// whichever of them put it down (M28, ADR 49).
func TestNodesTellEachEventOnce(t *testing.T) {
	onEach(t, func(t *testing.T, _ databaseSettings, node func() *store.Store) {
		const events = 40
		told := make(chan string, 2*events)
		endpoint := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { told <- r.Header.Get("webhook-id") }))
		t.Cleanup(endpoint.Close)
		nodes := []*store.Store{node(), node()}
		ctx, today := t.Context(), time.Now().AddDate(0, 0, -1)
		check := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		_, err := nodes[0].AddProcessor(ctx, akkoord.ActorSystem, akkoord.Processor{Slug: "crm", Name: "CRM B.V.", Role: "webhook", Agreement: akkoord.Agreement{SignedOn: today}})
		check(err)
		hook, _, err := nodes[0].AddWebhook(ctx, akkoord.ActorSystem, akkoord.Webhook{URL: endpoint.URL, Processor: "crm", Events: akkoord.WebhookEvents})
		check(err)
		for _, st := range nodes {
			sender := outbound.New(outbound.Config{Messages: st, Loopback: true, Now: time.Now, Jitter: func() float64 { return 0 }, Log: slog.New(slog.DiscardHandler)})
			newBackground(&app{store: st, outbound: sender, log: slog.New(slog.DiscardHandler)}).running(t)
		}
		for i := range events {
			check(nodes[i%2].TestWebhook(ctx, akkoord.ActorSystem, hook.PublicID))
		}
		seen := map[string]bool{}
		for range events {
			select {
			case id := <-told:
				if seen[id] {
					t.Errorf("%s was told twice", id)
				}
				seen[id] = true
			case <-time.After(time.Minute):
				t.Fatalf("only %d of %d events were told", len(seen), events)
			}
		}
		if len(told) > 0 || len(seen) != events {
			t.Errorf("%d events were told, and %d more requests came", len(seen), len(told))
		}
	})
}
