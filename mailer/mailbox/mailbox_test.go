package mailbox

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
)

const user, password = "bounces@zonvaart.example", "a secret: with/all@kinds?of=signs"

// server is an IMAP server with one user, over TLS from the first byte or on
// demand.
func server(t *testing.T, security security, caps imap.CapSet) (*Box, *imapmemserver.User) {
	t.Helper()
	web := httptest.NewUnstartedServer(nil) // for a certificate of 127.0.0.1
	web.StartTLS()
	t.Cleanup(web.Close)
	u := imapmemserver.NewUser(user, password)
	for _, folder := range []string{"INBOX", "Bounces"} {
		if err := u.Create(folder, nil); err != nil {
			t.Fatal(err)
		}
	}
	memory := imapmemserver.New()
	memory.AddUser(u)
	options := &imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return memory.NewSession(), nil, nil
		},
		Caps:         caps,
		InsecureAuth: security == plain, Logger: log.New(io.Discard, "", 0), TLSConfig: web.TLS,
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	scheme, query := "imap", ""
	served := listener
	switch security {
	case implicitTLS:
		scheme, served = "imaps", tls.NewListener(listener, web.TLS)
	case plain:
		query, options.TLSConfig = "?tls=none", nil
	}
	s := imapserver.New(options)
	go func() { _ = s.Serve(served) }()
	t.Cleanup(func() { s.Close() })
	b, err := Parse(fmt.Sprintf("%s://%s:%s@%s/Bounces%s", scheme, "bounces%40zonvaart.example", "a%20secret%3A%20with%2Fall%40kinds%3Fof%3Dsigns", listener.Addr(), query))
	if err != nil {
		t.Fatal(err)
	}
	b.roots = x509.NewCertPool()
	b.roots.AddCert(web.Certificate())
	return b, u
}

