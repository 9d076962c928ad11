package akkoord

import (
	"crypto/sha256"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Basis is the lawful basis on which a person is mailed for a purpose (Art. 6
// GDPR, Art. 13 ePrivacy directive, M7).
type Basis string

// The lawful bases.
const (
	BasisConsent          Basis = "consent"
	BasisExistingCustomer Basis = "existing_customer" // soft opt-in, Art. 13(2) ePrivacy (M8)
	BasisContract         Basis = "contract"
)

// Objectable reports whether a person who wants no more of it objects (Art.
// 21 GDPR), rather than taking back a consent.
func (b Basis) Objectable() bool { return b == BasisExistingCustomer || b == "legitimate_interest" }

// leaving is what an end by the person is called in the ledger.
func (b Basis) leaving() EventKind {
	if b.Objectable() {
		return Objected
	}
	return Withdrew
}

// Purpose is what a person can say yes to. Its texts are versioned: a change
// makes a new version, and each consent keeps the version it was given to (M4).
type Purpose struct {
	ID            int64
	PublicID      ID
	Slug          string
	Basis         Basis
	InactiveAfter int           // days without activity before the person is asked again (M18); 0: never
	Retention     Retention     // what follows then
	LearnAfter    int           // clicked links of one topic by which it is taken for liked, of people who allow that; 0: nothing is learned
	Version       int           // of the texts
	Wider         int           // the first version that asks for more than those before it; 0: none does
	Change        WordingChange // what an edit of the texts is; not stored with the purpose
	Texts         map[string]PurposeText
	Sender        string   // slug of the SendingAddress that its mailings come from; empty: that of the settings
	Relays        []string // slugs of the relays that they go by, in order; none: DefaultRelay
	CreatedAt     time.Time
	ArchivedAt    time.Time // since when nothing goes out under it; zero: it is in use

	PublicArchive   bool      // everybody may read its mailings on the web
	PublicArchiveAt time.Time // when that, or which mailings stand there, was last decided; zero: never
}

// Archived reports whether nothing goes out under the purpose and nobody can sign up
// for it. Consents stay as they are, and can be taken back as ever.
func (p Purpose) Archived() bool { return !p.ArchivedAt.IsZero() }

// InUse gives those of some purposes that are not archived.
func InUse(purposes []Purpose) []Purpose {
	return slices.DeleteFunc(slices.Clone(purposes), Purpose.Archived)
}

// ErrArchived refuses to begin anything under an archived purpose.
func (p Purpose) ErrArchived() *Error {
	return Errorf(Conflict, "purpose_archived", "The purpose %s is archived, and nothing goes out under it. Take it back into use first.", p.Slug)
}

// ArchiveForecast is what archiving a purpose comes to.
type ArchiveForecast struct {
	Active   int64     // people whose consent or other basis stays, with all their rights
	Pending  int64     // sign-ups that can't be confirmed while it is archived
	Mailings []Mailing // that pause, or are drafts again: those being sent, series and the scheduled
	Forms    []string  // slugs of those that offer it
	Closed   []string  // of those that offer nothing else
	Round    bool      // people are being asked about its words, which stops
}

// PurposeText is what people read about a purpose in one language.
type PurposeText struct {
	Name        string `json:"name"`
	Explanation string `json:"explanation"` // what the data is used for (M3), shown beside the box
	Wording     string `json:"wording"`     // the words agreed to, quoted verbatim ever after
	Frequency   string `json:"frequency,omitempty"`
}

// Commit gives the digest of the texts that their ledger line carries, so that
// what people agreed to can't be altered unseen (M4, M30).
func (t PurposeText) Commit() (out [sha256.Size]byte, err error) {
	data, err := json.Marshal(t)
	if err != nil {
		return out, err
	}
	return sha256.Sum256(data), nil
}

// Text gives the purpose's texts in a language, or in the first of its
// languages when it lacks that one.
func (p Purpose) Text(locale string) PurposeText {
	return p.Texts[p.Language(locale)]
}

// Locales are the languages of pages and mails, the default first (M24). It is
// the one list of them: templates has a file of texts for each.
var Locales = []string{"nl", "en", "de", "fr"}

// KnownLocale reports whether pages and mails exist in a language.
func KnownLocale(locale string) bool {
	for _, l := range Locales {
		if l == locale {
			return true
		}
	}
	return false
}

// Check reports the first thing wrong with a purpose about to be stored.
func (p Purpose) Check() error {
	if err := CheckSlug("slug", p.Slug); err != nil {
		return err
	}
	switch p.Basis {
	case BasisConsent, BasisExistingCustomer, BasisContract:
	default:
		return Fieldf("basis", "basis_unknown", "The basis is consent, existing_customer or contract.")
	}
	if p.InactiveAfter < 0 || p.InactiveAfter > 3650 {
		return Fieldf("inactive_after_days", "number_range", "The number of days is between 0 (never) and 3650.")
	}
	if err := p.Retention.Complete().Check(); err != nil {
		return err
	}
	if err := p.checkLearning(); err != nil {
		return err
	}
	if err := p.checkRoute(); err != nil {
		return err
	}
	if len(p.Texts) == 0 {
		return Fieldf("name", "text_missing", "A purpose needs a name, an explanation and a wording in at least one language.")
	}
	for locale, t := range p.Texts {
		if !KnownLocale(locale) {
			return Fieldf("name", "locale_unknown", "The languages are %s.", strings.Join(Locales, ", "))
		}
		for _, f := range []struct{ name, text string }{{"name", t.Name}, {"explanation", t.Explanation}, {"wording", t.Wording}} {
			if strings.TrimSpace(f.text) == "" {
				return Fieldf(f.name, "text_missing", "The %s in language %q is missing: a purpose is public only in languages that have all its texts.", f.name, locale)
			}
			if err := CheckText(f.name, f.text, Limits.Text); err != nil {
				return err
			}
			if strings.Contains(f.text, ReservedWord) {
				return Fieldf(f.name, "template_invalid", "The letters %q can't be used in a text that mails quote.", ReservedWord)
			}
		}
		for _, f := range []struct{ name, text string }{{"name", t.Name}, {"frequency", t.Frequency}} {
			if err := CheckLine(f.name, f.text, Limits.Text); err != nil {
				return err
			}
		}
	}
	return nil
}

var slugShape = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)

// CheckSlug reports whether s can name a thing in URLs and header fields.
func CheckSlug(field, s string) error {
	if len(s) > Limits.Slug || !slugShape.MatchString(s) {
		return Fieldf(field, "slug_invalid", "A slug has 1 to %d lower-case letters, digits and hyphens, like travel-news.", Limits.Slug)
	}
	return nil
}

// SlugOf makes a slug of a name, like winter-in-zurich of "Winter in Zürich";
// empty where nothing of it can stand in one.
func SlugOf(name string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToLower(name)) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r) || r == '\'' || r == '’':
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	slug := b.String()
	return strings.TrimRight(slug[:min(len(slug), Limits.Slug)], "-")
}

