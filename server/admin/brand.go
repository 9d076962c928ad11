package admin

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"akkoord"
	"akkoord/server/picture"
	"akkoord/templates"
)

const (
	brandPath = settingsPath + "/brand"
	logoField = "logo-file"
)

// brand shows the look in force, and lets it be tried before it is kept.
func (s *Site) brand(w http.ResponseWriter, r *http.Request, v visit) error {
	b, err := s.cfg.Store.Brand(r.Context())
	if err != nil {
		return err
	}
	return s.showBrand(w, r, v, http.StatusOK, b, templates.BrandPage{})
}

// showBrand draws the form with a brand in it, and what pages and mails look like
// with that.
func (s *Site) showBrand(w http.ResponseWriter, r *http.Request, v visit, code int, b akkoord.Brand, page templates.BrandPage) error {
	page.Admin = s.frame(r, v, "settings")
	page.Path, page.Action, page.SetBySetting = brandPath, brandPath, s.cfg.BrandColour
	page.Accent, page.Alt, page.Version = b.Accent, b.Logo.Alt, b.Version
	in := url.Values{}
	if s.cfg.BrandColour == "" && akkoord.CheckAccent(b.Accent) == nil {
		in.Set("accent", b.Accent)
	}
	if !b.Logo.Image.IsZero() {
		page.Logo, page.LogoPath = b.Logo.Image.String(), b.Logo.Path()
		page.LogoWidth, page.LogoHeight = b.Logo.Fit(akkoord.LogoWidth/2, akkoord.LogoHeight/2)
		in.Set("logo", page.Logo)
		in.Set("alt", b.Logo.Alt)
	}
	for _, part := range []string{"form", "mail"} {
		page.Previews = append(page.Previews, templates.Option{Name: part, Value: brandPath + "/preview/" + part + "?" + in.Encode()})
	}
	return s.page(w, v, code, page)
}

// withLogo keeps the picture that came with a brand to be kept before its sender is
// asked who they are: the page that asks carries fields alone. One that can't be a logo
// is told of first, and nothing is changed.
func (s *Site) withLogo(next handler) handler {
	return func(w http.ResponseWriter, r *http.Request, v visit) error {
		if err := form(r); err != nil {
			return err
		}
		if r.PostForm.Get("act") != "save" {
			return next(w, r, v)
		}
		data, err := fileOf(r, logoField)
		if err == nil && data == nil {
			return next(w, r, v)
		}
		var logo akkoord.Logo
		if err == nil {
			logo, err = picture.KeepLogo(r.Context(), s.cfg.Store, v.user.Actor(), data)
		}
		if err != nil {
			r.PostForm.Set("act", "try") // which keeps nothing
			return s.changeBrand(w, r, v)
		}
		r.PostForm.Set("logo", logo.Image.String())
		delete(r.MultipartForm.File, logoField)
		return next(w, r, v)
	}
}

// changeBrand keeps what was chosen, or shows what it looks like. A picture is kept
// as soon as it was sent, and is the logo once the brand is.
func (s *Site) changeBrand(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	ctx, in, act := r.Context(), r.PostForm, r.PostForm.Get("act")
	b, err := s.typedBrand(r, v)
	switch {
	case err != nil:
	case act == "nearest":
		b.Accent = akkoord.NearestAccent(b.Accent)
		return s.showBrand(w, r, v, http.StatusOK, b, templates.BrandPage{Tried: true})
	case act == "try", act == "remove":
		if err = akkoord.CheckAccent(b.Accent); err == nil {
			return s.showBrand(w, r, v, http.StatusOK, b, templates.BrandPage{Tried: true})
		}
	case act == "save":
		if _, err = s.cfg.Store.SetBrand(ctx, v.user.Actor(), b); err == nil {
			return s.done(w, r, nil, "saved", brandPath)
		}
	default:
		return errNoAct
	}
	page := templates.BrandPage{Tried: true}
	code, ok := 0, false
	if page.Errors, code, ok = faults(err, map[string]string{"file": logoField, "logo_alt": "alt", "": logoField}); !ok {
		return err
	}
	switch akkoord.CodeOf(err) {
	case "accent_contrast":
		page.Nearest = akkoord.NearestAccent(in.Get("accent"))
	case "brand_changed": // a second press of the button, with what is in force in sight, replaces it
		now, err := s.cfg.Store.Brand(ctx)
		if err != nil {
			return err
		}
		page.Errors, page.Theirs, b.Version = nil, true, now.Version
		page.TheirAccent = now.Accent
		if !now.Logo.Image.IsZero() {
			page.TheirLogo, page.TheirAlt = now.Logo.Path(), now.Logo.Alt
		}
	}
	return s.showBrand(w, r, v, code, b, page)
}

