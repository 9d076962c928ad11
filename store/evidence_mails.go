package store

import (
	"bytes"
	"encoding/json"
	"slices"

	"akkoord"
)

// evidenceMails shows what was mailed to a person: the mails of sign-ups, of
// which copies are kept, or rows for a month, and each mailing with its content.
func (s *Store) evidenceMails(q querier, b *akkoord.Bundle, person int64, deliveries []akkoord.DeliveryRecord) error {
	out := &b.Mails
	out.SignUps, out.Campaigns = []akkoord.SignUpMail{}, []akkoord.CampaignMail{}
	confirmed := map[akkoord.ID]bool{}
	for _, l := range b.Lines {
		if l.Kind == akkoord.Confirmed {
			confirmed[l.Request] = true
		}
	}
	copies, members, err := s.copiesOf(q, person, confirmed)
	if err != nil {
		return err
	}
	out.SignUps, b.Pages = append(out.SignUps, copies...), members
	key := s.cfg.Keyring.Derive("message-id")
	rows, err := q.query(`SELECT id, mail, request, locale, at, first_at, done_at, attempts, code FROM outbox
		WHERE subscriber_id = $1 AND mail <> '' AND NOT EXISTS (SELECT 1 FROM mail_copy c WHERE c.id = outbox.id) ORDER BY id`, person)
	if err := each(rows, err, func(r row) error {
		var m akkoord.SignUpMail
		var id, at, first, done int64
		var request []byte
		err := r.Scan(&id, &m.Mail, &request, &m.Locale, &at, &first, &done, &m.Attempts, &m.Code)
		m.Request, m.AskedAt, m.FirstAt, m.DoneAt = id16(request), moment(at), moment(first), moment(done)
		m.MessageID = akkoord.MailToken(key, 'o', id, 0)
		out.SignUps = append(out.SignUps, m)
		return err
	}); err != nil {
		return err
	}
	slices.SortFunc(out.SignUps, func(a, b akkoord.SignUpMail) int { return a.AskedAt.Compare(b.AskedAt.Time) })
	records := make(map[akkoord.ID]akkoord.DeliveryRecord, len(deliveries))
	for _, d := range deliveries {
		records[d.Mailing] = d
	}
	rows, err = q.query(`SELECT m.id, m.public_id, m.content, m.variants, m.trigger_on <> '', `+winnerOf+`, coalesce(p.slug, ''), s.locale
		FROM delivery d JOIN mailing m ON m.id = d.mailing_id JOIN subscriber s ON s.id = d.subscriber_id JOIN campaign c ON c.id = m.campaign_id LEFT JOIN purpose p ON p.id = c.purpose_id
		WHERE d.subscriber_id = $1 ORDER BY d.mailing_id`, person)
	return each(rows, err, func(r row) error {
		var m akkoord.Mailing
		var id []byte
		var content, variants, purpose, locale string
		var series bool
		var variant int
		if err := r.Scan(&m.ID, &id, &content, &variants, &series, &variant, &purpose, &locale); err != nil {
			return err
		}
		if series {
			m.Trigger = new(akkoord.MailingTrigger)
		}
		if err := json.Unmarshal([]byte(content), &m.Content); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(variants), listOf(&m)); err != nil {
			return err
		}
		d, known := records[id16(id)]
		if !known {
			return nil // since the record was read
		}
		c := m.Text(variant, locale)
		out.Campaigns = append(out.Campaigns, akkoord.CampaignMail{
			DeliveryRecord: d, MessageID: akkoord.MailToken(key, 'm', m.ID, person), Purpose: purpose, Subject: c.Subject, Preheader: c.Preheader, Markdown: c.Markdown, HTML: c.HTML, Blocks: c.Blocks,
			Languages: m.Variant(variant).Languages,
		})
		return nil
	})
}

// verifySealed checks a bundle before it is handed out, as its receiver will.
func verifySealed(file []byte) error {
	return akkoord.VerifyBundle(bytes.NewReader(file), int64(len(file)), "", func(string) {})
}
