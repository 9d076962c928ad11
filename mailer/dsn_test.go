package mailer

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"akkoord"

	"github.com/google/go-cmp/cmp"
)

func TestRelaySettings(t *testing.T) {
	tests := map[string]Relay{
		"smtp://mail.example":                               {Host: "mail.example", Port: 587, TLS: TLSRequired, Connections: 4, Messages: 100},
		"smtps://mail.example":                              {Host: "mail.example", Port: 465, Implicit: true, TLS: TLSRequired, Connections: 4, Messages: 100},
		"smtp://u%40x:p%2Fw%3A@mail.example:25/":            {Host: "mail.example", Port: 25, TLS: TLSRequired, User: "u@x", Password: "p/w:", Connections: 4, Messages: 100},
		"smtp://mail.example?tls=opportunistic":             {Host: "mail.example", Port: 587, TLS: TLSOpportunistic, Connections: 4, Messages: 100},
		"smtp://127.0.0.1:1025?tls=none&connections=8":      {Host: "127.0.0.1", Port: 1025, TLS: TLSNone, Connections: 8, Messages: 100},
		"smtp://[::1]:1025?tls=none&messages=0&helo=a.test": {Host: "::1", Port: 1025, TLS: TLSNone, Connections: 4, HELO: "a.test"},
		"smtp://localhost:1025?tls=none":                    {Host: "localhost", Port: 1025, TLS: TLSNone, Connections: 4, Messages: 100},
	}
	for in, want := range tests {
		got, err := ParseRelay(in)
		if err != nil || !cmp.Equal(want, got) {
			t.Errorf("%s: %#v %v, %v", in, got, got == want, err)
		}
	}
}

// P32, P35: a bad setting is refused in one sentence that names it and never repeats it.
func TestBadRelaySettingsAreRefusedWithoutRepeatingThem(t *testing.T) {
	for _, in := range []string{
		"", "mail.example:25", "http://u:geheim@mail.example", "smtp://u:geheim@", "smtp://u:geheim@mail.example:0", "smtp://u:geheim@mail.example:x",
		"smtp://u:ge%zzheim@mail.example", "smtp://u:geheim/x@mail.example", "smtp://u:geheim@mail.example/path", "smtp://geheim@mail.example", "smtp://:geheim@mail.example",
		"smtp://u:geheim@mail.example?tls=none", "smtp://u:geheim@10.0.0.1?tls=none", "smtp://u:geheim@mail.example?tls=geheim", "smtps://u:geheim@mail.example?tls=none",
		"smtp://u:geheim@mail.example?connections=0", "smtp://u:geheim@mail.example?connections=geheim", "smtp://u:geheim@mail.example?geheim=1",
		"smtp://u:geheim@mail.example?helo=a%0d%0ab", "smtp://u:geheim@mail.example?messages=-1", "smtp://u:geheim@mail.example#x", "smtp://u:geheim%00@mail.example",
	} {
		_, err := ParseRelay(in)
		if akkoord.KindOf(err) != akkoord.Invalid || !strings.Contains(fmt.Sprint(err), "AKKOORD_SMTP") || strings.Contains(fmt.Sprint(err), "geheim") {
			t.Errorf("%q: %v", in, err)
		}
	}
}

// P32: a password shows in no way of printing.
func TestSecretsNeverPrint(t *testing.T) {
	r, err := ParseRelay("smtp://gebruiker:geheim@mail.example")
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "relay", r, "password", r.Password)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "relay", r, "password", r.Password)
	encoded, _ := json.Marshal(r)
	all := fmt.Sprintf("%v %+v %#v %s %q %x %v %s", r, r, r, r.Password, r.Password, r.Password, &r, encoded) + log.String()
	for _, secret := range []string{"geheim", "67656865696d", "gebruiker"} {
		if strings.Contains(all, secret) {
			t.Errorf("%q in %s", secret, all)
		}
	}
}
