package store

import (
	"encoding/hex"

	"akkoord"
)

// recordReturned adds to a person's record what is stored by their number about
// mails: leavings by links, what came back, addresses, proofs, and what was
// filled in and not confirmed yet.
func recordReturned(q querier, r *akkoord.PersonRecord, subscriberID int64) error {
	for _, read := range []func(querier, *akkoord.PersonRecord, int64) error{recordLeavings, recordReports, recordAddresses, recordProofs, recordFilled} {
		if err := read(q, r, subscriberID); err != nil {
			return err
		}
	}
	return nil
}

func recordLeavings(q querier, r *akkoord.PersonRecord, subscriberID int64) error {
	r.Leavings = []akkoord.LeavingRecord{}
	rows, err := q.query(`SELECT m.public_id, l.scope, l.place, l.reason, l.at FROM leaving l LEFT JOIN mailing m ON m.id = l.mailing_id
		WHERE l.subscriber_id = $1 ORDER BY l.at, l.mailing_id, l.scope`, subscriberID)
	return each(rows, err, func(row row) error {
		var l akkoord.LeavingRecord
		var mailing []byte
		var at int64
		err := row.Scan(&mailing, &l.Scope, &l.Place, &l.Reason, &at)
		l.Mailing, l.At = id16(mailing), moment(at)
		r.Leavings = append(r.Leavings, l)
		return err
	})
}

func recordReports(q querier, r *akkoord.PersonRecord, subscriberID int64) error {
	r.Reports = []akkoord.ReportRecord{}
	rows, err := q.query(`SELECT m.public_id, x.kind, x.class, x.status, x.source, x.at FROM report x LEFT JOIN mailing m ON m.id = x.mailing_id
		WHERE x.subscriber_id = $1 ORDER BY x.at, x.mailing_id, x.kind`, subscriberID)
	return each(rows, err, func(row row) error {
		var x akkoord.ReportRecord
		var mailing []byte
		var at int64
		err := row.Scan(&mailing, &x.Kind, &x.Class, &x.Status, &x.Source, &at)
		x.Mailing, x.At = id16(mailing), moment(at)
		r.Reports = append(r.Reports, x)
		return err
	})
}

func recordAddresses(q querier, r *akkoord.PersonRecord, subscriberID int64) error {
	r.Addresses = []akkoord.AddressRecord{}
	rows, err := q.query(`SELECT email, at FROM address_change WHERE subscriber_id = $1 ORDER BY at, request`, subscriberID)
	return each(rows, err, func(row row) error {
		var a akkoord.AddressRecord
		var at int64
		err := row.Scan(&a.Email, &at)
		a.At = moment(at)
		r.Addresses = append(r.Addresses, a)
		return err
	})
}

func recordProofs(q querier, r *akkoord.PersonRecord, subscriberID int64) error {
	r.Proofs = []akkoord.ProofRecord{}
	rows, err := q.query(`SELECT mail, locale, asked_at, sent_at, code, size, digest FROM mail_copy WHERE subscriber_id = $1 ORDER BY id`, subscriberID)
	return each(rows, err, func(row row) error {
		var p akkoord.ProofRecord
		var asked, sent int64
		var digest []byte
		err := row.Scan(&p.Mail, &p.Locale, &asked, &sent, &p.Code, &p.Bytes, &digest)
		p.AskedAt, p.SentAt, p.SHA256 = moment(asked), moment(sent), hex.EncodeToString(digest)
		r.Proofs = append(r.Proofs, p)
		return err
	})
}

func recordFilled(q querier, r *akkoord.PersonRecord, subscriberID int64) error {
	r.Filled = []akkoord.FilledRecord{}
	rows, err := q.query(`SELECT a.slug, v.value, v.at FROM signup_value v JOIN attribute a ON a.id = v.attribute_id
		WHERE v.subscriber_id = $1 ORDER BY a.slug`, subscriberID)
	return each(rows, err, func(row row) error {
		var f akkoord.FilledRecord
		var at int64
		err := row.Scan(&f.Attribute, &f.Value, &at)
		f.At = moment(at)
		r.Filled = append(r.Filled, f)
		return err
	})
}
