package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"akkoord"
)

// sent gives the number of a mailing that went to everybody.
func (f *fixture) sent(id string) int64 {
	f.t.Helper()
	public, err := akkoord.ParseID(id)
	f.check(err)
	m, err := f.store.StartMailing(f.t.Context(), akkoord.ActorSystem, public)
	f.check(err)
	for {
		w, err := f.store.Claim(f.t.Context())
		f.check(err)
		if w == nil {
			return m.ID
		}
		for i := range w.Recipients {
			f.store.Note(w, i, akkoord.Result{State: akkoord.Sent, Code: "250", At: f.clock()})
		}
		f.check(f.store.Release(f.t.Context(), w))
	}
}

func dsn(action, status, said string) string {
	return "From: MAILER-DAEMON@relay.example\r\nTo: bounces@zonvaart.example\r\nAuto-Submitted: auto-replied\r\n" +
		"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n" +
		"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example\r\n\r\nFinal-Recipient: rfc822; pim@voorbeeld.example\r\n" +
		"Action: " + action + "\r\nStatus: " + status + "\r\nDiagnostic-Code: smtp; " + said + "\r\n\r\n--b--\r\n"
}

const complaint = "From: fbl@provider.example\r\nTo: bounces@zonvaart.example\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nVersion: 1\r\n\r\n--b--\r\n"

// Contract, POST /bounces: a report is acted on before the answer; whatever does
// nothing gets 200 too, so that no mail server sends it back (J.1–J.9).
func TestReportsAreActedOnBeforeTheAnswer(t *testing.T) {
	f := newFixture(t)
	id := f.catalogue()
	p, other := f.person("pim@voorbeeld.example", true), f.person("noor@voorbeeld.example", true)
	m := f.sent(id)
	hard := dsn("failed", "5.1.1", "550 5.1.1 no such user")
	signed := f.paths.Of(m, p.ID)
	for _, c := range []struct{ name, rcpt, message, result, code, class string }{
		{"without a return path", "bounces@zonvaart.example", hard, "ignored", "token_missing", ""},
		{"forged", strings.Replace(signed, "+", "+aaaa", 1), hard, "ignored", "token_invalid", ""},
		{"an absence", signed, "Auto-Submitted: auto-replied\r\nSubject: Afwezig\r\n\r\nweg", "ignored", "auto_reply", ""},
		{"only delayed", signed, dsn("delayed", "4.4.1", "timed out"), "ignored", "not_final", ""},
		{"no report", signed, "Subject: hallo\r\n\r\nhallo", "ignored", "no_report", ""},
		{"no message", signed, "\x00", "ignored", "unreadable", ""},
		{"of nobody", f.paths.Of(m, 999), hard, "ignored", "unknown_mail", ""},
		{"of no mailing", f.paths.Of(999, p.ID), hard, "ignored", "unknown_mail", ""},
		{"the report", signed, hard, "bounced", "", "hard"},
		{"again", signed, hard, "ignored", "already", ""},
		{"about us", f.paths.Of(m, other.ID), dsn("failed", "5.7.26", "550 5.7.26 blocked"), "bounced", "", "policy"},
		{"a complaint", f.paths.Of(m, other.ID), complaint, "complained", "", ""},
	} {
		a := f.call(akkoord.RoleMail, "POST", "/bounces?rcpt="+url.QueryEscape(c.rcpt), c.message, "Content-Type: message/rfc822")
		if a.status != http.StatusOK || a.str("result") != c.result || a.str("code") != c.code || a.str("class") != c.class {
			t.Errorf("%s: %d %s", c.name, a.status, a.raw)
		}
	}
	got := f.must("GET", "/mailings/"+id, "").object()
	if got["total"] != 2.0 || got["bounced"] != 2.0 || got["sent"] != 0.0 {
		t.Errorf("P07: the mailing's figures are %v", got)
	}
	if r := got["reports"].(map[string]any); r["complaints"] != 1.0 || r["bounces"].(map[string]any)["hard"] != 1.0 {
		t.Errorf("the mailing's reports are %v", r)
	}
	for address, code := range map[string]string{"pim@voorbeeld.example": "bounced", "noor@voorbeeld.example": "complained"} {
		if a := f.must("GET", "/gate?purpose=travel-news&email="+address, ""); a.str("code") != code {
			t.Errorf("the gate says of %s: %s", address, a.raw)
		}
	}
	counts := f.api.Reported()
	for name, n := range map[string]uint64{"hard": 1, "policy": 1, "complaint": 1, "token_invalid": 1, "already": 1, "unknown_mail": 2} {
		if counts[name] != n {
			t.Errorf("%d reports counted as %s, want %d", counts[name], name, n)
		}
	}

	byHeader := strings.Replace(hard, "To: bounces@zonvaart.example", "Delivered-To: "+f.paths.Of(m, other.ID)+"\r\nTo: somebody@else.example", 1)
	if a := f.call(akkoord.RoleMail, "POST", "/bounces", byHeader, "Content-Type: message/rfc822"); a.str("code") != "already" {
		t.Errorf("the return path from Delivered-To: %s", a.raw)
	}
	if a := f.call(akkoord.RoleMail, "POST", "/bounces", ""); a.status != http.StatusBadRequest || a.str("code") != "body_missing" {
		t.Errorf("an empty message: %d %s", a.status, a.raw)
	}
	if a := f.call(akkoord.RoleMail, "POST", "/bounces", hard+strings.Repeat("x", 25<<20), "Content-Type: message/rfc822"); a.status != http.StatusRequestEntityTooLarge {
		t.Errorf("J.14: 25 MB: %d %s", a.status, a.raw)
	}
}
