package templates

import "time"

// ArchivePage is GET /admin/purposes/{slug}/archive: what archiving a purpose comes
// to, or, where ArchivedAt is set, taking it back. Its button posts to Action.
type ArchivePage struct {
	Admin
	Name, Back, Action string
	ArchivedAt         time.Time
	Active, Pending    int       // people with a basis, and sign-ups that wait
	Mailings           []Running // that pause, or are drafts again
	Forms              []Link    // that offer it
	Closed             int       // of those that offer nothing else
	Round              bool      // people are being asked about its words
}

// Running is a mailing that goes out or is about to.
type Running struct {
	Subject, URL, State string
	Series              bool
}

func (ArchivePage) file() string { return "admin/archive.html" }

// EditCampaignPage is GET /admin/campaigns/{campaign}/edit, and the same again with
// what was typed when a post to Action was refused.
type EditCampaignPage struct {
	Admin
	Name, Back, Action string
	NewName, Segment   string
	Segments           []Option // of the campaign's purpose
	Read               int      // the version that the form is of
	Archived           bool
	Errors             FieldErrors
}

func (EditCampaignPage) file() string { return "admin/edit-campaign.html" }
