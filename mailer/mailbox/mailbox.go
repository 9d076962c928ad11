// Package mailbox fetches what came in at a mailbox over IMAP (RFC 9051), for
// those whose mail server can't hand it over by itself.
package mailbox

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// Box is a mailbox. Its zero value is none.
type Box struct {
	address, host  string
	user, password string
	folder         string
	security       security
	roots          *x509.CertPool // whose certificates are believed; nil: those of the system
}

type security int

const (
	implicitTLS security = iota // from the first byte (RFC 8314)
	startTLS
	plain // of this machine alone
)

// Parse reads imaps://user:password@host:993/Folder, or imap:// for STARTTLS.
// ?tls=none is for a server of this machine. The folder is INBOX when none is
// named.
func Parse(setting string) (*Box, error) {
	u, err := url.Parse(setting)
	if err != nil || u.Hostname() == "" || u.Scheme != "imaps" && u.Scheme != "imap" {
		return nil, errors.New("it must look like imaps://user:password@host/Folder") // the setting holds a password
	}
	b := &Box{host: u.Hostname(), user: u.User.Username(), folder: strings.Trim(u.Path, "/")}
	b.password, _ = u.User.Password()
	if b.user == "" || b.password == "" {
		return nil, errors.New("it needs a user and a password: imaps://user:password@host/Folder")
	}
	if b.folder == "" {
		b.folder = "INBOX"
	}
	port := "993"
	if u.Scheme == "imap" {
		b.security, port = startTLS, "143"
	}
	switch tls := u.Query().Get("tls"); {
	case tls == "":
	case tls == "none" && u.Scheme == "imap" && local(b.host):
		b.security = plain
	default:
		return nil, errors.New("tls= may be none alone, with imap:// and a server on 127.0.0.1")
	}
	if u.Port() != "" {
		port = u.Port()
	}
	b.address = net.JoinHostPort(b.host, port)
	return b, nil
}

func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

const (
	batch   = 200              // messages of one Collect
	kept    = 256 << 10        // bytes of a message that are looked at
	dialing = 15 * time.Second // for a connection
	patient = 2 * time.Minute  // for the whole of one Collect
)

// Collect hands each message that nobody has seen yet to take, oldest first. One
// that take has acted on is deleted; any other stays, marked as seen, for
// somebody to read. An error of take leaves the message for the next time, and
// ends. more reports whether there may be others.
func (b *Box) Collect(ctx context.Context, take func(ctx context.Context, message []byte) (acted bool, err error)) (more bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, patient)
	defer cancel()
	c, err := b.open(ctx)
	if err != nil {
		return false, err
	}
	defer c.Close()
	if _, err := c.Select(b.folder, nil).Wait(); err != nil {
		return false, b.fault("has no folder "+b.folder, err)
	}
	found, err := c.UIDSearch(&imap.SearchCriteria{NotFlag: []imap.Flag{imap.FlagSeen, imap.FlagDeleted}}, nil).Wait()
	if err != nil {
		return false, b.fault("can't be searched", err)
	}
	uids := found.AllUIDs()
	more = len(uids) > batch
	for _, uid := range uids[:min(len(uids), batch)] {
		if err := b.hand(ctx, c, uid, take); err != nil {
			return false, err
		}
	}
	_ = c.Logout().Wait() // all of it is done
	return more, nil
}

// hand gives one message to take.
func (b *Box) hand(ctx context.Context, c *imapclient.Client, uid imap.UID, take func(context.Context, []byte) (bool, error)) error {
	section := &imap.FetchItemBodySection{Peek: true, Partial: &imap.SectionPartial{Size: kept}}
	one := imap.UIDSetNum(uid)
	got, err := c.Fetch(one, &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{section}}).Collect()
	if err != nil {
		return b.fault("does not give a message", err)
	}
	if len(got) == 0 { // somebody else has taken it
		return nil
	}
	acted, err := take(ctx, got[0].FindBodySection(section))
	if err != nil {
		return err
	}
	flags := []imap.Flag{imap.FlagSeen}
	if acted {
		flags = append(flags, imap.FlagDeleted)
	}
	if err := c.Store(one, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: flags}, nil).Close(); err != nil {
		return b.fault("does not mark a message", err)
	}
	if acted && c.Caps().Has(imap.CapUIDPlus) { // else whoever tidies the mailbox up removes it
		if err := c.UIDExpunge(one).Close(); err != nil {
			return b.fault("does not delete a message", err)
		}
	}
	return nil
}

func (b *Box) open(ctx context.Context) (*imapclient.Client, error) {
	dial, cancel := context.WithTimeout(ctx, dialing)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(dial, "tcp", b.address)
	if err != nil {
		return nil, b.fault("can't be reached", err)
	}
	context.AfterFunc(ctx, func() { conn.Close() }) // at the end of Collect, whatever hangs
	options := &imapclient.Options{TLSConfig: &tls.Config{ServerName: b.host, MinVersion: tls.VersionTLS12, RootCAs: b.roots}}
	var c *imapclient.Client
	switch b.security {
	case startTLS:
		c, err = imapclient.NewStartTLS(conn, options)
	case implicitTLS:
		wrapped := tls.Client(conn, options.TLSConfig)
		if err = wrapped.HandshakeContext(dial); err == nil {
			c = imapclient.New(wrapped, options)
		}
	default:
		c = imapclient.New(conn, options)
	}
	if err != nil {
		return nil, errors.Join(b.fault("has no TLS that can be trusted", err), conn.Close())
	}
	if err := c.Login(b.user, b.password).Wait(); err != nil {
		return nil, errors.Join(b.fault("refuses the user", err), c.Close())
	}
	return c, nil
}

// fault names the server and no user.
func (b *Box) fault(what string, err error) error {
	said := strings.ReplaceAll(err.Error(), b.password, "…")
	return fmt.Errorf("the mailbox at %s %s: %s", b.address, what, strings.ReplaceAll(said, b.user, "…"))
}
