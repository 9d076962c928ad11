package mailer

import (
	"fmt"
	"time"

	"github.com/wneessen/go-mail"

	"akkoord"
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
	Tracking  string         // the words of the box about clicks, where it was ticked
	Alarm     *akkoord.Alarm // of the mail to staff, in the zone to show it in
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

// Renewal asks somebody who agreed to less than a purpose asks for by now
// whether they agree to its present words too (M4).
type Renewal struct {
	Notice
	ConfirmURL     string
	PreferencesURL string
	Expires        time.Time // last day of the link
}

// Own is a mail that is about the person's own data and no sign-up: the link to
// it, the link that confirms a new address (M21), or word of that to the old
// address, which has no link: whoever reads that mailbox may be somebody else.
type Own struct {
	Notice
	URL     string
	Expires time.Time // of the link
}

// Still asks somebody who gave no sign of life for long whether they still want
// a purpose (M18). It is the one purpose of the notice; Requested is when they
// said yes.
type Still struct {
	Notice
	URL      string // the page with the yes
	LeaveURL string
	Ends     time.Time // when the consent ends without an answer
}

// noticeSheet is what the layouts of notices show.
type noticeSheet struct {
	sheet
	Heading                          string
	RequestedAt, ExpiresAt, DeleteAt string
	ConfirmURL, PreferencesURL       string
	LeaveURL                         string
	Again                            bool // it is the second time that this is asked
	Alarm                            *alarmSheet
	Purposes                         []PurposeWording
	Tracking                         string
}

// noticePlate is the skeleton of a notice, for all who asked for the same
// purposes in the same words and language.
type noticePlate struct {
	*Skeleton
	words words
}

// Confirmation renders a confirmation mail: RFC 5322, CRLF, unsigned. The same
// input gives the same bytes.
func (c *Composer) Confirmation(n Confirmation) ([]byte, error) {
	p, err := c.castNotice(akkoord.MailConfirm, n.Notice)
	if err != nil {
		return nil, err
	}
	return p.appendConfirmation(nil, &n)
}

// Already renders an "already signed up" mail: RFC 5322, CRLF, unsigned. The
// same input gives the same bytes.
func (c *Composer) Already(n Already) ([]byte, error) {
	p, err := c.castNotice(akkoord.MailAlready, n.Notice)
	if err != nil {
		return nil, err
	}
	return p.appendAlready(nil, &n)
}

func (p *noticePlate) appendConfirmation(dst []byte, n *Confirmation) ([]byte, error) {
	c, err := p.copyFor(&n.Notice)
	if err != nil {
		return nil, err
	}
	c.ConfirmURL = n.ConfirmURL
	if c.ExpiresAt, err = p.words.day(n.Expires); err != nil {
		return nil, err
	}
	if c.DeleteAt, err = p.words.day(n.Deletion); err != nil {
		return nil, err
	}
	return p.Append(dst, c), nil
}

func (p *noticePlate) appendAlready(dst []byte, n *Already) ([]byte, error) {
	c, err := p.copyFor(&n.Notice)
	if err != nil {
		return nil, err
	}
	c.PreferencesURL = n.PreferencesURL
	return p.Append(dst, c), nil
}

func (p *noticePlate) appendRenewal(dst []byte, n *Renewal) ([]byte, error) {
	c, err := p.copyFor(&n.Notice)
	if err != nil {
		return nil, err
	}
	c.ConfirmURL, c.PreferencesURL = n.ConfirmURL, n.PreferencesURL
	if c.ExpiresAt, err = p.words.day(n.Expires); err != nil {
		return nil, err
	}
	return p.Append(dst, c), nil
}

// Renewal renders the question of a re-permission round, the first or the
// reminder: RFC 5322, CRLF, unsigned. The same input gives the same bytes.
func (c *Composer) Renewal(kind akkoord.SystemMail, n Renewal) ([]byte, error) {
	p, err := c.castNotice(kind, n.Notice)
	if err != nil {
		return nil, err
	}
	return p.appendRenewal(nil, &n)
}

func (p *noticePlate) appendOwn(dst []byte, n *Own) ([]byte, error) {
	c, err := p.copyFor(&n.Notice)
	if err != nil {
		return nil, err
	}
	c.ConfirmURL = n.URL
	if c.ExpiresAt, err = p.words.moment(n.Expires); err != nil {
		return nil, err
	}
	return p.Append(dst, c), nil
}

// Own renders a mail of a kind about the person's own data: RFC 5322, CRLF,
// unsigned. The same input gives the same bytes.
func (c *Composer) Own(kind akkoord.SystemMail, n Own) ([]byte, error) {
	p, err := c.castNotice(kind, n.Notice)
	if err != nil {
		return nil, err
	}
	return p.appendOwn(nil, &n)
}

func (p *noticePlate) appendStill(dst []byte, n *Still) ([]byte, error) {
	c, err := p.copyFor(&n.Notice)
	if err != nil {
		return nil, err
	}
	c.ConfirmURL, c.UnsubscribeURL = n.URL, n.LeaveURL
	if c.RequestedAt, err = p.words.day(n.Requested); err != nil {
		return nil, err
	}
	if c.DeleteAt, err = p.words.day(n.Ends); err != nil {
		return nil, err
	}
	return p.Append(dst, c), nil
}

// Still renders a mail that asks whether a purpose is still wanted, the first
// or the second of them: RFC 5322, CRLF, unsigned. The same input gives the
// same bytes.
func (c *Composer) Still(kind akkoord.SystemMail, n Still) ([]byte, error) {
	p, err := c.castNotice(kind, n.Notice)
	if err != nil {
		return nil, err
	}
	return p.appendStill(nil, &n)
}

func (p *noticePlate) copyFor(n *Notice) (*Copy, error) {
	requested, err := p.words.moment(n.Requested)
	return &Copy{To: n.To, Date: n.Date, MessageID: n.MessageID, RequestedAt: requested}, err
}

// castNotice renders a notice with a gap for all that differs between people.
// Its boundary follows from its text, so that a retry after a restart is the
// same message again (A.4).
func (c *Composer) castNotice(kind akkoord.SystemMail, n Notice) (*noticePlate, error) {
	if err := n.check(); err != nil {
		return nil, err
	}
	lang, locale := c.language(n.Locale)
	gaps := &marks{}
	page := noticeSheet{
		sheet: newSheet(n.Sender, locale, ""), Purposes: n.Purposes, Tracking: n.Tracking,
		RequestedAt: gaps.add(slotRequested), ExpiresAt: gaps.add(slotExpires), DeleteAt: gaps.add(slotDeletion),
		ConfirmURL: gaps.add(slotConfirm), PreferencesURL: gaps.add(slotPreferences), LeaveURL: gaps.add(slotUnsubscribe),
		Again: kind == akkoord.MailStillAgain || kind == akkoord.MailRenewAgain,
	}
	if n.Alarm != nil {
		var err error
		if page.Alarm, err = n.alarmSheet(lang.words); err != nil {
			return nil, err
		}
	}
	name, err := page.setTitles(kind, lang.words)
	if err != nil {
		return nil, err
	}
	html, text, err := lang.draw(name, page, page)
	if err != nil {
		return nil, err
	}
	if gaps.strange(html) || gaps.strange(text) {
		return nil, errMark
	}
	boundary := digest("boundary of "+html+text, 32)
	raw, err := n.render(page, boundary, text, html, gaps)
	if err != nil {
		return nil, err
	}
	s := &Skeleton{slots: gaps.slots}
	s.message, err = cutMessage(raw, boundary, s.slots)
	return &noticePlate{s, lang.words}, err
}

// setTitles sets the subject and heading, which name what is confirmed, and
// gives the name of the layout.
func (s *noticeSheet) setTitles(kind akkoord.SystemMail, w words) (layout string, err error) {
	switch kind {
	case akkoord.MailAlready, akkoord.MailOwnData, akkoord.MailAddress, akkoord.MailMoved, akkoord.MailAlarm:
		s.Heading = w["mail."+string(kind)+".heading"]
		s.Title, err = w.say("mail."+string(kind)+".subject", "Controller", s.Controller)
		return string(kind), err
	}
	names := make([]string, len(s.Purposes))
	for i, p := range s.Purposes {
		names[i] = p.Name
	}
	part, layout := "mail.confirm.", "confirmation"
	if kind.IsRenewal() {
		part, layout = "mail."+string(kind)+".", string(akkoord.MailRenew)
	}
	key := part + "subject"
	if len(names) != 1 && !kind.IsRenewal() {
		key = part + "subject_several"
	}
	if kind == akkoord.MailStill || kind == akkoord.MailStillAgain {
		s.Heading = w["mail.still.heading"]
		s.Title, err = w.say("mail."+string(kind)+".subject", "Purpose", w.list(names), "Controller", s.Controller)
		return "still", err
	}
	if s.Title, err = w.say(key, "Purpose", w.list(names), "Controller", s.Controller); err != nil {
		return "", err
	}
	s.Heading, err = w.say(part+"heading", "Purpose", w.list(names))
	return layout, err
}

// check refuses texts that would be taken for a gap.
func (n Notice) check() error {
	texts := append(n.Sender.texts(), n.Tracking)
	for _, p := range n.Purposes {
		texts = append(texts, p.Name, p.Wording)
	}
	if n.Alarm != nil {
		texts = append(texts, n.Alarm.Holder, n.Alarm.Reason)
	}
	return checkMarks(texts...)
}

func (n Notice) render(page noticeSheet, boundary, text, html string, gaps *marks) ([]byte, error) {
	m, err := newMessage(n.Sender, page.Locale, boundary, text, html)
	if err != nil {
		return nil, err
	}
	if err := m.To(gaps.add(slotTo) + markHost); err != nil {
		return nil, fmt.Errorf("compose: %w", err)
	}
	m.SetGenHeaderPreformatted(mail.HeaderSubject, string(appendSubject(nil, page.Title)))
	m.SetMessageIDWithValue(gaps.add(slotMessageID))
	m.SetGenHeader(mail.HeaderDate, gaps.add(slotDate))
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	return render(m)
}
