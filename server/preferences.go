package server

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"akkoord"
	"akkoord/templates"
)

var (
	errGone       = akkoord.Errorf(akkoord.NotFound, "link_invalid", "There is no data of yours here any more. Sign up again if you would like to hear from us.")
	errMoved      = akkoord.Errorf(akkoord.Expired, "link_moved", "This link was mailed to a former address and shows nothing any more. Ask for a new one at /your-data; leaving by the mail still works.")
	errPreference = akkoord.Fieldf("save", "form_invalid", "Send start or stop with a purpose, pause=1, 3 or 6, resume=1, track, untrack, learn or unlearn with a purpose, forget with a purpose and a topic, or save=interests, person or address.")
)

// own gives the holder of a preferences link and their standing.
func (s *Server) own(c echo.Context) (akkoord.Link, akkoord.Standing, error) {
	kind := akkoord.LinkPreferences
	if strings.HasPrefix(c.Path(), "/your-data/") {
		kind = akkoord.LinkOwnData
	}
	link, err := s.link(c, kind)
	if err != nil {
		return link, akkoord.Standing{}, err
	}
	ctx := c.Request().Context()
	st, err := s.Consents.Standing(ctx, link.Subscriber)
	if err == nil && st.Subscriber.ID == 0 {
		err = errGone
	}
	if err != nil {
		return link, st, err
	}
	current, err := s.current(ctx, link)
	if err == nil && !current {
		err = errMoved
	}
	return link, st, err
}

// preferencesPage answers GET /preferences/{token}: what the person agreed to
// and when, and all of it to change (M14).
func (s *Server) preferencesPage(c echo.Context) error {
	link, st, err := s.own(c)
	if err != nil {
		return err
	}
	if err := s.signOfLife(c, st); err != nil {
		return err
	}
	if show := query(c, "show"); show == "mails" || show == "history" {
		return s.showPast(c, link, st, show)
	}
	return s.showPreferences(c, http.StatusOK, link, st, templates.PreferencesPage{})
}

// preferences answers POST /preferences/{token}. A purpose begins with a
// confirmation mail like any other sign-up; it ends at once.
func (s *Server) preferences(c echo.Context) error {
	link, st, err := s.own(c)
	if err != nil {
		return err
	}
	f, err := readFields(c.Request())
	if err != nil {
		return err
	}
	if err := s.signOfLife(c, st); err != nil {
		return err
	}
	origin, err := s.act(c, "preferences", s.locale(c, st.Subscriber.Locale, ""))
	if err != nil {
		return err
	}
	origin.Campaign, origin.MailingID = link.Campaign, link.Mailing
	if f.first("export") != "" || f.first("erase") != "" {
		return s.takeOrErase(c, link, st, f, origin)
	}
	page, err := s.change(c.Request().Context(), link, st, f, origin)
	if e, ok := errors.AsType[*akkoord.Error](err); ok && e.Kind == akkoord.Invalid && !wantsJSON(c.Request()) {
		page.Notice = ""
		page.Errors = templates.FieldErrors{{Field: e.Field, Code: e.Code, Text: e.Message}}
		return s.showPreferences(c, http.StatusUnprocessableEntity, link, st, page)
	}
	if err != nil {
		return err
	}
	if wantsJSON(c.Request()) {
		return c.JSON(http.StatusOK, map[string]string{"status": string(page.Notice)})
	}
	if st, err = s.Consents.Standing(c.Request().Context(), link.Subscriber); err != nil {
		return err
	}
	return s.showPreferences(c, http.StatusOK, link, st, page)
}

// change does the one thing that a post asks for.
func (s *Server) change(ctx context.Context, link akkoord.Link, st akkoord.Standing, f fields, o akkoord.Origin) (templates.PreferencesPage, error) {
	var page templates.PreferencesPage
	switch {
	case f.first("stop") != "":
		p, err := s.preference(ctx, "stop", f, o.Locale)
		if err != nil {
			return page, err
		}
		page.Notice, page.Subject = templates.NoticeStopped, p.Text(o.Locale).Name
		if sub := st.Subscription(p.ID); sub.State == akkoord.Active && sub.Basis.Objectable() {
			page.Notice = templates.NoticeObjected
		}
		return page, s.Consents.LeavePurposes(ctx, link, []int64{p.ID}, o)
	case f.first("start") != "":
		p, err := s.preference(ctx, "start", f, o.Locale)
		if err != nil {
			return page, err
		}
		page.Notice, page.Subject = templates.NoticeMailed, p.Text(o.Locale).Name
		if st.Subscription(p.ID).State == akkoord.Active {
			page.Notice = templates.NoticeStarted
			return page, nil
		}
		return page, s.Consents.SignUp(ctx, akkoord.SignUp{Email: st.Subscriber.Email, Name: st.Subscriber.Name, Locale: o.Locale, Purposes: []akkoord.Purpose{p}, Origin: o})
	}
	if page, done, err := s.choose(ctx, link, f, o); done || err != nil {
		return page, err
	}
	page.Notice = templates.NoticeSaved
	switch f.first("save") {
	case "address":
		to, err := readEmail(f)
		if err != nil {
			return page, err
		}
		if err := s.takesMail(ctx, to); err != nil {
			return page, err
		}
		page.Notice = templates.NoticeAddress
		return page, s.Consents.AskAddress(ctx, link.Subscriber, to, "", o)
	case "interests":
		offered, err := s.interests(ctx, st, o.Locale)
		if err != nil {
			return page, err
		}
		chosen, err := choose("interest", f, slugs(offered), akkoord.Limits.Interests)
		if err != nil {
			return page, err
		}
		if chosen == nil {
			chosen = []string{}
		}
		return page, s.Consents.SetProfile(ctx, link.Subscriber, akkoord.Profile{Interests: &chosen}, o)
	case "attributes":
		return page, s.setAttributes(ctx, link, st, f, o)
	case "person":
		p, err := readPerson(f)
		if err != nil {
			return page, err
		}
		return page, s.Consents.SetProfile(ctx, link.Subscriber, p, o)
	}
	return page, errPreference
}

