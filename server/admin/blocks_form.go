package admin

import (
	"cmp"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"akkoord"
	"akkoord/templates"
)

// maxRows is how many blocks a form is read with: more than can be stored in all
// variants together.
const maxRows = 20 * akkoord.MaxBlocks

const mainPlace = "main"

// shownColumns is how many columns of a block are read: one more than there can be,
// so that too many are told.
const shownColumns = 4

func variantPlace(i int) string        { return "v" + strconv.Itoa(i) }
func columnPlace(number, i int) string { return fmt.Sprintf("c%d-%d", number, i) }
func inColumn(place string) bool       { return templates.BlockList{Place: place}.Inside() }
func kindOfRow(s string) (known bool) {
	return slices.Contains(akkoord.BlockKinds, akkoord.BlockKind(s))
}
func numberOf(s string) (n int, ok bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && n > 0 && n < 1e6
}

// typedBlocks reads the blocks of a form, each of which names its number, its kind and
// its place, into the list of a place.
func typedBlocks(in url.Values) func(place string) templates.BlockList {
	at := map[string][]templates.BlockRow{}
	parents, columns := map[string]string{}, map[int]int{}
	seen := map[int]bool{}
	for _, head := range in["block"][:min(len(in["block"]), maxRows)] {
		parts := strings.SplitN(head, ":", 3)
		if len(parts) != 3 {
			continue
		}
		n, ok := numberOf(parts[0])
		if !ok || seen[n] || !kindOfRow(parts[1]) {
			continue
		}
		seen[n] = true
		row := templates.BlockRow{Number: n, Kind: parts[1], Place: parts[2]}
		for _, name := range templates.BlockTexts {
			*row.Field(name) = newlines(in.Get(row.ID(name)))
		}
		if row.Kind == string(akkoord.BlockColumns) {
			typed, _ := strconv.Atoi(in.Get(row.ID("columns")))
			columns[n] = max(0, min(typed, shownColumns))
			for i := range columns[n] {
				parents[columnPlace(n, i)] = row.Place
			}
		}
		if parent, inside := parents[row.Place]; inside && !slices.Contains(templates.BlockRow{Place: row.Place}.After().Kinds, akkoord.BlockKind(row.Kind)) {
			row.Place = parent // where it was let go over a column that can't hold it
		}
		at[row.Place] = append(at[row.Place], row)
	}
	var list func(place string) templates.BlockList
	list = func(place string) templates.BlockList {
		l := templates.BlockList{Place: place, Rows: at[place]}
		for i := range l.Rows {
			for c := range columns[l.Rows[i].Number] {
				if !inColumn(place) {
					l.Rows[i].Columns = append(l.Rows[i].Columns, list(columnPlace(l.Rows[i].Number, c)))
				}
			}
		}
		return l
	}
	return list
}

// shownBlocks gives stored blocks as their form shows them, and the number after the last.
func shownBlocks(all []akkoord.Block, place string, next int) (templates.BlockList, int) {
	l := templates.BlockList{Place: place}
	for _, b := range all {
		row := templates.BlockRow{Number: next, Kind: string(b.Kind), Place: place, Text: b.Text, Title: b.Title, Price: b.Price, Image: b.Image, Alt: b.Alt, URL: b.URL, Label: b.Label, Topic: b.Topic, Reader: templates.BlockReader{Only: b.Only, Except: b.Except}.Value()}
		next++
		if b.Level != 0 {
			row.Level = strconv.Itoa(b.Level)
		}
		for i, column := range b.Columns {
			var inner templates.BlockList
			inner, next = shownBlocks(column, columnPlace(row.Number, i), next)
			row.Columns = append(row.Columns, inner)
		}
		l.Rows = append(l.Rows, row)
	}
	return l, next
}

// blocksOf gives typed blocks as they are stored.
func blocksOf(l templates.BlockList) []akkoord.Block {
	var out []akkoord.Block
	for _, r := range l.Rows {
		reader := templates.ParseBlockReader(r.Reader)
		b := akkoord.Block{Kind: akkoord.BlockKind(r.Kind), Text: r.Text, Title: r.Title, Price: r.Price, Image: r.Image, Alt: r.Alt, URL: r.URL, Label: r.Label, Topic: r.Topic, Only: reader.Only, Except: reader.Except}
		if r.Level != "" {
			var err error
			if b.Level, err = strconv.Atoi(r.Level); err != nil {
				b.Level = -1 // no level, which is said of it
			}
		}
		for _, column := range r.Columns {
			inner := blocksOf(column)
			if inner == nil {
				inner = []akkoord.Block{}
			}
			b.Columns = append(b.Columns, inner)
		}
		out = append(out, b)
	}
	return out
}

// lists are all lists of blocks of a form that stand in no column.
func lists(f *templates.MailingForm) []*templates.BlockList {
	out := []*templates.BlockList{&f.Blocks}
	for i := range f.Variants {
		out = append(out, &f.Variants[i].Blocks)
	}
	return out
}

// rows walks all blocks of a form until a function has found its own.
func rows(f *templates.MailingForm, found func(l *templates.BlockList, i int) bool) bool {
	var walk func(l *templates.BlockList) bool
	walk = func(l *templates.BlockList) bool {
		for i := range l.Rows {
			if found(l, i) {
				return true
			}
			for c := range l.Rows[i].Columns {
				if walk(&l.Rows[i].Columns[c]) {
					return true
				}
			}
		}
		return false
	}
	return slices.ContainsFunc(lists(f), walk)
}

