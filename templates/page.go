package templates

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"akkoord"
)

// SignUpPage is GET /f/{form}, and the 422 answer to its POST.
type SignUpPage struct {
	Site
	Action       string // where the form posts to: /f/{form}
	Title, Intro string // as the administrator wrote them; empty for general words
	Email, Name  string // what the visitor typed, kept after an error
	AskName      bool
	Purposes     []PurposeChoice
	Attributes   []AttributeField
	Interests    []Interest
	Tracking     string // the words of the box that lets clicks be counted; empty: there is none
	Tracked      bool   // whether this visitor ticked it before an error
	Errors       FieldErrors
	EraseDays    int    // an unconfirmed request is erased after this many days; 0 leaves the sentence out
	Stamp        string // signed time of showing the form, sent back as "stamp"; empty for none
	Challenge    string // address of what the browser is to work out; empty: nothing
	Trap         bool   // adds the hidden field "website" that only robots fill
	Base         string // of links that leave the form; empty on our own pages
}

// EmbeddedForm is the form as GET /embed/{form}.js places it in a page of the
// owner's own (M10): the fields of SignUpPage, with what follows a press.
type EmbeddedForm struct{ SignUpPage }

// NewSignUpPage is a form as it is shown to who typed nothing yet. It is all that
// draws one: on its own page, in pages of others and before it is saved.
func NewSignUpPage(site Site, f akkoord.Form, purposes []akkoord.Purpose, locale string) SignUpPage {
	text := f.Version.Texts[locale]
	page := SignUpPage{
		Site: site, Action: "/f/" + f.Slug, Title: text.Title, Intro: text.Intro, AskName: true, Tracking: f.Version.TrackingWording(locale),
		EraseDays: int(akkoord.Limits.PendingWindow / (24 * time.Hour)),
	}
	for _, p := range purposes {
		t := p.Text(locale)
		page.Purposes = append(page.Purposes, PurposeChoice{Slug: p.Slug, Name: t.Name, Frequency: t.Frequency, Wording: t.Wording, Explanation: t.Explanation})
	}
	page.Attributes = AttributeFields(f.Version, purposes, locale)
	for _, slug := range f.Version.Interests {
		page.Interests = append(page.Interests, Interest{Slug: slug, Name: NameOr(text.Interests[slug], slug)})
	}
	return page
}

// NameOr gives a thing's name, or one made from its slug.
func NameOr(name, slug string) string {
	if name != "" {
		return name
	}
	first, n := utf8.DecodeRuneInString(slug)
	return string(unicode.ToUpper(first)) + strings.ReplaceAll(slug[n:], "-", " ")
}

// PurposeChoice is one box of the form (M2, M3, M4). Chosen is only ever true
// for a box that this visitor ticked before an error.
type PurposeChoice struct {
	Slug, Name  string
	Frequency   string // how often mail comes, as written by the administrator
	Wording     string // the words agreed to, verbatim
	Explanation string // what the data is used for, in plain words
	Chosen      bool
}

// Post is where the forms of the page go: what is agreed to there is kept in the words
// that were read, so the answer is in the language of the page.
func (p PreferencesPage) Post() string {
	if p.ReadIn == "" {
		return p.Action
	}
	return p.Action + "?locale=" + p.ReadIn
}

// AttributeField is a question of a form, or of the preferences page, about
// one attribute (M15). It serves one purpose, which is said beside it.
type AttributeField struct {
	Slug, Label, Purpose string
	Type                 string // text, number, date or flag
	Value                string // what was typed or is known
	Required             bool   // by whoever ticks the purpose's box
	Must                 bool   // by everybody: there is no other box
}

// AttributeFields are what a form asks about attributes of some purposes, in a language,
// with nothing filled in.
func AttributeFields(v akkoord.FormVersion, purposes []akkoord.Purpose, locale string) []AttributeField {
	var out []AttributeField
	for _, ask := range v.Asks {
		i := slices.IndexFunc(purposes, func(p akkoord.Purpose) bool { return p.Slug == ask.Purpose })
		if i < 0 {
			continue
		}
		out = append(out, AttributeField{
			Slug: ask.Slug, Type: string(ask.Type), Label: NameOr(v.Texts[locale].Asks[ask.Slug], ask.Slug), Purpose: purposes[i].Text(locale).Name,
			Required: ask.Required, Must: ask.Required && len(v.Purposes) == 1,
		})
	}
	return out
}

