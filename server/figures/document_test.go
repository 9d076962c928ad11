package figures_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"akkoord"
	"akkoord/goldentest"
	"akkoord/pdf/pdftest"
	"akkoord/server/figures"
	"akkoord/templates"
)

// winter is a sheet with something of everything: three who clicked are too few to be told.
func winter() figures.Sheet {
	begun := time.Date(2026, 11, 3, 9, 0, 0, 0, time.UTC)
	hours := func(n int64) akkoord.Timeline { return akkoord.Timeline{From: begun, Step: time.Hour, Slots: int(n)} }
	all := akkoord.Outcomes{Left: 12, Complaints: 1, Refused: map[akkoord.Class]int64{akkoord.ClassHard: 7}, Waiting: map[akkoord.Class]int64{akkoord.ClassSoft: 2}}
	for state, n := range map[akkoord.DeliveryState]int64{akkoord.Sent: 1480, akkoord.Bounced: 5, akkoord.Failed: 2, akkoord.Deferred: 2, akkoord.Uncertain: 1} {
		all.Counts.Add(state, n)
	}
	return figures.Sheet{
		Mailing: akkoord.Mailing{Content: akkoord.Content{Subject: "{{name | default: \"Reiziger\"}}, drie dorpen waar de sneeuw al ligt"}, StartedAt: begun}, Campaign: "Winter 2027", CountedAt: begun.Add(49 * time.Hour),
		Scopes: map[string]int64{"all": 1, "campaign": 9, "purpose": 2},
		Results: akkoord.MailingResults{
			All: all, Sending: hours(4), ByTime: []int64{700, 500, 283, 2}, After: hours(3),
			Providers: []akkoord.ProviderResults{{Name: "gmail.com", Outcomes: all, ByTime: []int64{700, 500, 283, 2}}, {Outcomes: akkoord.Outcomes{}}},
			Responses: map[akkoord.ResponseKind][]int64{akkoord.RespondedLeaving: {9, 2, 0}, akkoord.RespondedComplaint: {0, 1, 0}, akkoord.RespondedClick: {3, 0, 0}, akkoord.RespondedMachine: {40, 0, 0}},
			Later:     map[akkoord.ResponseKind]int64{akkoord.RespondedLeaving: 1},
			Readers:   akkoord.Readers{Counted: 300, Clicked: 3},
			Links:     []akkoord.LinkCount{{MailLink: akkoord.MailLink{URL: "https://www.zonvaart.example/tirol", Topic: "wintersport"}, Clicks: 3, Machine: 40}},
		},
	}
}

// TestResultsAreADocumentInEachLanguage: what the page of the results says can be printed
// or handed on, with its plots, and tells no number that the page withholds (M22, issue 6.9).
func TestResultsAreADocumentInEachLanguage(t *testing.T) {
	set, err := templates.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, locale := range akkoord.Locales {
		file, err := figures.PDF(set, locale, winter())
		if err != nil {
			t.Fatal(err)
		}
		text := pdftest.Text(file)
		for _, lost := range []string{"results.", "dossier.", "admin."} {
			if strings.Contains(text, lost) {
				t.Errorf("%s: words are missing: %s", locale, text)
			}
		}
		goldentest.Check(t, "results."+locale+".txt", []byte(text))
		again, err := figures.PDF(set, locale, winter())
		if err != nil || !bytes.Equal(file, again) {
			t.Errorf("%s: the same results are not the same file (%v)", locale, err)
		}
	}
}
