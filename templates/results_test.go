package templates

import "time"

func resultsPage() ResultsPage {
	sending := []int{310, 960, 1480, 1520, 1490, 1385, 720, 240, 0, 85, 15}
	first := now.Add(-3 * time.Hour)
	at := func(i int) time.Time { return first.Add(time.Duration(i) * 5 * time.Minute) }
	slots := func(numbers []int) (out []SlotRow) {
		for i, n := range numbers {
			if n > 0 {
				out = append(out, SlotRow{at(i), n})
			}
		}
		return out
	}
	provider := func(name string, part, total int) ProviderRow {
		p := ProviderRow{Name: name, Total: total, Deferred: 10, Hard: 4, Soft: 2, Policy: 1, Uncertain: 1, Left: 6, Complaints: 1}
		for i, n := range sending {
			n = n * part / 100
			if name == "microsoft" && i < 5 {
				n = 0
			}
			p.Numbers, p.HandedOver = append(p.Numbers, n), p.HandedOver+n
		}
		p.Slots = slots(p.Numbers)
		return p
	}
	after := func(key string, total int, numbers ...int) Bars {
		return Bars{Key: key, Total: total, Numbers: numbers, First: first, Last: now}
	}
	list := func(state string) string { return "/admin/mailings/m2?state=" + state + "#deliveries" }
	return ResultsPage{
		Admin: desk("campaigns"), Campaign: "Winter 2027", CampaignURL: "/admin/campaigns/winter-2027", Comparison: "/admin/campaigns/winter-2027/results", CSV: "/admin/mailings/m2/results.csv", CountedAt: now,
		MailingRow: MailingRow{ID: "m2", URL: "/admin/mailings/m2", Subject: "Drie dorpen waar de sneeuw al ligt", State: "sending", At: now},
		Total:      12480, Left: 44, Complaints: 3, Scopes: []LeavingRow{{"purpose", 31}, {"campaign", 9}, {"all", 4}},
		Outcomes: []OutcomeRow{
			{"sent", 8205, false, list("sent")}, {"refused", 52, false, ""}, {"failed", 40, true, list("failed")}, {"bounced", 12, true, list("bounced")},
			{"refused_hard", 30, true, ""}, {"refused_soft", 12, true, ""}, {"refused_policy", 8, true, ""}, {"refused_content", 2, true, ""},
			{"deferred", 31, false, list("deferred")}, {"deferred_soft", 9, true, ""}, {"deferred_policy", 2, true, ""}, {"deferred_turn", 20, true, ""},
			{"uncertain", 2, false, list("uncertain")}, {"skipped", 190, false, list("skipped")}, {"open", 4000, false, list("open")},
		},
		Sending: Bars{Key: "handed_over", Numbers: sending, First: first, Last: at(len(sending) - 1)}, Slots: slots(sending), Step: 5 * time.Minute, AfterStep: 15 * time.Minute,
		After:      []Bars{after("left", 44, 2, 9, 14, 8, 6, 3, 0, 2), after("complaints", 3, 0, 1, 1, 0, 0, 1, 0, 0), after("clicks", 412, 0, 80, 140, 96, 50, 30, 12, -1), after("machine_clicks", 90, 60, 22, 6, 2, 0, 0, 0, 0)},
		AfterSlots: []AfterRow{{at(0), 2, 0, 0, 60}, {at(3), 9, 1, 80, 22}, {at(6), 2, 0, -1, 0}, {time.Time{}, 1, 0, 0, 0}},
		Providers:  []ProviderRow{provider("google", 40, 4000), provider("microsoft", 20, 2100), provider("een-heel-lange-naam-van-een-provider.voorbeeld.example", 10, 900), provider("", 30, 2800)},
		Links:      []LinkRow{{"https://www.zonvaart.example/wintersport/drie-dorpen-waar-de-sneeuw-al-ligt", "wintersport", 320, 60}, {"https://www.zonvaart.example/zon", "", -1, 30}},
		Known:      412, Nameless: -1, Machine: 90, Readers: ReaderFigures{1900, 301},
		Compared: comparedRows(),
	}
}

func comparedRows() []ComparedRow {
	return []ComparedRow{
		{Subject: "Drie dorpen waar de sneeuw al ligt", URL: "/admin/mailings/m2/results", State: "sending", This: true, At: now, Tried: 8290, HandedOver: 8217, Refused: 52, Uncertain: 2, Left: 44, Complaints: 3, Readers: ReaderFigures{1900, 301}},
		{Subject: "De eerste sneeuw", URL: "/admin/mailings/m1/results", State: "sent", At: now.AddDate(0, 0, -14), Tried: 12010, HandedOver: 11800, Refused: 210, Left: 31, Complaints: 1, Readers: ReaderFigures{2100, 402}},
		{Subject: "Proef", URL: "/admin/mailings/m0/results", State: "sent", At: now.AddDate(0, 0, -20), Tried: 20, HandedOver: 20, Readers: ReaderFigures{6, -1}, Small: true},
	}
}

func campaignResults() CampaignResultsPage {
	bars := func(key string, numbers ...int) Bars {
		return Bars{Key: key, Numbers: numbers, First: now.AddDate(0, 0, -20), Last: now}
	}
	return CampaignResultsPage{
		Admin: desk("campaigns"), Name: "Winter 2027", URL: "/admin/campaigns/winter-2027", CSV: "/admin/campaigns/winter-2027/results.csv", Compared: comparedRows(),
		Plots: []Bars{bars("refused", 0, 174, 62), bars("left", 0, 26, 53), bars("complaints", 0, 1, 4), bars("clicked", -1, 1914, 1584)},
	}
}
