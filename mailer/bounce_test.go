package mailer

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"akkoord"
)

var reportPath = NewReturnPath("bounces@zonvaart.example", []byte("a key"))

// sample gives a report as a server writes it, about delivery 7 to person 42.
func sample(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "reports", name+".eml"))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.ReplaceAll(b, []byte("VERP"), []byte(reportPath.Of(7, 42)))
}

// J.2–J.5, J.8, J.9: what servers of many makes write is read rightly.
func TestReportsOfAllMakesAreReadJ2(t *testing.T) {
	tests := map[string]struct {
		code   akkoord.ReportCode
		class  Class
		status string
	}{
		"postfix-unknown-user":     {"", ClassHard, "550 5.1.1"},
		"postfix-no-enhanced-code": {"", ClassHard, "550 5.0.0"},
		"postfix-delayed":          {code: akkoord.ReportNoEnd},
		"postfix-expired":          {"", ClassSoft, "4.4.1"},
		"exim-report":              {"", ClassHard, "550 5.1.1"},
		"exim-words":               {"", ClassHard, "550 5.1.1"},
		"qmail-words":              {"", ClassHard, "550 5.1.1"},
		"qmail-local-words":        {"", ClassHard, "5.1.1"},
		"exchange-online-unknown":  {"", ClassHard, "550 5.1.10"},
		"exchange-online-rejected": {"", ClassHard, "550 5.4.1"},
		"outlook-policy":           {"", ClassPolicy, "550 5.7.515"},
		"gmail-unknown":            {"", ClassHard, "550 5.1.1"},
		"gmail-full":               {"", ClassSoft, "552 5.2.2"},
		"gmail-policy":             {"", ClassPolicy, "550 5.7.26"},
		"yahoo-unknown":            {"", ClassHard, "554 5.0.0"},
		"aol-disabled":             {"", ClassHard, "554 5.0.0"},
		"sendmail-unknown":         {"", ClassHard, "550 5.1.1"},
		"too-large":                {"", ClassContent, "552 5.3.4"},
		"internationalised":        {"", ClassHard, "550 5.1.1"},
		"nested-base64":            {"", ClassHard, "5.2.1"},
		"relayed":                  {code: akkoord.ReportNoEnd},
		"arf-abuse":                {},
		"arf-embedded-only":        {},
		"arf-not-spam":             {code: akkoord.ReportWanted},
		"vacation-dutch":           {code: akkoord.ReportAuto},
		"vacation-unmarked":        {code: akkoord.ReportAuto},
		"a-person":                 {code: akkoord.ReportOther},
	}
	files, err := filepath.Glob("testdata/reports/*.eml")
	if err != nil || len(files) != len(tests) {
		t.Fatalf("%d samples for %d cases: %v", len(files), len(tests), err)
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			for ends, message := range map[string][]byte{"\\n": sample(t, name), "\\r\\n": bytes.ReplaceAll(sample(t, name), []byte("\n"), []byte("\r\n"))} {
				r := ReadReport(reportPath, message, "")
				if r.Code != want.code || r.Class != want.class || r.Status != want.status || r.Mailing != 7 || r.Subscriber != 42 {
					t.Errorf("with %s: %+v, want %+v", ends, r, want)
				}
				kind := akkoord.ReportBounce
				if strings.HasPrefix(name, "arf") {
					kind = akkoord.ReportComplaint
				}
				if r.Kind != kind {
					t.Errorf("with %s: a %s", ends, r.Kind)
				}
				for _, s := range []string{"pim", "zoë", "@"} {
					if strings.Contains(r.Reply, s) {
						t.Errorf("M.16: the reply names somebody: %q", r.Reply)
					}
				}
			}
		})
	}
}

