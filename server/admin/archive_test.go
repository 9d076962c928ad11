package admin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"akkoord"
)

// Issue 6: a purpose is archived from a page that says first what that comes to, by
// who may change purposes; another's press of the same page is told so.
func TestAPurposeIsArchivedFromAPageThatSaysWhatHappens(t *testing.T) {
	f := newFixture(t)
	page := f.mailing()
	f.person("kanarie@voorbeeld.example")
	const path = "/admin/purposes/travel-news"
	b := f.as(akkoord.RoleOwner)
	if r := f.as(akkoord.RoleAnalyst).send("GET", path+"/archive", ""); r.status != http.StatusNotFound && r.status != http.StatusForbidden {
		t.Errorf("an analyst gets %d", r.status)
	}
	b.get(path, `href="`+path+`/archive"`)
	b.get(path+"/archive", "Archive Travel news?", "1 person keeps their consent", "No mailing is going out", "1 of them offers nothing else")
	b.post(path+"/archive", path, url.Values{"act": {"archive"}})
	if r := b.get(path, "Archived since <time", "Nothing goes out under this purpose", "Take back into use"); strings.Contains(r.body, "&lt;time") {
		t.Error("the time stands there as markup")
	}
	b.get("/admin/purposes", "Archived purposes (1)")
	b.get("/admin/purposes?archived=1", `href="`+path+`"`)
	b.get(page, "This purpose is archived")
	if r := b.send("POST", page, url.Values{"act": {"send"}}.Encode()); r.status != http.StatusConflict {
		t.Errorf("sending: %d", r.status)
	}
	if r := b.send("POST", path+"/archive", url.Values{"act": {"archive"}}.Encode()); r.status != http.StatusConflict {
		t.Errorf("archived twice: %d", r.status)
	}
	b.get(path+"/archive", "Take Travel news back into use?", "since <time")
	b.post(path+"/archive", path, url.Values{"act": {"restore"}})
	if p, err := f.store.Purpose(t.Context(), "travel-news"); err != nil || p.Archived() {
		t.Errorf("%+v %v", p, err)
	}
}

// Issue 6: a campaign is renamed and archived on a page of its own; who read an older
// one is told so, with what they typed.
func TestACampaignIsRenamedAndArchived(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	b := f.as(akkoord.RoleOwner)
	const path, edit = "/admin/campaigns/winter-2027", "/admin/campaigns/winter-2027/edit"
	b.get(path, `href="`+edit+`"`)
	b.get(edit, `name="read" value="1"`)
	b.post(edit, path, url.Values{"act": {"save"}, "read": {"1"}, "name": {"Winter 2028"}})
	if r := b.send("POST", edit, url.Values{"act": {"save"}, "read": {"1"}, "name": {"Lente <b>"}}.Encode()); r.status != http.StatusConflict || !strings.Contains(r.body, "Lente &lt;b&gt;") || !strings.Contains(r.body, `name="read" value="2"`) {
		t.Errorf("a stale edit: %d %s", r.status, r.body)
	}
	b.post(edit, path, url.Values{"act": {"archive"}})
	b.get(path, "This campaign is archived")
	b.get("/admin", "Archived campaigns (1)")
	b.get("/admin?archived=1", "Winter 2028")
	if r := b.send("POST", path+"/mailings", ""); r.status != http.StatusConflict {
		t.Errorf("a draft in it: %d", r.status)
	}
	b.post(edit, path, url.Values{"act": {"restore"}})
}

// M15: a campaign that can't be archived while a mailing waits in it keeps its segment
// in the form, so that the next save widens nothing.
func TestARefusedArchiveOfACampaignWidensNothing(t *testing.T) {
	f := newFixture(t)
	mailing := f.mailing()
	f.person("femke@voorbeeld.example")
	ctx := t.Context()
	c, err := f.store.Campaign(ctx, "winter-2027")
	f.check(err)
	g, err := f.store.PutSegment(ctx, akkoord.ActorSystem, akkoord.Segment{Slug: "dutch", PurposeID: c.PurposeID, Filter: akkoord.Filter{Kind: akkoord.FilterAll}})
	f.check(err)
	c.SegmentID = g.ID
	_, err = f.store.PutCampaign(ctx, akkoord.ActorSystem, c)
	f.check(err)
	id, err := akkoord.ParseID(mailing[len("/admin/mailings/"):])
	f.check(err)
	_, err = f.store.StartMailing(ctx, akkoord.ActorSystem, id)
	f.check(err)
	b := f.as(akkoord.RoleOwner)
	r := b.send("POST", "/admin/campaigns/winter-2027/edit", url.Values{"act": {"archive"}}.Encode())
	if r.status != http.StatusConflict || !strings.Contains(r.body, `<option value="dutch" selected`) {
		t.Errorf("archiving while a mailing is sent: %d %s", r.status, r.body)
	}
}
