package mailer

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"akkoord/mailer/mailertest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func dial(t *testing.T, d *Dialer) *Session {
	t.Helper()
	s, err := d.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// The relay misbehaves in every way that P06, P08, P11 and M.7 speak of; each
// envelope gets exactly one outcome, and only a begun body is uncertain.
func TestOutcomesWhenTheRelayMisbehaves(t *testing.T) {
	const pipe = "PIPELINING"
	tests := map[string]struct {
		play func(*peer)
		want []string // in the order in which they were told
		left int      // envelopes that were never asked for
		err  string   // "" for none, "spent", or a part of the text
	}{
		"all is well": {
			play: func(p *peer) {
				p.greet(pipe)
				p.envelope(taken...)
				p.body()
				p.envelope(append([]string{"250 queued"}, taken...)...)
				p.body()
				p.envelope(append([]string{"250 queued"}, taken...)...)
				p.body()
				p.say("250 queued")
				p.hear("QUIT")
				p.say("221 bye")
			},
			want: []string{"sent body", "sent body", "sent body"},
		},
		"without pipelining each command waits": {
			play: func(p *peer) {
				p.greet()
				for range 3 {
					for _, c := range []string{"MAIL", "RCPT"} {
						p.hear(c)
						p.say("250-two", "250 lines")
					}
					p.hear("DATA")
					p.say("354 go")
					p.body()
					p.say("250 queued")
				}
				p.hear("QUIT")
			},
			want: []string{"sent body", "sent body", "sent body"},
		},
		"421 to the next MAIL": {
			play: func(p *peer) {
				p.greet(pipe)
				p.envelope(taken...)
				p.body()
				p.envelope("250 queued", "421 4.3.2 closing")
			},
			want: []string{"sent body", "requeue mail wait"}, left: 1, err: "421",
		},
		"connection lost after the dot": {
			play: func(p *peer) {
				p.greet(pipe)
				p.envelope(taken...)
				p.body()
			},
			want: []string{"uncertain body wait", "requeue mail"}, left: 1, err: "lost",
		},
		"connection lost before the 354": {
			play: func(p *peer) { p.greet(pipe); p.envelope("250 ok", "250 ok") },
			want: []string{"requeue data wait"}, left: 2, err: "lost",
		},
		"half a reply to the dot": {
			play: func(p *peer) {
				p.greet(pipe)
				p.envelope(taken...)
				p.body()
				_, _ = p.conn.Write([]byte("25"))
			},
			want: []string{"uncertain body wait", "requeue mail"}, left: 1, err: "lost",
		},
		"half a multi-line reply to MAIL": {
			play: func(p *peer) { p.greet(pipe); p.envelope("250-half") },
			want: []string{"requeue mail wait"}, left: 2, err: "lost",
		},
		"lines of different codes": {
			play: func(p *peer) { p.greet(pipe); p.envelope("250-one", "550 two") },
			want: []string{"requeue mail wait"}, left: 2, err: "no SMTP reply",
		},
		"354 after a refused RCPT never gets a body": {
			play: func(p *peer) {
				p.greet(pipe)
				p.envelope("250 ok", "550 5.1.1 unknown", "354 go")
				p.hear("")
			},
			want: []string{"failed rcpt"}, left: 2, err: "spent",
		},
		"refused RCPT: RSET, then on": {
			play: func(p *peer) {
				p.greet(pipe)
				p.envelope("250 ok", "550 5.1.1 unknown", "554 no valid recipients")
				p.hear("RSET")
				p.envelope(append([]string{"250 reset"}, taken...)...)
				p.body()
				p.envelope("250 queued", "250 ok", "450 4.2.0 greylisted", "503 no")
				p.hear("QUIT")
			},
			want: []string{"failed rcpt", "sent body", "deferred rcpt"},
		},
		"refused RCPT without pipelining sends no DATA": {
			play: func(p *peer) {
				p.greet()
				p.hear("MAIL")
				p.say("250 ok")
				p.hear("RCPT")
				p.say("550 5.1.1 unknown")
				p.hear("RSET")
				p.say("250 ok")
				p.hear("MAIL")
				p.say("451 4.3.0 later")
				p.hear("QUIT")
			},
			want: []string{"failed rcpt", "requeue mail wait"}, left: 1, err: "451",
		},
		"refused body says nothing about the next": {
			play: func(p *peer) {
				p.greet(pipe)
				p.envelope(taken...)
				p.body()
				p.envelope(append([]string{"554 5.6.0 content"}, taken...)...)
				p.body()
				p.envelope(append([]string{"452 4.3.1 later"}, taken...)...)
				p.body()
				p.say("250 queued")
				p.hear("QUIT")
			},
			want: []string{"failed body", "deferred body", "sent body"},
		},
		"policy after the dot stops the relay, not the person": {
			play: func(p *peer) {
				p.greet(pipe)
				p.envelope(taken...)
				p.body()
				p.envelope("550 5.7.26 unauthenticated mail")
			},
			want: []string{"deferred body stop", "requeue mail"}, left: 1, err: "5.7.26",
		},
		"sender refused": {
			play: func(p *peer) {
				p.greet(pipe)
				p.envelope("550 5.1.8 bad sender", "503 no", "503 no")
			},
			want: []string{"requeue mail stop"}, left: 2, err: "5.1.8",
		},
		"421 to the dot": {
			play: func(p *peer) {
				p.greet(pipe)
				p.envelope(taken...)
				p.body()
				p.envelope("421 4.7.0 too many")
			},
			want: []string{"deferred body wait", "requeue mail"}, left: 1, err: "421",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := dial(t, relayPlayedBy(t, tt.play))
			o := mailTo("a", "b", "c")
			err := s.Run(t.Context(), o)
			s.Close()
			if diff := cmp.Diff(tt.want, o.brief()); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
			if len(o.todo) != tt.left {
				t.Errorf("%d envelopes left, want %d", len(o.todo), tt.left)
			}
			switch {
			case tt.err == "" && err != nil,
				tt.err == "spent" && !errors.Is(err, ErrSpent),
				tt.err != "" && tt.err != "spent" && (err == nil || !strings.Contains(err.Error(), tt.err)):
				t.Errorf("Run() = %v, want %q", err, tt.err)
			}
		})
	}
}

