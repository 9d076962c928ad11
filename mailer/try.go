package mailer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"syscall"

	"github.com/wneessen/go-mail"

	"akkoord"
)

// Try goes through a whole conversation with the relay, up to a mail to an
// address, and gives its steps up to the one that failed. The mail is not sent
// while the party that runs the relay must get no data (M28); the conversation
// before it tells that party nothing of anybody.
func (t *Tester) Try(ctx context.Context, to akkoord.Email, locale string) []akkoord.RelayStep {
	if t.off() {
		return noRelay
	}
	return t.try(ctx, t.Dialer, t.Relay, to, locale)
}

// tryPorts are those at which mail servers listen. Others are not tried: what is in a
// network is not found out by way of this program.
var tryPorts = []uint16{25, 465, 587, 2525}

// dialsMail opens connections to mail servers of the internet, and of this machine.
func (t *Tester) dialsMail(ctx context.Context, network, addr string) (net.Conn, error) {
	d := net.Dialer{Control: func(_, addr string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(addr)
		host := at.Addr().Unmap()
		switch {
		case err == nil && t.Local && host.IsLoopback():
		case err != nil, !slices.Contains(tryPorts, at.Port()), !host.IsLoopback() && !PublicAddress(host):
			return errPrivate
		}
		return nil
	}}
	return d.DialContext(ctx, network, addr)
}

// TryRelay is Try for a relay beside that of the settings; why is all that forbids
// handing mail to its party. Only mail servers of the internet and of this machine are
// dialled, at the ports of such.
func (t *Tester) TryRelay(ctx context.Context, r akkoord.RelaySettings, why []akkoord.Reason, to akkoord.Email, locale string) []akkoord.RelayStep {
	d, err := t.dialer(r)
	if err != nil {
		return []akkoord.RelayStep{{Name: "connect", Code: "relay_connect", Text: err.Error()}}
	}
	d.DialNet = t.dialsMail
	return t.try(ctx, d, func(context.Context) ([]akkoord.Reason, error) { return why, nil }, to, locale)
}

// noRelay is what a test comes to where there is no relay.
var noRelay = []akkoord.RelayStep{{Name: "connect", Code: "no_relay"}}

func (t *Tester) try(ctx context.Context, d *Dialer, forbids func(context.Context) ([]akkoord.Reason, error), to akkoord.Email, locale string) []akkoord.RelayStep {
	names := []string{"connect", "greet"}
	if d.Relay.Implicit || d.Relay.TLS != TLSNone {
		names = append(names, "tls")
	}
	if d.Relay.User != "" {
		names = append(names, "login")
	}
	s, err := d.Dial(ctx)
	var steps []akkoord.RelayStep
	failed := failedStep(err)
	for _, name := range names {
		if err != nil && name == failed.Name {
			return append(steps, failed)
		}
		steps = append(steps, akkoord.RelayStep{Name: name})
	}
	if err != nil { // at a step that the settings leave out
		return append(steps, failed)
	}
	defer s.Close()
	return append(steps, t.tryMail(ctx, s, forbids, to, locale))
}

// failedStep gives the step at which dialling failed.
func failedStep(err error) akkoord.RelayStep {
	if err == nil {
		return akkoord.RelayStep{}
	}
	if errors.Is(err, errPrivate) {
		return akkoord.RelayStep{Name: "connect", Code: "relay_private", Text: "Only mail servers of the internet and of this machine are tried, at the ports 25, 465, 587 and 2525."}
	}
	name := tryStep(err)
	return akkoord.RelayStep{Name: name, Code: "relay_" + name, Text: err.Error()}
}

// tryStep names the step at which dialling failed.
func tryStep(err error) string {
	e, ok := errors.AsType[*RelayError](err)
	if !ok {
		return "connect"
	}
	switch e.Stage {
	case StageGreeting:
		return "greet"
	case StageTLS:
		return "tls"
	case StageAuth:
		return "login"
	}
	return "connect"
}