// typedBrand reads the form. A picture that came with it is kept; what is wrong with
// it is told, and the logo is the one before.
func (s *Site) typedBrand(r *http.Request, v visit) (b akkoord.Brand, err error) {
	ctx, in := r.Context(), r.PostForm
	b.Version, _ = strconv.Atoi(in.Get("version")) // what is no number is no version, and refused as such
	if b.Accent = strings.TrimSpace(in.Get("accent")); s.cfg.BrandColour != "" {
		now, err := s.cfg.Store.Brand(ctx)
		if err != nil {
			return b, err
		}
		b.Accent = now.Accent
	}
	if in.Get("act") == "remove" {
		return b, nil
	}
	if id := in.Get("logo"); id != "" {
		if b.Logo, err = s.logo(ctx, id); err != nil {
			return b, err
		}
	}
	data, err := fileOf(r, logoField)
	if err == nil && data != nil {
		var logo akkoord.Logo
		if logo, err = picture.KeepLogo(ctx, s.cfg.Store, v.user.Actor(), data); err == nil {
			b.Logo = logo
		}
	}
	b.Logo.Alt = strings.TrimSpace(in.Get("alt")) // without a logo too: what was typed is not lost
	return b, err
}

// logo gives a kept picture that can be a logo, or NotFound.
func (s *Site) logo(ctx context.Context, text string) (akkoord.Logo, error) {
	id, err := akkoord.ParseID(text)
	if err != nil {
		return akkoord.Logo{}, err
	}
	img, err := s.cfg.Store.Image(ctx, id)
	if err != nil {
		return akkoord.Logo{}, err
	}
	logo, ok := picture.Kept(img)
	if !ok {
		return akkoord.Logo{}, errNoAct
	}
	return logo, nil
}

// brandPreview draws a form, or the mail that asks to confirm, in a look that
// nobody has to have kept.
func (s *Site) brandPreview(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx, in := r.Context(), r.URL.Query()
	b := s.cfg.Brand()
	b.Logo = akkoord.Logo{}
	if s.cfg.BrandColour == "" {
		b.Accent = in.Get("accent")
	}
	if id := in.Get("logo"); id != "" {
		var err error
		if b.Logo, err = s.logo(ctx, id); err != nil {
			return err
		}
		b.Logo.Alt = in.Get("alt")
	}
	checked := b
	if s.cfg.BrandColour != "" {
		checked.Accent = "" // it is in force, whatever is thought of it
	}
	if err := checked.Check(); err != nil {
		return err
	}
	forms, err := s.cfg.Store.Forms(ctx)
	if err != nil {
		return err
	}
	var form akkoord.Form
	var purposes []akkoord.Purpose
	if len(forms) > 0 {
		form = forms[0]
		purposes, err = s.asksAbout(ctx, form)
	} else {
		purposes = []akkoord.Purpose{{Slug: "ready", Version: 1, Basis: akkoord.BasisConsent, Texts: texts(s.readyPurpose(v, true))}}
		form = akkoord.Form{Slug: "ready", Version: akkoord.FormVersion{Purposes: []string{"ready"}}}
	}
	if err != nil {
		return err
	}
	return s.station(w, r, v, r.PathValue("part"), form, purposes, b)
}
