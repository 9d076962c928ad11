package store

import (
	"context"
	"fmt"
	"time"

	"akkoord"
)

// Seed is a person to begin with, in the demo and in measurements: somebody
// who signed up and confirmed in the past.
type Seed struct {
	Email       akkoord.Email
	Name        string
	Locale      string
	Interests   []string
	Purposes    []akkoord.Purpose
	Origin      akkoord.Origin // of the sign-up; its address and language are filled in
	RequestedAt time.Time
	ConfirmedAt time.Time // zero: not confirmed
}

// seedGroup is how many people one change of SeedPeople adds.
const seedGroup = 500

// SeedPeople adds people with the same ledger lines that a sign-up and its
// confirmation leave, and sends no mail. Somebody who is known already is left
// as they are.
func (s *Store) SeedPeople(ctx context.Context, people []Seed) error {
	for len(people) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := min(seedGroup, len(people))
		err := s.update(ctx, "seed people", func(t *tx) error {
			for _, p := range people[:n] {
				if err := t.seed(p); err != nil {
					return err
				}
			}
			return t.audit(akkoord.ActorSystem, "subscriber.seed", "", fmt.Sprintf("%d people", n))
		})
		if err != nil {
			return err
		}
		people = people[n:]
	}
	return nil
}

func (t *tx) seed(p Seed) error {
	st, request, err := t.seedPerson(p)
	if err != nil || st.Subscriber.ID == 0 {
		return err
	}
	o := p.Origin
	o.Locale, o.Evidence.Address = p.Locale, p.Email.Address()
	if o.Actor == "" {
		o.Actor = akkoord.ActorPerson
	}
	c := st.SignUp(akkoord.Request{ID: request, Purposes: p.Purposes, Origin: o}, p.RequestedAt)
	c.Messages = nil
	if err := t.apply(st, c); err != nil || p.ConfirmedAt.IsZero() {
		return err
	}
	st.Subscriptions = c.Subscriptions
	o.Source = "confirm"
	c, _, answer := st.Confirm(request, o, p.ConfirmedAt)
	if answer != akkoord.AnswerConfirmed {
		return fmt.Errorf("a seeded sign-up can't be confirmed at that time: %s", answer)
	}
	return t.apply(st, c)
}

// seedPerson adds the person and gives their standing, which is zero when
// they are known already.
func (t *tx) seedPerson(p Seed) (st akkoord.Standing, request akkoord.ID, err error) {
	hash := t.store.hasher.Person(p.Email)
	known, err := standing(t, byHash, hash[:])
	if err != nil || known.Subscriber.ID != 0 {
		return st, request, err
	}
	salt, err := t.store.random(16)
	if err != nil {
		return st, request, err
	}
	public, err := t.store.newID(p.RequestedAt)
	if err != nil {
		return st, request, err
	}
	if request, err = t.store.newID(p.RequestedAt); err != nil {
		return st, request, err
	}
	st.Subscriber = akkoord.Subscriber{
		ID: t.person + 1, PublicID: public, Email: p.Email, Name: p.Name, Locale: p.Locale, Salt: salt, CreatedAt: p.RequestedAt,
	}
	return st, request, t.addPerson(st.Subscriber, hash, p.Interests)
}
