package mailer

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

const linked = `[Ski](https://www.zonvaart.example/ski?a=1&b=2 "topic:wintersport"), [zon](https://www.zonvaart.example/zon "Naar de zon"),
[van u](https://www.zonvaart.example/mijn?n={{name}}), [bel](tel:+31301234567), https://www.zonvaart.example/stad`

// Contract, Mails; M22: whoever said nothing gets the author's URLs unchanged,
// and no link of ours but those of the footer. Topics are shown to nobody.
func TestUntrackedLinksStayAsTheyAre(t *testing.T) {
	l := letter("nl")
	l.Markdown = linked
	_, text, html := mustRead(t, mustCampaign(t, l).Append(nil, copyFor("Zoë")))
	for _, url := range []string{"https://www.zonvaart.example/ski?a=1&b=2", "https://www.zonvaart.example/zon", "tel:+31301234567", "https://www.zonvaart.example/stad"} {
		if !strings.Contains(text, url[strings.LastIndexByte(url, ':')+1:]) || !strings.Contains(html, `href="`+strings.ReplaceAll(url, "&", "&amp;")+`"`) {
			t.Errorf("%s is not as it was written", url)
		}
	}
	if all := text + html; strings.Contains(all, "topic:") || strings.Contains(all, "/click/") || strings.Contains(all, "display:none\" aria-hidden=\"true\"><a") || !strings.Contains(html, `title="Naar de zon"`) {
		t.Errorf("%s\n%s", text, html)
	}
}

// M16: whoever let their clicks be counted gets signed addresses in both parts,
// and a decoy that nobody sees.
func TestTrackedLinksAreSlots(t *testing.T) {
	l := letter("nl")
	l.Markdown = linked
	var asked []akkoord.MailLink
	l.Track = func(links []akkoord.MailLink) ([]int64, error) {
		asked = links
		return []int64{11, 12, 13, 14}, nil
	}
	c := copyFor("Zoë")
	c.Click = func(number int64) string { return "https://mail.zonvaart.example/click/" + string(rune('a'+number)) }
	_, text, html := mustRead(t, mustCampaign(t, l).Append(nil, c))
	want := []akkoord.MailLink{{URL: "https://www.zonvaart.example/ski?a=1&b=2", Topic: "wintersport"}, {URL: "https://www.zonvaart.example/zon"}, {URL: "https://www.zonvaart.example/stad"}, {}}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
	for _, letter := range "lmn" {
		url := "https://mail.zonvaart.example/click/" + string(letter)
		if !strings.Contains(text, "<"+url+">") || !strings.Contains(html, `href="`+url+`"`) {
			t.Errorf("%s is not in both parts:\n%s\n%s", url, text, html)
		}
	}
	if strings.Contains(text, "/click/o") || !strings.Contains(html, `href="https://mail.zonvaart.example/click/o" tabindex="-1"`) {
		t.Errorf("the decoy:\n%s\n%s", text, html)
	}
	if !strings.Contains(html, "https://www.zonvaart.example/mijn?n=Zo%C3%AB") || !strings.Contains(html, `href="tel:+31301234567"`) || strings.Contains(html, "topic:") {
		t.Errorf("what is not counted:\n%s", html)
	}
}

func TestATopicIsASlug(t *testing.T) {
	l := letter("nl")
	l.Markdown = `[Ski](https://www.zonvaart.example/ski "topic:Winter sport")`
	if _, err := newComposer(t).Campaign(l); akkoord.CodeOf(err) != "slug_invalid" {
		t.Error(err)
	}
}
