package akkoord

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestBlocksThatCanNotBeDrawnAreRefused: each with the block that is wrong, and no
// list that is longer or deeper than a mail needs (issue 6.6, ADR 46).
func TestBlocksThatCanNotBeDrawnAreRefused(t *testing.T) {
	text := `{"kind":"text","text":"a"}`
	for _, tt := range []struct{ json, code, says string }{
		{`{}`, "blocks_invalid", ""},
		{`[] []`, "blocks_invalid", ""},
		{`[{"kind":"text","text":"a","style":"x"}]`, "blocks_invalid", ""},
		{`[{"kind":"script"}]`, "block_kind", "Block 1"},
		{`[` + text + `,{"kind":"text"}]`, "block_incomplete", "Block 2"},
		{`[{"kind":"heading","text":"a\nb"}]`, "text_invalid", "text"},
		{`[{"kind":"heading","text":"a","level":4}]`, "block_level", ""},
		{`[{"kind":"button","text":"a"}]`, "block_incomplete", "url"},
		{`[{"kind":"image"}]`, "block_incomplete", "image"},
		{`[{"kind":"offer","title":"a","label":"b"}]`, "block_incomplete", "url"},
		{`[{"kind":"text","text":"a","columns":[[],[]]}]`, "block_columns", ""},
		{`[{"kind":"columns","columns":[[` + text + `]]}]`, "block_columns", ""},
		{`[{"kind":"columns","columns":[[],[{"kind":"columns","columns":[[],[]]}]]}]`, "block_columns", "Block 2"},
		{`[{"kind":"columns","columns":[[],[{"kind":"footer"}]]}]`, "block_footer", ""},
		{`[{"kind":"footer"},` + text + `]`, "block_footer", "Block 1"},
		{`[{"kind":"button","text":"a","url":"https://a.example","topic":"Not A Slug"}]`, "slug_invalid", "topic"},
		{`[` + text + `,{"kind":"text","text":"a","only":"Not A Slug"}]`, "slug_invalid", "only"},
		{`[` + text + `,{"kind":"footer","only":"ski"}]`, "block_footer", "everybody"},
		{`[{"kind":"divider"},{"kind":"text","text":"a","only":"ski"},{"kind":"text","text":"a","except":"ski"}]`, "block_for_all", "everybody"},
		{`[` + text + `,{"kind":"text","text":"a","only":"a","except":"b"},{"kind":"text","text":"a","only":"c","except":"d"},{"kind":"text","text":"a","only":"e"}]`, "block_interests", "4"},
		{`[` + strings.Repeat(text+",", 100) + text + `]`, "block_count", "100"},
		{`[{"kind":"text","text":"` + strings.Repeat("a", Limits.Content) + `"}]`, "text_too_long", ""},
	} {
		_, err := ParseBlocks(tt.json)
		if CodeOf(err) != tt.code || KindOf(err) != Invalid || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%.60s: %v (%s), want %s", tt.json, err, CodeOf(err), tt.code)
		}
	}
}

func TestOneBodyOfAMailing(t *testing.T) {
	blocks := FormatBlocks([]Block{{Kind: BlockText, Text: "a <b> & c"}})
	if blocks != `[{"kind":"text","text":"a <b> & c"}]` || FormatBlocks(nil) != "" {
		t.Errorf("stored as %s", blocks)
	}
	if err := (Mailing{Content: Content{Markdown: "a", Blocks: blocks}}).Check(); CodeOf(err) != "content_twice" {
		t.Errorf("two bodies: %v", err)
	}
	m := Mailing{Content: Content{Subject: "s", Markdown: "a"}, Variants: []Variant{{Name: "a"}, {Name: "b", Content: Content{Blocks: blocks}}}}
	if c := m.Variant(1); c.Markdown != "" || c.Blocks != blocks {
		t.Errorf("a variant in blocks of a mailing in Markdown: %+v", c)
	}
	m = Mailing{State: MailingDraft, Content: Content{Subject: "s", Blocks: FormatBlocks([]Block{{Kind: BlockOffer, Title: "{{age}}"}})}}
	if why := m.contents(); len(why) != 1 || why[0].Code != "unknown_field" {
		t.Errorf("an unknown field in a block: %v", why)
	}
}

// FuzzBlocks reads what it wrote, and panics on nothing.
func FuzzBlocks(f *testing.F) {
	f.Add(`[{"kind":"heading","text":"a","level":1},{"kind":"columns","columns":[[{"kind":"text","text":"b"}],[]]},{"kind":"footer"}]`)
	f.Add(`[{"kind":"offer","title":"{{name}}","price":"€ 1","image":"https://a.example/b.png","label":"x","url":"https://a.example"}]`)
	f.Fuzz(func(t *testing.T, s string) {
		all, err := ParseBlocks(s)
		if err != nil {
			if KindOf(err) != Invalid {
				t.Fatal(err)
			}
			return
		}
		stored := FormatBlocks(all)
		if len(stored) > Limits.Content || stored == "" {
			return
		}
		again, err := ParseBlocks(stored)
		if err != nil {
			t.Fatalf("%q: %v", stored, err)
		}
		if twice := FormatBlocks(again); twice != stored {
			t.Fatal(cmp.Diff(stored, twice))
		}
	})
}
