package main

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net"
	"time"

	"akkoord/mailer"
	"akkoord/mailer/domain"
	"akkoord/store"
)

// signer makes what signs mails for the domain of the sender; nil where none is
// set. Keys of AKKOORD_DKIM sign at once, stored ones when the desk gives them.
func (s *site) signer() (*mailer.Signer, error) {
	if s.from == nil {
		return nil, nil
	}
	return mailer.NewSigner(s.domainSetup("").From, s.dkim)
}

// deskConfig says what the desk of the sending domain works on.
func (s *site) deskConfig(st *store.Store, signer *mailer.Signer, log *slog.Logger) domain.DeskConfig {
	cfg := domain.DeskConfig{Keys: st, Resolver: net.DefaultResolver, Signer: signer, Now: time.Now, Random: rand.Reader, Log: log}
	if s.from != nil {
		cfg.Setup = s.domainSetup("")
	}
	if s.relay != nil {
		cfg.Relay = s.lookAtRelay
	}
	return cfg
}

// lookAtRelay says whether the mail server answers, and how the way to it is
// guarded.
func (s *site) lookAtRelay(ctx context.Context) domain.Finding {
	f := dialled(ctx, s, "smtp", *s.relay)
	out := domain.Finding{What: "relay", Verdict: domain.Verdict(f.verdict), Text: f.text}
	if out.Verdict == domain.OK && !s.relay.Loopback() && (s.relay.Security() == "opportunistic" || s.relay.Security() == "none") {
		out.Verdict, out.Text = domain.Warn, out.Text+": whoever sits between can make it plain; ask for TLS with ?tls=required or smtps"
	}
	return out
}

// storedDKIM gives the stored keys that mail of a domain is signed by; none where
// there is no database yet.
func storedDKIM(ctx context.Context, s *site, of string) []mailer.DKIMKey {
	st, err := s.openReadOnly(ctx)
	if err != nil {
		return nil
	}
	defer st.Close()
	secrets, err := st.DomainKeySecrets(ctx, of)
	if err != nil {
		return nil
	}
	var keys []mailer.DKIMKey
	for _, secret := range secrets {
		if k, err := mailer.StoredDKIM(secret.Selector, secret.Private); err == nil {
			keys = append(keys, k)
		}
	}
	return keys
}
