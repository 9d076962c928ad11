package admin

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"akkoord"
	"akkoord/server/trail"
	"akkoord/templates"
)

// Gate answers whether somebody may get a mail.
type Gate interface {
	Gate(ctx context.Context, e akkoord.Email, purpose string, mailing *akkoord.ID) (akkoord.Verdict, error)
	PurposeAt(ctx context.Context, purposeID int64, at time.Time) (akkoord.Purpose, error)
}

// gateTime is how a browser writes a time of a form, without its zone.
const gateTime = "2006-01-02T15:04"

// gate answers for one person and purpose, or mailing, now or at a past time,
// with the reason in words. Each answer leaves an audit line (M27).
func (s *Site) gate(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx, q := r.Context(), r.URL.Query()
	page := templates.GatePage{Admin: s.frame(r, v, "people"), Email: q.Get("email"), About: cmp.Or(q.Get("mailing"), q.Get("about")), At: q.Get("at")}
	purposes, err := s.cfg.Store.Purposes(ctx)
	if err != nil {
		return err
	}
	for _, p := range purposes {
		page.Purposes = append(page.Purposes, templates.Option{Value: p.Slug, Name: p.Text(v.locale).Name})
	}
	if page.Mailings, err = s.askable(ctx); err != nil {
		return err
	}
	if page.Email != "" {
		err = s.answer(ctx, v, &page)
	}
	if e, ok := errors.AsType[*akkoord.Error](err); ok {
		page.Problem, page.Text, err = e.Code, e.Message, nil
	}
	if err != nil {
		return err
	}
	return s.page(w, v, http.StatusOK, page)
}

// askable gives the mailings that the page offers, newest first.
func (s *Site) askable(ctx context.Context) ([]templates.Option, error) {
	mailings, err := s.allMailings(ctx, 0)
	var out []templates.Option
	for _, m := range slices.Backward(mailings) {
		if len(out) == pageSize {
			break
		}
		out = append(out, templates.Option{Value: m.PublicID.String(), Name: title(m)})
	}
	return out, err
}

func (s *Site) answer(ctx context.Context, v visit, page *templates.GatePage) error {
	email, err := akkoord.ParseEmail(page.Email)
	if err != nil {
		return err
	}
	subject, err := s.gateSubject(ctx, page)
	if err != nil {
		return err
	}
	st, err := s.sight.Whom(ctx, email, subject.purpose.ID)
	if err != nil {
		return err
	}
	if err := s.cfg.Store.Audit(ctx, v.user.Actor(), "gate.ask", trail.Subscriber(st.Subscriber), subject.purpose.Slug); err != nil {
		return err
	}
	var verdict akkoord.Verdict
	switch {
	case page.At == "":
		verdict, err = s.cfg.Store.Gate(ctx, email, subject.purpose.Slug, subject.mailing)
	case st.Subscriber.ID == 0: // nothing leads to their history any more
		verdict = akkoord.Gate(akkoord.Facts{})
	default:
		verdict, err = s.past(ctx, st, subject, page.At)
	}
	page.Answered, page.Allowed, page.Code, page.Reason, page.Purpose = err == nil, verdict.Allowed, verdict.Code, verdict.Reason, subject.purpose.Text(v.locale).Name
	if st.Subscriber.ID != 0 {
		page.Person = Prefix + "/people/" + st.Subscriber.PublicID.String()
	}
	return err
}

// gateSubject is what the gate is asked about.
type gateSubject struct {
	purpose  akkoord.Purpose
	campaign int64
	mailing  *akkoord.ID
}

func (s *Site) gateSubject(ctx context.Context, page *templates.GatePage) (out gateSubject, err error) {
	id, err := akkoord.ParseID(page.About)
	if err != nil {
		number, err := s.purposeNumber(ctx, page.About)
		if err == nil && number == 0 {
			err = akkoord.Fieldf("about", "purpose_unknown", "There is no such purpose.")
		}
		if err != nil {
			return out, err
		}
		out.purpose, err = s.cfg.Store.PurposeByID(ctx, number)
		return out, err
	}
	m, err := s.cfg.Store.Mailing(ctx, id)
	if err != nil {
		return out, err
	}
	c, err := s.cfg.Store.CampaignByID(ctx, m.CampaignID)
	if err != nil {
		return out, err
	}
	out.campaign, out.mailing = c.ID, &m.PublicID
	out.purpose, err = s.cfg.Store.PurposeByID(ctx, c.PurposeID)
	return out, err
}

// past answers from the ledger.
func (s *Site) past(ctx context.Context, st akkoord.Standing, subject gateSubject, when string) (akkoord.Verdict, error) {
	if len(when) > len(gateTime) {
		when = strings.TrimSuffix(when, ":00") // the seconds that some browsers send
	}
	at, err := time.ParseInLocation(gateTime, when, s.home)
	if err != nil {
		return akkoord.Verdict{}, akkoord.Fieldf("at", "time_unreadable", "The time is written like 2026-11-24T09:30.")
	}
	if err := akkoord.CheckPast(at, s.cfg.Now()); err != nil {
		return akkoord.Verdict{}, err
	}
	at = at.Add(time.Minute - time.Microsecond) // the minute as a whole
	p, err := s.cfg.Store.PurposeAt(ctx, subject.purpose.ID, at)
	if err != nil {
		return akkoord.Verdict{}, err
	}
	events, err := s.sight.Past(ctx, st.Subscriber.ID, subject.purpose.ID)
	return akkoord.Gate(akkoord.FactsAt(events, p, subject.campaign, at)), err
}
