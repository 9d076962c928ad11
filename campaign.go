package akkoord

import "time"

// Campaign is a series of mailings with one theme under one purpose. It is
// what a person can leave without leaving the purpose (M13).
type Campaign struct {
	ID        int64
	PublicID  ID
	Slug      string
	Name      string
	PurposeID int64
	SegmentID int64 // chooses among the people of the purpose (M15); 0: all of them
	CreatedAt time.Time
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
