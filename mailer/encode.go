package mailer

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

const (
	upperHex  = "0123456789ABCDEF"
	softBreak = "=\r\n"
	qpLine    = 76 // longest quoted-printable line without its CRLF (RFC 2045 section 6.7)
)

// appendQP writes a value in quoted-printable after dst, breaking lines softly.
// Room is how many columns the text that follows needs on the same line. A
// space at the end is encoded, since the line may end there, and so is a dot
// that begins a line, since SMTP would have to double it.
func appendQP[T string | []byte](dst []byte, v T, room int) []byte {
	col := column(dst)
	for i := 0; i < len(v); {
		run := runOf(&qpPlain, v[i:min(len(v), i+qpLine-1-col)])
		if run > 0 && i+run == len(v) && v[len(v)-1] == ' ' {
			run--
		}
		if col == 0 && v[i] == '.' {
			run = 0
		}
		switch {
		case run > 0:
			dst = append(dst, v[i:i+run]...)
			col += run
			i += run
		case col+len("=XX") >= qpLine:
			dst, col = append(dst, softBreak...), 0
		default:
			dst = append(dst, '=', upperHex[v[i]>>4], upperHex[v[i]&15])
			col += len("=XX")
			i++
		}
	}
	if col+room > qpLine {
		dst = append(dst, softBreak...)
	}
	return dst
}

// bytesOf makes a table of the bytes that ok admits.
func bytesOf(ok func(c byte) bool) (t [256]bool) {
	for c := range t {
		t[c] = ok(byte(c))
	}
	return t
}

var (
	qpPlain   = bytesOf(func(c byte) bool { return c >= ' ' && c <= '~' && c != '=' })
	htmlPlain = bytesOf(func(c byte) bool { return c != '&' && c != '<' && c != '>' && c != '"' && c != '\'' })
	visible   = bytesOf(func(c byte) bool { return c > ' ' && c <= '~' })
)

// runOf is how many bytes at the start of v a table holds.
func runOf[T string | []byte](t *[256]bool, v T) int {
	for i := 0; i < len(v); i++ {
		if !t[v[i]] {
			return i
		}
	}
	return len(v)
}

// column is how many bytes of the last line dst holds.
func column(dst []byte) int { return len(dst) - 1 - bytes.LastIndexByte(dst, '\n') }

// appendHTML writes a value for HTML text or a quoted attribute.
func appendHTML(dst []byte, v string) []byte {
	for {
		run := runOf(&htmlPlain, v)
		dst = append(dst, v[:run]...)
		if run == len(v) {
			return dst
		}
		switch v[run] {
		case '&':
			dst = append(dst, "&amp;"...)
		case '<':
			dst = append(dst, "&lt;"...)
		case '>':
			dst = append(dst, "&gt;"...)
		case '"':
			dst = append(dst, "&#34;"...)
		case '\'':
			dst = append(dst, "&#39;"...)
		}
		v = v[run+1:]
	}
}

// appendURL writes a value as part of a URL's path, query or fragment: all but
// the unreserved characters of RFC 3986 section 2.3 is percent-encoded.
func appendURL(dst []byte, v string) []byte {
	for i := 0; i < len(v); i++ {
		c := v[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~' {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return dst
}

// appendToken writes the visible ASCII of a value for a header field. Nothing
// that could end a line or start another field gets through (A.15).
func appendToken(dst []byte, v string) []byte {
	for {
		run := runOf(&visible, v)
		dst = append(dst, v[:run]...)
		if run == len(v) {
			return dst
		}
		v = v[run+1:]
	}
}

const (
	wordStart = "=?UTF-8?Q?"
	wordEnd   = "?="
	wordRoom  = 75 - len(wordStart) - len(wordEnd) // encoded characters in one word (RFC 2047 section 2)
	nameRoom  = len("Subject: ")
)

// appendSubject writes the value of a Subject field: as it is when it is short
// and plain, else in encoded-words that cut no character, each on a line of at
// most 76 columns (RFC 2047 sections 2 and 5).
func appendSubject[T string | []byte](dst []byte, v T) []byte {
	if isShortASCII(v) {
		return append(dst, v...)
	}
	room := wordRoom - nameRoom
	dst = append(dst, wordStart...)
	for i := 0; i < len(v); {
		size := runeSize(v, i)
		width := 0
		for _, c := range []byte(v[i : i+size]) {
			width += wordWidth(c)
		}
		if width > room {
			dst = append(dst, wordEnd+"\r\n "+wordStart...)
			room = wordRoom
		}
		room -= width
		for ; size > 0; size, i = size-1, i+1 {
			switch c := v[i]; {
			case c == ' ':
				dst = append(dst, '_')
			case wordWidth(c) == 1:
				dst = append(dst, c)
			default:
				dst = append(dst, '=', upperHex[c>>4], upperHex[c&15])
			}
		}
	}
	return append(dst, wordEnd...)
}

func wordWidth(c byte) int {
	if c < ' ' || c > '~' || c == '=' || c == '?' || c == '_' {
		return 3
	}
	return 1
}

// runeSize is how many bytes the character at i takes.
func runeSize[T string | []byte](v T, i int) int {
	end := min(i+utf8.UTFMax, len(v))
	var b [utf8.UTFMax]byte
	n := copy(b[:], v[i:end])
	_, size := utf8.DecodeRune(b[:n])
	return size
}

func isShortASCII[T string | []byte](v T) bool {
	if len(v)+nameRoom > 76 {
		return false
	}
	for i := 0; i < len(v); i++ {
		if v[i] < ' ' || v[i] > '~' || v[i] == '=' && i+1 < len(v) && v[i+1] == '?' {
			return false
		}
	}
	return true
}

// oneLine joins the lines of a postal address.
func oneLine(s string) string {
	lines := strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' })
	for i, l := range lines {
		lines[i] = strings.TrimSpace(l)
	}
	return strings.Join(lines, ", ")
}
