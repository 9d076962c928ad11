package templates

import (
	"strings"
	"time"
	"unicode"

	"akkoord"
)

// Brand is how the organisation shows itself on public pages.
type Brand struct {
	Name   string // as visitors know it; empty while nothing is configured
	Logo   string // path of an image on this site; without it the first letter stands in
	Accent string // chosen colour, "#b8400e"; empty for Akkoord's own (see BrandCSS)

	LogoWidth, LogoHeight int    // as it is shown; 0: a square
	LogoAlt               string // what is written in the logo, which then stands in for the name; empty: the name stands beside it
}

// The logo on a page is as high as its masthead allows, and not wider than a phone.
const logoWidth, logoHeight = 224, 36

// BrandOf gives the look of pages in a brand.
func BrandOf(b akkoord.Brand) Brand {
	out := Brand{Accent: b.Accent}
	if !b.Logo.Image.IsZero() {
		out.Logo, out.LogoAlt = b.Logo.Path(), b.Logo.Alt
		out.LogoWidth, out.LogoHeight = b.Logo.Fit(logoWidth, logoHeight)
	}
	return out
}

// Initial is the letter that stands in for a missing logo.
func (b Brand) Initial() string {
	for _, r := range b.Name {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return string(unicode.ToUpper(r))
		}
	}
	return ""
}

// Site is what every public page shows around its own content. All of it may
// be empty; what is missing is left out.
type Site struct {
	Brand         Brand
	Path          string         // this page's path, which also answers ?locale=; empty hides the language links
	Languages     []string       // languages this page can be read in; nil for all
	Preferences   string         // path of the person's own preferences page, token included
	Contact       string         // e-mail address, or URL, for questions (art. 13 GDPR)
	PostalAddress string         // one line
	Zone          *time.Location // the person's zone; nil for Europe/Amsterdam
	Theme         string         // "light" or "dark", whatever the browser prefers; empty: what that prefers
}

// ContactURL makes the contact a link; empty when it is neither address nor URL.
func (s Site) ContactURL() string { return contactURL(s.Contact) }

func contactURL(contact string) string {
	switch {
	case strings.HasPrefix(contact, "https://"), strings.HasPrefix(contact, "http://"):
		return contact
	case strings.Contains(contact, "@") && !strings.ContainsAny(contact, " <>\r\n"):
		return "mailto:" + contact
	}
	return ""
}

// FieldError says what is wrong with a field of a form.
type FieldError struct {
	Field string // "email", "name", "purpose", "interest", "locale"
	Code  string // stable; error.<Code> in the locale files
	Text  string // shown when the code has no text
	At    string // id of its element where that does not follow from Field
}

// Anchor is the id of the element that the error is about.
func (e FieldError) Anchor() string {
	if e.At != "" {
		return e.At
	}
	switch e.Field {
	case "email", "name", "locale", "tracking":
		return e.Field
	case "purpose", "interest":
		return e.Field + "-0"
	}
	if slug, ok := strings.CutPrefix(e.Field, "attribute."); ok {
		return "attribute-" + slug
	}
	return "main"
}

// FieldErrors are all that is wrong with a form, in the order of its fields.
type FieldErrors []FieldError

// For gives the first error of a field, or nil.
func (all FieldErrors) For(field string) *FieldError {
	for i := range all {
		if all[i].Field == field {
			return &all[i]
		}
	}
	return nil
}

// Interest is a subject that a person may choose.
type Interest struct {
	Slug, Name string
	Chosen     bool
}
