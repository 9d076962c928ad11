package mailer

import (
	"fmt"
	"time"

	"github.com/wneessen/go-mail"
)

// Notice is what the mails have that the system writes by itself. They are no
// list mail: Auto-Submitted, no List- fields, no image, no tracking and no text
// of a visitor (requirements-mail A.16, C.17, C.19, F.4).
type Notice struct {
	Sender
	Locale    string // of the form that was filled in (L.7)
	To        string // ASCII address
	MessageID string // without angle brackets; the same again on a retry
	Date      time.Time
	Requested time.Time // when the form was sent, in the zone to show it in
	Purposes  []PurposeWording
}

// PurposeWording is a purpose that was asked for and the words agreed to.
type PurposeWording struct{ Name, Wording string }

// Confirmation asks whether a sign-up was meant, and does nothing else.
type Confirmation struct {
	Notice
	ConfirmURL string    // the one link of the mail; its page has the not-me button too
	Expires    time.Time // last day of the link
	Deletion   time.Time // day on which unconfirmed data is erased
}

// Already tells a person who signed up again that nothing changes (F.14). It
// is sent at most once in 24 hours, which the caller sees to.
type Already struct {
	Notice
	PreferencesURL string
}

// noticeSheet is what the layouts of notices show.
type noticeSheet struct {
	sheet
	Heading                          string
	RequestedAt, ExpiresAt, DeleteAt string
	ConfirmURL, PreferencesURL       string
	Purposes                         []PurposeWording
}

// Confirmation renders a confirmation mail: RFC 5322, CRLF, unsigned. The same
// input gives the same bytes.
func (c *Composer) Confirmation(n Confirmation) ([]byte, error) {
	lang, locale := c.language(n.Locale)
	subject, heading, err := n.titles(lang.words)
	if err != nil {
		return nil, err
	}
	page := noticeSheet{sheet: newSheet(n.Sender, locale, subject), Heading: heading, ConfirmURL: n.ConfirmURL}
	if page.ExpiresAt, err = lang.words.day(n.Expires); err != nil {
		return nil, err
	}
	if page.DeleteAt, err = lang.words.day(n.Deletion); err != nil {
		return nil, err
	}
	return n.render(lang, "confirmation", page)
}

// titles are the subject and heading, which name what is confirmed.
func (n Confirmation) titles(w words) (subject, heading string, err error) {
	names := make([]string, len(n.Purposes))
	for i, p := range n.Purposes {
		names[i] = p.Name
	}
	key := "mail.confirm.subject"
	if len(names) != 1 {
		key = "mail.confirm.subject_several"
	}
	controller := newSheet(n.Sender, "", "").Controller
	if subject, err = w.say(key, "Purpose", w.list(names), "Controller", controller); err != nil {
		return "", "", err
	}
	heading, err = w.say("mail.confirm.heading", "Purpose", w.list(names))
	return subject, heading, err
}

// Already renders an "already signed up" mail: RFC 5322, CRLF, unsigned. The
// same input gives the same bytes.
func (c *Composer) Already(n Already) ([]byte, error) {
	lang, locale := c.language(n.Locale)
	s := newSheet(n.Sender, locale, "")
	subject, err := lang.words.say("mail.already.subject", "Controller", s.Controller)
	if err != nil {
		return nil, err
	}
	s.Title = subject
	return n.render(lang, "already", noticeSheet{sheet: s, Heading: lang.words["mail.already.heading"], PreferencesURL: n.PreferencesURL})
}

func (n Notice) render(lang language, name string, page noticeSheet) ([]byte, error) {
	var err error
	if page.RequestedAt, err = lang.words.moment(n.Requested); err != nil {
		return nil, err
	}
	page.Purposes = n.Purposes
	html, text, err := lang.draw(name, page, page)
	if err != nil {
		return nil, err
	}
	m, err := newMessage(n.Sender, page.Locale, digest("boundary of "+n.MessageID, 32), text, html)
	if err != nil {
		return nil, err
	}
	if err := m.To(n.To); err != nil {
		return nil, fmt.Errorf("%s: the recipient is no address", name) // the cause would name it
	}
	m.SetGenHeaderPreformatted(mail.HeaderSubject, string(appendSubject(nil, page.Title)))
	m.SetMessageIDWithValue(n.MessageID)
	m.SetDateWithValue(n.Date)
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	return render(m)
}
