package admin

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"akkoord"
	"akkoord/server/status"
	"akkoord/templates"
)

var (
	errFormEmpty    = akkoord.Fieldf("purposes", "form_empty", "Tick what the form asks about: then it stands here as people see it.")
	errFormLanguage = akkoord.Fieldf("in", "form_language", "The form is not public in this language: not all that it asks about has texts in it.")
	errFormClosed   = akkoord.Fieldf("purposes", "form_archived", "All that this form asks about is archived: nobody can sign up by it now.")
)

// formLabels are the labels of the builder's fields, by field of the rules.
var formLabels = map[string]string{
	"purposes": "forms.boxes", "texts": "forms.words", "title": "forms.heading", "intro": "forms.intro", "interests": "forms.interests",
	"attributes": "rules.attributes", "tracking": "forms.tracking_words", "origins": "forms.origins",
}

// previewForm draws a form as it is stored in a frame, as its own page shows it. Nobody
// counts that it was shown.
func (s *Site) previewForm(w http.ResponseWriter, r *http.Request, v visit) error {
	slug := r.PathValue("form")
	if slug == newFormName {
		return s.formUnseen(w, v, r.URL.Query(), errFormEmpty)
	}
	f, err := s.cfg.Store.Form(r.Context(), slug)
	if err != nil {
		return err
	}
	return s.drawForm(w, r, v, f.Version, r.URL.Query())
}

// previewTypedForm draws what is typed in the builder and not saved.
func (s *Site) previewTypedForm(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	typed, err := s.typedForm(r.Context(), r.PostForm)
	if err != nil {
		return err
	}
	return s.drawForm(w, r, v, typed, r.PostForm)
}

// drawForm answers with the page of a form for a frame, in the language and the light that
// are asked for, or says there why nobody could see it.
func (s *Site) drawForm(w http.ResponseWriter, r *http.Request, v visit, version akkoord.FormVersion, in url.Values) error {
	version, purposes, err := s.asShown(r, version)
	if err != nil {
		return s.formUnseen(w, v, in, err)
	}
	common := akkoord.CommonLanguages(purposes)
	switch locale := in.Get("in"); {
	case slices.Contains(common, locale):
		v.locale = locale
	case locale != "":
		return s.formUnseen(w, v, in, errFormLanguage)
	case !slices.Contains(common, v.locale):
		v.locale = common[0]
	}
	site := s.publicSite(s.cfg.Brand())
	site.Theme = theme(in)
	w.Header().Set("Content-Security-Policy", pagePolicy)
	return s.page(w, v, http.StatusOK, templates.NewSignUpPage(site, akkoord.Form{Slug: r.PathValue("form"), Version: version}, purposes, v.locale))
}

// theme reads in which light a page is to be seen.
func theme(in url.Values) string {
	if in.Get("as") == "dark" {
		return "dark"
	}
	return "light"
}

// formUnseen says in a frame why there is no form in it.
func (s *Site) formUnseen(w http.ResponseWriter, v visit, in url.Values, err error) error {
	e, ok := errors.AsType[*akkoord.Error](err)
	if !ok || e.Kind == "" {
		return err
	}
	page := templates.UnseenPage{Site: s.publicSite(s.cfg.Brand()), Text: s.cfg.Pages.ErrorText(v.locale, e.Code, e.Message)}
	page.Theme = theme(in)
	if !slices.Contains([]*akkoord.Error{errFormEmpty, errFormLanguage, errFormClosed}, e) {
		if page.Text != e.Message {
			page.Detail = e.Message // what of it is wrong
		}
		if label, ok := formLabels[e.Field]; ok {
			page.Text = s.cfg.Pages.T(v.locale, label) + s.cfg.Pages.T(v.locale, "list.colon") + " " + page.Text
		}
	}
	w.Header().Set("Content-Security-Policy", pagePolicy)
	return s.page(w, v, status.Of(e.Kind), page)
}

// asShown gives a version as visitors would get it, with the purposes of its boxes, or
// what would be refused if it were saved now.
func (s *Site) asShown(r *http.Request, version akkoord.FormVersion) (akkoord.FormVersion, []akkoord.Purpose, error) {
	if len(version.Purposes) == 0 {
		return version, nil, errFormEmpty
	}
	if err := version.Check(); err != nil {
		return version, nil, err
	}
	purposes, err := s.cfg.Store.Purposes(r.Context())
	if err != nil {
		return version, nil, err
	}
	attributes, err := s.cfg.Store.Attributes(r.Context())
	if err != nil {
		return version, nil, err
	}
	version, asked, err := version.Complete(purposes, attributes)
	if err != nil {
		return version, nil, err
	}
	version, open := version.Open(asked)
	if len(open) == 0 {
		return version, nil, errFormClosed
	}
	return version, open, nil
}
