package server

import (
	"context"
	"slices"
	"strings"

	"akkoord"
	"akkoord/templates"
)

// readAttributes reads the attributes that a form asks for, of the purposes
// that were ticked and of no other (Art. 5(1)(b) GDPR). What is wrong is told to
// note.
func readAttributes(asks []akkoord.FormAttribute, ticked []string, f fields, note func(error)) []akkoord.FormValue {
	var out []akkoord.FormValue
	for _, ask := range asks {
		if !slices.Contains(ticked, ask.Purpose) {
			continue
		}
		v, err := ask.Read(f.attribute(ask))
		note(err)
		if v != "" {
			out = append(out, akkoord.FormValue{Slug: ask.Slug, Value: v, Purpose: ask.Purpose})
		}
	}
	return out
}

// attribute gives what was sent for an attribute. A number or a flag may be one
// in JSON too.
func (f fields) attribute(ask akkoord.FormAttribute) string {
	v := f.first(ask.Field())
	if ask.Type == akkoord.AttributeNumber || ask.Type == akkoord.AttributeFlag {
		v = strings.TrimPrefix(v, "\x00") // see addScalar
	}
	return strings.TrimSpace(v)
}

// changeable lists what a person may change of themselves: attributes of
// purposes that they are in, where a form says so, once each.
func (s *Server) changeable(ctx context.Context, st akkoord.Standing, locale string) ([]akkoord.FormAttribute, []templates.AttributeField, error) {
	forms, err := s.Catalog.Forms(ctx)
	if err != nil {
		return nil, nil, err
	}
	var asks []akkoord.FormAttribute
	var shown []templates.AttributeField
	var have map[string]string
	for _, form := range forms {
		v := form.Version
		v.Asks = slices.DeleteFunc(slices.Clone(v.Asks), func(a akkoord.FormAttribute) bool {
			return !a.Changeable || slices.ContainsFunc(asks, func(x akkoord.FormAttribute) bool { return x.Slug == a.Slug })
		})
		if len(v.Asks) == 0 {
			continue
		}
		purposes, err := s.purposes(ctx, v.Purposes)
		if err != nil {
			return nil, nil, err
		}
		purposes = slices.DeleteFunc(purposes, func(p akkoord.Purpose) bool { return st.Subscription(p.ID).State != akkoord.Active })
		v.Asks = slices.DeleteFunc(v.Asks, func(a akkoord.FormAttribute) bool {
			return !slices.ContainsFunc(purposes, func(p akkoord.Purpose) bool { return p.Slug == a.Purpose })
		})
		if have == nil && len(v.Asks) > 0 {
			if have, err = s.Consents.AttributesOf(ctx, st.Subscriber.ID); err != nil {
				return nil, nil, err
			}
		}
		for i := range v.Asks {
			v.Asks[i].Required = false // what was given once may be taken away
		}
		asks = append(asks, v.Asks...)
		for _, field := range templates.AttributeFields(v, purposes, locale) {
			field.Value = have[field.Slug]
			shown = append(shown, field)
		}
	}
	return asks, shown, nil
}

// setAttributes changes those of a person's attributes that a post holds. What
// is sent empty is taken away.
func (s *Server) setAttributes(ctx context.Context, link akkoord.Link, st akkoord.Standing, f fields, o akkoord.Origin) error {
	asks, _, err := s.changeable(ctx, st, o.Locale)
	if err != nil {
		return err
	}
	p := akkoord.Profile{Attributes: map[string]*string{}}
	for _, ask := range asks {
		if !slices.ContainsFunc(f, func(x field) bool { return x.name == ask.Field() }) {
			continue
		}
		v, err := ask.Read(f.attribute(ask))
		if err != nil {
			return err
		}
		p.Attributes[ask.Slug] = nil
		if v != "" {
			p.Attributes[ask.Slug] = &v
		}
	}
	if len(p.Attributes) == 0 {
		return errPreference
	}
	return s.Consents.SetProfile(ctx, link.Subscriber, p, o)
}
