package templates

import (
	"bytes"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/language"

	"akkoord"
)

const fallback = "en" // the language of last resort

// Set holds all pages in all languages. A page is parsed in a language when it
// is first drawn in it: most sites speak one or two, and what is not held need
// not be searched by each collection of garbage. It is safe for concurrent use.
type Set struct {
	locales []string
	texts   map[string]*texts
	pages   map[pageKey]func() (*template.Template, error)
	buffers sync.Pool
}

type pageKey struct{ locale, file string }

// Page is a struct of this package that describes one page.
type Page interface{ file() string }

// New reads the texts that are built into the program and lists its pages. An
// error is a mistake in them.
func New() (*Set, error) {
	all, err := loadTexts(LocalesFS, "locales")
	if err != nil {
		return nil, err
	}
	home, err := time.LoadLocation(akkoord.HomeZone)
	if err != nil {
		return nil, fmt.Errorf("load the default time zone: %w", err)
	}
	s := &Set{locales: akkoord.Locales, texts: all, pages: map[pageKey]func() (*template.Template, error){}}
	s.buffers.New = func() any { return new(bytes.Buffer) }
	for _, locale := range s.locales {
		t := all[locale]
		if t == nil {
			return nil, fmt.Errorf("locale %s has no texts", locale)
		}
		if t.calendar, err = newCalendar(t, home); err != nil {
			return nil, err
		}
		for _, folder := range []string{"page", "admin", "embed"} {
			if err := s.list(pagesFS, folder, locale); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

// list notes the pages of a folder in which layout.html is shared by all other
// files; what both folders share is in parts.
func (s *Set) list(files fs.FS, folder, locale string) error {
	layout := folder + "/layout.html"
	names, err := fs.Glob(files, folder+"/*.html")
	if err != nil {
		return fmt.Errorf("list %s: %w", folder, err)
	}
	for _, name := range names {
		if name == layout {
			continue
		}
		s.pages[pageKey{locale, name}] = sync.OnceValues(func() (*template.Template, error) {
			page, err := template.New("layout.html").Funcs(s.funcs(locale)).ParseFS(files, layout, "parts/*.html", name)
			if err == nil {
				err = s.settle(page, locale)
			}
			if err != nil {
				return nil, fmt.Errorf("parse %s in %s: %w", name, locale, err)
			}
			return page, nil
		})
	}
	return nil
}

// Render writes a page of this package in a language. Nothing is written when
// it fails.
func (s *Set) Render(w io.Writer, locale string, page any) error {
	p, ok := page.(Page)
	if !ok {
		return fmt.Errorf("render: %T is not a page", page)
	}
	parsed, ok := s.pages[pageKey{s.known(locale), p.file()}]
	if !ok {
		return fmt.Errorf("render: no template %s", p.file())
	}
	t, err := parsed()
	if err != nil {
		return err
	}
	b := s.buffers.Get().(*bytes.Buffer)
	defer s.buffers.Put(b)
	b.Reset()
	if err := t.ExecuteTemplate(b, "layout", page); err != nil {
		return fmt.Errorf("render %s: %w", p.file(), err)
	}
	_, err = w.Write(b.Bytes())
	return err
}

// Locales are the languages that pages exist in, as BCP 47 codes, in the order
// of akkoord.Locales.
func (s *Set) Locales() []string { return slices.Clone(s.locales) }

// Match chooses the language of a page (M24): the wish, else the form's first,
// else English. With only given, it chooses among these.
func (s *Set) Match(choice, person, acceptLanguage, formFirst string, only ...string) string {
	if locale := s.Wish(choice, person, acceptLanguage, only...); locale != "" {
		return locale
	}
	if locale := s.Wish(formFirst, "", "", only...); locale != "" {
		return locale
	}
	if len(only) > 0 && s.texts[only[0]] != nil {
		return only[0]
	}
	return fallback
}

// Wish gives the language that somebody asks for: an explicit choice, else the
// person's, else the best of Accept-Language by its q-values (RFC 9110 section
// 12.5.4). Words that name no language of ours are passed over; "" when none is
// left. With only given, it chooses among these.
func (s *Set) Wish(choice, person, acceptLanguage string, only ...string) string {
	has := func(locale string) bool {
		return s.texts[locale] != nil && (len(only) == 0 || slices.Contains(only, locale))
	}
	for _, wish := range []string{choice, person} {
		if locale := base(wish); has(locale) {
			return locale
		}
	}
	if len(acceptLanguage) <= 256 {
		tags, _, _ := language.ParseAcceptLanguage(acceptLanguage)
		for _, tag := range tags {
			if b, _ := tag.Base(); has(b.String()) {
				return b.String()
			}
		}
	}
	return ""
}

// T gives a text without markup. The args are pairs of a field's name and its
// value; "Count" (an int) chooses the plural. An unknown key gives the key.
func (s *Set) T(locale, key string, args ...any) string {
	if p, ok := s.texts[s.known(locale)].phrase(key, args); ok {
		return p.text(args)
	}
	return key
}

// Language gives a language's name in that language, or the code.
func (s *Set) Language(code string) string { return s.languageName(code) }

// Exact gives a time to the second, without markup and without its zone.
func (s *Set) Exact(locale string, zone *time.Location, t time.Time) string {
	c := &s.texts[s.known(locale)].calendar
	return c.plain(c.exact, zone, t)
}

// Compact gives a time in the home zone to the minute in few words, without markup.
func (s *Set) Compact(locale string, t time.Time) string {
	c := &s.texts[s.known(locale)].calendar
	return c.plain(c.compact, nil, t)
}

// Number writes a number with its digits in groups.
func (s *Set) Number(locale string, n int) string { return s.texts[s.known(locale)].number(n) }

// Share gives a part of a whole in percent; of nothing there are no parts.
func (s *Set) Share(locale string, n, of int) string {
	return s.texts[s.known(locale)].share(n, of)
}

// ErrorText gives the sentence for a stable error code, else the fallback, else
// a general apology.
func (s *Set) ErrorText(locale, code, fallback string) string {
	t := s.texts[s.known(locale)]
	if p, ok := t.phrase("error."+code, nil); ok {
		return p.text(nil)
	}
	if fallback != "" {
		return fallback
	}
	return t.messages["error.internal"].other.text(nil)
}

// known gives the language itself when pages exist in it, else English.
func (s *Set) known(locale string) string {
	if s.texts[locale] != nil {
		return locale
	}
	if b := base(locale); s.texts[b] != nil {
		return b
	}
	return fallback
}

// base gives the lower-case primary subtag of a BCP 47 tag.
func base(tag string) string {
	primary, _, _ := strings.Cut(strings.ReplaceAll(tag, "_", "-"), "-")
	return strings.ToLower(primary)
}
