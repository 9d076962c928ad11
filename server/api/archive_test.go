package api_test

import (
	"testing"

	"akkoord"
)

// Issue 6: a purpose is archived and taken back over the API, with the same refusals
// as on the admin site.
func TestAPurposeIsArchivedOverTheAPI(t *testing.T) {
	f := newFixture(t)
	mailing := f.catalogue()
	f.person("lezer@voorbeeld.example", true)
	a := f.call(akkoord.RoleAnalyst, "GET", "/purposes/travel-news/archive", "")
	if o := a.object(); a.status != 200 || o["active"] != 1.0 || len(o["closed_forms"].([]any)) != 1 {
		t.Errorf("%d %s", a.status, a.raw)
	}
	if a := f.call(akkoord.RoleAnalyst, "POST", "/purposes/travel-news/archive", ""); a.status != 403 {
		t.Errorf("an analyst archives it: %d", a.status)
	}
	if a := f.must("POST", "/purposes/travel-news/archive", ""); a.object()["archived_at"] == nil {
		t.Errorf("%s", a.raw)
	}
	for _, c := range [][2]string{
		{"/purposes/travel-news/archive", ""}, {"/mailings/" + mailing + "/send", ""}, {"/campaigns/winter-2027/mailings", mailingBody},
		{"/mailings/" + mailing + "/test", `{"email":"ik@voorbeeld.example"}`}, {"/campaigns", `{"slug":"lente","name":"Lente","purpose":"travel-news"}`},
	} {
		if a := f.call(akkoord.RoleOwner, "POST", c[0], c[1]); a.status != 409 || a.str("code") != "purpose_archived" {
			t.Errorf("%s: %d %s", c[0], a.status, a.raw)
		}
	}
	if a := f.call(akkoord.RoleOwner, "GET", "/gate?email=lezer@voorbeeld.example&purpose=travel-news", ""); a.str("code") != "purpose_archived" {
		t.Errorf("%s", a.raw)
	}
	if a := f.must("POST", "/purposes/travel-news/restore", ""); a.object()["archived_at"] != nil {
		t.Errorf("%s", a.raw)
	}
	if a := f.call(akkoord.RoleOwner, "POST", "/purposes/travel-news/restore", ""); a.status != 409 || a.str("code") != "purpose_in_use" {
		t.Errorf("%d %s", a.status, a.raw)
	}
}

// Issue 6: a campaign is archived and taken back over the API.
func TestACampaignIsArchivedOverTheAPI(t *testing.T) {
	f := newFixture(t)
	mailing := f.catalogue()
	if a := f.must("POST", "/campaigns/winter-2027/archive", ""); a.object()["archived_at"] == nil {
		t.Errorf("%s", a.raw)
	}
	if a := f.call(akkoord.RoleOwner, "POST", "/mailings/"+mailing+"/send", ""); a.status != 409 || a.str("code") != "campaign_archived" {
		t.Errorf("%d %s", a.status, a.raw)
	}
	if a := f.must("POST", "/campaigns/winter-2027/restore", ""); a.object()["archived_at"] != nil {
		t.Errorf("%s", a.raw)
	}
}
