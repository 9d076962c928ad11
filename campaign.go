package akkoord

import "time"

// Campaign is a series of mailings with one theme under one purpose. It is
// what a person can leave without leaving the purpose (M13).
type Campaign struct {
	ID         int64
	PublicID   ID
	Slug       string
	Name       string
	PurposeID  int64
	SegmentID  int64 // chooses among the people of the purpose (M15); 0: all of them
	Version    int   // counts its edits
	CreatedAt  time.Time
	ArchivedAt time.Time // since when it is out of the lists and nothing goes out in it; zero: it is in use
}

// Archived reports whether nothing goes out in the campaign.
func (c Campaign) Archived() bool { return !c.ArchivedAt.IsZero() }

// ErrArchived refuses to begin anything in an archived campaign.
func (c Campaign) ErrArchived() *Error {
	return Errorf(Conflict, "campaign_archived", "The campaign %s is archived, and nothing goes out in it. Take it back into use first.", c.Slug)
}

// CheckNarrow refuses another segment of a campaign by somebody whose role may not send,
// while a mailing of it is scheduled: it would go to others without anybody else's word.
func (c Campaign) CheckNarrow(segmentID int64, scheduled bool, role Role) error {
	if segmentID == c.SegmentID || !scheduled || role.May(SendMailings) {
		return nil
	}
	return &Error{Kind: Forbidden, Code: "segment_sending", Field: "segment", Message: "A mailing of this campaign is scheduled, and this role may not send mailings. Somebody who may has to change its segment."}
}

// Check reports the first thing wrong with a campaign about to be stored.
func (c Campaign) Check() error {
	if c.Name == "" {
		return Fieldf("name", "text_missing", "A campaign needs a name; people who leave it read it.")
	}
	if err := CheckLine("name", c.Name, Limits.Text); err != nil {
		return err
	}
	return CheckSlug("slug", c.Slug)
}
