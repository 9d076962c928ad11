package mailer

import (
	"bytes"
	"encoding/hex"
	"fmt"
	htmltemplate "html/template"
	"io"
	"strconv"
	"strings"

	"github.com/wneessen/go-mail"
	"golang.org/x/net/html"

	"akkoord"
)

// MaxHTML is how many bytes an HTML part can have. Gmail clips near 102 KB and
// would hide the footer (requirements-mail A.18).
const MaxHTML = 100 << 10

// Letter is one mailing in one variant and language, before it is anyone's.
// Subject, Preheader and the body can hold fields (akkoord.Template).
type Letter struct {
	Sender
	CampaignSlug, CampaignName string
	PurposeSlug, PurposeName   string
	MailingID                  akkoord.ID
	Basis                      akkoord.Basis // why people get it, said in the footer; empty is consent
	Locale                     string        // of its reader, and of the words around what it says
	Language                   string        // of what it says; empty: Locale
	Subject                    string
	Preheader                  string // optional line that mail programs show beside the subject
	Markdown                   string // the body, unless HTML or Blocks is set
	HTML                       string
	Blocks                     string   // as akkoord.FormatBlocks writes them
	Everything                 bool     // every block is shown, whoever it is for
	Interests                  []string // of the reader: which blocks are shown

	// Track gives the numbers of links that are to be counted, in order; nil:
	// none is, and the author's URLs stay as they are (M22).
	Track func([]akkoord.MailLink) ([]int64, error)
}

// campaignSheet is what the layout of a campaign shows.
type campaignSheet struct {
	sheet
	Body                                    any
	Reason, CampaignName                    string
	UnsubscribeURL, PreferencesURL, ViewURL string
}

// Campaign renders a letter once, with the footer that the law and the contract
// ask for in both parts; there is no way to leave it out (M5, M11). Errors:
// sender_incomplete with all reasons, and about the letter unknown_field,
// template_invalid, link_refused, text_invalid, html_invalid, mail_too_large.
func (c *Composer) Campaign(l Letter) (*Skeleton, error) {
	d, err := c.draft(l)
	if err != nil {
		return nil, err
	}
	boundary, err := c.boundary()
	if err != nil {
		return nil, err
	}
	raw, err := d.render(boundary)
	if err != nil {
		return nil, err
	}
	s := &Skeleton{slots: d.gaps.slots, subject: d.subject, html: cut([]byte(d.html), placePage, placePageURL)}
	s.message, err = cutMessage(raw, boundary, s.slots)
	return s, err
}

// draft is a letter with a mark at each gap, not yet encoded.
type draft struct {
	Letter
	locale     string // of the words around the letter
	gaps       marks
	subject    []slot
	text, html string
}

func (c *Composer) draft(l Letter) (*draft, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	w, err := c.write(l)
	if err != nil {
		return nil, err
	}
	d := &draft{Letter: l, locale: w.locale, gaps: w.gaps}
	for _, p := range w.subject.Parts() {
		d.subject = append(d.subject, newFieldSlot(p, w.constants))
	}
	reason, err := w.lang.words.say(reasonKey(l.Basis), "Controller", l.Controller, "Purpose", l.PurposeName)
	if err != nil {
		return nil, err
	}
	page := campaignSheet{
		sheet: d.gaps.sheet(w), Reason: reason, CampaignName: l.CampaignName,
		UnsubscribeURL: d.gaps.add(slotUnsubscribe), PreferencesURL: d.gaps.add(slotPreferences), ViewURL: d.gaps.add(slotView),
	}
	page.Preheader = d.gaps.template(w.preheader, w.constants)
	textPage := page
	page.Body, textPage.Body = htmltemplate.HTML(w.html), plainText(w.body)
	if d.html, d.text, err = w.lang.draw("campaign", page, textPage); err != nil {
		return nil, err
	}
	if d.gaps.strange(d.html) || d.gaps.strange(d.text) {
		return nil, errMark
	}
	if len(d.html) > MaxHTML {
		return nil, akkoord.Errorf(akkoord.TooLarge, "mail_too_large", "This mail has %d KB; with more than %d KB mail programs cut off its end.", len(d.html)>>10, MaxHTML>>10)
	}
	return d, nil
}

// written is what a letter says, before words of ours stand around it.
type written struct {
	Letter
	lang               language
	locale             string // of the words around it
	constants          map[string]string
	gaps               marks
	subject, preheader akkoord.Template
	body               *html.Node // sanitised, with a mark at each gap
	html               string     // of it, with the decoy where links are counted
}

func (c *Composer) write(l Letter) (*written, error) {
	w := &written{Letter: l}
	w.lang, w.locale = c.language(l.Locale)
	w.constants = map[string]string{"campaign": l.CampaignName, "purpose": l.PurposeName, "locale": w.locale}
	var err error
	if w.subject, err = lineTemplate("subject", l.Subject); err != nil {
		return nil, err
	}
	if w.preheader, err = lineTemplate("preheader", l.Preheader); err != nil {
		return nil, err
	}
	if w.body, err = l.body(w.lang, &w.gaps, w.constants); err != nil {
		return nil, err
	}
	decoy, err := l.links(w.body, &w.gaps)
	if err != nil {
		return nil, err
	}
	var fragment bytes.Buffer
	if err := renderChildren(&fragment, w.body); err != nil {
		return nil, err
	}
	fragment.WriteString(decoy)
	w.html = fragment.String()
	return w, nil
}

// sheet gives what the layout of a letter shows, with its subject as the title.
func (m *marks) sheet(w *written) sheet {
	s := newSheet(w.Sender, w.locale, m.template(w.subject, w.constants))
	if w.Language != "" && w.Language != w.locale {
		s.Locale, s.Dir, s.Around, s.AroundDir = w.Language, direction(w.Language), w.locale, direction(w.locale)
	}
	s.Blocks, s.Logo = w.Blocks != "" || hasColumns(w.body), w.Logo
	return s
}

