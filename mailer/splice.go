package mailer

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"akkoord"
)

// Copy is what makes one person's message their own.
type Copy struct {
	To                string                    // recipient, as in the envelope: ASCII, A-labels (B.6)
	Date              time.Time                 // of composing; the same again on a retry (A.4)
	MessageID         string                    // without angle brackets; the same again on a retry (A.5)
	UnsubscribeURL    string                    // signed link that leaves this campaign
	UnsubscribeMailto string                    // optional mailto: URL for List-Unsubscribe (C.12)
	PreferencesURL    string                    // signed link
	ViewURL           string                    // signed link to the mail as a web page
	Field             func(field string) string // values of the fields name and email; missing is empty

	Click func(link int64) string // signed address that counts a link, where links are counted

	ConfirmURL                       string // of a confirmation mail: signed link
	RequestedAt, ExpiresAt, DeleteAt string // of a notice: times in the words of its language
}

// Skeleton is a mailing's message in one variant and language, or a notice,
// rendered and encoded once, with gaps for what differs between people. It is immutable and
// safe for concurrent use; no byte of one Copy outlives its call (threat L28).
type Skeleton struct {
	message []piece // the whole message, encoded for transfer
	html    []piece // the HTML body alone, decoded
	slots   []slot
	subject []slot // its literals and fields in order
}

// piece is a stretch of fixed bytes and the gap that follows it.
type piece struct {
	fixed []byte
	slot  int // index of the slot that follows; -1 for none
	place place
	room  int // columns that what follows the gap needs on the same line
}

// slot says whose value fills a gap.
type slot struct {
	kind slotKind
	part akkoord.MergePart // of a field; its Text alone of a constant
	link int64             // of a link that is counted: its number
}

type slotKind uint8

const (
	slotTo slotKind = iota
	slotDate
	slotMessageID
	slotListUnsubscribe
	slotSubject
	slotUnsubscribe
	slotPreferences
	slotView
	slotConfirm
	slotRequested
	slotExpires
	slotDeletion
	slotLink
	slotField
	slotConstant // text that is the same for everyone
)

// place is where a value lands, which decides how it is encoded.
type place uint8

const (
	placeHeader place = iota
	placeText         // text part: quoted-printable
	placeTextURL
	placeHTML // HTML part: escaped, then quoted-printable
	placeHTMLURL
	placePage // HTML body as a page: escaped
	placePageURL
)

// Append writes the whole message for one person after dst: RFC 5322, CRLF,
// unsigned. No line of it begins with a dot. It doesn't allocate when dst has room and the values are plain.
func (s *Skeleton) Append(dst []byte, c *Copy) []byte { return s.splice(dst, s.message, c) }

// AppendHTML writes the HTML body for one person after dst, decoded, for the
// view in the browser and for previews.
func (s *Skeleton) AppendHTML(dst []byte, c *Copy) []byte { return s.splice(dst, s.html, c) }

// Size is about how many bytes a message has.
func (s *Skeleton) Size() int {
	n := 0
	for i := range s.message {
		n += len(s.message[i].fixed) + 64
	}
	return n
}

// Subject gives the subject as one person reads it.
func (s *Skeleton) Subject(c *Copy) string {
	var room [512]byte
	return string(bytes.TrimSpace(s.appendSubject(room[:0], c)))
}

func (s *Skeleton) appendSubject(dst []byte, c *Copy) []byte {
	for i := range s.subject {
		dst = append(dst, s.subject[i].value(c)...)
	}
	return dst
}

func (s *Skeleton) splice(dst []byte, pieces []piece, c *Copy) []byte {
	for i := range pieces {
		p := &pieces[i]
		dst = append(dst, p.fixed...)
		switch {
		case p.slot < 0:
		case p.place == placeHeader:
			dst = s.appendField(dst, s.slots[p.slot].kind, c)
		default:
			dst = appendBody(dst, p, s.slots[p.slot].value(c))
		}
	}
	return dst
}

