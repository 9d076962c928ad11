package mailer

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"akkoord"
)

// noticeShelf keeps the plates of notices, by what they are about.
type noticeShelf struct {
	mu     sync.Mutex
	by     Sender // whom they name
	plates map[string]*noticePlate
}

// maxNotices bounds how many plates are kept, of some 15 KB each. A form with
// seven purposes has 127 of each language.
const maxNotices = 256

// get gives the plate of a key that names a sender, made with cast if it isn't
// there.
func (s *noticeShelf) get(by Sender, key []byte, cast func() (*noticePlate, error)) (*noticePlate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if by != s.by {
		s.by, s.plates = by, nil
	}
	if p := s.plates[string(key)]; p != nil {
		return p, nil
	}
	p, err := cast()
	if err != nil {
		return nil, err
	}
	if s.plates == nil {
		s.plates = map[string]*noticePlate{}
	}
	for old := range s.plates { // whichever comes first
		if len(s.plates) < maxNotices {
			break
		}
		delete(s.plates, old)
	}
	s.plates[string(key)] = p
	return p, nil
}

// notice appends the mail that a sign-up calls for to dst; id is its opaqueID.
// The same delivery gives the same bytes again, links included (M.10).
func (p *Press) notice(ctx context.Context, d *akkoord.SystemDelivery, id string, dst []byte) ([]byte, error) {
	switch d.Mail {
	case akkoord.MailContract:
		return p.contract(d, id, dst)
	case akkoord.MailAlarm:
		return p.alarm(d, id, dst)
	}
	if d.Mail == akkoord.MailNone || (d.Mail == akkoord.MailConfirm || d.Mail.IsRenewal()) && len(d.Asked) == 0 {
		return nil, fmt.Errorf("outbox row %d calls for no mail", d.ID)
	}
	pl, err := p.noticePlate(ctx, d)
	if err != nil {
		return nil, err
	}
	zone := p.Zone
	if zone == nil {
		zone = time.UTC
	}
	n := Notice{To: d.Recipient().Address(), MessageID: p.messageID(id), Date: d.FirstAt, Requested: d.At.In(zone)}
	link := akkoord.Link{Subscriber: d.Person.Subscriber.PublicID}
	own := Own{Notice: n, Expires: d.FirstAt.Add(akkoord.Limits.OwnWindow).In(zone)}
	switch d.Mail {
	case akkoord.MailAlready:
		return pl.appendAlready(dst, &Already{Notice: n, PreferencesURL: p.url("/preferences/", akkoord.LinkPreferences, link, d.FirstAt)})
	case akkoord.MailOwnData:
		own.URL = p.url("/your-data/", akkoord.LinkOwnData, link, d.FirstAt)
		return pl.appendOwn(dst, &own)
	case akkoord.MailAddress:
		link.Request = d.Request
		own.URL = p.url("/address/", akkoord.LinkAddress, link, d.FirstAt)
		return pl.appendOwn(dst, &own)
	case akkoord.MailMoved:
		return pl.appendOwn(dst, &own)
	case akkoord.MailRenew, akkoord.MailRenewAgain:
		preferences := p.url("/preferences/", akkoord.LinkPreferences, link, d.FirstAt)
		link.Request = d.Request
		return pl.appendRenewal(dst, &Renewal{
			Notice: n, ConfirmURL: p.url("/confirm/", akkoord.LinkConfirm, link, d.FirstAt), PreferencesURL: preferences,
			Expires: d.FirstAt.Add(akkoord.Limits.ConfirmWindow).In(zone),
		})
	}
	if d.Mail == akkoord.MailStill || d.Mail == akkoord.MailStillAgain {
		return pl.appendStill(dst, p.still(n, d, zone))
	}
	link.Request = d.Request
	return pl.appendConfirmation(dst, &Confirmation{
		Notice: n, ConfirmURL: p.url("/confirm/", akkoord.LinkConfirm, link, d.FirstAt),
		Expires:  d.FirstAt.Add(akkoord.Limits.ConfirmWindow).In(zone),
		Deletion: d.Asked[0].Since.Add(akkoord.Limits.PendingWindow).In(zone),
	})
}

// still is the notice that asks whether a purpose is still wanted.
func (p *Press) still(n Notice, d *akkoord.SystemDelivery, zone *time.Location) *Still {
	sub := d.Asked[0]
	link := akkoord.Link{Subscriber: d.Person.Subscriber.PublicID, Purpose: sub.PurposeID}
	n.Requested = sub.Since.In(zone)
	if sub.Renewed.After(sub.Since) {
		n.Requested = sub.Renewed.In(zone)
	}
	return &Still{
		Notice: n, URL: p.url("/keep/", akkoord.LinkKeep, link, d.FirstAt), LeaveURL: p.url("/unsubscribe/", akkoord.LinkUnsubscribe, link, d.FirstAt),
		Ends: d.Ends.In(zone),
	}
}

// purposes gives what a notice says of the purposes that it is about.
func (p *Press) purposes(ctx context.Context, d *akkoord.SystemDelivery, locale string) ([]PurposeWording, error) {
	var out []PurposeWording
	for _, sub := range d.Asked {
		if d.Mail == akkoord.MailStill || d.Mail == akkoord.MailStillAgain { // an import has no wording of ours
			purpose, err := p.Catalog.PurposeByID(ctx, sub.PurposeID)
			if err != nil {
				return nil, err
			}
			return []PurposeWording{{Name: purpose.Text(locale).Name}}, nil
		}
		text, err := p.Catalog.Wording(ctx, sub.PurposeID, sub.Version, sub.Locale)
		if err != nil {
			return nil, err
		}
		out = append(out, PurposeWording{Name: text.Name, Wording: text.Wording})
	}
	return out, nil
}

// noticePlate gives the plate of all deliveries that are about the same: a
// wording never changes within its version.
func (p *Press) noticePlate(ctx context.Context, d *akkoord.SystemDelivery) (*noticePlate, error) {
	_, locale := p.Composer.language(d.Locale)
	var room [256]byte
	key := append(append(room[:0], d.Mail...), '\n')
	key = append(append(key, locale...), '\n')
	for i := range d.Asked {
		key = binary.AppendVarint(key, d.Asked[i].PurposeID)
		key = binary.AppendVarint(key, int64(d.Asked[i].Version))
		key = append(append(key, d.Asked[i].Locale...), '\n')
	}
	if d.Mail == akkoord.MailStill || d.Mail == akkoord.MailStillAgain { // it names the purpose as it is called now
		names, err := p.purposes(ctx, d, locale)
		if err != nil {
			return nil, err
		}
		key = append(key, names[0].Name...)
	}
	var tracking string
	if d.Mail == akkoord.MailConfirm {
		tracking = akkoord.TrackingAsked(d.Asked)
		key = append(key, tracking...)
	}
	by := p.sender()
	return p.notices.get(by, key, func() (*noticePlate, error) {
		purposes, err := p.purposes(ctx, d, locale)
		if err != nil {
			return nil, err
		}
		return p.Composer.castNotice(d.Mail, Notice{Sender: by, Locale: locale, Purposes: purposes, Tracking: tracking})
	})
}