// Field is the name of its field.
func (a AttributeField) Field() string { return "attribute." + a.Slug }

// ID is that of the field in the page.
func (a AttributeField) ID() string { return "attribute-" + a.Slug }

// CheckMailPage is what everyone sees after POST /f/{form}, whether or not the
// address was known.
type CheckMailPage struct {
	Site
	From    string    // sender of the confirmation mail: Zonvaart Reizen <news@…>
	Subject string    // its subject
	Until   time.Time // the link works until then
	Again   string    // path of the form
}

// ConfirmPage is GET /confirm/{token}: one button, and a way to say no.
type ConfirmPage struct {
	Site
	Action   string // POST: /confirm/{token}
	NotMe    string // POST: /confirm/{token}/not-me
	Address  string // masked
	Purposes []AskedPurpose
	Tracking string    // the words of the box about clicks, where it was ticked
	EraseOn  time.Time // without an answer the request is erased then
}

// Names lists the purposes asked for.
func (p ConfirmPage) Names() []string { return askedNames(p.Purposes) }

// RenewPage is GET /confirm/{token} for a question of a re-permission round:
// the new words and one button, and a way to stop.
type RenewPage struct {
	Site
	Action   string // POST: /confirm/{token}
	NotMe    string // POST: /confirm/{token}/not-me
	Address  string // masked
	Purposes []AskedPurpose
}

// Names lists the purposes asked about.
func (p RenewPage) Names() []string { return askedNames(p.Purposes) }

// AskedPurpose is a purpose with the wording that the person saw.
type AskedPurpose struct {
	Name, Frequency, Wording string
	Locale                   string    // language of the wording where it may differ from the page's
	Since                    time.Time // consent given; zero before that
	Tracked                  bool      // clicks in its mails may be counted
}

func askedNames(all []AskedPurpose) []string {
	names := make([]string, len(all))
	for i, p := range all {
		names[i] = p.Name
	}
	return names
}

// ConfirmedPage is the answer to POST /confirm/{token}, and to every later GET.
type ConfirmedPage struct {
	Site
	Repeat   bool // the person was already in: "you are in since …"
	Purposes []AskedPurpose
	From     string // bare address that mails will come from
	Latest   *Link  // an earlier mailing to read now, if there is one
}

// Names lists the purposes confirmed.
func (p ConfirmedPage) Names() []string { return askedNames(p.Purposes) }

// Link is a titled path or URL.
type Link struct{ Title, URL string }

// ConfirmOldPage answers a confirm link that a newer mail replaced.
type ConfirmOldPage struct {
	Site
	Again string // path of the form; empty hides the link
}

// ConfirmArchivedPage is the 410 answer of /confirm/{token} where nothing goes out
// now under what it would confirm.
type ConfirmArchivedPage struct {
	Site
	Purposes []AskedPurpose
	Renewal  bool      // it asked about new words of what the person agreed to before
	EraseOn  time.Time // the request is erased then; zero for a renewal
}

// Names lists the purposes of the link.
func (p ConfirmArchivedPage) Names() []string { return askedNames(p.Purposes) }

// LinkExpiredPage is the 410 answer of /confirm/{token}. It shows no data.
type LinkExpiredPage struct {
	Site
	Resend  string    // POST: /confirm/{token}/resend; empty when nothing is left to confirm
	Again   string    // path of the form
	EraseOn time.Time // the request is erased then
}

// NotMeDonePage is the answer to POST /confirm/{token}/not-me.
type NotMeDonePage struct {
	Site
	Erased  bool     // nothing of the person is left; else only what the link asked for ended
	Blocked bool     // the address gets no further confirmation mails
	Still   []string // purposes that stay on, for somebody who has more than the link asked for
}

