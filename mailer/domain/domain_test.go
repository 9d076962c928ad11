package domain

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"strings"
	"testing"

	"akkoord/mailer"

	"github.com/google/go-cmp/cmp"
)

// zone is what name servers say: "TXT name", "MX name", "IP name" and "PTR
// address" with their values; "?" is a server that fails.
type zone map[string][]string

func (z zone) look(kind, name string) ([]string, error) {
	values := z[kind+" "+strings.TrimSuffix(name, ".")]
	if len(values) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	if values[0] == "?" {
		return nil, &net.DNSError{Err: "server misbehaving", Name: name, IsTemporary: true}
	}
	return values, nil
}

// LookupTXT gives what the zone has.
func (z zone) LookupTXT(_ context.Context, name string) ([]string, error) { return z.look("TXT", name) }

// LookupAddr gives what the zone has.
func (z zone) LookupAddr(_ context.Context, addr string) ([]string, error) {
	return z.look("PTR", addr)
}

// LookupMX gives what the zone has.
func (z zone) LookupMX(_ context.Context, name string) (out []*net.MX, err error) {
	values, err := z.look("MX", name)
	for _, v := range values {
		out = append(out, &net.MX{Host: v})
	}
	return out, err
}

// LookupIPAddr gives what the zone has.
func (z zone) LookupIPAddr(_ context.Context, host string) (out []net.IPAddr, err error) {
	values, err := z.look("IP", host)
	for _, v := range values {
		out = append(out, net.IPAddr{IP: net.ParseIP(v)})
	}
	return out, err
}

