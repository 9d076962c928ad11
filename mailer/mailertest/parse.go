package mailertest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/mail"
)

// Content is what a mail says, decoded.
type Content struct {
	Subject string
	Text    string // first text/plain part
	HTML    string // first text/html part
	Header  map[string][]string
	Names   []string // header names as first met, in order
}

// maxPart bounds how much of one part is shown.
const maxPart = 4 << 20

// Parse decodes a message. What can't be decoded is left out, not refused:
// this is for looking at mails; Lint is for judging them.
func Parse(raw []byte) (Content, error) {
	c := Content{Header: map[string][]string{}}
	r, err := mail.CreateReader(bytes.NewReader(raw))
	if r == nil {
		return c, fmt.Errorf("mailertest: read message: %w", err)
	}
	defer r.Close()
	c.Subject, _ = r.Header.Subject()
	for f := r.Header.Fields(); f.Next(); {
		text, err := f.Text()
		if err != nil {
			text = f.Value()
		}
		if !slices.Contains(c.Names, f.Key()) {
			c.Names = append(c.Names, f.Key())
		}
		c.Header[f.Key()] = append(c.Header[f.Key()], text)
	}
	for {
		p, err := r.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return c, nil
		case err != nil && !message.IsUnknownCharset(err):
			return c, fmt.Errorf("mailertest: read part: %w", err)
		}
		kind := strings.ToLower(p.Header.Get("Content-Type"))
		body, _ := io.ReadAll(io.LimitReader(p.Body, maxPart))
		switch {
		case strings.HasPrefix(kind, "text/html") && c.HTML == "":
			c.HTML = string(body)
		case (kind == "" || strings.HasPrefix(kind, "text/plain")) && c.Text == "":
			c.Text = string(body)
		}
	}
}

// first is the first value of a header field, under whatever case of letters.
func (c Content) first(name string) string {
	for k, v := range c.Header {
		if strings.EqualFold(k, name) {
			return v[0]
		}
	}
	return ""
}