// UnsubscribePage is GET /unsubscribe/{token} (M13). The form posts scope.
type UnsubscribePage struct {
	Site
	Action   string
	Address  string   // masked; empty for an erased person
	Campaign string   // name of the series the link came with; empty hides the choice
	Purpose  string   // name of its purpose; empty hides the choice
	Others   []string // other purposes that stay on when only this one stops
	Scope    string   // "campaign", "purpose" or "all": the choice that is made already; empty for the least that can be left

	CampaignLeft time.Time // the series was left then; takes that choice away
}

// Picked tells whether a scope is the one chosen beforehand.
func (p UnsubscribePage) Picked(scope string) bool {
	if p.Scope != "" {
		return scope == p.Scope
	}
	switch {
	case p.Campaign != "" && p.CampaignLeft.IsZero():
		return scope == "campaign"
	case p.Purpose != "":
		return scope == "purpose"
	}
	return scope == "all"
}

// UnsubscribedPage is the answer to POST /unsubscribe/{token}; it looks the same
// on every repeat and for an erased person.
type UnsubscribedPage struct {
	Site
	Action   string
	Scope    string // "campaign", "purpose" or "all"
	Campaign string
	Purpose  string
	At       time.Time // recorded (M12); zero for an erased person
	Undo     bool      // shows the form that posts undo=1 with the scope
	Leave    string    // path that a reason is posted to: reason and note
	Ask      bool      // asks why, which may be left open
	Thanks   bool      // a reason was given
	Still    []AskedPurpose
}

// ResubscribedPage is the answer to an undo.
type ResubscribedPage struct {
	Site
	Leave string // path of the unsubscribe page
	Name  string // of the campaign or purpose that is on again; empty after "all"
	At    time.Time
}

// PreferencesPage is /preferences/{token} (M14, M20, M21, M19). Forms post to
// Action: stop=slug or start=slug; track=slug or untrack=slug; pause=1|3|6 or
// resume=1; save=interests with interest…; save=person with name and locale;
// save=address with email; export=json|csv; erase=ask.
type PreferencesPage struct {
	Site
	Action      string
	ReadIn      string // language that the page was asked in, empty: none was named
	Address     string // masked
	Notice      Notice // what the last post did
	Subject     string // name of the purpose that Notice is about
	Purposes    []PreferencePurpose
	Attributes  []AttributeField // that the person may change
	Interests   []Interest
	Name        string
	Locale      string // the person's language
	Mails       []SentMail
	Errors      FieldErrors
	PausedUntil time.Time // no mail before; zero: no pause
	Export      bool      // downloads exist
	Erase       bool      // erasure exists
}

// ErasePage asks a person who wants everything erased once more, and then says
// that it is done. Its button posts erase=yes to Action.
type ErasePage struct {
	Site
	Action  string
	Address string    // masked
	At      time.Time // of the erasure; zero: it is asked for
	Receipt string    // signed, without anything about the person
}

// Notice says what a post to the preferences page did.
type Notice string

// The notices, each a text preferences.notice_<notice> in the locale files.
const (
	NoticeSaved     Notice = "saved"
	NoticeStopped   Notice = "stopped"
	NoticeObjected  Notice = "objected" // what was stopped rested on no consent (Art. 21 GDPR)
	NoticeStarted   Notice = "started"
	NoticeMailed    Notice = "mailed"  // a confirmation mail is on its way
	NoticeAddress   Notice = "address" // a mail to the new address is on its way
	NoticePaused    Notice = "paused"
	NoticeResumed   Notice = "resumed"
	NoticeTracked   Notice = "tracked"
	NoticeUntracked Notice = "untracked"
	NoticeLearning  Notice = "learning"
	NoticeUnlearned Notice = "unlearned"
	NoticeForgotten Notice = "forgotten" // Subject is the topic
)

// PreferencePurpose is a purpose and where the person stands with it.
type PreferencePurpose struct {
	Slug, Name, Wording string
	Explanation         string    // what the data is used for; shown while it is off (M3)
	Locale              string    // language of the wording where it may differ from the page's
	State               string    // "active", "pending", or anything else for off
	Since               time.Time // of the yes; zero when off
	Source              string    // where the yes was given, in words; may be empty
	Version             int       // of the wording; 0 when not shown
	Object              bool      // it rests on no consent: stopping it is an objection
	Tracked             bool      // clicks in its mails may be counted
	Archived            bool      // nothing goes out under it now
	Learns              bool      // interests are learned from clicks in its mails
	LearnWords          string    // to be agreed to before; empty: they are, or there is nothing to learn from
	Learning            bool      // the person agreed to that
	Learned             []LearnedTopic
}

