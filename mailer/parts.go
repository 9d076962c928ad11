package mailer

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/textproto"
	"slices"
	"strings"
)

const (
	maxDepth = 20  // of parts within parts (J.14)
	maxParts = 200 // in all
)

// part is one of a message's, decoded.
type part struct {
	kind string // media type; "" where none is said
	body []byte
}

// parts are all that a message holds, in its order.
type parts []part

// find gives the body of the first part of one of some kinds.
func (p parts) find(kinds ...string) ([]byte, bool) {
	i := slices.IndexFunc(p, func(one part) bool { return slices.Contains(kinds, one.kind) })
	if i < 0 {
		return nil, false
	}
	return p[i].body, true
}

// partsOf takes a message apart. What is damaged or cut off is left out, and so
// is what lies too deep. Messages within it stay whole.
func partsOf(h textproto.MIMEHeader, body []byte) parts {
	var out parts
	out.collect(h, body, 0)
	return out
}

func (p *parts) collect(h textproto.MIMEHeader, body []byte, depth int) {
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil && kind == "" {
		kind, _, _ = strings.Cut(strings.ToLower(h.Get("Content-Type")), ";")
		kind = strings.TrimSpace(kind)
	}
	if !strings.HasPrefix(kind, "multipart/") || params["boundary"] == "" {
		if len(*p) < maxParts {
			*p = append(*p, part{kind, decoded(h.Get("Content-Transfer-Encoding"), body)})
		}
		return
	}
	if depth == maxDepth {
		return
	}
	r := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for len(*p) < maxParts {
		next, err := r.NextRawPart()
		if err != nil {
			return
		}
		text, err := io.ReadAll(next) // of the bytes that are there already
		p.collect(next.Header, text, depth+1)
		if err != nil { // cut off in the middle
			return
		}
	}
}

// decoded undoes a transfer encoding, as far as it goes.
func decoded(encoding string, body []byte) []byte {
	var r io.Reader
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, bytes.NewReader(body))
	case "quoted-printable":
		r = quotedprintable.NewReader(bytes.NewReader(body))
	default:
		return body
	}
	out, _ := io.ReadAll(r)
	return out
}

// fieldGroups reads groups of header fields with empty lines between them, as
// reports hold them. Lines that are no fields are passed over.
func fieldGroups(body []byte) []textproto.MIMEHeader {
	var out []textproto.MIMEHeader
	var group textproto.MIMEHeader
	name := ""
	for line := range bytes.Lines(body) {
		text := strings.TrimRight(string(line), "\r\n")
		switch {
		case strings.TrimSpace(text) == "":
			group, name = nil, ""
			continue
		case text[0] == ' ' || text[0] == '\t': // folded
			if values := group[name]; name != "" {
				values[len(values)-1] += " " + strings.TrimSpace(text)
			}
			continue
		}
		field, value, ok := strings.Cut(text, ":")
		if name = ""; !ok || field == "" || strings.ContainsAny(field, " \t") {
			continue
		}
		if group == nil {
			if len(out) == maxParts {
				return out
			}
			group = textproto.MIMEHeader{}
			out = append(out, group)
		}
		name = textproto.CanonicalMIMEHeaderKey(field)
		group[name] = append(group[name], strings.TrimSpace(value))
	}
	return out
}

// typed gives the value of a field like "smtp; 550 5.1.1 …" without its type.
func typed(value string) string {
	if kind, rest, ok := strings.Cut(value, ";"); ok && !strings.ContainsAny(strings.TrimSpace(kind), " @") {
		return strings.TrimSpace(rest)
	}
	return value
}

// bareAddress takes an address out of its angle brackets.
func bareAddress(s string) string { return strings.Trim(strings.TrimSpace(s), "<>") }
