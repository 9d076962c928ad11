package akkoord

import (
	"log/slog"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Email is a parsed mail address: a dot-atom local part as the person typed
// it and a domain as lower-case A-labels (RFC 5321 §2.3.11, RFC 5890). Only
// ParseEmail makes one, so every Email is safe to put into an SMTP command or
// a header field. The zero Email means "no address".
type Email struct {
	local, domain string
}

// hostnames holds the rules for domains: UTS #46 non-transitional processing
// with IDNA2008 validity.
var hostnames = idna.New(
	idna.MapForLookup(), idna.Transitional(false), idna.BidiRule(), idna.StrictDomainName(true),
	idna.ValidateLabels(true), idna.CheckHyphens(true), idna.CheckJoiners(true), idna.VerifyDNSLength(true),
)

// ParseEmail reads one address as people type it (requirements-mail B.1–B.8).
// White space around it is dropped; everything that is legal in RFC 5322 but
// abused on forms (quoted strings, comments, IP literals, several addresses)
// is refused. Errors are Invalid, name the field "email" and hold no address.
func ParseEmail(s string) (Email, error) {
	bad := func(code, sentence string) (Email, error) {
		return Email{}, Fieldf("email", code, "%s", sentence)
	}
	if len(s) > Limits.EmailInput {
		return bad("email_too_long", "This e-mail address is too long; an address has at most 254 characters.")
	}
	if !utf8.ValidString(s) {
		return bad("email_control", "This e-mail address holds characters that can't be part of an address. Please type it again.")
	}
	s = strings.TrimSpace(s)
	if s == "" {
		return bad("email_missing", "Please fill in an e-mail address.")
	}
	if strings.ContainsFunc(s, hidden) {
		return bad("email_control", "This e-mail address holds spaces or invisible characters. Please type it again.")
	}
	if strings.ContainsAny(s, ",;") {
		return bad("email_many", "Please fill in one e-mail address, not several.")
	}
	if strings.ContainsAny(s, `"()<>\`) {
		return bad("email_quoted", "Please fill in only the address, like name@example.org, without quotes or brackets.")
	}
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return bad("email_missing_at", "This e-mail address has no @. It should look like name@example.org.")
	}
	local, domain := s[:at], s[at+1:]
	switch {
	case local == "":
		return bad("email_local_missing", "The part before the @ is missing. It should look like name@example.org.")
	case domain == "":
		return bad("email_domain_missing", "The part after the @ is missing. It should look like name@example.org.")
	case strings.Contains(local, "@"):
		return bad("email_many", "Please fill in one e-mail address, with one @.")
	case strings.HasPrefix(domain, "["):
		return bad("email_ip", "An address with a number instead of a domain name can't be used here.")
	}
	if err := checkLocal(local); err != nil {
		return Email{}, err
	}
	ascii := domain
	if !plainDomain(domain) {
		var err error
		if ascii, err = hostnames.ToASCII(domain); err != nil {
			ascii = ""
		}
	}
	if !hasUsableTLD(ascii) {
		return bad("email_domain", "The part after the @ is not a valid domain name, like example.org.")
	}
	e := Email{local: local, domain: ascii}
	if len(local)+1+len(ascii) > 254 {
		return bad("email_too_long", "This e-mail address is too long; an address has at most 254 characters.")
	}
	return e, nil
}

func checkLocal(local string) error {
	if len(local) > 64 {
		return Fieldf("email", "email_too_long", "The part before the @ is too long; it has at most 64 characters.")
	}
	if strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") || strings.Contains(local, "..") {
		return Fieldf("email", "email_local_dots", "The part before the @ can't begin or end with a dot or have two in a row.")
	}
	for _, r := range local {
		if r >= utf8.RuneSelf {
			return Fieldf("email", "email_non_ascii", "Mail can't yet be sent to addresses with accents or other scripts before the @. Please use another address.")
		}
		if !isAtext(r) && r != '.' {
			return Fieldf("email", "email_local", "The part before the @ holds a character that addresses can't have.")
		}
	}
	return nil
}

// isAtext reports whether r is an atext character (RFC 5322 §3.2.3).
func isAtext(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
		strings.IndexByte("!#$%&'*+-/=?^_`{|}~", byte(r)) >= 0
}

// plainDomain reports whether a domain is one that hostnames would give back
// unchanged: lower-case labels of letters, digits and inner hyphens.
func plainDomain(domain string) bool {
	if len(domain) > 253 {
		return false
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			len(label) > 3 && label[2:4] == "--" {
			return false
		}
		for i := range len(label) {
			if c := label[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
				return false
			}
		}
	}
	return true
}

// hasUsableTLD reports whether a domain has several labels of which the last
// is not a number (an IPv4 address looks like a domain otherwise).
func hasUsableTLD(domain string) bool {
	dot := strings.LastIndexByte(domain, '.')
	if dot < 0 || dot == len(domain)-1 {
		return false
	}
	return strings.ContainsFunc(domain[dot+1:], func(r rune) bool { return r < '0' || r > '9' })
}

// hidden reports whether r is white space, a control, a format character
// (zero width, bidi) or a line separator: none may be inside an address.
func hidden(r rune) bool {
	if r < utf8.RuneSelf {
		return r <= ' ' || r == 0x7f
	}
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Cs)
}

// IsZero reports whether there is no address.
func (e Email) IsZero() bool { return e.local == "" }

// Address gives the address as mail is sent to it: the local part as typed,
// the domain as A-labels, all ASCII. It is personal data.
func (e Email) Address() string {
	if e.IsZero() {
		return ""
	}
	return e.local + "@" + e.domain
}

// Display gives the address as people read it, with a Unicode domain.
func (e Email) Display() string {
	if e.IsZero() {
		return ""
	}
	domain, err := hostnames.ToUnicode(e.domain)
	if err != nil {
		domain = e.domain
	}
	return e.local + "@" + domain
}

// Domain gives the domain as lower-case A-labels.
func (e Email) Domain() string { return e.domain }

// Key gives the spelling under which two addresses are the same person
// (requirements-mail B.11): the local part in lower case.
func (e Email) Key() string { return strings.ToLower(e.local) + "@" + e.domain }

// AbuseKey gives the spelling under which two addresses reach one mailbox, for
// limits only (requirements-mail B.12): without a plus tag, and for Gmail
// without dots.
func (e Email) AbuseKey() string {
	local, _, _ := strings.Cut(strings.ToLower(e.local), "+")
	domain := e.domain
	if domain == "googlemail.com" {
		domain = "gmail.com"
	}
	if domain == "gmail.com" {
		local = strings.ReplaceAll(local, ".", "")
	}
	return local + "@" + domain
}

// Masked gives the address with all but the first letter of the local part
// hidden; the number of dots says nothing about its length.
func (e Email) Masked() string {
	if e.IsZero() {
		return ""
	}
	_, rest, _ := strings.Cut(e.Display(), "@")
	return e.local[:1] + "•••••@" + rest
}

// String gives the masked address, so that no log or error shows it whole.
func (e Email) String() string { return e.Masked() }

// LogValue gives the masked address to log/slog.
func (e Email) LogValue() slog.Value { return slog.StringValue(e.Masked()) }

// addressLike matches whatever may be an address, in any bracket.
var addressLike = regexp.MustCompile(`[^\s<>()\[\],;:"']+@[^\s<>()\[\],;:"']+`)

// MaskAddresses gives what others wrote without whatever may be an address.
func MaskAddresses(text string) string {
	if !strings.Contains(text, "@") {
		return text
	}
	return addressLike.ReplaceAllString(text, "[address]")
}

// AddressIn gives the first of text that may be an address, or "".
func AddressIn(text string) string { return addressLike.FindString(text) }

// roleAccounts never get a confirmation mail (RFC 2142, requirements-mail
// B.15): nobody subscribes with them, and complaints about them are costly.
var roleAccounts = map[string]bool{
	"abuse": true, "postmaster": true, "hostmaster": true, "security": true, "noc": true,
	"mailer-daemon": true, "noreply": true, "no-reply": true,
}

// IsRole reports whether the address belongs to a function that does not
// subscribe to mail. Such an address gets the usual answer and no mail.
func (e Email) IsRole() bool { return roleAccounts[strings.ToLower(e.local)] }
