package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"

	"akkoord"
)

// sendOrder is the optional body of POST /mailings/{id}/send.
type sendOrder struct {
	SendAt *Time `json:"send_at,omitempty" doc:"Takes the place of the mailing's own. A time more than five minutes past is refused (422, send_at_past)."`
}

// sendMailing starts a mailing, or puts it on the clock when its time is yet
// to come.
func (a *API) sendMailing(ctx context.Context, in *struct {
	ByID
	Body *sendOrder
}) (progress, error) {
	m, err := a.mailing(ctx, in.ID)
	if err != nil {
		return progress{}, err
	}
	why, err := a.cfg.Mail.Obstacles(ctx, m, a.cfg.Sender())
	if err != nil {
		return progress{}, err
	}
	if err := refusal(why); err != nil {
		return progress{}, err
	}
	at := m.SendAt
	if in.Body != nil && in.Body.SendAt != nil {
		at = in.Body.SendAt.Time
		if err := akkoord.CheckSendAt(m.SendAt, at, a.cfg.Now()); err != nil {
			return progress{}, err
		}
	}
	actor := caller(ctx).Actor()
	if at.After(a.cfg.Now()) {
		m, err = a.cfg.Store.ScheduleMailing(ctx, actor, m.PublicID, at)
	} else {
		m, err = a.cfg.Store.StartMailing(ctx, actor, m.PublicID)
	}
	if err != nil {
		return progress{}, withReasons(err)
	}
	return a.progress(ctx, m)
}

// refusal makes one Conflict of all that forbids a mailing. Its code is that
// of the first reason.
func refusal(why []akkoord.Reason) error {
	if len(why) == 0 {
		return nil
	}
	return &akkoord.Error{Kind: akkoord.Conflict, Code: why[0].Code, Message: "The mailing can't be sent.", Reasons: why}
}

// withReasons lists the one reason of a Conflict as those of refusal are
// listed, so that programs find them all in one place (contract: 409).
func withReasons(err error) error {
	e, ok := errors.AsType[*akkoord.Error](err)
	if !ok || e.Kind != akkoord.Conflict || len(e.Reasons) > 0 {
		return err
	}
	listed := *e
	listed.Reasons = []akkoord.Reason{{Code: e.Code, Message: e.Message}}
	return &listed
}

// emptyBody is the body of operations that need to be told nothing.
type emptyBody struct{}

type moveInput struct {
	ByID
	Body *emptyBody
}

// move changes a mailing's state by one of the store's methods.
func (a *API) move(ctx context.Context, id string, step func(context.Context, akkoord.Actor, akkoord.ID) (akkoord.Mailing, error)) (progress, error) {
	m, err := a.mailing(ctx, id)
	if err != nil {
		return progress{}, err
	}
	if m, err = step(ctx, caller(ctx).Actor(), m.PublicID); err != nil {
		return progress{}, withReasons(err)
	}
	return a.progress(ctx, m)
}

func (a *API) pauseMailing(ctx context.Context, in *moveInput) (progress, error) {
	return a.move(ctx, in.ID, a.cfg.Store.PauseMailing)
}

func (a *API) resumeMailing(ctx context.Context, in *moveInput) (progress, error) {
	return a.move(ctx, in.ID, a.cfg.Store.ResumeMailing)
}

func (a *API) cancelMailing(ctx context.Context, in *moveInput) (progress, error) {
	return a.move(ctx, in.ID, a.cfg.Store.CancelMailing)
}

// againOrder is the body of POST /mailings/{id}/send-again.
type againOrder struct {
	Uncertain int64 `json:"uncertain" minimum:"1" doc:"How many copies are uncertain, as the mailing says: these people may get the mail twice. Where it is another number by now, nothing is sent (409, uncertain_changed or uncertain_none)."`
}

func (a *API) sendAgain(ctx context.Context, in *struct {
	ByID
	Body againOrder
}) (progress, error) {
	return a.move(ctx, in.ID, func(ctx context.Context, actor akkoord.Actor, id akkoord.ID) (akkoord.Mailing, error) {
		m, err := a.cfg.Store.Mailing(ctx, id)
		if err != nil {
			return m, err
		}
		by, err := a.cfg.Mail.SenderOf(ctx, m, a.cfg.Sender())
		if err != nil {
			return m, err
		}
		if err := refusal(m.SendableAgain(by)); err != nil {
			return m, err
		}
		return a.cfg.Store.SendAgain(ctx, actor, id, akkoord.LostCopies{Count: in.Body.Uncertain})
	})
}

