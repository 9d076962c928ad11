package webhook

import (
	"context"
	"crypto/subtle"
	"fmt"
	"strings"

	"akkoord"
)

// brevo sends a token that its webhook was made with, and hands back the field
// X-Mailin-custom.
type brevo struct{ token string }

func newBrevo(cfg Config) (service, error) {
	if len(cfg.Secret) < 12 {
		return nil, fmt.Errorf("the token of brevo has to have 12 characters at least")
	}
	return brevo{cfg.Secret}, nil
}

func (s brevo) genuine(r request) error {
	token := strings.TrimPrefix(r.header.Get("Authorization"), "Bearer ")
	if subtle.ConstantTimeCompare([]byte(token), []byte(s.token)) != 1 {
		return errForged
	}
	return nil
}

func (s brevo) events(_ context.Context, r request) ([]event, error) {
	if err := s.genuine(r); err != nil {
		return nil, err
	}
	all, err := read[struct {
		Event  string `json:"event"`
		Email  string `json:"email"`
		Reason string `json:"reason"`
		Custom string `json:"X-Mailin-custom"`
	}](r.body)
	var out []event
	for _, b := range all {
		e := event{about: b.Custom}
		switch b.Event {
		case "hard_bounce", "invalid_email":
			e.report = bounce(akkoord.ClassHard, b.Reason, "", b.Email)
		case "soft_bounce":
			e.report = bounce(akkoord.ClassSoft, b.Reason, "", b.Email)
		case "blocked", "error": // by the service
			e.report = bounce(akkoord.ClassPolicy, b.Reason, "", b.Email)
		case "spam", "complaint":
			e.report = complaint()
		case "unsubscribed":
			e.leaves = true
		default: // request, delivered, deferred, opened, click
			e.report = ignored(akkoord.ReportNoEnd)
		}
		out = append(out, e)
	}
	return out, err
}
