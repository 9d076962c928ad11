package mailer

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"akkoord"
)

// C.12, J.8: only the signed address counts, wherever mail agents leave it; what
// a program answered or reported is nobody's wish.
func TestReadingWhatCameInToLeave(t *testing.T) {
	p := NewReturnPath("leave@zonvaart.example", []byte("a key"))
	signed := p.Of(12, 345)
	forged := NewReturnPath("leave@zonvaart.example", []byte("another")).Of(12, 345)
	const rest = "From: somebody@elsewhere.example\r\nDate: Tue, 24 Nov 2026 10:00:00 +0100\r\n"
	for name, c := range map[string]struct {
		message, rcpt string
		code          akkoord.IncomingCode
	}{
		"as the mail program writes it": {rest + "To: " + signed + "\r\nSubject: unsubscribe\r\n\r\nbye", "", ""},
		"with the address beside it":    {rest + "To: list@other.example\r\n\r\n", signed, ""},
		"in capitals":                   {rest + "To: <" + strings.ToUpper(signed) + ">\r\n\r\n", "", ""},
		"delivered through a forward":   {rest + "X-Original-To: " + signed + "\r\nTo: x@y.example\r\n\r\n", "", ""},
		"among several":                 {rest + "To: x@y.example, \"Leave\" <" + signed + ">\r\n\r\n", "", ""},
		"in the subject":                {rest + "To: leave@zonvaart.example\r\nSubject: Re: " + signed + "\r\n\r\n", "", ""},
		"from an mbox":                  {"From x Tue\n" + strings.ReplaceAll(rest, "\r", "") + "To: " + signed + "\n\nbye", "", ""},
		"a header alone":                {rest + "To: " + signed, "", ""},
		"Auto-Submitted: no":            {rest + "Auto-Submitted: no\r\nTo: " + signed + "\r\n\r\n", "", ""},
		"without a token":               {rest + "To: leave@zonvaart.example\r\nSubject: stop\r\n\r\n", "", akkoord.IncomingNoToken},
		"a token of somebody else's":    {rest + "To: " + forged + "\r\n\r\n", "", akkoord.IncomingForged},
		"one letter changed":            {rest + "\r\n\r\n", strings.Replace(signed, "+", "+a", 1), akkoord.IncomingForged},
		"another domain":                {rest + "\r\n\r\n", strings.Replace(signed, "zonvaart", "zonvaard", 1), akkoord.IncomingNoToken},
		"an absence":                    {rest + "Auto-Submitted: auto-replied\r\nTo: " + signed + "\r\n\r\n", "", akkoord.IncomingAutoReply},
		"an absence by its subject":     {rest + "Subject: =?utf-8?q?Automatisch_antwoord=3A?= weg\r\nTo: " + signed + "\r\n\r\n", "", akkoord.IncomingAutoReply},
		"a bounce":                      {rest + "Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\nTo: " + signed + "\r\n\r\n", "", akkoord.IncomingAutoReply},
		"from nobody":                   {rest + "Return-Path: <>\r\nTo: " + signed + "\r\n\r\n", "", akkoord.IncomingAutoReply},
		"no message":                    {"\x00\x01\x02", "", akkoord.IncomingBroken},
	} {
		got := ReadLeave(p, []byte(c.message), c.rcpt)
		want := akkoord.IncomingMail{Code: c.code}
		if c.code == akkoord.IncomingLeave {
			want = akkoord.IncomingMail{Mailing: 12, Subscriber: 345, Zone: "+01:00"}
		}
		if got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

func TestNoMessageLeavesWithoutASignedAddressJ1(t *testing.T) {
	p := NewReturnPath("leave@zonvaart.example", []byte("a key"))
	rapid.Check(t, func(t *rapid.T) {
		message := rapid.SliceOf(rapid.Byte()).Draw(t, "message")
		rcpt := rapid.StringMatching(`(leave\+[a-z2-7]{0,40}@zonvaart\.example)?`).Draw(t, "rcpt")
		if in := ReadLeave(p, message, rcpt); in.Code == akkoord.IncomingLeave {
			t.Fatalf("%q to %q leaves %+v", message, rcpt, in)
		}
	})
}
