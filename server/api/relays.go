package api

import (
	"context"

	"akkoord"
	"akkoord/server/relays"
)

// sender is an address that mailings can come from, as the API shows it.
type sender struct {
	ID        akkoord.ID `json:"id" format:"uuid"`
	Slug      string     `json:"slug"`
	Name      string     `json:"name"`
	Address   string     `json:"address" format:"email"`
	CreatedAt *Time      `json:"created_at"`
	RetiredAt *Time      `json:"retired_at" doc:"Since when no purpose can name it; null: it can be used."`
}

// newSender is the body of POST /senders.
type newSender struct {
	Slug    string `json:"slug"`
	Name    string `json:"name" doc:"What people see as the sender."`
	Address string `json:"address" doc:"Of a domain of your own: freemail is refused (sender_freemail)."`
}

// senderChange is the body of PATCH /senders/{slug}.
type senderChange struct {
	Name    *string `json:"name,omitempty"`
	Address *string `json:"address,omitempty"`
}

func showSender(a akkoord.SendingAddress) sender {
	return sender{ID: a.PublicID, Slug: a.Slug, Name: a.Name, Address: a.Address.Address(), CreatedAt: when(a.CreatedAt), RetiredAt: when(a.RetiredAt)}
}

func (a *API) listSenders(ctx context.Context, in *struct{ Paging }) (list[sender], error) {
	page, err := in.page()
	if err != nil {
		return list[sender]{}, err
	}
	all, err := a.cfg.Store.Senders(ctx)
	if err != nil {
		return list[sender]{}, err
	}
	rows, next := cut(all, func(s akkoord.SendingAddress) int64 { return s.ID }, page)
	return newList(rows, next, showSender), nil
}

func (a *API) readSender(ctx context.Context, in *BySlug) (sender, error) {
	s, err := a.cfg.Store.Sender(ctx, in.Slug)
	return showSender(s), err
}

func (a *API) addSender(ctx context.Context, in *struct{ Body newSender }) (sender, error) {
	s, err := relays.ParseSender(in.Body.Slug, in.Body.Name, in.Body.Address)
	if err == nil {
		s, err = a.cfg.Store.AddSender(ctx, caller(ctx).Actor(), s)
	}
	return showSender(s), err
}

func (a *API) changeSender(ctx context.Context, in *struct {
	BySlug
	Body senderChange
}) (sender, error) {
	var address akkoord.Email
	if in.Body.Address != nil {
		typed, err := relays.ParseSender(in.Slug, "", *in.Body.Address)
		if err != nil {
			return sender{}, err
		}
		address = typed.Address
	}
	s, err := relays.ChangeSender(ctx, a.cfg.Store, caller(ctx).Actor(), in.Slug, func(s *akkoord.SendingAddress) {
		set(&s.Name, in.Body.Name)
		if in.Body.Address != nil {
			s.Address = address
		}
	})
	return showSender(s), err
}

func (a *API) retireSender(ctx context.Context, in *BySlug) (sender, error) {
	s, err := a.cfg.Store.RetireSender(ctx, caller(ctx).Actor(), in.Slug)
	return showSender(s), err
}

// relay is a mail server beside that of the settings, as the API shows it: its URL is
// never shown.
type relay struct {
	ID           akkoord.ID       `json:"id" format:"uuid"`
	Slug         string           `json:"slug"`
	Addr         string           `json:"addr" doc:"host:port"`
	Security     string           `json:"security" enum:"implicit,required,opportunistic,none"`
	Login        bool             `json:"login" doc:"It is given a user and a password, which are never shown."`
	Connections  int              `json:"connections"`
	Processor    string           `json:"processor" doc:"Slug of the party that runs it, or own."`
	Notices      bool             `json:"notices" doc:"It carries mail of no mailing too: confirmations, transactional mail, mail to staff."`
	Obstacles    []akkoord.Reason `json:"obstacles" nullable:"false" doc:"What forbids handing mail to it now."`
	OpenSince    *Time            `json:"open_since" doc:"Since when it is left alone but for tries, as the process that answers sees it; null: its circuit is closed."`
	LastAccepted *Time            `json:"last_accepted_at" doc:"When it last took a mail from that process, since that started."`
	LastFault    string           `json:"last_fault" doc:"What it last failed at, and with which codes: auth 535 5.7.8, connect."`
	FaultAt      *Time            `json:"last_fault_at"`
	CreatedAt    *Time            `json:"created_at"`
	RetiredAt    *Time            `json:"retired_at"`
}

// newRelay is the body of POST /relays.
type newRelay struct {
	Slug        string `json:"slug" doc:"Not default, which is the relay of AKKOORD_SMTP."`
	URL         string `json:"url" doc:"As AKKOORD_SMTP is written: smtps://user:password@host or smtp://…?tls=required. It is kept under a key that is not in the database, and never shown again."`
	Processor   string `json:"processor,omitempty" doc:"Slug of the party of the register that runs it, or own, as which a relay on loopback counts. No mail goes to it without an agreement in force."`
	Notices     bool   `json:"notices,omitempty" doc:"It carries confirmations, transactional mail and mail to staff too, while the relay of AKKOORD_SMTP fails or where there is none."`
	Connections int    `json:"connections,omitempty" doc:"That may be open at once, 1 to 100; what the URL says, or 4, where it is left out."`
}

