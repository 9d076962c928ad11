package mailer

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"akkoord"
)

// topicMark begins the title of a link that names a topic, in Markdown
// [text](https://www.example.org/ski "topic:wintersport").
const topicMark = "topic:"

// links takes the topics of a body's links out of it, so that no reader sees
// them, and, where they are counted, puts a gap for each person's own address
// in the place of each. It gives the decoy that follows the body: a link that
// programs follow and nobody sees. A link with a field in its URL, or of another
// scheme, stays as it is.
func (l Letter) links(body *html.Node, gaps *marks) (decoy string, err error) {
	var places []*html.Attribute
	var found []akkoord.MailLink
	for n := range body.Descendants() {
		if n.DataAtom != atom.A {
			continue
		}
		topic, err := takeTopic(n)
		if err != nil {
			return "", err
		}
		i := slices.IndexFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "href" })
		if i >= 0 && countable(n.Attr[i].Val) {
			places, found = append(places, &n.Attr[i]), append(found, akkoord.MailLink{URL: n.Attr[i].Val, Topic: topic})
		}
	}
	if l.Track == nil || len(found) == 0 {
		return "", nil
	}
	numbers, err := l.Track(append(found, akkoord.MailLink{}))
	if err != nil {
		return "", err
	}
	gap := func(number int64) string { return gaps.addSlot(slot{kind: slotLink, link: number}) }
	for i, a := range places {
		a.Val = gap(numbers[i])
	}
	return `<div style="display:none" aria-hidden="true"><a href="` + gap(numbers[len(places)]) + `" tabindex="-1"></a></div>`, nil
}

func countable(url string) bool {
	return (strings.HasPrefix(url, "https://") || strings.HasPrefix(url, "http://")) && !strings.Contains(url, markStart) && len(url) <= akkoord.Limits.FilterText
}

// takeTopic gives the topic of a link and takes it out of its title.
func takeTopic(n *html.Node) (string, error) {
	i := slices.IndexFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "title" && strings.HasPrefix(a.Val, topicMark) })
	if i < 0 {
		return "", nil
	}
	topic := strings.TrimSpace(strings.TrimPrefix(n.Attr[i].Val, topicMark))
	n.Attr = slices.Delete(n.Attr, i, i+1)
	return topic, akkoord.CheckSlug("topic", topic)
}
