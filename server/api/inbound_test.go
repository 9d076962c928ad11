package api_test

import (
	"net/http"
	"strings"
	"testing"

	"akkoord"
)

// C.12: a program that holds no right but this hands messages over; only those
// with a signed address do anything, and all get 200, so that none is sent back.
func TestMessagesToTheAddressForLeaving(t *testing.T) {
	f := newFixture(t)
	id := f.catalogue()
	p := f.person("pim@voorbeeld.example", true)
	public, err := akkoord.ParseID(id)
	f.check(err)
	mailing, err := f.store.Mailing(t.Context(), public)
	f.check(err)
	signed := f.leave.Of(mailing.ID, p.ID)
	message := "From: pim@elders.example\r\nDate: Tue, 24 Nov 2026 10:00:00 +0100\r\nTo: " + signed + "\r\nSubject: unsubscribe\r\n\r\ncaf\xe9"
	for _, c := range []struct{ name, query, message, result, code string }{
		{"without a token", "?rcpt=leave@zonvaart.example", strings.Replace(message, signed, "leave@zonvaart.example", 1), "ignored", "token_missing"},
		{"forged", "", strings.Replace(message, "To: leave+", "To: leave+aaaa", 1), "ignored", "token_invalid"},
		{"an absence", "", "Auto-Submitted: auto-replied\r\n" + message, "ignored", "auto_reply"},
		{"of nobody", "?rcpt=" + strings.ReplaceAll(f.leave.Of(mailing.ID, 999), "+", "%2B"), message, "already", ""},
		{"of no mailing", "?rcpt=" + strings.ReplaceAll(f.leave.Of(999, p.ID), "+", "%2B"), message, "already", ""},
		{"the message", "", message, "left", ""},
		{"again", "", message, "already", ""},
	} {
		before, err := f.store.Events(t.Context(), p.ID)
		f.check(err)
		a := f.call(akkoord.RoleMail, "POST", "/inbound"+c.query, c.message, "Content-Type: message/rfc822")
		if a.status != http.StatusOK || a.str("result") != c.result || a.str("code") != c.code {
			t.Errorf("%s: %d %s", c.name, a.status, a.raw)
		}
		after, err := f.store.Events(t.Context(), p.ID)
		f.check(err)
		if want := len(before); c.result == "left" && len(after) != want+1 || c.result != "left" && len(after) != want {
			t.Errorf("%s: %d lines became %d", c.name, len(before), len(after))
		}
	}
	events, err := f.store.Events(t.Context(), p.ID)
	f.check(err)
	last := events[len(events)-1]
	if last.Kind != akkoord.Withdrew || last.Source != "mail" || last.Actor != akkoord.ActorPerson || last.MailingID != mailing.ID || last.Evidence.Zone != "+01:00" {
		t.Errorf("M12: the ledger says %+v", last)
	}
	if l := f.must("GET", "/mailings/"+id, "").object()["leavings"].(map[string]any)["places"].(map[string]any); l["mail"] != 1.0 {
		t.Errorf("M11: the mailing's figures say %v", l)
	}
	want := map[string]uint64{"left": 1, "already": 3, "auto_reply": 1, "token_missing": 1, "token_invalid": 1, "unreadable": 0}
	for result, n := range f.api.Incoming() {
		if n != want[result] {
			t.Errorf("%d messages counted as %s, want %d", n, result, want[result])
		}
	}
	if a := f.call(akkoord.RoleMail, "POST", "/inbound", ""); a.status != http.StatusBadRequest || a.str("code") != "body_missing" {
		t.Errorf("an empty message: %d %s", a.status, a.raw)
	}
	if a := f.call(akkoord.RoleMail, "POST", "/inbound", message+strings.Repeat("x", 25<<20), "Content-Type: message/rfc822"); a.status != http.StatusRequestEntityTooLarge {
		t.Errorf("J.14: 25 MB: %d %s", a.status, a.raw)
	}
}
