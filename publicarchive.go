package akkoord

import (
	"cmp"
	"slices"
	"strings"
)

// ArchiveChoice is what somebody decided about a mailing and the public archive of its
// purpose.
type ArchiveChoice string

// The choices about the public archive.
const (
	ArchiveByAudience ArchiveChoice = "" // it stands there, unless it was written for a segment
	ArchiveInclude    ArchiveChoice = "include"
	ArchiveExclude    ArchiveChoice = "exclude"
)

// Check reports whether there is such a choice.
func (c ArchiveChoice) Check() error {
	switch c {
	case ArchiveByAudience, ArchiveInclude, ArchiveExclude:
		return nil
	}
	return Fieldf("choice", "archive_choice", "The choice is auto, include or exclude.")
}

// Includes reports whether a mailing that is written for a segment, or for all, is to
// stand in the public archive.
func (c ArchiveChoice) Includes(segment bool) bool {
	return c == ArchiveInclude || c == ArchiveByAudience && !segment
}

// InPublicArchive reports whether everybody may read a mailing: its purpose has a
// public archive, it went out to all of its audience and somebody got it, it is none of
// a series, and it is not left out.
func (m Mailing) InPublicArchive(p Purpose) bool {
	return p.HasPublicArchive() && !m.CompletedAt.IsZero() && m.Trigger == nil && m.Archive.Includes(m.SegmentID != 0)
}

// HasPublicArchive reports whether everybody may read the mailings of a purpose.
func (p Purpose) HasPublicArchive() bool { return p.PublicArchive && !p.Archived() }

// PublicArchivePath is where everybody may read the mailings of a purpose.
func (p Purpose) PublicArchivePath() string { return "/archive/" + p.Slug }

// FeedPath is where programs read of new ones.
func (p Purpose) FeedPath() string { return p.PublicArchivePath() + "/feed.xml" }

// BackIssue is a mailing that stands in a public archive.
type BackIssue struct {
	Mailing
	Campaign string // its name
}

// IssueMark tells one back issue from others, and from itself under another name of its
// campaign; all else that it says is fixed once it stands there.
type IssueMark struct {
	Mailing  int64
	Campaign string // its name
}

// Mark gives what tells it from others.
func (i BackIssue) Mark() IssueMark { return IssueMark{i.ID, i.Campaign} }

// Path is where everybody may read it.
func (i BackIssue) Path(p Purpose) string { return p.PublicArchivePath() + "/" + i.PublicID.String() }

// Shown is the index of the variant that everybody reads: of a test its winner, and
// where there is none the first.
func (i BackIssue) Shown() int { return max(i.Winner(), 0) }

// Headline gives the subject and the preheader as somebody reads them of whom nothing
// is known. Of a subject that is somebody's name alone the campaign's stays.
func (i BackIssue) Headline(p Purpose, locale string) (subject, preheader string) {
	text := i.Text(i.Shown(), locale)
	constants := map[string]string{"campaign": i.Campaign, "purpose": p.Text(locale).Name, "locale": locale}
	said := func(line string) string {
		t, err := ParseTemplate(line)
		if err != nil {
			return "" // it was read before it was sent
		}
		return strings.TrimSpace(t.Execute(func(field string) string { return constants[field] }))
	}
	return cmp.Or(said(text.Subject), i.Campaign), said(text.Preheader)
}

// HeadlineLanguage is the language that the subject is in.
func (i BackIssue) HeadlineLanguage(p Purpose, locale string) string {
	t := i.Text(i.Shown(), locale)
	if t.Translated && !slices.Contains(t.Lacks, "subject") {
		return MailLanguage(locale)
	}
	return i.MainLanguage(p)
}

// Languages gives those in which it can be read, in the order of Locales.
func (i BackIssue) Languages(p Purpose) []string {
	var out []string
	for _, locale := range Locales {
		if locale == i.MainLanguage(p) || i.Text(i.Shown(), locale).Translated {
			out = append(out, locale)
		}
	}
	return out
}

// BackIssuePage is a back issue as everybody may read it.
type BackIssuePage struct {
	HTML []byte // the whole page
	Body string // HTML of what it says, without the words around it
}
