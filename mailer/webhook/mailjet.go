package webhook

import (
	"context"

	"akkoord"
)

// mailjet knocks with user and password, and hands the field X-MJ-CustomID
// back.
type mailjet struct{ basic }

func newMailjet(cfg Config) (service, error) {
	b, err := newBasic(cfg)
	return mailjet{b}, err
}

func (s mailjet) events(_ context.Context, r request) ([]event, error) {
	if err := s.genuine(r); err != nil {
		return nil, err
	}
	all, err := read[struct {
		Event   string `json:"event"`
		Email   string `json:"email"`
		Custom  string `json:"CustomID"`
		Blocked bool   `json:"blocked"`
		Hard    bool   `json:"hard_bounce"`
		About   string `json:"error_related_to"`
		Error   string `json:"error"`
		Comment string `json:"comment"`
	}](r.body)
	var out []event
	for _, b := range all {
		e := event{about: b.Custom, report: ignored(akkoord.ReportNoEnd)}
		said := akkoord.ClassSoft
		switch {
		case b.Hard && b.About != "spam" && b.About != "system" && b.About != "mailjet":
			said = akkoord.ClassHard
		case b.About == "spam", b.About == "mailjet", b.Blocked, b.Event == "blocked":
			said = akkoord.ClassPolicy
		case b.About == "content":
			said = akkoord.ClassContent
		}
		switch b.Event {
		case "bounce", "blocked":
			e.report = bounce(said, b.Comment, "", b.Email)
		case "spam":
			e.report = complaint()
		case "unsub":
			e.leaves = true
		}
		out = append(out, e)
	}
	return out, err
}
