package templates

import (
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// texts are all messages of one language. They are cut into phrases once, at
// start, because go-i18n's Localizer matches languages and executes a template
// for each message of each page.
type texts struct {
	tag      language.Tag
	messages map[string]message
	calendar calendar
}

// message is one text with its plural forms (CLDR cardinals); other always exists.
type message struct {
	other phrase
	forms map[plural.Form]phrase
}

// phrase is a text cut at its {{.Fields}}, [links](name) and **bold** words.
type phrase []segment

type segment struct {
	kind segmentKind
	text string // literal text, or the name of a field or link
}

type segmentKind uint8

const (
	literal segmentKind = iota
	field
	linkStart
	linkEnd
	boldStart
	boldEnd
)

var markup = regexp.MustCompile(`\{\{\s*\.(\w+)\s*\}\}|\[([^\]]+)\]\((\w+)\)|\*\*(.+?)\*\*`)

// loadTexts reads every *.toml of the folder; the word before the extension
// names the language (nl.toml, mail.nl.toml).
func loadTexts(files fs.FS, folder string) (map[string]*texts, error) {
	entries, err := fs.ReadDir(files, folder)
	if err != nil {
		return nil, fmt.Errorf("read locales: %w", err)
	}
	all := map[string]*texts{}
	for _, entry := range entries {
		name := path.Join(folder, entry.Name())
		raw, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read locales: %w", err)
		}
		file, err := i18n.ParseMessageFileBytes(raw, name, map[string]i18n.UnmarshalFunc{"toml": toml.Unmarshal})
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		locale := file.Tag.String()
		if all[locale] == nil {
			all[locale] = &texts{tag: file.Tag, messages: map[string]message{}}
		}
		for _, m := range file.Messages {
			all[locale].messages[m.ID] = newMessage(m)
		}
	}
	return all, nil
}

func newMessage(m *i18n.Message) message {
	forms := map[plural.Form]phrase{}
	for form, text := range map[plural.Form]string{plural.Zero: m.Zero, plural.One: m.One, plural.Two: m.Two, plural.Few: m.Few, plural.Many: m.Many} {
		if text != "" {
			forms[form] = parsePhrase(text)
		}
	}
	return message{other: parsePhrase(m.Other), forms: forms}
}

func parsePhrase(s string) phrase {
	var p phrase
	for s != "" {
		at := markup.FindStringSubmatchIndex(s)
		if at == nil {
			return append(p, segment{literal, s})
		}
		if at[0] > 0 {
			p = append(p, segment{literal, s[:at[0]]})
		}
		switch {
		case at[2] >= 0:
			p = append(p, segment{field, s[at[2]:at[3]]})
		case at[4] >= 0:
			p = append(p, segment{linkStart, s[at[6]:at[7]]})
			p = append(append(p, parsePhrase(s[at[4]:at[5]])...), segment{linkEnd, ""})
		default:
			p = append(p, segment{boldStart, ""})
			p = append(append(p, parsePhrase(s[at[8]:at[9]])...), segment{boldEnd, ""})
		}
		s = s[at[1]:]
	}
	return p
}

// phrase finds the form of a message that fits args (pairs of name and value;
// the value of "Count" chooses the plural). The false means: no such message.
func (t *texts) phrase(key string, args []any) (phrase, bool) {
	m, ok := t.messages[key]
	if !ok {
		return nil, false
	}
	if len(m.forms) > 0 {
		if n, ok := value(args, "Count").(int); ok {
			if p, ok := m.forms[plural.Cardinal.MatchPlural(t.tag, n, 0, 0, 0, 0)]; ok {
				return p, true
			}
		}
	}
	return m.other, true
}

// text gives a phrase without markup.
func (p phrase) text(args []any) string {
	if len(p) == 1 && p[0].kind == literal {
		return p[0].text
	}
	var b strings.Builder
	for _, s := range p {
		switch s.kind {
		case literal:
			b.WriteString(s.text)
		case field:
			b.WriteString(show(value(args, s.text)))
		}
	}
	return b.String()
}

// html gives a phrase with its links and bold words. Values are escaped, unless
// they are template.HTML; a link whose name has no value stays plain text.
func (p phrase) html(args []any) template.HTML {
	var b strings.Builder
	linked := false
	for _, s := range p {
		switch s.kind {
		case literal:
			b.WriteString(template.HTMLEscapeString(s.text))
		case field:
			v := value(args, s.text)
			if safe, ok := v.(template.HTML); ok {
				b.WriteString(string(safe))
			} else {
				b.WriteString(template.HTMLEscapeString(show(v)))
			}
		case linkStart:
			href := show(value(args, s.text))
			if linked = safeLink(href); linked {
				b.WriteString(`<a href="` + template.HTMLEscapeString(href) + `">`)
			}
		case linkEnd:
			if linked {
				b.WriteString("</a>")
			}
		case boldStart:
			b.WriteString("<b>")
		case boldEnd:
			b.WriteString("</b>")
		}
	}
	return template.HTML(b.String())
}

// linked tells whether every link of a phrase has a value in args.
func (p phrase) linked(args []any) bool {
	for _, s := range p {
		if s.kind == linkStart && !safeLink(show(value(args, s.text))) {
			return false
		}
	}
	return true
}

func safeLink(href string) bool {
	for _, start := range []string{"/", "#", "mailto:", "https://", "http://"} {
		if strings.HasPrefix(href, start) {
			return true
		}
	}
	return false
}

// value finds the value that follows name in pairs of name and value.
func value(args []any, name string) any {
	for i := 0; i+1 < len(args); i += 2 {
		if args[i] == name {
			return args[i+1]
		}
	}
	return nil
}

func show(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case int:
		return strconv.Itoa(v)
	case template.HTML:
		return string(v)
	}
	return fmt.Sprint(v)
}