// testOrder is the body of POST /mailings/{id}/test.
type testOrder struct {
	Email   string `json:"email"`
	Variant string `json:"variant,omitempty" doc:"Name; the first one when left out."`
	Locale  string `json:"locale,omitempty" doc:"A language of the purpose, like nl; that of the main text when left out. each: a mail in every language that the mailing has texts in."`
}

type testResult struct {
	Status string `json:"status" enum:"sent"`
}

func (a *API) testMailing(ctx context.Context, in *struct {
	ByID
	Body testOrder
}) (testResult, error) {
	m, index, locale, err := a.variant(ctx, in.ID, in.Body.Variant, in.Body.Locale)
	if err != nil {
		return testResult{}, err
	}
	to, err := akkoord.ParseEmail(in.Body.Email)
	if err != nil {
		return testResult{}, err
	}
	draft := m
	draft.State = akkoord.MailingDraft // a test is no sending: any state may be tested
	by, err := a.cfg.Mail.SenderOf(ctx, m, a.cfg.Sender())
	if err != nil {
		return testResult{}, err
	}
	if err := refusal(draft.Sendable(by)); err != nil {
		return testResult{}, err
	}
	locales, err := a.testLocales(ctx, m, locale)
	if err != nil {
		return testResult{}, err
	}
	if err := a.cfg.Store.BeginTest(ctx, caller(ctx).Actor(), m.PublicID, to, m.TestCopies(index, locales)); err != nil {
		return testResult{}, err
	}
	for _, locale := range locales {
		if err := a.cfg.Mail.SendTest(ctx, m, index, locale, to); err != nil {
			return testResult{}, err
		}
	}
	return testResult{"sent"}, nil
}

// variant loads a mailing, finds one of its variants by name, and gives the
// language to show it in: the one asked for, or else that of its main text.
func (a *API) variant(ctx context.Context, id, name, locale string) (m akkoord.Mailing, index int, in string, err error) {
	if m, err = a.mailing(ctx, id); err != nil {
		return m, 0, "", err
	}
	if locale == "" {
		var p akkoord.Purpose
		p, err = a.purposeOf(ctx, m)
		locale = cmp.Or(m.MainLanguage(p), akkoord.Locales[0])
	} else if !akkoord.KnownLocale(locale) && locale != each {
		err = akkoord.Fieldf("locale", "locale_unknown", "There are no mails in this language.")
	}
	if err == nil {
		index, err = m.VariantNamed(name)
	}
	return m, index, locale, err
}

// previewPolicy lets a mail show its pictures and nothing else.
const previewPolicy = "default-src 'none'; img-src https: http: data:; style-src 'unsafe-inline'; sandbox"

// preview is a mailing as its readers will see it, with sample values.
type preview struct {
	Subject string `json:"subject"`
	HTML    string `json:"html"`
	Text    string `json:"text"`
}

func (a *API) previewMailing(ctx context.Context, in *struct {
	ByID
	Variant string `query:"variant"`
	Locale  string `query:"locale" doc:"A language of the purpose, like nl; that of the main text when left out."`
	Format  string `query:"format" default:"json" enum:"json,html"`
}) (document, error) {
	m, index, locale, err := a.variant(ctx, in.ID, in.Variant, in.Locale)
	if err != nil {
		return document{}, err
	}
	if locale == each {
		return document{}, akkoord.Fieldf("locale", "locale_unknown", "There are no mails in this language.")
	}
	html, text, subject, err := a.cfg.Mail.Preview(ctx, m, index, locale)
	if err != nil {
		return document{}, err
	}
	if in.Format == "html" {
		return document{contentType: "text/html; charset=utf-8", header: map[string]string{"Content-Security-Policy": previewPolicy}, body: html}, nil
	}
	body, err := json.Marshal(preview{subject, string(html), string(text)})
	return document{contentType: "application/json", body: body}, err
}
