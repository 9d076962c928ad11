package mailer

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"slices"
	"strings"

	"akkoord"
)

// Preview shows a mailing, of any state, as somebody would get it of whom nothing
// is known, but with every block, whoever it is for. Its links lead to nobody. Errors
// are those of Composer.Campaign.
func (p *Press) Preview(ctx context.Context, m akkoord.Mailing, variant int, locale string) (html, text []byte, subject string, err error) {
	return p.PreviewFor(ctx, m, variant, akkoord.MailReader{Locale: locale, Everything: true})
}

// PreviewFor is Preview for somebody with a name, an address and a basis.
func (p *Press) PreviewFor(ctx context.Context, m akkoord.Mailing, variant int, r akkoord.MailReader) (html, text []byte, subject string, err error) {
	pl, err := p.cast(ctx, m, plateKey{variant: variant, locale: r.Locale, basis: r.Basis, everything: r.Everything, interests: interestsOf(r.Interests)})
	if err != nil {
		return nil, nil, "", err
	}
	c := p.copyFor(pl, &akkoord.Recipient{Name: r.Name, Email: r.Email}, "preview", p.Now())
	c.To = p.Sender.From.Address
	if text, err = textPart(pl.Append(nil, c)); err != nil {
		return nil, nil, "", err
	}
	return pl.AppendHTML(nil, c), text, pl.Subject(c), nil
}

// Web draws a mail that a person got as a web page, in the variant that they
// got, with every block: its address may be passed on, and must not tell which
// interests they have. NotFound where it was never meant for them.
func (p *Press) Web(ctx context.Context, m akkoord.Mailing, st akkoord.Standing) ([]byte, error) {
	s := st.Subscriber
	c, err := p.Catalog.CampaignByID(ctx, m.CampaignID)
	if err != nil {
		return nil, err
	}
	d, err := p.Catalog.DeliveryTo(ctx, m.ID, s.ID)
	if err != nil {
		return nil, err
	}
	pl, err := p.plateOf(ctx, plateKey{mailing: m.ID, variant: d.Variant, locale: s.Locale, basis: st.Subscription(c.PurposeID).Basis, everything: true})
	if err != nil {
		return nil, err
	}
	r := akkoord.Recipient{SubscriberID: s.ID, PublicID: s.PublicID, Email: s.Email, Name: s.Name, Locale: s.Locale}
	at := d.FirstAt
	if at.IsZero() {
		at = p.Now()
	}
	return pl.AppendHTML(nil, p.copyFor(pl, &r, "view", at)), nil
}

// textPart gives the decoded text part of a message that Composer made.
func textPart(raw []byte) ([]byte, error) { return partOf(raw, "text/plain") }

// partOf gives the decoded part of a type of such a message.
func partOf(raw []byte, kind string) ([]byte, error) {
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("read a composed mail: %w", err)
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		return nil, fmt.Errorf("read a composed mail: %w", err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if err != nil {
			return nil, fmt.Errorf("read a composed mail: %w", err)
		}
		if !strings.HasPrefix(part.Header.Get("Content-Type"), kind) {
			continue
		}
		switch strings.ToLower(part.Header.Get("Content-Transfer-Encoding")) {
		case "quoted-printable":
			return io.ReadAll(quotedprintable.NewReader(part))
		case "base64":
			return io.ReadAll(base64.NewDecoder(base64.StdEncoding, part))
		}
		return io.ReadAll(part)
	}
}

// Tester sends tests of mailings, each over a connection of its own.
type Tester struct {
	Press  *Press
	Dialer *Dialer // nil: there is no relay
	// Off is set for a relay that catches mails for a trial, and reports that it takes
	// nothing at this moment, as if there were none; nil: it is a mail server.
	Off func() bool
	// Relay gives all that forbids handing mail to the party that runs the
	// relay (M28); nil: nothing does.
	Relay  func(context.Context) ([]akkoord.Reason, error)
	Signer *Signer // nil, or without keys: unsigned
	// Readers counts the people of a mailing's audience by language; nil: nobody does.
	Readers func(context.Context, akkoord.Mailing) (map[string]int64, error)
	Asker   *Asker // of pages that mailings lead to; nil: none is asked
}

