package mailer

import (
	"bufio"
	"bytes"
	"io"
	"mime"
	netmail "net/mail"
	"net/textproto"
	"regexp"
	"strings"

	"akkoord"
)

// ReadLeave reads a message that came in at an address for leaving, made by Of
// of p, of which the header is enough. rcpt is the address that it was
// delivered to; when it is empty X-Original-To, Delivered-To and To are looked
// at, and the subject last, where a program that can't address mail to a signed
// address may put it.
func ReadLeave(p *ReturnPath, message []byte, rcpt string) akkoord.IncomingMail {
	var in akkoord.IncomingMail
	h, _, ok := incoming(message)
	switch {
	case !ok:
		in.Code = akkoord.IncomingBroken
		return in
	case automatic(h):
		in.Code = akkoord.IncomingAutoReply
		return in
	}
	in.Code = akkoord.IncomingNoToken
	for _, address := range append(addressed(h, rcpt), strings.Fields(h.Get("Subject"))...) {
		if !p.tagged(address) {
			continue
		}
		if in.Mailing, in.Subscriber, ok = p.Read(address); ok {
			in.Code, in.Zone = akkoord.IncomingLeave, zoneOf(h)
			return in
		}
		in.Code = akkoord.IncomingForged
	}
	return in
}

// tagged reports whether an address is one of p's with something behind the
// plus, genuine or not.
func (p *ReturnPath) tagged(address string) bool {
	a := strings.ToLower(address)
	return strings.HasPrefix(a, strings.ToLower(p.local)+"+") && strings.HasSuffix(a, "@"+strings.ToLower(p.domain))
}

// incoming reads the header of a message, which mail agents may have put an
// mbox line before, and gives what follows it. A header that is cut off at the
// end of what was kept is none.
func incoming(message []byte) (h textproto.MIMEHeader, body []byte, ok bool) {
	if bytes.HasPrefix(message, []byte("From ")) {
		_, message, _ = bytes.Cut(message, []byte("\n"))
	}
	r := bufio.NewReader(io.MultiReader(bytes.NewReader(message), strings.NewReader("\r\n\r\n")))
	h, err := textproto.NewReader(r).ReadMIMEHeader()
	if err != nil || len(h) == 0 {
		return nil, nil, false
	}
	if at := endOfHeader.FindIndex(message); at != nil {
		body = message[at[1]:]
	}
	return h, body, true
}

var endOfHeader = regexp.MustCompile(`\n\r?\n`)

// autoSubjects begin the subjects of answers that nobody wrote, for programs
// that say so nowhere else.
var autoSubjects = []string{
	"out of office", "automatic reply", "auto-reply", "autoreply", "auto:", "undelivered mail", "delivery status notification", "mail delivery failed",
	"automatisch antwoord", "afwezig", "abwesenheit", "automatische antwort", "absence du bureau", "réponse automatique",
}

// automatic reports whether a program answered or reported (RFC 3834 §5, J.8).
func automatic(h textproto.MIMEHeader) bool {
	if s := strings.ToLower(strings.TrimSpace(h.Get("Auto-Submitted"))); s != "" && s != "no" {
		return true
	}
	for _, name := range []string{"X-Autoreply", "X-Autorespond", "X-Failed-Recipients"} {
		if h.Get(name) != "" {
			return true
		}
	}
	if h.Get("Return-Path") == "<>" || strings.EqualFold(h.Get("Precedence"), "auto_reply") {
		return true
	}
	if kind, _, err := mime.ParseMediaType(h.Get("Content-Type")); err == nil && kind == "multipart/report" {
		return true
	}
	subject := h.Get("Subject")
	if decoded, err := new(mime.WordDecoder).DecodeHeader(subject); err == nil {
		subject = decoded
	}
	subject = strings.ToLower(strings.TrimSpace(subject))
	for _, s := range autoSubjects {
		if strings.HasPrefix(subject, s) {
			return true
		}
	}
	return false
}

// addressed gives the addresses that a message may have come in by.
func addressed(h textproto.MIMEHeader, rcpt string) []string {
	var out []string
	add := func(field string) {
		for _, value := range h.Values(field) {
			list, err := netmail.ParseAddressList(value)
			if err != nil {
				out = append(out, bareAddress(value))
			}
			for _, a := range list {
				out = append(out, a.Address)
			}
		}
	}
	if rcpt != "" {
		out = append(out, bareAddress(rcpt))
	} else {
		for _, field := range []string{"X-Original-To", "Delivered-To", "To"} {
			add(field)
		}
	}
	return out
}

// zoneOf gives the offset from UTC that a message's Date says.
func zoneOf(h textproto.MIMEHeader) string {
	at, err := netmail.ParseDate(h.Get("Date"))
	if err != nil {
		return ""
	}
	if _, offset := at.Zone(); offset%60 != 0 || offset < -14*3600 || offset > 14*3600 {
		return ""
	}
	return at.Format(zoneLayout)
}

const zoneLayout = "-07:00"
