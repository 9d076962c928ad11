package mailer

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"akkoord/mailer/mailertest"
)

// notes is a writer that a server's goroutines may share.
type notes struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (n *notes) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.b.Write(p)
}

func (n *notes) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.b.String()
}

func startServer(t *testing.T, conf mailertest.Config) (*mailertest.Server, *Dialer) {
	t.Helper()
	server, err := mailertest.Start(conf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	relay, err := ParseRelay(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	return server, &Dialer{Relay: relay, HELO: "mail.zonvaart.example", RootCAs: server.RootCAs()}
}

// M.1, M.3: mail and password travel under verified TLS, by STARTTLS or from the first byte.
func TestMailGoesOverTLSWithAPassword(t *testing.T) {
	for _, mode := range []mailertest.TLSMode{mailertest.TLSStart, mailertest.TLSImplicit} {
		t.Run(string(mode), func(t *testing.T) {
			server, d := startServer(t, mailertest.Config{TLS: mode, User: "u", Password: "geheim"})
			s := dial(t, d)
			if !s.Capabilities().TLS || !s.Capabilities().Pipelining {
				t.Errorf("capabilities %+v", s.Capabilities())
			}
			if err := s.Run(t.Context(), mailTo("a", "b", "c")); err != nil {
				t.Fatal(err)
			}
			got := server.Messages("")
			if len(got) != 3 || !got[0].TLS || got[0].User != "u" {
				t.Errorf("relay took %+v", got)
			}
		})
	}
}

// M.1: required TLS that isn't offered ends it before AUTH and MAIL, and says which setting asks for it.
func TestRequiredTLSRefusesARelayWithoutIt(t *testing.T) {
	for _, policy := range []TLSPolicy{TLSRequired, TLSOpportunistic} {
		var heard notes
		_, d := startServer(t, mailertest.Config{User: "u", Password: "geheim", Dialogue: &heard})
		d.Relay.TLS = policy
		_, err := d.Dial(t.Context())
		e, ok := errors.AsType[*RelayError](err)
		if !ok || e.Relay != RelayStop || !strings.Contains(err.Error(), "AKKOORD_SMTP") {
			t.Errorf("%s: Dial() = %v", policy, err)
		}
		if policy == TLSRequired && !errors.Is(err, ErrNoTLS) || policy == TLSOpportunistic && !errors.Is(err, ErrNoAuth) {
			t.Errorf("%s: cause %v", policy, err)
		}
		for _, forbidden := range []string{"\nAUTH ", "MAIL FROM", "geheim", "AGdlaGVpbQ"} {
			if strings.Contains(heard.String(), forbidden) {
				t.Errorf("%s: the relay heard %q in:\n%s", policy, forbidden, heard.String())
			}
		}
		if !strings.Contains(heard.String(), "EHLO mail.zonvaart.example") { // M.4, A.14
			t.Errorf("EHLO name is wrong in:\n%s", heard.String())
		}
	}
}

func TestAnUnverifiedCertificateStopsTheRelay(t *testing.T) {
	for _, mode := range []mailertest.TLSMode{mailertest.TLSStart, mailertest.TLSImplicit} {
		_, d := startServer(t, mailertest.Config{TLS: mode})
		d.RootCAs = nil
		_, err := d.Dial(t.Context())
		if e, ok := errors.AsType[*RelayError](err); !ok || e.Relay != RelayStop || e.Stage != StageTLS {
			t.Errorf("%s: Dial() = %v", mode, err)
		}
	}
}

// M.7, P32: a refused password stops the relay and shows nowhere.
func TestARefusedPasswordStopsTheRelay(t *testing.T) {
	_, d := startServer(t, mailertest.Config{TLS: mailertest.TLSStart, User: "u", Password: "other"})
	d.Relay.User, d.Relay.Password = "u", "geheim"
	_, err := d.Dial(t.Context())
	e, ok := errors.AsType[*RelayError](err)
	if !ok || e.Relay != RelayStop || e.Stage != StageAuth || e.Code != 535 || strings.Contains(fmt.Sprintf("%v %+v", err, e), "geheim") {
		t.Errorf("Dial() = %v", err)
	}
}

func TestARelayThatIsNotThereIsWaitedFor(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := ln.Addr().(*net.TCPAddr).Port
	ln.Close()
	_, err = (&Dialer{Relay: Relay{Host: "127.0.0.1", Port: port, TLS: TLSNone}}).Dial(t.Context())
	if e, ok := errors.AsType[*RelayError](err); !ok || e.Relay != RelayWait || e.Stage != StageConnect {
		t.Errorf("Dial() = %v", err)
	}
}

// M.7: what a greeting means for the relay.
func TestGreetings(t *testing.T) {
	for greeting, want := range map[string]RelayEffect{"421 busy": RelayWait, "450 later": RelayWait, "554 no": RelayStop, "nonsense": RelayStop} {
		d := relayPlayedBy(t, func(p *peer) { p.say(greeting) })
		_, err := d.Dial(t.Context())
		if e, ok := errors.AsType[*RelayError](err); !ok || e.Relay != want {
			t.Errorf("%s: Dial() = %v", greeting, err)
		}
	}
}

// P12: a relay that never greets frees its worker.
func TestASilentRelayFreesTheWorker(t *testing.T) {
	d := relayPlayedBy(t, func(p *peer) { p.hear("") })
	d.Timeouts.Greeting = 30 * time.Millisecond
	_, err := d.Dial(t.Context())
	if e, ok := errors.AsType[*RelayError](err); !ok || e.Relay != RelayWait {
		t.Errorf("Dial() = %v", err)
	}
}

// M.2: what came in the clear behind the answer to STARTTLS is thrown away.
func TestRepliesInjectedBeforeTLSAreNotBelieved(t *testing.T) {
	cert, pool, err := mailertest.Certificate(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	d := relayPlayedBy(t, func(p *peer) {
		p.greet("STARTTLS")
		p.hear("STARTTLS")
		p.say("220 go", "250-evil", "250-PIPELINING", "250-SMTPUTF8", "250 DSN")
		p.conn = tls.Server(p.conn, &tls.Config{Certificates: []tls.Certificate{cert}})
		p.r.Reset(p.conn)
		p.hear("EHLO")
		p.say("250-relay", "250 SIZE 1000")
		p.hear("QUIT")
	})
	d.Relay.TLS, d.RootCAs = TLSRequired, pool
	s := dial(t, d)
	if got, want := s.Capabilities(), (Capabilities{Size: 1000, TLS: true}); got != want {
		t.Errorf("capabilities %+v, want %+v", got, want)
	}
	s.Close()
}
