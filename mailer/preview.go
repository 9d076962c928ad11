package mailer

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"errors"
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
	Dialer *Dialer // of the relay of the settings; without a host in its Relay there is none
	// Off is set for a relay that catches mails for a trial, and reports that it takes
	// nothing at this moment, as if there were none; nil: it is a mail server.
	Off func() bool
	// Relay gives all that forbids handing mail to the party that runs that
	// relay (M28); nil: nothing does.
	Relay func(context.Context) ([]akkoord.Reason, error)
	// Relays gives the relays beside that one; nil: there are none.
	Relays func(context.Context) ([]akkoord.RelaySettings, error)
	// Route gives all that forbids handing mail of a purpose to any of its relays, and
	// Usable those of an order that may be used; nil: nothing is forbidden.
	Route  func(ctx context.Context, purposeID int64) ([]akkoord.Reason, error)
	Usable func(ctx context.Context, order []string) ([]string, error)
	Local  bool    // the program is used on this machine alone: relays at any port of it may be tried
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
	purpose, err := t.purposeOf(ctx, m)
	if err != nil {
		return nil, err
	}
	if s, err = t.routed(ctx, purpose, s); err != nil {
		return nil, err
	}
	why := m.Sendable(s)
	if t.Route != nil && s.Relay && s.Processor != "" {
		forbidden, err := t.Route(ctx, purpose.ID)
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

func (t *Tester) purposeOf(ctx context.Context, m akkoord.Mailing) (akkoord.Purpose, error) {
	c, err := t.Press.Catalog.CampaignByID(ctx, m.CampaignID)
	if err != nil {
		return akkoord.Purpose{}, err
	}
	return t.Press.Catalog.PurposeByID(ctx, c.PurposeID)
}

// SenderOf gives who sends a mailing: what its purpose says, and the settings, s, where
// that says nothing.
func (t *Tester) SenderOf(ctx context.Context, m akkoord.Mailing, s akkoord.Sender) (akkoord.Sender, error) {
	purpose, err := t.purposeOf(ctx, m)
	if err != nil {
		return s, err
	}
	return t.routed(ctx, purpose, s)
}

func (t *Tester) routed(ctx context.Context, p akkoord.Purpose, s akkoord.Sender) (akkoord.Sender, error) {
	if p.Sender != "" {
		own, err := t.Press.Catalog.Sender(ctx, p.Sender)
		if err != nil {
			return s, err
		}
		from := own.Mailbox()
		s.From = from.String()
	}
	if len(p.Relays) == 0 {
		return s, nil
	}
	all, err := t.ways(ctx, p.Relays)
	if err != nil {
		return s, err
	}
	if s.Relay = len(all) > 0; s.Relay && all[0].slug != akkoord.DefaultRelay {
		s.Processor = all[0].party
	}
	return s, nil
}

// way is a relay to dial.
type way struct {
	slug, party string
	*Dialer
}

// ways gives the relays of an order that are there and can be dialled.
func (t *Tester) ways(ctx context.Context, order []string) ([]way, error) {
	var added []akkoord.RelaySettings
	if t.Relays != nil {
		var err error
		if added, err = t.Relays(ctx); err != nil {
			return nil, err
		}
	}
	var out []way
	for _, slug := range order {
		if slug == akkoord.DefaultRelay && !t.off() {
			out = append(out, way{slug: slug, Dialer: t.Dialer})
		}
		for _, r := range added {
			if r.Slug != slug {
				continue
			}
			if d, err := t.dialer(r); err == nil { // the worker's log has the others
				out = append(out, way{slug, r.Processor, d})
			}
		}
	}
	return out, nil
}

// dialer gives what dials a relay beside that of the settings.
func (t *Tester) dialer(r akkoord.RelaySettings) (*Dialer, error) {
	relay, err := ParseRelay(string(r.URL))
	if err != nil {
		return nil, err
	}
	d := Dialer{}
	if t.Dialer != nil {
		d = *t.Dialer
	}
	d.Relay = relay
	return &d, nil
}

// ReadRelay reads a relay's URL, as AKKOORD_SMTP is written, into what of it may be
// shown. Errors are Invalid, name the field url and never repeat it.
func (t *Tester) ReadRelay(url akkoord.Secret) (akkoord.Relay, error) {
	r, err := ParseRelay(string(url))
	if err != nil {
		if why, ok := errors.AsType[*akkoord.Error](err); ok {
			err = akkoord.Fieldf("url", "relay_url", "This URL can't be used: %s", why.Message)
		}
		return akkoord.Relay{}, err
	}
	out := akkoord.Relay{Addr: r.Addr(), Security: r.Security(), Login: r.User != "", Connections: r.Connections}
	if r.Loopback() {
		out.Processor = akkoord.OwnProcessor
	}
	return out, nil
}

// SendTest sends a mailing to an address that the author chose. Nothing is
// recorded, and its links lead to nobody. Errors: those of Composer.Campaign,
// no_relay, and test_refused with what the relay of the settings said; of another it
// has the step alone, since its host may be any.
func (t *Tester) SendTest(ctx context.Context, m akkoord.Mailing, variant int, locale string, to akkoord.Email) error {
	ways, err := t.waysOf(ctx, m)
	if err != nil {
		return err
	}
	pl, err := t.Press.cast(ctx, m, plateKey{variant: variant, locale: locale, everything: true})
	if err != nil {
		return err
	}
	now := t.Press.Now()
	id := t.Press.opaqueID('t', m.ID, now.UnixNano())
	raw := pl.Append(nil, t.Press.copyFor(pl, &akkoord.Recipient{Email: to}, id, now))
	if t.Signer.signs() {
		if raw, err = t.Signer.Sign(nil, raw); err != nil {
			return err
		}
	}
	s, by, err := dialFirst(ctx, ways)
	if err != nil && by.slug != akkoord.DefaultRelay {
		return akkoord.Errorf(akkoord.Unavailable, "test_refused", "The mail server %s can't be used (%s).", by.slug, tryStep(err))
	}
	if err != nil {
		return akkoord.Errorf(akkoord.Unavailable, "test_refused", "The mail server can't be used: %v.", err)
	}
	defer s.Close()
	one := &single{e: Envelope{From: pl.from, To: to.Address(), ID: id}, body: raw}
	_ = s.Run(ctx, one) // what became of the mail says all
	if one.outcome.State != Sent && by.slug != akkoord.DefaultRelay {
		return akkoord.Errorf(akkoord.Unavailable, "test_refused", "The mail server %s did not take the test (mail).", by.slug)
	}
	if one.outcome.State != Sent {
		return akkoord.Errorf(akkoord.Unavailable, "test_refused", "The mail server did not take the test (%s %d %s).", one.outcome.State, one.outcome.Code, one.outcome.Reply)
	}
	return nil
}

// waysOf gives the relays that a test of a mailing may go by. Errors: no_relay, and what
// forbids each of them.
func (t *Tester) waysOf(ctx context.Context, m akkoord.Mailing) ([]way, error) {
	purpose, err := t.purposeOf(ctx, m)
	if err != nil {
		return nil, err
	}
	order := purpose.RelayOrder()
	if t.Usable != nil {
		if order, err = t.Usable(ctx, order); err != nil {
			return nil, err
		}
	}
	ways, err := t.ways(ctx, order)
	if err != nil || len(ways) > 0 {
		return ways, err
	}
	if t.Route != nil {
		if why, err := t.Route(ctx, purpose.ID); err != nil || len(why) > 0 && why[0].Code != "no_relay" {
			return nil, cmp.Or(err, error(&akkoord.Error{Kind: akkoord.Conflict, Code: why[0].Code, Message: why[0].Message, Reasons: why}))
		}
	}
	return nil, akkoord.Errorf(akkoord.Conflict, "no_relay", "There is no mail server to hand the mail to: set AKKOORD_SMTP, or say which relays mailings of this purpose go by.")
}

// off reports whether the settings give no relay at this moment.
func (t *Tester) off() bool {
	return t.Dialer == nil || t.Dialer.Relay.Host == "" || t.Off != nil && t.Off()
}

// dialFirst dials the first relay that answers; else it gives the last one.
func dialFirst(ctx context.Context, ways []way) (s *Session, by way, err error) {
	for _, by = range ways {
		if s, err = by.Dial(ctx); err == nil {
			return s, by, nil
		}
	}
	return nil, by, err
}

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