func (s *Skeleton) appendField(dst []byte, kind slotKind, c *Copy) []byte {
	switch kind {
	case slotTo:
		return appendToken(dst, c.To)
	case slotDate:
		return c.Date.AppendFormat(dst, time.RFC1123Z)
	case slotMessageID:
		return appendToken(dst, c.MessageID)
	case slotListUnsubscribe:
		dst = append(appendToken(append(dst, "\r\n <"...), c.UnsubscribeURL), '>')
		if c.UnsubscribeMailto != "" {
			dst = append(appendToken(append(dst, ",\r\n <"...), c.UnsubscribeMailto), '>')
		}
		return dst
	default:
		var room [512]byte
		return appendSubject(dst, bytes.TrimSpace(s.appendSubject(room[:0], c)))
	}
}

func appendBody(dst []byte, p *piece, v string) []byte {
	var room [512]byte
	switch p.place {
	case placeText:
		return appendQP(dst, v, p.room)
	case placeTextURL, placeHTMLURL:
		return appendQP(dst, appendURL(room[:0], v), p.room)
	case placeHTML:
		return appendQP(dst, appendHTML(room[:0], v), p.room)
	case placePageURL:
		return appendURL(dst, v)
	default:
		return appendHTML(dst, v)
	}
}

// value gives what a person has for a slot of the body.
func (s *slot) value(c *Copy) string {
	switch s.kind {
	case slotUnsubscribe:
		return c.UnsubscribeURL
	case slotPreferences:
		return c.PreferencesURL
	case slotView:
		return c.ViewURL
	case slotConfirm:
		return c.ConfirmURL
	case slotRequested:
		return c.RequestedAt
	case slotExpires:
		return c.ExpiresAt
	case slotDeletion:
		return c.DeleteAt
	case slotLink:
		return c.Click(s.link)
	case slotField:
		if c.Field != nil {
			return s.part.Value(c.Field)
		}
	}
	return s.part.Text
}

// marks hands out the words that stand for gaps while a message is rendered.
// They are letters and digits only, so that Markdown, sanitiser, CSS inliner
// and quoted-printable leave them whole, but for a soft line break inside.
type marks struct{ slots []slot }

const (
	markStart = akkoord.ReservedWord
	markText  = "z"             // ends a mark in text or an attribute
	markURL   = "u"             // ends a mark inside a URL
	markHost  = "@slot.invalid" // follows a mark that has to be an address
)

// add hands out a mark for what differs between people.
func (m *marks) add(k slotKind) string { return m.addSlot(slot{kind: k}) }

func (m *marks) addSlot(s slot) string {
	m.slots = append(m.slots, s)
	return fmt.Sprintf("%s%04d%s", markStart, len(m.slots)-1, markText)
}

// template writes an author's text with a mark for each field. Constants are
// the values of the fields that are the same for everyone.
func (m *marks) template(t akkoord.Template, constants map[string]string) string {
	var b strings.Builder
	for _, p := range t.Parts() {
		if p.Field == "" {
			b.WriteString(p.Text)
			continue
		}
		b.WriteString(m.addSlot(newFieldSlot(p, constants)))
	}
	return b.String()
}

func newFieldSlot(p akkoord.MergePart, constants map[string]string) slot {
	v, constant := constants[p.Field]
	if p.Field != "" && !constant {
		return slot{kind: slotField, part: p}
	}
	return slot{kind: slotConstant, part: akkoord.MergePart{Text: p.Value(func(string) string { return v })}}
}

var (
	mark = regexp.MustCompile(markStart + `(\d{4})` + markText)
	// brokenMark finds a mark with soft line breaks inside. Group 1 holds its
	// number, group 2 its ending.
	brokenMark = regexp.MustCompile(`z(?:=\r\n)?q(?:=\r\n)?s(?:=\r\n)?l(?:=\r\n)?o(?:=\r\n)?t((?:(?:=\r\n)?\d){4})(?:=\r\n)?([zu])(?:@slot\.invalid)?`)
)

// marksInURL says that the marks of a URL stand in a URL.
func marksInURL(url string) string { return mark.ReplaceAllString(url, markStart+"${1}"+markURL) }

