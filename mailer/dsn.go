package mailer

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"akkoord"
)

// Secret is akkoord.Secret: it never prints.
type Secret = akkoord.Secret

// TLSPolicy says how the connection to a relay is secured.
type TLSPolicy string

// The policies, of which only TLSNone ever lets a mail travel in the clear on purpose.
const (
	TLSRequired      TLSPolicy = "required"
	TLSOpportunistic TLSPolicy = "opportunistic"
	TLSNone          TLSPolicy = "none" // loopback only
)

// Relay is the server that mail is handed to, as AKKOORD_SMTP says.
type Relay struct {
	Host        string
	Port        int
	Implicit    bool // TLS from the first byte (smtps), RFC 8314
	TLS         TLSPolicy
	User        Secret // some providers put the key here, so it is one too
	Password    Secret
	Connections int    // that may be open at once
	Messages    int    // on one connection before it is renewed (M.6); 0: no limit
	HELO        string // name given in EHLO; "" leaves it to the Dialer
}

// Addr is host:port.
func (r Relay) Addr() string { return net.JoinHostPort(r.Host, strconv.Itoa(r.Port)) }

// Security says how the conversation is encrypted: "implicit", or the policy for
// STARTTLS.
func (r Relay) Security() string {
	if r.Implicit {
		return "implicit"
	}
	return string(r.TLS)
}

// Loopback reports whether the relay runs on this machine.
func (r Relay) Loopback() bool { return loopback(r.Host) }

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// ParseRelay reads the setting AKKOORD_SMTP, smtp://user:pass@host:port?tls=…
// or smtps://…, as contract.md describes it. Besides tls and connections
// (default 4) it takes messages (per connection, default 100) and helo. Errors
// never repeat the setting, which holds a password.
func ParseRelay(setting string) (Relay, error) {
	u, err := url.Parse(strings.TrimSpace(setting))
	if err != nil {
		return Relay{}, badRelay("it is no URL; write smtp://user:password@host:587, with special characters of the password as %%XX")
	}
	r := Relay{Host: u.Hostname(), TLS: TLSRequired, Connections: 4, Messages: 100}
	switch u.Scheme {
	case "smtp":
		r.Port = 587
	case "smtps":
		r.Port, r.Implicit = 465, true
	default:
		return Relay{}, badRelay("it must begin with smtp:// or smtps://")
	}
	if r.Host == "" || !wireSafe(r.Host) {
		return Relay{}, badRelay("the host is missing or not valid")
	}
	if p := u.Port(); p != "" {
		if r.Port, err = strconv.Atoi(p); err != nil || r.Port < 1 || r.Port > 65535 {
			return Relay{}, badRelay("the port must be a number from 1 to 65535")
		}
	}
	if strings.Trim(u.Path, "/") != "" || u.Fragment != "" {
		return Relay{}, badRelay("nothing may follow the port but ?tls=… and &connections=…; write a / or # in the password as %%2F or %%23")
	}
	if err := r.credentials(u.User); err != nil {
		return Relay{}, err
	}
	if err := r.options(u.RawQuery); err != nil {
		return Relay{}, err
	}
	return r, nil
}

func (r *Relay) credentials(u *url.Userinfo) error {
	if u == nil {
		return nil
	}
	password, set := u.Password()
	if !set || password == "" || u.Username() == "" {
		return badRelay("give both user and password, or neither")
	}
	if strings.ContainsRune(u.Username()+password, 0) {
		return badRelay("user and password may hold no NUL")
	}
	r.User, r.Password = Secret(u.Username()), Secret(password)
	return nil
}

func (r *Relay) options(raw string) error {
	q, err := url.ParseQuery(raw)
	if err != nil {
		return badRelay("the part after ? can't be read")
	}
	for name, values := range q {
		v := values[len(values)-1]
		switch name {
		case "tls":
			r.TLS = TLSPolicy(v)
		case "connections":
			if r.Connections, err = strconv.Atoi(v); err != nil || r.Connections < 1 || r.Connections > 100 {
				return badRelay("connections must be a number from 1 to 100")
			}
		case "messages":
			if r.Messages, err = strconv.Atoi(v); err != nil || r.Messages < 0 {
				return badRelay("messages must be a number, 0 for no limit")
			}
		case "helo":
			if r.HELO = v; v == "" || !wireSafe(v) {
				return badRelay("helo must be a host name")
			}
		default:
			return badRelay("it knows tls, connections, messages and helo after the ?, nothing else")
		}
	}
	return r.checkTLS()
}

func (r *Relay) checkTLS() error {
	switch {
	case !slices.Contains([]TLSPolicy{TLSRequired, TLSOpportunistic, TLSNone}, r.TLS):
		return badRelay("tls must be required, opportunistic or none")
	case r.Implicit && r.TLS != TLSRequired:
		return badRelay("smtps:// always uses TLS; leave out tls=")
	case r.TLS == TLSNone && !r.Loopback():
		return badRelay("tls=none is for a relay on this machine only (127.0.0.1, ::1, localhost); use tls=required")
	}
	return nil
}

func badRelay(format string, args ...any) error {
	return akkoord.Fieldf("AKKOORD_SMTP", "smtp_setting", format+".", args...)
}
