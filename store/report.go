package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"akkoord"
)

// TakeReport records what a report of an undelivered or unwanted mail does, in
// one commit: to the delivery, to the person, and to a mailing of which too many
// come back. The same report twice does the same as once, and one about what was
// never sent does nothing; neither is an error (J.12).
func (s *Store) TakeReport(ctx context.Context, r akkoord.Report) (akkoord.TakenReport, error) {
	out := akkoord.TakenReport{Code: r.Code, Kind: r.Kind, Class: r.Class}
	if r.Code != akkoord.ReportCounts {
		return out, nil
	}
	take, write := (*tx).reportOn, s.record
	if r.Mailing == 0 {
		take, write = (*tx).reportAsked, s.update
	}
	err := write(ctx, "report", func(t *tx) (err error) {
		out.At = time.Time{}
		if out.Code, err = take(t, r); err == nil && out.Code == akkoord.ReportCounts {
			out.At = t.now
		}
		return err
	})
	return out, err
}

// reached are the states of a delivery whose return path somebody can know of:
// those that are being sent have to be claimed. Of a copy that was sent again the first
// may have arrived, whatever became of the second.
const reached = `SELECT d.state, d.updated_at FROM delivery d WHERE d.mailing_id = $1 AND d.subscriber_id = $2 AND (d.state IN (1, 2, 5, 7)
	OR d.state = 3 AND d.fence <> 0
	OR d.state IN (3, 4, 6) AND d.first_at > 0 AND d.first_at < (SELECT m.again_at FROM mailing m WHERE m.id = d.mailing_id)
	OR d.state = 0 AND EXISTS (SELECT 1 FROM delivery_chunk c WHERE c.mailing_id = d.mailing_id AND c.state = 1 AND d.subscriber_id BETWEEN c.first AND c.last AND d.next_at <= c.due_at))`

// reportOn takes a report about a copy of a mailing.
func (t *tx) reportOn(r akkoord.Report) (akkoord.ReportCode, error) {
	var state akkoord.DeliveryState
	var at int64
	err := t.queryRow(reached, r.Mailing, r.Subscriber).Scan(&state, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return akkoord.ReportUnsent, nil
	}
	if err != nil {
		return "", err
	}
	if fresh, err := t.putReport(r); err != nil || !fresh {
		return akkoord.ReportRepeats, err
	}
	if r.Kind == akkoord.ReportBounce {
		if err := t.exec(`UPDATE delivery SET state = 5, code = $3, reply = $4, updated_at = $5, next_at = 0, fence = 0 WHERE mailing_id = $1 AND subscriber_id = $2`,
			r.Mailing, r.Subscriber, r.Status, r.Reply, micros(t.now)); err != nil {
			return "", err
		}
	}
	return akkoord.ReportCounts, t.effect(r, at)
}

