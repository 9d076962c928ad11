package mailer

import (
	"strings"
	"testing"

	"akkoord"
	"akkoord/goldentest"
)

// inBlocks is a letter of every kind of block.
func inBlocks(blocks ...akkoord.Block) Letter {
	l := letter("nl")
	l.Markdown, l.Blocks = "", akkoord.FormatBlocks(blocks)
	return l
}

var allBlocks = []akkoord.Block{
	{Kind: akkoord.BlockHeading, Level: 1, Text: "Sneeuw, {{name | reiziger}} & meer <b>"},
	{Kind: akkoord.BlockText, Text: "De pistes **openen** op 28 november.\n\n- trein\n- bus"},
	{Kind: akkoord.BlockImage, Image: "https://www.zonvaart.example/img/zon.jpg", Alt: "Twee skiërs", URL: "https://www.zonvaart.example/zon?van={{email}}"},
	{Kind: akkoord.BlockButton, Text: "Naar de hotels", URL: "https://www.zonvaart.example/hotels?a=1&b=2", Topic: "wintersport"},
	{Kind: akkoord.BlockColumns, Columns: [][]akkoord.Block{
		{{Kind: akkoord.BlockHeading, Text: "Links", Level: 3}, {Kind: akkoord.BlockText, Text: "Tirol"}},
		{{Kind: akkoord.BlockImage, Image: "https://www.zonvaart.example/img/b.jpg"}, {Kind: akkoord.BlockText, Text: "Wallis"}},
	}},
	{Kind: akkoord.BlockDivider},
	{Kind: akkoord.BlockOffer, Title: "Obertauern", Text: "Acht dagen, *met de trein*.", Price: "vanaf € 589", Image: "https://www.zonvaart.example/img/o.jpg", Alt: "Hotel", URL: "https://www.zonvaart.example/o", Label: "Bekijk het hotel"},
	{Kind: akkoord.BlockFooter},
}

// TestAMailInBlocksReachesEverybody: the same mail in tables that Outlook lays out and
// phones stack, and as text with all of its words and addresses; with the footer, as
// any mail has it (issue 6.6, A.10, M5, M11, L.3).
func TestAMailInBlocksReachesEverybody(t *testing.T) {
	raw := mustCampaign(t, inBlocks(allBlocks...)).Append(nil, copyFor("Anouk"))
	if err := checkWire(raw); err != nil {
		t.Error(err)
	}
	goldentest.Check(t, "golden/blocks.nl.eml", raw)
	_, text, html := mustRead(t, raw)
	for _, want := range []string{
		"Sneeuw, Anouk & meer <b>\n====", "De pistes openen", "- trein", "[Twee skiërs] <https://www.zonvaart.example/zon?van=anouk%40voorbeeld.example>", "Naar de hotels <https://www.zonvaart.example/hotels?a=1&b=2>",
		"Links", "Tirol", "Wallis", "* * *", "Obertauern", "vanaf € 589", "Bekijk het hotel <https://www.zonvaart.example/o>", "Oudegracht 118", "/unsubscribe/",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the text part lacks %q:\n%s", want, text)
		}
	}
	for _, want := range []string{
		"Sneeuw, Anouk &amp; meer &lt;b&gt;", `href="https://www.zonvaart.example/hotels?a=1&amp;b=2"`, `width="518"`, `width="50%"`, `alt=""`, "<strong>openen</strong>", "/unsubscribe/", "Oudegracht 118",
	} {
		if !strings.Contains(html, want) {
			t.Errorf("the HTML part lacks %q", want)
		}
	}
	if strings.Contains(html, "topic:") || strings.Contains(html, "<script") {
		t.Error("the HTML part tells readers of topics, or has a script")
	}
}

