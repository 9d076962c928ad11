// Package domain looks up what the world's name servers say of the domain that
// mail is sent from, and says what is missing and how to mend it (mail rules
// E.5 to E.11).
package domain

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"

	"akkoord/mailer"
)

// Resolver asks name servers, as *net.Resolver does.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
	LookupIPAddr(ctx context.Context, host string) ([]net.IPAddr, error)
	LookupAddr(ctx context.Context, addr string) ([]string, error)
}

// Setup is how mail is sent.
type Setup struct {
	From   string           // domain of the sender that people see
	Return string           // domain of the envelope sender; often the same
	Relay  string           // host of the relay; "": none is set
	Keys   []mailer.DKIMKey // none: the relay signs, or nobody
}

// Verdict is how a finding is.
type Verdict string

// The verdicts. Fail is for what makes mail fail: contradictions and faults. What
// is not there, or could not be asked, is a Warn.
const (
	OK   Verdict = "ok"
	Info Verdict = "info" // would be better, and is asked for by few
	Warn Verdict = "warn"
	Fail Verdict = "fail"
)

// Finding is one thing that was looked at.
type Finding struct {
	What    string // "spf", "dkim", "dmarc", "mx", "ptr", "mta-sts" or "tls-rpt"
	Verdict Verdict
	Text    string // one sentence, with the way out
	Name    string // of the TXT record to publish; "": nothing is to be published
	Record  string // its text

	unknown bool // name servers did not answer
}

// Check looks all of it up, at the same time, so that one name server that does
// not answer keeps nothing else from being known when ctx ends.
func Check(ctx context.Context, r Resolver, s Setup) []Finding {
	c := check{ctx, r, s}
	parts := []func() []Finding{c.spf, c.dkim, c.dmarc, c.mx, c.ptr, c.advised}
	out := make([][]Finding, len(parts))
	var group sync.WaitGroup
	for i, part := range parts {
		group.Go(func() { out[i] = part() })
	}
	group.Wait()
	return slices.Concat(out...)
}

type check struct {
	ctx context.Context
	Resolver
	Setup
}

// txt gives the records at a name that begin with a version. A name that is not
// there has none.
func (c check) txt(name, version string) ([]string, error) {
	all, err := c.LookupTXT(c.ctx, name)
	if notThere(err) {
		return nil, nil
	}
	var out []string
	for _, record := range all {
		if tag, _, _ := strings.Cut(record, ";"); strings.TrimSpace(tag) == version || strings.HasPrefix(record, version+" ") {
			out = append(out, record)
		}
	}
	return out, err
}

func notThere(err error) bool {
	dns, ok := errors.AsType[*net.DNSError](err)
	return ok && dns.IsNotFound
}

// away is the finding where a name server could not be asked (E.9).
func away(what, name string, err error) Finding {
	why := err.Error()
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		why = dns.Err
	}
	return Finding{unknown: true, What: what, Verdict: Warn, Text: fmt.Sprintf("%s could not be looked up now (%s)", name, why)}
}

func found(what string, v Verdict, format string, args ...any) Finding {
	return Finding{What: what, Verdict: v, Text: fmt.Sprintf(format, args...)}
}

// publish says which TXT record to make.
func (f Finding) publish(name, record string) Finding {
	f.Name, f.Record = name, record
	return f
}

// tags reads a list of tags, like that of DKIM and DMARC (RFC 6376 §3.2).
func tags(record string) map[string]string {
	out := map[string]string{}
	for part := range strings.SplitSeq(record, ";") {
		name, value, ok := strings.Cut(part, "=")
		if name = strings.TrimSpace(name); ok && out[name] == "" {
			out[name] = strings.TrimSpace(value)
		}
	}
	return out
}

// mx asks whether mail to the two domains arrives: answers of people at the one,
// reports at the other.
func (c check) mx() []Finding {
	out := []Finding{c.receives(c.From, "answers to your mails reach nobody")}
	if c.Return != c.From {
		out = append(out, c.receives(c.Return, "bounces reach nobody"))
	}
	return out
}

func (c check) receives(domain, loss string) Finding {
	records, err := c.LookupMX(c.ctx, domain)
	switch {
	case err != nil && !notThere(err):
		return away("mx", domain, err)
	case len(records) == 0:
		if ips, err := c.LookupIPAddr(c.ctx, domain); err == nil && len(ips) > 0 {
			return found("mx", Info, "%s has no MX record; mail to it goes to its own address (RFC 5321, section 5.1)", domain)
		}
		return found("mx", Warn, "%s takes no mail: %s; publish an MX record", domain, loss)
	case len(records) == 1 && strings.Trim(records[0].Host, ".") == "":
		return found("mx", Warn, "%s says that it takes no mail (RFC 7505): %s; publish an MX record of a mail server", domain, loss)
	}
	return found("mx", OK, "%s takes mail at %s", domain, strings.TrimSuffix(records[0].Host, "."))
}

// ptr asks whether the relay's address has a name that leads back to it, where
// it has an address of its own on the internet.
func (c check) ptr() []Finding {
	ip, ok, err := c.relayIP()
	if err != nil {
		return []Finding{away("ptr", c.Relay, err)}
	}
	if !ok {
		return nil
	}
	names, err := c.LookupAddr(c.ctx, ip.String())
	if err != nil && !notThere(err) {
		return []Finding{away("ptr", ip.String(), err)}
	}
	for _, name := range names {
		back, err := c.LookupIPAddr(c.ctx, strings.TrimSuffix(name, "."))
		for _, b := range back {
			if err == nil && b.IP.Equal(ip) {
				return []Finding{found("ptr", OK, "%s is %s, and back", ip, strings.TrimSuffix(name, "."))}
			}
		}
	}
	return []Finding{found("ptr", Warn, "%s, where AKKOORD_SMTP is, has no name that leads back to it; many receivers refuse that. Ask whoever gave you the address for a PTR record, unless the relay sends from others", ip)}
}

// relayIP gives the relay's address; false where it has none that others see.
func (c check) relayIP() (net.IP, bool, error) {
	if c.Relay == "" {
		return nil, false, nil
	}
	ip := net.ParseIP(c.Relay)
	if ip == nil {
		addresses, err := c.LookupIPAddr(c.ctx, c.Relay)
		if err != nil && !notThere(err) {
			return nil, false, err
		}
		if len(addresses) == 0 {
			return nil, false, nil
		}
		ip = addresses[0].IP
	}
	return ip, ip.IsGlobalUnicast() && !ip.IsPrivate(), nil
}

// advised looks for what protects mail to us: few ask for it.
func (c check) advised() []Finding {
	var out []Finding
	for _, a := range []struct{ what, name, version, why string }{
		{"mta-sts", "_mta-sts." + c.From, "v=STSv1", "tells servers to send mail to you over TLS alone (RFC 8461)"},
		{"tls-rpt", "_smtp._tls." + c.From, "v=TLSRPTv1", "asks servers to tell where TLS to you fails (RFC 8460)"},
	} {
		switch records, err := c.txt(a.name, a.version); {
		case err != nil:
			out = append(out, away(a.what, a.name, err))
		case len(records) == 0:
			out = append(out, found(a.what, Info, "%s is not published; it %s", a.name, a.why))
		default:
			out = append(out, found(a.what, OK, "%s is published", a.name))
		}
	}
	return out
}