// strange reports whether a rendered text holds a mark that was not handed
// out. Authors can make one of pieces that tags or character references keep
// apart until the text is rendered.
func (m *marks) strange(rendered string) bool { return strange(rendered, m.slots) }

func strange[T string | []byte](rendered T, slots []slot) bool {
	for _, found := range brokenMark.FindAllStringSubmatch(string(rendered), -1) {
		if n, _ := strconv.Atoi(strings.ReplaceAll(found[1], softBreak, "")); n >= len(slots) {
			return true
		}
	}
	return false
}

// render encodes a draft, its marks still in place.
func (d *draft) render(boundary string) ([]byte, error) {
	m, err := newMessage(d.Sender, d.locale, boundary, d.text, d.html)
	if err != nil {
		return nil, err
	}
	if err := m.To(d.gaps.add(slotTo) + markHost); err != nil {
		return nil, fmt.Errorf("compose: %w", err)
	}
	if d.Language != "" && d.Language != d.locale {
		m.SetGenHeader(mail.HeaderContentLang, d.Language, d.locale)
	}
	m.SetGenHeader(mail.HeaderDate, d.gaps.add(slotDate))
	m.SetMessageIDWithValue(d.gaps.add(slotMessageID))
	m.SetGenHeader(mail.HeaderSubject, d.gaps.add(slotSubject))
	m.SetGenHeader(mail.HeaderListUnsubscribe, d.gaps.add(slotListUnsubscribe))
	d.setListFields(m)
	return render(m)
}

func (l Letter) check() error {
	if err := l.Sender.check(); err != nil {
		return err
	}
	if err := akkoord.CheckSlug("campaign", l.CampaignSlug); err != nil {
		return err
	}
	if err := akkoord.CheckSlug("purpose", l.PurposeSlug); err != nil {
		return err
	}
	return checkMarks(append(l.Sender.texts(), l.texts()...)...)
}

// texts gives all that a letter says, but for its blocks, whose marks are refused where
// they are read.
func (l Letter) texts() []string {
	return []string{l.Subject, l.Preheader, l.Markdown, l.HTML, l.CampaignName, l.CampaignSlug, l.PurposeName, l.PurposeSlug}
}

// checkMarks refuses texts that would be taken for a gap.
func checkMarks(texts ...string) error {
	for _, s := range texts {
		if strings.Contains(s, markStart) {
			return errMark
		}
	}
	return nil
}

// texts gives all that a mail says about its sender.
func (s Sender) texts() []string {
	return []string{s.From.Name, s.From.Address, s.ReplyTo, s.Controller, s.PostalAddress, s.PrivacyContact, s.BaseURL}
}

var errMark = akkoord.Errorf(akkoord.Invalid, "template_invalid", "The letters %q can't be used in a mail.", markStart)

// lineTemplate reads a line with fields that can stand in a header.
func lineTemplate(field, s string) (akkoord.Template, error) {
	if err := akkoord.CheckLine(field, s, 4*akkoord.Limits.Subject); err != nil {
		return akkoord.Template{}, err
	}
	t, err := akkoord.ParseTemplate(strings.TrimSpace(s))
	return t, akkoord.AtField(field, err)
}

// body gives the sanitised body with a mark for each field.
func (l Letter) body(lang language, gaps *marks, constants map[string]string) (*html.Node, error) {
	if l.Blocks != "" {
		blocks, err := akkoord.ParseBlocks(l.Blocks)
		if !l.Everything {
			blocks = akkoord.BlocksFor(blocks, l.Interests)
		}
		if err == nil {
			blocks, err = withMarks(blocks, gaps, constants)
		}
		if err != nil {
			return nil, err
		}
		n, err := lang.fromBlocks(blocks)
		return n, akkoord.AtField("blocks", err)
	}
	field, source, read := "markdown", l.Markdown, fromMarkdown
	if l.HTML != "" {
		field, source, read = "html", l.HTML, fromHTML
	}
	t, err := akkoord.ParseTemplate(source)
	if err != nil {
		return nil, akkoord.AtField(field, err)
	}
	n, err := read(gaps.template(t, constants))
	return n, akkoord.AtField(field, err)
}

func reasonKey(b akkoord.Basis) string {
	switch b {
	case akkoord.BasisExistingCustomer:
		return "mail.reason_customer"
	case akkoord.BasisContract:
		return "mail.reason_contract"
	case akkoord.BasisOther:
		return "mail.reason_other"
	}
	return "mail.reason"
}

// setListFields sets the fields that are the same for all copies: one-click
// (RFC 8058), List-Id (RFC 2919), Feedback-ID (Google) and our own.
func (l Letter) setListFields(m *mail.Msg) {
	m.SetGenHeader(mail.HeaderListUnsubscribePost, "List-Unsubscribe=One-Click")
	m.SetGenHeader("List-Id", "<"+l.PurposeSlug+".lists."+l.domain()+">")
	m.SetGenHeader("Feedback-ID", l.CampaignSlug+":"+l.PurposeSlug+":akkoord:ak"+digest(l.domain(), 10))
	m.SetGenHeader("X-Campaign", l.CampaignSlug)
	m.SetGenHeader("X-Mailing", l.MailingID.String())
}

// boundary is 128 random bits, which no part holds (A.13).
func (c *Composer) boundary() (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(c.random, b[:]); err != nil {
		return "", fmt.Errorf("draw a boundary: %w", err)
	}
	return hex.EncodeToString(b[:]), nil
}
