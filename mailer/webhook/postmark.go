package webhook

import (
	"context"

	"akkoord"
)

// postmark knocks with user and password, and hands metadata back.
type postmark struct{ basic }

func newPostmark(cfg Config) (service, error) {
	b, err := newBasic(cfg)
	return postmark{b}, err
}

func (s postmark) events(_ context.Context, r request) ([]event, error) {
	if err := s.genuine(r); err != nil {
		return nil, err
	}
	all, err := read[struct {
		RecordType      string            `json:"RecordType"`
		Type            string            `json:"Type"`
		Email           string            `json:"Email"`
		Details         string            `json:"Details"`
		Metadata        map[string]string `json:"Metadata"`
		SuppressSending bool              `json:"SuppressSending"`
		Reason          string            `json:"SuppressionReason"`
		Origin          string            `json:"Origin"`
	}](r.body)
	var out []event
	for _, b := range all {
		e := event{about: b.Metadata[variable], report: ignored(akkoord.ReportNoEnd)}
		switch {
		case b.RecordType == "SpamComplaint", b.RecordType == "Bounce" && b.Type == "SpamComplaint":
			e.report = complaint()
		case b.RecordType == "SubscriptionChange":
			e.leaves = b.SuppressSending && b.Reason == "ManualSuppression" && b.Origin == "Recipient"
		case b.RecordType != "Bounce":
		case b.Type == "HardBounce", b.Type == "BadEmailAddress", b.Type == "AddressChange":
			e.report = bounce(akkoord.ClassHard, b.Details, "", b.Email)
		case b.Type == "SoftBounce", b.Type == "DnsError", b.Type == "Undeliverable":
			e.report = bounce(akkoord.ClassSoft, b.Details, "", b.Email)
		case b.Type == "SpamNotification", b.Type == "Blocked", b.Type == "DMARCPolicy":
			e.report = bounce(akkoord.ClassPolicy, b.Details, "", b.Email)
		case b.Type == "AutoResponder", b.Type == "ChallengeVerification":
			e.report = ignored(akkoord.ReportAuto)
		case b.Type == "Unsubscribe":
			e.leaves = true
		}
		out = append(out, e)
	}
	return out, err
}
