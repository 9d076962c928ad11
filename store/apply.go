package store

import "akkoord"

// apply records what a rule decided about a person of a standing. It is the only writer of
// consent: standing, evidence, ledger line and outbox row are written
// together or not at all.
func (t *tx) apply(st akkoord.Standing, c akkoord.Change) error {
	t.depart(st.Subscriber, c)
	if !st.Plain {
		if err := t.departFormer(st.Subscriber.ID, c); err != nil {
			return err
		}
	}
	return t.put(st, c)
}

// put is apply without a line in the journal of departures.
func (t *tx) put(st akkoord.Standing, c akkoord.Change) error {
	p := st.Subscriber
	if c.IsZero() {
		return nil
	}
	t.touched = append(t.touched, p.ID)
	for i := range c.Events {
		e := &c.Events[i]
		e.SubscriberID = p.ID
		if err := t.appendEvent(e, p.Salt, c.Forget); err != nil {
			return err
		}
		if e.Kind.Ends() && (!st.Plain || t.keptIP) && !st.Suppressed(akkoord.SuppressedRestricted) {
			if err := t.reduceIPs(p.ID, e.PurposeID); err != nil {
				return err
			}
		}
	}
	for _, sub := range c.Subscriptions {
		was := st.Subscription(sub.PurposeID)
		if err := t.putSubscription(p.ID, sub, was.State != akkoord.Never); err != nil {
			return err
		}
		if !was.Tracking.IsZero() && sub.Tracking.IsZero() {
			if err := t.unlearn(p.ID, sub.PurposeID); err != nil {
				return err
			}
		}
	}
	for _, id := range c.Leave {
		if err := t.exec(`INSERT INTO campaign_leave (subscriber_id, campaign_id, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, p.ID, id, micros(t.now)); err != nil {
			return err
		}
	}
	for _, id := range c.Rejoin {
		if err := t.exec(`DELETE FROM campaign_leave WHERE subscriber_id = $1 AND campaign_id = $2`, p.ID, id); err != nil {
			return err
		}
	}
	if c.Pause != nil {
		if err := t.exec(`UPDATE subscriber SET paused_until = $2 WHERE id = $1`, p.ID, micros(*c.Pause)); err != nil {
			return err
		}
	}
	if c.Address != nil {
		if err := t.readdress(p, *c.Address); err != nil {
			return err
		}
		p.Email = *c.Address
	}
	if !st.Plain && len(c.Suppress)+len(c.Lift) > 0 { // a former address may be somebody else's by now
		t.ahead.distrust()
	}
	if err := t.applySuppressions(p, c); err != nil {
		return err
	}
	for _, m := range c.Messages {
		t.outbox = true
		if m.About != akkoord.MailNone {
			if err := t.errandFor(p.ID, m.PurposeID, m.Request, m.Locale, m.About); err != nil {
				return err
			}
			continue
		}
		t.rows[outboxRows].add(p.ID, m.Request[:], m.Locale, micros(t.now), micros(t.now))
	}
	if err := t.notify(st.Subscriber, c); err != nil {
		return err
	}
	if err := t.announce(st, c); err != nil {
		return err
	}
	if c.Erases() {
		if err := t.eraseAddresses(p); err != nil {
			return err
		}
	}
	if c.Forget {
		return t.forget(p.ID)
	}
	return nil
}

// unlearn deletes what was learned of a person's clicks under one purpose, when
// they may no longer be counted (M16).
func (t *tx) unlearn(subscriberID, purposeID int64) error {
	if err := t.exec(`DELETE FROM activity WHERE subscriber_id = $1 AND purpose_id = $2`, subscriberID, purposeID); err != nil {
		return err
	}
	return t.exec(`DELETE FROM click WHERE subscriber_id = $1 AND purpose_id = $2`, subscriberID, purposeID)
}

func (t *tx) applySuppressions(p akkoord.Subscriber, c akkoord.Change) error {
	if len(c.Suppress)+len(c.Lift) == 0 {
		return nil
	}
	hash := t.store.hasher.Person(p.Email)
	for _, k := range c.Suppress {
		if err := t.exec(`INSERT INTO suppression (hash, kind, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, hash[:], string(k), micros(t.now)); err != nil {
			return err
		}
	}
	if err := t.suppressFormer(p.ID, akkoord.Carried(c.Suppress)); err != nil {
		return err
	}
	for _, k := range c.Lift {
		if k == akkoord.SuppressedRestricted { // it was put against former addresses too
			if err := t.exec(`DELETE FROM suppression WHERE kind = $2 AND hash IN (SELECT hash FROM former_address WHERE subscriber_id = $1)`, p.ID, string(k)); err != nil {
				return err
			}
		}
		if err := t.exec(`DELETE FROM suppression WHERE hash = $1 AND kind = $2`, hash[:], string(k)); err != nil {
			return err
		}
	}
	return nil
}

// appendEvent commits to an event's evidence and appends its line.
// Evidence of a person who is forgotten in the same change is not kept.
func (t *tx) appendEvent(e *akkoord.Event, salt []byte, forget bool) error {
	if err := t.sealIP(e, forget); err != nil {
		return err
	}
	personal, commitment, err := e.Evidence.Commit(salt)
	if err != nil {
		return err
	}
	e.Commitment = commitment
	t.appendLine(e)
	if forget || e.Evidence == (akkoord.Evidence{}) {
		return nil
	}
	t.rows[evidenceRows].add(e.Seq, string(personal))
	return t.keepIP(e)
}

// appendLine gives an event its number and its place in the chain.
func (t *tx) appendLine(e *akkoord.Event) {
	t.events.add(e.Kind)
	e.Seq = t.ledger.Seq + 1
	e.Hash = e.Chain(t.ledger.Hash)
	t.ledger.Seq, t.ledger.Hash = e.Seq, e.Hash
	t.rows[ledgerRows].add(e.Seq, micros(e.At), string(e.Kind), e.SubscriberID, e.PurposeID, e.CampaignID, e.MailingID, e.Request[:],
		e.FormVersionID, e.WordingVersion, e.PrivacyVersion, e.Locale, e.Source, string(e.Actor), e.Commitment[:], e.Hash[:])
}

// appendWording notes in the ledger what a version of a purpose's texts says.
func (t *tx) appendWording(actor akkoord.Actor, p akkoord.Purpose, locale string, text akkoord.PurposeText) error {
	commitment, err := text.Commit()
	if err != nil {
		return err
	}
	t.appendLine(&akkoord.Event{
		At: t.now, Kind: akkoord.Worded, PurposeID: p.ID, WordingVersion: p.Version, Locale: locale, Source: "purpose", Actor: actor, Commitment: commitment,
	})
	return nil
}

// putSubscription stores a subscription, over the one that is there or as the
// first for its purpose.
func (t *tx) putSubscription(subscriberID int64, s akkoord.Subscription, over bool) error {
	ground, err := storedGround(s.Ground)
	if err != nil {
		return err
	}
	args := []any{subscriberID, s.PurposeID, string(s.State), micros(s.Since), string(s.Basis), s.Request[:],
		s.Version, s.Origin, s.Locale, micros(s.WasActive), micros(s.Agreed), micros(s.Tracking), ground, s.TrackingAsked, micros(s.Learning)}
	query := `INSERT INTO subscription (subscriber_id, purpose_id, state, since, basis, request, version, form_version_id, locale, was_active, agreed, tracking, ground, tracking_asked, learning)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`
	if over {
		args = append(args, micros(s.Renewed), micros(s.Asked), micros(s.Reminded))
		query = `UPDATE subscription SET state = $3, since = $4, basis = $5, request = $6, version = $7, form_version_id = $8, locale = $9, was_active = $10, agreed = $11, tracking = $12, ground = $13, tracking_asked = $14, learning = $15,
			renewed = $16, asked = $17, reminded = $18
			WHERE subscriber_id = $1 AND purpose_id = $2`
	}
	return t.exec(query, args...)
}

// forgetting are the statements that delete what is stored of the person $1, the
// person last.
var forgetting = []string{
	`DELETE FROM consent_evidence WHERE seq IN (SELECT seq FROM consent_event WHERE subscriber_id = $1)`,
	`DELETE FROM subscription WHERE subscriber_id = $1`,
	`DELETE FROM subscriber_interest WHERE subscriber_id = $1`,
	`DELETE FROM subscriber_attribute WHERE subscriber_id = $1`,
	`DELETE FROM signup_value WHERE subscriber_id = $1`,
	`DELETE FROM campaign_leave WHERE subscriber_id = $1`,
	`DELETE FROM activity WHERE subscriber_id = $1`,
	`DELETE FROM click WHERE subscriber_id = $1`,
	`DELETE FROM address_change WHERE subscriber_id = $1`,
	`DELETE FROM former_address WHERE subscriber_id = $1`,
	`DELETE FROM mail_copy WHERE subscriber_id = $1`,
	`DELETE FROM evidence_ip WHERE subscriber_id = $1`,
	`DELETE FROM webhook_message WHERE subscriber_id = $1 AND subscriber_id <> 0`,
	`DELETE FROM bulk_person WHERE subscriber_id = $1`,
	`DELETE FROM import_row WHERE hash = (SELECT email_hash FROM subscriber WHERE id = $1)`,
	`DELETE FROM subscriber WHERE id = $1`,
}

// forget deletes all that is stored of a person. The ledger keeps its lines,
// which without the salt and the evidence lead to nobody (M19). The wiper empties
// the log of writes after the commit (P16).
func (t *tx) forget(subscriberID int64) error {
	if err := t.flush(); err != nil {
		return err
	}
	t.wipe = true
	for _, q := range forgetting {
		if err := t.exec(q, subscriberID); err != nil {
			return err
		}
	}
	return nil
}
