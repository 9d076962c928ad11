// Package dossier makes the members of an evidence bundle that people read:
// a document in plain words, and the forms as they were shown (M30). They are
// made of the bundle alone, so that the same bundle gives the same members.
package dossier

import (
	"encoding/json"
	"fmt"
	"time"

	"akkoord"
	"akkoord/templates"
)

// Writer writes readable members.
type Writer struct {
	Set  *templates.Set
	Zone *time.Location // that times are told in; nil: UTC
}

// In gives what writes the readable members of a bundle in a language:
// dossier.pdf, and a web page for each sign-up with the form as it was shown.
func (w Writer) In(locale string) akkoord.BundlePages {
	return func(b *akkoord.Bundle) ([]akkoord.BundlePage, error) {
		r := newReader(w, locale, b)
		document, err := r.document()
		if err != nil {
			return nil, err
		}
		pages := []akkoord.BundlePage{{Name: "dossier.pdf", Data: document}}
		for _, up := range b.Texts.SignUps {
			page, err := r.form(up)
			if err != nil {
				return nil, fmt.Errorf("form of line %d: %w", up.Seq, err)
			}
			if page != nil {
				pages = append(pages, akkoord.BundlePage{Name: formName(up.Seq), Data: page})
			}
		}
		return pages, nil
	}
}

// formName is the member that shows the form of the sign-up that begins with a
// line of the ledger.
func formName(seq int64) string { return fmt.Sprintf("form-%d.html", seq) }

// reader finds things in a bundle.
type reader struct {
	Writer
	*akkoord.Bundle
	locale string
	texts  map[textKey]*akkoord.BundleText
	names  map[string]*akkoord.BundleText // the newest by purpose, in locale where there is one
	forms  map[int64]*akkoord.BundleForm
	facts  akkoord.PrivacyFacts       // of the newest statement
	proof  map[int64]akkoord.Evidence // with the whole IP address, while it is kept
	ups    map[int64]bool             // first lines of sign-ups whose form is shown
}

type textKey struct {
	purpose string
	version int
	locale  string
}

func newReader(w Writer, locale string, b *akkoord.Bundle) *reader {
	r := &reader{
		Writer: w, Bundle: b, locale: locale, texts: map[textKey]*akkoord.BundleText{}, names: map[string]*akkoord.BundleText{},
		forms: map[int64]*akkoord.BundleForm{}, proof: map[int64]akkoord.Evidence{}, ups: map[int64]bool{},
	}
	for i := range b.Texts.Purposes {
		t := &b.Texts.Purposes[i]
		r.texts[textKey{t.Slug, t.Version, t.Locale}] = t
		if old := r.names[t.Slug]; old == nil || t.Locale == locale && old.Locale != locale || t.Version > old.Version && (t.Locale == locale || old.Locale != locale) {
			r.names[t.Slug] = t
		}
	}
	for i := range b.Texts.Forms {
		r.forms[b.Texts.Forms[i].ID] = &b.Texts.Forms[i]
	}
	newest := 0
	for _, p := range b.Texts.Privacy {
		var facts akkoord.PrivacyFacts
		if p.Version > newest && json.Unmarshal(p.Facts, &facts) == nil {
			newest, r.facts = p.Version, facts
		}
	}
	for _, s := range b.Secrets.Lines {
		var e akkoord.Evidence
		if json.Unmarshal([]byte(s.Covered), &e) == nil {
			e.Whole = s.WholeIP
			r.proof[s.Seq] = e
		}
	}
	for _, up := range b.Texts.SignUps {
		r.ups[up.Seq] = r.forms[up.FormVersionID] != nil
	}
	return r
}

// t gives a text of the dossier.
func (r *reader) t(key string, args ...any) string { return r.Set.T(r.locale, "dossier."+key, args...) }

// purpose gives a purpose's name.
func (r *reader) purpose(slug string) string {
	if t := r.names[slug]; t != nil {
		return t.Text.Name
	}
	return slug
}

// when tells a time, with its zone and how far that is from UTC.
func (r *reader) when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	zone := r.Zone
	if zone == nil {
		zone = time.UTC
	}
	return r.Set.Exact(r.locale, zone, t) + t.In(zone).Format(" (MST, UTC-07:00)")
}
