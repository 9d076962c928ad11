package templates

// FormsPage is GET /admin/forms.
type FormsPage struct {
	Admin
	Forms []FormCard
	New   string // path of the form of a new one; empty: not by this user
}

// FormCard is a sign-up form in the list.
type FormCard struct {
	Title, Slug, URL, Public string // URL of its page here, and of the form itself
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
	Script     string // URL of the script that places it in the owner's own pages
	Embed      string // HTML for the same without a script
	CanChange  bool
	Form       FormFields
	Errors     FieldErrors
	NoPurposes bool // there is none that it could ask for
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
