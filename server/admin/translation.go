package admin

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"strings"

	"akkoord"
	"akkoord/templates"
)

// inLanguage gives a mailing as the editor shows its translation: what it says in a
// language as if that were its own. One that there is not yet begins as a copy of the
// main text.
func inLanguage(m akkoord.Mailing, locale string) akkoord.Mailing {
	if locale == "" {
		return m
	}
	t, ok := m.Content.Languages[locale]
	if !ok {
		t.Content = m.Content
	}
	m.Content = t.Content
	m.Content.Language, m.Content.Languages, m.Variants, m.Trial = "", nil, nil, nil
	return m
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
	m.Content.Languages = maps.Clone(m.Content.Languages)
	if remove {
		delete(m.Content.Languages, f.Translation)
		return m, nil
	}
	c, err := parts(f)[0].read(f.Kind, f.Subject, f.Preheader)
	if err != nil {
		return m, err
	}
	if m.Content.Languages == nil {
		m.Content.Languages = map[string]akkoord.Translation{}
	}
	m.Content.Languages[f.Translation] = akkoord.Translation{Sender: f.Sender, Content: c}
	return m, atTranslation(f.Translation, m.Check())
}

// atTranslation gives an error about a translation as one about the form that shows it.
func atTranslation(locale string, err error) error {
	prefix := "languages." + locale
	if e, ok := errors.AsType[*akkoord.Error](err); ok && strings.HasPrefix(e.Field, prefix) {
		return moved(err, cmp.Or(strings.TrimPrefix(strings.TrimPrefix(e.Field, prefix), "."), "subject"))
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
		_, there := m.Content.Languages[locale]
		row := templates.LanguageRow{Locale: locale, Main: locale == main, There: there || locale == main, Now: locale == cmp.Or(page.Form.Translation, main), URL: editPath(m)}
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
