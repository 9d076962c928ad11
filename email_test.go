package akkoord

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// Requirements-mail B.1–B.12: which spellings are addresses, and which are
// the same person or the same mailbox.
func TestEmailSpellings(t *testing.T) {
	type want struct{ Address, Display, Key, Abuse, Masked string }
	tests := map[string]want{
		"anouk@voorbeeld.example":       {"anouk@voorbeeld.example", "anouk@voorbeeld.example", "anouk@voorbeeld.example", "anouk@voorbeeld.example", "a•••••@voorbeeld.example"},
		"  Jan.Jansen+reis@Example.ORG": {"Jan.Jansen+reis@example.org", "Jan.Jansen+reis@example.org", "jan.jansen+reis@example.org", "jan.jansen@example.org", "J•••••@example.org"},
		"o'brien+nl@x.test":             {"o'brien+nl@x.test", "o'brien+nl@x.test", "o'brien+nl@x.test", "o'brien@x.test", "o•••••@x.test"},
		"!#$%&'*+-/=?^_`{|}~@x.test":    {"!#$%&'*+-/=?^_`{|}~@x.test", "!#$%&'*+-/=?^_`{|}~@x.test", "!#$%&'*+-/=?^_`{|}~@x.test", "!#$%&'*@x.test", "!•••••@x.test"},
		"info@münchen.de":               {"info@xn--mnchen-3ya.de", "info@münchen.de", "info@xn--mnchen-3ya.de", "info@xn--mnchen-3ya.de", "i•••••@münchen.de"},
		"info@XN--MNCHEN-3YA.de":        {"info@xn--mnchen-3ya.de", "info@münchen.de", "info@xn--mnchen-3ya.de", "info@xn--mnchen-3ya.de", "i•••••@münchen.de"},
		"x@straße.de":                   {"x@xn--strae-oqa.de", "x@straße.de", "x@xn--strae-oqa.de", "x@xn--strae-oqa.de", "x•••••@straße.de"},
		"J.An.Na+x@GoogleMail.com":      {"J.An.Na+x@googlemail.com", "J.An.Na+x@googlemail.com", "j.an.na+x@googlemail.com", "janna@gmail.com", "J•••••@googlemail.com"},
	}
	for in, want := range tests {
		t.Run(in, func(t *testing.T) {
			e, err := ParseEmail(in)
			if err != nil {
				t.Fatal(err)
			}
			got := want
			got.Address, got.Display, got.Key, got.Abuse, got.Masked = e.Address(), e.Display(), e.Key(), e.AbuseKey(), e.Masked()
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// Requirements-mail B.1–B.7 and P30: what is refused, and the code by which
// the page finds its sentence.
func TestEmailRefusals(t *testing.T) {
	long := strings.Repeat("a", 63)
	tests := map[string]string{
		"":                                    "email_missing",
		"   ":                                 "email_missing",
		"anouk":                               "email_missing_at",
		"anouk@":                              "email_domain_missing",
		"@voorbeeld.example":                  "email_local_missing",
		"a@b@c.example":                       "email_many",
		"a@x.example, b@x.example":            "email_control",
		"a@x.example,b@x.example":             "email_many",
		"a@x.example;b@x.example":             "email_many",
		".a@x.example":                        "email_local_dots",
		"a.@x.example":                        "email_local_dots",
		"a..b@x.example":                      "email_local_dots",
		`"a b"@x.example`:                     "email_control",
		`"ab"@x.example`:                      "email_quoted",
		"Jan<a@x.example>":                    "email_quoted",
		"a(comment)@x.example":                "email_quoted",
		"a@[127.0.0.1]":                       "email_ip",
		"a@127.0.0.1":                         "email_domain",
		"a@localhost":                         "email_domain",
		"a@-x.example":                        "email_domain",
		"a@x_y.example":                       "email_domain",
		"a@x..example":                        "email_domain",
		"a@x.example.":                        "email_domain",
		"a\u200bb@x.example":                  "email_control",
		"a\u202eb@x.example":                  "email_control",
		"a b@x.example":                       "email_control",
		"a\x00b@x.example":                    "email_control",
		"a@x.example\r\nBcc: b@x.example":     "email_control",
		"a\xff@x.example":                     "email_control",
		"zoë@x.example":                       "email_non_ascii",
		long + "aa@x.example":                 "email_too_long",
		"a@" + long + "a.example":             "email_domain",
		strings.Repeat("a", 330):              "email_too_long",
		"a@" + strings.Repeat("a.", 127) + "": "email_domain",
		long + "@" + strings.Repeat("b.", 95) + "example": "email_too_long",
	}
	for in, code := range tests {
		t.Run(in, func(t *testing.T) {
			_, err := ParseEmail(in)
			if got := CodeOf(err); got != code {
				t.Errorf("ParseEmail(%q) = %v, want code %q", in, err, code)
			}
			if KindOf(err) != Invalid {
				t.Errorf("kind %q", KindOf(err))
			}
		})
	}
}

func FuzzEmail(f *testing.F) {
	for _, s := range []string{"a@b.example", "ü@ü.de", "a@xn--a.de", "\"a\"@b.c", "a+b@gmail.com", "a@b@c", "a@日本.example"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := ParseEmail(s)
		if err != nil {
			if !e.IsZero() || KindOf(err) != Invalid {
				t.Fatalf("refused address is not zero or error not Invalid: %v", err)
			}
			return
		}
		a := e.Address()
		for i := range len(a) {
			if a[i] <= ' ' || a[i] > '~' || strings.IndexByte(`<>()",;:\[]`, a[i]) >= 0 {
				t.Fatalf("%q: byte %q would break an SMTP command", s, a[i])
			}
		}
		if len(a) > 254 || strings.Count(a, "@") != 1 || !utf8.ValidString(e.Display()) {
			t.Fatalf("%q gives %q", s, a)
		}
		again, err := ParseEmail(a)
		if err != nil || again != e {
			t.Fatalf("%q parses to %q which parses to %q, %v", s, a, again.Address(), err)
		}
		if display, err := ParseEmail(e.Display()); err != nil || display.Key() != e.Key() {
			t.Fatalf("%q displays as %q, which is another person: %v", s, e.Display(), err)
		}
	})
}

func TestEmailIsMaskedInLogsAndErrors(t *testing.T) {
	e, err := ParseEmail("anouk@voorbeeld.example")
	if err != nil {
		t.Fatal(err)
	}
	if s := e.String() + e.LogValue().String(); strings.Contains(s, "anouk") {
		t.Errorf("%q shows the address", s)
	}
}

// The short way through ParseEmail must not differ from the rules for
// hostnames.
func FuzzPlainDomainIsWhatTheRulesGive(f *testing.F) {
	for _, s := range []string{"example.org", "a-b.c1.nl", "xn--a.de", "a--b.nl", "ab--c.nl", "-a.nl", "a..nl", "1.2", strings.Repeat("a", 64) + ".nl"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, domain string) {
		if !plainDomain(domain) {
			return
		}
		if ascii, err := hostnames.ToASCII(domain); err != nil || ascii != domain {
			t.Fatalf("%q is taken as it is, the rules give %q, %v", domain, ascii, err)
		}
	})
}
