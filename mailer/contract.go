package mailer

import (
	"bytes"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/wneessen/go-mail"
	"golang.org/x/net/html"

	"akkoord"
)

// contractSheet is what the layout of a transactional mail shows.
type contractSheet struct {
	sheet
	Body   any
	Reason string
}

// Contract renders a version of a template of transactional mail once, in a
// language (M9). It has the reason, the privacy statement and the sender in its
// footer, no field of lists and nothing to leave. What belongs to a campaign is
// refused, here and so wherever one is sent: promotional_content. Other errors
// are those of Campaign.
func (c *Composer) Contract(s Sender, spec akkoord.ContractSpec, locale string) (*Skeleton, error) {
	text, written := spec.Text(locale)
	from, err := spec.Sender()
	if err != nil {
		return nil, err
	}
	if from.Address != "" {
		s.From = from
	}
	if spec.ReplyTo != "" {
		s.ReplyTo = spec.ReplyTo
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	if err := checkMarks(append(s.texts(), text.Reason, text.Subject, text.Markdown, text.HTML)...); err != nil {
		return nil, err
	}
	gaps := &marks{}
	subject, err := akkoord.ParseFields(text.Subject, spec.Fields)
	if err != nil {
		return nil, err
	}
	body, err := contractBody(text, spec.Fields, gaps, s.BaseURL)
	if err != nil {
		return nil, err
	}
	lang, spoken := c.language(written)
	sk := &Skeleton{}
	for _, p := range subject.Parts() {
		sk.subject = append(sk.subject, newFieldSlot(p, nil))
	}
	page := contractSheet{sheet: newSheet(s, spoken, gaps.template(subject, nil)), Reason: text.Reason}
	textPage := page
	var fragment bytes.Buffer
	if err := renderChildren(&fragment, body); err != nil {
		return nil, err
	}
	page.Body, textPage.Body = htmltemplate.HTML(fragment.String()), plainText(body)
	drawn, plain, err := lang.draw("contract", page, textPage)
	if err != nil {
		return nil, err
	}
	if gaps.strange(drawn) || gaps.strange(plain) {
		return nil, errMark
	}
	if len(drawn) > MaxHTML {
		return nil, akkoord.Errorf(akkoord.TooLarge, "mail_too_large", "This mail has %d KB; with more than %d KB mail programs cut off its end.", len(drawn)>>10, MaxHTML>>10)
	}
	boundary := digest("boundary of "+drawn+plain, 32) // a retry after a restart is the same message again (A.4)
	raw, err := contractMessage(s, spoken, boundary, plain, drawn, gaps)
	if err != nil {
		return nil, err
	}
	sk.slots, sk.html = gaps.slots, cut([]byte(drawn), placePage, placePageURL)
	sk.message, err = cutMessage(raw, boundary, sk.slots)
	return sk, err
}

func contractBody(t akkoord.ContractText, fields []string, gaps *marks, site string) (*html.Node, error) {
	field, source, read := "markdown", t.Markdown, fromMarkdown
	if t.HTML != "" {
		field, source, read = "html", t.HTML, fromHTML
		if err := promotionalMarkup(source); err != nil {
			return nil, akkoord.AtField(field, err)
		}
	}
	parsed, err := akkoord.ParseFields(source, fields)
	if err != nil {
		return nil, akkoord.AtField(field, err)
	}
	body, err := read(gaps.template(parsed, nil))
	if err == nil {
		err = promotionalContent(body, site)
	}
	return body, akkoord.AtField(field, err)
}

func contractMessage(s Sender, locale, boundary, text, html string, gaps *marks) ([]byte, error) {
	m, err := newMessage(s, locale, boundary, text, html)
	if err != nil {
		return nil, err
	}
	if err := m.To(gaps.add(slotTo) + markHost); err != nil {
		return nil, fmt.Errorf("compose: %w", err)
	}
	m.SetGenHeader(mail.HeaderDate, gaps.add(slotDate))
	m.SetMessageIDWithValue(gaps.add(slotMessageID))
	m.SetGenHeader(mail.HeaderSubject, gaps.add(slotSubject))
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	return render(m)
}

// contract appends a transactional mail to dst; id is its opaqueID.
func (p *Press) contract(d *akkoord.SystemDelivery, id string, dst []byte) ([]byte, error) {
	c := d.Contract
	key := "contract\n" + strconv.FormatInt(c.Template, 10) + "\n" + strconv.Itoa(c.Version) + "\n" + d.Locale
	by := p.sender()
	pl, err := p.notices.get(by, []byte(key), func() (*noticePlate, error) {
		s, err := p.Composer.Contract(by, c.Spec, d.Locale)
		return &noticePlate{Skeleton: s}, err
	})
	if err != nil {
		return nil, err
	}
	return pl.Append(dst, p.contractCopy(c.Values, d.To.Address(), id, d.FirstAt)), nil
}

func (p *Press) contractCopy(values map[string]string, to, id string, at time.Time) *Copy {
	return &Copy{To: to, Date: at, MessageID: p.messageID(id), Field: func(field string) string { return values[field] }}
}

// CheckContract reports what is wrong with a template of transactional mail in
// any of its languages, as composing it finds out. The errors name the field,
// like texts.nl.html.
func (t *Tester) CheckContract(spec akkoord.ContractSpec) error {
	for _, locale := range slices.Sorted(maps.Keys(spec.Texts)) {
		if _, err := t.Press.Composer.Contract(t.Press.sender(), spec, locale); err != nil {
			return within("texts."+locale+".", err)
		}
	}
	return nil
}

// within says in which part of a document the field of an error is.
func within(part string, err error) error {
	e, ok := errors.AsType[*akkoord.Error](err)
	if !ok || e.Field == "" {
		return err
	}
	inner := *e
	inner.Field = part + e.Field
	return &inner
}

// PreviewContract shows a template with the name of each field in its place.
func (t *Tester) PreviewContract(spec akkoord.ContractSpec, locale string) (html, text []byte, subject string, err error) {
	sk, err := t.Press.Composer.Contract(t.Press.sender(), spec, locale)
	if err != nil {
		return nil, nil, "", err
	}
	values := map[string]string{}
	for _, f := range spec.Fields {
		values[f] = "[" + f + "]"
	}
	c := t.Press.contractCopy(values, t.Press.Sender.From.Address, "preview", t.Press.Now())
	if text, err = textPart(sk.Append(nil, c)); err != nil {
		return nil, nil, "", err
	}
	return sk.AppendHTML(nil, c), text, sk.Subject(c), nil
}
