package store

import (
	"cmp"
	"context"
	"database/sql"
	"time"

	"akkoord"
)

// ExportPerson gives all that is stored of a person as it is at one moment,
// and leaves in the same commit a line in the audit trail, with the reason if
// there is one (M20, M27). Errors: NotFound, Invalid of the reason.
func (s *Store) ExportPerson(ctx context.Context, actor akkoord.Actor, person akkoord.ID, reason string) (akkoord.PersonRecord, error) {
	var out akkoord.PersonRecord
	err := s.update(ctx, "export person", func(t *tx) error {
		st, err := standing(t, byPublicID, person[:])
		if err != nil {
			return err
		}
		if st.Subscriber.ID == 0 {
			return missing(sql.ErrNoRows, "person")
		}
		if err := akkoord.CheckTakingReason(reason, st.Subscriber); err != nil {
			return err
		}
		if st.Subscriber.Interests, err = interests(t, st.Subscriber.ID); err != nil {
			return err
		}
		if out, err = t.store.personRecord(t, st, t.now); err != nil {
			return err
		}
		return t.audit(actor, "subscriber.export", named("subscriber", st.Subscriber.PublicID.String()), reason)
	})
	return out, err
}

// personRecord puts a person's record together. Lists are never nil, so that JSON
// has them all.
func (s *Store) personRecord(q querier, st akkoord.Standing, at time.Time) (akkoord.PersonRecord, error) {
	p := st.Subscriber
	r := akkoord.PersonRecord{
		MadeAt: moment(micros(at)),
		Person: akkoord.PersonData{
			ID: p.PublicID, Email: p.Email.Display(), Name: p.Name, Locale: p.Locale,
			Interests: append([]string{}, p.Interests...), CreatedAt: akkoord.Moment{Time: p.CreatedAt}, Paused: akkoord.Moment{Time: st.PausedUntil},
		},
		Consents: []akkoord.ConsentRecord{}, CampaignsLeft: []akkoord.CampaignLeftRecord{}, Suppressions: []akkoord.SuppressionRecord{},
		Events: []akkoord.EventRecord{}, Deliveries: []akkoord.DeliveryRecord{}, SystemMails: []akkoord.SystemMailRecord{}, ContractMails: []akkoord.ContractMailRecord{}, Requests: []akkoord.RequestRecord{},
		Questions: []akkoord.QuestionRecord{},
		Activity:  []akkoord.ActivityRecord{}, Clicks: []akkoord.ClickRecord{}, Learned: []akkoord.LearnedRecord{},
	}
	var err error
	if r.Person.Attributes, err = attributesOf(q, p.ID); err != nil {
		return r, err
	}
	c, err := loadCatalogue(q)
	if err != nil {
		return r, err
	}
	for _, sub := range st.Subscriptions {
		r.Consents = append(r.Consents, akkoord.ConsentRecord{
			Purpose: c.purpose(sub.PurposeID).Slug, State: sub.State, Since: akkoord.Moment{Time: sub.Since}, Basis: sub.Basis,
			WordingVersion: sub.Version, Locale: sub.Locale, Tracked: akkoord.Moment{Time: sub.Tracking}, Learning: akkoord.Moment{Time: sub.Learning}, TrackingAsked: sub.TrackingAsked, Text: c.wordings[wordingKey{sub.PurposeID, sub.Version, sub.Locale}],
			Renewed: akkoord.Moment{Time: sub.Renewed}, Asked: akkoord.Moment{Time: sub.Asked}, Reminded: akkoord.Moment{Time: sub.Reminded},
		})
	}
	if err := recordEvents(q, &r, c, p.ID); err != nil {
		return r, err
	}
	if err := recordQuestions(q, &r, c, p.ID); err != nil {
		return r, err
	}
	rows, err := q.query(`SELECT purpose_id, signal, at FROM activity WHERE subscriber_id = $1 ORDER BY purpose_id, signal`, p.ID)
	if err := each(rows, err, func(rows row) error {
		var a akkoord.ActivityRecord
		var purpose, at int64
		err := rows.Scan(&purpose, &a.Signal, &at)
		a.Purpose, a.At = c.purpose(purpose).Slug, moment(at)
		r.Activity = append(r.Activity, a)
		return err
	}); err != nil {
		return r, err
	}
	clicks, err := clicksOf(q, c, p.ID)
	if err != nil {
		return r, err
	}
	r.Clicks = append(r.Clicks, clicks...)
	learned, err := s.learned(q, c, st)
	if err != nil {
		return r, err
	}
	for _, l := range learned {
		r.Learned = append(r.Learned, akkoord.LearnedRecord{Purpose: c.purpose(l.PurposeID).Slug, Topic: l.Topic, Links: l.Links, LastAt: akkoord.Moment{Time: l.LastAt}})
	}
	if err := recordReturned(q, &r, p.ID); err != nil {
		return r, err
	}
	if err := recordRequests(q, &r, s.hasher.Person(p.Email), p.ID); err != nil {
		return r, err
	}
	return r, s.recordMails(q, &r, st)
}

