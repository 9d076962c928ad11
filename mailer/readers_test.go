package mailer_test

import (
	"strings"
	"testing"

	"akkoord"
)

// TestEachReaderGetsTheBlocksOfTheirInterests: over a real store and server, where the
// page in the browser shows every block, and one for an interest that nobody can choose
// is refused (issue 6.6).
func TestEachReaderGetsTheBlocksOfTheirInterests(t *testing.T) {
	w := newWorld(t, 3)
	ctx := t.Context()
	content := akkoord.Content{Subject: "Winter", Blocks: akkoord.FormatBlocks([]akkoord.Block{
		{Kind: akkoord.BlockText, Text: "Voor iedereen"}, {Kind: akkoord.BlockText, Text: "Alleen sneeuw", Only: "wintersport"}, {Kind: akkoord.BlockText, Text: "Geen strand", Except: "strand"},
	})}
	if _, err := w.store.PutMailing(ctx, "user:1", akkoord.Mailing{CampaignID: w.campaign.ID, Content: content}); akkoord.CodeOf(err) != "interest_unknown" {
		t.Errorf("an interest that there is not: %v", err)
	}
	if _, err := w.store.PutForm(ctx, "user:1", akkoord.Form{Slug: "home", Version: akkoord.FormVersion{Purposes: []string{"travel-news"}, Interests: []string{"wintersport", "strand"}, Challenge: "none",
		Texts: map[string]akkoord.FormText{"nl": {Title: "Reisnieuws", Interests: map[string]string{"wintersport": "Wintersport", "strand": "Strand"}}}}}); err != nil {
		t.Fatal(err)
	}
	interests := [][]string{{}, {"wintersport"}, {"strand", "wintersport"}}
	want := []string{"Voor iedereen, Geen strand", "Voor iedereen, Alleen sneeuw, Geen strand", "Voor iedereen, Alleen sneeuw"}
	for i, chosen := range interests {
		if err := w.store.SetProfile(ctx, w.standing(person(i)).Subscriber.PublicID, akkoord.Profile{Interests: &chosen}, akkoord.Origin{Source: "preferences", Actor: akkoord.ActorPerson}); err != nil {
			t.Fatal(err)
		}
	}
	m, err := w.store.PutMailing(ctx, "user:1", akkoord.Mailing{CampaignID: w.campaign.ID, Content: content})
	if err != nil {
		t.Fatal(err)
	}
	if m, err = w.store.StartMailing(ctx, "user:1", m.PublicID); err != nil {
		t.Fatal(err)
	}
	w.run()
	w.untilState(m, akkoord.MailingSent)
	said := func(mail string) string {
		var out []string
		for _, words := range []string{"Voor iedereen", "Alleen sneeuw", "Geen strand"} {
			if strings.Contains(mail, words) {
				out = append(out, words)
			}
		}
		return strings.Join(out, ", ")
	}
	for i := range interests {
		got := w.server.Messages(person(i).Address())
		if len(got) != 1 || said(string(got[0].Raw)) != want[i] {
			t.Errorf("who chose %v got %d mails, %q, want %q", interests[i], len(got), said(string(got[0].Raw)), want[i])
		}
		page, err := w.press().Web(ctx, m, w.standing(person(i)))
		if err != nil || said(string(page)) != "Voor iedereen, Alleen sneeuw, Geen strand" {
			t.Errorf("the page of who chose %v tells what they chose: %q, %v", interests[i], said(string(page)), err)
		}
	}
}
