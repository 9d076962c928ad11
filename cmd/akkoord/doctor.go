package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"time"

	"akkoord"
	"akkoord/mailer"
	"akkoord/mailer/domain"
	"akkoord/store"
)

type doctorCommand struct {
	settings
	Domain string `help:"Sending domain to look at; by default that of AKKOORD_FROM."`
}

// finding is one line of the doctor: what was looked at, how it is, and how to
// mend it.
type finding struct {
	what, verdict, text string
}

func ok(what, format string, args ...any) finding {
	return finding{what, "ok", fmt.Sprintf(format, args...)}
}

func warn(what, format string, args ...any) finding {
	return finding{what, "warn", fmt.Sprintf(format, args...)}
}

func fail(what, format string, args ...any) finding {
	return finding{what, "fail", fmt.Sprintf(format, args...)}
}

func (c *doctorCommand) Run(ctx context.Context, io streams) error {
	if c.Domain != "" {
		if _, err := akkoord.ParseEmail("postmaster@" + c.Domain); err != nil {
			return usageError{errors.New("--domain must be a domain, like news.example.org")}
		}
	}
	site, err := c.check()
	if err != nil {
		fmt.Fprintf(io.out, "%-9s %-5s %v\n", "settings", "fail", err)
		return errSilent
	}
	var findings []finding
	for _, name := range unknownSettings(os.Environ()) {
		findings = append(findings, warn("settings", "%s is not read by this version", name))
	}
	if at := elsewhere(site.base, site.Listen, site.TLS); at != "" {
		findings = append(findings, warn("settings", "AKKOORD_URL leads to %s, and AKKOORD_LISTEN is %s: links work only if something passes them on; else set AKKOORD_URL too", at, site.Listen))
	}
	findings = append(findings, ok("settings", "complete enough to start"))
	findings = append(findings, checkIPPolicy(site))
	findings = append(findings, checkDatabase(ctx, site))
	findings = append(findings, checkStored(ctx, site)...)
	findings = append(findings, checkDisk(site), checkClock())
	if site.relay != nil {
		findings = append(findings, dialled(ctx, site, "smtp", *site.relay))
	}
	findings = append(findings, checkSignOnAnswers(ctx, site)...)
	findings = append(findings, checkDNS(ctx, site, c.Domain)...)
	bad := false
	for _, f := range findings {
		fmt.Fprintf(io.out, "%-9s %-5s %s\n", f.what, f.verdict, f.text)
		bad = bad || f.verdict == "fail"
	}
	if bad {
		return errSilent
	}
	return nil
}

// unknownSettings names the settings of an environment that this version does not read.
func unknownSettings(environ []string) (names []string) {
	known := map[string]bool{}
	for _, fields := range []reflect.Type{reflect.TypeFor[settings](), reflect.TypeFor[databaseSettings]()} {
		for i := range fields.NumField() {
			known[fields.Field(i).Tag.Get("env")] = true
		}
	}
	for _, kv := range environ {
		name, _, _ := strings.Cut(kv, "=")
		if strings.HasPrefix(name, "AKKOORD_") && !known[name] {
			names = append(names, name)
		}
	}
	return names
}

// elsewhere gives where links lead, if that is another port of this machine than the
// server listens on itself; else nothing.
func elsewhere(base *url.URL, listen, tls string) string {
	_, port, err := net.SplitHostPort(listen)
	if err != nil || port == "0" || tls != "off" || !akkoord.LoopbackHost(base.Hostname()) || base.Port() == port {
		return ""
	}
	return base.Host
}

// checkIPPolicy reminds of what whole addresses need (Art. 5(1)(c) and 6 GDPR).
func checkIPPolicy(s *site) finding {
	switch akkoord.IPPolicy(s.IPPolicy).Or() {
	case akkoord.IPFull:
		return warn("ip", "AKKOORD_IP_POLICY is full: whole IP addresses are kept for 90 days. That needs a basis of its own (Art. 6 GDPR): write down why a shortened one is not enough, or set it to shortened")
	case akkoord.IPOff:
		return ok("ip", "evidence keeps nothing of IP addresses")
	}
	return ok("ip", "evidence of forms keeps shortened IP addresses alone; what an import brought is kept as it came")
}

func checkDatabase(ctx context.Context, s *site) finding {
	database, err := s.database()
	if err != nil {
		return fail("database", "%v", err)
	}
	have, want, err := store.SchemaVersions(ctx, database)
	switch {
	case err != nil:
		return warn("database", "%v; akkoord serve makes it", err)
	case have > want:
		return fail("database", "it is of a newer program (schema %d, this program knows %d); use that one", have, want)
	case have < want:
		return warn("database", "schema %d of %d; akkoord migrate brings it up to date", have, want)
	}
	if _, err := s.keyring(false); err != nil {
		return fail("database", "%v", err)
	}
	return ok("database", "schema %d, master key readable by its owner alone", have)
}

// diskReserve is the free space below which the doctor warns.
const diskReserve = 1 << 30

func checkDisk(s *site) finding {
	path, err := s.databasePath()
	if err != nil {
		return fail("disk", "%v", err)
	}
	var fs syscall.Statfs_t
	if err := syscall.Statfs(filepath.Dir(path), &fs); err != nil {
		return warn("disk", "the free space of %s can't be read: %v", filepath.Dir(path), err)
	}
	free := fs.Bavail * uint64(fs.Bsize)
	if free < diskReserve {
		return warn("disk", "%d MiB free; make room, at least 1 GiB", free>>20)
	}
	return ok("disk", "%d MiB free", free>>20)
}

// released is a day on which this program existed: a clock before it is wrong.
var released = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)

func checkClock() finding {
	now := time.Now().UTC()
	if now.Before(released) {
		return fail("clock", "it says %s, which is before this program was made; set it (timedatectl set-ntp true)", now.Format(time.DateOnly))
	}
	return ok("clock", "%s", now.Format(time.RFC3339))
}

// dialled tells whether a relay lets us in.
func dialled(ctx context.Context, s *site, name string, relay mailer.Relay) finding {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	session, err := (&mailer.Dialer{Relay: relay, HELO: s.base.Hostname()}).Dial(ctx)
	if err != nil {
		return fail(name, "%s: %v", relay.Addr(), err)
	}
	session.Close()
	return ok(name, "%s answers, TLS policy %s", relay.Addr(), relay.TLS)
}

// domainSetup gives how mail of a domain is sent; "" is that of the sender, which
// must be set.
func (s *site) domainSetup(of string) domain.Setup {
	setup := domain.Setup{From: of, Keys: s.dkim}
	if of == "" {
		_, setup.From, _ = strings.Cut(s.from.Address, "@")
	}
	setup.Return = setup.From
	if !s.ret.IsZero() && of == "" {
		setup.Return = s.ret.Domain()
	}
	if s.relay != nil {
		setup.Relay = s.relay.Host
	}
	return setup
}

// checkDNS looks at the domain that mail is sent from.
func checkDNS(ctx context.Context, s *site, of string) []finding {
	if of == "" && s.from == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	setup := s.domainSetup(of)
	if len(setup.Keys) == 0 {
		setup.Keys = storedDKIM(ctx, s, setup.From)
	}
	var out []finding
	for _, f := range domain.Check(ctx, net.DefaultResolver, setup) {
		line := finding{f.What, string(f.Verdict), f.Text}
		if f.Name != "" {
			line.text += ":\n    " + f.Name + ". TXT"
			for _, part := range akkoord.TXTStrings(f.Record) {
				line.text += fmt.Sprintf(" %q", part)
			}
		}
		out = append(out, line)
	}
	return out
}
