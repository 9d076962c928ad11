package akkoord

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Form is a sign-up form. What visitors see is a FormVersion, which never
// changes: an edit makes a new one, and each sign-up keeps the version seen.
type Form struct {
	ID        int64
	PublicID  ID
	Slug      string
	CreatedAt time.Time
	Version   FormVersion
}

// FormVersion is one immutable state of a form.
type FormVersion struct {
	ID        int64
	Number    int
	Purposes  []string // slugs, in the order of the boxes; none is ever pre-ticked (M2)
	Interests []string
	Asks      []FormAttribute
	Tracking  bool     // a box of its own lets clicks be counted, in the words of the texts (M22)
	Challenge string   // "none" or "pow"
	Origins   []string // sites that may post across
	Texts     map[string]FormText
	CreatedAt time.Time
}

// FormText is a form's heading, introduction and labels in one language. Where it is
// missing, the locale files have a general one.
type FormText struct {
	Title     string            `json:"title"`
	Intro     string            `json:"intro"`
	Interests map[string]string `json:"interests,omitempty"` // labels by slug
	Asks      map[string]string `json:"attributes,omitempty"`
	Tracking  string            `json:"tracking,omitempty"` // beside the box that lets clicks be counted, quoted verbatim ever after
}

// TrackingWording gives the words beside the box that lets clicks be counted;
// empty where the form has none in that language.
func (v FormVersion) TrackingWording(locale string) string {
	if !v.Tracking {
		return ""
	}
	return v.Texts[locale].Tracking
}

// Check reports the first thing wrong with a form about to be stored.
func (f Form) Check() error {
	if err := CheckSlug("slug", f.Slug); err != nil {
		return err
	}
	return f.Version.Check()
}

// Check reports the first thing wrong with a version by itself.
func (v FormVersion) Check() error {
	if len(v.Purposes) == 0 || len(v.Purposes) > Limits.Purposes {
		return Fieldf("purposes", "purpose_required", "A form asks for 1 to %d purposes.", Limits.Purposes)
	}
	if err := checkSlugs("purposes", v.Purposes); err != nil {
		return err
	}
	if len(v.Interests) > Limits.Interests {
		return Fieldf("interests", "too_many_items", "A form has at most %d interests.", Limits.Interests)
	}
	if err := checkSlugs("interests", v.Interests); err != nil {
		return err
	}
	if err := checkAsks(v.Asks); err != nil {
		return err
	}
	if v.Challenge != "none" && v.Challenge != "pow" {
		return Fieldf("challenge", "challenge_unknown", "The challenge is none or pow.")
	}
	for _, o := range v.Origins {
		u, err := url.Parse(o)
		if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.Scheme+"://"+u.Host != o {
			return Fieldf("origins", "origin_invalid", "An origin is a scheme and a host, like https://www.example.org.")
		}
	}
	for locale, t := range v.Texts {
		if !KnownLocale(locale) {
			return Fieldf("texts", "locale_unknown", "There are no pages in language %q.", locale)
		}
		if err := CheckLine("title", t.Title, Limits.Text); err != nil {
			return err
		}
		if err := CheckText("intro", t.Intro, Limits.Text); err != nil {
			return err
		}
		if err := CheckText("tracking", t.Tracking, Limits.Text); err != nil {
			return err
		}
		if err := checkLabels("interests", t.Interests); err != nil {
			return err
		}
		if err := checkLabels("attributes", t.Asks); err != nil {
			return err
		}
	}
	return nil
}

