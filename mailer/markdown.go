package mailer

import (
	"bytes"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/idna"

	"akkoord"
)

var (
	rolePresentation = regexp.MustCompile(`^(presentation|none)$`)
	titleTopic       = regexp.MustCompile(`^` + topicMark) // taken out again before anybody reads it
	classColumns     = regexp.MustCompile(`^columns$`)
	classColumn      = regexp.MustCompile(`^column$`)
)

// markdown renders GitHub's dialect without raw HTML, which goldmark drops.
var markdown = goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.Linkify))

// fromMarkdown gives the sanitised body of a mail written in Markdown.
func fromMarkdown(src string) (*html.Node, error) {
	if intricate(src) {
		return nil, akkoord.Errorf(akkoord.Invalid, "markdown_intricate", "This Markdown holds a table or a paragraph with more signs than a mail needs, or is nested too deeply.")
	}
	source := []byte(src)
	doc := markdown.Parser().Parse(text.NewReader(source))
	err := ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		var err error
		switch n := n.(type) {
		case *ast.Link:
			n.Destination, err = mailURL(n.Destination)
		case *ast.Image:
			n.Destination, err = mailURL(n.Destination)
		}
		return ast.WalkContinue, err
	})
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := markdown.Renderer().Render(&b, source, doc); err != nil {
		return nil, fmt.Errorf("render markdown: %w", err)
	}
	return sanitise(b.Bytes())
}

// fromHTML gives the sanitised body of a mail written in HTML.
func fromHTML(src string) (*html.Node, error) {
	root, err := parseFragment([]byte(src))
	if err != nil {
		return nil, err
	}
	for n := range root.Descendants() {
		for i := range n.Attr {
			if a := &n.Attr[i]; isLink(a) && a.Val != "" {
				checked, err := mailURL([]byte(a.Val))
				if err != nil {
					return nil, err
				}
				a.Val = string(checked)
			}
		}
	}
	var b bytes.Buffer
	if err := renderChildren(&b, root); err != nil {
		return nil, err
	}
	return sanitise(b.Bytes())
}

// mailURL checks a link or image of a mail: absolute, of a scheme that opens
// nothing by itself (A.17), without a field before its path. It comes back
// unchanged but for an international host name, which is written in ASCII; in
// Markdown, characters that URLs can't hold are percent-encoded besides.
func mailURL(raw []byte) ([]byte, error) {
	s := strings.TrimSpace(string(raw))
	u, err := url.Parse(s)
	if err != nil {
		return nil, akkoord.Errorf(akkoord.Invalid, "link_refused", "A link can't be read. Write it in full, like https://www.example.org/page.")
	}
	switch u.Scheme {
	case "mailto", "tel":
		return []byte(s), nil
	case "http", "https":
	default:
		return nil, akkoord.Errorf(akkoord.Invalid, "link_refused", "A link starts with https://, http://, mailto: or tel:, and is written in full; a field can't be its start.")
	}
	if u.Host == "" || strings.Contains(u.Host, markStart) || u.User != nil {
		return nil, akkoord.Errorf(akkoord.Invalid, "link_refused", "The host of a link is written out: without a field, user name or password.")
	}
	if host := u.Hostname(); strings.IndexFunc(host, func(r rune) bool { return r > unicode.MaxASCII }) >= 0 {
		ascii, err := idna.Lookup.ToASCII(host)
		if err != nil {
			return nil, akkoord.Errorf(akkoord.Invalid, "link_refused", "A link's host name is not valid.")
		}
		s = strings.Replace(s, host, ascii, 1)
	}
	return []byte(s), nil
}

// sanitise keeps what is safe and usual in mails, and balances the tags, so
// that a body can't swallow the footer that follows it.
func sanitise(fragment []byte) (*html.Node, error) {
	root, err := parseFragment(mailPolicy().SanitizeBytes(fragment))
	if err != nil {
		return nil, err
	}
	markLinks(root)
	return root, nil
}

// markLinks says of the marks in links that they stand in a URL.
func markLinks(root *html.Node) {
	for n := range root.Descendants() {
		for i := range n.Attr {
			if a := &n.Attr[i]; isLink(a) {
				a.Val = marksInURL(a.Val)
			}
		}
	}
}

func isLink(a *html.Attribute) bool { return a.Key == "href" || a.Key == "src" }

// mailPolicy allows text, tables, images and inline styles; no script, form,
// frame, style sheet or font from elsewhere (A.19), and of classes those with which
// the layout puts cells below each other on a phone.
func mailPolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowStandardAttributes()
	p.RequireParseableURLs(true)
	p.AllowURLSchemes("http", "https", "mailto", "tel")
	p.AllowElements("h1", "h2", "h3", "h4", "h5", "h6", "p", "div", "section", "article", "center", "br", "hr", "span", "b", "strong", "i", "em",
		"u", "s", "del", "ins", "small", "sub", "sup", "mark", "code", "pre", "blockquote", "ul", "ol", "li", "figure", "figcaption", "abbr",
		"table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td")
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("title").Matching(titleTopic).OnElements("a")
	p.AllowAttrs("src", "alt").OnElements("img")
	p.AllowAttrs("start").Matching(bluemonday.Integer).OnElements("ol")
	p.AllowAttrs("width", "height").Matching(bluemonday.NumberOrPercent).OnElements("img", "table", "td", "th")
	p.AllowAttrs("align").Matching(bluemonday.CellAlign).OnElements("table", "tr", "td", "th", "p", "div", "img")
	p.AllowAttrs("valign").Matching(bluemonday.CellVerticalAlign).OnElements("tr", "td", "th")
	p.AllowAttrs("cellpadding", "cellspacing", "border", "colspan", "rowspan").Matching(bluemonday.Integer).OnElements("table", "td", "th")
	p.AllowAttrs("role").Matching(rolePresentation).OnElements("table")
	p.AllowAttrs("class").Matching(classColumns).OnElements("table")
	p.AllowAttrs("class").Matching(classColumn).OnElements("td")
	p.AllowStyles("display").MatchingEnum("block", "inline-block").Globally()
	p.AllowStyles("color", "background-color", "font-family", "font-size", "font-style", "font-weight", "line-height", "letter-spacing",
		"text-align", "text-decoration", "text-transform", "vertical-align", "width", "max-width", "height",
		"padding", "padding-top", "padding-right", "padding-bottom", "padding-left", "margin", "margin-top", "margin-right", "margin-bottom",
		"margin-left", "border", "border-top", "border-right", "border-bottom", "border-left", "border-radius", "border-collapse").Globally()
	return p
}

func parseFragment(b []byte) (*html.Node, error) {
	root := &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div}
	nodes, err := html.ParseFragment(bytes.NewReader(b), root)
	if err != nil {
		return nil, akkoord.Errorf(akkoord.Invalid, "html_invalid", "This HTML can't be read; it may be nested too deeply.")
	}
	for _, n := range nodes {
		root.AppendChild(n)
	}
	return root, nil
}

// hasColumns reports whether the layout has to put cells of a body below each other on a
// phone.
func hasColumns(body *html.Node) bool {
	for n := range body.Descendants() {
		if n.DataAtom == atom.Table && slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "class" }) {
			return true
		}
	}
	return false
}

func renderChildren(b *bytes.Buffer, n *html.Node) error {
	for c := range n.ChildNodes() {
		if err := html.Render(b, c); err != nil {
			return fmt.Errorf("render html: %w", err)
		}
	}
	return nil
}
