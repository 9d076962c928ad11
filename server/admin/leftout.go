package admin

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"akkoord"
	"akkoord/server/trail"
	"akkoord/templates"
)

// LeftOut tells whom the gate leaves out of a mailing.
type LeftOut interface {
	Audience(ctx context.Context, m akkoord.Mailing) (akkoord.Audience, error)
	LeftOutPeople(ctx context.Context, m akkoord.Mailing, code string, p akkoord.Page) (people []akkoord.Standing, next int64, err error)
}

// leftOut adds to a mailing's page whom the gate leaves out, and why, while
// that is at rest: the page of a mailing under way reloads often.
func (s *Site) leftOut(ctx context.Context, v visit, page *templates.MailingPage, m akkoord.Mailing) error {
	if m.State == akkoord.MailingSending || m.Trigger != nil && m.StartedAt.IsZero() { // whom a trigger takes, its own figures say
		return nil
	}
	a, err := s.cfg.Store.Audience(ctx, m)
	if err != nil {
		return err
	}
	page.AudienceTotal, page.AudienceAllowed, page.AudienceStep = int(a.Total), int(a.Allowed), int(a.RoundedTo)
	for _, l := range a.LeftOut {
		row := templates.LeftOutRow{Code: l.Code, Count: int(l.Count - l.Skipped), Skipped: int(l.Skipped)}
		if v.user.Role.May(akkoord.ReadPeople) {
			row.URL = page.Action + "/left-out?" + url.Values{"code": {l.Code}}.Encode()
			row.SkippedURL = "?" + url.Values{"state": {"skipped"}, "code": {l.Code}}.Encode() + "#deliveries"
		}
		page.LeftOut = append(page.LeftOut, row)
	}
	return nil
}

// leftOutPeople lists whom the gate leaves out of a mailing for a reason, and
// leaves a line about it (M27).
func (s *Site) leftOutPeople(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx := r.Context()
	m, err := s.load(r)
	if err != nil {
		return err
	}
	code := r.URL.Query().Get("code")
	if !gateCode.MatchString(code) {
		return akkoord.Fieldf("code", "value_invalid", "Say for which reason, like withdrawn.")
	}
	page := templates.LeftOutPage{Admin: s.frame(r, v, "campaigns"), Subject: m.Title(), Back: mailingPath(m), Code: code, Started: !m.StartedAt.IsZero()}
	people, next, err := s.cfg.Store.LeftOutPeople(ctx, m, code, after(r))
	if err != nil {
		return err
	}
	rows, ids, err := s.personRows(ctx, v, people)
	if err != nil {
		return err
	}
	page.People = rows
	if next != 0 {
		page.Next = r.URL.Path + "?" + url.Values{"code": {code}, "after": {strconv.FormatInt(next, 10)}}.Encode()
	}
	if err := s.cfg.Store.Audit(ctx, v.user.Actor(), "subscriber.list", trail.Mailing(m), code+" "+trail.People(ids)); err != nil {
		return err
	}
	return s.page(w, v, http.StatusOK, page)
}
