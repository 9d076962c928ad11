package api

import (
	"context"

	"akkoord"
)

// formText is what a form says in one language.
type formText struct {
	Title     string            `json:"title,omitempty"`
	Intro     string            `json:"intro,omitempty"`
	Interests map[string]string `json:"interests,omitempty" doc:"Labels by slug."`
	Asks      map[string]string `json:"attributes,omitempty" doc:"Labels of attributes by slug."`
	Tracking  string            `json:"tracking,omitempty" doc:"Beside the box that lets clicks be counted, like: You may count which links I click, so that … Needed in each language of the form where tracking is true."`
}

// asked is an attribute that a form asks for, as it is set.
type asked struct {
	Slug       string `json:"slug" doc:"Of an attribute of one of the form's purposes."`
	Required   bool   `json:"required,omitempty" doc:"Whoever ticks the purpose's box has to fill it in."`
	Changeable bool   `json:"changeable,omitempty" doc:"People may change it on their preferences page."`
}

func asks(all []asked) []akkoord.FormAttribute {
	var out []akkoord.FormAttribute
	for _, a := range all {
		out = append(out, akkoord.FormAttribute{Slug: a.Slug, Required: a.Required, Changeable: a.Changeable})
	}
	return out
}

// shownAttribute is the same as a version of a form keeps it.
type shownAttribute struct {
	Slug       string                `json:"slug"`
	Type       akkoord.AttributeType `json:"type" enum:"text,number,date,flag"`
	Purpose    string                `json:"purpose"`
	Required   bool                  `json:"required"`
	Changeable bool                  `json:"changeable"`
}

// newForm is the body of POST /forms.
type newForm struct {
	Slug      string              `json:"slug"`
	Purposes  []string            `json:"purposes" doc:"Slugs, in the order of the boxes."`
	Interests []string            `json:"interests,omitempty"`
	Asks      []asked             `json:"attributes,omitempty" doc:"In the order of the fields. They are kept once the sign-up is confirmed."`
	Tracking  bool                `json:"tracking,omitempty" doc:"Whether a box of its own, never ticked by us, asks if clicks may be counted. What is ticked counts from the confirmation on, and people end it apart on their preferences page."`
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
	Asks      []shownAttribute    `json:"attributes" nullable:"false"`
	Tracking  bool                `json:"tracking"`
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
		Tracking: v.Tracking, Challenge: v.Challenge, Origins: some(v.Origins), Texts: map[string]formText{}, Version: v.Number, CreatedAt: when(f.CreatedAt),
	}
	out.Asks = []shownAttribute{}
	for _, a := range v.Asks {
		out.Asks = append(out.Asks, shownAttribute(a))
	}
	for locale, t := range v.Texts {
		out.Texts[locale] = formText(t)
	}
	return out
}

func (a *API) createForm(ctx context.Context, in *struct{ Body newForm }) (form, error) {
	b := in.Body
	v := akkoord.FormVersion{Purposes: b.Purposes, Interests: b.Interests, Asks: asks(b.Asks), Tracking: b.Tracking, Challenge: b.Challenge, Origins: b.Origins, Texts: map[string]akkoord.FormText{}}
	for locale, t := range b.Texts {
		v.Texts[locale] = akkoord.FormText(t)
	}
	f, err := a.cfg.Store.PutForm(ctx, caller(ctx).Actor(), akkoord.Form{Slug: b.Slug, Version: v})
	return a.showForm(f), err
}

// formChange is the body of PATCH /forms/{slug}. What is left out stays as it
// is.
type formChange struct {
	Purposes  *[]string           `json:"purposes,omitempty" doc:"Takes the place of those there were, as interests, attributes and origins do."`
	Interests *[]string           `json:"interests,omitempty"`
	Asks      *[]asked            `json:"attributes,omitempty"`
	Tracking  *bool               `json:"tracking,omitempty"`
	Challenge *string             `json:"challenge,omitempty" enum:"none,pow"`
	Origins   *[]string           `json:"origins,omitempty"`
	Texts     map[string]formText `json:"texts,omitempty" doc:"By language; a language that is left out stays as it is."`
}

func (c formChange) apply(v *akkoord.FormVersion) error {
	for _, part := range []struct {
		from *[]string
		to   *[]string
	}{{c.Purposes, &v.Purposes}, {c.Interests, &v.Interests}, {c.Origins, &v.Origins}} {
		if part.from != nil {
			*part.to = *part.from
		}
	}
	if c.Asks != nil {
		v.Asks = asks(*c.Asks)
	}
	if c.Tracking != nil {
		v.Tracking = *c.Tracking
	}
	if c.Challenge != nil {
		v.Challenge = *c.Challenge
	}
	if v.Texts == nil {
		v.Texts = map[string]akkoord.FormText{}
	}
	for locale, t := range c.Texts {
		v.Texts[locale] = akkoord.FormText(t)
	}
	return nil
}

// changeForm makes a new version of a form; each sign-up keeps the version
// that was seen.
func (a *API) changeForm(ctx context.Context, in *struct {
	BySlug
	Body formChange
}) (form, error) {
	f, err := a.cfg.Store.EditForm(ctx, caller(ctx).Actor(), in.Slug, in.Body.apply)
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