// listAt finds the list of a place, and how many blocks the whole form has.
func listAt(f *templates.MailingForm, place string) (at *templates.BlockList, count, next int) {
	for _, l := range lists(f) {
		if l.Place == place {
			at = l
		}
	}
	rows(f, func(l *templates.BlockList, i int) bool {
		for c := range l.Rows[i].Columns {
			if l.Rows[i].Columns[c].Place == place {
				at = &l.Rows[i].Columns[c]
			}
		}
		count, next = count+1, max(next, l.Rows[i].Number)
		return false
	})
	return at, count, next + 1
}

// arrange does what a button of a block says, and reports whether there is one. Nothing
// of it is stored.
func arrange(f *templates.MailingForm, act string) bool {
	verb, rest, _ := strings.Cut(act, ":")
	if verb == "add" {
		return addBlock(f, strings.Split(rest, ":"))
	}
	name, more, _ := strings.Cut(rest, ":")
	n, ok := numberOf(name)
	if !ok || !slices.Contains([]string{"up", "down", "copy", "remove", "columns", "pick", "unpick"}, verb) {
		return false
	}
	_, count, next := listAt(f, "")
	rows(f, func(l *templates.BlockList, i int) bool {
		if l.Rows[i].Number != n {
			return false
		}
		switch verb {
		case "up", "down":
			l.Rows[i].Focus = verb
			if j := i + map[string]int{"up": -1, "down": 1}[verb]; j >= 0 && j < len(l.Rows) {
				l.Rows[i], l.Rows[j] = l.Rows[j], l.Rows[i]
			}
		case "copy":
			if count < maxRows {
				twin, _ := shownBlocks(blocksOf(templates.BlockList{Rows: l.Rows[i : i+1]}), l.Place, next)
				twin.Rows[0].Focus = twin.Rows[0].First()
				l.Rows = slices.Insert(l.Rows, i+1, twin.Rows[0])
			}
		case "remove":
			l.Rows = slices.Delete(l.Rows, i, i+1)
			if len(l.Rows) > 0 {
				l.Rows[min(i, len(l.Rows)-1)].Focus = "remove"
			}
		case "pick", "unpick":
			l.Rows[i].Picking, l.Rows[i].Focus = verb == "pick", verb
		case "columns":
			setColumns(&l.Rows[i], more)
		}
		return true
	})
	return true
}

// setColumns gives a block of columns two or three of them. What stood in one that goes
// stands under the one before it.
func setColumns(r *templates.BlockRow, number string) {
	n, _ := numberOf(number)
	if r.Kind != string(akkoord.BlockColumns) || n < 2 || n > 3 {
		return
	}
	for len(r.Columns) < n {
		r.Columns = append(r.Columns, templates.BlockList{Place: columnPlace(r.Number, len(r.Columns))})
	}
	for _, gone := range r.Columns[n:] {
		for _, row := range gone.Rows {
			row.Place = r.Columns[n-1].Place
			r.Columns[n-1].Rows = append(r.Columns[n-1].Rows, row)
		}
	}
	r.Columns, r.Focus = r.Columns[:n], "columns"
}

// addBlock puts a new block of a kind at a place: behind a block, or at the end before
// the footer.
func addBlock(f *templates.MailingForm, to []string) bool {
	if len(to) != 3 || !kindOfRow(to[0]) {
		return false
	}
	l, count, next := listAt(f, to[1])
	if l == nil || count >= maxRows || !slices.Contains(l.End().Kinds, akkoord.BlockKind(to[0])) {
		return false
	}
	at := len(l.Rows)
	if at > 0 && l.Rows[at-1].Kind == string(akkoord.BlockFooter) {
		at--
	}
	if i := slices.IndexFunc(l.Rows, func(r templates.BlockRow) bool { return strconv.Itoa(r.Number) == to[2] }); i >= 0 {
		at = i + 1
	}
	row := templates.BlockRow{Number: next, Kind: to[0], Place: l.Place}
	setColumns(&row, "2")
	row.Focus = row.First()
	l.Rows = slices.Insert(l.Rows, at, row)
	return true
}

var blockStep = regexp.MustCompile(`^(?:blocks|\.columns\[(\d+)\])\[(\d+)\]`)

// blockField gives the id of the element that a path of akkoord.CheckBlocks is about, and
// puts the focus on it.
func blockField(l *templates.BlockList, path string) (id string) {
	var row *templates.BlockRow
	for m := blockStep.FindStringSubmatch(path); m != nil; m = blockStep.FindStringSubmatch(path) {
		path = path[len(m[0]):]
		if m[1] != "" {
			c, _ := strconv.Atoi(m[1])
			if row == nil || c >= len(row.Columns) {
				break
			}
			l = &row.Columns[c]
		}
		i, _ := strconv.Atoi(m[2])
		if i >= len(l.Rows) {
			break
		}
		row = &l.Rows[i]
	}
	if row == nil {
		return "blocks-" + cmp.Or(l.Place, mainPlace)
	}
	name := strings.TrimPrefix(path, ".")
	if name == "only" || name == "except" {
		name = "reader"
	}
	shown := slices.ContainsFunc(row.Fields(), func(f templates.BlockField) bool { return f.Name == name && f.As != "hidden" })
	if !shown {
		name = "block"
	}
	row.Focus = name
	return row.ID(name)
}
