package admin

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"akkoord"
	"akkoord/templates"
)

// profile is what the form of a person's data shows and changes: what the user's
// grants open of it.
type profile struct {
	Name, Locale string
	Interests    []string
	Attributes   map[string]string

	names, interests bool                // whether these may be seen
	offered          []string            // interests
	kinds            []akkoord.Attribute // that may be seen, of purposes that the person dealt with
}

func (s *Site) profile(ctx context.Context, st akkoord.Standing, by akkoord.Access) (profile, error) {
	p := profile{
		Name: st.Subscriber.Name, Locale: st.Subscriber.Locale, Interests: st.Subscriber.Interests,
		names: by.CheckPerson(st, akkoord.FieldName) == nil, interests: by.CheckPerson(st, akkoord.FieldAttributes) == nil,
	}
	forms, err := s.cfg.Store.Forms(ctx)
	if err != nil {
		return p, err
	}
	p.offered = akkoord.OfferedInterests(forms, p.Interests)
	all, err := s.cfg.Store.Attributes(ctx)
	if err != nil {
		return p, err
	}
	if p.Attributes, err = s.cfg.Store.AttributesOf(ctx, st.Subscriber.ID); err != nil {
		return p, err
	}
	p.kinds = slices.DeleteFunc(slices.Clone(all), func(a akkoord.Attribute) bool {
		_, has := p.Attributes[a.Slug]
		return !has && st.Subscription(a.PurposeID).State == akkoord.Never || by.CheckPurpose(a.PurposeID, akkoord.FieldAttributes) != nil
	})
	return p, nil
}

// mark tells whether the data is still what somebody saw.
func (p profile) mark() (string, error) {
	b, err := json.Marshal(p)
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(sum[:]), err
}

// attributeField names the field of an attribute.
func attributeField(slug string) string { return "attribute." + slug }

// typed reads the form; what it does not hold stays as it is.
func (p profile) typed(in url.Values) profile {
	out := p
	if p.names {
		out.Name, out.Locale = strings.TrimSpace(in.Get("name")), in.Get("locale")
	}
	if p.interests {
		out.Interests = slices.Sorted(slices.Values(in["interest"]))
	}
	out.Attributes = map[string]string{}
	for _, a := range p.kinds {
		if v := strings.TrimSpace(in.Get(attributeField(a.Slug))); v != "" {
			out.Attributes[a.Slug] = v
		}
	}
	return out
}

// change gives what differs from what is on record, or what is wrong with it.
func (p profile) change(typed profile) (akkoord.Profile, error) {
	var c akkoord.Profile
	if typed.Name != p.Name {
		name, err := akkoord.ParseName(typed.Name)
		if err != nil {
			return c, err
		}
		c.Name = &name
	}
	if typed.Locale != p.Locale {
		c.Locale = &typed.Locale
	}
	if !slices.Equal(typed.Interests, p.Interests) {
		c.Interests = &typed.Interests
	}
	c.Attributes = map[string]*string{}
	for _, a := range p.kinds {
		value := typed.Attributes[a.Slug]
		switch {
		case value == p.Attributes[a.Slug]:
		case value == "":
			c.Attributes[a.Slug] = nil
		default:
			if _, err := a.Parse(value); err != nil {
				return c, akkoord.Fieldf(attributeField(a.Slug), akkoord.CodeOf(err), "%s", err.Error())
			}
			c.Attributes[a.Slug] = &value
		}
	}
	return c, c.Check(p.offered)
}

// editPerson shows the form that rectifies a person's data (Art. 16 GDPR, M21).
func (s *Site) editPerson(w http.ResponseWriter, r *http.Request, v visit) error {
	st, by, err := s.opened(r, v)
	if err != nil {
		return err
	}
	p, err := s.profile(r.Context(), st, by)
	if err != nil {
		return err
	}
	return s.showProfile(w, r, v, st, p, p, nil, http.StatusOK)
}

// showProfile draws the form with what was typed. What is on record by now stands
// beside what differs from it, where somebody changed it meanwhile.
func (s *Site) showProfile(w http.ResponseWriter, r *http.Request, v visit, st akkoord.Standing, now, typed profile, errs templates.FieldErrors, code int) error {
	mark, err := now.mark()
	if err != nil {
		return err
	}
	purposes, err := s.purposeNames(r.Context(), v)
	if err != nil {
		return err
	}
	path := personPath(st.Subscriber.PublicID)
	page := templates.PersonEditPage{
		Admin: s.frame(r, v, "people"), Person: templates.Link{Title: cmp.Or(st.Subscriber.Email.Display(), hidden), URL: path}, Action: path + "/edit", Seen: mark, Errors: errs,
		Name: typed.Name, Locale: typed.Locale, Locales: akkoord.Locales, Names: now.names,
	}
	if now.interests {
		for _, slug := range now.offered {
			page.Interests = append(page.Interests, templates.Choice{Value: slug, On: slices.Contains(typed.Interests, slug)})
		}
	}
	for _, a := range now.kinds {
		page.Attributes = append(page.Attributes, templates.AttributeField{
			Slug: a.Slug, Type: string(a.Type), Label: a.Slug, Purpose: purposes[a.PurposeID], Value: typed.Attributes[a.Slug],
		})
	}
	if code == http.StatusConflict {
		page.Theirs = &templates.PersonData{Name: now.Name, Locale: now.Locale, Interests: now.Interests}
		for _, a := range now.kinds {
			if value := now.Attributes[a.Slug]; value != "" {
				page.Theirs.Attributes = append(page.Theirs.Attributes, templates.Option{Name: a.Slug, Value: value})
			}
		}
	}
	return s.page(w, v, code, page)
}

var errPersonChanged = akkoord.Errorf(akkoord.Conflict, "person_changed", "This person's data was changed since you read it, perhaps by themselves. What stands there now is shown; yours is below and not saved. Save again to put yours in its place.")

// savePerson rectifies what differs from what is on record.
func (s *Site) savePerson(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	ctx := r.Context()
	st, by, err := s.opened(r, v)
	if err != nil {
		return err
	}
	now, err := s.profile(ctx, st, by)
	if err != nil {
		return err
	}
	typed := now.typed(r.PostForm)
	mark, err := now.mark()
	if err != nil {
		return err
	}
	c, err := now.change(typed)
	if err == nil && r.PostForm.Get("seen") != mark {
		err = errPersonChanged
	}
	if err == nil {
		o := v.origin()
		o.Locale = st.Subscriber.Locale
		err = s.cfg.Store.SetProfile(ctx, st.Subscriber.PublicID, c, o)
	}
	if err == nil {
		return s.done(w, r, nil, "person_saved", personPath(st.Subscriber.PublicID))
	}
	errs, code, ok := faults(err, map[string]string{"": "name", "interests": "interest-0"})
	if !ok || beyondGrant(err) || akkoord.KindOf(err) == akkoord.NotFound {
		return err
	}
	return s.showProfile(w, r, v, st, now, typed, errs, code)
}
