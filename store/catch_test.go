package store

import (
	"testing"

	"akkoord"
	"akkoord/store/pgtest"
)

// ADR 59, P19: what was caught is in the memory of one node, so that none begins to
// catch while others share its database; and what one catches, all know of.
func TestMailsAreCaughtByOneNodeAlone(t *testing.T) {
	a, b, clock := twoNodes(t, pgtest.New(t, Migrate), 1)
	ctx := t.Context()
	if err := a.nodes.beat(ctx); err != nil {
		t.Fatal(err)
	}
	if err := a.SetCatching(ctx, akkoord.ActorSystem, true); akkoord.CodeOf(err) != "several_nodes" {
		t.Errorf("beside another node: %v", err)
	}
	if since, err := b.Catching(ctx); err != nil || !since.IsZero() {
		t.Errorf("caught since %v, %v", since, err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	bury(t, b, clock)
	if err := b.SetCatching(ctx, akkoord.ActorSystem, true); err != nil {
		t.Errorf("alone: %v", err)
	}
	a.reopen()
	if since, err := a.Catching(ctx); err != nil || since.IsZero() {
		t.Errorf("a node that joins knows of %v, %v", since, err)
	}
	if err := a.SetCatching(ctx, akkoord.ActorSystem, false); err != nil {
		t.Errorf("ending it beside another node: %v", err)
	}
}
