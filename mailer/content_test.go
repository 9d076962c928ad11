package mailer

import (
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

func TestTextPartSaysTheSame(t *testing.T) {
	tests := map[string]struct{ markdown, html, want string }{
		"heading":         {"# Kop\n\n## Tweede\n\n### Derde", "", "Kop\n===\n\nTweede\n------\n\nDerde"},
		"emphasis":        {"een **twee** *drie* ~~vier~~ `vijf`", "", "een twee drie vier vijf"},
		"soft break":      {"een\ntwee", "", "een twee"},
		"hard break":      {"een  \ntwee", "", "een\ntwee"},
		"link":            {"Zie [hier](https://a.example/b).", "", "Zie hier <https://a.example/b>."},
		"bare link":       {"Zie https://a.example/b.", "", "Zie https://a.example/b."},
		"bare host":       {"Zie www.a.example nu", "", "Zie http://www.a.example nu"},
		"mail address":    {"Mail a@b.example", "", "Mail a@b.example"},
		"image":           {"![Berg](https://a.example/b.png)", "", "[Berg]"},
		"linked image":    {"[![Berg](https://a.example/b.png)](https://a.example/)", "", "[Berg] <https://a.example/>"},
		"lists":           {"- een\n- twee\n  - diep\n\n3. drie\n4. vier", "", "- een\n- twee\n  - diep\n\n3. drie\n4. vier"},
		"quote":           {"> een\n>\n> twee", "", "> een\n> \n> twee"},
		"code block":      {"```\na  <b>\n\nc\n```", "", "    a  <b>\n    \n    c"},
		"rule":            {"een\n\n---\n\ntwee", "", "een\n\n* * *\n\ntwee"},
		"table":           {"| a | b |\n|---|---|\n| 1 | [x](https://a.example) |", "", "a | b\n1 | x <https://a.example>"},
		"raw html":        {"een <b>twee</b> <script>alert(1)</script>", "", "een twee alert(1)"},
		"entities":        {"a &lt;script&gt; &amp; b", "", "a <script> & b"},
		"html":            {"", "<div><h2>Kop</h2><p>een<br>twee <a href='https://a.example/'>x</a></p></div>", "Kop\n---\n\neen\ntwee x <https://a.example/>"},
		"html, layout":    {"", "<table role=presentation><tr><td>een</td><td><p>twee</p></td></tr></table>", "een\n\ntwee"},
		"html, script":    {"", "<p onclick=x()>een</p><script>alert(1)</script><style>p{}</style><iframe src=https://a.example></iframe>", "een"},
		"html, form":      {"", "<form action=https://a.example><input name=x>een</form>", "een"},
		"html, whole doc": {"", "<!doctype html><html><head><title>t</title></head><body><p>een</p></body></html>", "een"},
		"nothing":         {"", " ", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			from, source := fromMarkdown, tt.markdown
			if tt.html != "" {
				from, source = fromHTML, tt.html
			}
			root, err := from(source)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, plainText(root)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestHTMLIsSanitised(t *testing.T) {
	l := letter("nl")
	l.HTML = `<p style="color:#ff0000;position:fixed;background:url(https://evil.example/x)" class="colophon" onclick="x()">rood</p>
<img src="https://a.example/b.png" alt="Berg" onerror="x()"><svg onload="x()"></svg><object data="https://a.example"></object><base href="https://evil.example/"><link rel="stylesheet" href="https://evil.example/x.css"><meta http-equiv="refresh" content="0">`
	page := string(mustCampaign(t, l).AppendHTML(nil, copyFor("Zoë")))
	body := page[strings.Index(page, `class="card"`):]
	for _, bad := range []string{"onclick", "onerror", "onload", "position", "url(", "<svg", "<object", "<base", "<link", "http-equiv", "evil.example"} {
		if strings.Contains(body, bad) {
			t.Errorf("%q got through (A.19)", bad)
		}
	}
	for _, good := range []string{`color: #ff0000`, `src="https://a.example/b.png"`, `alt="Berg"`} {
		if !strings.Contains(body, good) && !strings.Contains(body, strings.ReplaceAll(good, ": ", ":")) {
			t.Errorf("%q was lost", good)
		}
	}
}

// Cells of HTML of one's own stand below each other on a phone where its author says so by
// the layout's own class; all other classes are gone (A.19, ADR 70).
func TestColumnsOfOwnHTMLStackOnAPhone(t *testing.T) {
	l := letter("nl")
	l.HTML = `<table class="columns" width="100%"><tr><td class="column" width="50%" style="padding:0">een</td><td class="column colophon" width="50%">twee</td></tr></table><table class="card"><tr><td>drie</td></tr></table>`
	page := string(mustCampaign(t, l).AppendHTML(nil, copyFor("Zoë")))
	for _, want := range []string{`class="columns"`, `class="column"`} {
		if !strings.Contains(page, want) {
			t.Errorf("%s is missing", want)
		}
	}
	if !regexp.MustCompile(`\.card \.columns \.column \{\s*display: block`).MatchString(page) {
		t.Error("no style puts the cells below each other")
	}
	for _, bad := range []string{`class="column colophon"`, `<table class="card"><tbody><tr><td>drie`} {
		if strings.Contains(page, bad) {
			t.Errorf("%s is there", bad)
		}
	}
	if l.HTML = `<p>een</p>`; strings.Contains(string(mustCampaign(t, l).AppendHTML(nil, copyFor("Zoë"))), ".columns") {
		t.Error("a mail without columns carries their styles")
	}
}

func TestInternationalHostIsWrittenInASCII(t *testing.T) {
	for _, read := range []struct {
		from func(string) (string, error)
	}{{func(s string) (string, error) { n, err := fromMarkdown("[x](" + s + ")"); return plainText(n), err }},
		{func(s string) (string, error) {
			n, err := fromHTML(`<a href="` + s + `">x</a>`)
			return plainText(n), err
		}}} {
		got, err := read.from("https://münchen.example/a")
		if err != nil || got != "x <https://xn--mnchen-3ya.example/a>" {
			t.Errorf("%q, %v", got, err)
		}
	}
}

func TestEveryBrandReachesContrastInLightAndDark(t *testing.T) {
	for _, brand := range []string{"#b8400e", "#ffff00", "#000000", "#ffffff", "#00ff88", "#808080", "#2447b8", "", "red", "#12345g"} {
		p := newPalette(brand)
		must := func(name string, a, b string, want float64) {
			ca, _ := parseColour(a)
			cb, _ := parseColour(b)
			if got := ca.contrast(cb); got < want {
				t.Errorf("%s %q: %s on %s is %.2f", brand, name, a, b, math.Floor(got*100)/100)
			}
		}
		must("button", "#ffffff", string(p.Accent), 4.5)
		must("link", string(p.Text), "#ffffff", 4.5)
		must("link on ground", string(p.Text), string(p.Ground), 4.5)
		must("footer", "#54565b", string(p.Ground), 4.5)
		must("wording", "#1b1c1e", string(p.Soft), 4.5)
		must("dark button", "#ffffff", string(p.DarkAccent), 4.5)
		must("dark link", string(p.DarkText), string(p.DarkCard), 4.5)
		must("dark brand", string(p.DarkText), string(p.DarkGround), 4.5)
		must("dark footer", "#babdc2", string(p.DarkGround), 4.5)
		must("dark wording", "#f1f2f3", string(p.DarkSoft), 4.5)
	}
}

// What an author writes can become one of our marks only after the check of
// its source: tags, emphasis and character references keep it apart until then.
func TestNoMarkIsMadeOfPieces(t *testing.T) {
	for name, content := range map[string]struct{ markdown, html string }{
		"emphasis":            {markdown: "zqs**lot9999z**"},
		"escape":              {markdown: `zqs&#108;ot9999z`},
		"tags":                {html: "<p>zqs<b>lot0042z</b></p>"},
		"character reference": {html: "<p>zqs&#108;ot9999z</p>"},
		"in a link":           {html: `<a href="https://a.example/zqs&#108;ot9999z">x</a>`},
		"in an attribute":     {html: `<img src="https://a.example/x.png" alt="zqs&#108;ot9999z">`},
	} {
		t.Run(name, func(t *testing.T) {
			l := letter("nl")
			l.Markdown, l.HTML = content.markdown, content.html
			if _, err := newComposer(t).Campaign(l); akkoord.CodeOf(err) != "template_invalid" {
				t.Errorf("composed with error %v, want template_invalid", err)
			}
		})
	}
}

// No content keeps the process busy for long (P33): these took seconds to half
// a minute each.
func TestIntricateMarkdownIsRefused(t *testing.T) {
	table := strings.Repeat("|a", 99) + "\n" + strings.Repeat("|-", 99) + "\n" + strings.Repeat("a\n", 150) + "\n"
	for name, source := range map[string]string{
		"quotes in quotes": strings.Repeat(">", 100_000),
		"lists in lists":   strings.Repeat("- ", 50_000),
		"wide table":       strings.Repeat("|a", 3000) + "\n" + strings.Repeat("|-", 3000) + "\n" + strings.Repeat("|\n", 3000),
		"many tables":      strings.Repeat(table, 200),
		"emphasis":         strings.Repeat("*a_", 30_000),
		"open links":       strings.Repeat("[a](", 20_000),
	} {
		if _, err := fromMarkdown(source); akkoord.CodeOf(err) != "markdown_intricate" {
			t.Errorf("%s: %v", name, err)
		}
	}
	usual := strings.Repeat("> **Tip**: [boek](https://a.example/b) *nu*\n", 100) + "\n" + strings.Repeat("| a | b | c |\n| - | - | - |\n"+strings.Repeat("| 1 | 2 | 3 |\n", 100)+"\n", 5)
	if _, err := fromMarkdown(usual); err != nil {
		t.Errorf("a usual mail: %v", err)
	}
}