// CheckText reports whether s, of at most max bytes, can be stored and shown:
// UTF-8 without control characters but line breaks and tabs, and without
// characters that reorder the text around them (requirements-mail A.15).
func CheckText(field, s string, max int) error {
	return checkText(field, s, max, "\n\r\t")
}

// CheckLine is CheckText for a value of one line, safe for a header field.
func CheckLine(field, s string, max int) error { return checkText(field, s, max, "") }

func checkText(field, s string, max int, allowed string) error {
	if len(s) > max {
		return &Error{Kind: Invalid, Code: "text_too_long", Field: field, Message: "This text is too long."}
	}
	if !utf8.ValidString(s) {
		return Fieldf(field, "text_invalid", "This text is not valid UTF-8.")
	}
	for _, r := range s {
		if unicode.IsControl(r) && !strings.ContainsRune(allowed, r) || reorders(r) {
			return Fieldf(field, "text_invalid", "This text holds control characters or invisible characters that change its direction. Please type it again.")
		}
	}
	return nil
}

// reorders reports whether r is a bidi control or a line or paragraph
// separator, none of which belongs in a name, a subject or a header.
func reorders(r rune) bool {
	return r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' ||
		r == '\u200e' || r == '\u200f' || r == '\u061c' || r == '\u2028' || r == '\u2029'
}

// ParseName reads a person's name: normalised (NFC), trimmed, one line. An
// empty name is fine.
func ParseName(s string) (string, error) {
	if err := CheckLine("name", s, 4*Limits.Name); err != nil {
		return "", err
	}
	s = norm.NFC.String(strings.TrimSpace(s))
	if utf8.RuneCountInString(s) > Limits.Name {
		return "", Fieldf("name", "name_too_long", "This name is too long; it can have %d characters.", Limits.Name)
	}
	return s, nil
}
