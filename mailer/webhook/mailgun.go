package webhook

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"time"

	"akkoord"
)

// mailgun signs a time and a token of its own (HMAC-SHA-256), and hands back
// variables and the return path.
type mailgun struct{ key []byte }

func newMailgun(cfg Config) (service, error) { return mailgun{[]byte(cfg.Secret)}, nil }

type mailgunBody struct {
	Signature struct {
		Timestamp string `json:"timestamp"`
		Token     string `json:"token"`
		Signature string `json:"signature"`
	} `json:"signature"`
	Event struct {
		Event     string         `json:"event"`
		Severity  string         `json:"severity"`
		Reason    string         `json:"reason"`
		Recipient string         `json:"recipient"`
		Variables map[string]any `json:"user-variables"`
		Envelope  struct {
			Sender string `json:"sender"`
		} `json:"envelope"`
		Status struct {
			Code        int    `json:"code"`
			Enhanced    string `json:"enhanced-code"`
			Message     string `json:"message"`
			Description string `json:"description"`
		} `json:"delivery-status"`
	} `json:"event-data"`
}

func (m mailgun) signed(b mailgunBody, now time.Time) bool {
	mac := hmac.New(sha256.New, m.key)
	mac.Write([]byte(b.Signature.Timestamp + b.Signature.Token))
	given, _ := hex.DecodeString(b.Signature.Signature)
	seconds, _ := strconv.ParseInt(b.Signature.Timestamp, 10, 64)
	return hmac.Equal(given, mac.Sum(nil)) && fresh(time.Unix(seconds, 0), now)
}

// fresh reports whether a signature of that time may still be shown.
func fresh(at, now time.Time) bool {
	age := now.Sub(at)
	return age < maxAge && age > -time.Hour
}

func (m mailgun) events(_ context.Context, r request) ([]event, error) {
	all, err := read[mailgunBody](r.body)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 || slices.ContainsFunc(all, func(b mailgunBody) bool { return !m.signed(b, r.now) }) {
		return nil, errForged
	}
	var out []event
	for _, b := range all {
		d := b.Event
		own, _ := d.Variables[variable].(string)
		e := event{about: cmp.Or(own, d.Envelope.Sender)}
		words := cmp.Or(d.Status.Message, d.Status.Description)
		if d.Status.Code >= 400 && d.Status.Code < 600 {
			words = strconv.Itoa(d.Status.Code) + " " + words
		}
		switch {
		case d.Event == "failed" && d.Severity == "temporary":
			e.report = ignored(akkoord.ReportNoEnd) // it goes on trying
		case d.Event == "failed" && d.Reason == "suppress-complaint":
			e.report = complaint()
		case d.Event == "failed" && d.Reason == "suppress-unsubscribe", d.Event == "unsubscribed":
			e.leaves = true
		case d.Event == "failed" && d.Reason == "suppress-bounce": // it bounced before
			e.report = bounce(akkoord.ClassHard, "", "", d.Recipient)
		case d.Event == "failed":
			e.report = bounce(akkoord.ClassHard, words, d.Status.Enhanced, d.Recipient)
			if d.Reason == "old" { // given up after trying for long
				e.report.Class = akkoord.ClassSoft
			}
		case d.Event == "complained":
			e.report = complaint()
		default: // accepted, delivered, opened, clicked, stored
			e.report = ignored(akkoord.ReportNoEnd)
		}
		out = append(out, e)
	}
	return out, nil
}
