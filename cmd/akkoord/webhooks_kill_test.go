package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"akkoord/mailer/mailertest"
)

// party is an endpoint of another party. It keeps each request it gets, and answers none
// while it is asked to hold.
type party struct {
	*httptest.Server

	mu   sync.Mutex
	hold bool
	told map[string]string // type of each message that was answered, by its id
	held map[string]bool   // messages that came while nothing was answered
}

func startParty(t *testing.T) *party {
	p := &party{told: map[string]string{}, held: map[string]bool{}}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var message struct {
			Type string `json:"type"`
		}
		if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
			t.Error(err)
		}
		id := r.Header.Get("webhook-id")
		p.mu.Lock()
		hold := p.hold
		if hold {
			p.held[id] = true
		} else if had := p.told[id]; had != "" && had != message.Type {
			t.Errorf("%s is %s, and was %s", id, message.Type, had)
		} else {
			p.told[id] = message.Type
		}
		p.mu.Unlock()
		if hold {
			<-r.Context().Done() // until the one who asks is killed
		}
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *party) holding(hold bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hold = hold
}

// waiting is how many messages came and were not answered.
func (p *party) waiting() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.held)
}

// count gives how many different messages of each type were answered.
func (p *party) count() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := map[string]int{}
	for _, kind := range p.told {
		out[kind]++
	}
	return out
}

// A server that is killed while it tells another party of events tells all of them after
// it starts again, each under the id that it had: of a mailing, of who left, of a mail
// that came back and of a complaint (M28, ADR 49).
func TestAKilledServerTellsEveryEventM28(t *testing.T) {
	eachDatabase(t, func(t *testing.T, database string) {
		const people, leave = 30, 10
		relay, err := mailertest.Start(mailertest.Config{Keep: 2 * people})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = relay.Close() })
		in := installOn(t, database, relay.URL(), numbered("reiziger%02d@voorbeeld.example", people)...)
		in.env = []string{"AKKOORD_RETURN_PATH=bounces@zonvaart.example"}
		in.start()
		crm := startParty(t)
		in.must(in.api("POST", "/processors", map[string]any{"slug": "crm", "name": "CRM B.V.", "role": "webhook", "country": "NL", "agreement": map[string]any{"signed_on": "2026-01-01"}}, nil))
		in.must(in.api("POST", "/webhooks", map[string]any{"url": crm.URL, "processor": "crm",
			"events": []string{"mailing.started", "mailing.finished", "person.left", "mail.bounced", "mail.complained"}}, nil))
		mailing := in.send()
		in.await(mailing, isSent)

		crm.holding(true)
		mails := relay.Messages("")
		report := func(i int, message string) {
			req, err := http.NewRequest("POST", in.base()+"/api/v1/bounces?rcpt="+url.QueryEscape(mails[i].From), strings.NewReader(message))
			in.must(err)
			req.Header.Set("Authorization", "Bearer "+in.secret)
			req.Header.Set("Content-Type", "message/rfc822")
			res, err := client.Do(req)
			in.must(err)
			_ = res.Body.Close()
			if res.StatusCode != http.StatusOK {
				t.Errorf("a report is answered %d", res.StatusCode)
			}
		}
		report(0, multipartReport("delivery-status", "message/delivery-status", "Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; x@voorbeeld.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"))
		report(1, multipartReport("feedback-report", "message/feedback-report", "Feedback-Type: abuse\r\nVersion: 1\r\nUser-Agent: x\r\n"))
		for _, m := range mails[2 : 2+leave] {
			_, _, link, err := marks(m.Raw)
			in.must(err)
			if status, err := in.post(link, form("List-Unsubscribe", "One-Click")); err != nil || status != http.StatusOK {
				t.Fatalf("leaving answers %d (%v)", status, err)
			}
		}
		in.until("a message is held", func() bool { return crm.waiting() > 0 })
		in.kill()
		crm.holding(false)
		in.start()

		want := map[string]int{"mailing.started": 1, "mailing.finished": 1, "person.left": leave, "mail.bounced": 1, "mail.complained": 1}
		in.until(fmt.Sprintf("%v are told", want), func() bool {
			got := crm.count()
			for kind, n := range want {
				if got[kind] < n {
					return false
				}
			}
			return true
		})
		crm.mu.Lock()
		defer crm.mu.Unlock()
		for id := range crm.held {
			if crm.told[id] == "" {
				t.Errorf("%s was begun before the kill and is told no more", id)
			}
		}
	})
}

// multipartReport is a report of a mail server (RFC 6522).
func multipartReport(kind, part, text string) string {
	return "From: MAILER-DAEMON@mx.example\r\nTo: bounces@zonvaart.example\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/report; report-type=" + kind + "; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n" +
		"--b\r\nContent-Type: " + part + "\r\n\r\n" + text + "\r\n--b--\r\n"
}
