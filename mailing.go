package akkoord

import (
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// MailingState is where a mailing stands.
type MailingState string

// The states of a mailing. docs/states.md draws them.
const (
	MailingDraft     MailingState = "draft"
	MailingScheduled MailingState = "scheduled"
	MailingSending   MailingState = "sending"
	MailingPaused    MailingState = "paused"
	MailingSent      MailingState = "sent"
	MailingCancelled MailingState = "cancelled"
)

// Mailing is one mail of a campaign.
type Mailing struct {
	ID         int64
	PublicID   ID
	CampaignID int64
	State      MailingState
	Content    Content
	Variants   []Variant // empty: everybody gets Content
	Plan       Plan
	Trial      *Trial    // nil: variants split the audience evenly
	Decision   *Decision // of its trial; nil: none yet
	LastAt     time.Time // when it is time for the last of its people; zero: when it begins
	SendAt     time.Time // zero: when told
	StartedAt  time.Time // when its audience was frozen
	FinishedAt time.Time
	AgainAt    time.Time // when its uncertain copies were last sent again; zero: never
	Why        Stop      // why it is paused or was not sent, where the system did that
	CreatedAt  time.Time
	ChangedAt  time.Time // when its draft was last edited; zero: never

	CompletedAt time.Time     // when it had gone out to all of its audience for the first time, and somebody had got it; zero: that is not so
	Archive     ArchiveChoice // whether it stands in its purpose's public archive

	SegmentID      int64 // by which its audience was chosen; 0: none
	SegmentVersion int

	Trigger  *MailingTrigger // of a mailing of a series; nil: everybody gets it when it is sent
	Reach    TriggerReach    // of its trigger, once it started
	Versions []Version       // of its content since it started, Content the last; empty: there was one
}

// Version is a content of a running mailing of a series. Who was mailed keeps
// what they got.
type Version struct {
	Content
	Since time.Time `json:"since"`
}

// MaxVersions bounds how often the content of a running mailing is changed.
const MaxVersions = 50

// Latest is the index of the content that goes out now, for Variant: of a mailing
// with variants the first.
func (m Mailing) Latest() int { return max(len(m.Versions)-1, 0) }

// VariantNamed gives the index of the variant with a name, and of no name that of what
// goes out now. Errors: variant_unknown.
func (m Mailing) VariantNamed(name string) (int, error) {
	if name == "" {
		return m.Latest(), nil
	}
	i := slices.IndexFunc(m.Variants, func(v Variant) bool { return v.Name == name })
	if i < 0 {
		return 0, Fieldf("variant", "variant_unknown", "The mailing has no such variant.")
	}
	return i, nil
}

// TestCopies say of what the copies of a test are, in the audit trail: the variant, if the
// mailing has any, and the language of each.
func (m Mailing) TestCopies(variant int, locales []string) []string {
	out := slices.Clone(locales)
	if variant < len(m.Variants) {
		for i := range out {
			out[i] = m.Variants[variant].Name + ", " + out[i]
		}
	}
	return out
}

// Title names a mailing where it stands among others: the subject of what goes out now, as
// somebody reads it of whom nothing is known.
func (m Mailing) Title() string {
	text := m.Variant(m.Latest()).Subject
	t, err := ParseTemplate(text)
	if err != nil {
		return text // it can't be sent, and what is wrong with it is told elsewhere
	}
	return t.Execute(func(string) string { return "" })
}

// Runs reports whether a mailing takes in people as their time comes.
func (m Mailing) Runs() bool {
	return m.Trigger != nil && (m.State == MailingSending || m.State == MailingPaused)
}

// Draft is a mailing as a draft of what goes out now, for what is asked of drafts.
func (m Mailing) Draft() Mailing {
	m.State, m.Versions = MailingDraft, nil
	return m
}

// Renewed gives a running mailing with another content, as a new version.
// Errors: Conflict where it has had MaxVersions, or could not be sent by it.
func (m Mailing) Renewed(c Content, now time.Time) (Mailing, error) {
	if c.Equal(m.Content) {
		return m, nil
	}
	versions := slices.Clone(m.Versions)
	if len(versions) == 0 {
		versions = append(versions, Version{m.Content, m.StartedAt})
	}
	if len(versions) >= MaxVersions {
		return m, Errorf(Conflict, "versions_many", "This mailing was changed %d times while it ran; end it and make a new one.", MaxVersions)
	}
	m.Versions = append(versions, Version{c, now})
	m.Content = c
	if why := m.contents(); len(why) > 0 {
		return m, &Error{Kind: Conflict, Code: why[0].Code, Message: "A running mailing can't say that.", Reasons: why}
	}
	return m, nil
}

// Content is what a mail says. One of Markdown, HTML and Blocks is set. Languages are
// its translations, each of which has neither Language nor Languages.
type Content struct {
	Subject   string `json:"subject"`
	Preheader string `json:"preheader,omitempty"` // the line that mail programs show beside the subject
	Markdown  string `json:"markdown,omitempty"`
	HTML      string `json:"html,omitempty"`
	Blocks    string `json:"blocks,omitempty"` // as FormatBlocks writes them

	Language  string                 `json:"language,omitempty"` // of a mailing's own: its main one; empty: the first of its purpose
	Languages map[string]Translation `json:"languages,omitempty"`
}

// Variant is one of several contents of a mailing. It inherits what it lacks.
type Variant struct {
	Name   string `json:"name"`
	Sender string `json:"sender,omitempty"` // name on the From line; empty: the installation's
	At     string `json:"at,omitempty"`     // of a trial: not before the clock of the plan's zone shows this, like 09:00
	Content
}

// MailReader is whom a mail is drawn for when it is looked at: nobody's links are in
// it.
type MailReader struct {
	Name, Locale string
	Email        Email
	Basis        Basis    // empty: the purpose's
	Everything   bool     // every block is shown, whoever it is for
	Interests    []string // that they chose
}

// Decision is what became of a mailing's trial.
type Decision struct {
	TrialVerdict
	At time.Time
}

// Winner is the index of the variant that everybody gets who is not in the trial;
// -1 while it is not decided.
func (m Mailing) Winner() int {
	if m.Decision == nil {
		return -1
	}
	return m.Decision.Winner
}

// Check reports the first thing wrong with a mailing about to be stored.
// Whether it can be sent is another question: Sendable answers it.
func (m Mailing) Check() error {
	if err := m.Content.check(); err != nil {
		return err
	}
	if err := m.Content.checkTranslations(""); err != nil {
		return err
	}
	if err := m.Plan.Check(); err != nil {
		return err
	}
	names := map[string]bool{}
	for _, v := range m.Variants {
		if v.Name == "" || names[v.Name] {
			return Fieldf("variants", "variant_name", "Each variant needs a name of its own.")
		}
		names[v.Name] = true
		if err := CheckLine("variants", v.Name, Limits.Slug); err != nil {
			return err
		}
		if err := CheckLine("variants", v.Sender, Limits.Name); err != nil {
			return err
		}
		if err := m.checkAt(v); err != nil {
			return err
		}
		if err := v.Content.check(); err != nil {
			return err
		}
		if v.Language != "" {
			return Fieldf("variants.language", "translation_nested", "The main language is the mailing's, of all its variants.")
		}
		if err := v.Content.checkTranslations("variants."); err != nil {
			return err
		}
	}
	if m.Trigger != nil && (len(m.Variants) > 0 || m.Trial != nil) {
		return Fieldf("variants", "trigger_variants", "A mailing of a series has one content; it can be changed while it runs.")
	}
	if m.Trial != nil {
		if err := m.Trial.Check(len(m.Variants)); err != nil {
			return err
		}
	}
	if len(m.Variants) == 1 || len(m.Variants) > 10 {
		return Fieldf("variants", "variant_count", "A mailing has no variants or two to ten.")
	}
	return nil
}

// sendGrace is how long ago a time to send may be that is set now: what was typed as
// this minute is past by the time it is stored.
const sendGrace = 5 * time.Minute

// CheckSendAt refuses a time to send that is set to what is past; before is what it was,
// which stays as it is. The mailing would go out at once, to everybody.
func CheckSendAt(before, at, now time.Time) error {
	if at.IsZero() || at.Equal(before) || !at.Before(now.Add(-sendGrace)) {
		return nil
	}
	return Fieldf("send_at", "send_at_past", "The time to send is past. Set one that is to come, or none to send when told.")
}

// checkAt holds the time of a variant against the rest of its mailing.
func (m Mailing) checkAt(v Variant) error {
	if v.At == "" {
		return nil
	}
	if (SendHours{From: v.At}).check() != nil {
		return Fieldf("variants", "variant_time", "The time of a variant is one like 09:00.")
	}
	if m.Trial == nil || m.Plan.PerPerson() {
		return Fieldf("variants", "variant_time", "Variants have times in a test alone, and by the sender's clock.")
	}
	return nil
}

func (c Content) check() error {
	for _, l := range []struct{ field, text string }{{"subject", c.Subject}, {"preheader", c.Preheader}} {
		if utf8.RuneCountInString(l.text) > Limits.Subject {
			return Fieldf(l.field, "text_too_long", "This line is too long; it can have %d characters.", Limits.Subject)
		}
		if err := CheckLine(l.field, l.text, 4*Limits.Subject); err != nil {
			return err
		}
	}
	if c.Markdown != "" && c.HTML != "" {
		return Fieldf("html", "content_twice", "Give either markdown or html, not both.")
	}
	if c.Blocks != "" {
		if c.Markdown != "" || c.HTML != "" {
			return Fieldf("blocks", "content_twice", "Give one of markdown, html and blocks.")
		}
		if _, err := ParseBlocks(c.Blocks); err != nil {
			return err
		}
	}
	if err := CheckText("markdown", c.Markdown, Limits.Content); err != nil {
		return err
	}
	return CheckText("html", c.HTML, Limits.Content)
}

// Variant gives the content of a variant by its index, or of a version.
func (m Mailing) Variant(i int) Content {
	if i >= 0 && i < len(m.Versions) {
		return m.Versions[i].Content
	}
	if i < 0 || i >= len(m.Variants) {
		return m.Content
	}
	own := m.Variants[i].Content
	c := own.over(m.Content)
	c.Language, c.Languages = m.Content.Language, translationsOver(own.Languages, m.Content.Languages)
	return c
}

// Sender is who a mailing comes from, as the law wants it named in each mail
// (requirements-mail C.22).
type Sender struct {
	From          string // `"Name" <a@b>`
	Controller    string // legal name
	PostalAddress string
	Contact       string // of the privacy contact
	Relay         bool   // an SMTP relay is set
	Processor     string // registered party that runs the relay, or "own" (M28)
}

// Sendable gives all that forbids sending a mailing, or nothing. The fields of
// its contents are checked where templates are parsed.
func (m Mailing) Sendable(s Sender) []Reason {
	var why []Reason
	add := func(code, message string) { why = append(why, Reason{code, message}) }
	switch m.State {
	case MailingDraft, MailingScheduled:
	default:
		add("state", "The mailing is "+string(m.State)+"; only a draft can be sent.")
	}
	return append(append(why, m.contents()...), s.missing()...)
}

// contents gives what is wrong with what is sent now.
func (m Mailing) contents() []Reason {
	var why []Reason
	add := func(code, message string) { why = append(why, Reason{code, message}) }
	for i := range max(len(m.Variants), 1) {
		c := m.Variant(m.Latest() + i)
		if strings.TrimSpace(c.Subject) == "" {
			add("subject_missing", "The mailing has no subject.")
		}
		if !c.Body() {
			add("content_missing", "The mailing has no content.")
		}
		why = append(why, c.fields()...)
		for _, locale := range slices.Sorted(maps.Keys(c.Languages)) {
			for _, r := range c.Languages[locale].fields() {
				why = append(why, InLanguage(locale, r))
			}
		}
	}
	return why
}

// fields gives what is wrong with the fields in a content.
func (c Content) fields() []Reason {
	var why []Reason
	for _, text := range []string{c.Subject, c.Preheader, c.Markdown, c.HTML} {
		if _, err := ParseTemplate(text); err != nil {
			why = append(why, Reason{CodeOf(err), err.Error()})
		}
	}
	if c.Blocks != "" {
		blocks, err := ParseBlocks(c.Blocks)
		if err == nil {
			err = checkBlockFields(blocks)
		}
		if err != nil {
			why = append(why, Reason{CodeOf(err), err.Error()})
		}
	}
	return why
}

// Body reports whether a content says anything below its subject.
func (c Content) Body() bool {
	return strings.TrimSpace(c.Markdown) != "" || strings.TrimSpace(c.HTML) != "" || c.Blocks != ""
}

func (s Sender) missing() []Reason {
	var why []Reason
	for _, f := range []struct{ value, setting string }{
		{s.Controller, "AKKOORD_CONTROLLER"}, {s.PostalAddress, "AKKOORD_POSTAL_ADDRESS"},
		{s.Contact, "AKKOORD_PRIVACY_CONTACT"}, {s.From, "AKKOORD_FROM"},
	} {
		if f.value == "" {
			why = append(why, Reason{"sender_incomplete", "Set " + f.setting + ": every mail must say who sends it."})
		}
	}
	if !s.Relay {
		why = append(why, Reason{"no_relay", "Set AKKOORD_SMTP: there is no mail server to hand the mail to."})
	} else if s.Processor == "" {
		why = append(why, Reason{"no_agreement", "Set AKKOORD_SMTP_PROCESSOR: the party that runs the mail server must be on record, or \"own\"."})
	}
	return why
}

// Next gives the state that an administrator's act leads to, or a Conflict.
func (s MailingState) Next(act string) (MailingState, error) {
	type move struct {
		from MailingState
		act  string
	}
	moves := map[move]MailingState{
		{MailingDraft, "send"}: MailingSending, {MailingScheduled, "send"}: MailingSending,
		{MailingDraft, "schedule"}: MailingScheduled, {MailingScheduled, "schedule"}: MailingScheduled,
		{MailingSending, "pause"}:   MailingPaused,
		{MailingPaused, "resume"}:   MailingSending,
		{MailingDraft, "cancel"}:    MailingCancelled,
		{MailingSending, "cancel"}:  MailingCancelled,
		{MailingPaused, "cancel"}:   MailingCancelled,
		{MailingScheduled, "pause"}: MailingDraft, {MailingScheduled, "cancel"}: MailingCancelled,
		{MailingSending, "finish"}:     MailingSent,
		{MailingSending, "send_again"}: MailingSending, {MailingPaused, "send_again"}: MailingPaused, {MailingSent, "send_again"}: MailingSending,
	}
	if to, ok := moves[move{s, act}]; ok {
		return to, nil
	}
	return s, Errorf(Conflict, "state", "The mailing is %s; it can't %s now.", s, strings.ReplaceAll(act, "_", " "))
}
