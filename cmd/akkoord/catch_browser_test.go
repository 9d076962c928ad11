package main

import (
	"strings"
	"testing"

	"github.com/go-rod/rod/lib/input"
)

// Without a mail server or a sender the whole set-up can be gone through with mails
// that are caught: each lamp of the strip lights up, a first campaign reaches the
// owner's own inbox, and every page says that nobody else gets anything. What a visitor
// is owed waits, and goes once there is a mail server (issue 7.1, ADR 59).
func TestTheSetUpWithMailsThatAreCaughtInABrowser(t *testing.T) {
	t.Parallel()
	const eva, visitor, password = "eva@zonvaart.example", "bezoeker@voorbeeld.example", "vier woorden die ik leuk vind"
	in, server, _ := fresh(t)
	in.kill()
	var rest []string
	for _, set := range in.only {
		if !strings.HasPrefix(set, "AKKOORD_SMTP=") && !strings.HasPrefix(set, "AKKOORD_FROM=") {
			rest = append(rest, set)
		}
	}
	all := in.only
	in.only = rest
	in.start()
	d := &demonstration{t: t, site: in.base()}
	v := open(t, openBrowser(t), d)
	write := func(field, text string) {
		t.Helper()
		v.tabTo("#" + field)
		v.Keyboard.MustType(input.End)
		v.MustInsertText(text)
	}
	const says = "Proef: mails worden hier opgevangen en bereiken niemand."
	trial := func() {
		t.Helper()
		if text := v.MustElement("main").MustText(); !strings.Contains(text, says) {
			t.Errorf("%s does not say that mails are caught: %s", v.MustInfo().URL, text)
		}
	}

	v.goTo(in.setupLink() + "&locale=nl")
	write("email", eva)
	write("password", password)
	write("again", password)
	v.press("main button[type=submit]")
	v.goTo(d.site + "/admin/setup/who?locale=nl")
	write("controller", demoController)
	write("postal_address", demoAddress)
	write("contact", demoContact)
	v.press("main form button")
	v.looks("Mail")
	v.shoot("catch-offered")
	v.press("button[value=catch]")
	v.looks("Mail")
	trial()
	v.shoot("catch-mail")
	v.press("form[action='/admin/setup/mail'] button")
	v.looks("Mail")
	if text := v.MustElement("#try ~ .notice.ok").MustText(); !strings.Contains(text, eva) {
		t.Errorf("the test mail: %s", text)
	}

	v.goTo(d.site + "/admin/setup")
	v.looks("Eerste doel")
	trial()
	v.press("main form button")
	v.goTo(d.site + "/admin/setup")
	v.looks("Probeer het")
	sign := func(address string) {
		t.Helper()
		v.goTo(d.site + "/f/home?locale=nl")
		write("email", address)
		v.tabTo("input[name=purpose]")
		v.Keyboard.MustType(input.Space)
		v.takeTime()
		v.press("main button[type=submit]")
	}
	sign(visitor)
	v.goTo(d.site + "/admin/setup/try")
	sign(eva)
	v.lit(in, 3)
	trial()
	v.shoot("catch-try")
	v.goTo(d.site + "/admin/inbox")
	v.looks("Opgevangen mails")
	v.shoot("catch-inbox")
	if mails := v.MustElements(".caught a"); len(mails) != 2 {
		t.Fatalf("%d mails are caught, not the test mail and the owner's", len(mails))
	}
	v.press(".caught a")
	v.looks("Bevestig")
	v.shoot("catch-read")
	confirm := v.MustElement("iframe").MustFrame().MustElement("a[href*='/confirm/']").MustProperty("href").String()
	v.goTo(confirm)
	v.press("form.ask button")
	v.lit(in, 5)

	v.goTo(d.site + "/admin/setup")
	v.press("main form button")
	v.press("main form button") // a draft in the new campaign
	write("subject", "Sneeuw")
	write("body", "De sneeuw ligt er.")
	v.press("button[name=act][value=done]")
	trial()
	v.press("button[name=act][value=send]")
	in.until("the campaign's mail", func() bool {
		v.goTo(d.site + "/admin/inbox")
		return len(v.MustElements(".caught a")) == 3
	})
	if text := v.MustElement(".caught").MustText(); strings.Contains(text, visitor) || !strings.Contains(text, "Sneeuw") {
		t.Errorf("caught is: %s", text)
	}

	in.kill()
	in.only = all
	in.start()
	if mail := in.mailTo(server, visitor, 1); !strings.Contains(mail, "/confirm/") {
		t.Errorf("the visitor's mail: %s", mail)
	}
	v.goTo(d.site + "/admin")
	if text := v.MustElement("main").MustText(); strings.Contains(text, says) {
		t.Error("with a mail server the site still says that mails are caught")
	}
	if n := len(server.Messages(eva)); n != 0 {
		t.Errorf("%d mails to the owner went out that were caught before", n)
	}
}
