package api

import (
	"context"

	"akkoord"
)

// BySlug names a thing in the path.
type BySlug struct {
	Slug string `path:"slug"`
}

// newPurpose is the body of POST /purposes. Texts are by language.
type newPurpose struct {
	Slug              string            `json:"slug"`
	Name              map[string]string `json:"name"`
	Explanation       map[string]string `json:"explanation,omitempty" doc:"What the data is used for (M3)."`
	Wording           map[string]string `json:"wording" doc:"The words that people agree to."`
	Frequency         map[string]string `json:"frequency,omitempty"`
	Basis             akkoord.Basis     `json:"basis,omitempty" default:"consent" enum:"consent,existing_customer,contract"`
	InactiveAfterDays int               `json:"inactive_after_days,omitempty" doc:"Days without activity before the person is asked again; 0 is never."`
}

// purpose is a purpose as the API shows it.
type purpose struct {
	ID                akkoord.ID        `json:"id" format:"uuid"`
	Slug              string            `json:"slug"`
	Name              map[string]string `json:"name"`
	Explanation       map[string]string `json:"explanation"`
	Wording           map[string]string `json:"wording"`
	Frequency         map[string]string `json:"frequency"`
	Basis             akkoord.Basis     `json:"basis"`
	InactiveAfterDays int               `json:"inactive_after_days"`
	Version           int               `json:"version" doc:"Of the texts."`
	CreatedAt         *Time             `json:"created_at"`
}

func showPurpose(p akkoord.Purpose) purpose {
	out := purpose{
		ID: p.PublicID, Slug: p.Slug, Basis: p.Basis, InactiveAfterDays: p.InactiveAfter, Version: p.Version, CreatedAt: when(p.CreatedAt),
		Name: map[string]string{}, Explanation: map[string]string{}, Wording: map[string]string{}, Frequency: map[string]string{},
	}
	for locale, t := range p.Texts {
		out.Name[locale], out.Explanation[locale], out.Wording[locale] = t.Name, t.Explanation, t.Wording
		if t.Frequency != "" {
			out.Frequency[locale] = t.Frequency
		}
	}
	return out
}

func (a *API) createPurpose(ctx context.Context, in *struct{ Body newPurpose }) (purpose, error) {
	b := in.Body
	texts := map[string]akkoord.PurposeText{}
	for _, part := range []struct {
		texts map[string]string
		set   func(*akkoord.PurposeText, string)
	}{
		{b.Name, func(t *akkoord.PurposeText, s string) { t.Name = s }},
		{b.Explanation, func(t *akkoord.PurposeText, s string) { t.Explanation = s }},
		{b.Wording, func(t *akkoord.PurposeText, s string) { t.Wording = s }},
		{b.Frequency, func(t *akkoord.PurposeText, s string) { t.Frequency = s }},
	} {
		for locale, s := range part.texts {
			t := texts[locale]
			part.set(&t, s)
			texts[locale] = t
		}
	}
	p, err := a.cfg.Store.PutPurpose(ctx, caller(ctx).Actor(), akkoord.Purpose{Slug: b.Slug, Basis: b.Basis, InactiveAfter: b.InactiveAfterDays, Texts: texts})
	return showPurpose(p), err
}

func (a *API) listPurposes(ctx context.Context, in *struct{ Paging }) (list[purpose], error) {
	page, err := in.page()
	if err != nil {
		return list[purpose]{}, err
	}
	all, err := a.cfg.Store.Purposes(ctx)
	if err != nil {
		return list[purpose]{}, err
	}
	rows, next := cut(all, func(p akkoord.Purpose) int64 { return p.ID }, page)
	return newList(rows, next, showPurpose), nil
}

func (a *API) readPurpose(ctx context.Context, in *BySlug) (purpose, error) {
	p, err := a.cfg.Store.Purpose(ctx, in.Slug)
	return showPurpose(p), err
}

// formText is what a form says in one language.
type formText struct {
	Title     string            `json:"title,omitempty"`
	Intro     string            `json:"intro,omitempty"`
	Interests map[string]string `json:"interests,omitempty" doc:"Labels by slug."`
}

// newForm is the body of POST /forms.
type newForm struct {
	Slug      string              `json:"slug"`
	Purposes  []string            `json:"purposes" doc:"Slugs, in the order of the boxes."`
	Interests []string            `json:"interests,omitempty"`
	Challenge string              `json:"challenge,omitempty" default:"none" enum:"none,pow"`
	Origins   []string            `json:"origins,omitempty" doc:"Sites that may post to the form from their own pages."`
	Texts     map[string]formText `json:"texts,omitempty" doc:"By language."`
}

// form is a form as the API shows it.
type form struct {
	ID        akkoord.ID          `json:"id" format:"uuid"`
	Slug      string              `json:"slug"`
	URL       string              `json:"url"`
	Purposes  []string            `json:"purposes"`
	Interests []string            `json:"interests"`
	Challenge string              `json:"challenge"`
	Origins   []string            `json:"origins"`
	Texts     map[string]formText `json:"texts"`
	Version   int                 `json:"version"`
	CreatedAt *Time               `json:"created_at"`
}

func (a *API) showForm(f akkoord.Form) form {
	v := f.Version
	out := form{
		ID: f.PublicID, Slug: f.Slug, URL: a.cfg.BaseURL + "/f/" + f.Slug, Purposes: some(v.Purposes), Interests: some(v.Interests),
		Challenge: v.Challenge, Origins: some(v.Origins), Texts: map[string]formText{}, Version: v.Number, CreatedAt: when(f.CreatedAt),
	}
	for locale, t := range v.Texts {
		out.Texts[locale] = formText(t)
	}
	return out
}

func (a *API) createForm(ctx context.Context, in *struct{ Body newForm }) (form, error) {
	b := in.Body
	v := akkoord.FormVersion{Purposes: b.Purposes, Interests: b.Interests, Challenge: b.Challenge, Origins: b.Origins, Texts: map[string]akkoord.FormText{}}
	for locale, t := range b.Texts {
		v.Texts[locale] = akkoord.FormText(t)
	}
	f, err := a.cfg.Store.PutForm(ctx, caller(ctx).Actor(), akkoord.Form{Slug: b.Slug, Version: v})
	return a.showForm(f), err
}

func (a *API) listForms(ctx context.Context, in *struct{ Paging }) (list[form], error) {
	page, err := in.page()
	if err != nil {
		return list[form]{}, err
	}
	all, err := a.cfg.Store.Forms(ctx)
	if err != nil {
		return list[form]{}, err
	}
	rows, next := cut(all, func(f akkoord.Form) int64 { return f.ID }, page)
	return newList(rows, next, a.showForm), nil
}

func (a *API) readForm(ctx context.Context, in *BySlug) (form, error) {
	f, err := a.cfg.Store.Form(ctx, in.Slug)
	return a.showForm(f), err
}
