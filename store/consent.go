package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"akkoord"
)

// SignUp records a submission of a form. It does the same reads and writes
// whether the address is new, known, pending, subscribed or suppressed; what
// mail follows is decided when the outbox row is sent.
func (s *Store) SignUp(ctx context.Context, in akkoord.SignUp) error {
	salt, err := s.random(16)
	if err != nil {
		return err
	}
	now := s.cfg.Now()
	person, err := s.newID(now)
	if err != nil {
		return err
	}
	request, err := s.newID(now)
	if err != nil {
		return err
	}
	hash := s.hasher.Person(in.Email)
	filled, err := akkoord.NewFilledIn(in.Values)
	if err != nil {
		return err
	}
	rules, err := s.catalogue(ctx)
	if err != nil {
		return err
	}
	return s.recordOf("sign up", who{byHash, string(hash[:])}, func(t *tx, st akkoord.Standing) error {
		err := t.countChallenge(in.Challenge)
		if err != nil {
			return err
		}
		if st.Subscriber.ID == 0 {
			st.Subscriber = akkoord.Subscriber{
				ID: t.person + 1, PublicID: person, Email: in.Email, Name: in.Name, Locale: in.Locale, Salt: salt, CreatedAt: t.now,
			}
			err = t.addPerson(st.Subscriber, hash, in.Interests)
		} else {
			// A stranger who types a known address changes nothing about the
			// person; the row is written as it is, as work that a new one costs.
			err = t.exec(`UPDATE subscriber SET locale = locale WHERE id = $1`, st.Subscriber.ID)
		}
		if err != nil {
			return err
		}
		in.Origin.Evidence.Address = in.Email.Address()
		r := akkoord.Request{ID: request, Purposes: in.Purposes, Filled: filled, Tracking: in.Tracking, Origin: in.Origin}
		if len(in.Values) == 0 {
			return t.apply(st, st.SignUp(r, t.now))
		}
		if r.Differs, err = t.filledDiffers(st.Subscriber.ID, in.Values); err != nil {
			return err
		}
		c := st.SignUp(r, t.now)
		if err := t.apply(st, c); err != nil {
			return err
		}
		return t.keepFilled(rules, st.Subscriber.ID, c, in.Values)
	})
}

// countChallenge takes a solved challenge, which counts once.
func (t *tx) countChallenge(c akkoord.SolvedChallenge) error {
	if c.Until.IsZero() {
		return nil
	}
	n, err := t.execCount(`INSERT INTO solved_challenge (signature, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING`, c.Signature[:], micros(c.Until))
	if err == nil && n == 0 {
		err = akkoord.Fieldf("altcha", "challenge_spent", "This was sent before. Please press the button once more.")
	}
	return err
}

