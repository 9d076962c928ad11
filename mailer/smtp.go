package mailer

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// Timeouts bound each stage of a conversation, so that a stuck relay frees its
// worker (P12). A zero field takes the value of DefaultTimeouts.
type Timeouts struct {
	Dial     time.Duration // TCP connect, and the handshake of implicit TLS
	Greeting time.Duration // greeting, EHLO, STARTTLS and AUTH together
	Command  time.Duration // reply to MAIL, RCPT, RSET
	Data     time.Duration // reply to DATA
	Block    time.Duration // writing up to 64 KiB
	Dot      time.Duration // reply to the final dot
	Quit     time.Duration // reply to QUIT, and a last word after a broken write
}

// DefaultTimeouts are those of RFC 5321 section 4.5.3.2 (M.5), with a short dial.
func DefaultTimeouts() Timeouts {
	return Timeouts{
		Dial: 30 * time.Second, Greeting: 5 * time.Minute, Command: 5 * time.Minute, Data: 2 * time.Minute,
		Block: 3 * time.Minute, Dot: 10 * time.Minute, Quit: 2 * time.Second,
	}
}

func (t Timeouts) orDefault() Timeouts {
	d := DefaultTimeouts()
	return Timeouts{
		Dial: cmp.Or(t.Dial, d.Dial), Greeting: cmp.Or(t.Greeting, d.Greeting), Command: cmp.Or(t.Command, d.Command),
		Data: cmp.Or(t.Data, d.Data), Block: cmp.Or(t.Block, d.Block), Dot: cmp.Or(t.Dot, d.Dot), Quit: cmp.Or(t.Quit, d.Quit),
	}
}

// Dialer opens sessions with one relay. Its fields must not change while in use.
type Dialer struct {
	Relay    Relay
	HELO     string // where the relay's setting names none: the host of AKKOORD_URL (M.4)
	Timeouts Timeouts
	RootCAs  *x509.CertPool // nil: the system's
	// DialNet opens the TCP connection; nil is net.Dialer's DialContext.
	DialNet func(ctx context.Context, network, addr string) (net.Conn, error)
	// Now is the clock that slow answers are measured with; nil is time.Now.
	Now func() time.Time

	took func(Stage, time.Duration) // nil: nobody wants to know how long steps take
}

// Capabilities are what the relay offered after TLS and AUTH.
type Capabilities struct {
	Pipelining, SMTPUTF8, EightBitMIME, DSN bool

	Size int64 // largest message in bytes (RFC 1870); 0: no limit known
	TLS  bool
}

// RelayError is a failure that concerns the relay as a whole. It holds no
// address and no secret.
type RelayError struct {
	Outcome // Stage, Code, Enhanced, Reply and the effect on the relay

	err error
}

// Error says where the relay failed, and how.
func (e *RelayError) Error() string {
	msg := "relay failed at " + string(e.Stage)
	if e.Code != 0 {
		return strings.TrimSpace(fmt.Sprintf("%s: %d %s", msg, e.Code, e.Reply))
	}
	if e.err != nil {
		msg += ": " + e.err.Error()
	}
	return msg
}

// Unwrap gives the cause.
func (e *RelayError) Unwrap() error { return e.err }

// ErrNoTLS is the cause where TLS is required and the relay doesn't offer it.
var ErrNoTLS = errors.New("the relay offers no STARTTLS, and AKKOORD_SMTP requires TLS")

// ErrNoAuth is the cause where a password is set and can't be used.
var ErrNoAuth = errors.New("AKKOORD_SMTP has a password, but the relay offers no way to use it safely (SCRAM-SHA-256, PLAIN or LOGIN under TLS)")

