package store

import (
	"context"
	"time"

	"akkoord"
)

// notify makes the tasks to tell processors of a change about a person: each
// party of the register with whom the dealings go on (Art. 19 GDPR, M19).
func (t *tx) notify(p akkoord.Subscriber, c akkoord.Change) error {
	kinds := akkoord.NoticesOf(c)
	if len(kinds) == 0 || p.ID == 0 {
		return nil
	}
	type party struct {
		id   int64
		slug string
	}
	var parties []party
	rows, err := t.query(`SELECT id, slug FROM processor WHERE ended_at = 0 ORDER BY id`)
	if err := each(rows, err, func(r row) error {
		var to party
		err := r.Scan(&to.id, &to.slug)
		parties = append(parties, to)
		return err
	}); err != nil {
		return err
	}
	for _, to := range parties {
		reference := akkoord.NoticeReference(t.store.cfg.Keyring.NoticeKey(to.slug), p.Email)
		for _, kind := range kinds {
			id, err := t.store.newID(t.now)
			if err != nil {
				return err
			}
			if err := t.exec(`INSERT INTO processor_notice (public_id, processor_id, kind, reference, line, at, due_on, done_at, done_by, note)
				VALUES ($1, $2, $3, $4, $5, $6, $7, 0, '', '')`, id[:], to.id, string(kind), reference, t.ledger.Seq, micros(t.now), micros(akkoord.NoticeDue(t.now))); err != nil {
				return err
			}
		}
	}
	return nil
}

// Notices gives a page of the tasks to tell processors, oldest first, all of
// them or only those that wait, and the number after which the next page
// begins; 0 when there is none.
func (s *Store) Notices(ctx context.Context, waiting bool, p akkoord.Page) ([]akkoord.ProcessorNotice, int64, error) {
	where := ``
	if waiting {
		where = ` AND n.done_at = 0`
	}
	rows, err := s.view(ctx).query(noticeQuery+` WHERE n.id > $1`+where+` ORDER BY n.id LIMIT $2`, p.After, p.Size()+1)
	out, err := list(rows, err, scanNotice)
	out, next := cut(out, p, func(n akkoord.ProcessorNotice) int64 { return n.ID })
	return out, next, err
}

const noticeQuery = `SELECT n.id, n.public_id, p.slug, n.kind, n.reference, n.line, n.at, n.due_on, n.done_at, n.done_by, n.note
	FROM processor_notice n JOIN processor p ON p.id = n.processor_id`

func scanNotice(r row) (akkoord.ProcessorNotice, error) {
	var n akkoord.ProcessorNotice
	var id []byte
	var at, due, done int64
	err := r.Scan(&n.ID, &id, &n.Processor, &n.Kind, &n.Reference, &n.Line, &at, &due, &done, &n.DoneBy, &n.Note)
	n.PublicID, n.At, n.DueOn, n.DoneAt = id16(id), fromMicros(at), fromMicros(due), fromMicros(done)
	return n, err
}

// TickNotice records that a party was told, and how, and forgets the
// reference. What is ticked off stays as it was. Errors: NotFound, and Invalid
// for a note that holds an address: it outlives the person.
func (s *Store) TickNotice(ctx context.Context, actor akkoord.Actor, id akkoord.ID, note string) (akkoord.ProcessorNotice, error) {
	var n akkoord.ProcessorNotice
	if err := akkoord.CheckNoPerson("note", note); err != nil {
		return n, err
	}
	err := s.update(ctx, "tick notice", func(t *tx) (err error) {
		if n, err = scanNotice(t.queryRow(noticeQuery+` WHERE n.public_id = $1`, id[:])); err != nil {
			return missing(err, "notice")
		}
		if !n.DoneAt.IsZero() {
			return nil
		}
		n.DoneAt, n.DoneBy, n.Note, n.Reference = t.now, actor, note, ""
		if err := t.exec(`UPDATE processor_notice SET done_at = $2, done_by = $3, note = $4, reference = '' WHERE id = $1`,
			n.ID, micros(n.DoneAt), string(actor), note); err != nil {
			return err
		}
		return t.audit(actor, "notice.done", named("notice", n.PublicID.String()), n.Processor+" "+string(n.Kind))
	})
	return n, err
}

// NoticeKey gives the key of a party's references, and leaves a line in the
// audit trail. Errors: NotFound.
func (s *Store) NoticeKey(ctx context.Context, actor akkoord.Actor, slug string) ([]byte, error) {
	err := s.update(ctx, "notice key", func(t *tx) error {
		if _, err := processorBySlug(t, slug); err != nil {
			return missing(err, "processor")
		}
		return t.audit(actor, "processor.key", named("processor", slug), "")
	})
	if err != nil {
		return nil, err
	}
	return s.cfg.Keyring.NoticeKey(slug), nil
}

// Desk counts what waits for somebody's decision or act.
func (s *Store) Desk(ctx context.Context) (akkoord.Desk, error) {
	var d akkoord.Desk
	now := s.cfg.Now()
	y, m, day := now.UTC().Date()
	today := time.Date(y, m, day, 0, 0, 0, 0, time.UTC)
	var first int64
	v := s.view(ctx)
	if err := v.queryRow(`SELECT count(*), count(CASE WHEN due_on >= $1 AND due_on <= $2 THEN 1 END), count(CASE WHEN due_on < $1 THEN 1 END), coalesce(min(due_on), 0)
		FROM person_request WHERE state = 'open'`, micros(today), micros(today.Add(akkoord.DeskNotice))).Scan(&d.Open, &d.Soon, &d.Overdue, &first); err != nil {
		return d, err
	}
	d.FirstDue = fromMicros(first)
	if err := v.queryRow(`SELECT count(*), count(CASE WHEN due_on < $1 THEN 1 END) FROM processor_notice WHERE done_at = 0`, micros(today)).
		Scan(&d.Notices, &d.OverdueNotices); err != nil {
		return d, err
	}
	var drill int64
	if err := v.queryRow(`SELECT coalesce((SELECT max(at) FROM restore_drill WHERE fault = '' AND at <= $1), 0), EXISTS (SELECT 1 FROM subscriber)`, micros(now.Add(akkoord.BackupAhead))).Scan(&drill, &d.People); err != nil {
		return d, err
	}
	d.GoodDrill = fromMicros(drill)
	return d, v.queryRow(`SELECT count(CASE WHEN aware_at > $1 THEN 1 END), count(CASE WHEN reported_at = 0 AND aware_at <= $2 THEN 1 END) FROM breach`,
		micros(now.AddDate(0, -1, 0)), micros(now.Add(-akkoord.BreachWindow))).Scan(&d.Breaches, &d.UnreportedBreaches)
}
