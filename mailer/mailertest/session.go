package mailertest

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Stage is where a Rule speaks up.
type Stage string

// The stages that a Rule may name.
const (
	AtMail Stage = "mail"
	AtRcpt Stage = "rcpt"
	AtDot  Stage = "dot" // after the whole message
)

// Action is what a Rule does.
type Action string

// The actions. After Drop and Hang at the dot the message counts as accepted:
// only its answer is lost.
const (
	Answer Action = ""     // with the rule's code
	Drop   Action = "drop" // close the connection without an answer
	Hang   Action = "hang" // never answer
)

// Rule makes the server refuse, drop or hang. The first that fits is applied.
type Rule struct {
	Stage    Stage
	Match    string // part of the recipient's address (of the return path at AtMail); "" fits all
	Do       Action
	Code     int // such as 550
	Enhanced [3]int
	Text     string
	Times    int // how often it applies; 0: always
}

// SetRules replaces all rules, also for open connections.
func (s *Server) SetRules(rules ...Rule) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules, s.uses = rules, make([]int, len(rules))
}

func (s *Server) rule(at Stage, addresses ...string) (Rule, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, r := range s.rules {
		if r.Stage != at || r.Times > 0 && s.uses[i] >= r.Times {
			continue
		}
		for _, a := range addresses {
			if strings.Contains(a, r.Match) {
				s.uses[i]++
				return r, true
			}
		}
	}
	return Rule{}, false
}

// apply does what the rules say at a stage; nil means go on as usual.
func (c *conversation) apply(at Stage, addresses ...string) error {
	if r, ok := c.s.rule(at, addresses...); ok {
		return c.obey(r)
	}
	return nil
}

func (c *conversation) obey(r Rule) error {
	switch r.Do {
	case Hang:
		<-c.s.done
		c.conn.Conn().Close()
	case Drop:
		c.conn.Conn().Close()
	}
	enhanced := smtp.EnhancedCode(r.Enhanced)
	if r.Enhanced == [3]int{} {
		enhanced = smtp.NoEnhancedCode
	}
	return &smtp.SMTPError{Code: cmp.Or(r.Code, 421), EnhancedCode: enhanced, Message: cmp.Or(r.Text, "as the rules say")}
}

// conversation is one connection's go-smtp session.
type conversation struct {
	s    *Server
	conn *smtp.Conn
	user string
	m    Message
}

func (s *Server) session(c *smtp.Conn) (smtp.Session, error) {
	return &conversation{s: s, conn: c}, nil
}

// Mail begins a transaction.
func (c *conversation) Mail(from string, o *smtp.MailOptions) error {
	if c.s.conf.User != "" && c.user == "" {
		return smtp.ErrAuthRequired
	}
	_, secure := c.conn.TLSConnectionState()
	c.m = Message{From: from, UTF8: o.UTF8, TLS: secure, User: c.user}
	return c.apply(AtMail, from)
}

// Rcpt adds a recipient.
func (c *conversation) Rcpt(to string, _ *smtp.RcptOptions) error {
	if err := c.apply(AtRcpt, to); err != nil {
		return err
	}
	c.m.To = append(c.m.To, to)
	return nil
}

// Data takes the message.
func (c *conversation) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if c.s.conf.Pace > 0 {
		select {
		case <-time.After(c.s.conf.Pace):
		case <-c.s.done:
		}
	}
	m := c.m
	m.Raw = raw
	rule, ok := c.s.rule(AtDot, m.To...)
	if !ok || rule.Do != Answer || rule.Code/100 == 2 {
		c.s.keep(m)
	}
	if !ok {
		return nil
	}
	return c.obey(rule)
}

// Reset ends the transaction.
func (c *conversation) Reset() { c.m = Message{} }

// Logout ends the connection.
func (c *conversation) Logout() error { return nil }

// AuthMechanisms are those offered where a password is set.
func (c *conversation) AuthMechanisms() []string {
	if c.s.conf.User == "" {
		return nil
	}
	return []string{sasl.Plain, sasl.Login}
}

// Auth checks the password.
func (c *conversation) Auth(mech string) (sasl.Server, error) {
	check := func(user, password string) error {
		want := c.s.conf.User + "\x00" + c.s.conf.Password
		if subtle.ConstantTimeCompare([]byte(user+"\x00"+password), []byte(want)) != 1 {
			return smtp.ErrAuthFailed
		}
		c.user = user
		return nil
	}
	if mech == sasl.Login {
		return &login{check: check}, nil
	}
	return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
}

// login is the server's side of LOGIN, which go-sasl leaves out.
type login struct {
	check func(user, password string) error
	step  int
	user  string
}

// Next asks for the user, then the password.
func (l *login) Next(response []byte) (challenge []byte, done bool, err error) {
	l.step++
	switch {
	case l.step == 1 && response == nil:
		return []byte("Username:"), false, nil
	case l.user == "":
		l.user = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.user, string(response))
}

// Certificate makes a self-signed certificate for 127.0.0.1, ::1 and localhost,
// valid for a day from now, and the pool that trusts it.
func Certificate(now time.Time) (tls.Certificate, *x509.CertPool, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	t := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mailertest"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour), KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}, DNSNames: []string{"localhost"},
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, pool, nil
}
