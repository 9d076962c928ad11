package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"html"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"akkoord"
)

// feedCache lets caches and readers ask for a feed every few minutes.
const feedCache = "public, max-age=300"

// rss is a feed of RSS 2.0, with the extensions that readers expect: atom:link for its
// own address, and content:encoded for what a mail says.
type rss struct {
	XMLName xml.Name   `xml:"rss"`
	Version string     `xml:"version,attr"`
	Atom    string     `xml:"xmlns:atom,attr"`
	Content string     `xml:"xmlns:content,attr"`
	Channel rssChannel `xml:"channel"`
}

type rssChannel struct {
	Title       string    `xml:"title"`
	Link        string    `xml:"link"`
	Description string    `xml:"description"`
	Language    string    `xml:"language"`
	Self        rssSelf   `xml:"atom:link"`
	Items       []rssItem `xml:"item"`
}

type rssSelf struct {
	Href string `xml:"href,attr"`
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr"`
}

type rssItem struct {
	Title       string  `xml:"title"`
	Link        string  `xml:"link"`
	GUID        rssGUID `xml:"guid"`
	Date        string  `xml:"pubDate"`
	Description string  `xml:"description,omitempty"` // HTML
	Content     string  `xml:"content:encoded,omitempty"`
}

// rssGUID names an item for ever, whatever its address.
type rssGUID struct {
	Permalink bool   `xml:"isPermaLink,attr"`
	Name      string `xml:",chardata"`
}

// feed answers GET /archive/{purpose}/feed.xml. Its language is the one that the address
// asks for, else the purpose's first: never the browser's, so that caches may keep it.
// One that was written before is sent again while nothing of it changed.
func (s *Server) feed(c echo.Context) error {
	p, err := s.archived(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	marks, err := s.Catalog.IssueMarks(ctx, p.ID, issuesShown)
	if err != nil {
		return hidden(err)
	}
	signUp, err := s.formFor(ctx, p)
	if err != nil {
		return err
	}
	locale := p.Language(query(c, "locale"))
	k := feedKey{p.ID, locale, locale == query(c, "locale")}
	from := feedSource{p.Version, p.PublicArchiveAt.UnixMicro(), signUp, s.site("").Brand, marks}
	f, ok := s.feeds.find(k, from)
	if !ok {
		if f, err = s.writtenFeed(ctx, k, p, from); err != nil {
			return hidden(err)
		}
	}
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, "application/rss+xml; charset=utf-8")
	h.Set("Etag", f.tag)
	h.Set(echo.HeaderCacheControl, feedCache)
	http.ServeContent(c.Response(), c.Request(), "", f.changed, bytes.NewReader(f.body))
	return nil
}

// writtenFeed writes a feed and keeps it, when it is its turn and nobody wrote it
// meanwhile.
func (s *Server) writtenFeed(ctx context.Context, k feedKey, p akkoord.Purpose, from feedSource) (writtenFeed, error) {
	if err := s.feeds.begin(ctx); err != nil {
		return writtenFeed{}, err
	}
	defer s.feeds.end()
	if f, ok := s.feeds.find(k, from); ok {
		return f, nil
	}
	issues, _, err := s.Catalog.BackIssues(ctx, p.ID, akkoord.ID{}, issuesShown)
	if err != nil {
		return writtenFeed{}, err
	}
	from.issues = nil // there may be others by now
	for _, i := range issues {
		from.issues = append(from.issues, i.Mark())
	}
	f, err := s.writeFeed(ctx, k, p, from, issues)
	if err == nil {
		s.feeds.keep(k, f)
	}
	return f, err
}

func (s *Server) writeFeed(ctx context.Context, k feedKey, p akkoord.Purpose, from feedSource, issues []akkoord.BackIssue) (writtenFeed, error) {
	name, self := p.Text(k.locale).Name, s.BaseURL+p.FeedPath()
	if k.asked {
		self += "?locale=" + k.locale
	}
	title := name
	if from.brand.Name != "" {
		title += " – " + from.brand.Name
	}
	channel := rssChannel{
		Title: title, Link: s.BaseURL + p.PublicArchivePath() + "?locale=" + k.locale, Description: s.Pages.T(k.locale, "public_archive.feed", "Name", name),
		Language: k.locale, Self: rssSelf{self, "self", "application/rss+xml"},
	}
	f := writtenFeed{from: from, changed: p.PublicArchiveAt}
	for _, i := range issues {
		if i.CompletedAt.After(f.changed) {
			f.changed = i.CompletedAt
		}
		subject, preheader := i.Headline(p, k.locale)
		item := rssItem{
			Title: subject, Link: s.BaseURL + i.Path(p) + "?locale=" + k.locale, GUID: rssGUID{Name: "urn:uuid:" + i.PublicID.String()},
			Date: i.StartedAt.UTC().Format(time.RFC1123Z), Description: html.EscapeString(preheader),
		}
		page, err := s.View.BackIssue(ctx, i, p, k.locale, from.signUp)
		if err != nil && akkoord.KindOf(err) == "" {
			return f, err
		}
		item.Content = page.Body // empty for what can't be drawn any more; the others stay
		channel.Items = append(channel.Items, item)
	}
	body := bytes.NewBufferString(xml.Header)
	if err := xml.NewEncoder(body).Encode(rss{Version: "2.0", Atom: "http://www.w3.org/2005/Atom", Content: "http://purl.org/rss/1.0/modules/content/", Channel: channel}); err != nil {
		return f, err
	}
	f.body = body.Bytes()
	sum := sha256.Sum256(f.body)
	f.tag = `"` + hex.EncodeToString(sum[:8]) + `"`
	return f, nil
}
