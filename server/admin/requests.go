package admin

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"akkoord"
	"akkoord/server/trail"
	"akkoord/templates"
)

// Requests keeps what people asked for (chapter III GDPR).
type Requests interface {
	AddRequest(ctx context.Context, actor akkoord.Actor, r akkoord.PersonRequest) (akkoord.PersonRequest, error)
	// EditRequest changes a request from what it is at that moment; edit may be
	// called more than once.
	EditRequest(ctx context.Context, actor akkoord.Actor, id akkoord.ID, action string, edit func(akkoord.PersonRequest, time.Time) (akkoord.PersonRequest, error)) (akkoord.PersonRequest, error)
	Request(ctx context.Context, id akkoord.ID) (akkoord.PersonRequest, error)
	Requests(ctx context.Context, state akkoord.RequestState, p akkoord.Page) (requests []akkoord.PersonRequest, next int64, err error)
}

func (s *Site) requests(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx := r.Context()
	page := templates.RequestsPage{Admin: s.frame(r, v, "privacy"), State: r.URL.Query().Get("state"), Channels: akkoord.RequestChannels, Now: s.cfg.Now().In(s.home).Format(gateTime)}
	for _, k := range akkoord.RequestKinds {
		page.Kinds = append(page.Kinds, string(k))
	}
	if v.user.Role.May(akkoord.ChangePeople) {
		page.Add = privacyPrefix + "/requests"
	}
	rows, next, err := s.cfg.Store.Requests(ctx, akkoord.RequestState(page.State), after(r))
	if err != nil {
		return err
	}
	var people []akkoord.ID
	var handlers []akkoord.Actor
	for _, q := range rows {
		people, handlers = append(people, q.Person), append(handlers, q.Handler)
	}
	name, err := s.names(ctx, handlers...)
	if err != nil {
		return err
	}
	for _, q := range rows {
		page.Rows = append(page.Rows, s.requestRow(q, name))
	}
	if next != 0 {
		page.Next = "?" + url.Values{"state": {page.State}, "after": {strconv.FormatInt(next, 10)}}.Encode()
	}
	if err := s.cfg.Store.Audit(ctx, v.user.Actor(), "request.list", "request", trail.People(people)); err != nil {
		return err
	}
	return s.page(w, v, http.StatusOK, page)
}

func (s *Site) requestRow(q akkoord.PersonRequest, name func(akkoord.Actor) string) templates.RequestRow {
	now := s.cfg.Now()
	return templates.RequestRow{
		URL: privacyPrefix + "/requests/" + q.PublicID.String(), Kind: string(q.Kind), State: string(q.State), Channel: q.Channel, Email: q.Email, Handler: name(q.Handler),
		ReceivedAt: q.ReceivedAt, DueOn: q.DueOn, Overdue: q.Overdue(now), Weekend: akkoord.OnWeekend(q.DueOn), Left: int(q.DueOn.AddDate(0, 0, 1).Sub(now) / (24 * time.Hour)),
	}
}

func (s *Site) addRequest(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	q := akkoord.PersonRequest{
		Kind: akkoord.RequestKind(r.PostForm.Get("kind")), Channel: r.PostForm.Get("channel"),
		RequestDetail: akkoord.RequestDetail{Email: r.PostForm.Get("email"), Note: r.PostForm.Get("note")},
	}
	next := privacyPrefix + "/requests"
	var err error
	if q.ReceivedAt, err = s.when("received_at", r.PostForm.Get("received_at")); err == nil {
		if q, err = s.cfg.Store.AddRequest(r.Context(), v.user.Actor(), q); err == nil {
			next += "/" + q.PublicID.String()
		}
	}
	return s.done(w, r, err, "saved", next)
}

func (s *Site) request(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx := r.Context()
	id, err := akkoord.ParseID(r.PathValue("id"))
	if err != nil {
		return err
	}
	q, err := s.cfg.Store.Request(ctx, id)
	if err != nil {
		return err
	}
	if err := s.cfg.Store.Audit(ctx, v.user.Actor(), "request.read", q.Name(), ""); err != nil {
		return err
	}
	name, err := s.names(ctx, q.Handler)
	if err != nil {
		return err
	}
	page := templates.RequestPage{
		Admin: s.frame(r, v, "privacy"), RequestRow: s.requestRow(q, name), Note: q.Note, Extension: q.Extension, Answer: q.Answer,
		ExtendedAt: q.ExtendedAt, ClosedAt: q.ClosedAt, CanExtend: q.ExtendedAt.IsZero() && !q.Overdue(s.cfg.Now()),
	}
	if !q.Person.IsZero() {
		page.Person = Prefix + "/people/" + q.Person.String()
	}
	if q.State == akkoord.RequestOpen && v.user.Role.May(akkoord.ChangePeople) {
		page.Action = r.URL.Path
	}
	return s.page(w, v, http.StatusOK, page)
}

func (s *Site) actOnRequest(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	id, err := akkoord.ParseID(r.PathValue("id"))
	if err != nil {
		return err
	}
	actor, text := v.user.Actor(), r.PostForm.Get("text")
	months, _ := strconv.Atoi(r.PostForm.Get("months")) // no number is refused as one
	acts := map[string]func(akkoord.PersonRequest, time.Time) (akkoord.PersonRequest, error){
		"take": func(q akkoord.PersonRequest, _ time.Time) (akkoord.PersonRequest, error) {
			q.Handler = actor
			return q, nil
		},
		"change": func(q akkoord.PersonRequest, _ time.Time) (akkoord.PersonRequest, error) { return q.Said(text) },
		"extend": func(q akkoord.PersonRequest, now time.Time) (akkoord.PersonRequest, error) {
			return q.Extend(months, text, now)
		},
		"done": func(q akkoord.PersonRequest, now time.Time) (akkoord.PersonRequest, error) {
			return q.Close(akkoord.RequestDone, text, now)
		},
		"refuse": func(q akkoord.PersonRequest, now time.Time) (akkoord.PersonRequest, error) {
			return q.Close(akkoord.RequestRefused, text, now)
		},
	}
	act := r.PostForm.Get("act")
	edit, known := acts[act]
	if !known {
		return s.done(w, r, akkoord.Fieldf("act", "act_unknown", "There is no such act."), "", r.URL.Path)
	}
	_, err = s.cfg.Store.EditRequest(r.Context(), actor, id, "request."+act, edit)
	return s.done(w, r, err, "saved", r.URL.Path)
}
