package mailer

import (
	"bufio"
	"bytes"
	"errors"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"akkoord"
)

// MaxReply is how many bytes of a relay's reply are kept (M.16).
const MaxReply = 1024

// maxReplyLines bounds a multi-line reply.
const maxReplyLines = 200

var errReply = errors.New("the relay sent something that is no SMTP reply")

// reply is one SMTP reply. text is only valid until the next read.
type reply struct {
	code int
	text []byte // its lines joined by spaces, without the codes in front
}

// readReply reads one reply of one or more lines (RFC 5321 section 4.2). buf
// is reused for its text. A line of another code, a line without a code, or an
// endless reply is errReply.
func readReply(r *bufio.Reader, buf []byte) (reply, error) {
	rep := reply{text: buf[:0]}
	for range maxReplyLines {
		line, err := readLine(r)
		if err != nil {
			return reply{}, err
		}
		code, more, ok := parseLine(line)
		if !ok || rep.code != 0 && code != rep.code {
			return reply{}, errReply
		}
		rep.code = code
		if len(line) > 4 && len(rep.text) < MaxReply {
			if len(rep.text) > 0 {
				rep.text = append(rep.text, ' ')
			}
			rep.text = append(rep.text, line[4:min(len(line), 4+MaxReply)]...)
		}
		if !more {
			return rep, nil
		}
	}
	return reply{}, errReply
}

// readLine reads a line without its end; of an overlong one only the beginning.
func readLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		line = bytes.Clone(line)
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = r.ReadSlice('\n')
		}
	}
	if err != nil {
		return nil, err
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

// holdsReply reports whether a whole reply is at the start of b.
func holdsReply(b []byte) bool {
	for {
		line, rest, ended := bytes.Cut(b, []byte("\n"))
		if !ended || len(line) < 4 || line[3] != '-' {
			return ended
		}
		b = rest
	}
}

func parseLine(l []byte) (code int, more, ok bool) {
	if len(l) < 3 || l[0] < '2' || l[0] > '5' || !digit(l[1]) || !digit(l[2]) {
		return 0, false, false
	}
	code = int(l[0]-'0')*100 + int(l[1]-'0')*10 + int(l[2]-'0')
	if len(l) == 3 {
		return code, false, true
	}
	return code, l[3] == '-', l[3] == ' ' || l[3] == '-'
}

func digit(b byte) bool { return b >= '0' && b <= '9' }

// enhancedCode gives the RFC 3463 code that text begins with, if it fits the
// reply code's class, else "".
func enhancedCode(code int, text []byte) string {
	word, _, _ := bytes.Cut(text, []byte(" "))
	parts := bytes.Split(word, []byte("."))
	if len(word) > 9 || len(parts) != 3 || len(parts[0]) != 1 || int(parts[0][0]-'0') != code/100 {
		return ""
	}
	for _, p := range parts[1:] {
		if len(p) == 0 || len(p) > 3 || !digit(p[0]) || !digit(p[len(p)-1]) || !digit(p[len(p)/2]) {
			return ""
		}
	}
	return string(word)
}

const masked = "[address]"

var printable = bytesOf(func(c byte) bool { return c >= ' ' && c <= '~' })

// maskReply makes a relay's words fit to keep: no address, no local part of
// the recipient to (P16 looks for that too), no control characters, at most
// MaxReply bytes.
func maskReply(text []byte, to string) string {
	s := string(text)
	if runOf(&printable, s) < len(s) {
		s = strings.Map(func(r rune) rune {
			if r == utf8.RuneError || unicode.IsControl(r) || unicode.In(r, unicode.Cf) {
				return ' '
			}
			return r
		}, s)
	}
	s = akkoord.MaskAddresses(s)
	if i := strings.LastIndexByte(to, '@'); i > 0 {
		s = maskWord(s, to[:i])
	}
	if len(s) > MaxReply {
		s = strings.ToValidUTF8(s[:MaxReply], "")
	}
	return s
}

// maskWord masks word wherever it stands by itself, in any case of letters.
func maskWord(s, word string) string {
	if len(s) < len(word) || !strings.Contains(strings.ToLower(s), strings.ToLower(word)) {
		return s
	}
	re, err := regexp.Compile(`(?i)(^|[^\pL\pN])` + regexp.QuoteMeta(word) + `($|[^\pL\pN])`)
	if err != nil {
		return masked
	}
	for range 2 { // neighbours share the character between them
		s = re.ReplaceAllString(s, "${1}"+masked+"${2}")
	}
	return s
}