// Dial connects, secures the connection as the relay's policy says, and
// authenticates. Its errors are *RelayError.
func (d *Dialer) Dial(ctx context.Context) (*Session, error) {
	s := &Session{timeouts: d.Timeouts.orDefault(), now: d.Now, left: d.Relay.Messages, took: d.took}
	if s.now == nil {
		s.now = time.Now
	}
	if s.left == 0 {
		s.left = -1
	}
	began := s.begin()
	stop := context.AfterFunc(ctx, s.Abort)
	client, err := d.greet(ctx, s)
	if err == nil {
		err = d.secureAndAuthenticate(s, client)
	}
	if !stop() && err == nil {
		err = relayError(StageGreeting, ctx.Err())
	}
	if err != nil {
		s.Abort()
		return nil, err
	}
	s.client, s.r, s.w = client, client.Text.R, client.Text.W
	s.caps = capabilities(client)
	s.ended(StageConnect, began)
	return s, nil
}

// greet dials with go-mail, which also does EHLO and STARTTLS. The connection
// is dialled here so that it can be closed when go-mail gives up on it, which
// by itself would leave it open.
func (d *Dialer) greet(ctx context.Context, s *Session) (*smtp.Client, error) {
	c, err := mail.NewClient(d.Relay.Host, mail.WithPort(d.Relay.Port), mail.WithHELO(cmp.Or(d.Relay.HELO, d.HELO, "localhost")),
		mail.WithTLSPolicy(d.policy()), mail.WithTLSConfig(d.tlsConfig()), mail.WithTimeout(s.timeouts.Greeting),
		mail.WithoutSMTPUTF8(), mail.WithDialContextFunc(func(ctx context.Context, network, addr string) (net.Conn, error) {
			return d.connect(ctx, s, network, addr)
		}))
	if err != nil {
		return nil, &RelayError{Classify(StageConnect, 0, "", ""), err}
	}
	client, err := c.DialToSMTPClientWithContext(ctx)
	switch {
	case err == nil:
		return client, nil
	case s.conn == nil:
		return nil, relayError(StageConnect, err)
	}
	return nil, relayError(StageGreeting, err)
}

// policy is what go-mail is asked for; implicit TLS is already there by then.
func (d *Dialer) policy() mail.TLSPolicy {
	if d.Relay.Implicit || d.Relay.TLS == TLSNone {
		return mail.NoTLS
	}
	return mail.TLSOpportunistic // required is checked afterwards, with an error of its own
}

func (d *Dialer) tlsConfig() *tls.Config {
	return &tls.Config{ServerName: d.Relay.Host, RootCAs: d.RootCAs, MinVersion: tls.VersionTLS12}
}

func (d *Dialer) connect(ctx context.Context, s *Session, network, addr string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeouts.Dial)
	defer cancel()
	dial := d.DialNet
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	conn, err := dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.conn = conn
	s.mu.Unlock()
	if !d.Relay.Implicit {
		return conn, nil
	}
	tc := tls.Client(conn, d.tlsConfig())
	if err := tc.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	return tc, nil
}

// secureAndAuthenticate refuses to go on in the clear where TLS is required,
// and gives the password only to a relay that is verified or on this machine.
func (d *Dialer) secureAndAuthenticate(s *Session, client *smtp.Client) error {
	state, err := client.GetTLSConnectionState()
	secure := err == nil && state.HandshakeComplete
	if d.Relay.TLS == TLSRequired && !secure {
		_ = client.UpdateDeadline(s.timeouts.Quit)
		_ = client.Quit()
		return &RelayError{Outcome{State: Requeue, Class: ClassPolicy, Stage: StageTLS, Relay: RelayStop}, ErrNoTLS}
	}
	if d.Relay.User == "" {
		return nil
	}
	auth := d.mechanism(client, secure || d.Relay.TLS == TLSNone)
	if auth == nil {
		return &RelayError{Outcome{State: Requeue, Class: ClassPolicy, Stage: StageAuth, Relay: RelayStop}, ErrNoAuth}
	}
	if err := client.Auth(auth); err != nil {
		return relayError(StageAuth, err)
	}
	return nil
}

