package mailer

import (
	"context"
	"fmt"
	"strings"

	"github.com/wneessen/go-mail"

	"akkoord"
)

// SendHeads mails signed heads of the ledger, a line of JSON each, to whoever
// keeps them. It is text alone and signed like all mail. Errors say why the
// relay can't be used or did not take it; a relay that only catches mails can't, for
// what it has reaches nobody.
func (t *Tester) SendHeads(ctx context.Context, to akkoord.Email, locale string, last int64, lines []string) error {
	if t.Off != nil || t.off() || t.Press.Sender.From.Address == "" {
		return fmt.Errorf("there is no mail server or no sender: set AKKOORD_SMTP and AKKOORD_FROM")
	}
	if t.Relay != nil {
		why, err := t.Relay(ctx)
		if err != nil {
			return err
		}
		if len(why) > 0 {
			return fmt.Errorf("%s", why[0].Message)
		}
	}
	now := t.Press.Now()
	id := t.Press.opaqueID('h', last, now.UnixNano())
	raw, err := t.heads(to, locale, id, last, lines)
	if err != nil {
		return err
	}
	if t.Signer.signs() {
		if raw, err = t.Signer.Sign(nil, raw); err != nil {
			return err
		}
	}
	s, err := t.Dialer.Dial(ctx)
	if err != nil {
		return fmt.Errorf("the mail server can't be used: %w", err)
	}
	defer s.Close()
	one := &single{e: Envelope{From: t.Press.Sender.From.Address, To: to.Address(), ID: id}, body: raw}
	_ = s.Run(ctx, one) // what became of the mail says all
	if o := one.outcome; o.State != Sent {
		return fmt.Errorf("the mail server did not take the mail (%s %d)", o.State, o.Code)
	}
	return nil
}

func (t *Tester) heads(to akkoord.Email, locale, id string, last int64, lines []string) ([]byte, error) {
	lang, locale := t.Press.Composer.language(locale)
	subject, err := lang.words.say("mail.heads.subject", "Line", fmt.Sprint(last))
	if err != nil {
		return nil, err
	}
	why, err := lang.words.say("mail.heads.why", "Site", t.Press.Sender.BaseURL)
	if err != nil {
		return nil, err
	}
	m := mail.NewMsg(mail.WithNoDefaultUserAgent())
	m.FromMailAddress(&t.Press.Sender.From)
	if err := m.To(to.Address()); err != nil {
		return nil, fmt.Errorf("the address for signed heads can't be written to")
	}
	m.Subject(subject)
	m.SetDateWithValue(t.Press.Now())
	m.SetMessageIDWithValue(t.Press.messageID(id))
	m.SetGenHeader(mail.HeaderContentLang, locale)
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetBodyString(mail.TypeTextPlain, why+"\r\n\r\n"+strings.Join(lines, "\r\n")+"\r\n")
	return render(m)
}
