package main

import (
	"bufio"
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/smtp"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func startSink(t *testing.T) (*sink, string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	s := newSink()
	go s.serve(listener)
	return s, listener.Addr().String()
}

func obey(t *testing.T, s *sink, order sinkOrder) tally {
	t.Helper()
	got, err := s.obey(order)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// Every body that the floor sends arrives whole, once, with its link.
func TestFloorDeliversWhatItCounts(t *testing.T) {
	s, addr := startSink(t)
	obey(t, s, sinkOrder{Reset: true, Collect: leaveTokens})
	sent, err := send(sendOrder{Addr: addr, Conns: 3, Size: 30_000, For: 30 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "tokens")
	got := obey(t, s, sinkOrder{Tokens: file})
	if got.Messages != sent.Messages || got.Recipients != sent.Messages || got.Twice != 0 || got.Tokens != sent.Messages {
		t.Errorf("sink took %+v, want %d messages, each to someone else and with a link", got, sent.Messages)
	}
	if each := got.bytesEach(); each < 29_700 || each > 30_300 {
		t.Errorf("a message has %d bytes, want 30,000", each)
	}
	tokens, err := readTokens(file, 0)
	if err != nil || len(tokens) != sent.Messages || !strings.HasPrefix(tokens[0], "eyJhbGciOiJIUzI1NiJ9.aaaa") {
		t.Errorf("%d tokens, %.1q, %v", len(tokens), tokens, err)
	}
}

func TestSinkReadsLinks(t *testing.T) {
	const token = "eyJhbGciOiJIUzI1NiJ9.eyJhdWQiOiJjb25maXJtIn0.c2ln"
	confirm := "http://127.0.0.1:8080/confirm/" + token
	leave := "List-Unsubscribe: <http://127.0.0.1:8080/unsubscribe/" + token + ">\r\n"
	tests := map[string]struct {
		kind, mail, want string
	}{
		"confirm, plain":                   {confirmTokens, "Subject: a\r\n\r\nKlik: " + confirm + ".\r\n", token},
		"confirm, also not me":             {confirmTokens, "Subject: a\r\n\r\n" + confirm + "\r\n" + confirm + "/not-me\r\n", token},
		"confirm, broken before a dot":     {confirmTokens, "Subject: a\r\n\r\n" + strings.ReplaceAll(confirm, ".", "=\r\n.") + "\r\n", token},
		"confirm, in an attribute":         {confirmTokens, "Subject: a\r\n\r\n<a href=3D\"" + confirm + "\">\r\n", token},
		"confirm, only in the header":      {confirmTokens, "X-Link: " + confirm + "\r\n\r\nniets\r\n", ""},
		"leave":                            {leaveTokens, "Subject: a\r\n" + leave + "\r\ntekst\r\n", token},
		"leave, behind a mailbox, folded":  {leaveTokens, strings.Replace(leave, " <", " <mailto:uit@zonvaart.example>,\r\n <", 1) + "Subject: a\r\n\r\ntekst\r\n", token},
		"leave, lower case":                {leaveTokens, strings.Replace(leave, "List-Unsubscribe", "list-unsubscribe", 1) + "\r\n\r\n", token},
		"leave, other field":               {leaveTokens, "X-" + leave + "\r\n\r\n", ""},
		"leave, only in the body":          {leaveTokens, "Subject: a\r\n\r\n" + leave, ""},
		"nothing looked for":               {"", leave + "\r\n" + confirm + "\r\n", ""},
		"line longer than the sink's room": {confirmTokens, "Subject: a\r\n\r\n" + strings.Repeat("x", 70_000) + " " + confirm + "\r\n", token},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, addr := startSink(t)
			obey(t, s, sinkOrder{Reset: true, Collect: tt.kind})
			if err := smtp.SendMail(addr, nil, "a@zonvaart.example", []string{"b@example.org"}, []byte(tt.mail)); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "tokens")
			got := obey(t, s, sinkOrder{Tokens: file})
			text, err := os.ReadFile(file)
			if err != nil || string(text) != tt.want || got.Messages != 1 {
				t.Errorf("token %q of %d messages, %v; want %q", text, got.Messages, err, tt.want)
			}
		})
	}
}