// P09: what the gate forbids after the 354 leaves no byte and no dot.
func TestASkippedBodyClosesWithoutTheDot(t *testing.T) {
	for name, tt := range map[string]struct {
		err  error
		want string
		run  error
	}{
		"skip":    {ErrSkip, "skipped data", ErrSpent},
		"requeue": {ErrRequeue, "requeue data", ErrSpent},
		"fault":   {errors.ErrUnsupported, "requeue data", errors.ErrUnsupported},
	} {
		t.Run(name, func(t *testing.T) {
			s := dial(t, relayPlayedBy(t, func(p *peer) {
				p.greet("PIPELINING")
				p.envelope(taken...)
				p.body()
				p.envelope(append([]string{"250 queued"}, taken...)...)
				p.hear("")
			}))
			o := mailTo("a", "b", "c")
			o.text = func(e Envelope) ([]byte, error) {
				if e.Ref == "b" {
					return nil, tt.err
				}
				return []byte("Subject: x\r\n\r\n"), nil
			}
			if err := s.Run(t.Context(), o); !errors.Is(err, tt.run) {
				t.Errorf("Run() = %v, want %v", err, tt.run)
			}
			if diff := cmp.Diff([]string{"sent body", tt.want}, o.brief()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Composing is lazy: a body is asked for after its own 354, and nothing rides
// behind a body while the last dot was answered late.
func TestNothingRidesBehindASlowDot(t *testing.T) {
	readings := []time.Duration{0, SlowDot, SlowDot, SlowDot, SlowDot, SlowDot, SlowDot, SlowDot} // after each body and each answer
	d := relayPlayedBy(t, func(p *peer) {
		p.greet("PIPELINING")
		p.envelope(taken...)
		p.body()
		p.envelope(append([]string{"250 late"}, taken...)...)
		p.body()
		p.say("250 quick")
		p.envelope(taken...)
		p.body()
		p.envelope(append([]string{"250 quick"}, taken...)...)
		p.body()
		p.say("250 quick")
		p.hear("QUIT")
	})
	d.Now = func() time.Time {
		at := time.Unix(0, 0).Add(readings[0])
		readings = readings[1:]
		return at
	}
	s := dial(t, d)
	o := mailTo("a", "b", "c", "d")
	if err := s.Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	s.Close()
	want := []string{
		"next a", "body a", "next b", "done a",
		"body b", "done b", "next c",
		"body c", "next d", "done c", "body d", "done d",
	}
	if diff := cmp.Diff(want, o.log); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// P24: a stop lets the message on the wire be answered, and nothing else.
func TestStoppingFinishesTheMessageOnTheWire(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := dial(t, relayPlayedBy(t, func(p *peer) {
		p.greet("PIPELINING")
		p.envelope(taken...)
		p.body()
		p.envelope()
		cancel()
		p.say("250 queued")
		p.hear("")
	}))
	o := mailTo("a", "b", "c")
	if err := s.Run(ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("Run() = %v", err)
	}
	if diff := cmp.Diff([]string{"sent body", "requeue mail"}, o.brief()); diff != "" {
		t.Error(diff)
	}
}

func TestStoppingDoesNotWaitForASilentRelay(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := dial(t, relayPlayedBy(t, func(p *peer) {
		p.greet("PIPELINING")
		p.envelope()
		cancel()
		p.hear("")
	}))
	o := mailTo("a", "b")
	if err := s.Run(ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("Run() = %v", err)
	}
	if diff := cmp.Diff([]string{"requeue mail"}, o.brief()); diff != "" {
		t.Error(diff)
	}
}

// P12, P24: after the grace time Abort frees a worker whose relay never answers.
func TestAbortMakesTheMessageOnTheWireUncertain(t *testing.T) {
	written := make(chan struct{})
	s := dial(t, relayPlayedBy(t, func(p *peer) {
		p.greet("PIPELINING")
		p.envelope(taken...)
		p.body()
		close(written)
		p.envelope()
		p.hear("")
	}))
	go func() { <-written; s.Abort() }()
	o := mailTo("a", "b")
	if err := s.Run(t.Context(), o); err == nil {
		t.Error("Run() = nil")
	}
	if diff := cmp.Diff([]string{"uncertain body wait", "requeue mail"}, o.brief()); diff != "" {
		t.Error(diff)
	}
}

func TestAStageLimitFreesTheWorker(t *testing.T) {
	server, err := mailertest.Start(mailertest.Config{Rules: []mailertest.Rule{{Stage: mailertest.AtDot, Do: mailertest.Hang}}})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	relay, _ := ParseRelay(server.URL())
	s := dial(t, &Dialer{Relay: relay, Timeouts: Timeouts{Dot: 30 * time.Millisecond}})
	o := mailTo("a")
	err = s.Run(t.Context(), o)
	if e, ok := errors.AsType[*RelayError](err); !ok || !errors.Is(e, errTimeout) {
		t.Errorf("Run() = %v", err)
	}
	if diff := cmp.Diff([]string{"uncertain body wait"}, o.brief()); diff != "" {
		t.Error(diff)
	}
}

// L27: whatever made an envelope, nothing in it can become a command.
func TestAddressesAreCheckedAgainAtTheWire(t *testing.T) {
	server, err := mailertest.Start(mailertest.Config{NoSMTPUTF8: true})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	relay, _ := ParseRelay(server.URL())
	s := dial(t, &Dialer{Relay: relay})
	o := &outbox{}
	bad := []string{
		"a@b.example>\r\nRCPT TO:<evil@b.example", "a b@c.example", "<a@b.example", "a@b.example>", "a\x00@b.example", "a\x7f@b.example",
		"", "@b.example", "a@", "plain", `"a"@b.example`, "a\u2028@b.example", "a\u202e@b.example", "a\u0085@b.example", "a@münchen.example", "\xff@b.example",
	}
	for _, a := range bad {
		o.todo = append(o.todo, Envelope{From: "n@z.example", To: a, Ref: "to"}, Envelope{From: a, To: "ok@b.example", Ref: "from"})
	}
	o.todo = append(o.todo, Envelope{From: "n@z.example", To: "zoë@b.example", Ref: "eai"}, Envelope{To: "o'brien+nl@b.example", Ref: "fine"},
		Envelope{From: "n@z.example", To: "ok@b.example", ID: "a b", Ref: "id"})
	if err := s.Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, g := range o.brief() {
		counts[g]++
	}
	// the null sender "" is fine, so one of the bad ones is taken as a From
	want := map[string]int{"failed mail": 2*len(bad) - 1 + 1, "deferred mail": 1, "sent body": 2}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := server.Messages(""); len(got) != 2 {
		t.Errorf("the relay took %d messages, want 2", len(got))
	}
}

// B.9: SMTPUTF8 goes only with an envelope that needs it.
func TestSMTPUTF8OnlyWhereNeeded(t *testing.T) {
	server, err := mailertest.Start(mailertest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	relay, _ := ParseRelay(server.URL())
	o := mailTo("jan", "zoë")
	if err := dial(t, &Dialer{Relay: relay}).Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	for _, m := range server.Messages("") {
		if want := m.To[0] == "zoë@mail.example"; m.UTF8 != want {
			t.Errorf("%s: SMTPUTF8 = %v", m.To[0], m.UTF8)
		}
	}
	if len(server.Messages("")) != 2 {
		t.Errorf("outcomes %v", o.got)
	}
}

// RFC 1870: a message over the relay's limit is not begun and stops the mailing.
func TestSizeIsHonoured(t *testing.T) {
	server, err := mailertest.Start(mailertest.Config{MaxBytes: 1000})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	relay, _ := ParseRelay(server.URL())
	o := mailTo("a")
	o.text = func(Envelope) ([]byte, error) { return []byte(strings.Repeat("x\r\n", 500)), nil }
	if err := dial(t, &Dialer{Relay: relay}).Run(t.Context(), o); err == nil {
		t.Error("Run() = nil")
	}
	if diff := cmp.Diff([]string{"deferred data stop"}, o.brief()); diff != "" {
		t.Error(diff)
	}
	if len(server.Messages("")) != 0 {
		t.Error("the relay got it all the same")
	}
}

// M.6: a connection carries so many messages and is then renewed.
func TestAConnectionIsRenewedInTime(t *testing.T) {
	server, err := mailertest.Start(mailertest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	relay, _ := ParseRelay(server.URL() + "&messages=2")
	o := mailTo("a", "b", "c", "d", "e")
	d := &Dialer{Relay: relay}
	for range 2 {
		if err := dial(t, d).Run(t.Context(), o); !errors.Is(err, ErrSpent) {
			t.Errorf("Run() = %v", err)
		}
	}
	if err := dial(t, d).Run(t.Context(), o); err != nil {
		t.Error(err)
	}
	if len(server.Messages("")) != 5 || server.Connections() != 3 {
		t.Errorf("%d messages on %d connections", len(server.Messages("")), server.Connections())
	}
}

// A.12, M.6: pipelined or not, the relay gets the same bytes that went in.
func TestPipeliningChangesNoByte(t *testing.T) {
	var servers [2]*mailertest.Server
	var sessions [2]*Session
	for i := range servers {
		s, err := mailertest.Start(mailertest.Config{NoPipelining: i == 1})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		relay, _ := ParseRelay(s.URL() + "&messages=0")
		servers[i], sessions[i] = s, dial(t, &Dialer{Relay: relay})
	}
	if sessions[0].Capabilities().Pipelining == sessions[1].Capabilities().Pipelining {
		t.Fatal("both servers are alike")
	}
	line := rapid.SampledFrom([]string{"", ".", "..", ". x", ".x", "x.", "x", "=2E", "Zoë 🎿", strings.Repeat("y", 900), "...", "x\t"})
	rapid.Check(t, func(t *rapid.T) {
		bodies := rapid.SliceOfN(rapid.SliceOfN(line, 0, 40), 1, 5).Draw(t, "bodies")
		var want []string
		for _, b := range bodies {
			want = append(want, strings.Join(append(b, ""), "\r\n"))
		}
		for i, s := range sessions {
			servers[i].Clear()
			o := &outbox{}
			for n := range want {
				o.todo = append(o.todo, Envelope{From: "n@z.example", To: "a@b.example", Ref: string(rune('0' + n))})
			}
			o.text = func(e Envelope) ([]byte, error) { return []byte(want[e.Ref.(string)[0]-'0']), nil }
			if err := s.Run(context.Background(), o); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range servers[i].Messages("") {
				got = append(got, string(m.Raw))
			}
			expect := make([]string, len(want))
			for n, w := range want {
				if expect[n] = w; w == "" {
					expect[n] = "\r\n" // a message has at least a line
				}
			}
			if diff := cmp.Diff(expect, got); diff != "" {
				t.Fatalf("server %d (-want +got):\n%s", i, diff)
			}
		}
	})
}
