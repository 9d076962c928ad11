package server_test

import (
	"context"
	"crypto/rand"
	"encoding/xml"
	"net/http"
	netmail "net/mail"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"akkoord"
	"akkoord/goldentest"
	"akkoord/mailer"
	"akkoord/server"
)

// newPress is a site that draws mails as the program does, with one reader.
func newPress(t testing.TB, change ...func(*server.Config)) *site {
	t.Helper()
	composer, err := mailer.NewComposer(os.DirFS("../templates"), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	press := &mailer.Press{Composer: composer, Sender: mailer.Sender{
		From: netmail.Address{Name: "Zonvaart Reizen", Address: "reis@zonvaart.example"}, Controller: "Zonvaart Reizen B.V.",
		PostalAddress: "Kade 1, Utrecht", PrivacyContact: "privacy@zonvaart.example", BaseURL: "http://127.0.0.1:8080",
	}}
	s := newSite(t, append(change, func(c *server.Config) { c.View = press })...)
	press.Catalog, press.Links, press.Key, press.Now = s.store, s.links, s.keys.Derive("message-id"), s.clock.Now
	s.subscribe("lezer@voorbeeld.example", "travel-news")
	return s
}

// open lets everybody read the travel news.
func (s *site) open() akkoord.Purpose {
	s.t.Helper()
	p, err := s.store.SetPublicArchive(s.t.Context(), akkoord.ActorSystem, "travel-news", true)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

// send sends a mailing to all of its audience.
func (s *site) send(m akkoord.Mailing) akkoord.Mailing {
	s.t.Helper()
	check := func(err error) {
		if err != nil {
			s.t.Fatal(err)
		}
	}
	ctx := s.t.Context()
	m.CampaignID = s.campaign.ID
	m, err := s.store.PutMailing(ctx, akkoord.ActorSystem, m)
	check(err)
	s.clock.add(time.Hour)
	_, err = s.store.StartMailing(ctx, akkoord.ActorSystem, m.PublicID)
	check(err)
	for {
		w, err := s.store.Claim(ctx)
		check(err)
		if w == nil {
			break
		}
		for i := range w.Recipients {
			check(s.store.Mark(w, i, s.clock.Now()))
			s.store.Note(w, i, akkoord.Result{State: akkoord.Sent, Code: "250", Attempts: 1, At: s.clock.Now(), FirstAt: s.clock.Now()})
		}
		check(s.store.Release(ctx, w))
	}
	m, err = s.store.MailingByID(ctx, m.ID)
	check(err)
	if m.State != akkoord.MailingSent {
		s.t.Fatalf("the mailing is %s", m.State)
	}
	return m
}

func at(m akkoord.Mailing) string { return "/archive/travel-news/" + m.PublicID.String() }

const feedPath = "/archive/travel-news/feed.xml"

// parsed is a feed as encoding/xml reads it.
type parsed struct {
	XMLName xml.Name `xml:"rss"`
	Version string   `xml:"version,attr"`
	Channel struct {
		Title       string `xml:"title"`
		Links       []link `xml:"link"`
		Description string `xml:"description"`
		Language    string `xml:"language"`
		Items       []struct {
			Title string `xml:"title"`
			Link  string `xml:"link"`
			GUID  struct {
				Permalink string `xml:"isPermaLink,attr"`
				Name      string `xml:",chardata"`
			} `xml:"guid"`
			Date        string `xml:"pubDate"`
			Description string `xml:"description"`
			Content     string `xml:"http://purl.org/rss/1.0/modules/content/ encoded"`
		} `xml:"item"`
	} `xml:"channel"`
}

type link struct {
	XMLName xml.Name
	Text    string `xml:",chardata"`
	Href    string `xml:"href,attr"`
	Rel     string `xml:"rel,attr"`
}

func (s *site) feed(path string) parsed {
	s.t.Helper()
	a := s.get(path)
	if a.Status != http.StatusOK || a.Header.Get("Content-Type") != "application/rss+xml; charset=utf-8" {
		s.t.Fatalf("the feed: %d %s", a.Status, a.Header.Get("Content-Type"))
	}
	var f parsed
	if err := xml.Unmarshal([]byte(a.Body), &f); err != nil {
		s.t.Fatal(err)
	}
	return f
}

// Issue 6: without the switch there is nothing, and nothing tells a purpose without an
// archive from one that is archived, or from none at all.
func TestWhatIsNoPublicArchiveIsNothing(t *testing.T) {
	s := newPress(t)
	m := s.send(akkoord.Mailing{Content: akkoord.Content{Subject: "Sneeuw", Markdown: "Hallo"}})
	const unknown = "/archive/unknown"
	same := func(when string) {
		t.Helper()
		for _, rest := range []string{"", "/feed.xml", "/" + m.PublicID.String()} {
			for _, as := range []header{{"Accept", "text/html"}, asJSON} {
				want, got := s.get(unknown+rest, as), s.get("/archive/travel-news"+rest, as)
				if want.Status != http.StatusNotFound {
					t.Fatalf("%s: %d", unknown+rest, want.Status)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s %s: %s", when, rest, diff)
				}
			}
		}
	}
	same("off")
	s.open()
	if a := s.get("/archive/travel-news"); a.Status != http.StatusOK || !strings.Contains(a.Body, "Sneeuw") {
		t.Fatalf("on: %d", a.Status)
	}
	draft, err := s.store.PutMailing(t.Context(), akkoord.ActorSystem, akkoord.Mailing{CampaignID: s.campaign.ID, Content: akkoord.Content{Subject: "Dooi", Markdown: "Hallo"}})
	if err != nil {
		t.Fatal(err)
	}
	want := s.get("/archive/travel-news/" + akkoord.ID{7}.String())
	const before = "/archive/travel-news?before="
	for _, path := range []string{"/archive/ski-offers/" + m.PublicID.String(), "/archive/travel-news/x", before + "x", before + (akkoord.ID{7}).String(), before + draft.PublicID.String()} {
		if diff := cmp.Diff(want, s.get(path)); diff != "" || want.Status != http.StatusNotFound {
			t.Errorf("%s: %s", path, diff)
		}
	}
	s.archive("travel-news")
	same("archived")
}

// Issue 6, M16, M22: a stranger sees what a person of whom nothing is known would: no
// name, no address, no block of an interest, no link that is somebody's and none that
// counts; the mails of two readers and the page differ in all of that.
func TestABackIssueIsNobodys(t *testing.T) {
	s := newPress(t)
	reader := s.subscribe("zoe@voorbeeld.example", "travel-news")
	chosen := []string{"wintersport"}
	name := "Zoë Zonderling"
	if err := s.store.SetProfile(t.Context(), reader.PublicID, akkoord.Profile{Name: &name, Interests: &chosen}, akkoord.Origin{Source: "preferences", Actor: akkoord.ActorPerson}); err != nil {
		t.Fatal(err)
	}
	if err := s.store.Track(t.Context(), reader.PublicID, s.purposes["travel-news"].ID, true, akkoord.Origin{Source: "preferences", Actor: akkoord.ActorPerson}); err != nil {
		t.Fatal(err)
	}
	m := s.send(akkoord.Mailing{Content: akkoord.Content{
		Subject: `{{name | default: "Reiziger"}}, sneeuw voor {{email}}`, Preheader: `Dag {{name}}`,
		Blocks: akkoord.FormatBlocks([]akkoord.Block{
			{Kind: akkoord.BlockText, Text: `Beste {{name | default: "lezer"}} <{{email}}>, [lees](https://www.zonvaart.example/sneeuw?wie={{name}})`},
			{Kind: akkoord.BlockText, Text: "Alleen voor skiers", Only: "wintersport"},
			{Kind: akkoord.BlockText, Text: "Voor wie niet skiet", Except: "wintersport"},
			{Kind: akkoord.BlockButton, Text: "Boek", URL: "https://www.zonvaart.example/boek", Topic: "wintersport"},
		}),
	}})
	s.open()
	page, feed, list := s.get(at(m)+"?locale=nl"), s.get(feedPath), s.get("/archive/travel-news?locale=nl")
	for which, a := range map[string]answer{"the page": page, "the feed": feed, "the list": list} {
		if a.Status != http.StatusOK {
			t.Fatalf("%s: %d", which, a.Status)
		}
		for _, forbidden := range []string{"Zoë", "Zonderling", "zoe@", "Alleen voor skiers", "/click/", "/unsubscribe/", "/preferences/", "/view/", "topic:", reader.PublicID.String(), "zqslot", "{{"} {
			if strings.Contains(a.Body, forbidden) {
				t.Errorf("%s has %q", which, forbidden)
			}
		}
		if !strings.Contains(a.Body, "Reiziger, sneeuw voor") {
			t.Errorf("%s lacks the subject", which)
		}
	}
	for _, want := range []string{"Beste lezer", "Voor wie niet skiet", `href="https://www.zonvaart.example/boek"`, "sneeuw?wie=", "Verstuurd op 24 november 2026", `href="http://127.0.0.1:8080/f/home?locale=nl"`, "Kade 1, Utrecht"} {
		if !strings.Contains(page.Body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if got := page.Header.Get("Content-Security-Policy"); !strings.Contains(got, "sandbox") || strings.Contains(got, "script") || strings.Contains(got, "allow-same-origin") {
		t.Errorf("the page runs under %q (L4)", got)
	}
	if page.Header.Get("X-Robots-Tag") != "noindex, nofollow" || page.Header.Get("Set-Cookie") != "" || !strings.Contains(page.Header.Get("Link"), feedPath+`?locale=nl>; rel="alternate"`) {
		t.Errorf("%v", page.Header)
	}
}

// Issue 6: scripts in what is stored stay words, in pages and in what feed readers draw.
func TestHostileBackIssuesAreInert(t *testing.T) {
	s := newPress(t)
	const evil = `<script>alert(1)</script><img src=x onerror=alert(1)>`
	m := s.send(akkoord.Mailing{Content: akkoord.Content{
		Subject: evil + ` ]]> "'`, Preheader: evil,
		HTML: `<p onclick="alert(1)" style="background:url(javascript:alert(1))">Hallo ]]&gt;</p>` + evil + `<a href="https://www.zonvaart.example/" onmouseover="x()">hier</a><iframe src="https://evil.example"></iframe><form action="/f/home"><input name="email"></form><style>p{color:red}</style>`,
	}})
	s.open()
	feed := s.feed(feedPath)
	if len(feed.Channel.Items) != 1 || feed.Channel.Items[0].Title != evil+` ]]> "'` {
		t.Fatalf("the feed has %+v", feed.Channel.Items)
	}
	for which, body := range map[string]string{
		"the page": s.get(at(m)).Body, "the list": s.get("/archive/travel-news").Body,
		"the feed's content": feed.Channel.Items[0].Content, "the feed's description": feed.Channel.Items[0].Description,
	} {
		doc, err := html.Parse(strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for n := range doc.Descendants() {
			if n.Type != html.ElementNode {
				continue
			}
			switch n.Data {
			case "script", "iframe", "form", "input", "object":
				t.Errorf("%s has a <%s>", which, n.Data)
			}
			for _, a := range n.Attr {
				if strings.HasPrefix(a.Key, "on") || strings.Contains(a.Val, "javascript:") || n.Data == "img" && a.Key == "src" && a.Val == "x" {
					t.Errorf("%s has %s=%q", which, a.Key, a.Val)
				}
			}
		}
	}
}

// M24: a back issue is read in each language that it has, with words around it in the
// reader's; a test's winner is the one that is read.
func TestABackIssueIsReadInItsLanguages(t *testing.T) {
	s := newPress(t)
	m := s.send(akkoord.Mailing{
		Content: akkoord.Content{Subject: "Sneeuw", Markdown: "Er ligt sneeuw.", Languages: map[string]akkoord.Translation{"en": {Content: akkoord.Content{Subject: "Snow", Markdown: "There is snow."}}}},
	})
	dutch := s.send(akkoord.Mailing{Content: akkoord.Content{Markdown: "Dooi."}, Variants: []akkoord.Variant{{Name: "a", Content: akkoord.Content{Subject: "Het dooit"}}, {Name: "b", Content: akkoord.Content{Subject: "Modder", Languages: map[string]akkoord.Translation{"en": {Content: akkoord.Content{Subject: "Mud"}}}}}}})
	s.open()
	for _, tt := range []struct {
		path     string
		as       header
		has, not string
	}{
		{at(m), header{"Accept-Language", "nl"}, "Er ligt sneeuw.", "There is snow."},
		{at(m), header{"Accept-Language", "en"}, "There is snow.", "Er ligt sneeuw."},
		{at(m) + "?locale=nl", header{"Accept-Language", "en"}, `hreflang="en"`, "There is snow."},
		{at(m) + "?locale=fr", header{"Accept-Language", "en"}, "There is snow.", "Er ligt"},
		{at(dutch) + "?locale=en", header{"Accept-Language", "en"}, "All mails of travel-news", "hreflang"}, // the other variant's translation is none
		{at(dutch) + "?locale=en", header{"Accept-Language", "en"}, `<h1 lang="nl"`, "Modder"},
		{"/archive/travel-news?locale=en", header{"Accept-Language", "nl"}, `<h2 lang="nl"><a href="` + at(dutch) + `?locale=en">Het dooit</a>`, "Modder"},
		{"/archive/travel-news?locale=en", header{"Accept-Language", "nl"}, `<h2><a href="` + at(m) + `?locale=en">Snow</a>`, "Sneeuw"},
		{feedPath, header{"Accept-Language", "en"}, "Er ligt sneeuw.", "There is snow."},
		{feedPath + "?locale=en", header{"Accept-Language", "nl"}, "There is snow.", "Er ligt sneeuw."},
	} {
		if a := s.get(tt.path, tt.as); a.Status != http.StatusOK || !strings.Contains(a.Body, tt.has) || strings.Contains(a.Body, tt.not) {
			t.Errorf("%s of who reads %s: %d, has %q %v, has %q %v", tt.path, tt.as[1], a.Status, tt.has, strings.Contains(a.Body, tt.has), tt.not, strings.Contains(a.Body, tt.not))
		}
	}
}

// Issue 6: the list goes back page by page; the feed has the newest twenty, is the same
// while nothing changes, and tells who asks again that it is.
func TestAFeedIsFollowed(t *testing.T) {
	s := newPress(t)
	var all []akkoord.Mailing
	for range 22 {
		all = append(all, s.send(akkoord.Mailing{Content: akkoord.Content{Subject: "Sneeuw", Preheader: "Vers & koud", Markdown: "Hallo"}}))
	}
	s.open()
	list := s.get("/archive/travel-news?locale=nl")
	older := regexp.MustCompile(`href="(/archive/travel-news\?before=[^"]*)" rel="next"`).FindStringSubmatch(list.Body)
	if older == nil || strings.Count(list.Body, `href="/archive/travel-news/0`) != 20 || !strings.Contains(list.Body, at(all[21])) {
		t.Fatalf("the first page: %s", list.Body)
	}
	if rest := s.get(strings.ReplaceAll(older[1], "&amp;", "&")); strings.Count(rest.Body, `href="/archive/travel-news/0`) != 2 || !strings.Contains(rest.Body, at(all[0])) || strings.Contains(rest.Body, `rel="next"`) {
		t.Errorf("the second page: %s", rest.Body)
	}
	f := s.feed(feedPath)
	if f.Version != "2.0" || f.Channel.Title != "Reisnieuws – Zonvaart Reizen B.V." || f.Channel.Language != "nl" || f.Channel.Description == "" || len(f.Channel.Items) != 20 {
		t.Errorf("the feed is %+v", f)
	}
	if want := (link{xml.Name{Space: "http://www.w3.org/2005/Atom", Local: "link"}, "", "http://127.0.0.1:8080" + feedPath, "self"}); len(f.Channel.Links) != 2 || f.Channel.Links[1] != want || !strings.HasPrefix(f.Channel.Links[0].Text, "http://127.0.0.1:8080/archive/travel-news") {
		t.Errorf("its links are %+v", f.Channel.Links)
	}
	guids := map[string]bool{}
	for _, i := range f.Channel.Items {
		guids[i.GUID.Name] = true
		if _, err := time.Parse(time.RFC1123Z, i.Date); err != nil || i.GUID.Permalink != "false" || !strings.Contains(i.Content, "<p>Hallo</p>") || i.Description != "Vers &amp; koud" {
			t.Errorf("an item is %+v", i)
		}
		if a := s.get(strings.TrimPrefix(i.Link, "http://127.0.0.1:8080")); a.Status != http.StatusOK {
			t.Errorf("%s: %d", i.Link, a.Status)
		}
	}
	if len(guids) != 20 || !guids["urn:uuid:"+all[21].PublicID.String()] {
		t.Errorf("%d items have names of their own", len(guids))
	}
	a := s.get(feedPath)
	tag, modified := header{"If-None-Match", a.Header.Get("Etag")}, header{"If-Modified-Since", a.Header.Get("Last-Modified")}
	if tag[1] == "" || modified[1] == "" || a.Header.Get("Cache-Control") != "public, max-age=300" || a.Header.Get("Vary") != "" || a.Header.Get("X-Robots-Tag") == "" {
		t.Errorf("%v", a.Header)
	}
	for _, h := range []header{tag, modified} {
		if a := s.get(feedPath, h, header{"Accept-Language", "en"}); a.Status != http.StatusNotModified || a.Body != "" {
			t.Errorf("%s: %d", h[0], a.Status)
		}
	}
	s.clock.add(time.Minute)
	if _, err := s.store.ChooseArchive(t.Context(), akkoord.ActorSystem, all[21].PublicID, akkoord.ArchiveExclude); err != nil {
		t.Fatal(err)
	}
	for _, h := range []header{tag, modified} {
		if a := s.get(feedPath, h); a.Status != http.StatusOK || strings.Contains(a.Body, all[21].PublicID.String()) {
			t.Errorf("%s, once a mailing was left out: %d", h[0], a.Status)
		}
	}
	if a := s.get(at(all[21])); a.Status != http.StatusNotFound {
		t.Errorf("what was left out: %d", a.Status)
	}
}

// readings is a catalog that counts how often whole mailings are read for a list.
type readings struct {
	server.Catalog
	n atomic.Int64
}

func (r *readings) BackIssues(ctx context.Context, purposeID int64, before akkoord.ID, limit int) ([]akkoord.BackIssue, bool, error) {
	r.n.Add(1)
	return r.Catalog.BackIssues(ctx, purposeID, before, limit)
}

// Issue 6: a feed is written once for all who ask for it, however many at once, and anew
// when something of it changed.
func TestAFeedIsWrittenOnce(t *testing.T) {
	var read readings
	s := newPress(t, func(c *server.Config) {
		read.Catalog = c.Catalog
		c.Catalog = &read
	})
	m := s.send(akkoord.Mailing{Content: akkoord.Content{Subject: "{{campaign}}", Markdown: "Hallo", Languages: map[string]akkoord.Translation{"en": {Content: akkoord.Content{Subject: "{{campaign}}", Markdown: "Hello"}}}}})
	s.open()
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if a := s.get(feedPath); a.Status != http.StatusOK || !strings.Contains(a.Body, m.PublicID.String()) {
				t.Errorf("%d", a.Status)
			}
		})
	}
	all.Wait()
	last := s.get(feedPath)
	again := func(when string, want int64, has string) {
		t.Helper()
		a := s.get(feedPath)
		if b := s.get(feedPath, header{"If-None-Match", a.Header.Get("Etag")}); b.Status != http.StatusNotModified || !strings.Contains(a.Body, has) || (a.Header.Get("Etag") == last.Header.Get("Etag")) != (a.Body == last.Body) {
			t.Errorf("%s: %d, %s", when, b.Status, a.Body)
		}
		if got := read.n.Load(); got != want {
			t.Errorf("%s: it was written %d times, want %d", when, got, want)
		}
		last = a
	}
	again("as it is", 1, "Hallo")
	if a := s.get(feedPath + "?locale=en"); !strings.Contains(a.Body, "Hello") || strings.Contains(a.Body, "Hallo") {
		t.Errorf("in English it is %s", a.Body)
	}
	if a := s.get(feedPath + "?locale=nl"); !strings.Contains(a.Body, `feed.xml?locale=nl" rel="self"`) {
		t.Errorf("where Dutch is asked for it is %s", a.Body)
	}
	again("beside those in languages that were asked for", 3, "Hallo")
	c := s.campaign
	c.Name = "Lente & zon"
	var err error
	if s.campaign, err = s.store.PutCampaign(t.Context(), akkoord.ActorSystem, c); err != nil {
		t.Fatal(err)
	}
	again("the campaign has another name", 4, "<title>Lente &amp; zon</title>")
	s.send(akkoord.Mailing{Content: akkoord.Content{Subject: "Dooi", Markdown: "Water"}})
	again("a mailing went out", 5, "Water")
	texts := map[string]akkoord.PurposeText{"nl": {Name: "Reisbrief", Explanation: "Hiervoor.", Wording: "Ja, mail mij."}}
	if _, err := s.store.AddPurposeTexts(t.Context(), akkoord.ActorSystem, "travel-news", texts, akkoord.WordingChange{Kind: akkoord.WordingCorrection, Reason: "clearer words"}); err != nil {
		t.Fatal(err)
	}
	again("the purpose has another name", 6, "<title>Reisbrief – Zonvaart Reizen B.V.</title>")
}

// What strangers see of a mailing, byte for byte.
func TestBackIssueGoldens(t *testing.T) {
	s := newPress(t)
	m := s.send(akkoord.Mailing{Content: akkoord.Content{
		Subject: `{{name | default: "Reiziger"}}, de sneeuw ligt er`, Preheader: "Drie dorpen", Markdown: "# Sneeuw\n\nDag {{name | default: \"reiziger\"}}, [lees verder](https://www.zonvaart.example/sneeuw).",
		Languages: map[string]akkoord.Translation{"en": {Content: akkoord.Content{Subject: "Snow", Markdown: "# Snow\n\nIt is here."}}},
	}})
	s.open()
	hide := strings.NewReplacer(m.PublicID.String(), "00000000-0000-7000-8000-000000000000")
	for name, path := range map[string]string{"issue.nl.html": at(m) + "?locale=nl", "issue.en.html": at(m) + "?locale=en", "archive.nl.html": "/archive/travel-news?locale=nl", "feed.xml": feedPath} {
		goldentest.Check(t, "publicarchive/"+name, []byte(hide.Replace(s.get(path).Body)))
	}
}
