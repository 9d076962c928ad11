package mailer

import (
	"bufio"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestRepliesAreReadWhole(t *testing.T) {
	tests := map[string]struct {
		in, text string
		code     int // 0: refused
	}{
		"one line":        {"250 2.0.0 ok\r\n", "2.0.0 ok", 250},
		"bare code":       {"250\r\n", "", 250},
		"bare LF":         {"250 ok\n", "ok", 250},
		"several lines":   {"550-5.1.1 no\r\n550-such\r\n550 user\r\n", "5.1.1 no such user", 550},
		"other code":      {"550-no\r\n250 yes\r\n", "", 0},
		"no code":         {"hello\r\n", "", 0},
		"no separator":    {"250ok\r\n", "", 0},
		"class 1":         {"150 ok\r\n", "", 0},
		"class 6":         {"650 ok\r\n", "", 0},
		"cut in the line": {"250 o", "", 0},
		"cut after -":     {"250-o\r\n", "", 0},
		"endless":         {strings.Repeat("250-x\r\n", 10000), "", 0},
		"overlong line":   {"250 ok" + strings.Repeat("x", 100000) + "\r\n", "ok", 250},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r, err := readReply(bufio.NewReader(strings.NewReader(tt.in)), nil)
			if r.code != tt.code || err == nil && tt.code == 0 {
				t.Errorf("code %d, error %v", r.code, err)
			}
			if err == nil && !strings.HasPrefix(string(r.text), tt.text) {
				t.Errorf("text %q", r.text)
			}
			if len(r.text) > 2*MaxReply {
				t.Errorf("%d bytes kept", len(r.text))
			}
		})
	}
}

func TestEnhancedCodes(t *testing.T) {
	for in, want := range map[string]string{
		"5.1.1 x": "5.1.1", "5.7.515": "5.7.515", "4.2.2 full": "", "5.1": "", "5.1.": "", "5.1.1234": "", "5.a.1": "", "5.1a1.1": "", "": "", "no 5.1.1": "",
	} {
		if got := enhancedCode(550, []byte(in)); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// M.16, P16: no address and no local part stays in what is kept.
func TestKeptRepliesHoldNoAddress(t *testing.T) {
	const to = "jan.jansen+nl@mail.example"
	for _, in := range []string{
		"5.1.1 <jan.jansen+nl@mail.example>: Recipient address rejected",
		"queued as for Jan.Jansen+NL@Mail.Example",
		"user jan.jansen+nl unknown",
		"jan.jansen+nl jan.jansen+nl jan.jansen+nl",
		"bounces+jan.jansen+nl=mail.example@zonvaart.example refused",
		"\x1b[31mno\x00 jan.jansen+nl@mail.example\u202e",
		strings.Repeat("é", 2000) + " jan.jansen+nl@mail.example",
	} {
		got := maskReply([]byte(in), to)
		if strings.Contains(strings.ToLower(got), "jan.jansen") || len(got) > MaxReply || !utf8.ValidString(got) || strings.ContainsAny(got, "\x00\x1b\u202e") {
			t.Errorf("%q became %q", in, got)
		}
	}
	if got := maskReply([]byte("information kept"), "info@x.example"); got != "information kept" {
		t.Errorf("a longer word was masked: %q", got)
	}
}

// M.16, P16: that most answers are alike must not carry one person's over to
// another.
func TestAKnownAnswerIsKeptAsANewOneIs(t *testing.T) {
	known := &Session{}
	for range 2 {
		for _, text := range []string{"2.0.0 ok", "2.0.0 jan is glad", "ok", "2.0.0 jan@mail.example took it", "", "5.0.0 odd", strings.Repeat("jan ", 100)} {
			for _, to := range []string{"jan@mail.example", "piet@mail.example", "jan@mail.example", "ok@mail.example"} {
				for _, code := range []int{250, 251, 250, 550, 451} {
					for _, stage := range []Stage{StageBody, StageRcpt, StageBody} {
						e, rep := Envelope{To: to}, reply{code, []byte(text)}
						if diff := cmp.Diff(new(Session).outcome(stage, rep, e), known.outcome(stage, rep, e)); diff != "" {
							t.Fatalf("%d %q to %s at %s: %s", code, text, to, stage, diff)
						}
					}
				}
			}
		}
	}
}

func TestAWholeReplyIsKnown(t *testing.T) {
	for in, want := range map[string]bool{
		"": false, "250": false, "250 ok\r": false, "250 ok\r\n": true, "250\r\n": true, "250-a\r\n": false, "250-a\r\n250 b": false,
		"250-a\r\n250 b\r\n": true, "250 a\r\n250-b\r\n": true,
	} {
		if got := holdsReply([]byte(in)); got != want {
			t.Errorf("%q: %v, want %v", in, got, want)
		}
	}
}
