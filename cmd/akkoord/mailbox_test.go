package main

import (
	"bytes"
	"io"
	"log"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
)

// posted is a message on its way into a mailbox.
type posted struct{ *bytes.Reader }

// Size is what an IMAP literal tells.
func (p posted) Size() int64 { return int64(p.Reader.Len()) }

// What mail servers leave in a mailbox does the same as what they hand over: a
// bounce ends mail to the mailbox that is gone, a mail to leave ends the
// purpose, and what a person wrote is kept for a person.
func TestAMailboxOfReportsIsReadAndTidied(t *testing.T) {
	t.Parallel()
	box := imapmemserver.NewUser("bounces", "secret")
	if err := box.Create("INBOX", nil); err != nil {
		t.Fatal(err)
	}
	memory := imapmemserver.New()
	memory.AddUser(box)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return memory.NewSession(), nil, nil
		},
		Caps:         imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapUIDPlus: {}},
		InsecureAuth: true, Logger: log.New(io.Discard, "", 0),
	})
	go func() { _ = s.Serve(listener) }()
	t.Cleanup(func() { s.Close() })

	server := relay(t)
	in := install(t, server.URL(), numbered("reiziger%02d@voorbeeld.example", 3)...)
	in.env = []string{
		"AKKOORD_RETURN_PATH=bounces@zonvaart.example", "AKKOORD_UNSUBSCRIBE_MAILBOX=leave@zonvaart.example",
		"AKKOORD_MAILBOX=imap://bounces:secret@" + listener.Addr().String() + "/?tls=none",
	}
	in.start()
	in.await(in.send(), isSent)

	bounce, err := os.ReadFile(filepath.Join("..", "..", "mailer", "testdata", "reports", "postfix-unknown-user.eml"))
	in.must(err)
	_, leave, _ := strings.Cut(strings.ReplaceAll(string(server.Messages(in.people[1])[0].Raw), "\r\n ", " "), "<mailto:")
	leave, _, _ = strings.Cut(leave, "?")
	for _, message := range []string{
		strings.ReplaceAll(string(bounce), "VERP", server.Messages(in.people[0])[0].From),
		"From: " + in.people[1] + "\r\nTo: " + leave + "\r\nSubject: unsubscribe\r\n\r\n",
		"From: " + in.people[2] + "\r\nTo: bounces@zonvaart.example\r\nSubject: Vraag\r\n\r\nIs er nog plek?\r\n",
	} {
		_, err := box.Append("INBOX", posted{bytes.NewReader([]byte(message))}, &imap.AppendOptions{})
		in.must(err)
	}
	in.hoursLater(`UPDATE job SET run_at = 1 WHERE kind = 'mailbox'`)
	in.until("the mailbox is read", func() bool {
		status, err := box.Status("INBOX", &imap.StatusOptions{NumMessages: true, NumUnseen: true})
		in.must(err)
		return *status.NumMessages == 1 && *status.NumUnseen == 0
	})
	for i, want := range []bool{false, false, true} {
		if got := in.allowed(in.people[i]); got != want {
			t.Errorf("person %d may be mailed: %v", i, got)
		}
	}
}
