package admin_test

import (
	"fmt"
	"testing"

	"akkoord"
)

// M26: on the page of a segment, of a draft and of its editor, numbers tell nobody of one
// person who may not read people; whoever may sees them exactly.
func TestPagesTellOfFewPeopleInStepsM26(t *testing.T) {
	f := newFixture(t)
	mailing := f.mailing()
	for i := range 6 {
		f.person(fmt.Sprintf("lezer%d@voorbeeld.example", i))
	}
	f.stored("guess", akkoord.Filter{Kind: akkoord.FilterLocale, Text: "nl"})
	ctx := t.Context()
	c, err := f.store.Campaign(ctx, "winter-2027")
	f.check(err)
	g, err := f.store.Segment(ctx, "guess")
	f.check(err)
	c.SegmentID = g.ID
	_, err = f.store.PutCampaign(ctx, akkoord.ActorSystem, c)
	f.check(err)
	editor, manager := f.as(akkoord.RoleEditor), f.as(akkoord.RoleManager)
	has(t, editor.get("/admin/segments/guess"), "at least 5</b> people can be mailed now", "numbers in steps of 5")
	has(t, manager.get("/admin/segments/guess"), `<b class="num">6</b> people can be mailed now`)
	has(t, editor.get(mailing), "5 of 5 people get this mailing", "numbers in steps of 5", "at least 5")
	has(t, manager.get(mailing), "6 of 6 people get this mailing", "Send to 6 people")
	g.Filter = akkoord.Filter{Kind: akkoord.FilterLocale, Text: "de"}
	_, err = f.store.PutSegment(ctx, akkoord.ActorSystem, g)
	f.check(err)
	has(t, editor.get("/admin/segments/guess"), "fewer than 5</b> people can be mailed now")
	has(t, editor.get(mailing), "0 of 0 people get this mailing", "fewer than 5")
}