// tryMail hands over the mail itself.
func (t *Tester) tryMail(ctx context.Context, s *Session, forbids func(context.Context) ([]akkoord.Reason, error), to akkoord.Email, locale string) akkoord.RelayStep {
	step := akkoord.RelayStep{Name: "mail"}
	if t.Press.Sender.From.Address == "" {
		step.Code = "from_missing"
		return step
	}
	if forbids != nil {
		if why, err := forbids(ctx); err != nil || len(why) > 0 {
			step.Code = "relay_mail"
			if len(why) > 0 {
				step.Code, step.Text = why[0].Code, why[0].Message
			}
			return step
		}
	}
	now := t.Press.Now()
	id := t.Press.opaqueID('y', 0, now.UnixNano())
	raw, err := t.tryText(to, locale, id)
	if err == nil && t.Signer.signs() {
		raw, err = t.Signer.Sign(nil, raw)
	}
	if err != nil {
		step.Code, step.Text = "relay_mail", err.Error()
		return step
	}
	one := &single{e: Envelope{From: t.Press.Sender.From.Address, To: to.Address(), ID: id}, body: raw}
	_ = s.Run(ctx, one) // what became of the mail says all
	step.Text = fmt.Sprintf("%d %s", one.outcome.Code, one.outcome.Reply)
	if one.outcome.State != Sent {
		step.Code = "relay_mail"
	}
	return step
}

func (t *Tester) tryText(to akkoord.Email, locale, id string) ([]byte, error) {
	lang, locale := t.Press.Composer.language(locale)
	subject, err := lang.words.say("mail.try.subject")
	if err != nil {
		return nil, err
	}
	text, err := lang.words.say("mail.try.text", "Site", t.Press.Sender.BaseURL)
	if err != nil {
		return nil, err
	}
	m := mail.NewMsg(mail.WithNoDefaultUserAgent())
	m.FromMailAddress(&t.Press.Sender.From)
	if err := m.To(to.Address()); err != nil {
		return nil, fmt.Errorf("the address can't be written to")
	}
	m.Subject(subject)
	m.SetDateWithValue(t.Press.Now())
	m.SetMessageIDWithValue(t.Press.messageID(id))
	m.SetGenHeader(mail.HeaderContentLang, locale)
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetBodyString(mail.TypeTextPlain, text+"\r\n")
	return render(m)
}

// PreviewConfirmation shows the mail that asks to confirm a sign-up for purposes,
// as HTML, in the look of a brand. Its link leads nowhere.
func (t *Tester) PreviewConfirmation(purposes []akkoord.Purpose, locale string, brand akkoord.Brand) ([]byte, error) {
	p := t.Press
	n := Notice{Sender: p.wearing(brand), Locale: locale}
	if n.From.Address == "" {
		n.From.Address = "preview@example.invalid" // no header is shown
	}
	for _, of := range purposes {
		text := of.Text(locale)
		n.Purposes = append(n.Purposes, PurposeWording{Name: text.Name, Wording: text.Wording})
	}
	pl, err := p.Composer.castNotice(akkoord.MailConfirm, n)
	if err != nil {
		return nil, err
	}
	now := p.Now()
	if p.Zone != nil {
		now = now.In(p.Zone)
	}
	n.Requested = now
	c, err := pl.copyFor(&n)
	if err != nil {
		return nil, err
	}
	c.To, c.MessageID, c.Date = n.From.Address, p.messageID("preview"), now
	c.ConfirmURL = n.BaseURL + "/confirm/preview"
	if c.ExpiresAt, err = pl.words.day(now.Add(akkoord.Limits.ConfirmWindow)); err != nil {
		return nil, err
	}
	if c.DeleteAt, err = pl.words.day(now.Add(akkoord.Limits.PendingWindow)); err != nil {
		return nil, err
	}
	return partOf(pl.Append(nil, c), "text/html")
}
