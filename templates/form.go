package templates

import (
	"slices"

	"akkoord"
)

// FormsPage is GET /admin/forms.
type FormsPage struct {
	Admin
	Forms []FormCard
	New   string // path of the form of a new one; empty: not by this user
}

// FormCard is a sign-up form in the list.
type FormCard struct {
	Title, Slug, URL, Public string // URL of its page here, and of the form itself
	Figures                  string // path of the page that says what became of it
	Purposes                 []string
	Version                  int
}

// EditFormPage is GET /admin/forms/new and /admin/forms/{form}, and the same
// again with what was typed when a post to Action was refused. act=more gives
// more empty lines for interests, act=save stores it.
type EditFormPage struct {
	Admin
	Title      string // empty: a new one
	Action     string
	Public     string // path of the form itself
	Figures    string // path of the page that says what became of it
	Address    string // URL of the form itself
	Code       string // path of that as a QR code
	Script     string // URL of the script that places it in the owner's own pages
	Embed      string // HTML for the same without a script
	Preview    string // path that draws what is typed
	Pressed    string // the button that it was sent by; empty: it is as it is stored
	CanChange  bool
	Form       FormFields
	Errors     FieldErrors
	NoPurposes bool // there is none that it could ask for
}

// Unsaved reports whether the form holds what is not stored.
func (p EditFormPage) Unsaved() bool { return p.Pressed != "" }

// RunsScript reports that the page runs the script of editors, for who may change it.
func (p EditFormPage) RunsScript() bool { return p.CanChange && !p.NoPurposes }

// Ways are those to see it: in light and in the dark.
func (EditFormPage) Ways() []string { return []string{"light", "dark"} }

// Locales are the languages that it can be seen in.
func (p EditFormPage) Locales() []string {
	return slices.DeleteFunc(slices.Clone(akkoord.Locales), func(locale string) bool {
		return !slices.ContainsFunc(p.Form.Boxes, func(b PurposeBox) bool { return slices.Contains(b.Languages, locale) })
	})
}

// FormFields is a sign-up form as its form shows it.
type FormFields struct {
	Read, Slug, Challenge, Origins string // Origins: one a line
	Boxes                          []PurposeBox
	Words                          []FormWords
	Interests                      []InterestLine
	Asks                           []AskLine
	Tracking                       bool // the form has a box of its own about clicks
	TrackingWords                  []TrackingWords
}

// TrackingWords are the words beside the box about clicks in one language. Where
// Text is empty, Ready is stored.
type TrackingWords struct{ Locale, Text, Ready string }

// HasInterests reports whether one is named.
func (f FormFields) HasInterests() bool { return len(f.Interests) > 0 && f.Interests[0].Slug != "" }

// PurposeBox is a purpose that the form may ask for.
type PurposeBox struct {
	Slug, Name, Place string // Place: a number that orders the boxes
	Chosen            bool
	Languages         []string // in which it can be asked
	Focus             string   // "up" or "down": the button that was pressed last
}

// FormWords are a form's heading and introduction in one language.
type FormWords struct {
	Locale, Title, Intro string
	Open                 bool
}

// Label is what something is called in one language.
type Label struct{ Locale, Text string }

// InterestLine is an interest that people may choose.
type InterestLine struct {
	Slug   string
	Focus  string // as in PurposeBox; "more": the first empty line, which was asked for
	Labels []Label
}

// AskLine is an attribute that the form may ask for.
type AskLine struct {
	Slug, Purpose, Ask string // Ask: "", "optional" or "required"
	Changeable         bool
	Labels             []Label
}

func (FormsPage) file() string    { return "admin/forms.html" }
func (EditFormPage) file() string { return "admin/form.html" }
