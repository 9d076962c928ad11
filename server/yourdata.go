package server

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"akkoord"
	"akkoord/templates"
)

// yourDataPage answers GET /your-data: somebody without an old mail asks for
// the link to what is stored of them (Art. 15 GDPR).
func (s *Server) yourDataPage(c echo.Context) error {
	sent := query(c, "sent") != ""
	return s.page(c, http.StatusOK, s.locale(c, "", ""), templates.YourDataPage{Site: s.site("/your-data"), Sent: sent})
}

// yourData answers POST /your-data. The answer is the same, in the same time,
// whether or not the address is known (requirements-mail K.3): nothing here
// asks, and the row that is written looks the same.
func (s *Server) yourData(c echo.Context) error {
	start := s.Now()
	f, err := readFields(c.Request())
	if err != nil {
		return err
	}
	wish := cmp.Or(f.first("locale"), query(c, "locale"))
	locale := s.match(c, wish, "", "")
	email, err := readEmail(f)
	if err = f.typed("email", err); err != nil {
		e, ok := errors.AsType[*akkoord.Error](err)
		if !ok || wantsJSON(c.Request()) {
			return err
		}
		return s.page(c, http.StatusUnprocessableEntity, locale, templates.YourDataPage{
			Site: s.site("/your-data"), Email: f.first("email"), Errors: templates.FieldErrors{{Field: e.Field, Code: e.Code, Text: e.Message}},
		})
	}
	if wait := s.admitSignUp(s.client(c.Request()), email, true); wait > 0 {
		c.Response().Header().Set(echo.HeaderRetryAfter, retryAfter(wait))
		return errTooMany
	}
	if f.first("website") == "" { // only robots fill what nobody sees
		if err := s.Consents.AskOwnData(c.Request().Context(), email, wish, locale); err != nil {
			return err
		}
	}
	time.Sleep(signUpTime - s.Now().Sub(start))
	if wantsJSON(c.Request()) {
		return c.JSONBlob(http.StatusAccepted, accepted)
	}
	return c.Redirect(http.StatusSeeOther, "/your-data?sent=1&locale="+locale)
}

// choose does what a post of the preferences page asks for besides sign-ups,
// and reports whether it was any of that.
func (s *Server) choose(ctx context.Context, link akkoord.Link, f fields, o akkoord.Origin) (page templates.PreferencesPage, done bool, err error) {
	switch {
	case f.first("pause") != "":
		months, _ := strconv.Atoi(f.first("pause")) // 0 is no length of a pause
		page.Notice = templates.NoticePaused
		return page, true, s.Consents.Pause(ctx, link.Subscriber, months, o)
	case f.first("resume") != "":
		page.Notice = templates.NoticeResumed
		return page, true, s.Consents.Resume(ctx, link.Subscriber, o)
	case f.first("track") != "" || f.first("untrack") != "":
		name := "track"
		page.Notice = templates.NoticeTracked
		if f.first("track") == "" {
			name, page.Notice = "untrack", templates.NoticeUntracked
		}
		p, err := s.preference(ctx, name, f, o.Locale)
		if err != nil {
			return page, true, err
		}
		page.Subject = p.Text(o.Locale).Name
		return page, true, s.Consents.Track(ctx, link.Subscriber, p.ID, name == "track", o)
	}
	return s.learn(ctx, link, f, o)
}

// pastPage is how many mails one page shows.
const pastPage = 25

// showPast shows a person all mails that they got, or all that they decided.
func (s *Server) showPast(c echo.Context, link akkoord.Link, st akkoord.Standing, show string) error {
	at := linkPath(link.Kind, c)
	page := templates.PastPage{Site: s.site(""), Back: at, Show: show}
	locale := s.locale(c, st.Subscriber.Locale, "")
	var err error
	if show == "mails" {
		page.Mails, page.Next, err = s.pastMails(c, st.Subscriber, at)
	} else {
		page.Events, err = s.pastEvents(c.Request().Context(), link.Subscriber, locale)
	}
	if err != nil {
		return err
	}
	return s.page(c, http.StatusOK, locale, page)
}

func (s *Server) pastMails(c echo.Context, p akkoord.Subscriber, at string) (mails []templates.SentMail, next string, err error) {
	before, _ := strconv.ParseInt(query(c, "before"), 10, 64) // else the first page
	sent, err := s.Consents.MailsTo(c.Request().Context(), p.ID, before, pastPage+1)
	if err != nil {
		return nil, "", err
	}
	if len(sent) > pastPage {
		sent = sent[:pastPage]
		next = at + "?show=mails&before=" + strconv.FormatInt(sent[pastPage-1].Mailing, 10)
	}
	for _, m := range sent {
		view := akkoord.Link{Kind: akkoord.LinkView, Subscriber: p.PublicID, Campaign: m.CampaignID, Mailing: m.Mailing}
		mails = append(mails, templates.SentMail{At: m.At, Subject: m.SubjectFor(p), Campaign: m.Campaign, URL: "/view/" + s.Links.Sign(view, s.Now())})
	}
	return mails, next, nil
}

func (s *Server) pastEvents(ctx context.Context, person akkoord.ID, locale string) ([]templates.PastEvent, error) {
	events, err := s.Consents.EventsOf(ctx, person)
	if err != nil {
		return nil, err
	}
	var ids []int64
	for _, e := range events {
		ids = append(ids, e.CampaignID)
	}
	campaigns, err := s.Catalog.CampaignNames(ctx, ids)
	if err != nil {
		return nil, err
	}
	var out []templates.PastEvent
	for _, e := range slices.Backward(events) {
		row := templates.PastEvent{Kind: string(e.Kind), At: e.At, ToldIn: e.Evidence.ToldIn, Clock: e.Evidence.Zone}
		if e.Actor == akkoord.ActorPerson || e.Actor == akkoord.ActorSystem {
			row.By = string(e.Actor)
		}
		row.Campaign = campaigns[e.CampaignID]
		if _, row.Purpose, err = s.leaving(ctx, akkoord.Link{Purpose: e.PurposeID}, locale); err != nil {
			return nil, err
		}
		if e.Kind == akkoord.Paused {
			row.Until, _ = time.Parse(time.RFC3339Nano, e.Evidence.Until) // zero shows nothing
		}
		if e.WordingVersion != 0 && (e.Kind == akkoord.Requested || e.Kind == akkoord.Confirmed || e.Kind == akkoord.Imported) {
			text, err := s.Catalog.Wording(ctx, e.PurposeID, e.WordingVersion, e.Locale)
			if err != nil && akkoord.KindOf(err) != akkoord.NotFound {
				return nil, err
			}
			row.Wording, row.Locale, row.Version = text.Wording, e.Locale, e.WordingVersion
		}
		if e.Kind == akkoord.TrackingOn && e.Evidence.Tracking != "" { // said on a form
			row.Wording, row.Locale = e.Evidence.Tracking, e.Locale
		}
		if e.Kind == akkoord.LearningOn {
			row.Wording, row.Locale = e.Evidence.Learning, e.Locale
		}
		out = append(out, row)
	}
	return out, nil
}