// relayChange is the body of PATCH /relays/{slug}.
type relayChange struct {
	URL         string `json:"url,omitempty" doc:"Left out, it stays as it is."`
	Processor   string `json:"processor,omitempty"`
	Notices     *bool  `json:"notices,omitempty"`
	Connections int    `json:"connections,omitempty"`
}

func (a *API) showRelays(ctx context.Context, all ...akkoord.Relay) ([]relay, error) {
	register, err := a.cfg.Store.Register(ctx)
	if err != nil {
		return nil, err
	}
	var states []akkoord.RelayState
	if a.cfg.RelayStates != nil {
		states = a.cfg.RelayStates()
	}
	out := make([]relay, len(all))
	for i, r := range all {
		out[i] = relay{
			ID: r.PublicID, Slug: r.Slug, Addr: r.Addr, Security: r.Security, Login: r.Login, Connections: r.Connections, Processor: r.Processor, Notices: r.Notices,
			Obstacles: some(r.Obstacles(register, a.cfg.Now())), CreatedAt: when(r.CreatedAt), RetiredAt: when(r.RetiredAt),
		}
		for _, s := range states {
			if s.Slug == r.Slug {
				out[i].OpenSince, out[i].LastAccepted, out[i].LastFault, out[i].FaultAt = when(s.OpenSince), when(s.LastAccepted), s.LastFault, when(s.FaultAt)
			}
		}
	}
	return out, nil
}

func (a *API) showRelay(ctx context.Context, r akkoord.Relay, err error) (relay, error) {
	if err != nil {
		return relay{}, err
	}
	shown, err := a.showRelays(ctx, r)
	if err != nil {
		return relay{}, err
	}
	return shown[0], nil
}

func (a *API) listRelays(ctx context.Context, in *struct{ Paging }) (list[relay], error) {
	page, err := in.page()
	if err != nil {
		return list[relay]{}, err
	}
	all, err := a.cfg.Store.Relays(ctx)
	if err != nil {
		return list[relay]{}, err
	}
	rows, next := cut(all, func(r akkoord.Relay) int64 { return r.ID }, page)
	shown, err := a.showRelays(ctx, rows...)
	return newList(shown, next, func(r relay) relay { return r }), err
}

func (a *API) readRelay(ctx context.Context, in *BySlug) (relay, error) {
	r, err := a.cfg.Store.Relay(ctx, in.Slug)
	return a.showRelay(ctx, r, err)
}

func (a *API) addRelay(ctx context.Context, in *struct{ Body newRelay }) (relay, error) {
	b := in.Body
	r, err := relays.Add(ctx, a.cfg.Store, a.cfg.Mail, caller(ctx).Actor(), a.cfg.Sender().From, relays.Typed{Slug: b.Slug, URL: akkoord.Secret(b.URL), Processor: b.Processor, Connections: b.Connections, Notices: &b.Notices})
	return a.showRelay(ctx, r, err)
}

func (a *API) changeRelay(ctx context.Context, in *struct {
	BySlug
	Body relayChange
}) (relay, error) {
	b := in.Body
	r, err := relays.Change(ctx, a.cfg.Store, a.cfg.Mail, caller(ctx).Actor(), relays.Typed{Slug: in.Slug, URL: akkoord.Secret(b.URL), Processor: b.Processor, Connections: b.Connections, Notices: b.Notices})
	return a.showRelay(ctx, r, err)
}

func (a *API) retireRelay(ctx context.Context, in *BySlug) (relay, error) {
	r, err := relays.Retire(ctx, a.cfg.Store, caller(ctx).Actor(), in.Slug)
	return a.showRelay(ctx, r, err)
}

// relayTry is how far a conversation with a relay came.
type relayTry struct {
	Steps []relayStep `json:"steps" nullable:"false"`
}

type relayStep struct {
	Name string `json:"name" enum:"connect,greet,tls,login,mail"`
	Code string `json:"code" doc:"Empty where it went well."`
	Text string `json:"text"`
}

func (a *API) tryRelay(ctx context.Context, in *struct {
	BySlug
	Body struct {
		Email  string `json:"email" doc:"An address of yours, which gets the mail."`
		Locale string `json:"locale,omitempty"`
	}
}) (relayTry, error) {
	to, err := akkoord.ParseEmail(in.Body.Email)
	if err != nil {
		return relayTry{}, err
	}
	steps, err := relays.Try(ctx, a.cfg.Store, a.cfg.Mail, caller(ctx).Actor(), in.Slug, to, in.Body.Locale, a.cfg.Now())
	out := relayTry{Steps: []relayStep{}}
	for _, s := range steps {
		out.Steps = append(out.Steps, relayStep{s.Name, s.Code, s.Text})
	}
	return out, err
}

// purposeRoute is the body of POST /purposes/{slug}/route.
type purposeRoute struct {
	Sender string   `json:"sender,omitempty" doc:"Slug of the sender of its mailings; empty: that of AKKOORD_FROM."`
	Relays []string `json:"relays,omitempty" doc:"Slugs of the relays that its mailings go by, in order: the next takes over while one fails. Empty: default, the relay of AKKOORD_SMTP."`
}

func (a *API) routePurpose(ctx context.Context, in *struct {
	BySlug
	Body purposeRoute
}) (purpose, error) {
	p, err := relays.Route(ctx, a.cfg.Store, caller(ctx).Actor(), in.Slug, in.Body.Sender, in.Body.Relays)
	return showPurpose(p), err
}
