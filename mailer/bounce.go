package mailer

import (
	"bytes"
	"net/textproto"
	"regexp"
	"strings"

	"akkoord"
)

// ReadReport reads a message that came in at a return path: a delivery status
// notification (RFC 3464, 6522, 6533), one of those that Exim and qmail write
// in words, or a complaint (ARF, RFC 5965). rcpt is the address that it was
// delivered to; when it is empty X-Original-To, Delivered-To and To are looked
// at. Whom it is about is told by that signed address alone, never by what the
// message says (J.1); a complaint, which comes in at one address for all, may
// name ours in the mail that it holds. The message may be cut off at its end.
func ReadReport(p *ReturnPath, message []byte, rcpt string) akkoord.Report {
	r := akkoord.Report{}
	h, body, ok := incoming(message)
	if !ok {
		r.Code = akkoord.ReportBroken
		return r
	}
	parts := partsOf(h, body)
	complaint, isARF := parts.find("message/feedback-report")
	addresses := addressed(h, rcpt)
	if isARF {
		addresses = append(addresses, quoted(complaint, parts)...)
	}
	r.Mailing, r.Subscriber, r.Code = p.delivery(addresses)
	if r.Code != akkoord.ReportCounts {
		return r
	}
	if isARF {
		readComplaint(&r, complaint)
		return r
	}
	r.Kind, r.Source = akkoord.ReportBounce, "dsn"
	if status, ok := parts.find("message/delivery-status", "message/global-delivery-status"); ok {
		readStatus(&r, status)
		return r
	}
	readWords(&r, h, parts)
	return r
}

// delivery gives what the first genuine of some addresses names, or why there
// is none.
func (p *ReturnPath) delivery(addresses []string) (mailing, subscriber int64, code akkoord.ReportCode) {
	code = akkoord.ReportNoToken
	for _, a := range addresses {
		if !p.tagged(a) {
			continue
		}
		if m, s, ok := p.Read(a); ok {
			return m, s, akkoord.ReportCounts
		}
		code = akkoord.ReportForged
	}
	return 0, 0, code
}

// quoted gives the return paths that a complaint and the mail in it name. They
// count for as much as any: they are signed.
func quoted(complaint []byte, parts parts) []string {
	groups := fieldGroups(complaint)
	if len(groups) == 0 {
		return nil
	}
	out := []string{groups[0].Get("Original-Mail-From")}
	if mail, ok := parts.find("message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"); ok {
		if h, _, ok := incoming(mail); ok {
			out = append(out, h.Get("Return-Path"), h.Get("X-Return-Path"))
		}
	}
	for i, a := range out {
		out[i] = bareAddress(a)
	}
	return out
}

func readComplaint(r *akkoord.Report, body []byte) {
	r.Kind, r.Source = akkoord.ReportComplaint, "arf"
	groups := fieldGroups(body)
	if len(groups) == 0 {
		r.Code = akkoord.ReportBroken
		return
	}
	switch strings.ToLower(groups[0].Get("Feedback-Type")) {
	case "abuse", "fraud", "virus", "other", "":
	case "not-spam":
		r.Code = akkoord.ReportWanted
	default: // auth-failure, dmarc: about the mail, not about what its reader wants
		r.Code = akkoord.ReportOther
	}
}

// readStatus reads the groups of a status notification: the first recipient
// whom it failed, of whom each of our mails has one.
func readStatus(r *akkoord.Report, body []byte) {
	r.Code = akkoord.ReportBroken
	for _, g := range fieldGroups(body) {
		action, final := strings.ToLower(g.Get("Action")), g.Get("Final-Recipient")
		if action == "" && final == "" {
			continue // about the message
		}
		if action != "failed" {
			r.Code = akkoord.ReportNoEnd
			continue
		}
		r.Code = akkoord.ReportCounts
		ReadRefusal(r, typed(g.Get("Diagnostic-Code")), g.Get("Status"), typed(final))
		return
	}
}

// reportWords is how much of the words of a bounce is looked at.
const reportWords = 16 << 10

// readWords reads a bounce without a part for machines. What follows the words
// is the mail that came back, in which anything may stand.
func readWords(r *akkoord.Report, h textproto.MIMEHeader, parts parts) {
	text, _ := parts.find("text/plain", "")
	text = text[:min(len(text), reportWords)]
	for _, mark := range []string{"--- Below this line is a copy", "------ This is a copy of", "----- Original message", "---- Original message", "----- Transcript of headers"} {
		text, _, _ = bytes.Cut(text, []byte(mark))
	}
	words, failed := string(text), h.Get("X-Failed-Recipients")
	switch {
	case failed != "": // Exim
	case strings.Contains(words, "qmail-send program") && strings.Contains(words, "permanent error"):
	case strings.Contains(words, "delivery failed permanently"), strings.Contains(words, "could not be delivered to one or more") && strings.Contains(words, "permanent error"):
	case automatic(h):
		r.Code = akkoord.ReportAuto
		return
	default:
		r.Code = akkoord.ReportOther
		return
	}
	if failed == "" {
		failed = akkoord.AddressIn(words)
	}
	if said := refusalIn(words); said != "" {
		words = said
	}
	ReadRefusal(r, words, "", failed)
}

// refusalIn gives the paragraph of some words that speaks of the refusal.
func refusalIn(words string) string {
	for paragraph := range strings.SplitSeq(strings.ReplaceAll(words, "\r\n", "\n"), "\n\n") {
		if basicCode.MatchString(paragraph) || enhancedIn(paragraph) != "" || strings.Contains(strings.ToLower(paragraph), "sorry, no mailbox") {
			return paragraph
		}
	}
	return ""
}

// basicCode finds a reply code where a server's words begin.
var basicCode = regexp.MustCompile(`(?:^|[\s(:;"])([45][0-5]\d)(?:[\s\-#)]|$)`)

// enhancedLike finds what may be a code of RFC 3463; enhancedIn tells it from a part of an IP address.
var enhancedLike = regexp.MustCompile(`[45]\.\d{1,3}\.\d{1,3}`)

func enhancedIn(text string) string {
	for _, at := range enhancedLike.FindAllStringIndex(text, -1) {
		before, after := byte(' '), byte(' ')
		if at[0] > 0 {
			before = text[at[0]-1]
		}
		if at[1] < len(text) {
			after = text[at[1]]
		}
		dotted := after == '.' && at[1]+1 < len(text) && digit(text[at[1]+1])
		if digit(before) || before == '.' || digit(after) || dotted {
			continue
		}
		return text[at[0]:at[1]]
	}
	return ""
}

// ReadRefusal notes in a report what is said of a refusal: a code in the
// server's words before the one in status, which many programs leave at 5.0.0
// (J.4). to is whose mail it was, to be masked in the words.
func ReadRefusal(r *akkoord.Report, words, status, to string) {
	enhanced, basic := enhancedIn(words), ""
	if status = enhancedIn(status); enhanced == "" || strings.HasSuffix(enhanced, ".0.0") && status != "" {
		enhanced = status
	}
	if m := basicCode.FindStringSubmatch(words); m != nil {
		basic = m[1]
	}
	r.Status, r.Reply = strings.TrimSpace(basic+" "+enhanced), maskReply([]byte(strings.Join(strings.Fields(words), " ")), to)
	if enhanced == "" && basic != "" && basic[0] == '4' {
		r.Class = ClassSoft
		return
	}
	r.Class, _ = akkoord.ClassOf(enhanced, words)
}