// preference gives the purpose that a field names, if it has texts in the
// person's language.
func (s *Server) preference(ctx context.Context, name string, f fields, locale string) (akkoord.Purpose, error) {
	p, err := s.Catalog.Purpose(ctx, f.first(name))
	if akkoord.KindOf(err) == akkoord.NotFound {
		return p, akkoord.Fieldf(name, "purpose_unknown", "There is no such purpose.")
	}
	if err == nil && name == "start" && p.Archived() {
		return p, akkoord.Fieldf(name, "purpose_closed", "This is not mailed now, so it can't be started.")
	}
	if _, ok := p.Texts[locale]; err == nil && name == "start" && !ok {
		return p, akkoord.Fieldf(name, "language_missing", "This purpose does not exist in that language.")
	}
	return p, err
}

// readPerson reads the person's own data. A field that was not sent stays as
// it is.
func readPerson(f fields) (akkoord.Profile, error) {
	var p akkoord.Profile
	for _, x := range f {
		switch x.name {
		case "name":
			name, err := akkoord.ParseName(x.value)
			if err != nil {
				return p, err
			}
			p.Name = &name
		case "locale":
			if !akkoord.KnownLocale(x.value) {
				return p, akkoord.Fieldf("locale", "locale_unknown", "There are no pages in this language.")
			}
			p.Locale = &x.value
		}
	}
	if p.Name == nil && p.Locale == nil {
		return p, errPreference
	}
	return p, nil
}

// interests lists what the forms offer and what the person has, once each.
func (s *Server) interests(ctx context.Context, st akkoord.Standing, locale string) ([]templates.Interest, error) {
	forms, err := s.Catalog.Forms(ctx)
	if err != nil {
		return nil, err
	}
	var all []templates.Interest
	add := func(slug, name string) {
		if !slices.ContainsFunc(all, func(x templates.Interest) bool { return x.Slug == slug }) {
			all = append(all, templates.Interest{Slug: slug, Name: templates.NameOr(name, slug), Chosen: slices.Contains(st.Subscriber.Interests, slug)})
		}
	}
	for _, f := range forms {
		for _, slug := range f.Version.Interests {
			add(slug, f.Version.Texts[locale].Interests[slug])
		}
	}
	for _, slug := range st.Subscriber.Interests {
		add(slug, "")
	}
	return all, nil
}

func slugs(all []templates.Interest) []string {
	out := make([]string, len(all))
	for i, x := range all {
		out[i] = x.Slug
	}
	return out
}

// showPreferences fills the page; what the last post did stands in it already.
func (s *Server) showPreferences(c echo.Context, code int, link akkoord.Link, st akkoord.Standing, page templates.PreferencesPage) error {
	ctx, person := c.Request().Context(), st.Subscriber
	locale := s.locale(c, person.Locale, "")
	at := linkPath(link.Kind, c)
	page.PausedUntil = st.PausedUntil
	if !st.PausedUntil.After(s.Now()) {
		page.PausedUntil = time.Time{}
	}
	page.Export, page.Erase = true, true
	page.Site, page.Action, page.Address, page.Name, page.Locale = s.site(at), at, person.Email.Masked(), person.Name, person.Locale
	if query(c, "locale") == locale {
		page.ReadIn = locale
	}
	purposes, err := s.Catalog.Purposes(ctx)
	if err != nil {
		return err
	}
	learned, err := s.Consents.Learned(ctx, st)
	if err != nil {
		return err
	}
	for _, p := range purposes {
		if state := st.Subscription(p.ID).State; p.Archived() && state != akkoord.Active && state != akkoord.Pending {
			continue // there is nothing to stop, and nothing can begin
		}
		row, err := s.preferenceRow(c, p, st.Subscription(p.ID), locale)
		if err != nil {
			return err
		}
		if err := s.learnedRow(ctx, &row, p, st, learned, locale); err != nil {
			return err
		}
		page.Purposes = append(page.Purposes, row)
	}
	if _, page.Attributes, err = s.changeable(ctx, st, locale); err != nil {
		return err
	}
	if page.Interests, err = s.interests(ctx, st, locale); err != nil {
		return err
	}
	return s.page(c, code, locale, page)
}

func (s *Server) preferenceRow(c echo.Context, p akkoord.Purpose, sub akkoord.Subscription, locale string) (templates.PreferencePurpose, error) {
	text := p.Text(locale)
	row := templates.PreferencePurpose{Slug: p.Slug, Name: text.Name, Wording: text.Wording, Explanation: text.Explanation, State: string(sub.State), Archived: p.Archived()}
	if sub.State != akkoord.Active && sub.State != akkoord.Pending {
		return row, nil
	}
	seen, err := s.asked(c, []akkoord.Subscription{sub}, locale)
	if err != nil {
		return row, err
	}
	row.Object, row.Tracked = sub.Basis.Objectable(), !sub.Tracking.IsZero()
	row.Wording, row.Locale, row.Version, row.Since = seen[0].Wording, seen[0].Locale, sub.Version, seen[0].Since
	return row, nil
}
