package main

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
)

// person is a recipient of the floor's letter.
type person struct{ address, name, link, id string }

// newPerson makes the n-th of them. The link has the length of a signed one.
func newPerson(n int) person {
	id := strconv.Itoa(n)
	return person{
		address: "lezer" + id + "@example.org",
		name:    "Zoë " + id,
		link:    "http://127.0.0.1:8080/unsubscribe/eyJhbGciOiJIUzI1NiJ9." + strings.Repeat("a", 160) + id,
		id:      id + ".floor@zonvaart.example",
	}
}

// letter is a mail that go-mail rendered once, cut where people's own values go.
type letter struct {
	fixed  [][]byte // one more than places
	places []place
}

// place is where a value of the person stands, and so how it is written.
type place int

const (
	inAddress place = iota
	inID
	inHeaderLink
	inName // as HTML, quoted-printable; so is the next
	inBodyLink
)

// markers are found again in the rendered mail. They are letters only, so that
// no encoding changes them.
func markers() map[place]string {
	return map[place]string{
		inAddress:    "QZADDRESSQ@example.org",
		inID:         "QZIDQ@zonvaart.example",
		inHeaderLink: "http://qz.invalid/QZHEADERQ",
		inName:       "QZNAMEQ",
		inBodyLink:   "http://qz.invalid/QZLINKQ",
	}
}

// newLetter makes a letter of about size bytes. A size of 0 stands for 20 KB
// of HTML.
func newLetter(size int) (*letter, error) {
	paragraphs := len(paragraphsOf(20_000))
	for range 8 {
		l, err := composeLetter(paragraphs)
		if err != nil {
			return nil, err
		}
		missing := size - len(l.appendFor(nil, newPerson(100_000)))
		if size == 0 || missing > -250 && missing < 250 {
			return l, nil
		}
		paragraphs = max(1, paragraphs+missing/250)
	}
	return nil, fmt.Errorf("no letter has %d bytes", size)
}

func composeLetter(paragraphs int) (*letter, error) {
	mark := markers()
	m := mail.NewMsg()
	if err := errors.Join(m.From("Zonvaart Reizen <nieuws@zonvaart.example>"), m.To(mark[inAddress])); err != nil {
		return nil, fmt.Errorf("compose: %w", err)
	}
	m.Subject("Winter 2027: naar de sneeuw")
	m.SetMessageIDWithValue(mark[inID])
	m.SetDateWithValue(time.Unix(1_800_000_000, 0))
	m.SetGenHeader(mail.HeaderListUnsubscribe, "<"+mark[inHeaderLink]+">")
	m.SetGenHeader(mail.HeaderListUnsubscribePost, "List-Unsubscribe=One-Click")
	m.SetBodyString(mail.TypeTextPlain, "Dag "+mark[inName]+",\n\n"+strings.Repeat("Deze winter rijden er weer treinen naar de sneeuw.\n", 12)+"\nAfmelden: "+mark[inBodyLink]+"\n")
	m.AddAlternativeString(mail.TypeTextHTML, pageOf(mark[inName], mark[inBodyLink], paragraphs))
	var raw bytes.Buffer
	if _, err := m.WriteTo(&raw); err != nil {
		return nil, fmt.Errorf("compose: %w", err)
	}
	return cut(raw.String(), mark)
}

func pageOf(name, link string, paragraphs int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<!doctype html><html lang=nl><body><h1>Dag %s</h1>\n", name)
	for i := range paragraphs {
		b.WriteString(paragraph(i))
	}
	fmt.Fprintf(&b, "<p><a href=\"%s\">Afmelden</a> &middot; <a href=\"%s\">Voorkeuren</a></p></body></html>\n", link, link)
	return b.String()
}

// paragraph is some 200 bytes of HTML; each eighth has a link.
func paragraph(i int) string {
	const text = "Grüße uit Oostenrijk en andere verhalen: deze winter rijden er weer rechtstreekse treinen naar de sneeuw, met uw eigen ski’s in het bagagerek."
	if i%8 == 0 {
		return fmt.Sprintf("<p>%s <a href=\"https://zonvaart.example/winter/%d\">Lees verder</a></p>\n", text, i/8)
	}
	return "<p>" + text + " Tot ziens op het perron.</p>\n"
}

// paragraphsOf gives as many paragraphs as make size bytes of HTML.
func paragraphsOf(size int) []string {
	var all []string
	for n := 0; n < size; {
		p := paragraph(len(all))
		all = append(all, p)
		n += len(p)
	}
	return all
}

// cut takes a rendered mail apart at its markers. In the body each marker gets
// soft line breaks around it, so that a spliced value can't make a line too long.
func cut(raw string, mark map[place]string) (*letter, error) {
	head, body, _ := strings.Cut(raw, "\r\n\r\n")
	for _, p := range []place{inName, inBodyLink} {
		body = mend(body, mark[p])
		body = strings.ReplaceAll(body, mark[p], "=\r\n"+mark[p]+"=\r\n")
	}
	raw = head + "\r\n\r\n" + body
	l, found := &letter{}, map[place]bool{}
	for {
		at, what := len(raw), place(-1)
		for p, text := range mark {
			if i := strings.Index(raw, text); i >= 0 && i < at {
				at, what = i, p
			}
		}
		l.fixed = append(l.fixed, []byte(raw[:at]))
		if what < 0 {
			break
		}
		l.places = append(l.places, what)
		found[what] = true
		raw = raw[at+len(mark[what]):]
	}
	if len(found) != len(mark) {
		return nil, fmt.Errorf("compose: %d of %d markers came through", len(found), len(mark))
	}
	return l, nil
}

// mend joins a marker that a soft line break went through.
func mend(body, marker string) string {
	for i := 1; i < len(marker); i++ {
		body = strings.ReplaceAll(body, marker[:i]+"=\r\n"+marker[i:], marker)
	}
	return body
}

// appendFor appends the letter to one person.
func (l *letter) appendFor(dst []byte, who person) []byte {
	for i, p := range l.places {
		dst = append(dst, l.fixed[i]...)
		switch p {
		case inAddress:
			dst = append(dst, who.address...)
		case inID:
			dst = append(dst, who.id...)
		case inHeaderLink:
			dst = append(dst, who.link...)
		case inName:
			dst = appendQuoted(dst, html.EscapeString(who.name))
		case inBodyLink:
			dst = appendQuoted(dst, html.EscapeString(who.link))
		}
	}
	return append(dst, l.fixed[len(l.fixed)-1]...)
}

// appendQuoted appends a short value as quoted-printable (RFC 2045, section
// 6.7), with a soft line break after 70 columns at most.
func appendQuoted(dst []byte, value string) []byte {
	const hex = "0123456789ABCDEF"
	for i, column := 0, 0; i < len(value); i++ {
		if column > 66 {
			dst, column = append(dst, "=\r\n"...), 0
		}
		c := value[i]
		if c >= ' ' && c <= '~' && c != '=' {
			dst = append(dst, c)
			column++
			continue
		}
		dst = append(dst, '=', hex[c>>4], hex[c&15])
		column += 3
	}
	return dst
}