// addPerson stores a person under the number that comes next.
func (t *tx) addPerson(p akkoord.Subscriber, hash akkoord.AddressHash, interests []string) error {
	t.writer.person = p.ID
	if err := t.exec(`INSERT INTO subscriber (id, public_id, email_hash, email, name, locale, salt, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		p.ID, p.PublicID[:], hash[:], p.Email.Address(), p.Name, p.Locale, p.Salt, micros(p.CreatedAt)); err != nil {
		return err
	}
	return t.putInterests(p.ID, interests, t.now)
}

func (t *tx) putInterests(subscriberID int64, slugs []string, now time.Time) error {
	for _, slug := range slugs {
		if err := t.exec(`INSERT INTO interest (slug, created_at) VALUES ($1, $2) ON CONFLICT (slug) DO NOTHING`, slug, micros(now)); err != nil {
			return err
		}
		if err := t.exec(`INSERT INTO subscriber_interest (subscriber_id, interest_id) SELECT $1, id FROM interest WHERE slug = $2 ON CONFLICT DO NOTHING`, subscriberID, slug); err != nil {
			return err
		}
	}
	return nil
}

// Asked reads what a confirmation link is about. It changes nothing.
func (s *Store) Asked(ctx context.Context, link akkoord.Link) (akkoord.Asked, error) {
	v := s.view(ctx)
	st, err := standing(v, byPublicID, link.Subscriber[:])
	if err != nil {
		return akkoord.Asked{}, err
	}
	subs, answer := st.Asked(link.Request, s.cfg.Now())
	q, err := questionOf(v, st, answer, link.Request)
	if q.Round != 0 {
		subs, answer = st.Answers(q.Question)
	}
	return akkoord.Asked{Answer: answer, Person: st.Subscriber, Subscriptions: subs, Renewal: q.Round != 0}, err
}

// Confirm records that the holder of a confirmation link pressed its button.
func (s *Store) Confirm(ctx context.Context, link akkoord.Link, o akkoord.Origin) (akkoord.Asked, error) {
	return s.confirm(ctx, link, akkoord.Standing.Confirm, o)
}

// ConfirmUncounted is Confirm by the button that lets no clicks be counted.
func (s *Store) ConfirmUncounted(ctx context.Context, link akkoord.Link, o akkoord.Origin) (akkoord.Asked, error) {
	return s.confirm(ctx, link, akkoord.Standing.ConfirmUncounted, o)
}

type confirming func(akkoord.Standing, akkoord.ID, akkoord.Origin, time.Time) (akkoord.Change, []akkoord.Subscription, akkoord.Answer)

func (s *Store) confirm(ctx context.Context, link akkoord.Link, decide confirming, o akkoord.Origin) (akkoord.Asked, error) {
	var out akkoord.Asked
	rules, err := s.catalogue(ctx)
	if err != nil {
		return out, err
	}
	err = s.recordOf("confirm", linked(link), func(t *tx, st akkoord.Standing) error {
		c, subs, answer := decide(st, link.Request, o, t.now)
		q, err := questionOf(t, st, answer, link.Request)
		if err != nil {
			return err
		}
		if q.Round != 0 {
			if c, subs, answer = st.Renew(q.Question, o, t.now); answer == akkoord.AnswerConfirmed {
				err = t.exec(`UPDATE permission_question SET confirmed_at = $2 WHERE request = $1`, q.Request[:], micros(t.now))
			}
		}
		out = akkoord.Asked{Answer: answer, Person: st.Subscriber, Subscriptions: subs, Renewal: q.Round != 0}
		if err != nil {
			return err
		}
		if err := t.apply(st, c); err != nil || answer != akkoord.AnswerConfirmed {
			return err
		}
		if err := t.takeFilled(rules, st.After(c), link.Request, subs); err != nil {
			return err
		}
		return t.confirmed(rules, st.After(c), subs)
	})
	return out, err
}

// Resend puts the mail of a confirmation link into the outbox once more, when
// there still is something to confirm, unless one was put there within
// Limits.ResendPause: then it does nothing. The limit per mailbox applies.
func (s *Store) Resend(ctx context.Context, link akkoord.Link) error {
	return s.update(ctx, "resend", func(t *tx) error {
		st, err := standing(t, byPublicID, link.Subscriber[:])
		if err != nil {
			return err
		}
		subs, answer := st.Asked(link.Request, t.now)
		q, err := questionOf(t, st, answer, link.Request)
		if err != nil {
			return err
		}
		if q.Round != 0 && q.open {
			return t.errand(st.Subscriber.ID, q.Request, q.Locale, akkoord.MailRenew)
		}
		if answer != akkoord.AnswerPending {
			return nil
		}
		resting, err := t.resting(st.Subscriber.ID, link.Request)
		if err != nil || resting {
			return err
		}
		return t.apply(st, akkoord.Change{Messages: []akkoord.Message{{Request: link.Request, Locale: subs[0].Locale}}})
	})
}

// resting reports whether the mail of a sign-up was put into the outbox within
// Limits.ResendPause.
func (t *tx) resting(subscriberID int64, request akkoord.ID) (resting bool, err error) {
	since := micros(t.now.Add(-akkoord.Limits.ResendPause))
	err = t.queryRow(`SELECT EXISTS (SELECT 1 FROM outbox WHERE subscriber_id = $1 AND request = $2 AND at > $3
		AND id > coalesce((SELECT id FROM outbox WHERE at <= $3 ORDER BY id DESC LIMIT 1), 0))`, subscriberID, request[:], since).Scan(&resting)
	return resting, err
}

// RepeatConfirmation is Resend by staff, for the sign-up of a person for a
// purpose; it leaves a line in the audit trail. Errors: NotFound, and those of
// Standing.RepeatConfirmation.
func (s *Store) RepeatConfirmation(ctx context.Context, person akkoord.ID, purposeID int64, o akkoord.Origin) error {
	return s.decide(ctx, "repeat confirmation", person, func(st akkoord.Standing, t *tx) (akkoord.Change, error) {
		b, err := t.budget(s.hasher.Mailbox(st.Subscriber.Email))
		if err != nil {
			return akkoord.Change{}, err
		}
		resting, err := t.resting(st.Subscriber.ID, st.Subscription(purposeID).Request)
		if err != nil {
			return akkoord.Change{}, err
		}
		c, err := st.RepeatConfirmation(purposeID, b.recent, resting, t.now)
		if err != nil {
			return c, err
		}
		return c, t.audit(o.Actor, "subscriber.resend", named("subscriber", person.String()), "")
	})
}

// NotMe records that the holder of a confirmation link did not ask for it, or
// wants no mails in the new words that a round asks about.
func (s *Store) NotMe(ctx context.Context, link akkoord.Link, o akkoord.Origin) error {
	return s.update(ctx, "not me", func(t *tx) error {
		st, err := standing(t, byPublicID, link.Subscriber[:])
		if err != nil || st.Subscriber.ID == 0 {
			return err
		}
		q, err := question(t, `q.request = $1`, link.Request[:])
		if err != nil {
			return err
		}
		if q.Round != 0 && q.person == st.Subscriber.ID { // no to the new words is no to the purpose
			return t.apply(st, st.Leave(akkoord.ScopePurpose, q.PurposeID, 0, o, t.now))
		}
		return t.apply(st, st.NotMe(link.Request, o, t.now))
	})
}

// Leave records that a person leaves by the link of a mail. It needs nothing
// but the link: for an erased person it does nothing and succeeds.
func (s *Store) Leave(ctx context.Context, link akkoord.Link, scope akkoord.Scope, o akkoord.Origin) (akkoord.Left, error) {
	var out akkoord.Left
	err := s.recordOf("leave", linked(link), func(t *tx, st akkoord.Standing) (err error) {
		out = akkoord.Left{}
		if st.Subscriber.ID != 0 {
			out, err = t.leave(st, link, scope, o)
		}
		return err
	})
	return out, err
}

// leave records that a person leaves by what a link says.
func (t *tx) leave(st akkoord.Standing, link akkoord.Link, scope akkoord.Scope, o akkoord.Origin) (out akkoord.Left, err error) {
	o.Campaign, o.MailingID = link.Campaign, link.Mailing
	c := st.Leave(scope, link.Purpose, link.Campaign, o, t.now)
	if err := t.apply(st, c); err != nil {
		return out, err
	}
	out.State = st.After(c)
	if len(c.Events) > 0 {
		out.New, out.At = true, t.now
		return out, t.putLeaving(st.Subscriber.ID, link, scope, o.Source)
	}
	out.At, err = t.whenLeft(st, scope, link)
	return out, err
}

// LeavePurposes records that a person leaves purposes on their preferences
// page.
func (s *Store) LeavePurposes(ctx context.Context, link akkoord.Link, purposes []int64, o akkoord.Origin) error {
	return s.update(ctx, "leave purposes", func(t *tx) error {
		st, err := standing(t, byPublicID, link.Subscriber[:])
		if err != nil || st.Subscriber.ID == 0 {
			return err
		}
		o.Campaign, o.MailingID = link.Campaign, link.Mailing
		for _, id := range purposes {
			c := st.Leave(akkoord.ScopePurpose, id, 0, o, t.now)
			if err := t.apply(st, c); err != nil {
				return err
			}
			if link.Mailing != 0 && len(c.Events) > 0 {
				if err := t.putLeaving(st.Subscriber.ID, link, akkoord.ScopePurpose, o.Source); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// Undo takes back the leaving that an undo link is about. It reports whether
// anything was taken back.
func (s *Store) Undo(ctx context.Context, link akkoord.Link, o akkoord.Origin) (bool, error) {
	var done bool
	err := s.update(ctx, "undo", func(t *tx) error {
		st, err := standing(t, byPublicID, link.Subscriber[:])
		if err != nil || st.Subscriber.ID == 0 {
			return err
		}
		if st.Suppressed(akkoord.SuppressedUnsubscribed) && !t.suppressedAt(st.Subscriber.Email, link.At) {
			return nil // they left everything since: an older undo is over (P15)
		}
		o.Campaign, o.MailingID = link.Campaign, link.Mailing
		c := st.Undo(link.At, o, t.now)
		if c.IsZero() {
			if c, err = t.undoOther(st, link, o); err != nil {
				return err
			}
		}
		if done = !c.IsZero(); done {
			if err := t.exec(`DELETE FROM leaving WHERE subscriber_id = $1 AND at = $2`, st.Subscriber.ID, micros(link.At)); err != nil {
				return err
			}
		}
		return t.apply(st, c)
	})
	return done, err
}

// suppressedAt reports whether it was at that time that the person left
// everything.
func (t *tx) suppressedAt(e akkoord.Email, at time.Time) bool {
	hash := t.store.hasher.Person(e)
	var n int64
	err := t.queryRow(`SELECT at FROM suppression WHERE hash = $1 AND kind = $2`, hash[:], string(akkoord.SuppressedUnsubscribed)).Scan(&n)
	return err == nil && n == micros(at)
}

// undoOther takes back the leaving of a campaign, or of everything by somebody
// who had left every purpose before, when it is the one of the link.
func (t *tx) undoOther(st akkoord.Standing, link akkoord.Link, o akkoord.Origin) (akkoord.Change, error) {
	if t.now.Sub(link.At) > akkoord.Limits.UndoWindow {
		return akkoord.Change{}, nil
	}
	for scope, back := range map[akkoord.Scope]func() akkoord.Change{
		akkoord.ScopeCampaign: func() akkoord.Change { return st.Rejoin(link.Purpose, link.Campaign, o, t.now) },
		akkoord.ScopeAll:      func() akkoord.Change { return st.UndoAll(o, t.now) },
	} {
		at, err := t.whenLeft(st, scope, link)
		if err != nil {
			return akkoord.Change{}, err
		}
		if at.Equal(link.At) {
			return back(), nil
		}
	}
	return akkoord.Change{}, nil
}

// whenLeft gives when the person left what a scope of a link is about; zero
// when they did not.
func (t *tx) whenLeft(st akkoord.Standing, scope akkoord.Scope, link akkoord.Link) (time.Time, error) {
	var at int64
	var err error
	switch scope {
	case akkoord.ScopePurpose:
		if sub := st.Subscription(link.Purpose); sub.State == akkoord.Withdrawn {
			return sub.Since, nil
		}
	case akkoord.ScopeCampaign:
		err = t.queryRow(`SELECT at FROM campaign_leave WHERE subscriber_id = $1 AND campaign_id = $2`, st.Subscriber.ID, link.Campaign).Scan(&at)
	case akkoord.ScopeAll:
		hash := t.store.hasher.Person(st.Subscriber.Email)
		err = t.queryRow(`SELECT at FROM suppression WHERE hash = $1 AND kind = $2`, hash[:], string(akkoord.SuppressedUnsubscribed)).Scan(&at)
	}
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return fromMicros(at), err
}

// Standing reads a person's standing and interests by the link in a mail. A
// person who is gone gives a zero Subscriber.
func (s *Store) Standing(ctx context.Context, person akkoord.ID) (akkoord.Standing, error) {
	return s.withInterests(ctx, byPublicID, person[:])
}

// StandingByEmail is Standing by address.
func (s *Store) StandingByEmail(ctx context.Context, e akkoord.Email) (akkoord.Standing, error) {
	hash := s.hasher.Person(e)
	st, err := s.withInterests(ctx, byHash, hash[:])
	if err == nil && st.Subscriber.ID == 0 {
		st.Suppressions, err = suppressions(s.view(ctx), hash)
	}
	return st, err
}

// StandingByNumber is Standing by internal number.
func (s *Store) StandingByNumber(ctx context.Context, id int64) (akkoord.Standing, error) {
	return s.withInterests(ctx, byID, id)
}

func (s *Store) withInterests(ctx context.Context, where string, arg any) (akkoord.Standing, error) {
	v := s.view(ctx)
	st, err := standing(v, where, arg)
	if err != nil || st.Subscriber.ID == 0 {
		return st, err
	}
	st.Subscriber.Interests, err = interests(v, st.Subscriber.ID)
	return st, err
}

// SetProfile changes a person's own data. A change of name or language is
// rectification (Art. 16 GDPR, M21) and leaves a line in the ledger.
func (s *Store) SetProfile(ctx context.Context, person akkoord.ID, p akkoord.Profile, o akkoord.Origin) error {
	return s.update(ctx, "set profile", func(t *tx) error {
		st, err := known(t, person)
		if err != nil {
			return err
		}
		return t.setProfile(st, p, o)
	})
}

func (t *tx) setProfile(st akkoord.Standing, p akkoord.Profile, o akkoord.Origin) error {
	sub := st.Subscriber
	if p.Name != nil {
		sub.Name = *p.Name
	}
	if p.Locale != nil {
		sub.Locale = *p.Locale
	}
	if p.Interests != nil {
		if err := t.exec(`DELETE FROM subscriber_interest WHERE subscriber_id = $1`, sub.ID); err != nil {
			return err
		}
		if err := t.putInterests(sub.ID, *p.Interests, t.now); err != nil {
			return err
		}
	}
	if sub.Name != st.Subscriber.Name || sub.Locale != st.Subscriber.Locale {
		if err := t.exec(`UPDATE subscriber SET name = $2, locale = $3 WHERE id = $1`, sub.ID, sub.Name, sub.Locale); err != nil {
			return err
		}
		if err := t.apply(st, st.Rectify(o, t.now)); err != nil {
			return err
		}
	}
	if len(p.Attributes) > 0 {
		c, err := loadCatalogue(t)
		if err != nil {
			return err
		}
		changed, err := t.setAttributes(c, st, p.Attributes)
		if err != nil {
			return err
		}
		if changed && o.Actor == akkoord.ActorPerson {
			if err := t.apply(st, st.Rectify(o, t.now)); err != nil {
				return err
			}
		}
	}
	if o.Actor != akkoord.ActorPerson {
		return t.audit(o.Actor, "subscriber.change", named("subscriber", sub.PublicID.String()), "")
	}
	return nil
}
