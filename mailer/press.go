package mailer

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"hash"
	"net/mail"
	"strings"
	"sync"
	"time"

	"akkoord"
)

// Catalog reads what mails are about.
type Catalog interface {
	CampaignByID(ctx context.Context, id int64) (akkoord.Campaign, error)
	PurposeByID(ctx context.Context, id int64) (akkoord.Purpose, error)
	MailingByID(ctx context.Context, id int64) (akkoord.Mailing, error)
	DeliveryTo(ctx context.Context, mailingID, subscriberID int64) (akkoord.Delivery, error)
	Sender(ctx context.Context, slug string) (akkoord.SendingAddress, error)
	MailLinks(ctx context.Context, mailingID int64, links []akkoord.MailLink) ([]int64, error)
	Wording(ctx context.Context, purposeID int64, version int, locale string) (akkoord.PurposeText, error)
}

// Press makes the mails that people get: of mailings once per variant and
// language, with each person's own links, and of sign-ups. It is safe for
// concurrent use; its fields must not change.
type Press struct {
	Composer *Composer
	Sender   Sender
	// Organisation gives who is behind the mails at this moment; nil: Sender says it
	// for good.
	Organisation func() akkoord.Organisation
	Brand        func() akkoord.Brand // its look at this moment; nil: Sender says it for good
	Catalog      Catalog
	Links        *akkoord.Links
	Key          []byte         // secret that message ids are made with, akkoord.Keyring.Derive("message-id")
	Leave        *ReturnPath    // of the addresses that mail to leaves (C.12); nil: none
	Zone         *time.Location // that times in mails are told in; nil: UTC
	Now          func() time.Time

	mu      sync.Mutex
	by      Sender // whom the plates name
	plate   map[plateKey]*plate
	notices noticeShelf
	issues  issueShelf
	hashes  sync.Pool // of *idHash
}

// sender gives who writes, with the facts and the look in force.
func (p *Press) sender() Sender {
	if p.Brand == nil {
		return p.wearing(akkoord.Brand{})
	}
	return p.wearing(p.Brand())
}

// wearing gives who writes, with the facts in force, in the look of a brand.
func (p *Press) wearing(b akkoord.Brand) Sender {
	s := p.Sender.Wearing(b)
	if p.Organisation != nil {
		o := p.Organisation()
		s.Controller, s.PostalAddress, s.PrivacyContact = o.Controller, o.PostalAddress, o.Contact
	}
	return s
}

// idHash makes message ids; it is kept, since one that is reset costs a third
// of a new one.
type idHash struct {
	mac  hash.Hash // HMAC-SHA-256 with Key
	name [17]byte
	sum  [sha256.Size]byte
}

// plate is a mailing's skeleton and what its links are about.
type plate struct {
	*Skeleton
	mailing, campaign, purpose int64
	from                       string // address that it comes from
}

type plateKey struct {
	mailing int64
	variant int
	locale  string
	basis   akkoord.Basis // of the person's subscription; empty: the purpose's
	from    mail.Address  // that the mail comes from; zero, for previews: what the purpose names is asked
	tracked bool          // for people who let their clicks be counted; all others get the author's URLs

	interests  string // that the reader chose, of those that blocks are for: slugs with commas between
	everything bool   // every block is shown, for an author to see
}

// maxPlates bounds how many skeletons are kept, of some 30 KB each. Blocks for
// interests multiply them by up to sixteen.
const maxPlates = 192

// interestsOf gives interests as a plateKey has them.
func interestsOf(chosen []string) string { return strings.Join(chosen, ",") }

// plateOf gives the skeleton of a mailing that is being sent, whose content
// doesn't change any more. One that names who was behind the mails before is cast
// anew.
func (p *Press) plateOf(ctx context.Context, k plateKey) (*plate, error) {
	_, k.locale = p.Composer.language(k.locale)
	p.mu.Lock()
	defer p.mu.Unlock()
	if by := p.sender(); by != p.by {
		p.by, p.plate = by, nil
	}
	if pl := p.plate[k]; pl != nil {
		return pl, nil
	}
	m, err := p.Catalog.MailingByID(ctx, k.mailing)
	if err != nil {
		return nil, err
	}
	pl, err := p.cast(ctx, m, k)
	if err != nil {
		return nil, err
	}
	if p.plate == nil {
		p.plate = map[plateKey]*plate{}
	}
	for old := range p.plate { // any: whoever is sent to next is in no order
		if len(p.plate) < maxPlates {
			break
		}
		delete(p.plate, old)
	}
	p.plate[k] = pl
	return pl, nil
}