// mechanism picks the strongest offered one, nil where none may be used.
func (d *Dialer) mechanism(client *smtp.Client, safe bool) smtp.Auth {
	_, offered := client.Extension("AUTH")
	has := func(mech string) bool { return slices.Contains(strings.Fields(strings.ToUpper(offered)), mech) }
	user, password := string(d.Relay.User), string(d.Relay.Password)
	switch {
	case !safe:
		return nil
	case has("SCRAM-SHA-256"):
		return smtp.ScramSHA256Auth(user, password)
	case has("PLAIN"):
		return smtp.PlainAuth("", user, password, d.Relay.Host, true)
	case has("LOGIN"):
		return smtp.LoginAuth(user, password, d.Relay.Host, true)
	}
	return nil
}

// relayError classifies what go-mail says. What is neither a reply nor a fault
// of the network, such as a certificate that doesn't verify, stops the relay.
func relayError(stage Stage, err error) *RelayError {
	if e, ok := errors.AsType[*textproto.Error](err); ok {
		enhanced := enhancedCode(e.Code, []byte(e.Msg))
		o := Classify(stage, e.Code, enhanced, "")
		if stage != StageAuth { // a reply to AUTH might repeat what was sent
			o.Reply = maskReply([]byte(e.Msg), "")
		}
		return &RelayError{Outcome: o}
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return &RelayError{Outcome{State: Requeue, Stage: StageTLS, Relay: RelayStop}, errors.New("the relay's certificate can't be verified")}
	}
	_, network := errors.AsType[net.Error](err)
	if network || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, context.Canceled) ||
		errors.Is(err, context.DeadlineExceeded) || stage == StageConnect {
		return &RelayError{Classify(stage, 0, "", ""), connectionError(err)}
	}
	return &RelayError{Outcome{State: Requeue, Class: ClassPolicy, Stage: stage, Relay: RelayStop}, errors.New("the conversation can't go on")}
}

// connectionError is err without what a server may have put into it.
func connectionError(err error) error {
	switch e, ok := errors.AsType[net.Error](err); {
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case ok && e.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return errTimeout
	case ok:
		return err
	}
	return errLost
}

var (
	errTimeout = errors.New("no answer in time")
	errLost    = errors.New("connection lost")
)

func capabilities(c *smtp.Client) Capabilities {
	has := func(name string) bool { ok, _ := c.Extension(name); return ok }
	_, size := c.Extension("SIZE")
	caps := Capabilities{Pipelining: has("PIPELINING"), SMTPUTF8: has("SMTPUTF8"), EightBitMIME: has("8BITMIME"), DSN: has("DSN")}
	caps.Size, _ = strconv.ParseInt(strings.TrimSpace(size), 10, 64)
	_, err := c.GetTLSConnectionState()
	caps.TLS = err == nil
	return caps
}

// Session is one open connection to a relay. One goroutine uses it; only Abort
// may be called from others.
type Session struct {
	client   *smtp.Client
	r        *bufio.Reader
	w        *bufio.Writer
	caps     Capabilities
	timeouts Timeouts
	now      func() time.Time
	took     func(Stage, time.Duration) // may be nil

	left   int    // messages this connection may still carry; negative: no limit
	buf    []byte // the message being written
	text   []byte // of the last reply
	usual  usual
	slow   bool // the last final dot was answered late
	reset  bool // a refused transaction is open: RSET goes before the next MAIL
	broken bool // not in a state to take a command

	mu       sync.Mutex // guards what follows
	conn     net.Conn
	readBy   time.Time // limits that conn has; see arm
	writeBy  time.Time
	stopping bool // the context of Run ended
	onWire   bool // between the first body byte and its answer: don't interrupt
}

// Capabilities gives what the relay offered.
func (s *Session) Capabilities() Capabilities { return s.caps }

// Close says QUIT where the conversation allows it and closes the connection.
func (s *Session) Close() {
	if !s.broken {
		s.broken = true
		if s.write([]byte("QUIT\r\n"), s.timeouts.Quit) == nil {
			_, _ = s.read(s.timeouts.Quit)
		}
	}
	s.Abort()
}

// Abort closes the connection at once, from any goroutine: a Run in progress
// reports Uncertain for a message on the wire and Requeue for the rest.
func (s *Session) Abort() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != nil {
		_ = s.conn.Close()
	}
}
