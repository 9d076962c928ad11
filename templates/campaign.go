package templates

import (
	"slices"
	"time"

	"akkoord"
)

// NewCampaignPage is GET /admin/campaigns/new, and the same again with what was
// typed when a POST to /admin/campaigns was refused.
type NewCampaignPage struct {
	Admin
	Name, Slug, Purpose, Segment string
	Purposes, Segments           []Option
	Errors                       FieldErrors
}

// CampaignPage is GET /admin/campaigns/{campaign}: its mailings, newest first.
type CampaignPage struct {
	Admin
	CampaignCard
	Segment         Link // empty: all people of the purpose
	SegmentArchived bool
	Edit            string // the form that changes it; empty: not by this user
	Archived        bool
	Draft           string      // POST here drafts a mailing, with copy=ID one like it; empty: not by this user
	Series          []SeriesRow // its mailings with a trigger, each after the one that it waits for; Mailings are the others
	Next            string
	Results         string    // path of what became of them
	Started         time.Time // when the first of its mailings went out; zero: none did
}

// EditPage is GET /admin/mailings/{id}/edit: the draft of a mailing, posted to
// Action with act=save or done, or with what a button inside it says.
type EditPage struct {
	Admin
	Title                 string // the subject as somebody reads it of whom nothing is known; empty: none yet
	Campaign, CampaignURL string
	Action                string
	Mailing               string // path of the mailing's own page
	Preview, Look         string // paths of the frame, which takes what is typed by POST, and of the page of all previews
	Fields                []MergeField
	Languages             []LanguageRow
	Interests             []string // that blocks can be for
	Zones                 []string // attributes that may hold people's time zones
	Running               bool     // it is a mailing of a series that goes out: what is saved goes out from then on
	Past                  int      // people whose occasion was before, as it is stored
	Step                  int      // Past is rounded down to a multiple of it; up to 1: it is exact
	Before                []Option // mailings that it may come after
	Dates                 []string // attributes that hold days
	Form                  MailingForm
	Unsaved               bool         // Form holds what is not stored
	Theirs                *MailingForm // what somebody else saved in the meantime; nil: nothing
	Errors                FieldErrors
}

// LanguageRow is a language that a mailing's purpose has texts in.
type LanguageRow struct {
	Locale, URL      string
	Main, There, Now bool // it is the main text's; there is a text; it is what is edited
	Readers          int  // who read it and get the main text, as far as there is none
}

// Lacking are those without a text that somebody reads.
func (p EditPage) Lacking() []LanguageRow {
	return slices.DeleteFunc(slices.Clone(p.Languages), func(l LanguageRow) bool { return l.There || l.Readers == 0 })
}

// MainLocale is the language of the main text; empty where there is one language.
func (p EditPage) MainLocale() string {
	for _, l := range p.Languages {
		if l.Main {
			return l.Locale
		}
	}
	return ""
}

// Translated reports whether there is a translation that is edited.
func (p EditPage) Translated() bool {
	return slices.ContainsFunc(p.Languages, func(l LanguageRow) bool { return l.Now && !l.Main && l.There })
}

// MergeField is something that can be put into a mail.
type MergeField struct{ Code, Key string }

// MailingForm is a draft as its form shows it, word for word what was typed.
type MailingForm struct {
	Read                                string // which state of the draft was read
	Translation, Sender                 string // of a translation: its language, and the name of its sender
	Language                            string // of the main text, as it was chosen; empty: as it was
	Subject, Preheader, Kind, Body      string // Kind: markdown, html, blocks, or source, which is blocks as JSON
	Blocks                              BlockList
	Ask                                 string   // the kind that it is to become, where Loses says what that costs
	Loses                               []string // kinds of blocks that would lose something
	SendAt                              string   // 2006-01-02T15:04 in Zone
	Zone, ZoneAttribute, From, Until    string
	Days                                []string
	PerHour, PerDay, Missed             string
	Variants                            []VariantForm
	Trial                               bool
	Share, Measure, WaitMinutes, Expect string
	Trigger                             TriggerForm
}

// VariantForm is one of the contents that a mailing tries. What is empty is the
// mailing's own.
type VariantForm struct {
	Was                                        string // its name as it is stored, by which its translations are found; empty: it is new
	Name, Sender, At, Subject, Preheader, Body string
	Blocks                                     BlockList
}

// Weekdays are the days that the form offers.
func (MailingForm) Weekdays() []string {
	return []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
}

// On reports whether a day is ticked; all are where none is.
func (f MailingForm) On(day string) bool { return len(f.Days) == 0 || slices.Contains(f.Days, day) }

// Planned reports whether the form says anything about when and how fast.
func (f MailingForm) Planned() bool {
	return f.SendAt != "" || f.ZoneAttribute != "" || f.From != "" || f.Until != "" || len(f.Days) > 0 || f.PerHour != "" || f.PerDay != ""
}

// RunsScript reports that the page runs the editor's script.
func (EditPage) RunsScript() bool { return true }

// InBlocks reports whether it is written in blocks, each with its fields.
func (f MailingForm) InBlocks() bool { return f.Kind == "blocks" }

// Focused reports whether one of the form's blocks is worked on.
func (f MailingForm) Focused() bool {
	lists := []BlockList{f.Blocks}
	for _, v := range f.Variants {
		lists = append(lists, v.Blocks)
	}
	return slices.ContainsFunc(lists, BlockList.focused)
}

// Kinds are the ways to write a mail.
func (EditPage) Kinds() []string { return []string{"markdown", "blocks", "source", "html"} }

// Ways are those to see it: in light, in the dark, as text.
func (EditPage) Ways() []string { return []string{"light", "dark", "text"} }

// Locales are the languages that it can be seen in.
func (EditPage) Locales() []string { return akkoord.Locales }

func (NewCampaignPage) file() string { return "admin/new-campaign.html" }
func (CampaignPage) file() string    { return "admin/campaign.html" }
func (EditPage) file() string        { return "admin/edit.html" }

// Missings are the ways to deal with a missed time.
func (EditPage) Missings() []string { return []string{"ask", "skip", "send"} }
