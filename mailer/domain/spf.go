package domain

import (
	"errors"
	"net"
	"strings"

	"blitiri.com.ar/go/spf"
)

// nobody is an address of examples (RFC 5737): asked about it, all of a record
// is gone through.
var nobody = net.IPv4(192, 0, 2, 1)

// spf asks about the domain of the envelope sender (E.7, RFC 7208).
func (c check) spf() []Finding { return []Finding{c.sender()} }

func (c check) sender() Finding {
	records, err := c.txt(c.Return, "v=spf1")
	const record = "v=spf1 include:RELAY -all"
	switch {
	case err != nil:
		return away("spf", c.Return, err)
	case len(records) == 0:
		return found("spf", Warn, "%s says nothing of who sends its mail; publish this, with what your relay tells to include for RELAY", c.Return).publish(c.Return, record)
	case len(records) > 1:
		return found("spf", Fail, "%s has %d SPF records, so that none counts (RFC 7208, section 3.2); make one of them", c.Return, len(records))
	}
	sender := "postmaster@" + c.Return
	if _, err := spf.CheckHostWithSender(nobody, c.Return, sender, spf.WithResolver(c.Resolver), spf.WithContext(c.ctx)); broken(err) {
		return found("spf", Fail, "the SPF record of %s can't be followed (%v), so that it counts for nothing; mend: %s", c.Return, err, records[0])
	}
	if !strings.Contains(records[0], "all") && !strings.Contains(records[0], "redirect=") {
		return found("spf", Warn, "the SPF record of %s says nothing of all others; end it with -all or ~all", c.Return)
	}
	if strings.Contains(records[0], "+all") || strings.HasSuffix(records[0], " all") {
		return found("spf", Fail, "the SPF record of %s lets everybody send; end it with -all or ~all", c.Return)
	}
	ip, ok, err := c.relayIP()
	if err == nil && ok {
		result, _ := spf.CheckHostWithSender(ip, c.Return, sender, spf.WithResolver(c.Resolver), spf.WithContext(c.ctx))
		if result != spf.Pass {
			return found("spf", Warn, "the SPF record of %s does not name %s, where AKKOORD_SMTP is (%s); add what your relay tells to include, unless it sends from other addresses", c.Return, ip, result)
		}
		return found("spf", OK, "%s names the relay (%s)", c.Return, ip)
	}
	return found("spf", OK, "%s has %s", c.Return, records[0])
}

// broken reports whether a record can't be evaluated, whoever asks.
func broken(err error) bool {
	for _, bad := range []error{
		spf.ErrUnknownField, spf.ErrInvalidIP, spf.ErrInvalidMask, spf.ErrInvalidMacro, spf.ErrInvalidDomain,
		spf.ErrLookupLimitReached, spf.ErrVoidLookupLimitReached, spf.ErrTooManyMXRecords, spf.ErrMultipleRecords,
	} {
		if errors.Is(err, bad) {
			return true
		}
	}
	return false
}
