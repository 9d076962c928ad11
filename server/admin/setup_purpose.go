package admin

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"akkoord"
	"akkoord/templates"
)

const firstPurposePath = setupPath + "/purpose"

// firstPurpose offers ready words for a first purpose, and shows the whole way of
// somebody who agrees to it once there is a form.
func (s *Site) firstPurpose(w http.ResponseWriter, r *http.Request, v visit) error {
	page := templates.SetupPurposePage{}
	page.Form = s.readyPurpose(v, true)
	for i, words := range page.Form.Words {
		page.Form.Words[i].Chosen = words.Locale == v.locale || words.Locale == "en"
	}
	return s.showFirstPurpose(w, r, v, http.StatusOK, page)
}

func (s *Site) showFirstPurpose(w http.ResponseWriter, r *http.Request, v visit, code int, page templates.SetupPurposePage) error {
	ctx := r.Context()
	var err error
	if page.Setup, err = s.setupFrame(r, v, "purpose"); err != nil {
		return err
	}
	page.Nameless = s.cfg.Sender().Controller == ""
	forms, err := s.cfg.Store.Forms(ctx)
	if err != nil || len(forms) == 0 {
		if err == nil {
			err = s.page(w, v, code, page)
		}
		return err
	}
	f := forms[0]
	page.FormName, page.FormURL, page.Public = formTitle(f, v.locale), formPath(f), publicPath(f)
	for _, slug := range f.Version.Purposes {
		p, err := s.cfg.Store.Purpose(ctx, slug)
		if err != nil {
			return err
		}
		page.Purposes = append(page.Purposes, templates.Link{Title: p.Text(v.locale).Name, URL: purposePath(p)})
	}
	for _, part := range []string{"form", "mail", "confirmed"} {
		page.Previews = append(page.Previews, templates.Option{Name: part, Value: setupPath + "/preview/" + part})
	}
	return s.page(w, v, code, page)
}

// addFirstPurpose makes a purpose of the words in the languages that were ticked,
// and a form that asks about it.
func (s *Site) addFirstPurpose(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	page := templates.SetupPurposePage{}
	page.Form = typedPurpose(r.PostForm)
	chosen := templates.PurposeForm{Basis: string(akkoord.BasisConsent)}
	for i, words := range page.Form.Words {
		page.Form.Words[i].Chosen = slices.Contains(r.PostForm["language"], words.Locale)
		page.Form.Words[i].Open = page.Form.Words[i].Chosen
		if page.Form.Words[i].Chosen {
			chosen.Words = append(chosen.Words, page.Form.Words[i])
		}
	}
	err := s.makePurposeAndForm(r.Context(), v, chosen)
	if err == nil {
		return s.done(w, r, nil, "first_purpose", firstPurposePath)
	}
	at := chosen.Elements(akkoord.CodeOf(err))
	if len(chosen.Words) == 0 {
		at = map[string]string{"": "languages", "slug": "languages", "name": "languages"}
	}
	code, ok := 0, false
	if page.Errors, code, ok = faults(err, at); !ok {
		return err
	}
	return s.showFirstPurpose(w, r, v, code, page)
}

// formSlugs are the names that a first form may get: the first that is free.
var formSlugs = []string{"home", "news", "form"}

// errNoSender is for words that would name nobody whom people agree with.
var errNoSender = akkoord.Fieldf("controller", "setup_who_missing", "Nobody is named yet whom people agree with: fill in the name of the organisation in the step Who first.")

func (s *Site) makePurposeAndForm(ctx context.Context, v visit, words templates.PurposeForm) error {
	if s.cfg.Sender().Controller == "" {
		return errNoSender
	}
	all := texts(words)
	if len(all) == 0 {
		return akkoord.Fieldf("name", "text_missing", "A purpose needs a name, an explanation and a wording in at least one language.")
	}
	p, err := s.cfg.Store.PutPurpose(ctx, v.user.Actor(), akkoord.Purpose{Slug: akkoord.SlugOf(words.FirstName()), Basis: akkoord.BasisConsent, Texts: all})
	if err != nil {
		return err
	}
	for _, slug := range formSlugs {
		_, err = s.cfg.Store.PutForm(ctx, v.user.Actor(), akkoord.Form{Slug: slug, Version: akkoord.FormVersion{Purposes: []string{p.Slug}, Challenge: "none"}})
		if akkoord.KindOf(err) != akkoord.Conflict {
			break
		}
	}
	return err
}

