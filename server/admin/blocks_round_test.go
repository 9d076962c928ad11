package admin_test

import (
	"net/http"
	"testing"

	"pgregory.net/rapid"

	"akkoord"
)

// TestBlocksAreTheSameAfterTheirForm: whatever can be stored is shown by the form and
// stored again without a change, with fields that its kind does not show.
func TestBlocksAreTheSameAfterTheirForm(t *testing.T) {
	f := newFixture(t)
	path := f.mailing()
	_, err := f.store.PutForm(t.Context(), akkoord.ActorSystem, akkoord.Form{Slug: "interests", Version: akkoord.FormVersion{Purposes: []string{"travel-news"}, Challenge: "none", Interests: []string{"strand", "wintersport"}}})
	f.check(err)
	b := f.as(akkoord.RoleEditor)
	id, err := akkoord.ParseID(path[len("/admin/mailings/"):])
	f.check(err)
	rapid.Check(t, func(t *rapid.T) {
		drawn := drawBlocks(t, false)
		if akkoord.CodeOf(akkoord.CheckBlocks(drawn)) == "block_for_all" {
			drawn = append([]akkoord.Block{{Kind: akkoord.BlockText, Text: "x"}}, drawn...)
		}
		want := akkoord.FormatBlocks(drawn)
		m, err := f.store.Mailing(f.t.Context(), id)
		f.check(err)
		m.Content = akkoord.Content{Subject: "x", Blocks: want}
		_, err = f.store.PutMailing(f.t.Context(), akkoord.ActorSystem, m)
		f.check(err)
		a := b.author(path)
		if want != "" && rapid.Bool().Draw(t, "as JSON in between") {
			a.press("kind:source")
			a.press("kind:blocks")
		}
		if r := a.press("save"); r.status != http.StatusSeeOther {
			t.Fatalf("%s: %d %s", want, r.status, r.body)
		}
		if got := f.content(path).Blocks; got != want {
			t.Fatalf("stored is\n%s, want\n%s", got, want)
		}
	})
}

func drawBlocks(t *rapid.T, inside bool) []akkoord.Block {
	kinds := []akkoord.BlockKind{akkoord.BlockHeading, akkoord.BlockText, akkoord.BlockImage, akkoord.BlockButton, akkoord.BlockOffer, akkoord.BlockDivider}
	if !inside {
		kinds = append(kinds, akkoord.BlockColumns)
	}
	line := rapid.StringMatching(`[ a-zé"'<>&{}|:=%+\\]{0,12}x ?`)
	text := rapid.StringMatching(`[\n a-z"<>&#*]{0,12}x[\n ]?`)
	maybe := func(g *rapid.Generator[string], name string) string {
		if rapid.Bool().Draw(t, "has "+name) {
			return g.Draw(t, name)
		}
		return ""
	}
	blocks := []akkoord.Block{}
	for range rapid.IntRange(0, 4).Draw(t, "blocks") {
		b := akkoord.Block{
			Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), Title: line.Draw(t, "title"), Image: line.Draw(t, "image"), URL: line.Draw(t, "url"), Text: line.Draw(t, "text"),
			Level: rapid.IntRange(0, 3).Draw(t, "level"), Price: maybe(line, "price"), Alt: maybe(line, "alt"), Label: maybe(line, "label"), Topic: maybe(rapid.Just("wintersport"), "topic"),
		}
		switch b.Kind {
		case akkoord.BlockText, akkoord.BlockOffer:
			b.Text = text.Draw(t, "text")
		case akkoord.BlockColumns:
			for range rapid.IntRange(2, 3).Draw(t, "columns") {
				b.Columns = append(b.Columns, drawBlocks(t, true))
			}
		}
		if len(blocks) > 0 { // the first is for everybody
			b.Only, b.Except = maybe(rapid.Just("wintersport"), "only"), maybe(rapid.Just("strand"), "except")
		}
		blocks = append(blocks, b)
	}
	if !inside && rapid.Bool().Draw(t, "footer") {
		blocks = append(blocks, akkoord.Block{Kind: akkoord.BlockFooter})
	}
	return blocks
}
