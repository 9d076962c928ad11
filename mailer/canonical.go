package mailer

import (
	"bytes"
	"encoding/binary"
	"hash"
)

// hashBody writes a body to h in relaxed form (RFC 6376 section 3.4.4): runs of
// spaces and tabs become one space, those at the end of a line and empty lines
// at the end of the body go. Stretches of lines that are in that form already,
// nearly all of a mail of ours, go to h as they are. A lone LF counts as CRLF.
func hashBody(h hash.Hash, body []byte) {
	body = bytes.TrimRight(body, " \t\r\n")
	if len(body) == 0 {
		return
	}
	tabs := bytes.IndexByte(body, '\t') >= 0
	from := 0 // what comes before is in h
	var room [256]byte
	for at := 0; at < len(body); {
		end := len(body)
		if n := bytes.IndexByte(body[at:], '\n'); n >= 0 {
			end = at + n + 1
		}
		if line := body[at:end]; !relaxed(line, tabs) {
			h.Write(body[from:at])
			h.Write(appendRelaxedLine(room[:0], line))
			from = end
		}
		at = end
	}
	h.Write(body[from:])
	h.Write(crlf)
}

var crlf = []byte("\r\n")

// relaxed reports whether a line is in relaxed form, with its end. Where the body
// has tabs, no line with one is.
func relaxed(line []byte, tabs bool) bool {
	n := len(line)
	if line[n-1] == '\n' {
		if n -= 2; n < 0 || line[n] != '\r' {
			return false
		}
	}
	line = line[:n]
	return !(n > 0 && line[n-1] == ' ' || tabs && bytes.IndexByte(line, '\t') >= 0 || twoSpaces(line))
}

// twoSpaces reports whether two spaces stand side by side. It looks at eight
// bytes at a time, each time at one of them again.
func twoSpaces(line []byte) bool {
	const step = 8 - 1
	for ; len(line) >= 8; line = line[step:] {
		if s := spaces(binary.LittleEndian.Uint64(line)); s&(s<<8) != 0 {
			return true
		}
	}
	for i := 1; i < len(line); i++ {
		if line[i-1] == ' ' && line[i] == ' ' {
			return true
		}
	}
	return false
}

// spaces sets the highest bit of each byte that is a space, and no other bit.
func spaces(word uint64) uint64 {
	const each = 0x0101010101010101
	x := word ^ ' '*each
	return ^((x&(0x7f*each) + 0x7f*each) | x | 0x7f*each)
}

// appendRelaxedLine appends a line of a body in relaxed form, with CRLF if the
// line has an end.
func appendRelaxedLine(dst, line []byte) []byte {
	text := bytes.TrimRight(line, " \t\r\n")
	for i, c := range text {
		switch {
		case c != ' ' && c != '\t':
			dst = append(dst, c)
		case !blank(text[i+1]): // there is a next one: text ends in no blank
			dst = append(dst, ' ')
		}
	}
	if line[len(line)-1] == '\n' {
		dst = append(dst, crlf...)
	}
	return dst
}

func blank(c byte) bool { return c == ' ' || c == '\t' }

// appendRelaxedField appends a header field in relaxed form (RFC 6376 section
// 3.4.2), without a CRLF: the name in small letters, the value unfolded with one
// space for each run of white space.
func appendRelaxedField(dst, field []byte) []byte {
	name, value, _ := bytes.Cut(field, []byte(":"))
	for _, c := range bytes.TrimSpace(name) {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	dst = append(dst, ':')
	begun, gap := false, false
	for _, c := range value {
		if c == ' ' || c == '\t' || c == '\r' || c == '\n' {
			gap = begun
			continue
		}
		if gap {
			dst = append(dst, ' ')
		}
		dst, begun, gap = append(dst, c), true, false
	}
	return dst
}
