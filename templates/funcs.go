package templates

import (
	"cmp"
	"fmt"
	"html/template"
	"net/url"
	"strconv"
	"strings"
	"text/template/parse"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"akkoord"
)

// funcs are the words that templates speak, bound to one language.
func (s *Set) funcs(locale string) template.FuncMap {
	t := s.texts[locale]
	date := func(p *phrase) func(*time.Location, time.Time) template.HTML {
		return func(zone *time.Location, at time.Time) template.HTML { return t.calendar.write(*p, zone, at) }
	}
	clock := func(p *phrase) func(*time.Location, time.Time) template.HTML {
		return func(zone *time.Location, at time.Time) template.HTML { return t.calendar.clock(*p, zone, at) }
	}
	return template.FuncMap{
		"t": func(key string, args ...any) (string, error) {
			p, ok := t.phrase(key, args)
			if !ok {
				return "", fmt.Errorf("no text %q", key)
			}
			return p.text(args), nil
		},
		"rich": func(key string, args ...any) (template.HTML, error) {
			p, ok := t.phrase(key, args)
			if !ok {
				return "", fmt.Errorf("no text %q", key)
			}
			return p.html(args), nil
		},
		"has":           func(key string) bool { _, ok := t.messages[key]; return ok },
		"locale":        func() string { return locale },
		"icon":          icon,
		"reasons":       func() []string { return []string{"too_often", "not_relevant", "never_asked", "other"} },
		"pauses":        func() []int { return []int{1, 3, 6} },
		"languages":     s.languages,
		"languageLinks": func(path string, codes []string) template.HTML { return s.languageLinks(locale, path, codes) },
		"language":      s.languageName,
		"country":       t.country,
		"errorText":     func(code, text string) string { return s.ErrorText(locale, code, text) },
		"statusText":    t.statusText,
		"todo":          t.todo,
		"list":          t.list,
		"number":        t.number,
		"share":         t.share,
		"decimal":       t.decimal,
		"plus":          func(a, b int) int { return a + b },
		"duration":      t.duration,
		"day":           date(&t.calendar.day),
		"short":         date(&t.calendar.short),
		"moment":        clock(&t.calendar.moment),
		"exact":         clock(&t.calendar.exact),
		"compact":       clock(&t.calendar.compact),
		"condition":     func(f akkoord.Filter) (template.HTML, error) { return s.condition(t, f) },
		"month":         func(at time.Time) string { return t.calendar.months[at.Month()-1] + " " + strconv.Itoa(at.Year()) },
		"weekdays":      t.calendar.week,
	}
}

// country gives the name of a country (ISO 3166-1 alpha-2), or the code.
func (t *texts) country(code string) string {
	region, err := language.ParseRegion(code)
	if err != nil {
		return code
	}
	return cmp.Or(display.Regions(t.tag).Name(region), code)
}

// settle replaces what is the same on every drawing of a page by its text:
// {{t "key"}} without arguments, {{icon "name"}} and {{locale}}. A key that does
// not exist is refused.
func (s *Set) settle(page *template.Template, locale string) error {
	for _, t := range page.Templates() {
		if t.Tree == nil {
			continue
		}
		if err := s.texts[locale].settleList(t.Tree.Root); err != nil {
			return err
		}
	}
	return nil
}