// Preview is Press.Preview.
func (t *Tester) Preview(ctx context.Context, m akkoord.Mailing, variant int, locale string) (html, text []byte, subject string, err error) {
	return t.Press.Preview(ctx, m, variant, locale)
}

// PreviewFor is Press.PreviewFor.
func (t *Tester) PreviewFor(ctx context.Context, m akkoord.Mailing, variant int, r akkoord.MailReader) (html, text []byte, subject string, err error) {
	return t.Press.PreviewFor(ctx, m, variant, r)
}

// Obstacles gives all that forbids sending a mailing, or nothing: what
// akkoord.Mailing.Sendable says, and what composing it says in each variant and
// in every language that readers may have.
func (t *Tester) Obstacles(ctx context.Context, m akkoord.Mailing, s akkoord.Sender) ([]akkoord.Reason, error) {
	why := m.Sendable(s)
	if t.Relay != nil && s.Relay && s.Processor != "" {
		forbidden, err := t.Relay(ctx)
		if err != nil {
			return nil, err
		}
		why = append(why, forbidden...)
	}
	known := len(why)
	for i := range max(len(m.Variants), 1) {
		variant := m.Latest() + i
		for _, locale := range t.Press.Composer.locales() {
			_, err := t.Press.cast(ctx, m, plateKey{variant: variant, locale: locale, everything: true})
			if err == nil {
				continue
			}
			if akkoord.KindOf(err) == "" {
				return nil, err
			}
			r := akkoord.Reason{Code: akkoord.CodeOf(err), Message: err.Error()}
			if m.Text(variant, locale).Translated {
				r = akkoord.InLanguage(locale, r)
			}
			said := slices.ContainsFunc(why[:known], func(k akkoord.Reason) bool { return k.Code == r.Code })
			if !said && !slices.Contains(why, r) {
				why = append(why, r)
			}
		}
	}
	return why, nil
}

// SendTest sends a mailing to an address that the author chose. Nothing is
// recorded, and its links lead to nobody. Errors: those of Composer.Campaign,
// no_relay, and test_refused with what the relay said.
func (t *Tester) SendTest(ctx context.Context, m akkoord.Mailing, variant int, locale string, to akkoord.Email) error {
	if t.off() {
		return akkoord.Errorf(akkoord.Conflict, "no_relay", "Set AKKOORD_SMTP: there is no mail server to hand the mail to.")
	}
	pl, err := t.Press.cast(ctx, m, plateKey{variant: variant, locale: locale, everything: true})
	if err != nil {
		return err
	}
	now := t.Press.Now()
	id := t.Press.opaqueID('t', m.ID, now.UnixNano())
	c := t.Press.copyFor(pl, &akkoord.Recipient{Email: to}, id, now)
	raw := pl.Append(nil, c)
	if t.Signer.signs() {
		if raw, err = t.Signer.Sign(nil, raw); err != nil {
			return err
		}
	}
	s, err := t.Dialer.Dial(ctx)
	if err != nil {
		return akkoord.Errorf(akkoord.Unavailable, "test_refused", "The mail server can't be used: %v.", err)
	}
	defer s.Close()
	one := &single{e: Envelope{From: t.Press.Sender.From.Address, To: to.Address(), ID: id}, body: raw}
	_ = s.Run(ctx, one) // what became of the mail says all
	if one.outcome.State != Sent {
		return akkoord.Errorf(akkoord.Unavailable, "test_refused", "The mail server did not take the test (%s %d %s).", one.outcome.State, one.outcome.Code, one.outcome.Reply)
	}
	return nil
}

// off reports whether there is no relay at this moment.
func (t *Tester) off() bool { return t.Dialer == nil || t.Off != nil && t.Off() }

// single is a Source of one message.
type single struct {
	e       Envelope
	body    []byte
	given   bool
	outcome Outcome
}

func (s *single) Next() (Envelope, bool) {
	if s.given {
		return Envelope{}, false
	}
	s.given = true
	return s.e, true
}

func (s *single) Body(_ Envelope, dst []byte) ([]byte, error) { return append(dst, s.body...), nil }

func (s *single) Done(_ Envelope, o Outcome) { s.outcome = o }