// J.1: whom a report is about is said by a signed address that it was delivered
// to, and by nothing in it.
func TestForgedReportsNameNobodyJ1(t *testing.T) {
	genuine := reportPath.Of(7, 42)
	for name, tt := range map[string]struct {
		message, rcpt string
		want          akkoord.ReportCode
	}{
		"the envelope decides":         {strings.ReplaceAll(string(sample(t, "gmail-unknown")), genuine, "x@y.example"), genuine, ""},
		"another envelope":             {string(sample(t, "gmail-unknown")), "bounces@zonvaart.example", akkoord.ReportNoToken},
		"only the mail that came back": {strings.Replace(string(sample(t, "exim-words")), genuine, "bounces@zonvaart.example", 2), "", akkoord.ReportNoToken},
		"the subject":                  {"To: bounces@zonvaart.example\nSubject: " + genuine + "\n" + "X-Failed-Recipients: a@b.example\n\n550 5.1.1", "", akkoord.ReportNoToken},
		"another key":                  {string(sample(t, "postfix-unknown-user")), NewReturnPath("bounces@zonvaart.example", []byte("guess")).Of(7, 42), akkoord.ReportForged},
		"a complaint of another key":   {strings.ReplaceAll(string(sample(t, "arf-abuse")), genuine, NewReturnPath("bounces@zonvaart.example", []byte("guess")).Of(7, 42)), "", akkoord.ReportForged},
		"no message":                   {"\x00\x01", "", akkoord.ReportBroken},
		"nothing":                      {"", genuine, akkoord.ReportBroken},
	} {
		if r := ReadReport(reportPath, []byte(tt.message), tt.rcpt); r.Code != tt.want {
			t.Errorf("%s: %+v, want %q", name, r, tt.want)
		}
	}
}

// J.4: a code in the words comes before the one in Status, and a part of an IP
// address is none.
func TestCodesAreFoundInWordsJ4(t *testing.T) {
	for words, want := range map[string]string{
		"550 5.1.1 no": "5.1.1", "550-5.1.1 no": "5.1.1", "(#5.1.1)": "5.1.1", "5.4.1.2 refused": "", "192.5.1.1 refused": "", "at 5.1.1.": "5.1.1", "15.1.1": "", "": "",
	} {
		if got := enhancedIn(words); got != want {
			t.Errorf("%q has %q, want %q", words, got, want)
		}
	}
}

// J.14: parts within parts without end, and what is cut off.
func TestDamagedReportsAreReadAsFarAsTheyGoJ14(t *testing.T) {
	var deep strings.Builder
	fmt.Fprintf(&deep, "To: %s\nContent-Type: multipart/mixed; boundary=b0\n\n", reportPath.Of(7, 42))
	for i := range 500 {
		fmt.Fprintf(&deep, "--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n", i, i+1)
	}
	if r := ReadReport(reportPath, []byte(deep.String()), ""); r.Code != akkoord.ReportOther {
		t.Errorf("parts within parts: %+v", r)
	}
	if r := ReadReport(reportPath, []byte("To: "+reportPath.Of(7, 42)+"\nContent-Type: multipart/mixed; boundary=b\n\n"+strings.Repeat("--b\n\n\n", 50000)), ""); r.Code != akkoord.ReportOther {
		t.Errorf("many parts: %+v", r)
	}
	whole := sample(t, "postfix-unknown-user")
	cut := whole[:bytes.Index(whole, []byte("Subject: De sneeuw"))]
	if r := ReadReport(reportPath, cut, ""); r.Class != ClassHard || r.Code != "" {
		t.Errorf("cut off in the mail that came back: %+v", r)
	}
}

func FuzzReadReport(f *testing.F) {
	files, err := filepath.Glob("testdata/reports/*.eml")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range files {
		f.Add(sample(f, strings.TrimSuffix(filepath.Base(path), ".eml")), "")
	}
	f.Fuzz(func(t *testing.T, message []byte, rcpt string) {
		r := ReadReport(reportPath, message, rcpt)
		if r.Code == akkoord.ReportCounts && r.Subscriber != 42 && !strings.Contains(strings.ToLower(string(message)+rcpt), "bounces+") {
			t.Errorf("somebody was found: %+v", r)
		}
		if len(r.Reply) > MaxReply || akkoord.AddressIn(r.Reply) != "" {
			t.Errorf("the reply is not fit to keep: %q", r.Reply)
		}
		if r.Code == akkoord.ReportCounts && r.Kind == akkoord.ReportBounce && r.Class == ClassNone {
			t.Errorf("a bounce of no class: %+v", r)
		}
	})
}
