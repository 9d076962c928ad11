package akkoord

import "slices"

// MaxBlockInterests is how many interests the blocks of one mail can be for: each
// doubles the messages that are composed.
const MaxBlockInterests = 4

// BlockInterests gives the slugs of the interests that blocks are for or hidden from,
// sorted, each once.
func BlockInterests(all []Block) []string {
	var out []string
	eachBlock(all, func(b Block) {
		for _, slug := range []string{b.Only, b.Except} {
			if slug != "" {
				out = append(out, slug)
			}
		}
	})
	slices.Sort(out)
	return slices.Compact(out)
}

func eachBlock(all []Block, f func(Block)) {
	for _, b := range all {
		f(b)
		for _, column := range b.Columns {
			eachBlock(column, f)
		}
	}
}

// BlocksFor gives the blocks that somebody sees who chose some interests; the blocks
// themselves stay as they are.
func BlocksFor(all []Block, interests []string) []Block {
	out := make([]Block, 0, len(all))
	for _, b := range all {
		if b.Only != "" && !slices.Contains(interests, b.Only) || b.Except != "" && slices.Contains(interests, b.Except) {
			continue
		}
		if b.Kind != BlockColumns {
			out = append(out, b)
			continue
		}
		out = append(out, b.columnsFor(interests)...)
	}
	return out
}

// columnsFor gives what somebody sees of columns: one that is empty to them alone takes
// no room, and what is left of two is no column any more.
func (b Block) columnsFor(interests []string) []Block {
	var columns [][]Block
	for _, column := range b.Columns {
		if seen := BlocksFor(column, interests); len(seen) > 0 || len(column) == 0 {
			columns = append(columns, seen)
		}
	}
	switch len(columns) {
	case 0:
		return nil
	case 1:
		return columns[0]
	}
	b.Columns = columns
	return []Block{b}
}

// checkReaders reports what is wrong with whom blocks are for: too many interests, or
// nothing that everybody sees.
func checkReaders(all []Block) error {
	asked := BlockInterests(all)
	if len(asked) > MaxBlockInterests {
		return Fieldf("blocks", "block_interests", "The blocks of a mail can be for at most %d interests together.", MaxBlockInterests)
	}
	if len(asked) > 0 && !speaks(all) {
		return Fieldf("blocks", "block_for_all", "Let at least one block with words or a picture be for everybody: somebody would get an empty mail.")
	}
	return nil
}

// speaks reports whether blocks say something to everybody.
func speaks(all []Block) bool {
	return slices.ContainsFunc(all, func(b Block) bool {
		switch {
		case b.Only != "" || b.Except != "" || b.Kind == BlockDivider || b.Kind == BlockFooter:
			return false
		case b.Kind == BlockColumns:
			return slices.ContainsFunc(b.Columns, speaks)
		}
		return true
	})
}

// BlockInterests gives the interests that the blocks of a content are for, sorted, each
// once. The content was checked.
func (c Content) BlockInterests() []string {
	if c.Blocks == "" {
		return nil
	}
	blocks, _ := ParseBlocks(c.Blocks)
	return BlockInterests(blocks)
}

// allBlockInterests gives those of a content in all its languages.
func (c Content) allBlockInterests() []string {
	out := c.BlockInterests()
	for _, t := range c.Languages {
		out = append(out, t.BlockInterests()...)
	}
	return out
}

// BlockInterests gives those of all contents of a mailing: of its variants, versions and
// translations.
func (m Mailing) BlockInterests() []string {
	out := m.Content.allBlockInterests()
	for _, v := range m.Variants {
		out = append(out, v.allBlockInterests()...)
	}
	for _, v := range m.Versions {
		out = append(out, v.allBlockInterests()...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
