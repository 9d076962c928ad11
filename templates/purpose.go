package templates

import (
	"slices"
	"time"
)

// EditPurposePage is GET /admin/purposes/new and /admin/purposes/{slug}, and
// the same again with what was typed when a post to Action was refused.
type EditPurposePage struct {
	Admin
	Name       string // empty: a new one
	Action     string
	Version    int
	Archive    string    // the page that archives it, or takes it back; empty: not for this user
	ArchivedAt time.Time // zero: it is in use
	CanChange  bool      // of one that there is; all who see the form of a new one may make it
	Form       PurposeForm
	Learning   LearnChoice
	Public     PublicArchive // of one that there is
	Past       []PastWords   // newest first, the words in force among them
	Errors     FieldErrors
}

// PurposeForm is a purpose as its form shows it.
type PurposeForm struct {
	Read, Slug, Basis string
	Words             []PurposeWords // one for each language
	Change, Reason    string         // correction or wider, and why
}

// PurposeWords are what people read about a purpose in one language.
type PurposeWords struct {
	Locale, Name, Wording, Explanation, Frequency string
	Open                                          bool // the form shows its fields
	Chosen                                        bool // for a first purpose: it is made in this language
}

// Empty reports whether nothing is said in the language.
func (w PurposeWords) Empty() bool {
	return w.Name == "" && w.Wording == "" && w.Explanation == "" && w.Frequency == ""
}

// PastWords is one version of a purpose's words.
type PastWords struct {
	Version        int
	At             time.Time // zero for the first
	Change, Reason string
	Words          []PurposeWords
}

// FirstName is the first name that is there.
func (f PurposeForm) FirstName() string {
	for _, w := range f.Words {
		if w.Name != "" {
			return w.Name
		}
	}
	return ""
}

// Elements gives the ids of the form's elements for fields of the rules: of what
// is missing, in the first language that lacks it.
func (f PurposeForm) Elements(code string) map[string]string {
	at := map[string]string{}
	for _, field := range []struct {
		name string
		of   func(PurposeWords) string
	}{
		{"name", func(w PurposeWords) string { return w.Name }}, {"wording", func(w PurposeWords) string { return w.Wording }},
		{"explanation", func(w PurposeWords) string { return w.Explanation }}, {"frequency", func(w PurposeWords) string { return w.Frequency }},
	} {
		for _, w := range f.Words {
			if w.Open && (code != "text_missing" || field.of(w) == "") {
				at[field.name] = field.name + "-" + w.Locale
				break
			}
		}
	}
	return at
}

// Missing gives all that a new purpose lacks: words of each language that is begun, or of
// the reader's where none is, which it opens; and a slug, which no name in another script
// gives.
func (f PurposeForm) Missing(reader string) FieldErrors {
	var out FieldErrors
	begun := slices.ContainsFunc(f.Words, func(w PurposeWords) bool { return !w.Empty() })
	for i, w := range f.Words {
		if begun && w.Empty() || !begun && w.Locale != reader {
			continue
		}
		f.Words[i].Open = true
		for _, field := range []struct{ name, text string }{{"name", w.Name}, {"wording", w.Wording}, {"explanation", w.Explanation}} {
			if field.text == "" {
				id := field.name + "-" + w.Locale
				out = append(out, FieldError{Field: id, Code: "text_missing", At: id})
			}
		}
	}
	if f.Slug == "" && f.FirstName() != "" {
		out = append(out, FieldError{Field: "slug", Code: "slug_unmade"})
	}
	return out
}

func (EditPurposePage) file() string { return "admin/purpose.html" }

// Bases are those that a purpose can rest on.
func (EditPurposePage) Bases() []string { return []string{"consent", "existing_customer", "contract"} }
