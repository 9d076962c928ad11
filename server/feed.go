package server

import (
	"bytes"
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
func (s *Server) feed(c echo.Context) error {
	p, err := s.archived(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	issues, _, err := s.Catalog.BackIssues(ctx, p.ID, akkoord.ID{}, issuesShown)
	if err != nil {
		return hidden(err)
	}
	signUp, err := s.formFor(ctx, p)
	if err != nil {
		return err
	}
	locale, self := p.Language(query(c, "locale")), s.BaseURL+p.FeedPath()
	if locale == query(c, "locale") {
		self += "?locale=" + locale
	}
	name, site := p.Text(locale).Name, s.site("")
	if site.Brand.Name != "" {
		name += " – " + site.Brand.Name
	}
	channel := rssChannel{
		Title: name, Link: s.BaseURL + p.PublicArchivePath() + "?locale=" + locale, Description: s.Pages.T(locale, "public_archive.feed", "Name", p.Text(locale).Name),
		Language: locale, Self: rssSelf{self, "self", "application/rss+xml"},
	}
	changed := p.PublicArchiveAt
	for _, i := range issues {
		if i.CompletedAt.After(changed) {
			changed = i.CompletedAt
		}
		subject, preheader := i.Headline(p, locale)
		item := rssItem{
			Title: subject, Link: s.BaseURL + i.Path(p) + "?locale=" + locale, GUID: rssGUID{Name: "urn:uuid:" + i.PublicID.String()},
			Date: i.StartedAt.UTC().Format(time.RFC1123Z), Description: html.EscapeString(preheader),
		}
		page, err := s.View.BackIssue(ctx, i, p, locale, signUp)
		if err != nil && akkoord.KindOf(err) == "" {
			return err
		}
		item.Content = page.Body // empty for what can't be drawn any more; the others stay
		channel.Items = append(channel.Items, item)
	}
	body, err := xml.Marshal(rss{Version: "2.0", Atom: "http://www.w3.org/2005/Atom", Content: "http://purl.org/rss/1.0/modules/content/", Channel: channel})
	if err != nil {
		return err
	}
	body = append([]byte(xml.Header), body...)
	sum := sha256.Sum256(body)
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, "application/rss+xml; charset=utf-8")
	h.Set("Etag", `"`+hex.EncodeToString(sum[:8])+`"`)
	h.Set(echo.HeaderCacheControl, feedCache)
	http.ServeContent(c.Response(), c.Request(), "", changed, bytes.NewReader(body))
	return nil
}