func TestSinkNoticesDoublesAndSignatures(t *testing.T) {
	s, addr := startSink(t)
	for _, to := range []string{"een@example.org", "twee@example.org", "EEN@example.org"} {
		err := smtp.SendMail(addr, nil, "a@zonvaart.example", []string{to}, []byte("DKIM-Signature: v=1\r\n\r\ndag\r\n"))
		if err != nil {
			t.Fatal(err)
		}
	}
	got := obey(t, s, sinkOrder{})
	if got.Messages != 3 || got.Recipients != 2 || got.Twice != 1 || got.Signed != 3 {
		t.Errorf("sink took %+v, want 3 signed messages to 2 people, one of them a double", got)
	}
	if got = obey(t, s, sinkOrder{Reset: true}); got.Messages != 0 || got.Recipients != 0 {
		t.Errorf("after a reset the sink has %+v", got)
	}
}

// The spliced letter reads as one that was composed for this person.
func TestLetterReadsAsComposed(t *testing.T) {
	l, err := newLetter(0)
	if err != nil {
		t.Fatal(err)
	}
	who := person{address: "zoe@example.org", name: "Zoë <Ski & Zn> " + strings.Repeat("é", 100), link: "http://127.0.0.1/unsubscribe/" + strings.Repeat("a=b", 60), id: "7@zonvaart.example"}
	m, err := mail.ReadMessage(bytes.NewReader(l.appendFor(nil, who)))
	if err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string]string{"To": "<zoe@example.org>", "Message-Id": "<7@zonvaart.example>", "List-Unsubscribe": "<" + who.link + ">"} {
		if got := m.Header.Get(field); got != want {
			t.Errorf("%s = %q, want %q", field, got, want)
		}
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	var bodies []string
	for {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(part)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(raw)) {
			if len(strings.TrimRight(line, "\r\n")) > 76 {
				t.Errorf("line of %d characters: %q", len(line), line)
			}
		}
		body, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(raw)))
		if err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, strings.ReplaceAll(string(body), "\r\n", "\n"))
	}
	if len(bodies) != 2 {
		t.Fatalf("%d parts, want text and HTML", len(bodies))
	}
	escaped := strings.NewReplacer("<", "&lt;", ">", "&gt;", "&", "&amp;").Replace(who.name)
	if want := pageOf(escaped, who.link, len(paragraphsOf(20_000))); strings.TrimSpace(bodies[1]) != strings.TrimSpace(want) {
		t.Errorf("HTML = %q\nwant %q", bodies[1], want)
	}
	if !strings.Contains(bodies[0], "Afmelden: "+who.link) {
		t.Errorf("text = %q, want the link in it", bodies[0])
	}
}

func TestPipelineStuffsDots(t *testing.T) {
	tests := map[string]string{
		"dag\r\n":              "dag\r\n.\r\n",
		"dag":                  "dag\r\n.\r\n",
		"a\r\n.\r\n..b\r\n.c.": "a\r\n..\r\n...b\r\n..c.\r\n.\r\n",
	}
	for body, want := range tests {
		if got := string(appendData(nil, []byte(body))); got != want {
			t.Errorf("appendData(%q) = %q, want %q", body, got, want)
		}
	}
}

func TestPipelineRefusesASurprise(t *testing.T) {
	ours, theirs := net.Pipe()
	defer ours.Close()
	go func() {
		io.WriteString(theirs, "554 5.3.2 not today\r\n")
		theirs.Close()
	}()
	p := &pipeline{w: ours, r: bufio.NewReader(ours)}
	if err := p.greet(); err == nil || !strings.Contains(err.Error(), "554") {
		t.Errorf("greet() error = %v, want the reply in it", err)
	}
}
