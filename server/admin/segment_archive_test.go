package admin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"akkoord"
)

// Issue 6: the page of a segment says what chooses by it, and before saving for whom an
// edit holds; it is archived once nothing goes out by it, and then no campaign is offered it.
func TestASegmentIsRenamedAndArchived(t *testing.T) {
	f := newFixture(t)
	mailing := f.mailing()
	f.stored("dutch", akkoord.Filter{Kind: akkoord.FilterLocale, Text: "nl"})
	b := f.as(akkoord.RoleManager)
	const path, edit = "/admin/segments/dutch", "/admin/campaigns/winter-2027/edit"
	has(t, b.get(path), "No campaign chooses by it yet", `name="name"`, "Archive this segment")
	b.post(edit, "/admin/campaigns/winter-2027", url.Values{"act": {"save"}, "read": {"1"}, "name": {"Winter 2027"}, "segment": {"dutch"}})
	has(t, b.get(path), `href="/admin/campaigns/winter-2027"`, `href="`+mailing+`"`, "What you change here holds from now on for:", "1 draft", "be archived while mailings still go out by it")
	rename := condition(url.Values{"match": {"all"}, "act": {"save"}, "read": {"1"}, "name": {"Reads Dutch"}}, "0", "locale", "text", "nl")
	b.post(path, path, rename)
	has(t, b.get(path), "<h1>Reads Dutch</h1>", `name="read" value="2"`)
	has(t, b.get("/admin/segments"), ">Reads Dutch</a>")
	has(t, b.get("/admin/campaigns/winter-2027"), `<a href="/admin/segments/dutch">Reads Dutch</a>`)
	rename.Set("name", "")
	rename.Set("read", "2")
	if r := b.send("POST", path, rename.Encode()); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, `id="name-e"`) || !strings.Contains(r.body, "<h1>Reads Dutch</h1>") {
		t.Errorf("without a name: %d %s", r.status, r.body)
	}
	if r := b.send("POST", path, url.Values{"act": {"archive"}}.Encode()); r.status != http.StatusConflict || !strings.Contains(r.body, "Mailings still go out by this segment") || !strings.Contains(r.body, `href="`+mailing+`"`) {
		t.Errorf("archived while a draft uses it: %d %s", r.status, r.body)
	}
	if r := f.as(akkoord.RoleAnalyst).send("POST", path, url.Values{"act": {"archive"}}.Encode()); r.status != http.StatusNotFound && r.status != http.StatusForbidden {
		t.Errorf("an analyst archives it: %d", r.status)
	}
	id, err := akkoord.ParseID(strings.TrimPrefix(mailing, "/admin/mailings/"))
	f.check(err)
	_, err = f.store.CancelMailing(t.Context(), akkoord.ActorSystem, id)
	f.check(err)
	has(t, b.get(path), "In the campaign that chooses by it no mailing can be made")
	b.post(path, path, url.Values{"act": {"archive"}})
	has(t, b.get(path), "This segment is archived")
	if r := b.get("/admin/segments"); strings.Contains(r.body, "Reads Dutch") {
		t.Error("an archived segment is still in the list")
	}
	has(t, b.get("/admin/segments?archived=1"), "Reads Dutch")
	if r := b.get("/admin/campaigns/new"); strings.Contains(r.body, `value="dutch"`) {
		t.Error("a new campaign is offered an archived segment")
	}
	has(t, b.get("/admin/campaigns/winter-2027"), "The segment of this campaign is archived")
	has(t, b.get(edit), `<option value="dutch" selected`)
	b.post(edit, "/admin/campaigns/winter-2027", url.Values{"act": {"save"}, "read": {"2"}, "name": {"Winter 2028"}, "segment": {"dutch"}})
	if r := b.send("POST", "/admin/campaigns/winter-2027/mailings", ""); r.status != http.StatusConflict {
		t.Errorf("a draft by an archived segment: %d", r.status)
	}
	b.post(path, path, url.Values{"act": {"restore"}})
	if g, err := f.store.Segment(t.Context(), "dutch"); err != nil || g.Archived() {
		t.Errorf("%+v %v", g, err)
	}
	made := condition(url.Values{"purpose": {"travel-news"}, "match": {"all"}, "act": {"save"}, "name": {"Reads German"}}, "0", "locale", "text", "de")
	b.post("/admin/segments", "/admin/segments/reads-german", made)
}

// Whoever may not send gives what is scheduled no other readers.
func TestAnEditorGivesAScheduledMailingNoOtherReaders(t *testing.T) {
	f := newFixture(t)
	mailing := f.mailing()
	f.stored("dutch", akkoord.Filter{Kind: akkoord.FilterLocale, Text: "nl"})
	id, err := akkoord.ParseID(strings.TrimPrefix(mailing, "/admin/mailings/"))
	f.check(err)
	manager, editor := f.as(akkoord.RoleManager), f.as(akkoord.RoleEditor)
	const campaign, path = "/admin/campaigns/winter-2027", "/admin/segments/dutch"
	manager.post(campaign+"/edit", campaign, url.Values{"act": {"save"}, "read": {"1"}, "name": {"Winter 2027"}, "segment": {"dutch"}})
	_, err = f.store.ScheduleMailing(t.Context(), akkoord.ActorSystem, id, f.clock().AddDate(0, 0, 1))
	f.check(err)
	if r := editor.send("POST", campaign+"/edit", url.Values{"act": {"save"}, "read": {"2"}, "name": {"Winter 2027"}, "segment": {""}}.Encode()); r.status != http.StatusForbidden || !strings.Contains(r.body, "you may not send mailings") {
		t.Errorf("another segment: %d %s", r.status, r.body)
	}
	wider := url.Values{"match": {"all"}, "act": {"save"}, "read": {"1"}, "name": {"Dutch"}}
	if r := editor.send("POST", path, wider.Encode()); r.status != http.StatusForbidden || !strings.Contains(r.body, `value="Dutch"`) || !strings.Contains(r.body, "you may not send mailings") {
		t.Errorf("other conditions: %d %s", r.status, r.body)
	}
	rename := condition(wider, "0", "locale", "text", "nl")
	editor.post(path, path, rename)
	manager.post(campaign+"/edit", campaign, url.Values{"act": {"save"}, "read": {"2"}, "name": {"Winter 2027"}, "segment": {""}})
}
