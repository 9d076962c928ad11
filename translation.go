package akkoord

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Translation is what a mailing or a variant says in a language besides its main one
// (ADR 60). It inherits what it lacks, as Mailing.Text has it.
type Translation struct {
	Sender string `json:"sender,omitempty"` // name on the From line
	Content
}

// MailLanguage gives the language in which somebody is written to whose language is
// known as a tag like nl-BE.
func MailLanguage(tag string) string {
	primary, _, _ := strings.Cut(strings.ToLower(tag), "-")
	if KnownLocale(primary) {
		return primary
	}
	return "en"
}

// MainLanguage is the language of what a mailing says outside its translations: what
// its author said, else the first that its purpose has texts in.
func (m Mailing) MainLanguage(p Purpose) string { return cmp.Or(m.Content.Language, p.Language("")) }

// Text is what somebody gets of a mailing, in one language.
type Text struct {
	Content
	Sender     string   // name on the From line; empty: the installation's
	Translated bool     // it is a translation
	Lacks      []string // subject or body: what of a translation is the main text's
}

// In gives the language that a text is in, of its body where it is in two: the
// reader's, or the mailing's main one.
func (t Text) In(reader, main string) string {
	if t.Translated && !slices.Contains(t.Lacks, "body") {
		return MailLanguage(reader)
	}
	return main
}

// Text gives what somebody gets who reads a language: of a variant by its index, or of a
// version. It is the translation where there is one, and else the main text.
func (m Mailing) Text(i int, locale string) Text {
	c := m.Variant(i)
	out := Text{Content: c}
	if i >= 0 && i < len(m.Variants) {
		out.Sender = m.Variants[i].Sender
	}
	out.Languages, out.Language = nil, ""
	t, ok := c.Languages[MailLanguage(locale)]
	if !ok {
		return out
	}
	out.Translated = true
	out.Sender = cmp.Or(t.Sender, out.Sender)
	out.Preheader = t.Preheader // one in another language would stand beside the subject
	if t.Subject == "" {
		out.Lacks = append(out.Lacks, "subject")
	} else {
		out.Subject = t.Subject
	}
	if t.Body() {
		out.Markdown, out.HTML, out.Blocks = t.Markdown, t.HTML, t.Blocks
	} else {
		out.Lacks = append(out.Lacks, "body")
	}
	return out
}

// over gives a text with what another lacks taken from it.
func (c Content) over(under Content) Content {
	c.Subject, c.Preheader = cmp.Or(c.Subject, under.Subject), cmp.Or(c.Preheader, under.Preheader)
	if !c.Body() {
		c.Markdown, c.HTML, c.Blocks = under.Markdown, under.HTML, under.Blocks
	}
	return c
}

// translationsOver gives those of a variant, each over the mailing's of its language.
func translationsOver(own, under map[string]Translation) map[string]Translation {
	if len(own) == 0 {
		return under
	}
	out := maps.Clone(own)
	for locale, u := range under {
		t := out[locale]
		out[locale] = Translation{cmp.Or(t.Sender, u.Sender), t.Content.over(u.Content)}
	}
	return out
}

// Equal reports whether two contents say the same in all languages.
func (c Content) Equal(o Content) bool {
	return c.Subject == o.Subject && c.Preheader == o.Preheader && c.Markdown == o.Markdown && c.HTML == o.HTML && c.Blocks == o.Blocks && c.Language == o.Language &&
		maps.EqualFunc(c.Languages, o.Languages, func(a, b Translation) bool { return a.Sender == b.Sender && a.Content.Equal(b.Content) })
}

// checkTranslations reports the first thing wrong with those of a content. Fields are
// named languages.en and languages.en.subject, behind a prefix.
func (c Content) checkTranslations(prefix string) error {
	if c.Language != "" && !KnownLocale(c.Language) {
		return Fieldf(prefix+"language", "locale_unknown", "The languages are %s.", strings.Join(Locales, ", "))
	}
	for _, locale := range slices.Sorted(maps.Keys(c.Languages)) {
		t, field := c.Languages[locale], prefix+"languages."+locale
		switch {
		case !KnownLocale(locale):
			return Fieldf(field, "locale_unknown", "The languages are %s.", strings.Join(Locales, ", "))
		case len(t.Languages) > 0 || t.Language != "":
			return Fieldf(field, "translation_nested", "A translation has no languages of its own.")
		case t.Subject == "" && !t.Body():
			return Fieldf(field, "translation_empty", "A translation needs a subject or a text; leave the language out to have none.")
		}
		if err := CheckLine(field+".sender", t.Sender, Limits.Name); err != nil {
			return err
		}
		if err := inField(field+".", t.Content.check()); err != nil {
			return err
		}
	}
	return nil
}

// inField puts a prefix before the field of an Error.
func inField(prefix string, err error) error {
	if err == nil {
		return nil
	}
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	out := *e
	out.Field = prefix + e.Field
	return &out
}

// CheckLanguages refuses translations into languages that a mailing's purpose has no
// texts in, and into its main one.
func (m Mailing) CheckLanguages(p Purpose) error {
	main := m.MainLanguage(p)
	if _, ok := p.Texts[main]; m.Content.Language != "" && !ok {
		return Fieldf("language", "translation_unworded", "The purpose has no texts in language %q.", main)
	}
	check := func(prefix string, all map[string]Translation) error {
		for _, locale := range slices.Sorted(maps.Keys(all)) {
			field := prefix + "languages." + locale
			if _, ok := p.Texts[locale]; !ok {
				return Fieldf(field, "translation_unworded", "The purpose has no texts in language %q, and the footer would be in another one. Word the purpose in it first.", locale)
			}
			if locale == main {
				return Fieldf(field, "translation_main", "This is the language of the main text; write it there.")
			}
		}
		return nil
	}
	if err := check("", m.Content.Languages); err != nil {
		return err
	}
	for _, v := range m.Variants {
		if err := check("variants.", v.Languages); err != nil {
			return err
		}
	}
	return nil
}

// Translated gives the languages that some of what is sent now is translated into, in
// the order of Locales.
func (m Mailing) Translated() []string {
	var out []string
	for _, locale := range Locales {
		for i := range max(len(m.Variants), 1) {
			if m.Text(m.Latest()+i, locale).Translated {
				out = append(out, locale)
				break
			}
		}
	}
	return out
}

// Untranslated gives which of a variant's own parts, subject or body, its readers in a
// language don't get: the mailing has a translation into it, and the variant has none of
// its own, so that they get the mailing's.
func (m Mailing) Untranslated(variant int, locale string) []string {
	if _, ok := m.Content.Languages[locale]; !ok || variant < 0 || variant >= len(m.Variants) {
		return nil
	}
	var out []string
	of, under := m.Variants[variant].Content, m.Content.Languages[locale]
	own := of.Languages[locale]
	if of.Subject != "" && of.Subject != m.Content.Subject && own.Subject == "" && under.Subject != "" {
		out = append(out, "subject")
	}
	if of.Body() && !own.Body() && under.Body() {
		out = append(out, "body")
	}
	return out
}

// Written gives the languages that a mailing has texts in, the main one first.
func (m Mailing) Written(p Purpose) []string {
	main := m.MainLanguage(p)
	return append([]string{main}, slices.DeleteFunc(m.Translated(), func(locale string) bool { return locale == main })...)
}

// InLanguage says of a reason against a mailing in which language it is found.
func InLanguage(locale string, r Reason) Reason {
	r.Message = fmt.Sprintf("In language %q: %s", locale, r.Message)
	return r
}
