package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"akkoord"
)

// M4, M6: the question of a re-permission round has a page with the new words
// and one button; looking changes nothing, its no leaves the purpose, and an
// expired link can be had anew.
func TestAQuestionOfARoundHasOneButton(t *testing.T) {
	s := newSite(t)
	ctx := t.Context()
	s.subscribe("ja@voorbeeld.example", "travel-news")
	s.subscribe("nee@voorbeeld.example", "travel-news")
	s.subscribe("later@voorbeeld.example", "travel-news")
	_, err := s.store.AddPurposeTexts(ctx, akkoord.ActorSystem, "travel-news", map[string]akkoord.PurposeText{"nl": {Name: "Reisnieuws", Explanation: "Ook voor hotels.", Wording: "Ja, ook van hotels."}},
		akkoord.WordingChange{Kind: akkoord.WordingWider})
	must(t, err)
	_, err = s.store.BeginRound(ctx, akkoord.ActorSystem, "travel-news", 0)
	must(t, err)
	s.clock.add(time.Second)
	j, _, err := s.store.ClaimJob(ctx, akkoord.JobRound)
	must(t, err)
	_, err = s.store.AdvanceRound(ctx, j)
	must(t, err)
	paths := map[string]string{}
	due, err := s.store.ClaimSystem(ctx, 100)
	must(t, err)
	for _, d := range due {
		if d.Mail == akkoord.MailRenew {
			paths[d.Person.Subscriber.Email.Address()] = "/confirm/" + s.token(akkoord.Link{Kind: akkoord.LinkConfirm, Subscriber: d.Person.Subscriber.PublicID, Request: d.Request})
		}
	}
	yes, no, later := paths["ja@voorbeeld.example"], paths["nee@voorbeeld.example"], paths["later@voorbeeld.example"]
	before := s.events()
	for range 2 {
		a := s.get(yes, header{"Accept-Language", "nl"})
		if a.Status != http.StatusOK || !strings.Contains(a.Body, "Ja, ook van hotels.") || strings.Count(a.Body, "<button") != 2 || !strings.Contains(a.Body, "Gaat u akkoord met de nieuwe tekst") {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	}
	if a := s.get(yes, asJSON); !strings.Contains(a.Body, `"pending"`) || s.events() != before {
		t.Errorf("looking: %s", a.Body)
	}
	for range 2 {
		if a := s.do(http.MethodPost, yes, ""); a.Status != http.StatusOK {
			t.Errorf("pressed: %d", a.Status)
		}
	}
	if a := s.do(http.MethodPost, no+"/not-me", ""); a.Status != http.StatusOK {
		t.Errorf("no: %d", a.Status)
	}
	if got := s.events() - before; got != 2 {
		t.Errorf("%d lines of a yes and a no", got)
	}
	for address, code := range map[string]string{"ja@voorbeeld.example": "", "nee@voorbeeld.example": "withdrawn", "later@voorbeeld.example": "wording_wider"} {
		v, err := s.store.Gate(ctx, s.standing(address).Subscriber.Email, "travel-news", nil)
		if err != nil || v.Code != code {
			t.Errorf("%s: %+v %v", address, v, err)
		}
	}
	if s.standing("nee@voorbeeld.example").Suppressed(akkoord.SuppressedBlocked) {
		t.Error("a no to new words is taken for a not me")
	}
	s.clock.add(akkoord.Limits.ConfirmWindow + time.Minute)
	if a := s.get(later); a.Status != http.StatusGone || !strings.Contains(a.Body, later+"/resend") {
		t.Errorf("expired: %d %s", a.Status, a.Body)
	}
	if a := s.do(http.MethodPost, later+"/resend", ""); a.Status != http.StatusOK {
		t.Errorf("asked again: %d", a.Status)
	}
	due, err = s.store.ClaimSystem(ctx, 100)
	if err != nil || len(due) != 1 || due[0].Mail != akkoord.MailRenew {
		t.Errorf("a new mail: %+v %v", due, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