func keys(t *testing.T, setting string, private ...any) []mailer.DKIMKey {
	t.Helper()
	out, err := mailer.ParseDKIM(setting, func(name string) ([]byte, error) {
		var n int
		if _, err := fmt.Sscan(name, &n); err != nil {
			return nil, err
		}
		der, err := x509.MarshalPKCS8PrivateKey(private[n])
		return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// E.5 to E.11: each record missing, wrong, contradictory, in a test or well, and
// a name server that fails. Each case changes a zone in which all is well.
func TestWhatIsSaidOfASendingDomain(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	both := keys(t, "a:0,b:1", rsaKey, edKey)
	record := map[string]string{}
	for _, k := range both {
		f := check{t.Context(), zone{}, Setup{From: "news.example"}}.key(k)
		if f.Verdict != Fail || f.Name != k.Selector+"._domainkey.news.example" || !strings.HasPrefix(f.Record, "v=DKIM1; k=") {
			t.Fatalf("%+v", f)
		}
		record[k.Selector] = f.Record
	}
	well := zone{
		"TXT news.example":              {"v=spf1 include:relay.example -all", "google-site-verification=x"},
		"TXT relay.example":             {"v=spf1 ip4:203.0.113.0/24 -all"},
		"TXT a._domainkey.news.example": {record["a"]},
		"TXT b._domainkey.news.example": {record["b"]},
		"TXT _dmarc.news.example":       {"v=DMARC1; p=quarantine; rua=mailto:dmarc@news.example"},
		"TXT _mta-sts.news.example":     {"v=STSv1; id=1;"},
		"TXT _smtp._tls.news.example":   {"v=TLSRPTv1; rua=mailto:tls@news.example"},
		"MX news.example":               {"mx.news.example."},
		"IP relay.example":              {"203.0.113.9"},
		"PTR 203.0.113.9":               {"out.relay.example."},
		"IP out.relay.example":          {"203.0.113.9"},
	}
	setup := Setup{From: "news.example", Return: "news.example", Relay: "relay.example", Keys: both}
	look := func(z zone, s Setup) (lines []string) {
		for _, f := range Check(t.Context(), z, s) {
			if f.Verdict != OK {
				lines = append(lines, fmt.Sprintf("%s %s: %s", f.What, f.Verdict, f.Text))
			}
			if f.Name != "" && f.Record == "" || strings.Contains(f.Text, "%!") {
				t.Errorf("%+v", f)
			}
		}
		return lines
	}
	if lines := look(well, setup); len(lines) > 0 {
		t.Fatalf("where all is well: %v", lines)
	}
	const away = "could not be looked up now (server misbehaving)"
	many := []string{"v=spf1"}
	zoneOf := func(name string, values ...string) zone { return zone{name: values} }
	for name, c := range map[string]struct {
		change zone
		setup  func(*Setup)
		want   []string // starts of what is not well
	}{
		"no SPF":                {zoneOf("TXT news.example"), nil, []string{"spf warn: news.example says nothing"}},
		"two SPF":               {zoneOf("TXT news.example", "v=spf1 -all", "v=spf1 ~all"), nil, []string{"spf fail: news.example has 2 SPF records"}},
		"SPF for everybody":     {zoneOf("TXT news.example", "v=spf1 +all"), nil, []string{"spf fail: the SPF record of news.example lets everybody send"}},
		"SPF without an end":    {zoneOf("TXT news.example", "v=spf1 include:relay.example"), nil, []string{"spf warn: the SPF record of news.example says nothing of all others"}},
		"SPF without the relay": {zoneOf("TXT news.example", "v=spf1 -all"), nil, []string{"spf warn: the SPF record of news.example does not name 203.0.113.9"}},
		"SPF with a fault":      {zoneOf("TXT news.example", "v=spf1 include:relay.example ipv4:1.2.3.4 -all"), nil, []string{"spf fail: the SPF record of news.example can't be followed"}},
		"SPF too long":          {zoneOf("TXT news.example", strings.Join(append(many, strings.Split(strings.Repeat("include:relay.example ", 11), " ")...), " ")+"-all"), nil, []string{"spf fail: the SPF record of news.example can't be followed (lookup limit"}},
		"SPF away":              {zoneOf("TXT news.example", "?"), nil, []string{"spf warn: news.example " + away}},

		"DKIM missing":      {zoneOf("TXT a._domainkey.news.example"), nil, []string{"dkim fail: the public key of selector a is not published"}},
		"DKIM of another":   {zoneOf("TXT a._domainkey.news.example", record["b"]), nil, []string{"dkim fail: a._domainkey.news.example has another key"}},
		"DKIM revoked":      {zoneOf("TXT a._domainkey.news.example", "v=DKIM1; p="), nil, []string{"dkim fail: a._domainkey.news.example says that its key was revoked"}},
		"DKIM twice":        {zoneOf("TXT a._domainkey.news.example", record["a"], record["a"]), nil, []string{"dkim fail: a._domainkey.news.example has 2 records"}},
		"DKIM for sha1":     {zoneOf("TXT a._domainkey.news.example", record["a"]+"; h=sha1"), nil, []string{"dkim fail: a._domainkey.news.example admits sha1 alone"}},
		"DKIM in a test":    {zoneOf("TXT a._domainkey.news.example", record["a"]+"; t=y"), nil, []string{"dkim warn: a._domainkey.news.example says that it is a test"}},
		"DKIM with spaces":  {zoneOf("TXT a._domainkey.news.example", strings.Replace(record["a"], "p=MII", "p= MI I", 1)), nil, nil},
		"something else":    {zoneOf("TXT a._domainkey.news.example", "v=DKIM2; p=x"), nil, []string{"dkim fail: a._domainkey.news.example is no DKIM record"}},
		"DKIM away":         {zoneOf("TXT a._domainkey.news.example", "?"), nil, []string{"dkim warn: a._domainkey.news.example " + away}},
		"no DKIM is set up": {nil, func(s *Setup) { s.Keys = nil }, []string{"dkim warn: no DKIM key signs here"}},

		"no DMARC":              {zoneOf("TXT _dmarc.news.example"), nil, []string{"dmarc warn: news.example has no DMARC policy"}},
		"DMARC in small":        {zoneOf("TXT _dmarc.news.example", "v=dmarc1; p=none"), nil, []string{"dmarc warn: news.example has no DMARC policy"}},
		"two DMARC":             {zoneOf("TXT _dmarc.news.example", "v=DMARC1; p=none", "v=DMARC1; p=reject"), nil, []string{"dmarc fail: _dmarc.news.example has 2 DMARC records"}},
		"DMARC nobody reads":    {zoneOf("TXT _dmarc.news.example", "v=DMARC1; p=reject"), nil, []string{"dmarc warn: news.example has a policy (reject) and no rua="}},
		"DMARC without p":       {zoneOf("TXT _dmarc.news.example", "v=DMARC1; rua=mailto:a@news.example"), nil, nil},
		"DMARC in a test":       {zoneOf("TXT _dmarc.news.example", "v=DMARC1; p=reject; t=y; rua=mailto:a@news.example"), nil, []string{"dmarc warn: news.example says that its policy (reject) is a test"}},
		"DMARC of yesterday":    {zoneOf("TXT _dmarc.news.example", "v=DMARC1; p=none; pct=20; rua=mailto:a@news.example"), nil, []string{"dmarc warn: pct= in the DMARC record of news.example means nothing"}},
		"reject without DKIM":   {zoneOf("TXT _dmarc.news.example", "v=DMARC1; p=reject; rua=mailto:a@news.example"), func(s *Setup) { s.Keys = nil }, []string{"dkim warn: no DKIM key", "dmarc fail: news.example asks receivers to refuse"}},
		"DMARC away":            {zoneOf("TXT _dmarc.news.example", "?"), nil, []string{"dmarc warn: _dmarc.news.example " + away}},
		"a return path apart":   {zone{"TXT bounces.other.example": {"v=spf1 include:relay.example -all"}, "MX bounces.other.example": {"mx.other.example."}}, func(s *Setup) { s.Return = "bounces.other.example" }, []string{"dmarc warn: bounces.other.example does not belong to news.example"}},
		"that and no DKIM":      {zone{"TXT bounces.other.example": {"v=spf1 include:relay.example -all"}, "MX bounces.other.example": {"mx.other.example."}}, func(s *Setup) { s.Return, s.Keys = "bounces.other.example", nil }, []string{"dkim warn", "dmarc fail: bounces.other.example does not belong to news.example"}},
		"a return path below":   {zone{"TXT bounces.news.example": {"v=spf1 include:relay.example -all"}, "MX bounces.news.example": {"mx.news.example."}}, func(s *Setup) { s.Return = "bounces.news.example" }, nil},
		"no mail server":        {zoneOf("MX news.example"), nil, []string{"mx warn: news.example takes no mail"}},
		"a mail server by name": {zone{"MX news.example": nil, "IP news.example": {"203.0.113.10"}}, nil, []string{"mx info: news.example has no MX record"}},
		"takes no mail":         {zoneOf("MX news.example", "."), nil, []string{"mx warn: news.example says that it takes no mail"}},
		"MX away":               {zoneOf("MX news.example", "?"), nil, []string{"mx warn: news.example " + away}},
		"no PTR":                {zoneOf("PTR 203.0.113.9"), nil, []string{"ptr warn: 203.0.113.9, where AKKOORD_SMTP is, has no name"}},
		"PTR to another":        {zoneOf("IP out.relay.example", "203.0.113.10"), nil, []string{"ptr warn: 203.0.113.9, where AKKOORD_SMTP is, has no name"}},
		"PTR away":              {zoneOf("PTR 203.0.113.9", "?"), nil, []string{"ptr warn: 203.0.113.9 " + away}},
		"a relay at home":       {zoneOf("IP relay.example", "192.168.1.2"), nil, nil},
		"no relay":              {nil, func(s *Setup) { s.Relay = "" }, nil},
		"no advice":             {zone{"TXT _mta-sts.news.example": nil, "TXT _smtp._tls.news.example": {"?"}}, nil, []string{"mta-sts info: _mta-sts.news.example is not published", "tls-rpt warn: _smtp._tls.news.example " + away}},
	} {
		z := zone{}
		for _, part := range []zone{well, c.change} {
			for k, v := range part {
				z[k] = v
			}
		}
		s := setup
		if c.setup != nil {
			c.setup(&s)
		}
		got := look(z, s)
		bad := len(got) != len(c.want)
		for i := range got {
			bad = bad || !strings.HasPrefix(got[i], c.want[i])
		}
		if bad {
			t.Errorf("%s: %s", name, cmp.Diff(c.want, got))
		}
	}
}

// RFC 9989 §4.10: the organisational domain is found by walking up, with eight
// questions at most, and never by a list of suffixes.
func TestTheTreeWalkFindsTheOrganisation(t *testing.T) {
	const p = "v=DMARC1; p=none"
	deep := "a.b.c.d.e.f.g.h.i.j.news.example"
	for name, c := range map[string]struct {
		domain    string
		zone      zone
		org       string
		questions int
	}{
		"nothing there":              {"mail.news.example", zone{}, "mail.news.example", 3},
		"own":                        {"news.example", zone{"TXT _dmarc.news.example": {p}}, "news.example", 2},
		"one above":                  {"mail.news.example", zone{"TXT _dmarc.news.example": {p}}, "news.example", 3},
		"both":                       {"mail.news.example", zone{"TXT _dmarc.news.example": {p}, "TXT _dmarc.mail.news.example": {p}}, "news.example", 3},
		"one that ends it":           {"x.mail.news.example", zone{"TXT _dmarc.mail.news.example": {p + "; psd=n"}, "TXT _dmarc.news.example": {p}}, "mail.news.example", 2},
		"below a suffix":             {"x.news.gov.example", zone{"TXT _dmarc.gov.example": {p + "; psd=y"}}, "news.gov.example", 3},
		"the suffix itself":          {"gov.example", zone{"TXT _dmarc.gov.example": {p + "; psd=y"}}, "gov.example", 1},
		"two records count for none": {"mail.news.example", zone{"TXT _dmarc.news.example": {p, p}}, "mail.news.example", 3},
		"very deep":                  {deep, zone{"TXT _dmarc.news.example": {p}}, "news.example", 8},
	} {
		asked := 0
		counted := counting{c.zone, &asked}
		found, err := check{t.Context(), counted, Setup{}}.walk(c.domain)
		if org := organisation(c.domain, found); err != nil || org != c.org || asked != c.questions {
			t.Errorf("%s: %s after %d questions, want %s after %d (%v)", name, org, asked, c.org, c.questions, err)
		}
	}
}

type counting struct {
	zone
	asked *int
}

// LookupTXT counts.
func (c counting) LookupTXT(ctx context.Context, name string) ([]string, error) {
	*c.asked++
	return c.zone.LookupTXT(ctx, name)
}