func recordEvents(q querier, r *akkoord.PersonRecord, c *catalogue, subscriberID int64) error {
	list, err := events(q, subscriberID)
	if err != nil {
		return err
	}
	var campaigns []int64
	var actors []string
	for _, e := range list {
		campaigns, actors = append(campaigns, e.CampaignID), append(actors, string(e.Actor))
	}
	slugs, err := campaignSlugs(q, campaigns)
	if err != nil {
		return err
	}
	names, err := publicNames(q, actors)
	if err != nil {
		return err
	}
	for _, e := range list {
		r.Events = append(r.Events, akkoord.EventRecord{
			Seq: e.Seq, At: akkoord.Moment{Time: e.At}, Kind: e.Kind, Purpose: c.purpose(e.PurposeID).Slug, Campaign: slugs[e.CampaignID],
			Source: e.Source, Actor: cmp.Or(akkoord.Actor(names[string(e.Actor)]), e.Actor), WordingVersion: e.WordingVersion, PrivacyVersion: e.PrivacyVersion,
			FormVersion: e.FormVersionID, Locale: e.Locale, Evidence: e.Evidence, WholeIP: e.Evidence.Whole,
		})
	}
	return nil
}

func (s *Store) recordMails(q querier, r *akkoord.PersonRecord, st akkoord.Standing) error {
	hash := s.hasher.Person(st.Subscriber.Email)
	rows, err := q.query(`SELECT kind, at FROM suppression WHERE hash = $1 ORDER BY at, kind`, hash[:])
	if err = each(rows, err, func(rows row) error {
		var kind akkoord.SuppressionKind
		var at int64
		err := rows.Scan(&kind, &at)
		r.Suppressions = append(r.Suppressions, akkoord.SuppressionRecord{Kind: kind, At: moment(at)})
		return err
	}); err != nil {
		return err
	}
	rows, err = q.query(`SELECT c.slug, l.at FROM campaign_leave l JOIN campaign c ON c.id = l.campaign_id
		WHERE l.subscriber_id = $1 ORDER BY l.at, c.id`, st.Subscriber.ID)
	if err = each(rows, err, func(rows row) error {
		var slug string
		var at int64
		err := rows.Scan(&slug, &at)
		r.CampaignsLeft = append(r.CampaignsLeft, akkoord.CampaignLeftRecord{Campaign: slug, At: moment(at)})
		return err
	}); err != nil {
		return err
	}
	rows, err = q.query(`SELECT m.public_id, c.slug, d.state, d.attempts, d.code, d.reply, d.first_at, d.updated_at
		FROM delivery d JOIN mailing m ON m.id = d.mailing_id JOIN campaign c ON c.id = m.campaign_id
		WHERE d.subscriber_id = $1 ORDER BY d.mailing_id`, st.Subscriber.ID)
	if err = each(rows, err, func(rows row) error {
		var d akkoord.DeliveryRecord
		var id []byte
		var state int64
		var first, updated int64
		err := rows.Scan(&id, &d.Campaign, &state, &d.Attempts, &d.Code, &d.Reply, &first, &updated)
		d.Mailing, d.State, d.FirstAt, d.UpdatedAt = id16(id), akkoord.DeliveryState(state).String(), moment(first), moment(updated)
		r.Deliveries = append(r.Deliveries, d)
		return err
	}); err != nil {
		return err
	}
	rows, err = q.query(`SELECT mail, done_at FROM outbox WHERE subscriber_id = $1 AND state = 1 AND mail <> '' ORDER BY id`, st.Subscriber.ID)
	if err = each(rows, err, func(rows row) error {
		var m akkoord.SystemMailRecord
		var at int64
		err := rows.Scan(&m.Mail, &at)
		m.At = moment(at)
		r.SystemMails = append(r.SystemMails, m)
		return err
	}); err != nil {
		return err
	}
	mails, err := contractMails(q, ` AND m.hash = $3 ORDER BY m.id`, int64(0), int64(maxRecord), hash[:])
	for _, m := range mails {
		r.ContractMails = append(r.ContractMails, akkoord.ContractMailRecord{
			ID: m.PublicID, Template: m.Template, State: m.State, Code: m.Code, At: akkoord.Moment{Time: m.At}, DoneAt: akkoord.Moment{Time: m.DoneAt},
		})
	}
	return err
}

func moment(n int64) akkoord.Moment { return akkoord.Moment{Time: fromMicros(n)} }
