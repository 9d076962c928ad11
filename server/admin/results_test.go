package admin_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"akkoord"
)

// The site shows what became of a mailing, leads from each figure to its people
// those who may see them, and compares it with those before it (issue 6.9).
func TestResultsAreShown(t *testing.T) {
	f := newFixture(t)
	path := f.mailing()
	b := f.as(akkoord.RoleAnalyst)
	if r := b.send("GET", path+"/results", ""); r.status != http.StatusSeeOther {
		t.Errorf("a draft: %d", r.status)
	}
	c, err := f.store.CampaignByID(t.Context(), 1)
	f.check(err)
	campaign := "/admin/campaigns/" + c.Slug
	has(t, b.get(campaign+"/results"), "Nothing sent yet")
	for i := range 6 {
		f.person(fmt.Sprintf("p%d@gmail.com", i))
	}
	id, err := akkoord.ParseID(path[strings.LastIndex(path, "/")+1:])
	f.check(err)
	n := 0
	send := func(id akkoord.ID) {
		_, err := f.store.StartMailing(t.Context(), akkoord.ActorSystem, id)
		f.check(err)
		for {
			w, err := f.store.Claim(t.Context())
			f.check(err)
			if w == nil {
				return
			}
			for i := range w.Recipients {
				res := akkoord.Result{State: akkoord.Sent, Code: "250", Attempts: 1, At: f.clock(), FirstAt: f.clock()}
				if n++; n == 2 {
					res.State, res.Code = akkoord.Uncertain, "body"
				}
				f.check(f.store.Mark(w, i, f.clock()))
				f.store.Note(w, i, res)
			}
			f.check(f.store.Release(t.Context(), w))
		}
	}
	send(id)
	f.advance(time.Minute)
	second, err := f.store.PutMailing(t.Context(), akkoord.ActorSystem, akkoord.Mailing{CampaignID: c.ID, Content: akkoord.Content{Subject: "More snow", Markdown: "Hello"}})
	f.check(err)
	send(second.PublicID)

	r := b.get(path + "/results")
	has(t, r, "google: 83.3", "<rect", "<polyline", "16.7", path+"/results.csv")
	if strings.Contains(r.body, "state=uncertain") || strings.Contains(r.body, "@gmail.com") {
		t.Error("an analyst is led to people")
	}
	has(t, f.as(akkoord.RoleManager).get(path+"/results"), path+"?state=uncertain#deliveries")
	has(t, b.get(path), `href="`+path+`/results"`)
	has(t, b.get(campaign), `href="`+campaign+`/results"`)
	has(t, b.get("/admin/mailings/"+second.PublicID.String()+"/results"), "Compared with earlier mailings", `href="`+path+`/results"`, "few people")
	has(t, b.get(campaign+"/results"), "More snow", `href="`+path+`/results"`)
	if sheet := b.get(path + "/results.csv"); !strings.Contains(sheet.body, "all,,,uncertain,1\n") || !strings.HasPrefix(sheet.header.Get("Content-Type"), "text/csv") {
		t.Errorf("CSV: %s", sheet.body)
	}
	if sheet := b.get(campaign + "/results.csv"); strings.Count(sheet.body, "\n") != 3 {
		t.Errorf("CSV: %s", sheet.body)
	}
}