// putReport notes a report. It reports whether it is the first of its kind.
func (t *tx) putReport(r akkoord.Report) (bool, error) {
	n, err := t.execCount(`INSERT INTO report (mailing_id, subscriber_id, kind, class, status, source, at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
		r.Mailing, r.Subscriber, string(r.Kind), string(r.Class), r.Status, r.Source, micros(t.now))
	return n > 0, err
}

// effect records what a report about a mail of the time sent does to its person
// and its mailing.
func (t *tx) effect(r akkoord.Report, sent int64) error {
	if err := t.tallyReport(r); err != nil {
		return err
	}
	if err := t.announceReport(r, nil); err != nil {
		return err
	}
	complaint := r.Kind == akkoord.ReportComplaint
	if !complaint && r.Class != akkoord.ClassHard && r.Class != akkoord.ClassSoft {
		return nil
	}
	st, err := standing(t, byID, r.Subscriber)
	if err != nil || st.Subscriber.ID == 0 {
		return err
	}
	if complaint {
		return t.apply(st, st.Complain(r, t.now))
	}
	var moved int64
	if err := t.queryRow(`SELECT coalesce(max(at), 0) FROM former_address WHERE subscriber_id = $1`, r.Subscriber).Scan(&moved); err != nil || moved > sent {
		return err // it is said of a mailbox that is theirs no more
	}
	run := akkoord.SoftRun{}
	if r.Class == akkoord.ClassSoft {
		if run, err = t.softRun(r); err != nil {
			return err
		}
	}
	return t.apply(st, st.Bounce(r, run, t.now))
}

// softRunLength is how many deliveries are looked back at.
const softRunLength = 50

// softRun looks back from a delivery that came back for now.
func (t *tx) softRun(r akkoord.Report) (akkoord.SoftRun, error) {
	run, clean, campaigns := akkoord.SoftRun{}, false, map[int64]bool{}
	rows, err := t.query(`SELECT m.campaign_id, d.state, d.first_at, coalesce(x.class, '') FROM delivery d JOIN mailing m ON m.id = d.mailing_id
		LEFT JOIN report x ON x.mailing_id = d.mailing_id AND x.subscriber_id = d.subscriber_id AND x.kind = 'bounce'
		WHERE d.subscriber_id = $1 AND d.mailing_id <= $2 AND d.state IN (2, 4, 5) ORDER BY d.mailing_id DESC LIMIT $3`, r.Subscriber, r.Mailing, softRunLength)
	err = each(rows, err, func(row row) error {
		var campaign, first int64
		var state akkoord.DeliveryState
		var class akkoord.Class
		if err := row.Scan(&campaign, &state, &first, &class); err != nil {
			return err
		}
		if clean = clean || state == akkoord.Sent; !clean && class == akkoord.ClassSoft {
			campaigns[campaign] = true
			run.Bounces, run.Since = run.Bounces+1, fromMicros(first)
		}
		return nil
	})
	run.Campaigns = len(campaigns)
	return run, err
}

// reportAsked takes a report about a mail that a sign-up caused.
func (t *tx) reportAsked(r akkoord.Report) (akkoord.ReportCode, error) {
	st, err := standing(t, byID, r.Subscriber)
	if err != nil || st.Subscriber.ID == 0 || r.Kind != akkoord.ReportBounce {
		return akkoord.ReportUnsent, err
	}
	var sent, moved int64
	if err := t.queryRow(`SELECT coalesce(max(first_at), 0), (SELECT coalesce(max(at), 0) FROM former_address WHERE subscriber_id = $1)
		FROM outbox WHERE subscriber_id = $1 AND mail <> '' AND first_at > 0`, r.Subscriber).Scan(&sent, &moved); err != nil || sent == 0 || moved > sent {
		return akkoord.ReportUnsent, err
	}
	if fresh, err := t.putReport(r); err != nil || !fresh {
		return akkoord.ReportRepeats, err
	}
	left, err := t.leavers([]int64{r.Subscriber})
	if err != nil {
		return "", err
	}
	if err := t.announceReport(r, st.PendingPurposes()); err != nil {
		return "", err
	}
	return akkoord.ReportCounts, t.apply(st, st.BounceAsked(r, left[r.Subscriber], t.now))
}

// refused does for those whom the relay refused for good what a report does.
func (t *tx) refused(runs []run) error {
	for i := range runs {
		e := &runs[i]
		if e.isSystem() {
			if err := t.refusedMail(e); err != nil {
				return err
			}
			continue
		}
		if e.State != akkoord.Failed {
			continue
		}
		people, err := numbers(t, `SELECT subscriber_id FROM delivery WHERE mailing_id = $1 AND subscriber_id BETWEEN $2 AND $3 AND state = 4 AND updated_at = $4`,
			e.mailing, e.SubscriberID, e.last, micros(e.At))
		if err != nil {
			return err
		}
		for _, person := range people {
			r := akkoord.Report{
				Kind: akkoord.ReportBounce, Class: akkoord.ClassOfReply(e.Code, e.Reply), Mailing: e.mailing, Subscriber: person, Status: e.Code, Source: "smtp",
			}
			fresh, err := t.putReport(r)
			if err == nil && fresh {
				err = t.effect(r, micros(e.FirstAt))
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// gone reports whether a mail that a sign-up caused went to a mailbox that is
// not there, by what the relay said.
func (e *entry) gone() bool {
	return e.isSystem() && e.State == akkoord.Sent && akkoord.ClassOfReply(e.Code, "") == akkoord.ClassHard
}

// refusedMail does the same for a mail that a sign-up caused. What the relay said
// in words is kept nowhere; its codes have to tell.
func (t *tx) refusedMail(e *run) error {
	if !e.gone() {
		return nil
	}
	r := akkoord.Report{Kind: akkoord.ReportBounce, Class: akkoord.ClassHard, Status: e.Code, Source: "smtp"}
	err := t.queryRow(`SELECT subscriber_id FROM outbox WHERE id = $1 AND subscriber_id <> 0 AND about = ''`, e.SubscriberID).Scan(&r.Subscriber)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		_, err = t.reportAsked(r)
	}
	return err
}

// sentOf counts the mails that shares of a mailing are taken of.
const sentOf = `SELECT count(*) FROM delivery WHERE mailing_id = $1 AND state IN (2, 4, 5)`

// tallyReport counts a report, and pauses a mailing of which too many come back
// (D.4).
func (t *tx) tallyReport(r akkoord.Report) error {
	limit, ok := akkoord.LimitOf(r.Tally())
	if !ok {
		return nil
	}
	var n, look, base, baseSent int64
	if err := t.queryRow(`INSERT INTO report_tally (mailing_id, kind, reports, look_at, base, base_sent) VALUES ($1, $2, 1, 1, 0, 0)
		ON CONFLICT (mailing_id, kind) DO UPDATE SET reports = report_tally.reports + 1
		RETURNING reports, look_at, base, base_sent`, r.Mailing, string(limit.Tally)).Scan(&n, &look, &base, &baseSent); err != nil || n < look {
		return err
	}
	var state akkoord.MailingState
	if err := t.queryRow(`SELECT state FROM mailing WHERE id = $1`, r.Mailing).Scan(&state); err != nil || state != akkoord.MailingSending {
		return err
	}
	var sent int64
	if err := t.queryRow(sentOf, r.Mailing).Scan(&sent); err != nil {
		return err
	}
	pauses, next := limit.Pauses(n-base, sent-baseSent)
	if pauses {
		m, err := loadMailing(t, mailingByID, r.Mailing)
		if err != nil {
			return err
		}
		m.Why = limit.Stop(n-base, sent-baseSent)
		return t.move(akkoord.ActorSystem, &m, "pause")
	}
	return t.exec(`UPDATE report_tally SET look_at = $3 WHERE mailing_id = $1 AND kind = $2`, r.Mailing, string(limit.Tally), base+next)
}

// countAnew lets only what comes back from now on pause a mailing again.
func (t *tx) countAnew(mailingID int64) error {
	return t.exec(`UPDATE report_tally SET base = reports, look_at = reports + 1, base_sent = (`+sentOf+`) WHERE mailing_id = $1`, mailingID)
}

// Reports counts what came back of a mailing.
func (s *Store) Reports(ctx context.Context, mailingID int64) (akkoord.Reports, error) {
	all, err := s.ReportsOf(ctx, []int64{mailingID})
	return all[mailingID], err
}

// ReportsOf counts what came back of each of some mailings, by the mailing's number.
func (s *Store) ReportsOf(ctx context.Context, mailings []int64) (map[int64]akkoord.Reports, error) {
	out := map[int64]akkoord.Reports{}
	if len(mailings) == 0 {
		return out, nil
	}
	for _, id := range mailings {
		out[id] = akkoord.Reports{Bounces: map[akkoord.Class]int64{}}
	}
	rows, err := s.view(ctx).query(`SELECT mailing_id, kind, class, count(*) FROM report WHERE mailing_id IN (`+parameters(1, len(mailings))+`) AND mailing_id <> 0 GROUP BY mailing_id, kind, class`, boxed(mailings)...)
	return out, each(rows, err, func(r row) error {
		var id, n int64
		var kind akkoord.ReportKind
		var class akkoord.Class
		err := r.Scan(&id, &kind, &class, &n)
		of := out[id]
		if kind == akkoord.ReportComplaint {
			of.Complaints += n
		} else {
			of.Bounces[class] += n
		}
		out[id] = of
		return err
	})
}
