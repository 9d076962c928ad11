package akkoord

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// docs/states.md: what an administrator can do with a mailing in each state.
func TestMailingMoves(t *testing.T) {
	states := []MailingState{MailingDraft, MailingScheduled, MailingSending, MailingPaused, MailingSent, MailingCancelled}
	want := map[string]map[MailingState]MailingState{
		"send":     {MailingDraft: MailingSending, MailingScheduled: MailingSending},
		"schedule": {MailingDraft: MailingScheduled, MailingScheduled: MailingScheduled},
		"pause":    {MailingSending: MailingPaused, MailingScheduled: MailingDraft},
		"resume":   {MailingPaused: MailingSending},
		"cancel":   {MailingDraft: MailingCancelled, MailingScheduled: MailingCancelled, MailingSending: MailingCancelled, MailingPaused: MailingCancelled},
		"finish":   {MailingSending: MailingSent},

		"send_again": {MailingSending: MailingSending, MailingPaused: MailingPaused, MailingSent: MailingSending},
	}
	for act, moves := range want {
		for _, from := range states {
			to, allowed := moves[from]
			got, err := from.Next(act)
			if (err == nil) != allowed || allowed && got != to || !allowed && KindOf(err) != Conflict {
				t.Errorf("%s a %s mailing: %s, %v", act, from, got, err)
			}
		}
	}
}

// C.22, M28, contract: all that stands in the way is told at once.
func TestSendableTellsAllReasons(t *testing.T) {
	complete := Sender{From: `"Zonvaart Reizen" <reisnieuws@zonvaart.example>`, Controller: "Zonvaart Reizen B.V.", PostalAddress: "Oudegracht 118, 3511 AW Utrecht", Contact: "privacy@zonvaart.example", Relay: true, Processor: "own"}
	good := Mailing{State: MailingDraft, Content: Content{Subject: "Winter", Markdown: "Beste {{name}}"}}
	with := func(f func(*Mailing)) Mailing { m := good; f(&m); return m }
	tests := map[string]struct {
		mailing Mailing
		sender  Sender
		want    []string
	}{
		"all is well":       {good, complete, nil},
		"nothing set":       {with(func(m *Mailing) { m.Content = Content{} }), Sender{}, []string{"subject_missing", "content_missing", "sender_incomplete", "sender_incomplete", "sender_incomplete", "sender_incomplete", "no_relay"}},
		"no agreement":      {good, func() Sender { s := complete; s.Processor = ""; return s }(), []string{"no_agreement"}},
		"unknown field":     {with(func(m *Mailing) { m.Content.Subject = "{{nmae}}" }), complete, []string{"unknown_field"}},
		"sent already":      {with(func(m *Mailing) { m.State = MailingSent }), complete, []string{"state"}},
		"variants inherit":  {with(func(m *Mailing) { m.Variants = []Variant{{Name: "a"}, {Name: "b", Content: Content{Subject: "B"}}} }), complete, nil},
		"variant is broken": {with(func(m *Mailing) { m.Variants = []Variant{{Name: "a"}, {Name: "b", Content: Content{HTML: "{{"}}} }), complete, []string{"template_invalid"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, r := range tt.mailing.Sendable(tt.sender) {
				got = append(got, r.Code)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// P07: every state is counted once.
func TestCountsAddUp(t *testing.T) {
	var c Counts
	for s := Queued; s <= Uncertain; s++ {
		c.Add(s, int64(s)+1)
	}
	if sum := c.Open + c.Sent + c.Deferred + c.Bounced + c.Failed + c.Uncertain + c.Skipped; sum != c.Total || c.Total != 36 || c.Open != 3 {
		t.Errorf("%+v adds up to %d", c, sum)
	}
}
