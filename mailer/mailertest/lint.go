package mailertest

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"net/textproto"
	"net/url"
	"strings"
)

// Lint names all that is wrong with a message as it stands on the wire (mail
// rules A.1 to A.3, A.9, A.10, A.12, A.13, C.1, C.2; P29). Nothing wrong: nil.
func Lint(raw []byte) []string {
	l := &lint{}
	l.bytes(raw)
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		l.add("the header can't be read: %v", err)
		return l.found
	}
	l.header(m.Header, raw)
	l.list(m.Header)
	body, err := io.ReadAll(m.Body)
	if err != nil {
		l.add("the body can't be read: %v", err)
	}
	l.part(textproto.MIMEHeader(m.Header), body, 0)
	return l.found
}

type lint struct{ found []string }

func (l *lint) add(format string, args ...any) {
	l.found = append(l.found, fmt.Sprintf(format, args...))
}

// bytes checks line ends, NUL and the hard line limit.
func (l *lint) bytes(raw []byte) {
	n := 0
	for line := range bytes.Lines(raw) {
		n++
		text, crlf := bytes.CutSuffix(line, []byte("\r\n"))
		if !crlf {
			l.add("line %d doesn't end in CRLF", n)
			text = bytes.TrimSuffix(line, []byte("\n"))
		}
		if bytes.ContainsAny(text, "\r\x00") {
			l.add("line %d holds a bare CR or NUL", n)
		}
		if len(text) > 998 {
			l.add("line %d has %d octets, over 998", n, len(text))
		}
	}
}

func (l *lint) header(h mail.Header, raw []byte) {
	for _, name := range []string{"Date", "From", "To", "Subject", "Message-Id", "Mime-Version", "Content-Type"} {
		if n := len(h[name]); n != 1 {
			l.add("%s occurs %d times instead of once", name, n)
		}
	}
	for _, name := range []string{"Reply-To", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "Feedback-Id", "Auto-Submitted", "X-Campaign", "X-Mailing"} {
		if n := len(h[name]); n > 1 {
			l.add("%s occurs %d times", name, n)
		}
	}
	for _, name := range []string{"Bcc", "Return-Path", "Received", "X-Mailer", "User-Agent"} {
		if len(h[name]) > 0 {
			l.add("%s must not be there", name)
		}
	}
	if from, err := h.AddressList("From"); err != nil || len(from) != 1 {
		l.add("From is not one mailbox")
	}
	if _, err := h.Date(); err != nil {
		l.add("Date can't be read")
	}
	head, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	if bytes.ContainsFunc(head, func(r rune) bool { return r > 126 || r < ' ' && r != '\r' && r != '\n' && r != '\t' }) {
		l.add("the header holds bytes that are not printable ASCII")
	}
}

// list checks the one-click pair of RFC 8058 and that DKIM covers it.
func (l *lint) list(h mail.Header) {
	campaign := h.Get("List-Id") != "" || h.Get("X-Campaign") != ""
	leave, post := h.Get("List-Unsubscribe"), h.Get("List-Unsubscribe-Post")
	if leave == "" && post == "" && !campaign {
		return
	}
	if post != "List-Unsubscribe=One-Click" {
		l.add("List-Unsubscribe-Post is %q", post)
	}
	web := 0
	for _, item := range strings.Split(leave, ",") {
		u, err := url.Parse(strings.Trim(strings.TrimSpace(item), "<>"))
		switch {
		case err != nil || !strings.HasPrefix(strings.TrimSpace(item), "<"):
			l.add("List-Unsubscribe holds something that is no URI in angle brackets")
		case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
			web++
		case u.Scheme != "mailto":
			l.add("List-Unsubscribe holds a %s URI", u.Scheme)
		}
	}
	if web != 1 {
		l.add("List-Unsubscribe holds %d https URIs instead of one", web)
	}
	for _, sig := range h["Dkim-Signature"] {
		covered := ":" + strings.ToLower(tag(sig, "h")) + ":"
		for _, name := range []string{"from", "list-unsubscribe", "list-unsubscribe-post"} {
			if !strings.Contains(covered, ":"+name+":") {
				l.add("DKIM doesn't cover %s", name)
			}
		}
	}
}

func loopback(host string) bool {
	return host == "localhost" || host == "::1" || strings.HasPrefix(host, "127.")
}

// tag reads a tag of a DKIM signature, without white space.
func tag(sig, name string) string {
	for part := range strings.SplitSeq(sig, ";") {
		if k, v, ok := strings.Cut(part, "="); ok && strings.TrimSpace(k) == name {
			return strings.Join(strings.Fields(v), "")
		}
	}
	return ""
}

// part walks the MIME tree without decoding.
func (l *lint) part(h textproto.MIMEHeader, body []byte, depth int) {
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || depth > 10 {
		l.add("Content-Type %q can't be read or nests too deep", h.Get("Content-Type"))
		return
	}
	if strings.HasPrefix(kind, "multipart/") {
		l.multipart(kind, params["boundary"], body, depth)
		return
	}
	if strings.HasPrefix(kind, "text/") && !strings.EqualFold(params["charset"], "utf-8") {
		l.add("%s has charset %q", kind, params["charset"])
	}
	l.encoding(kind, h.Get("Content-Transfer-Encoding"), body)
}

func (l *lint) multipart(kind, boundary string, body []byte, depth int) {
	var kinds []string
	r := multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		p, err := r.NextRawPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			l.add("%s can't be read: %v", kind, err)
			return
		}
		inner, err := io.ReadAll(p)
		if err != nil {
			l.add("a part of %s can't be read: %v", kind, err)
			return
		}
		k, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type"))
		kinds = append(kinds, k)
		if len(bytes.TrimSpace(inner)) == 0 {
			l.add("the %s part is empty", k)
		}
		l.part(p.Header, inner, depth+1)
	}
	if kind == "multipart/alternative" && (len(kinds) < 2 || kinds[0] != "text/plain" || kinds[len(kinds)-1] == "text/plain") {
		l.add("multipart/alternative holds %v instead of text first, HTML last", kinds)
	}
}

// encoding checks that the bytes are what the transfer encoding promises.
func (l *lint) encoding(kind, enc string, body []byte) {
	limit := 998
	switch strings.ToLower(enc) {
	case "quoted-printable", "base64":
		limit = 76
	case "", "7bit":
	default:
		l.add("%s has transfer encoding %q", kind, enc)
	}
	for line := range bytes.Lines(body) {
		text := bytes.TrimRight(line, "\r\n")
		if len(text) > limit {
			l.add("a line of %s in %s has %d octets, over %d", kind, enc, len(text), limit)
			break
		}
		if limit == 76 && (bytes.HasSuffix(text, []byte(" ")) || bytes.HasSuffix(text, []byte("\t"))) {
			l.add("a line of %s ends in white space that isn't encoded", kind)
			break
		}
	}
	if bytes.ContainsFunc(body, func(r rune) bool { return r > 126 }) {
		l.add("%s holds bytes over 7 bit", kind)
	}
}
