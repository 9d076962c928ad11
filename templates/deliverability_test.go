package templates

// deliverability is the page with a key in each state.
func deliverability(changes bool) DeliverabilityPage {
	record := &TXTRecord{Name: "akkoord202611._domainkey.zonvaart.example", Value: "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAtest", Zone: `"v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA" "test"`}
	key := func(id, selector, kind, state string) DomainKeyRow {
		return DomainKeyRow{ID: id, Selector: selector, Kind: kind, State: state, Action: "/admin/deliverability/keys/" + id, CreatedAt: now, Record: record, Removable: state == "new"}
	}
	fresh, seen, signing, retired, gone := key("1", "akkoord202611-2", "rsa", "new"), key("2", "akkoord202611e-2", "ed25519", "published"), key("3", "akkoord202611", "rsa", "signing"), key("4", "akkoord202511", "rsa", "retired"), key("5", "akkoord202411", "rsa", "retired")
	fresh.Unseen, fresh.Found = changes, &DeliveryFinding{Key: "dkim", Verdict: "fail", Text: "the public key is not published"}
	seen.SeenAt, signing.SeenAt, signing.SignsFrom = now, now, now
	retired.RetiredAt, retired.KeepUntil = now, now.AddDate(0, 0, 7)
	gone.Removable, gone.KeepUntil, gone.Foreign = true, now.AddDate(-1, 0, 0), "ander.example"
	before, unused := key("6", "akkoord202510", "rsa", "signing"), key("7", "akkoord202510-2", "rsa", "new")
	before.SignsFrom, before.Foreign, before.Waits, unused.Foreign = now.AddDate(0, -1, 0), "ander.example", true, "ander.example"
	signing.Waits = !changes
	page := DeliverabilityPage{
		Admin: desk("account"), Domain: "zonvaart.example", Return: "bounces.zonvaart.example", LookedAt: now, Changes: changes, Make: "/admin/deliverability/keys",
		Speed: SendingSpeed{PerHour: 5000, HourLeft: 3200, Domain: "zonvaart.example", Left: 120, Full: 20000, Days: []WarmupDay{{1, 200, false, true}, {2, 300, true, false}, {3, 450, false, false}}},
		CameBack: []CameBackRow{
			{Subject: "Sneeuw in Tirol", URL: "/admin/mailings/m2/results", At: now, Rates: rateCells(120, 0, 1, 0, "few")},
			{Subject: "Vroeg boeken loont", URL: "/admin/mailings/m1/results", At: now.AddDate(0, 0, -7), Rates: rateCells(20000, 62, 410, 0, "high", "warn")},
		},
		CameBackTotal: rateCells(20120, 62, 411, 0, "high", "warn"),
		Keys:          []DomainKeyRow{fresh, seen, signing, retired, gone, before, unused},
		Findings: []DeliveryFinding{
			{Key: "spf", Verdict: "ok", Text: "zonvaart.example names the relay (203.0.113.9)"}, {Key: "dkim", Verdict: "fail", Text: "the public key of selector akkoord202611 is not published", Record: record},
			{Key: "dmarc", Verdict: "warn", Text: "zonvaart.example has no DMARC policy", Record: &TXTRecord{Name: "_dmarc.zonvaart.example", Value: "v=DMARC1; p=none; rua=mailto:dmarc@zonvaart.example"}},
			{Key: "mx", Verdict: "ok", Text: "fine"}, {Key: "ptr", Verdict: "ok", Text: "fine"}, {Key: "relay", Verdict: "ok", Text: "fine"}, {Key: "mta_sts", Verdict: "info", Text: "not published"}, {Key: "tls_rpt", Verdict: "info", Text: "not published"},
		},
	}
	if !changes {
		page.Files = []string{"s1", "s2"}
	}
	return page
}

// rateCells are complaints, hard bounces and policy bounces of mails that were sent. One
// standing is that of all of them; of several, those that are left out are fine.
func rateCells(sent, complaints, hard, policy int, standing ...string) []RateCell {
	cells := []RateCell{{Key: "complaint", N: complaints, Warn: 10, Pause: 30}, {Key: "hard", N: hard, Warn: 200, Pause: 500}, {Key: "policy", N: policy, Warn: 200, Pause: 500}}
	for i := range cells {
		cells[i].Sent, cells[i].Standing = sent, "fine"
		if len(standing) == 1 {
			cells[i].Standing = standing[0]
		} else if i < len(standing) {
			cells[i].Standing = standing[i]
		}
	}
	return cells
}