// pagePolicy lets a page of the public site be shown inside our own frame, where no
// script runs and no form is sent. It stays of our origin, since icons are loaded
// from there.
const pagePolicy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none'; frame-ancestors 'self'; base-uri 'none'; sandbox allow-same-origin"

// setupPreview draws one station of the way: the first form, the mail that asks
// to confirm, or the page after that.
func (s *Site) setupPreview(w http.ResponseWriter, r *http.Request, v visit) error {
	forms, err := s.cfg.Store.Forms(r.Context())
	if err != nil {
		return err
	}
	if len(forms) == 0 {
		return s.nothing(w, r, v)
	}
	purposes, err := s.asksAbout(r.Context(), forms[0])
	if err != nil {
		return err
	}
	return s.station(w, r, v, r.PathValue("part"), forms[0], purposes, s.cfg.Brand())
}

func (s *Site) asksAbout(ctx context.Context, f akkoord.Form) (purposes []akkoord.Purpose, err error) {
	for _, slug := range f.Version.Purposes {
		p, err := s.cfg.Store.Purpose(ctx, slug)
		if err != nil {
			return nil, err
		}
		purposes = append(purposes, p)
	}
	return purposes, nil
}

// publicSite is what pages of the public site show around their content, in the look
// of a brand.
func (s *Site) publicSite(brand akkoord.Brand) templates.Site {
	f := s.cfg.Sender()
	site := templates.Site{Brand: templates.BrandOf(brand), Contact: f.Contact, PostalAddress: f.PostalAddress}
	site.Brand.Name = f.Controller
	return site
}

// station draws, in the look of a brand, a form, the mail that asks to confirm, or
// the page after that.
func (s *Site) station(w http.ResponseWriter, r *http.Request, v visit, part string, form akkoord.Form, purposes []akkoord.Purpose, brand akkoord.Brand) error {
	v.locale = purposes[0].Language(v.locale)
	site := s.publicSite(brand)
	switch part {
	case "form":
		w.Header().Set("Content-Security-Policy", pagePolicy)
		return s.page(w, v, http.StatusOK, templates.NewSignUpPage(site, form, purposes, v.locale))
	case "confirmed":
		page := templates.ConfirmedPage{Site: site, From: templates.BareAddress(s.cfg.Sender().From)}
		for _, p := range purposes {
			t := p.Text(v.locale)
			page.Purposes = append(page.Purposes, templates.AskedPurpose{Name: t.Name, Frequency: t.Frequency, Wording: t.Wording, Locale: v.locale, Since: s.cfg.Now()})
		}
		w.Header().Set("Content-Security-Policy", pagePolicy)
		return s.page(w, v, http.StatusOK, page)
	case "mail":
		html, err := s.cfg.Mail.PreviewConfirmation(purposes, v.locale, brand)
		if err != nil {
			return err
		}
		w.Header().Set("Content-Security-Policy", previewPolicy)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(html) // the reader may have gone
		return nil
	}
	return s.nothing(w, r, v)
}

// firstCampaign gives where the first campaign is written: its mailing, once
// there is one.
func (s *Site) firstCampaign(ctx context.Context, v visit, mailings []akkoord.Mailing) (string, error) {
	if len(mailings) > 0 {
		return mailingPath(mailings[0]), nil
	}
	in := url.Values{"name": {s.cfg.Pages.T(v.locale, "setup.ready_campaign")}}
	purposes, err := s.cfg.Store.Purposes(ctx)
	if len(purposes) > 0 {
		in.Set("purpose", purposes[0].Slug)
	}
	return Prefix + "/campaigns/new?" + in.Encode(), err
}