// cutMessage cuts a rendered message at its marks. Boundary separates the
// header, the text part and the HTML part. A mark that was not handed out is
// refused as template_invalid.
func cutMessage(raw []byte, boundary string, slots []slot) ([]piece, error) {
	if strange(raw, slots) {
		return nil, errMark
	}
	parts := bytes.SplitAfter(raw, []byte("\r\n--"+boundary+"\r\n"))
	if len(parts) != 3 {
		return nil, fmt.Errorf("the boundary cuts the message in %d", len(parts))
	}
	pieces := cut(parts[0], placeHeader, placeHeader)
	for i := range pieces {
		if p := &pieces[i]; p.slot >= 0 && slots[p.slot].kind == slotListUnsubscribe {
			p.fixed = bytes.TrimSuffix(p.fixed, []byte(" ")) // its value starts on a line of its own
		}
	}
	body := append(cut(undot(parts[1]), placeText, placeTextURL), cut(undot(parts[2]), placeHTML, placeHTMLURL)...)
	mendBody(body)
	return append(pieces, body...), nil
}

func cut(raw []byte, text, url place) []piece {
	var pieces []piece
	from := 0
	for _, at := range brokenMark.FindAllSubmatchIndex(raw, -1) {
		digits := strings.ReplaceAll(string(raw[at[2]:at[3]]), softBreak, "")
		n, _ := strconv.Atoi(digits) // four digits, as the expression says
		p := piece{fixed: bytes.Clone(raw[from:at[0]]), slot: n, place: text}
		if string(raw[at[4]:at[5]]) == markURL {
			p.place = url
		}
		pieces = append(pieces, p)
		from = at[1]
	}
	return append(pieces, piece{fixed: bytes.Clone(raw[from:]), slot: -1, place: text})
}

// undot encodes the dots that lines of a quoted-printable body begin with, so
// that none has to be doubled on the wire (RFC 5321 section 4.5.2).
func undot(body []byte) []byte {
	if !bytes.Contains(body, []byte("\n.")) && !bytes.HasPrefix(body, []byte(".")) {
		return body
	}
	var out []byte
	for line := range bytes.SplitAfterSeq(body, []byte("\n")) {
		out = append(out, undotLine(line)...)
	}
	return out
}

// undotLine encodes the dot that a line, or what a gap leaves of it, begins
// with. A line that gets too long by that is broken softly after the dot.
func undotLine(line []byte) []byte {
	var out []byte
	for bytes.HasPrefix(line, []byte(".")) {
		out, line = append(out, "=2E"...), line[1:]
		if column(out)+len(bytes.TrimRight(line, "\r\n")) < qpLine {
			break
		}
		out = append(out, softBreak...)
	}
	return append(out, line...)
}

// mendBody makes the pieces of a quoted-printable body safe to join: a space
// before a gap is encoded, because a line may end after it, a dot behind a gap
// too, because a line may begin with it, and each gap knows how much room the
// text behind it needs.
func mendBody(pieces []piece) {
	for i := range pieces {
		p := &pieces[i]
		if i > 0 && bytes.HasPrefix(p.fixed, []byte(".")) {
			end := bytes.IndexByte(p.fixed, '\n') + 1
			if end == 0 {
				end = len(p.fixed)
			}
			p.fixed = append(undotLine(p.fixed[:end]), p.fixed[end:]...)
		}
		if n := len(p.fixed); p.slot >= 0 && n > 0 && p.fixed[n-1] == ' ' {
			p.fixed = p.fixed[:n-1]
			if bytes.IndexByte(p.fixed, '\n') >= 0 && column(p.fixed)+len("=20=") > qpLine {
				p.fixed = append(p.fixed, softBreak...)
			}
			p.fixed = append(p.fixed, "=20"...)
		}
		if i > 0 {
			pieces[i-1].room = lineRoom(p)
		}
	}
}

func lineRoom(p *piece) int {
	if end := bytes.Index(p.fixed, []byte("\r\n")); end >= 0 {
		return end
	}
	return len(p.fixed) + len("=")
}
