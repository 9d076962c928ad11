package admin

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"akkoord"
	"akkoord/templates"
)

// inLanguage gives a mailing as the editor shows its translation: what it and its
// variants say in a language as if that were their own. One that there is not yet begins
// as a copy of the main text, and those of variants empty.
func inLanguage(m akkoord.Mailing, locale string) akkoord.Mailing {
	if locale == "" {
		return m
	}
	own := m.Content.Languages[locale]
	if !saysIn(m, locale) {
		own.Content = m.Content
	}
	variants := make([]akkoord.Variant, len(m.Variants))
	for i, v := range m.Variants {
		t := v.Languages[locale]
		variants[i] = akkoord.Variant{Name: v.Name, Sender: t.Sender, Content: t.Content}
	}
	m.Content, m.Variants, m.Trial = own.Content, variants, nil
	m.Content.Language, m.Content.Languages = "", nil
	return m
}

// saysIn reports whether a mailing or one of its variants says something in a language
// besides its main one.
func saysIn(m akkoord.Mailing, locale string) bool {
	return slices.Contains(m.Draft().Translated(), locale)
}

// translationForm gives the form of a translation.
func translationForm(m akkoord.Mailing, locale string) templates.MailingForm {
	f := draftForm(inLanguage(m, locale))
	if f.Translation = locale; locale != "" {
		f.Sender = m.Content.Languages[locale].Sender
	}
	return f
}

// readTranslation gives a mailing with a translation as it was typed, or without it.
func readTranslation(f *templates.MailingForm, m akkoord.Mailing, p akkoord.Purpose, remove bool) (akkoord.Mailing, error) {
	var err error
	if m.ChangedAt, err = readAt(f.Read); err != nil {
		return m, err
	}
	m.Content.Language = m.MainLanguage(p) // what is a translation of it stays one
	said, own := parts(f), akkoord.Translation{}
	variants := make([]akkoord.Translation, len(m.Variants))
	if !remove {
		if own.Content, err = said[0].read(f.Kind, f.Subject, f.Preheader); err != nil {
			return m, err
		}
		own.Sender = f.Sender
		for i, v := range f.Variants {
			stored := slices.IndexFunc(m.Variants, func(had akkoord.Variant) bool { return had.Name == v.Was })
			if stored < 0 {
				continue // it was removed in the meantime, which the version tells
			}
			t := akkoord.Translation{Sender: v.Sender}
			if t.Content, err = said[i+1].read(f.Kind, v.Subject, v.Preheader); err != nil {
				return m, err
			}
			variants[stored] = t
		}
	}
	m.Variants = slices.Clone(m.Variants)
	ofVariants := false
	for i, t := range variants {
		ofVariants = ofVariants || !empty(t)
		m.Variants[i].Languages = withTranslation(m.Variants[i].Languages, f.Translation, t, !empty(t))
	}
	m.Content.Languages = withTranslation(m.Content.Languages, f.Translation, own, !remove && (!empty(own) || !ofVariants))
	return m, atTranslation(f.Translation, m.Check())
}

func empty(t akkoord.Translation) bool { return t.Sender == "" && t.Content.Equal(akkoord.Content{}) }

// withTranslation gives translations with one in a language set, or without it.
func withTranslation(all map[string]akkoord.Translation, locale string, t akkoord.Translation, there bool) map[string]akkoord.Translation {
	all = maps.Clone(all)
	if !there {
		delete(all, locale)
		return all
	}
	if all == nil {
		all = map[string]akkoord.Translation{}
	}
	all[locale] = t
	return all
}

// atTranslation gives an error about a translation as one about the form that shows it.
func atTranslation(locale string, err error) error {
	own := "languages." + locale
	e, ok := errors.AsType[*akkoord.Error](err)
	switch {
	case !ok:
	case locale == "" && strings.Contains(e.Field, "languages."):
		return moved(err, "language")
	case locale == "":
	case strings.HasPrefix(e.Field, own):
		return moved(err, cmp.Or(strings.TrimPrefix(strings.TrimPrefix(e.Field, own), "."), "subject"))
	case strings.HasPrefix(e.Field, "variants."):
		return moved(err, "variants")
	}
	return err
}

// languages adds to an editor's page the languages of its mailing, and how many read each
// that it lacks.
func (s *Site) languages(ctx context.Context, page *templates.EditPage, m akkoord.Mailing) error {
	_, p, err := s.sentFor(ctx, m)
	if err != nil {
		return err
	}
	readers, err := s.cfg.Store.Readers(ctx, m)
	if err != nil {
		return err
	}
	main := m.MainLanguage(p)
	for _, locale := range p.Languages() {
		row := templates.LanguageRow{Locale: locale, Main: locale == main, There: locale == main || saysIn(m, locale), Now: locale == cmp.Or(page.Form.Translation, main), URL: editPath(m)}
		if !row.Main {
			row.URL += "?in=" + locale
		}
		if !row.There {
			row.Readers = int(readers[locale])
		}
		page.Languages = append(page.Languages, row)
	}
	return nil
}
