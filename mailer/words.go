package mailer

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/nicksnyder/go-i18n/v2/i18n"
)

// words are the texts of mails in one language, by message id.
type words map[string]string

// loadWords reads locales/mail.*.toml; the word before the extension names the
// language.
func loadWords(files fs.FS) (map[string]words, error) {
	names, err := fs.Glob(files, "locales/mail.*.toml")
	if err != nil {
		return nil, fmt.Errorf("list mail locales: %w", err)
	}
	all := map[string]words{}
	for _, name := range names {
		raw, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		file, err := i18n.ParseMessageFileBytes(raw, name, map[string]i18n.UnmarshalFunc{"toml": toml.Unmarshal})
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		w := words{}
		for _, m := range file.Messages {
			w[m.ID] = m.Other
		}
		if len(strings.Fields(w["mail.months"])) != 12 {
			return nil, fmt.Errorf("read %s: mail.months needs 12 words", name)
		}
		all[file.Tag.String()] = w
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no locales/mail.*.toml found")
	}
	return all, nil
}

// say gives a text with its {{.Fields}} filled from pairs of name and value.
func (w words) say(key string, pairs ...string) (string, error) {
	text, ok := w[key]
	if !ok {
		return "", fmt.Errorf("no text %q", key)
	}
	var b strings.Builder
	b.Grow(len(text) + 32)
	for {
		before, rest, ok := strings.Cut(text, "{{.")
		b.WriteString(before)
		if !ok {
			return b.String(), nil
		}
		name, after, _ := strings.Cut(rest, "}}")
		i := 0
		for i < len(pairs) && pairs[i] != name {
			i += 2
		}
		if i < len(pairs) {
			b.WriteString(pairs[i+1])
		} else {
			b.WriteString("{{." + name + "}}")
		}
		text = after
	}
}

// day writes a date as the language does; moment adds the time and its zone.
func (w words) day(t time.Time) (string, error)    { return w.date("mail.day", t) }
func (w words) moment(t time.Time) (string, error) { return w.date("mail.moment", t) }

func (w words) date(key string, t time.Time) (string, error) {
	day := strconv.Itoa(t.Day())
	if t.Day() == 1 {
		day = w["mail.first_day"]
	}
	return w.say(key, "Day", day, "Month", strings.Fields(w["mail.months"])[t.Month()-1],
		"Year", strconv.Itoa(t.Year()), "Hour", t.Format("15"), "Minute", t.Format("04"), "Zone", t.Format("MST"))
}

// list joins names: "a, b and c".
func (w words) list(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " " + w["mail.and"] + " " + names[last]
}
