package admin

import (
	"net/http"
	"regexp"
	"slices"
	"time"

	"akkoord"
	"akkoord/templates"
)

// Inbox has the mails that were caught in the place of a mail server (ADR 59), in the
// memory of this process.
type Inbox interface {
	Mails(since time.Time) []CaughtMail // newest first
	Mail(since time.Time, id string) (CaughtMail, bool)
	Take(on bool) // without it mails are refused for a while, and what was caught is forgotten
}

// CaughtMail is a mail that reached nobody.
type CaughtMail struct {
	ID            string
	From, Subject string
	To            []string
	At            time.Time
	Text, HTML    string
	Raw           []byte
}

const inboxPath = Prefix + "/inbox"

// caughtPolicy is personPolicy for a mail whose links are there to be followed: they
// open in a tab of their own, and nothing else of it does anything.
const caughtPolicy = personPolicy + " allow-popups allow-popups-to-escape-sandbox"

// inbox lists what was caught.
func (s *Site) inbox(w http.ResponseWriter, r *http.Request, v visit) error {
	page := templates.InboxPage{Admin: s.frame(r, v, "campaigns")}
	if v.catching.IsZero() {
		return s.page(w, v, http.StatusOK, page)
	}
	page.Elsewhere = s.cfg.Store.Nodes() > 1
	for _, m := range s.cfg.Inbox.Mails(v.catching) {
		if !m.isTo(v.user) {
			continue
		}
		page.Mails = append(page.Mails, templates.CaughtRow{URL: inboxPath + "/" + m.ID, Subject: m.Subject, To: m.To, At: m.At})
	}
	return s.page(w, v, http.StatusOK, page)
}

// isTo reports whether a mail went to a user: everybody opens their own alone, whose
// links act for them.
func (m CaughtMail) isTo(u akkoord.User) bool {
	own, err := akkoord.ParseEmail(u.Email)
	return err == nil && slices.ContainsFunc(m.To, func(to string) bool {
		email, err := akkoord.ParseEmail(to)
		return err == nil && email == own
	})
}

// openCaught gives the user one of their own to be read, and leaves a line about it: one
// for a page and what it shows in its frame (M27).
func (s *Site) openCaught(r *http.Request, v visit) (m CaughtMail, err error) {
	ctx, ok := r.Context(), false
	if !v.catching.IsZero() {
		m, ok = s.cfg.Inbox.Mail(v.catching, r.PathValue("mail"))
	}
	if !ok || !m.isTo(v.user) {
		return m, errNothing
	}
	if s.looked(ctx, "caught "+m.ID) {
		return m, nil
	}
	return m, s.cfg.Store.Audit(ctx, v.user.Actor(), "mail.read", "inbox", "")
}

// caughtMail shows one of these, as it would be read.
func (s *Site) caughtMail(w http.ResponseWriter, r *http.Request, v visit) error {
	m, err := s.openCaught(r, v)
	if err != nil {
		return err
	}
	page := templates.CaughtPage{Admin: s.frame(r, v, "campaigns"), Back: inboxPath, Subject: m.Subject, From: m.From, To: m.To, At: m.At, Text: m.Text, Raw: r.URL.Path + "/raw"}
	if m.HTML != "" {
		page.Frame = r.URL.Path + "/html"
	}
	return s.page(w, v, http.StatusOK, page)
}

var openingHead = regexp.MustCompile(`(?i)<head(\s[^>]*)?>`)

// caughtFrame gives the HTML of one for its frame.
func (s *Site) caughtFrame(w http.ResponseWriter, r *http.Request, v visit) error {
	m, err := s.openCaught(r, v)
	if err == nil && m.HTML == "" {
		err = errNothing
	}
	if err != nil {
		return err
	}
	const base = `<base target="_blank">`
	if at := openingHead.FindStringIndex(m.HTML); at != nil {
		m.HTML = m.HTML[:at[1]] + base + m.HTML[at[1]:]
	} else {
		m.HTML = base + m.HTML
	}
	w.Header().Set("Content-Security-Policy", caughtPolicy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(m.HTML)) // the reader may have gone
	return nil
}

// caughtSource gives one as it was sent, with its headers.
func (s *Site) caughtSource(w http.ResponseWriter, r *http.Request, v visit) error {
	m, err := s.openCaught(r, v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Security-Policy", previewPolicy)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write(m.Raw) // the reader may have gone
	return nil
}

var errHasRelay = akkoord.Errorf(akkoord.Conflict, "relay_set", "AKKOORD_SMTP names a mail server: mails go to it. Take that setting away first if they are to be caught here.")

// setCatching has mails caught here, or not any more: then they are refused before
// that is on record.
func (s *Site) setCatching(w http.ResponseWriter, r *http.Request, v visit) error {
	notices := map[string]string{"catch": "caught", "leave": "not_caught"}
	act := r.PostForm.Get("act")
	notice, known := notices[act]
	if !known {
		return errNoAct
	}
	if s.cfg.Inbox == nil {
		return s.done(w, r, errHasRelay, "", mailPath)
	}
	on := act == "catch"
	if !on {
		s.cfg.Inbox.Take(false)
	}
	err := s.cfg.Store.SetCatching(r.Context(), v.user.Actor(), on)
	if on && err == nil || !on && err != nil {
		s.cfg.Inbox.Take(true)
	}
	return s.done(w, r, err, notice, mailPath)
}
