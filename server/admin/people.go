package admin

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strconv"

	"akkoord"
	"akkoord/server/trail"
	"akkoord/templates"
)

// hidden stands for an address that no grant of the user opens.
const hidden = "•••••"

func (s *Site) people(w http.ResponseWriter, r *http.Request, v visit) error {
	page := templates.PeoplePage{Admin: s.frame(r, v, "people"), Query: r.URL.Query().Get("email")}
	var err error
	if page.Query != "" {
		if err = s.filterForm(r.Context(), v, &page, url.Values{}); err == nil {
			err = s.search(r.Context(), v, &page)
		}
	} else {
		err = s.list(r, v, &page)
	}
	if err != nil {
		return err
	}
	return s.page(w, v, http.StatusOK, page)
}

// search finds the one person with an address.
func (s *Site) search(ctx context.Context, v visit, page *templates.PeoplePage) error {
	page.Searched = true
	email, err := akkoord.ParseEmail(page.Query)
	if err != nil {
		page.Problem, page.Text = akkoord.CodeOf(err), err.Error()
		return nil
	}
	st, err := s.cfg.Store.StandingByEmail(ctx, email)
	if err != nil {
		return err
	}
	if err := s.cfg.Store.Audit(ctx, v.user.Actor(), "subscriber.search", trail.Subscriber(st.Subscriber), ""); err != nil {
		return err
	}
	if st.Subscriber.ID == 0 {
		return nil
	}
	row, err := s.personRow(ctx, v, st)
	page.People = []templates.PersonRow{row}
	return err
}

// list shows a page of those who pass the filter of the address.
func (s *Site) list(r *http.Request, v visit, page *templates.PeoplePage) error {
	ctx := r.Context()
	f, err := akkoord.ParsePeopleFilter(r.URL.Query())
	if wrong := s.filterForm(ctx, v, page, r.URL.Query()); wrong != nil {
		return wrong
	}
	var people []akkoord.Standing
	var next int64
	if err == nil {
		people, next, err = s.cfg.Store.People(ctx, f, after(r))
	}
	if akkoord.KindOf(err) == akkoord.Invalid {
		page.Filter.Errors, _, _ = faults(err, nil)
		return nil
	}
	if err != nil {
		return err
	}
	rows, ids, err := s.personRows(ctx, v, people)
	if err != nil {
		return err
	}
	page.People, page.Filter.Filtered = rows, !f.Everybody()
	if len(rows) > 0 {
		page.Bulk = bulkFor(v, f)
	}
	if next != 0 {
		q := f.Query()
		q.Set("after", strconv.FormatInt(next, 10))
		page.Next = peoplePath + "?" + q.Encode()
	}
	return s.cfg.Store.Audit(ctx, v.user.Actor(), "subscriber.list", "subscriber", trail.Found(f, ids))
}

// filterForm fills in what the list can be narrowed by.
func (s *Site) filterForm(ctx context.Context, v visit, page *templates.PeoplePage, q url.Values) error {
	purposes, err := s.cfg.Store.Purposes(ctx)
	if err != nil {
		return err
	}
	interests, err := s.cfg.Store.Interests(ctx)
	if err != nil {
		return err
	}
	sources, err := s.cfg.Store.Sources(ctx)
	if err != nil {
		return err
	}
	page.Filter = templates.PeopleFilter{
		Purpose: q.Get("purpose"), State: q.Get("state"), Interest: q.Get("interest"), Locale: q.Get("locale"), Source: q.Get("source"), Act: q.Get("act"), From: q.Get("from"), To: q.Get("to"),
		Purposes: options(purposes, v.locale), Interests: interests, Sources: sources, Locales: akkoord.Locales,
	}
	for _, state := range akkoord.PeopleStates {
		page.Filter.States = append(page.Filter.States, string(state))
	}
	for _, act := range akkoord.PeopleActs {
		page.Filter.Acts = append(page.Filter.Acts, string(act))
	}
	return nil
}

// behind gives where the people behind a figure are listed; empty for those who
// may not find them, whom it is a number alone. Purpose 0 is that of all.
func behind(v visit, access akkoord.Access, purpose int64, f akkoord.PeopleFilter) string {
	if !v.user.Role.May(akkoord.ReadPeople) || access.CheckPurpose(purpose, f.Tells()...) != nil {
		return ""
	}
	return peoplePath + "?" + f.Query().Encode()
}

// peoplePath is where the list of people is.
const peoplePath = Prefix + "/people"

// personRows gives the lines of a list of people, and who they are, for its line
// in the audit trail.
func (s *Site) personRows(ctx context.Context, v visit, people []akkoord.Standing) (rows []templates.PersonRow, ids []akkoord.ID, err error) {
	for _, st := range people {
		row, err := s.personRow(ctx, v, st)
		if err != nil {
			return nil, nil, err
		}
		rows, ids = append(rows, row), append(ids, st.Subscriber.PublicID)
	}
	return rows, ids, nil
}

func (s *Site) personRow(ctx context.Context, v visit, st akkoord.Standing) (templates.PersonRow, error) {
	row := templates.PersonRow{
		URL: Prefix + "/people/" + st.Subscriber.PublicID.String(), Address: cmp.Or(st.Subscriber.Email.Display(), hidden), Name: st.Subscriber.Name,
		Locale: st.Subscriber.Locale, Since: st.Subscriber.CreatedAt,
	}
	for _, sub := range st.Subscriptions {
		p, err := s.cfg.Store.PurposeByID(ctx, sub.PurposeID)
		if err != nil {
			return row, err
		}
		row.Consents = append(row.Consents, templates.ConsentBadge{Purpose: p.Text(v.locale).Name, State: string(sub.State)})
	}
	return row, nil
}