// SentMail is a mail that the person got.
type SentMail struct {
	At      time.Time
	Subject string
	URL     string // of the web page that shows it; empty for none

	Campaign string
}

// PrivacyPage is GET /privacy (art. 13 and 14 GDPR), written from the settings.
type PrivacyPage struct {
	Site
	Version     int
	Since       time.Time
	Older       []int  // earlier versions, newest first
	Controller  string // legal name; empty while not configured
	Purposes    []PrivacyPurpose
	Processors  []PrivacyProcessor
	IPPolicy    string // what is kept of a request's address: off, full, else shortened
	WholeIPDays int    // how long the policy full keeps the whole address; 0: as long as the proof
	LedgerKey   string // fingerprint of the key that signs the ledger (M30)
	OwnRelay    bool   // the organisation delivers mail itself
	Relayed     bool   // one of the processors delivers it
	PendingDays int    // an unconfirmed request is erased after this many days
	ProofYears  int    // proof is kept to the end of the calendar year this many years after leaving
	Authority   string // supervisory authority; empty for the Dutch one
}

// PrivacyPurpose is one purpose in the statement.
type PrivacyPurpose struct {
	Name, Explanation string
	Basis             string // "consent", "existing_customer", "contract", …: basis.<Basis> in the locale files
	Silence           *Silence
	Learns            bool // interests are learned from the clicks of people who allow it
}

// PrivacyProcessor is a party that data goes to (M28).
type PrivacyProcessor struct {
	Name     string
	Country  string // ISO 3166-1 alpha-2; empty: not on record
	Role     string // privacy.party_<Role> in the locale files, or shown as it is
	SignedOn time.Time
	Outside  bool   // of the EEA
	Transfer string // the document that a transfer outside the EEA rests on; empty: not on record
}

// HomePage is GET /: what one can sign up for here.
type HomePage struct {
	Site
	Forms []FormLink
}

// FormLink is a public form.
type FormLink struct{ Title, Intro, URL string }

// ErrorPage is the page of every 4xx and 5xx without a page of its own.
type ErrorPage struct {
	Site
	Status int
	Code   string // stable code; error.<Code> in the locale files
	Text   string // shown when the code has no text
}

// UnseenPage says in the frame of a preview why there is no page in it.
type UnseenPage struct {
	Site
	Text   string
	Detail string // in English; may be empty
}

func (UnseenPage) file() string          { return "page/unseen.html" }
func (YourDataPage) file() string        { return "page/your-data.html" }
func (AddressPage) file() string         { return "page/address.html" }
func (KeepPage) file() string            { return "page/keep.html" }
func (PastPage) file() string            { return "page/past.html" }
func (SignUpPage) file() string          { return "page/signup.html" }
func (EmbeddedForm) file() string        { return "embed/signup.html" }
func (CheckMailPage) file() string       { return "page/check-mail.html" }
func (ConfirmPage) file() string         { return "page/confirm.html" }
func (RenewPage) file() string           { return "page/renew.html" }
func (ConfirmedPage) file() string       { return "page/confirmed.html" }
func (ConfirmOldPage) file() string      { return "page/confirm-old.html" }
func (ConfirmArchivedPage) file() string { return "page/confirm-archived.html" }
func (LinkExpiredPage) file() string     { return "page/expired.html" }
func (ErasePage) file() string           { return "page/erase.html" }
func (NotMeDonePage) file() string       { return "page/not-me.html" }
func (UnsubscribePage) file() string     { return "page/unsubscribe.html" }
func (UnsubscribedPage) file() string    { return "page/unsubscribed.html" }
func (ResubscribedPage) file() string    { return "page/resubscribed.html" }
func (PreferencesPage) file() string     { return "page/preferences.html" }
func (PrivacyPage) file() string         { return "page/privacy.html" }
func (HomePage) file() string            { return "page/home.html" }
func (ErrorPage) file() string           { return "page/error.html" }
