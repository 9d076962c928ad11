package main

import (
	"bufio"
	"bytes"
	"errors"
)

// message is what the sink keeps of a mail.
type message struct {
	recipient uint64 // hash of the RCPT line
	size      int    // bytes on the wire
	signed    bool   // has a DKIM-Signature
	token     string // of the link looked for, or the return path
	from      string // the return path
	text      []byte // the lines that may hold the link
}

// The kinds of token that the sink can look for.
const (
	confirmTokens = "confirm" // in the body of a confirmation mail
	leaveTokens   = "leave"   // in the List-Unsubscribe header of a campaign mail
	returnPaths   = "return"  // of the envelope
)

// read takes a message up to and with its final dot. Of a campaign mail it
// looks at the header only, line by line, which costs next to nothing.
func (m *message) read(r *bufio.Reader, kind string) error {
	m.size, m.signed, m.token, m.text = 0, false, "", m.text[:0]
	header, listed, whole := true, false, true
	for {
		line, err := r.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
		m.size += len(line)
		if whole && len(line) == 3 && line[0] == '.' {
			break
		}
		if header && whole {
			header = len(line) > 2
			if line[0] != ' ' && line[0] != '\t' {
				listed = hasField(line, "List-Unsubscribe:")
				m.signed = m.signed || hasField(line, "DKIM-Signature:")
			}
		}
		if kind == confirmTokens && !header || kind == leaveTokens && header && listed {
			if whole && line[0] == '.' {
				line = line[1:] // RFC 5321, section 4.5.2
			}
			m.text = append(m.text, line...)
		}
		whole = err == nil
	}
	switch kind {
	case confirmTokens:
		m.token = tokenAfter(m.text, "/confirm/")
	case leaveTokens:
		m.token = tokenAfter(m.text, "/unsubscribe/")
	case returnPaths:
		m.token = m.from
	}
	return nil
}

// takeFrom notes the return path of a MAIL command (RFC 5321, section 4.1.1.2).
func (m *message) takeFrom(line []byte) {
	_, rest, _ := bytes.Cut(line, []byte("<"))
	path, _, _ := bytes.Cut(rest, []byte(">"))
	m.from = string(path)
}

func hasField(line []byte, name string) bool {
	return len(line) >= len(name) && bytes.EqualFold(line[:len(name)], []byte(name))
}

// tokenAfter finds the token behind the first path of a kind in text, which
// may be quoted-printable (RFC 2045, section 6.7) or a folded header.
func tokenAfter(text []byte, path string) string {
	text = bytes.ReplaceAll(text, []byte("=\r\n"), nil)
	text = bytes.ReplaceAll(text, []byte("=3D"), []byte("="))
	_, rest, found := bytes.Cut(text, []byte(path))
	if !found {
		return ""
	}
	end := bytes.IndexFunc(rest, func(c rune) bool {
		return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.' || c == '~')
	})
	if end < 0 {
		end = len(rest)
	}
	return string(bytes.TrimRight(rest[:end], "."))
}
