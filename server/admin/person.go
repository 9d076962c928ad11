package admin

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"akkoord"
	"akkoord/server/trail"
	"akkoord/templates"
)

// Persons is what is done for one person, and what was sent to them.
type Persons interface {
	SetProfile(ctx context.Context, id akkoord.ID, p akkoord.Profile, o akkoord.Origin) error
	Learned(ctx context.Context, st akkoord.Standing) ([]akkoord.LearnedInterest, error)
	AttributesOf(ctx context.Context, subscriberID int64) (map[string]string, error)
	PersonMails(ctx context.Context, subscriberID int64, purposes []int64, p akkoord.Page) (mails []akkoord.PersonMail, next int64, err error)
	Holdings(ctx context.Context, subscriberID int64) (akkoord.Holdings, error)
	LeaveCampaign(ctx context.Context, person akkoord.ID, c akkoord.Campaign, reason string, o akkoord.Origin) error
	AskAddress(ctx context.Context, person akkoord.ID, to akkoord.Email, reason string, o akkoord.Origin) error
	RepeatConfirmation(ctx context.Context, person akkoord.ID, purposeID int64, o akkoord.Origin) error
	Restrict(ctx context.Context, person akkoord.ID, reason string, o akkoord.Origin) error
	Unrestrict(ctx context.Context, person akkoord.ID, told time.Time, reason string, o akkoord.Origin) error
	Erase(ctx context.Context, person akkoord.ID, reason string, o akkoord.Origin) (akkoord.Erasure, error)
}

func personPath(id akkoord.ID) string { return peoplePath + "/" + id.String() }

// opened reads the person in the path, as far as the user may see them, and by
// which grants that is, which the audit trail says too (M26, M27).
func (s *Site) opened(r *http.Request, v visit) (st akkoord.Standing, by akkoord.Access, err error) {
	ctx := r.Context()
	id, err := akkoord.ParseID(r.PathValue("id"))
	if err != nil {
		return st, nil, err
	}
	if st, err = s.cfg.Store.Standing(ctx, id); err != nil {
		return st, nil, err
	}
	if st.Subscriber.ID == 0 {
		return st, nil, errNothing
	}
	if by, err = s.sight.Opening(ctx, st); err != nil {
		return st, nil, err
	}
	return st, by, s.cfg.Store.Audit(ctx, v.user.Actor(), "subscriber.read", trail.Subscriber(st.Subscriber), trail.Opened(by))
}

// person shows one person: by which grants they are opened, what is known of
// them, what was mailed to them, and what can be done for them.
func (s *Site) person(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx := r.Context()
	st, by, err := s.opened(r, v)
	if err != nil {
		return err
	}
	p := st.Subscriber
	path := personPath(p.PublicID)
	page := templates.PersonPage{
		Admin: s.frame(r, v, "people"), ID: p.PublicID.String(), Address: cmp.Or(p.Email.Display(), hidden), Name: p.Name, Locale: p.Locale,
		Interests: p.Interests, Take: path + "/take",
	}
	purposes, err := s.purposeNames(ctx, v)
	if err != nil {
		return err
	}
	for _, g := range by {
		page.Grants = append(page.Grants, s.grantRow(g, purposes))
	}
	for _, kind := range st.Suppressions {
		page.Stops = append(page.Stops, string(kind))
	}
	if st.PausedUntil.After(s.cfg.Now()) {
		page.PausedUntil = st.PausedUntil
	}
	if v.user.Role.May(akkoord.ChangePeople) {
		page.SetBasis, page.Edit = path+"/basis", path+"/edit"
		all, err := s.cfg.Store.Purposes(ctx)
		if err != nil {
			return err
		}
		page.Purposes = options(all, v.locale)
	}
	for _, a := range s.personActs() {
		if v.user.Role.May(a.right) && a.fits(st) {
			page.Acts = append(page.Acts, templates.PersonLink{Key: a.name, URL: path + "/" + a.name})
		}
	}
	if page.Consents, err = s.consents(ctx, v, st); err != nil {
		return err
	}
	if err := s.addLearned(ctx, st, page.Consents); err != nil {
		return err
	}
	if page.Attributes, err = s.personAttributes(ctx, p.ID); err != nil {
		return err
	}
	if err := s.personMails(r, &page, st); err != nil {
		return err
	}
	page.Events, err = s.events(ctx, v, p.ID)
	if err != nil && !beyondGrant(err) {
		return err
	}
	return s.page(w, v, http.StatusOK, page)
}

// personAttributes gives the values that may be seen, by the names of their
// attributes.
func (s *Site) personAttributes(ctx context.Context, subscriberID int64) ([]templates.Option, error) {
	values, err := s.cfg.Store.AttributesOf(ctx, subscriberID)
	var out []templates.Option
	for _, slug := range slices.Sorted(maps.Keys(values)) {
		out = append(out, templates.Option{Name: slug, Value: values[slug]})
	}
	return out, err
}

// personMails adds a page of what was mailed to the person.
func (s *Site) personMails(r *http.Request, page *templates.PersonPage, st akkoord.Standing) error {
	mails, next, err := s.cfg.Store.PersonMails(r.Context(), st.Subscriber.ID, nil, after(r))
	if err != nil {
		return err
	}
	for _, m := range mails {
		row := templates.PersonMail{
			Subject: m.SubjectFor(st.Subscriber), URL: Prefix + "/mailings/" + m.Public.String(), Campaign: m.Campaign, State: m.State.String(),
			Class: string(m.Class()), Attempts: m.Attempts, At: m.UpdatedAt,
		}
		if m.State == akkoord.Skipped {
			row.Reason = m.Code
		} else {
			row.Code = m.Code
		}
		page.Mails = append(page.Mails, row)
	}
	page.Older = after(r).After != 0
	if next != 0 {
		page.NextMails = r.URL.Path + "?after=" + strconv.FormatInt(next, 10) + "#mails"
	}
	return nil
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
