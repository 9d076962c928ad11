package mailer_test

import (
	"bytes"
	"maps"
	"strings"
	"testing"
	"time"

	"akkoord"
	"akkoord/mailer"
	"akkoord/mailer/mailertest"
)

func booking() akkoord.ContractSpec {
	return akkoord.ContractSpec{
		Name: "Boeking", From: `"Zonvaart Boekingen" <boekingen@zonvaart.example>`, ReplyTo: "klant@zonvaart.example", Fields: []string{"name", "order"},
		Texts: map[string]akkoord.ContractText{
			"nl": {Reason: "U krijgt deze mail omdat u een reis boekte.", Subject: "Uw boeking {{order}}", Markdown: "Dag {{name}},\n\n[uw boeking](https://zonvaart.example/reis/{{order}}) is {{order}}."},
			"en": {Reason: "You get this mail because you booked a trip.", Subject: "Your booking {{order}}", HTML: "<p>Dear {{name}}, your booking is {{order}}.</p>"},
		},
	}
}

// order takes an order for a mail of the template booking.
func (w *world) order(address, locale string) akkoord.ContractMail {
	w.t.Helper()
	if _, err := w.store.ContractTemplate(w.t.Context(), "booking"); err != nil {
		if _, err := w.store.AddContractTemplate(w.t.Context(), "user:1", akkoord.ContractTemplate{Slug: "booking", Spec: booking()}, "zonvaart.example"); err != nil {
			w.t.Fatal(err)
		}
	}
	to, err := akkoord.ParseEmail(address)
	if err != nil {
		w.t.Fatal(err)
	}
	m, err := w.store.SendContract(w.t.Context(), "key:1", akkoord.ContractOrder{
		Template: "booking", To: to, Locale: locale, Values: map[string]string{"name": "Zoë <b>🎿", "order": "Z 1/2"},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

func (w *world) contract(m akkoord.ContractMail) akkoord.ContractMail {
	w.t.Helper()
	m, err := w.store.ContractMail(w.t.Context(), m.PublicID)
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

func TestATransactionalMailIsNoListMailM9(t *testing.T) {
	w := newWorld(t, 0)
	w.verp = mailer.NewReturnPath("bounces@zonvaart.example", []byte("k"))
	w.run()
	m := w.order("anouk@voorbeeld.example", "nl")
	got, err := w.server.Wait(timeout(t), "anouk@voorbeeld.example", 1)
	if err != nil {
		t.Fatal(err)
	}
	h := header(t, got[0].Raw)
	for name, want := range map[string]string{
		"From": `"Zonvaart Boekingen" <boekingen@zonvaart.example>`, "Reply-To": "<klant@zonvaart.example>", "To": "<anouk@voorbeeld.example>",
		"Subject": "Uw boeking Z 1/2", "Auto-Submitted": "auto-generated", "Content-Language": "nl",
		"List-Unsubscribe": "", "List-Unsubscribe-Post": "", "List-Id": "", "Feedback-Id": "", "X-Campaign": "", "Precedence": "",
	} {
		if h.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, h.Get(name), want)
		}
	}
	if got[0].From != "bounces@zonvaart.example" {
		t.Errorf("the envelope comes from %s", got[0].From)
	}
	text := string(bytes.ReplaceAll(got[0].Raw, []byte("=\r\n"), nil))
	for _, want := range []string{
		"U krijgt deze mail omdat u een reis boekte. Dit is geen reclame", "Oudegracht 118, Utrecht", "https://mail.zonvaart.example/privacy",
		"https://zonvaart.example/reis/Z%201%2F2", "Zo=C3=AB &lt;b&gt;",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the mail lacks %q:\n%s", want, text)
		}
	}
	for _, word := range []string{"/unsubscribe/", "/preferences/", "<img"} {
		if strings.Contains(text, word) {
			t.Errorf("the mail has %q", word)
		}
	}
	w.until("the log says so", func() bool { return w.contract(m).State == akkoord.ContractSent })
	if m = w.contract(m); !strings.HasPrefix(m.Code, "250") || m.Reply == "" || m.Attempts != 1 {
		t.Errorf("%+v", m)
	}
}

func TestALostAnswerRepeatsTheSameTransactionalMailM9A5(t *testing.T) {
	w := newWorld(t, 0)
	w.server.SetRules(mailertest.Rule{Stage: mailertest.AtDot, Do: mailertest.Drop, Times: 1})
	w.run()
	m := w.order("bram@voorbeeld.example", "en")
	w.until("two copies", func() bool {
		w.clock.Advance(10 * time.Second)
		return len(w.server.Messages("bram@voorbeeld.example")) == 2
	})
	got := w.server.Messages("bram@voorbeeld.example")
	if !bytes.Equal(got[0].Raw, got[1].Raw) {
		t.Error("the copies differ")
	}
	w.until("it is sent", func() bool { return w.contract(m).State == akkoord.ContractSent })
}

func TestARefusedTransactionalMailIsTriedForFourDaysM8(t *testing.T) {
	w := newWorld(t, 0)
	w.server.SetRules(
		mailertest.Rule{Stage: mailertest.AtRcpt, Match: "gone@", Code: 550, Enhanced: [3]int{5, 1, 1}, Text: "no such user gone@voorbeeld.example"},
		mailertest.Rule{Stage: mailertest.AtRcpt, Match: "full@", Code: 452, Enhanced: [3]int{4, 2, 2}, Text: "full"},
	)
	w.run()
	gone, full := w.order("gone@voorbeeld.example", "nl"), w.order("full@voorbeeld.example", "nl")
	w.until("one fails", func() bool { return w.contract(gone).State == akkoord.ContractFailed })
	if m := w.contract(gone); m.Code != "550 5.1.1" || strings.Contains(m.Reply, "gone@") || m.Reply == "" {
		t.Errorf("%+v", m)
	}
	w.until("one waits", func() bool { return w.contract(full).State == akkoord.ContractDeferred })
	if m := w.contract(full); m.Code != "452 4.2.2" || !strings.HasPrefix(m.Reply, "4.2.2") {
		t.Errorf("%+v", m)
	}
	w.until("it is given up", func() bool { w.clock.Advance(time.Hour); return w.contract(full).State == akkoord.ContractFailed })
	if m := w.contract(full); m.Code != "expired" || m.DoneAt.Sub(m.At) < 3*24*time.Hour {
		t.Errorf("%+v", m)
	}
}

// What belongs to campaigns is refused by its parts, in either kind of source;
// what an invoice may say is not.
func TestCampaignContentIsRefusedInTransactionalMailM9(t *testing.T) {
	w := newWorld(t, 0)
	tester := &mailer.Tester{Press: w.press()}
	for name, c := range map[string]struct {
		text akkoord.ContractText
		ok   bool
	}{
		"words of an invoice":           {akkoord.ContractText{Markdown: "# Factuur {{order}}\n\n| Reis | € 100 |\n|---|---|\n| korting | -10 |\n\n[Bekijk](https://zonvaart.example/factuur?id={{order}}&x=1)"}, true},
		"a visible picture":             {akkoord.ContractText{HTML: `<img src="https://zonvaart.example/kaart.png" alt="kaart" width="600">`}, true},
		"a class that is no offer":      {akkoord.ContractText{HTML: `<div class="office main">{{order}}</div>`}, true},
		"a block marked as an offer":    {akkoord.ContractText{HTML: `<div class="row Offer-block">Nu 20% korting</div>`}, false},
		"an offer by schema.org":        {akkoord.ContractText{HTML: `<div itemscope itemtype="https://schema.org/Offer">x</div>`}, false},
		"an offer by a data attribute":  {akkoord.ContractText{HTML: `<table><tr><td data-block="promo">x</td></tr></table>`}, false},
		"a link to unsubscribe":         {akkoord.ContractText{Markdown: "[weg](https://other.example/unsubscribe?u=1)"}, false},
		"our own link to leave":         {akkoord.ContractText{Markdown: "[weg](https://mail.zonvaart.example/preferences/x)"}, false},
		"a campaign's parameters":       {akkoord.ContractText{Markdown: "[nieuw](https://zonvaart.example/?utm_campaign=winter)"}, false},
		"a pixel":                       {akkoord.ContractText{HTML: `<p>x</p><img src="https://zonvaart.example/p.gif" width="1" height="1" alt="">`}, false},
		"a picture of one's own":        {akkoord.ContractText{Markdown: "![x](https://zonvaart.example/{{order}}.gif)"}, false},
		"a campaign's field":            {akkoord.ContractText{Markdown: "Dag {{campaign}}"}, false},
		"a picture of one's own (html)": {akkoord.ContractText{HTML: `<img alt="x" src="https://zonvaart.example/a.gif?{{order}}">`}, false},
	} {
		spec := booking()
		spec.Texts = maps.Clone(spec.Texts)
		c.text.Reason, c.text.Subject = "Omdat u boekte.", "Boeking"
		spec.Texts["nl"] = c.text
		err := tester.CheckContract(spec)
		code := akkoord.CodeOf(err)
		if name == "a campaign's field" {
			if code != "unknown_field" {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if (err == nil) != c.ok || err != nil && code != "promotional_content" {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "texts.nl.") {
			t.Errorf("%s: the error does not say where: %v", name, err)
		}
	}
}
