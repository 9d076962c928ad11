package akkoord

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestTemplateWritesFieldsAndTheirDefaults(t *testing.T) {
	values := map[string]string{"name": "Zoë 🎿", "email": "zoe@voorbeeld.example", "locale": " \t"}
	tests := map[string]struct{ text, want string }{
		"no field":              {"Dag allemaal", "Dag allemaal"},
		"empty":                 {"", ""},
		"value":                 {"Dag {{name}}!", "Dag Zoë 🎿!"},
		"spaces inside":         {"Dag {{ name }}!", "Dag Zoë 🎿!"},
		"value beats default":   {`{{name | default: "reiziger"}}`, "Zoë 🎿"},
		"missing without one":   {"[{{campaign}}]", "[]"},
		"missing with default":  {`{{campaign | default: "beste reiziger"}}`, "beste reiziger"},
		"bare word":             {"{{campaign|reiziger}}", "reiziger"},
		"default without text":  {"[{{campaign | default}}]", "[]"},
		"empty default":         {`[{{campaign | default: ""}}]`, "[]"},
		"blank value":           {`{{locale | default: "nl"}}`, "nl"},
		"lone closing braces":   {"a }} b", "a }} b"},
		"single braces":         {"a { b } c", "a { b } c"},
		"two fields, one twice": {"{{name}}{{email}}{{name}}", "Zoë 🎿zoe@voorbeeld.exampleZoë 🎿"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tmpl, err := ParseTemplate(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			got := tmpl.Execute(func(f string) string { return values[f] })
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestTemplateRefusesEverythingElse(t *testing.T) {
	tests := map[string]struct{ text, code, says string }{
		"unknown field":     {"Dag\n  {{naam}}", "unknown_field", "Line 2, column 3: there is no field naam"},
		"open end":          {"é {{name", "template_invalid", "Line 1, column 3"},
		"empty braces":      {"{{}}", "template_invalid", ""},
		"method":            {"{{.Name}}", "template_invalid", ""},
		"nested":            {"{{name.first}}", "template_invalid", ""},
		"condition":         {"{{if name}}x{{end}}", "template_invalid", ""},
		"call":              {`{{printf "%s" name}}`, "template_invalid", ""},
		"second pipe":       {`{{name | default: "a" | upper}}`, "template_invalid", ""},
		"braces in default": {`{{name | default: "{{email}}"}}`, "template_invalid", ""},
		"no quotes":         {`{{name | default: reiziger en meer}}`, "template_invalid", ""},
		"capital":           {"{{Name}}", "unknown_field", ""},
		"environment":       {"{{env}}", "unknown_field", ""},
		"NUL":               {"a\x00b", "text_invalid", ""},
		"bidi override":     {"a\u202eb", "text_invalid", ""},
		"bad UTF-8":         {"a\xff", "text_invalid", ""},
		"too long":          {strings.Repeat("a", Limits.Content+1), "text_too_long", ""},
		"too many fields":   {strings.Repeat("{{name}}", MaxMergeFields+1), "template_invalid", "more than 200"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := ParseTemplate(tt.text)
			if CodeOf(err) != tt.code || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %v with code %q, want %q saying %q", err, CodeOf(err), tt.code, tt.says)
			}
		})
	}
}

func TestTemplateNamesItsFieldsOnce(t *testing.T) {
	tmpl, err := ParseTemplate("{{purpose}} {{name}} {{purpose | x}}")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"name", "purpose"}, tmpl.Fields()); diff != "" {
		t.Error(diff)
	}
}

func TestPlainTextLeavesNothingThatCanBreakAHeader(t *testing.T) {
	tests := map[string]string{
		"Zoë 🎿":             "Zoë 🎿",
		"a\r\nBcc: b@c.d":   "a  Bcc: b@c.d",
		"\u202eevil\u202c":  "evil",
		"a\x00\x1b\u0085b":  "a   b",
		"a\u2028b":          "ab",
		"bad\xffutf":        "badutf",
		"  outer\tspace \n": "outer space",
		"👩‍👩‍👧":             "👩‍👩‍👧",
	}
	for in, want := range tests {
		if got := PlainText(in); got != want {
			t.Errorf("PlainText(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzParseTemplate(f *testing.F) {
	for _, s := range []string{"{{name}}", `Dag {{name | default: "reiziger"}},`, "{{name|x}}}}{{", "{{{name}}}", "\xff{{", "{{name | default: \"\u00a0\"}}"} {
		f.Add(s, "Zoë\r\n")
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		tmpl, err := ParseTemplate(text)
		if err != nil {
			if CodeOf(err) == "" {
				t.Fatalf("a fault instead of a person's error: %v", err)
			}
			return
		}
		if plain := PlainText(value); strings.ContainsAny(plain, "\r\n\x00") || !utf8.ValidString(plain) || PlainText(plain) != plain {
			t.Errorf("PlainText(%q) = %q", value, plain)
		}
		var again strings.Builder
		for _, p := range tmpl.Parts() {
			if p.Field == "" {
				again.WriteString(p.Text)
			} else {
				again.WriteString("{{" + p.Field + ` | default: "` + p.Text + `"}}`)
			}
		}
		second, err := ParseTemplate(again.String())
		if err != nil {
			t.Fatalf("%q, rewritten as %q: %v", text, again.String(), err)
		}
		fill := func(string) string { return value }
		if a, b := tmpl.Execute(fill), second.Execute(fill); a != b {
			t.Errorf("%q gives %q, rewritten %q", text, a, b)
		}
	})
}