// Complete gives a version as it is kept, with what its questions ask, and the
// purposes that it asks for, in its order. purposes and attributes are all that there
// are. Errors are Invalid: it asks for what there is not, for what can't be asked
// together, or in a language that lacks texts.
func (v FormVersion) Complete(purposes []Purpose, attributes []Attribute) (FormVersion, []Purpose, error) {
	asked := make([]Purpose, 0, len(v.Purposes))
	for _, slug := range v.Purposes {
		i := slices.IndexFunc(purposes, func(p Purpose) bool { return p.Slug == slug })
		if i < 0 {
			return v, nil, Fieldf("purposes", "purpose_unknown", "There is no purpose %q.", slug)
		}
		asked = append(asked, purposes[i])
	}
	var asks []FormAttribute
	for _, ask := range v.Asks {
		i := slices.IndexFunc(attributes, func(a Attribute) bool { return a.Slug == ask.Slug })
		if i < 0 {
			return v, nil, Fieldf("attributes", "attribute_unknown", "There is no attribute %q; make it first.", ask.Slug)
		}
		var of Purpose
		if at := slices.IndexFunc(purposes, func(p Purpose) bool { return p.ID == attributes[i].PurposeID }); at >= 0 {
			of = purposes[at]
		}
		ask, err := ask.completed(attributes[i], of, v)
		if err != nil {
			return v, nil, err
		}
		asks = append(asks, ask)
	}
	v.Asks = asks
	return v, asked, v.CheckLanguages(asked)
}

// Open gives a version with those of its purposes alone that are in use, and these.
func (v FormVersion) Open(purposes []Purpose) (FormVersion, []Purpose) {
	open := InUse(purposes)
	v.Purposes = nil
	for _, p := range open {
		v.Purposes = append(v.Purposes, p.Slug)
	}
	return v, open
}

// CheckLanguages reports a language in which a form would be public without all
// texts of the purposes that it asks for: one that the form itself has texts
// in, or every one. Errors are Invalid and name purpose, language and field.
func (v FormVersion) CheckLanguages(purposes []Purpose) error {
	for _, locale := range slices.Sorted(maps.Keys(v.Texts)) {
		for _, p := range purposes {
			if _, ok := p.Texts[locale]; !ok {
				return Fieldf("texts", "purpose_language_missing", "The purpose %s has no name, explanation and wording in %q, so no form about it can be public in that language. Add these texts to the purpose first.", p.Slug, locale)
			}
		}
	}
	common := CommonLanguages(purposes)
	for _, locale := range common {
		if v.Tracking && strings.TrimSpace(v.TrackingWording(locale)) == "" {
			return Fieldf("tracking", "tracking_wording_missing", "The box about clicks has no words in %q, in which this form is public. Write what one agrees to, or leave the box out.", locale)
		}
	}
	if len(common) > 0 {
		return nil
	}
	return Fieldf("purposes", "purpose_language_missing", "There is no language in which all of these purposes have a name, an explanation and a wording: nobody could read the form whole. Add the texts to a purpose first.")
}

// CommonLanguages lists those that all purposes have texts in, in which a form
// about them is public, the default first.
func CommonLanguages(purposes []Purpose) []string {
	var common []string
	for _, locale := range Locales {
		if !slices.ContainsFunc(purposes, func(p Purpose) bool { _, ok := p.Texts[locale]; return !ok }) {
			common = append(common, locale)
		}
	}
	return common
}

// checkLabels checks the labels of a form's interests or attributes, by slug.
func checkLabels(field string, labels map[string]string) error {
	if len(labels) > Limits.Interests {
		return Fieldf(field, "too_many_items", "A form has at most %d %s.", Limits.Interests, field)
	}
	for slug, label := range labels {
		if err := CheckSlug(field, slug); err != nil {
			return err
		}
		if err := CheckLine(field, label, Limits.Text); err != nil {
			return err
		}
	}
	return nil
}

func checkSlugs(field string, slugs []string) error {
	seen := map[string]bool{}
	for _, s := range slugs {
		if err := CheckSlug(field, s); err != nil {
			return err
		}
		if seen[s] {
			return Fieldf(field, "duplicate", "%q stands there twice.", s)
		}
		seen[s] = true
	}
	return nil
}

// OfferedInterests gives the interests that forms offer, and those that somebody
// has already, each once.
func OfferedInterests(forms []Form, have []string) []string {
	all := slices.Clone(have)
	for _, f := range forms {
		all = append(all, f.Version.Interests...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
