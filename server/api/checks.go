package api

import (
	"context"

	"akkoord"
)

// finding is one thing that a mailing is told before it is sent.
type finding struct {
	Code     string           `json:"code" doc:"Stable, like image_alt."`
	Severity akkoord.Severity `json:"severity" enum:"stop,warn,hint" doc:"A stop forbids sending; all else is for its author to decide."`
	Field    *string          `json:"field" doc:"subject, preheader, body, from or audience; null: the mailing as a whole."`
	Variant  *string          `json:"variant" doc:"Name of the variant that it is about; null: the mailing's own content."`
	Detail   *string          `json:"detail" doc:"The link, the words or the colours that it is about."`
	Message  string           `json:"message"`
	Mend     *string          `json:"mend" doc:"How to mend it."`
	Language *string          `json:"language" doc:"Of the translation that it is about; null: the main text, or all."`
}

// checks are all findings of a mailing, stops first.
type checks struct {
	Sendable bool      `json:"sendable" doc:"Nothing stops it."`
	Findings []finding `json:"findings" nullable:"false"`
}

func (a *API) checkMailing(ctx context.Context, in *struct {
	ByID
	Lang string `query:"lang" default:"en" enum:"nl,en,de,fr" doc:"Language of message and mend; stops are told in English."`
}) (checks, error) {
	m, err := a.mailing(ctx, in.ID)
	if err != nil {
		return checks{}, err
	}
	found, err := a.cfg.Mail.Checks(ctx, m, a.cfg.Sender())
	out := checks{Sendable: true, Findings: []finding{}}
	for _, f := range found {
		shown := finding{Code: f.Code, Severity: f.Severity, Field: orNil(f.Field), Variant: orNil(f.Variant), Language: orNil(f.Language), Detail: orNil(f.Detail), Message: f.Message}
		if f.Severity == akkoord.SeverityStop {
			out.Sendable = false
		} else {
			args := []any{"Detail", f.Detail, "Number", f.Number, "Language", a.cfg.Pages.Language(f.Detail)}
			shown.Message = a.cfg.Pages.T(in.Lang, "check."+f.Code, args...)
			mend := a.cfg.Pages.T(in.Lang, "check_mend."+f.Code, args...)
			shown.Mend = &mend
		}
		out.Findings = append(out.Findings, shown)
	}
	return out, err
}

// linkAnswer is what became of asking one page.
type linkAnswer struct {
	URL    string            `json:"url"`
	Status *int              `json:"status" doc:"Of HTTP; null where there was no answer."`
	Code   akkoord.LinkFault `json:"code" enum:",gone,refused,unreachable,slow,private,unasked" doc:"Empty: it answers. refused: a status from 400 on, which some pages tell programs and not people. private: an address inside a network, which is not asked. unasked: there are more links than are asked at once."`
}

// linkAnswers are the links of a mailing, each once.
type linkAnswers struct {
	Links []linkAnswer `json:"links" nullable:"false"`
}

func (a *API) askLinks(ctx context.Context, in *moveInput) (linkAnswers, error) {
	out := linkAnswers{Links: []linkAnswer{}}
	m, err := a.mailing(ctx, in.ID)
	if err != nil {
		return out, err
	}
	answers, err := a.cfg.Mail.Answers(ctx, m)
	for _, l := range answers {
		shown := linkAnswer{URL: l.URL, Code: l.Code}
		if l.Status != 0 {
			shown.Status = &l.Status
		}
		out.Links = append(out.Links, shown)
	}
	return out, err
}
