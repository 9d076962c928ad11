// Package relays has the acts on senders and relays that the admin site and the API
// share.
package relays

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"akkoord"
)

// Store keeps senders and relays.
type Store interface {
	Senders
	Relays
	// RoutePurpose says which sender a purpose's mailings come from and which relays
	// they go by, in order.
	RoutePurpose(ctx context.Context, actor akkoord.Actor, slug, sender string, relays []string) (akkoord.Purpose, error)
	Purposes(ctx context.Context) ([]akkoord.Purpose, error)
	Register(ctx context.Context) ([]akkoord.Processor, error)
	BeginRelayTest(ctx context.Context, actor akkoord.Actor, slug string, to akkoord.Email) error
	CheckMass(ctx context.Context, by akkoord.Actor, act akkoord.MassAct) error
}

// Senders keeps the addresses that mailings can come from.
type Senders interface {
	Senders(ctx context.Context) ([]akkoord.SendingAddress, error)
	Sender(ctx context.Context, slug string) (akkoord.SendingAddress, error)
	AddSender(ctx context.Context, actor akkoord.Actor, a akkoord.SendingAddress) (akkoord.SendingAddress, error)
	EditSender(ctx context.Context, actor akkoord.Actor, slug string, edit func(*akkoord.SendingAddress)) (akkoord.SendingAddress, error)
	RetireSender(ctx context.Context, actor akkoord.Actor, slug string) (akkoord.SendingAddress, error)
}

// Relays keeps the relays beside that of the settings.
type Relays interface {
	Relays(ctx context.Context) ([]akkoord.Relay, error)
	Relay(ctx context.Context, slug string) (akkoord.Relay, error)
	RelaySettings(ctx context.Context) ([]akkoord.RelaySettings, error)
	AddRelay(ctx context.Context, actor akkoord.Actor, r akkoord.RelaySettings) (akkoord.Relay, error)
	EditRelay(ctx context.Context, actor akkoord.Actor, slug string, url akkoord.Secret, edit func(*akkoord.Relay)) (akkoord.Relay, error)
	RetireRelay(ctx context.Context, actor akkoord.Actor, slug string) (akkoord.Relay, error)
}

// Mail reads the URLs of relays, and tries them.
type Mail interface {
	ReadRelay(url akkoord.Secret) (akkoord.Relay, error)
	TryRelay(ctx context.Context, r akkoord.RelaySettings, why []akkoord.Reason, to akkoord.Email, locale string) []akkoord.RelayStep
}

// tryWait is for a test of a relay.
const tryWait = 10 * time.Second

// Typed is a relay as somebody asks for it. An empty URL leaves the one that is stored,
// 0 connections what it says, and no Notices what is so.
type Typed struct {
	Slug, Processor string
	URL             akkoord.Secret
	Connections     int
	Notices         *bool
}

// Add stores a relay. A relay on this machine is run by nobody else, where nothing is
// said. Errors: those of the store, Forbidden where it takes two persons, and Conflict
// with code from_missing where from is empty: the settings name no sender.
func Add(ctx context.Context, s Store, m Mail, actor akkoord.Actor, from string, in Typed) (akkoord.Relay, error) {
	r, err := m.ReadRelay(in.URL)
	if err != nil {
		return r, err
	}
	if from == "" {
		return r, akkoord.Errorf(akkoord.Conflict, "from_missing", "Set AKKOORD_FROM first: mail needs a sender of your own domain.")
	}
	if err := s.CheckMass(ctx, actor, akkoord.MassRelay); err != nil {
		return r, err
	}
	in.over(&r)
	r.Slug = in.Slug
	return s.AddRelay(ctx, actor, akkoord.RelaySettings{Relay: r, URL: in.URL})
}

