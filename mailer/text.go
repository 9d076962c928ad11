package mailer

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// plainText writes the text part that says the same as a sanitised body. It
// walks the tree and never removes tags by pattern (threat L29). Every link is
// shown with its URL.
func plainText(root *html.Node) string { return strings.Join(blocks(root), "\n\n") }

// blocks gives the paragraphs of an element, each one or more lines.
func blocks(parent *html.Node) []string {
	var all []string
	var run strings.Builder
	flush := func() {
		if s := tidy(run.String()); s != "" {
			all = append(all, s)
		}
		run.Reset()
	}
	for n := range parent.ChildNodes() {
		if !isBlock(n) {
			inline(&run, n)
			continue
		}
		flush()
		all = append(all, blockOf(n)...)
	}
	flush()
	return all
}

func isBlock(n *html.Node) bool {
	if n.Type != html.ElementNode {
		return false
	}
	switch n.DataAtom {
	case atom.P, atom.Div, atom.Section, atom.Article, atom.Center, atom.Figure, atom.Figcaption, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5,
		atom.H6, atom.Ul, atom.Ol, atom.Li, atom.Blockquote, atom.Pre, atom.Hr, atom.Table, atom.Tr, atom.Td, atom.Th, atom.Tbody, atom.Thead,
		atom.Tfoot, atom.Caption:
		return true
	}
	for c := range n.ChildNodes() { // a link round a table or heading
		if isBlock(c) {
			return n.DataAtom != atom.A
		}
	}
	return false
}

func blockOf(n *html.Node) []string {
	switch n.DataAtom {
	case atom.H1:
		return underlined(n, "=")
	case atom.H2:
		return underlined(n, "-")
	case atom.Ul, atom.Ol:
		return list(n)
	case atom.Blockquote:
		return indented("> ", "> ", strings.Join(blocks(n), "\n\n"))
	case atom.Pre:
		return indented("    ", "    ", strings.TrimRight(textOf(n), "\n"))
	case atom.Hr:
		return []string{"* * *"}
	case atom.Table:
		return table(n)
	}
	return blocks(n)
}

func underlined(n *html.Node, line string) []string {
	s := strings.Join(blocks(n), " ")
	if s == "" {
		return nil
	}
	return []string{s + "\n" + strings.Repeat(line, min(utf8.RuneCountInString(s), 60))}
}

func list(n *html.Node) []string {
	var items []string
	number, _ := strconv.Atoi(attr(n, "start")) // no start counts from 1
	number = max(number, 1)
	for li := range n.ChildNodes() {
		if li.DataAtom != atom.Li {
			continue
		}
		bullet := "- "
		if n.DataAtom == atom.Ol {
			bullet = strconv.Itoa(number) + ". "
			number++
		}
		items = append(items, indented(bullet, strings.Repeat(" ", len(bullet)), strings.Join(blocks(li), "\n"))...)
	}
	if len(items) == 0 {
		return nil
	}
	return []string{strings.Join(items, "\n")}
}

// table writes a table of data by rows, and one for layout by its cells.
func table(n *html.Node) []string {
	data := false
	for d := range n.Descendants() {
		data = data || d.DataAtom == atom.Th
	}
	if !data {
		return blocks(n)
	}
	var rows []string
	for tr := range n.Descendants() {
		if tr.DataAtom != atom.Tr {
			continue
		}
		var cells []string
		for cell := range tr.ChildNodes() {
			if cell.DataAtom == atom.Td || cell.DataAtom == atom.Th {
				cells = append(cells, strings.Join(blocks(cell), " "))
			}
		}
		rows = append(rows, strings.Join(cells, " | "))
	}
	return []string{strings.Join(rows, "\n")}
}

func indented(first, rest, s string) []string {
	if s == "" {
		return nil
	}
	return []string{first + strings.ReplaceAll(s, "\n", "\n"+rest)}
}

// inline writes running text. Line breaks of the source are spaces; a \n in
// what it writes is a line break meant by the author.
func inline(b *strings.Builder, n *html.Node) {
	switch {
	case n.Type == html.TextNode:
		b.WriteString(strings.Map(func(r rune) rune {
			if r == '\n' || r == '\r' || r == '\t' {
				return ' '
			}
			return r
		}, n.Data))
	case n.DataAtom == atom.Br:
		b.WriteByte('\n')
	case n.DataAtom == atom.Img:
		if alt := attr(n, "alt"); alt != "" {
			b.WriteString("[" + alt + "]")
		}
	case n.DataAtom == atom.A:
		b.WriteString(link(n))
	default:
		for c := range n.ChildNodes() {
			inline(b, c)
		}
	}
}

// link writes a link's words and its URL in angle brackets (RFC 3986 appendix
// C), or the URL alone when the words say the same.
func link(n *html.Node) string {
	words := strings.Join(blocks(n), " ")
	href := attr(n, "href")
	same := marksInURL(words)
	switch {
	case href == "":
		return words
	case words == "" || same == href || "mailto:"+same == href || "http://"+same == href:
		return strings.TrimPrefix(href, "mailto:")
	}
	return words + " <" + href + ">"
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// tidy trims each line and leaves one space between words.
func tidy(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = strings.Join(strings.FieldsFunc(l, func(r rune) bool { return r == ' ' }), " ")
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}
