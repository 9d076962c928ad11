package mailer

import (
	"time"

	"akkoord"
)

// grantsPath is the page of the admin site with who may see which personal
// data.
const grantsPath = "/admin/privacy/access"

// alarmSheet is what the mail to staff says: somebody took access to personal
// data themselves (M26).
type alarmSheet struct{ Holder, Reason, From, Until, URL string }

func (n Notice) alarmSheet(w words) (*alarmSheet, error) {
	from, err := w.moment(n.Alarm.From)
	if err != nil {
		return nil, err
	}
	until, err := w.moment(n.Alarm.Until)
	return &alarmSheet{n.Alarm.Holder, n.Alarm.Reason, from, until, n.BaseURL + grantsPath}, err
}

// Alarm renders the mail about an Alarm: RFC 5322, CRLF, unsigned. The same
// input gives the same bytes.
func (c *Composer) Alarm(n Notice) ([]byte, error) {
	p, err := c.castNotice(akkoord.MailAlarm, n)
	if err != nil {
		return nil, err
	}
	whole, err := p.copyFor(&n)
	if err != nil {
		return nil, err
	}
	return p.Append(nil, whole), nil
}

// alarm appends the mail about an alarm to dst; id is its opaqueID. There are
// few of them, each with words of its own, so that no plate is kept.
func (p *Press) alarm(d *akkoord.SystemDelivery, id string, dst []byte) ([]byte, error) {
	zone := p.Zone
	if zone == nil {
		zone = time.UTC
	}
	about := *d.Alarm
	about.From, about.Until = about.From.In(zone), about.Until.In(zone)
	_, locale := p.Composer.language(d.Locale)
	raw, err := p.Composer.Alarm(Notice{
		Sender: p.sender(), Locale: locale, To: d.To.Address(), MessageID: p.messageID(id), Date: d.FirstAt, Requested: d.At.In(zone), Alarm: &about,
	})
	return append(dst, raw...), err
}