// Change changes a relay. It is Forbidden where it takes two persons.
func Change(ctx context.Context, s Store, m Mail, actor akkoord.Actor, in Typed) (akkoord.Relay, error) {
	var read akkoord.Relay
	if in.URL != "" {
		var err error
		if read, err = m.ReadRelay(in.URL); err != nil {
			return read, err
		}
	}
	if err := s.CheckMass(ctx, actor, akkoord.MassRelay); err != nil {
		return read, err
	}
	return s.EditRelay(ctx, actor, in.Slug, in.URL, func(r *akkoord.Relay) {
		if in.URL != "" {
			r.Addr, r.Security, r.Login, r.Connections = read.Addr, read.Security, read.Login, read.Connections
		}
		in.over(r)
	})
}

// Route says which sender a purpose's mailings come from and which relays they go by. It
// is Forbidden where it takes two persons.
func Route(ctx context.Context, s Store, actor akkoord.Actor, slug, sender string, relays []string) (akkoord.Purpose, error) {
	if err := s.CheckMass(ctx, actor, akkoord.MassRelay); err != nil {
		return akkoord.Purpose{}, err
	}
	return s.RoutePurpose(ctx, actor, slug, sender, relays)
}

// Retire takes a relay out of use. It is Forbidden where it takes two persons, as it does
// when a purpose names the relay: its mailings go by others from then on.
func Retire(ctx context.Context, s Store, actor akkoord.Actor, slug string) (akkoord.Relay, error) {
	if err := checkNamed(ctx, s, actor, func(p akkoord.Purpose) bool { return slices.Contains(p.Relays, slug) }); err != nil {
		return akkoord.Relay{}, err
	}
	return s.RetireRelay(ctx, actor, slug)
}

// ChangeSender changes a sender. It is Forbidden where it takes two persons, as it does
// when a purpose names the sender.
func ChangeSender(ctx context.Context, s Store, actor akkoord.Actor, slug string, edit func(*akkoord.SendingAddress)) (akkoord.SendingAddress, error) {
	if err := checkNamed(ctx, s, actor, func(p akkoord.Purpose) bool { return p.Sender == slug }); err != nil {
		return akkoord.SendingAddress{}, err
	}
	return s.EditSender(ctx, actor, slug, edit)
}

// checkNamed asks for the second person where a purpose names what is about to change.
func checkNamed(ctx context.Context, s Store, actor akkoord.Actor, names func(akkoord.Purpose) bool) error {
	purposes, err := s.Purposes(ctx)
	if err != nil || !slices.ContainsFunc(purposes, names) {
		return err
	}
	return s.CheckMass(ctx, actor, akkoord.MassRelay)
}

func (in Typed) over(r *akkoord.Relay) {
	if in.Connections != 0 {
		r.Connections = in.Connections
	}
	if in.Processor != "" {
		r.Processor = in.Processor
	}
	if in.Notices != nil {
		r.Notices = *in.Notices
	}
}

// Try goes through a conversation with a relay, up to a mail to an address. NotFound
// where there is no such relay in use.
func Try(ctx context.Context, s Store, m Mail, actor akkoord.Actor, slug string, to akkoord.Email, locale string, now time.Time) ([]akkoord.RelayStep, error) {
	all, err := s.RelaySettings(ctx)
	if err != nil {
		return nil, err
	}
	register, err := s.Register(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		if r.Slug != slug {
			continue
		}
		if err := s.BeginRelayTest(ctx, actor, slug, to); err != nil {
			return nil, err
		}
		ctx, cancel := context.WithTimeout(ctx, tryWait)
		defer cancel()
		return m.TryRelay(ctx, r, r.Obstacles(register, now), to, locale), nil
	}
	return nil, akkoord.Errorf(akkoord.NotFound, "not_found", "There is no such relay.")
}

// ParseSender reads a sender as somebody types it.
func ParseSender(slug, name, address string) (akkoord.SendingAddress, error) {
	e, err := akkoord.ParseEmail(strings.TrimSpace(address))
	if wrong, ok := errors.AsType[*akkoord.Error](err); ok {
		moved := *wrong
		moved.Field, err = "address", &moved
	}
	return akkoord.SendingAddress{Slug: slug, Name: strings.TrimSpace(name), Address: e}, err
}
