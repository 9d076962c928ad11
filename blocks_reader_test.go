package akkoord

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestABlockIsForWhoChoseItsInterest: in columns too, and whom blocks are for is asked
// of nobody twice (issue 6.6).
func TestABlockIsForWhoChoseItsInterest(t *testing.T) {
	blocks, err := ParseBlocks(`[{"kind":"heading","text":"all"},{"kind":"text","text":"ski","only":"ski"},{"kind":"text","text":"no ski","except":"ski"},
		{"kind":"columns","columns":[[{"kind":"text","text":"city","only":"city"}],[{"kind":"text","text":"ski, no city","only":"ski","except":"city"}]]}]`)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"city", "ski"}, BlockInterests(blocks)); diff != "" {
		t.Errorf("the blocks are for (-want +got):\n%s", diff)
	}
	for _, tt := range []struct{ interests, want []string }{
		{nil, []string{"all", "no ski"}},
		{[]string{"beach"}, []string{"all", "no ski"}},
		{[]string{"ski"}, []string{"all", "ski", "ski, no city"}},
		{[]string{"city"}, []string{"all", "no ski", "city"}},
		{[]string{"city", "ski"}, []string{"all", "ski", "city"}},
	} {
		var got []string
		eachBlock(BlocksFor(blocks, tt.interests), func(b Block) {
			if b.Text != "" {
				got = append(got, b.Text)
			}
		})
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("who chose %v sees (-want +got):\n%s", tt.interests, diff)
		}
	}
	for _, tt := range []struct {
		interests []string
		columns   int
	}{{nil, 0}, {[]string{"ski"}, 0}, {[]string{"city"}, 0}} {
		got := 0
		eachBlock(BlocksFor(blocks, tt.interests), func(b Block) { got += len(b.Columns) })
		if got != tt.columns {
			t.Errorf("who chose %v sees %d columns, of which one is empty", tt.interests, got)
		}
	}
	if n := len(blocks[3].Columns[0]); n != 1 {
		t.Errorf("the blocks themselves changed: %d in a column", n)
	}
}

// TestNobodyGetsAnEmptyMail: whatever interests somebody chose, blocks that may be stored
// leave them something to read.
func TestNobodyGetsAnEmptyMail(t *testing.T) {
	slugs := []string{"", "ski", "city", "beach"}
	rapid.Check(t, func(t *rapid.T) {
		var blocks []Block
		for range rapid.IntRange(1, 5).Draw(t, "blocks") {
			b := Block{Kind: BlockText, Text: "x", Only: rapid.SampledFrom(slugs).Draw(t, "only"), Except: rapid.SampledFrom(slugs).Draw(t, "except")}
			if rapid.Bool().Draw(t, "in columns") {
				b = Block{Kind: BlockColumns, Columns: [][]Block{{b}, {}}, Only: rapid.SampledFrom(slugs).Draw(t, "only of columns")}
			}
			blocks = append(blocks, b)
		}
		if CheckBlocks(blocks) != nil {
			return
		}
		chosen := rapid.SliceOfDistinct(rapid.SampledFrom(slugs[1:]), rapid.ID[string]).Draw(t, "chosen")
		words := 0
		eachBlock(BlocksFor(blocks, chosen), func(b Block) { words += len(b.Text) })
		if words == 0 {
			t.Fatalf("who chose %v gets nothing", chosen)
		}
	})
}

func TestAMailingAsksForTheInterestsOfAllItsContents(t *testing.T) {
	content := func(only string) Content {
		return Content{Blocks: FormatBlocks([]Block{{Kind: BlockText, Text: "x"}, {Kind: BlockText, Text: "x", Only: only}})}
	}
	m := Mailing{Content: content("ski"), Variants: []Variant{{Content: content("city")}, {Content: content("ski")}, {}}}
	if got := m.BlockInterests(); !slices.Equal(got, []string{"city", "ski"}) {
		t.Errorf("it asks for %v", got)
	}
}