// TestBlocksCanNotSayMoreThanMarkdownCan: what an author writes into a block is text;
// no address opens anything by itself, and nothing reaches the footer (A.17, L29, M5).
func TestBlocksCanNotSayMoreThanMarkdownCan(t *testing.T) {
	for code, b := range map[string]akkoord.Block{
		"link_refused":     {Kind: akkoord.BlockButton, Text: "x", URL: "javascript:alert(1)"},
		"link_refused ":    {Kind: akkoord.BlockImage, Image: "data:image/png;base64,AAAA"},
		"link_refused  ":   {Kind: akkoord.BlockImage, Image: "/relative.png"},
		"link_refused   ":  {Kind: akkoord.BlockButton, Text: "x", URL: "https://{{name}}.example/"},
		"unknown_field":    {Kind: akkoord.BlockHeading, Text: "{{age}}"},
		"template_invalid": {Kind: akkoord.BlockHeading, Text: "a " + akkoord.ReservedWord + "0001z"},
	} {
		if _, err := newComposer(t).Campaign(inBlocks(b)); akkoord.CodeOf(err) != strings.TrimSpace(code) {
			t.Errorf("%+v: %v", b, err)
		}
	}
	evil := `</td></tr></table><style>.colophon{display:none}</style><script>x()</script>`
	l := inBlocks(akkoord.Block{Kind: akkoord.BlockText, Text: evil}, akkoord.Block{Kind: akkoord.BlockOffer, Title: evil, Text: evil, Price: evil, Label: evil, URL: "https://a.example/" + `"><b>`},
		akkoord.Block{Kind: akkoord.BlockImage, Image: "https://a.example/a.png", Alt: `"><script>`})
	_, _, html := mustRead(t, mustCampaign(t, l).Append(nil, copyFor("<script>y()</script>")))
	if strings.Contains(html, "<script") || strings.Contains(html, ".colophon{display") && !strings.Contains(html, "&lt;style&gt;") || strings.Count(html, "<style") != 1 {
		t.Errorf("%s", html)
	}
	if !strings.Contains(html, "Oudegracht 118") {
		t.Error("the footer is gone")
	}
}

// TestLinksOfBlocksAreCountedAsAnyOther: with their topics, and none where nobody
// counts (M22).
func TestLinksOfBlocksAreCountedAsAnyOther(t *testing.T) {
	l := inBlocks(allBlocks...)
	var got []akkoord.MailLink
	l.Track = func(links []akkoord.MailLink) ([]int64, error) {
		got = links
		return make([]int64, len(links)), nil
	}
	mustCampaign(t, l)
	if len(got) != 4 || got[0] != (akkoord.MailLink{URL: "https://www.zonvaart.example/hotels?a=1&b=2", Topic: "wintersport"}) || got[1].URL != "https://www.zonvaart.example/o" || got[2].URL != got[1].URL || got[3].URL != "" {
		t.Errorf("%+v", got)
	}
}

// TestReadersGetTheBlocksThatAreForThem: in both parts, while an author sees them all
// (issue 6.6).
func TestReadersGetTheBlocksThatAreForThem(t *testing.T) {
	l := inBlocks(akkoord.Block{Kind: akkoord.BlockText, Text: "Voor iedereen"}, akkoord.Block{Kind: akkoord.BlockText, Text: "Sneeuw", Only: "wintersport"},
		akkoord.Block{Kind: akkoord.BlockButton, Text: "Zon", URL: "https://www.zonvaart.example/zon", Except: "wintersport"})
	for _, tt := range []struct {
		name       string
		everything bool
		interests  []string
		sneeuw     bool
		zon        bool
	}{
		{"nothing chosen", false, nil, false, true},
		{"snow chosen", false, []string{"wintersport"}, true, false},
		{"an author", true, nil, true, true},
	} {
		l.Everything, l.Interests = tt.everything, tt.interests
		raw := mustCampaign(t, l).Append(nil, copyFor("Anouk"))
		if err := checkWire(raw); err != nil {
			t.Error(err)
		}
		_, text, html := mustRead(t, raw)
		for _, part := range []string{text, html} {
			if !strings.Contains(part, "Voor iedereen") || strings.Contains(part, "Sneeuw") != tt.sneeuw || strings.Contains(part, "Zon\n") || strings.Contains(part, "zonvaart.example/zon") != tt.zon {
				t.Errorf("%s: the mail is\n%s", tt.name, part)
			}
		}
	}
}
