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

func (s *Site) person(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx := r.Context()
	id, err := akkoord.ParseID(r.PathValue("id"))
	if err != nil {
		return err
	}
	st, err := s.cfg.Store.Standing(ctx, id)
	if err != nil {
		return err
	}
	if st.Subscriber.ID == 0 {
		return s.nothing(w, r, v)
	}
	if err := s.cfg.Store.Audit(ctx, v.user.Actor(), "subscriber.read", trail.Subscriber(st.Subscriber), ""); err != nil {
		return err
	}
	p := st.Subscriber
	page := templates.PersonPage{
		Admin: s.frame(r, v, "people"), ID: p.PublicID.String(), Address: cmp.Or(p.Email.Display(), hidden), Name: p.Name, Locale: p.Locale,
		Interests: p.Interests, Take: r.URL.Path + "/take",
	}
	for _, kind := range st.Suppressions {
		page.Stops = append(page.Stops, string(kind))
	}
	if st.PausedUntil.After(s.cfg.Now()) {
		page.PausedUntil = st.PausedUntil
	}
	if v.user.Role.May(akkoord.ChangePeople) {
		page.Withdraw, page.SetBasis = r.URL.Path+"/withdraw", r.URL.Path+"/basis"
		purposes, err := s.cfg.Store.Purposes(ctx)
		if err != nil {
			return err
		}
		for _, p := range purposes {
			page.Purposes = append(page.Purposes, templates.Option{Value: p.Slug, Name: p.Text(v.locale).Name})
		}
		if page.Leavable, err = s.leavable(ctx, v, st); err != nil {
			return err
		}
	}
	if page.Consents, err = s.consents(ctx, v, st); err != nil {
		return err
	}
	page.Events, err = s.events(ctx, v, p.ID)
	if err != nil && !beyondGrant(err) {
		return err
	}
	return s.page(w, v, http.StatusOK, page)
}

// consents gives a person's standing, each with the wording that they saw.
func (s *Site) consents(ctx context.Context, v visit, st akkoord.Standing) ([]templates.PersonConsent, error) {
	var out []templates.PersonConsent
	for _, sub := range st.Subscriptions {
		p, err := s.cfg.Store.PurposeByID(ctx, sub.PurposeID)
		if err != nil {
			return nil, err
		}
		text, err := s.cfg.Store.Wording(ctx, sub.PurposeID, sub.Version, sub.Locale)
		if err != nil && akkoord.KindOf(err) != akkoord.NotFound {
			return nil, err
		}
		out = append(out, templates.PersonConsent{
			Purpose: p.Text(v.locale).Name, State: string(sub.State), Basis: string(sub.Basis), Wording: text.Wording, Version: sub.Version, Since: sub.Since,
		})
	}
	return out, nil
}

// events gives a person's history, oldest first.
func (s *Site) events(ctx context.Context, v visit, subscriberID int64) ([]templates.EventRow, error) {
	events, err := s.cfg.Store.Events(ctx, subscriberID)
	if err != nil {
		return nil, err
	}
	var campaigns []int64
	var actors []string
	for _, e := range events {
		campaigns, actors = append(campaigns, e.CampaignID), append(actors, string(e.Actor))
	}
	names, err := s.cfg.Store.PublicNames(ctx, actors)
	if err != nil {
		return nil, err
	}
	slugs, err := s.cfg.Store.CampaignSlugs(ctx, campaigns)
	if err != nil {
		return nil, err
	}
	var out []templates.EventRow
	for _, e := range events {
		row := templates.EventRow{Seq: e.Seq, At: e.At, Kind: string(e.Kind), Campaign: slugs[e.CampaignID], Source: e.Source, Actor: cmp.Or(names[string(e.Actor)], string(e.Actor)), Version: e.WordingVersion, ToldIn: e.Evidence.ToldIn, Clock: e.Evidence.Zone}
		if e.PurposeID != 0 {
			p, err := s.cfg.Store.PurposeByID(ctx, e.PurposeID)
			if err != nil {
				return nil, err
			}
			row.Purpose = p.Text(v.locale).Name
		}
		out = append(out, row)
	}
	return out, nil
}
