package admin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"akkoord"
)

// Issue 6: a purpose's public archive is off until somebody who may change purposes opens
// it on its page, where its addresses stand then; a mailing is left out on its own page,
// and put back, by who may send it.
func TestAPublicArchiveIsOpenedAndMailingsAreLeftOut(t *testing.T) {
	f := newFixture(t)
	page := f.mailing()
	const path = "/admin/purposes/travel-news"
	b := f.as(akkoord.RoleOwner)
	b.get(path, "Public archive", "Once this is on", "Open the archive to everybody")
	if r := b.get(page); strings.Contains(r.body, `id="public-archive"`) {
		t.Error("a mailing's page tells of an archive that is off")
	}
	editor := f.as(akkoord.RoleEditor)
	for _, body := range []string{"act=on", "act=off"} {
		if r := editor.send("POST", path+"/public-archive", body); r.status != http.StatusForbidden && r.status != http.StatusNotFound {
			t.Errorf("an editor's %s: %d", body, r.status)
		}
	}
	if r := b.send("POST", path+"/public-archive", "act=ajar"); r.status != http.StatusUnprocessableEntity {
		t.Errorf("an unknown act: %d", r.status)
	}
	b.post(path+"/public-archive", path+"#public-archive", url.Values{"act": {"on"}})
	b.get(path, "<code>http://127.0.0.1:8080/archive/travel-news</code>", "<code>http://127.0.0.1:8080/archive/travel-news/feed.xml</code>", "Close the archive")
	if r := f.as(akkoord.RoleAnalyst).send("GET", path, ""); r.status != http.StatusOK || strings.Contains(r.body, "Close the archive") {
		t.Errorf("an analyst's page: %d", r.status)
	}

	b.get(page, "Once this mailing has gone out to everybody", "Leave it out of the public archive")
	if r := editor.send("POST", page, "act=withhold"); r.status != http.StatusForbidden && r.status != http.StatusNotFound {
		t.Errorf("an editor leaves it out: %d", r.status)
	}
	b.post(page, page, url.Values{"act": {"withhold"}})
	b.get(page, "This mailing stays out of the public archive", "Put it in the public archive")
	b.post(page, page, url.Values{"act": {"publish"}})
	b.get(page, "Once this mailing has gone out to everybody")
	id, err := akkoord.ParseID(page[strings.LastIndexByte(page, '/')+1:])
	f.check(err)
	if m, err := f.store.Mailing(t.Context(), id); err != nil || m.Archive != akkoord.ArchiveByAudience {
		t.Errorf("put back, it says %q, %v: a segment of later would be shown", m.Archive, err)
	}

	c, err := f.store.Campaign(t.Context(), "winter-2027")
	f.check(err)
	g, err := f.store.PutSegment(t.Context(), akkoord.ActorSystem, akkoord.Segment{Slug: "engels", PurposeID: c.PurposeID, Filter: akkoord.Filter{Kind: akkoord.FilterLocale, Text: "en"}})
	f.check(err)
	c.SegmentID = g.ID
	_, err = f.store.PutCampaign(t.Context(), akkoord.ActorSystem, c)
	f.check(err)
	b.get(page, "This mailing is for a segment")
	b.post(page, page, url.Values{"act": {"publish"}})
	b.get(page, "Once this mailing has gone out to everybody")
	_, err = f.store.ArchivePurpose(t.Context(), akkoord.ActorSystem, "travel-news")
	f.check(err)
	if r := b.get(page, "While the purpose is archived, nobody sees this archive."); strings.Contains(r.body, "Once this mailing has gone out") {
		t.Error("a mailing of an archived purpose is to stand there once it has gone out")
	}
	_, err = f.store.RestorePurpose(t.Context(), akkoord.ActorSystem, "travel-news")
	f.check(err)
	b.post(path+"/public-archive", path+"#public-archive", url.Values{"act": {"off"}})
	b.get(path, "Open the archive to everybody")
}