func (t *texts) settleList(list *parse.ListNode) error {
	if list == nil {
		return nil
	}
	for i, node := range list.Nodes {
		var err error
		switch n := node.(type) {
		case *parse.ActionNode:
			list.Nodes[i], err = t.settleAction(n)
		case *parse.IfNode:
			err = t.settleBranch(&n.BranchNode)
		case *parse.RangeNode:
			err = t.settleBranch(&n.BranchNode)
		case *parse.WithNode:
			err = t.settleBranch(&n.BranchNode)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *texts) settleBranch(b *parse.BranchNode) error {
	if err := t.settleList(b.List); err != nil {
		return err
	}
	return t.settleList(b.ElseList)
}

func (t *texts) settleAction(n *parse.ActionNode) (parse.Node, error) {
	call := n.Pipe.Cmds[0].Args
	name, ok := call[0].(*parse.IdentifierNode)
	if !ok {
		return n, nil
	}
	var word string
	if len(call) > 1 {
		if node, ok := call[1].(*parse.StringNode); ok {
			word = node.Text
		}
	}
	plain := len(n.Pipe.Cmds) == 1 && len(n.Pipe.Decl) == 0 && len(call) <= 2
	switch {
	case word != "" && (name.Ident == "t" || name.Ident == "rich"):
		m, ok := t.messages[word]
		if !ok {
			return nil, fmt.Errorf("no text %q", word)
		}
		if plain && name.Ident == "t" {
			return textNode(n, template.HTMLEscapeString(m.other.text(nil))), nil
		}
	case plain && word != "" && name.Ident == "icon":
		return textNode(n, string(icon(word))), nil
	case plain && name.Ident == "locale":
		return textNode(n, t.tag.String()), nil
	}
	return n, nil
}

func textNode(n *parse.ActionNode, text string) *parse.TextNode {
	return &parse.TextNode{NodeType: parse.NodeText, Pos: n.Pos, Text: []byte(text)}
}

// icon draws a symbol of static/icons.svg. It says nothing by itself, so it is
// hidden from screen readers.
func icon(name string) template.HTML {
	return template.HTML(`<svg class="icon" aria-hidden="true"><use href="/static/icons.svg#` + template.HTMLEscapeString(name) + `"/></svg>`)
}

// languageLinks links to the same page in each language: its path with the query that
// it was asked with.
func (s *Set) languageLinks(current, path string, codes []string) template.HTML {
	if len(codes) == 0 {
		codes = s.locales
	}
	to, err := url.Parse(path)
	if err != nil || !safeLink(path) {
		return ""
	}
	query := to.Query()
	var b strings.Builder
	for _, code := range codes {
		if s.texts[code] == nil {
			continue
		}
		query.Set("locale", code)
		to.RawQuery = query.Encode()
		b.WriteString(`<a href="` + template.HTMLEscapeString(to.String()) + `" lang="` + code + `" hreflang="` + code + `"`)
		if code == current {
			b.WriteString(` aria-current="true"`)
		}
		b.WriteString(">" + template.HTMLEscapeString(s.languageName(code)) + "</a>")
	}
	return template.HTML(b.String())
}

// Language is a language that a page can be read in, under its own name.
type Language struct{ Code, Name string }

// languages lists codes with their own names; without codes, all of them.
func (s *Set) languages(codes []string) []Language {
	if len(codes) == 0 {
		codes = s.locales
	}
	var all []Language
	for _, code := range codes {
		if s.texts[code] != nil {
			all = append(all, Language{code, s.languageName(code)})
		}
	}
	return all
}

// languageName gives a language's name in that language, or the code.
func (s *Set) languageName(code string) string {
	if t := s.texts[code]; t != nil {
		return t.messages["language.name"].other.text(nil)
	}
	return code
}

// statusText gives the title or text of an error's code, else of its HTTP
// status, else of the status's class.
func (t *texts) statusText(status int, code, part string) string {
	return t.statusPhrase(status, code, part).text(nil)
}

func (t *texts) statusPhrase(status int, code, part string) phrase {
	for _, key := range []string{code, strconv.Itoa(status), strconv.Itoa(status/100) + "xx"} {
		if m, ok := t.messages["status."+key+"."+part]; ok {
			return m.other
		}
	}
	return t.messages["status.5xx."+part].other
}

// todo lists what a person can do about an error, one line of the text each.
// A line with a link that this page has no target for is left out.
func (t *texts) todo(status int, code string, args ...any) []template.HTML {
	var lines []template.HTML
	for _, line := range splitLines(t.statusPhrase(status, code, "todo")) {
		if line.linked(args) {
			lines = append(lines, line.html(args))
		}
	}
	return lines
}

func splitLines(p phrase) []phrase {
	lines := []phrase{nil}
	for _, s := range p {
		if s.kind != literal {
			lines[len(lines)-1] = append(lines[len(lines)-1], s)
			continue
		}
		for i, part := range strings.Split(s.text, "\n") {
			if i > 0 {
				lines = append(lines, nil)
			}
			if part = strings.TrimRight(part, "\r"); part != "" {
				lines[len(lines)-1] = append(lines[len(lines)-1], segment{literal, part})
			}
		}
	}
	kept := lines[:0]
	for _, line := range lines {
		if len(line) > 0 {
			kept = append(kept, line)
		}
	}
	return kept
}

// list joins names as the language does: "a, b en c".
func (t *texts) list(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " " + t.messages["list.and"].other.text(nil) + " " + names[last]
}

// number groups digits by thousands: 12.480 or 12,480.
func (t *texts) number(n int) string {
	digits := strconv.Itoa(n)
	mark := t.messages["number.group"].other.text(nil)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + mark + digits[i:]
	}
	return digits
}

// share gives a part of a whole in percent: 12,3 %, and below one percent, where
// limits of complaints lie, 0,04 %. Of nothing there are no parts.
func (t *texts) share(n, of int) string {
	if of <= 0 {
		return "–"
	}
	hundredths := (20000*n + of) / (2 * of)
	whole, digits := hundredths/100, twoDigits(hundredths%100)
	if hundredths == 0 || whole > 0 {
		tenths := (2000*n + of) / (2 * of)
		whole, digits = tenths/10, strconv.Itoa(tenths%10)
	}
	return t.number(whole) + t.messages["number.decimal"].other.text(nil) + digits + "\u00a0%"
}

// decimal writes a number with one digit behind the mark of the language.
func (t *texts) decimal(x float64) string {
	return strings.Replace(strconv.FormatFloat(x, 'f', 1, 64), ".", t.messages["number.decimal"].other.text(nil), 1)
}

// duration says how long something takes, in the unit that a person would use.
func (t *texts) duration(d time.Duration) string {
	key, n := "duration.seconds", int(d.Round(time.Second)/time.Second)
	switch {
	case d >= 2*time.Hour:
		key, n = "duration.hours", int(d.Round(time.Hour)/time.Hour)
	case d >= 100*time.Second:
		key, n = "duration.minutes", int(d.Round(time.Minute)/time.Minute)
	}
	args := []any{"Count", n}
	p, _ := t.phrase(key, args)
	return p.text(args)
}
