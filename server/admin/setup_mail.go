package admin

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"akkoord"
	"akkoord/templates"
)

// Relay is what the settings say of the mail server; empty: none is set.
type Relay struct{ Addr, TLS, Host string }

const (
	mailPath = setupPath + "/mail"
	tryWait  = 10 * time.Second // for a test of the mail server
)

// setupMail shows how mail goes out. Name servers are asked when ?dns=1 says so, and
// the mail server with them: where they don't answer that takes five seconds. What
// they say of the domain is shown; the rest is on the page of deliverability.
func (s *Site) setupMail(w http.ResponseWriter, r *http.Request, v visit) error {
	var page templates.SetupMailPage
	if r.URL.Query().Get("dns") != "" {
		for _, f := range s.cfg.Delivering.Deliverability(r.Context(), true).Findings {
			if f.What != "relay" && f.What != "ptr" {
				page.Findings = append(page.Findings, deliveryFinding(f))
			}
		}
	}
	return s.showMail(w, r, v, page)
}

func (s *Site) showMail(w http.ResponseWriter, r *http.Request, v visit, page templates.SetupMailPage) error {
	var err error
	if page.Setup, err = s.setupFrame(r, v, "mail"); err != nil {
		return err
	}
	page.Path = mailPath
	page.CanCatch, page.CatchingSince = s.cfg.Inbox != nil, v.catching
	f := s.cfg.Sender()
	page.Relay, page.TLS, page.From, page.TestTo, page.Processor = s.cfg.Relay.Addr, s.cfg.Relay.TLS, f.From, v.user.Email, f.Processor
	page.Own = f.Processor == akkoord.OwnProcessor
	_, sender, _ := strings.Cut(f.From, "@")
	page.Domain = strings.TrimSuffix(sender, ">")
	if strings.HasSuffix(page.Domain, ".invalid") { // of a trial
		page.Domain = ""
	}
	if f.Processor == "" || page.Own {
		return s.page(w, v, http.StatusOK, page)
	}
	why, err := s.cfg.Store.ProcessorObstacles(r.Context(), f.Processor)
	if err != nil {
		return err
	}
	for _, reason := range why {
		page.Blockers = append(page.Blockers, templates.Blocker{Code: reason.Code, Text: reason.Message})
	}
	page.Party = privacyPrefix + "/processors"
	if akkoord.CheckSlug("slug", f.Processor) == nil {
		page.Party += "?" + url.Values{"slug": {f.Processor}, "name": {s.cfg.Relay.Host}}.Encode() + "#add"
	}
	return s.page(w, v, http.StatusOK, page)
}

// tryRelay goes through a whole conversation with the mail server, up to a mail
// to the user's own address, and tells how far it came.
func (s *Site) tryRelay(w http.ResponseWriter, r *http.Request, v visit) error {
	to, err := akkoord.ParseEmail(v.user.Email)
	if err != nil {
		return err
	}
	if err := s.cfg.Store.BeginRelayTest(r.Context(), v.user.Actor(), "", to); err != nil {
		return s.done(w, r, err, "", mailPath)
	}
	ctx, cancel := context.WithTimeout(r.Context(), tryWait)
	defer cancel()
	page := templates.SetupMailPage{Tried: true, Works: true}
	for _, step := range s.cfg.Mail.Try(ctx, to, v.locale) {
		page.Tries = append(page.Tries, templates.RelayStep{Key: step.Name, Code: step.Code, Text: step.Text})
		page.Works = page.Works && step.Code == ""
	}
	return s.showMail(w, r, v, page)
}
