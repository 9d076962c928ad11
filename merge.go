package akkoord

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxMergeFields is how many fields one subject or body can hold.
const MaxMergeFields = 200

// mergeFields is the flat allow-list of what an author can put into a mail.
// Every value is a string; nothing else can be reached from a template.
var mergeFields = []string{"campaign", "email", "locale", "name", "purpose"}

// MergeFields names what an author can put into a mail, in alphabetical order.
func MergeFields() []string { return slices.Clone(mergeFields) }

// Template is an author's text cut at its fields: {{name}}, {{name | friend}}
// or {{name | default: "dear friend"}}. There is no other syntax: no
// conditions, loops, functions or nested values (threats L1–L3). The zero
// Template is an empty text.
type Template struct{ parts []MergePart }

// MergePart is a stretch of literal text, or a field when Field is set.
type MergePart struct {
	Text  string // the literal text, or what stands in when the field has no value
	Field string // name from the allow-list, or empty
}

var mergeField = regexp.MustCompile(`^\s*(\w+)\s*(?:\|\s*(?:default\s*:\s*"([^"{}\pC]*)"|([\pL\pN][\pL\pM\pN'’-]*))\s*)?$`)

// ParseTemplate reads a text with fields. Its errors have the code
// unknown_field or template_invalid and say at which line and column;
// text_too_long when s is over Limits.Content, text_invalid for control
// characters and characters that reorder text.
func ParseTemplate(s string) (Template, error) { return ParseFields(s, mergeFields) }

// ParseFields is ParseTemplate for a text whose fields are those named.
func ParseFields(s string, allowed []string) (Template, error) {
	if err := CheckText("", s, Limits.Content); err != nil {
		return Template{}, err
	}
	var t Template
	fields := 0
	for rest := s; rest != ""; {
		text, inner, found := strings.Cut(rest, "{{")
		if text != "" {
			t.parts = append(t.parts, MergePart{Text: text})
		}
		if !found {
			break
		}
		at := s[:len(s)-len(inner)-2]
		inner, rest, found = strings.Cut(inner, "}}")
		if !found {
			return Template{}, mergeError(at, "template_invalid", "the {{ has no }} after it.")
		}
		part, code, problem := parseField(inner, allowed)
		if problem != "" {
			return Template{}, mergeError(at, code, problem)
		}
		if fields++; fields > MaxMergeFields {
			return Template{}, mergeError(at, "template_invalid", "there are more than %d fields in this text.", MaxMergeFields)
		}
		t.parts = append(t.parts, part)
	}
	return t, nil
}

// parseField reads what stands between the braces.
func parseField(s string, allowed []string) (part MergePart, code, problem string) {
	m := mergeField.FindStringSubmatch(s)
	if m == nil {
		return part, "template_invalid", `a field is written {{name}} or {{name | default: "text"}}.`
	}
	if !slices.Contains(allowed, m[1]) {
		return part, "unknown_field", "there is no field " + m[1] + "; the fields are " + strings.Join(allowed, ", ") + "."
	}
	part.Field = m[1]
	// {{name | default}} names no text, so a missing value stays empty.
	if part.Text = m[2]; m[3] != "" && m[3] != "default" {
		part.Text = m[3]
	}
	return part, "", ""
}

// mergeError makes an error about the place just after before.
func mergeError(before, code, format string, args ...any) *Error {
	line := strings.Count(before, "\n") + 1
	column := utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
	return Errorf(Invalid, code, "Line %d, column %d: "+format, append([]any{line, column}, args...)...)
}

// Parts gives the text's literals and fields in order. The caller must not
// change them.
func (t Template) Parts() []MergePart { return t.parts }

// Fields names the fields in use, each once, in alphabetical order.
func (t Template) Fields() []string {
	var names []string
	for _, p := range t.parts {
		if p.Field != "" && !slices.Contains(names, p.Field) {
			names = append(names, p.Field)
		}
	}
	slices.Sort(names)
	return names
}

// Execute writes the text with each field's value, as PlainText makes it. A
// value that is empty or blank gives way to the field's default.
func (t Template) Execute(values func(field string) string) string {
	var b strings.Builder
	for _, p := range t.parts {
		b.WriteString(p.Value(values))
	}
	return b.String()
}

// Value gives the part's text for one person, not yet escaped for any place.
func (p MergePart) Value(values func(field string) string) string {
	if p.Field == "" {
		return p.Text
	}
	if v := PlainText(values(p.Field)); v != "" {
		return v
	}
	return p.Text
}

// PlainText makes a value fit for one line of a mail: trimmed, control
// characters and line breaks turned into spaces, and no invalid UTF-8 and no
// characters that reorder the text around them (requirements-mail A.15). What
// is plain already comes back as it is, without allocation.
func PlainText(s string) string {
	s = strings.TrimSpace(s)
	if isPlain(s) {
		return s
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case reorders(r) || r == utf8.RuneError:
			return -1
		case unicode.IsControl(r):
			return ' '
		}
		return r
	}, s))
}

func isPlain(s string) bool {
	for _, r := range s {
		if r < ' ' || r >= 0x7f && (r < 0xa0 || reorders(r) || r == utf8.RuneError) {
			return false
		}
	}
	return true
}

// ReservedWord begins the words that stand for gaps while a mail is composed.
// What people write into mails can't hold it.
const ReservedWord = "zqslot"
