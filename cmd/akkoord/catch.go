package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"time"

	"akkoord"
	"akkoord/mailer"
	"akkoord/mailer/mailertest"
	"akkoord/server/admin"
)

// What the built-in inbox holds: it is memory of a process that has little, and
// what was caught is gone with it.
const (
	caughtMails = 200
	caughtBytes = 8 << 20
)

// caughtReply is how mails are taken that reach nobody. It stands with each delivery
// and in the evidence of each mail that asked for a yes.
var caughtReply = mailertest.Rule{Stage: mailertest.AtDot, Code: 250, Enhanced: [3]int{2, 0, 0}, Text: "Caught by the built-in inbox: it reaches nobody"}

// refusedReply is how mails are answered that are not to be caught any more.
var refusedReply = mailertest.Rule{Stage: mailertest.AtDot, Code: 451, Enhanced: [3]int{4, 3, 0}, Text: "Mails are not caught any more"}

// trialFrom is the sender of mails that are caught where AKKOORD_FROM names none.
var trialFrom = mail.Address{Name: "Akkoord", Address: "trial@akkoord.invalid"}

// inbox takes mails in the place of a mail server (ADR 59): a mail server of our own
// on loopback, with a password that this process alone knows.
type inbox struct{ server *mailertest.Server }

func startInbox() (*inbox, mailer.Relay, error) {
	server, err := mailertest.Start(mailertest.Config{User: "akkoord", Password: rand.Text(), Keep: caughtMails, KeepBytes: caughtBytes, MaxBytes: caughtBytes / 2, Rules: []mailertest.Rule{caughtReply}})
	if err != nil {
		return nil, mailer.Relay{}, fmt.Errorf("the built-in inbox can't begin: %w", err)
	}
	relay, err := mailer.ParseRelay(server.URL() + "&connections=1")
	if err != nil {
		return nil, relay, errors.Join(err, server.Close())
	}
	return &inbox{server}, relay, nil
}

// Mails gives what was caught since a time, newest first.
func (in *inbox) Mails(since time.Time) (out []admin.CaughtMail) {
	all := in.server.Messages("")
	for i := len(all) - 1; i >= 0 && !all[i].At.Before(since); i-- {
		out = append(out, caught(all[i]))
	}
	return out
}

// Mail gives one of these.
func (in *inbox) Mail(since time.Time, id string) (admin.CaughtMail, bool) {
	m, ok := in.server.Message(id)
	if !ok || m.At.Before(since) {
		return admin.CaughtMail{}, false
	}
	return caught(m), true
}

// Take has mails taken, or, from now on, refused for a while, and forgets those that
// were caught: what is on its way as catching ends waits for a mail server.
func (in *inbox) Take(on bool) {
	if on {
		in.server.SetRules(caughtReply)
		return
	}
	in.server.SetRules(refusedReply)
	in.server.Clear()
}

func caught(m mailertest.Message) admin.CaughtMail {
	c, _ := mailertest.Parse(m.Raw) // what can't be read is left out
	out := admin.CaughtMail{ID: m.ID, To: m.To, Subject: c.Subject, At: m.At, Text: c.Text, HTML: c.HTML, Raw: m.Raw}
	if from := c.Header["From"]; len(from) > 0 {
		out.From = from[0]
	}
	return out
}

// catching reports whether mails are caught at this moment.
func (a *app) catching() bool {
	return a.inbox != nil && !remembered(&a.caughtSince, a.store.Catching).IsZero()
}

// rests reports whether jobs of a kind wait: those that send, while there is no mail
// server and mails are not caught either. Those that ask many people, or end the
// consents of who does not answer, wait for one that carries notices in any case.
func (a *app) rests(kind akkoord.JobKind) bool {
	switch kind {
	case akkoord.JobMailing, akkoord.JobSeries:
		return !a.mails() && !a.catching()
	case akkoord.JobRound, akkoord.JobRetention:
		return !a.carriesNotices()
	}
	return false
}

// mails reports whether there is a mail server: that of the settings, or a relay of the
// admin site. While AKKOORD_FROM is not set there is none: mails have no sender.
func (a *app) mails() bool { return a.site.relay != nil || len(a.relays()) > 0 }

// carriesNotices reports whether there is a mail server for mail of no mailing, such as
// confirmations and the questions of rounds.
func (a *app) carriesNotices() bool {
	return a.site.relay != nil || slices.ContainsFunc(a.relays(), func(r akkoord.Relay) bool { return r.Notices })
}

// relays gives what is known of the relays of the admin site that are in use.
func (a *app) relays() []akkoord.Relay {
	if a.site.from == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), organisationWait)
	defer cancel()
	all, err := a.store.Relays(ctx)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(all, func(r akkoord.Relay) bool { return !r.RetiredAt.IsZero() })
}

// relaySettings gives the relays of the admin site to who dials them.
func (a *app) relaySettings(ctx context.Context) ([]akkoord.RelaySettings, error) {
	if a.site.from == nil {
		return nil, nil
	}
	return a.store.RelaySettings(ctx)
}

// shownInbox gives the inbox to the admin site; nil where there is a mail server.
func (a *app) shownInbox() admin.Inbox {
	if a.inbox == nil {
		return nil
	}
	return a.inbox
}