func put(t *testing.T, u *imapmemserver.User, messages ...string) {
	t.Helper()
	for _, m := range messages {
		r := bytes.NewReader([]byte(m))
		if _, err := u.Append("Bounces", literal{r}, &imap.AppendOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}

type literal struct{ *bytes.Reader }

// Size is what an IMAP literal tells.
func (l literal) Size() int64 { return int64(l.Reader.Len()) }

func message(subject string) string { return "Subject: " + subject + "\r\n\r\nbody\r\n" }

var rev1 = imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapUIDPlus: {}}

// What came in is handed over once, oldest first; what was acted on is gone, the
// rest stays for somebody to read.
func TestAMailboxIsEmptiedOfWhatWasActedOn(t *testing.T) {
	for name, security := range map[string]security{"TLS": implicitTLS, "STARTTLS": startTLS, "plain, on this machine": plain} {
		t.Run(name, func(t *testing.T) {
			b, u := server(t, security, rev1)
			put(t, u, message("bounce 1"), message("a person"), message("bounce 2"))
			var got []string
			take := func(_ context.Context, m []byte) (bool, error) {
				subject := strings.TrimPrefix(strings.SplitN(string(m), "\r\n", 2)[0], "Subject: ")
				got = append(got, subject)
				return strings.HasPrefix(subject, "bounce"), nil
			}
			for range 2 {
				if more, err := b.Collect(t.Context(), take); err != nil || more {
					t.Fatal(more, err)
				}
			}
			if want := "bounce 1, a person, bounce 2"; strings.Join(got, ", ") != want {
				t.Errorf("handed over: %v", got)
			}
			status, err := u.Status("Bounces", &imap.StatusOptions{NumMessages: true, NumUnseen: true})
			if err != nil || *status.NumMessages != 1 || *status.NumUnseen != 0 {
				t.Errorf("left: %+v %v", status, err)
			}
		})
	}
}

// A message that could not be stored is handed over again; of one that is too
// long the start is enough.
func TestWhatCouldNotBeStoredComesAgain(t *testing.T) {
	b, u := server(t, implicitTLS, rev1)
	put(t, u, message("one")+strings.Repeat("x", 2*kept), message("two"))
	away := errors.New("the database is away")
	sizes := []int{}
	_, err := b.Collect(t.Context(), func(_ context.Context, m []byte) (bool, error) { sizes = append(sizes, len(m)); return false, away })
	if !errors.Is(err, away) {
		t.Errorf("%v", err)
	}
	if _, err := b.Collect(t.Context(), func(_ context.Context, m []byte) (bool, error) { sizes = append(sizes, len(m)); return true, nil }); err != nil {
		t.Error(err)
	}
	if len(sizes) != 3 || sizes[0] != kept || sizes[1] != kept {
		t.Errorf("handed over: %v bytes", sizes)
	}
}

// A mailbox of many thousands is taken in parts.
func TestAFullMailboxIsTakenInParts(t *testing.T) {
	b, u := server(t, plain, rev1)
	for range batch + 1 {
		put(t, u, message("x"))
	}
	n := 0
	take := func(context.Context, []byte) (bool, error) { n++; return true, nil }
	if more, err := b.Collect(t.Context(), take); err != nil || !more || n != batch {
		t.Errorf("%d, more %v, %v", n, more, err)
	}
	if more, err := b.Collect(t.Context(), take); err != nil || more || n != batch+1 {
		t.Errorf("%d, more %v, %v", n, more, err)
	}
}

// Without UIDPLUS nothing of others is deleted: what was acted on is marked.
func TestWithoutUIDPLUSMessagesAreMarked(t *testing.T) {
	b, u := server(t, plain, imap.CapSet{imap.CapIMAP4rev1: {}})
	put(t, u, message("x"))
	n := 0
	for range 2 {
		if _, err := b.Collect(t.Context(), func(context.Context, []byte) (bool, error) { n++; return true, nil }); err != nil {
			t.Fatal(err)
		}
	}
	if status, err := u.Status("Bounces", &imap.StatusOptions{NumMessages: true}); err != nil || *status.NumMessages != 1 || n != 1 {
		t.Errorf("%d, left: %+v %v", n, status, err)
	}
}

// Faults name the server, never the user or the password (P32).
func TestFaultsTellNoSecret(t *testing.T) {
	b, _ := server(t, implicitTLS, rev1)
	wrong, folder, untrusted, closed := *b, *b, *b, *b
	wrong.password, folder.folder, untrusted.roots, closed.address = "guess", "Nowhere", x509.NewCertPool(), "127.0.0.1:1"
	for want, box := range map[string]Box{"refuses the user": wrong, "has no folder Nowhere": folder, "no TLS that can be trusted": untrusted, "can't be reached": closed} {
		_, err := box.Collect(t.Context(), nil)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), user) || strings.Contains(err.Error(), password) || strings.Contains(err.Error(), "guess") {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestSettingsOfAMailbox(t *testing.T) {
	for setting, want := range map[string]string{
		"imaps://u:p@mail.example":                 "mail.example:993 INBOX",
		"imap://u:p@mail.example/Reports/Bounces":  "mail.example:143 Reports/Bounces",
		"imaps://u:p@mail.example:1993/Bounces":    "mail.example:1993 Bounces",
		"imap://u:p@127.0.0.1:143/INBOX?tls=none":  "127.0.0.1:143 INBOX",
		"imap://u:p@mail.example/INBOX?tls=none":   "",
		"imaps://u:p@127.0.0.1/INBOX?tls=none":     "",
		"imap://u:p@127.0.0.1/INBOX?tls=sometimes": "",
		"imaps://u@mail.example":                   "",
		"pop3://u:p@mail.example":                  "",
		"imaps://:p@mail.example":                  "",
		"mail.example":                             "",
		"imaps://u:p@%zz":                          "",
	} {
		b, err := Parse(setting)
		switch {
		case err == nil && b.address+" "+b.folder != want:
			t.Errorf("%s: %s %s", setting, b.address, b.folder)
		case err != nil && (want != "" || strings.Contains(err.Error(), ":p@mail")):
			t.Errorf("%s: %v", setting, err)
		}
	}
}
