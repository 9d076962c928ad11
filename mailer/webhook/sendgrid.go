package webhook

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"akkoord"
)

// sendgrid signs time and body (ECDSA), and hands unique arguments back at the
// top of an event.
type sendgrid struct{ key *ecdsa.PublicKey }

func newSendGrid(cfg Config) (service, error) {
	wrong := errors.New("it must be sendgrid: and the verification key of the signed event webhook, as the service shows it")
	der, err := base64.StdEncoding.DecodeString(strings.TrimSpace(cfg.Secret))
	if err != nil {
		return nil, wrong
	}
	public, err := x509.ParsePKIXPublicKey(der)
	key, ok := public.(*ecdsa.PublicKey)
	if err != nil || !ok {
		return nil, wrong
	}
	return sendgrid{key}, nil
}

func (s sendgrid) genuine(r request) error {
	at := r.header.Get("X-Twilio-Email-Event-Webhook-Timestamp")
	signature, _ := base64.StdEncoding.DecodeString(r.header.Get("X-Twilio-Email-Event-Webhook-Signature"))
	seconds, _ := strconv.ParseInt(at, 10, 64)
	sum := sha256.Sum256(append([]byte(at), r.body...))
	if !ecdsa.VerifyASN1(s.key, sum[:], signature) || !fresh(time.Unix(seconds, 0), r.now) {
		return errForged
	}
	return nil
}

func (s sendgrid) events(_ context.Context, r request) ([]event, error) {
	if err := s.genuine(r); err != nil {
		return nil, err
	}
	all, err := read[struct {
		Event  string          `json:"event"`
		Email  string          `json:"email"`
		Type   string          `json:"type"`
		Status string          `json:"status"`
		Reason json.RawMessage `json:"reason"`
		Own    string          `json:"akkoord"`
	}](r.body)
	var out []event
	for _, b := range all {
		var reason string
		_ = json.Unmarshal(b.Reason, &reason) // of other events it is no text
		e := event{about: b.Own, report: ignored(akkoord.ReportNoEnd)}
		switch {
		case b.Event == "bounce" && b.Type == "blocked":
			e.report = bounce(akkoord.ClassPolicy, reason, b.Status, b.Email)
		case b.Event == "bounce":
			e.report = bounce(akkoord.ClassHard, reason, b.Status, b.Email)
		case b.Event == "dropped" && strings.HasPrefix(reason, "Bounced"):
			e.report = bounce(akkoord.ClassHard, "", "", b.Email)
		case b.Event == "dropped" && strings.HasPrefix(reason, "Spam Reporting"), b.Event == "spamreport":
			e.report = complaint()
		case b.Event == "dropped" && strings.HasPrefix(reason, "Unsubscribed"), b.Event == "unsubscribe", b.Event == "group_unsubscribe":
			e.leaves = true
		case b.Event == "dropped":
			e.report = bounce(akkoord.ClassPolicy, "", "", b.Email)
		}
		out = append(out, e)
	}
	return out, err
}
