package templates

import "time"

// PublicArchivePage is /archive/{purpose}: the mailings of a purpose that everybody may
// read.
type PublicArchivePage struct {
	Site
	Purpose string
	Issues  []BackIssue // newest first
	Older   string      // path of the next page; empty for none
	SignUp  string      // path of a form where one can ask for them; empty for none
	Feed    string
}

// BackIssue is a line of that page.
type BackIssue struct {
	Subject, Preheader string
	Language           string // of the two
	URL                string
	At                 time.Time
}

func (PublicArchivePage) file() string { return "page/public-archive.html" }

// PublicArchive is what the page of a purpose says of its public archive. Its button
// posts act, on or off, to Action.
type PublicArchive struct {
	On        bool
	Action    string // empty: not for this user
	URL, Feed string
}

// ArchivePlace is what the page of a mailing says of the public archive of its purpose.
// Its button posts act, publish or withhold, to the action of the page.
type ArchivePlace struct {
	Key string // public_archive.<Key>: shown, will, rests, segment or out
	In  bool   // it stands there, or is to
	URL string // where it can be read; empty: it can't yet
	Can bool   // the user may change that
}