// cast composes a mailing in a variant and language for people of one basis, with
// links that are counted or without.
func (p *Press) cast(ctx context.Context, m akkoord.Mailing, k plateKey) (*plate, error) {
	c, err := p.Catalog.CampaignByID(ctx, m.CampaignID)
	if err != nil {
		return nil, err
	}
	purpose, err := p.Catalog.PurposeByID(ctx, c.PurposeID)
	if err != nil {
		return nil, err
	}
	if k.from.Address == "" && purpose.Sender != "" {
		a, err := p.Catalog.Sender(ctx, purpose.Sender)
		if err != nil {
			return nil, err
		}
		k.from = a.Mailbox()
	}
	letter := p.letter(m, c, purpose, k)
	if k.tracked {
		letter.Track = func(links []akkoord.MailLink) ([]int64, error) { return p.Catalog.MailLinks(ctx, m.ID, links) }
	}
	s, err := p.Composer.Campaign(letter)
	if err != nil {
		return nil, err
	}
	return &plate{Skeleton: s, mailing: m.ID, campaign: c.ID, purpose: purpose.ID, from: letter.From.Address}, nil
}

// letter gives a mailing's content as it is composed, in the language of its readers
// where it has one.
func (p *Press) letter(m akkoord.Mailing, c akkoord.Campaign, purpose akkoord.Purpose, k plateKey) Letter {
	_, k.locale = p.Composer.language(k.locale)
	content := m.Text(k.variant, k.locale)
	l := Letter{
		Sender: p.sender(), CampaignSlug: c.Slug, CampaignName: c.Name, PurposeSlug: purpose.Slug, PurposeName: purpose.Text(k.locale).Name,
		MailingID: m.PublicID, Basis: cmp.Or(k.basis, purpose.Basis), Locale: k.locale, Language: content.In(k.locale, m.MainLanguage(purpose)),
		Subject: content.Subject, Preheader: content.Preheader, Markdown: content.Markdown, HTML: content.HTML, Blocks: content.Blocks,
		Everything: k.everything,
	}
	if k.interests != "" {
		l.Interests = strings.Split(k.interests, ",")
	}
	if k.from.Address != "" {
		l.Sender.From = k.from
	}
	if content.Sender != "" {
		l.Sender.From.Name = content.Sender
	}
	return l
}

// copyFor gives what makes a plate's message one person's own. Retries pass the
// time of the first attempt, so that they are the same message again; id is
// its opaqueID.
func (p *Press) copyFor(pl *plate, r *akkoord.Recipient, id string, first time.Time) *Copy {
	link := akkoord.Link{Subscriber: r.PublicID, Purpose: pl.purpose, Campaign: pl.campaign, Mailing: pl.mailing}
	mailto := ""
	if p.Leave != nil {
		mailto = "mailto:" + p.Leave.Of(pl.mailing, r.SubscriberID) + "?subject=unsubscribe"
	}
	return &Copy{
		To: r.Email.Address(), Date: first, MessageID: p.messageID(id), UnsubscribeMailto: mailto,
		UnsubscribeURL: p.url("/unsubscribe/", akkoord.LinkUnsubscribe, link, first),
		PreferencesURL: p.url("/preferences/", akkoord.LinkPreferences, link, first),
		ViewURL:        p.url("/view/", akkoord.LinkView, link, first),
		Click:          p.clicks(r.PublicID, first),
		Field: func(field string) string {
			switch field {
			case "name":
				return r.Name
			case "email":
				return r.Email.Display()
			}
			return ""
		},
	}
}

// clicks gives the addresses of a person's own links, each made once: it stands in the
// text part and in the HTML part.
func (p *Press) clicks(of akkoord.ID, first time.Time) func(number int64) string {
	type address struct {
		number int64
		url    string
	}
	var made []address
	return func(number int64) string {
		for i := range made {
			if made[i].number == number {
				return made[i].url
			}
		}
		url := p.url("/click/", akkoord.LinkClick, akkoord.Link{Subscriber: of, Target: number}, first)
		made = append(made, address{number, url})
		return url
	}
}

func (p *Press) url(path string, kind akkoord.LinkKind, link akkoord.Link, at time.Time) string {
	link.Kind = kind
	var room [768]byte
	b := append(room[:0], p.Sender.BaseURL...)
	b = append(b, path...)
	return string(p.Links.Append(b, link, at))
}

var idEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// messageID makes a Message-ID, without brackets, of an opaqueID.
func (p *Press) messageID(id string) string { return id + "@" + p.Sender.domain() }

// opaqueID names one person's mail: the same for every attempt, telling
// nothing (A.5). It is in the Message-ID and in delivery reports (M.15).
func (p *Press) opaqueID(kind byte, a, b int64) string {
	h, ok := p.hashes.Get().(*idHash)
	if !ok {
		h = &idHash{mac: hmac.New(sha256.New, p.Key)}
	}
	defer p.hashes.Put(h)
	h.name[0] = kind
	binary.BigEndian.PutUint64(h.name[1:], uint64(a))
	binary.BigEndian.PutUint64(h.name[9:], uint64(b))
	h.mac.Reset()
	h.mac.Write(h.name[:])
	return idEncoding.EncodeToString(h.mac.Sum(h.sum[:0])[:20])
}
