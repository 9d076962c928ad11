package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"akkoord"
)

// The figures of forms and purposes are a fold of the ledger by day, so that
// writing consent costs nothing more for them (docs/adr/0051). What browsers are
// shown is counted by each node, see AddShowings.

const (
	// growthLines is how many lines of the ledger, and how many mails, one change
	// counts.
	growthLines = 5000
	// growthRead is how many lines a page has counted before it shows figures.
	growthRead = 4 * growthLines
	// mailsSettled is after how long the result of a mail is believed to be
	// stored: a later one is missing in the figures.
	mailsSettled = time.Minute
)

// micros of a day.
const dayMicros = "86400000000"

// activeKinds are the kinds that make somebody active, as a list of SQL.
var activeKinds = kindList(func(s akkoord.State) bool { return s == akkoord.Active })

// activeBefore is whether the person of a line was active for a purpose before it.
func activeBefore(line, purpose string) string {
	return `coalesce((SELECT b.kind FROM consent_event b WHERE b.subscriber_id = ` + line + `.subscriber_id AND b.seq < ` + line + `.seq AND b.purpose_id = ` + purpose + ` AND b.kind IN (` + foldedKinds + `)
		ORDER BY b.seq DESC LIMIT 1), '') IN (` + activeKinds + `)`
}

var (
	// askedLines counts requests by form, language and day: of the lines of one
	// request, which follow one another, the first.
	askedLines = `SELECT v.form_id, e.locale, e.at / ` + dayMicros + ` AS day, count(*) FROM consent_event e JOIN form_version v ON v.id = e.form_version_id
		LEFT JOIN consent_event b ON b.seq = e.seq - 1 AND b.request = e.request AND b.kind = e.kind
		WHERE e.seq > $1 AND e.seq <= $2 AND e.kind = 'requested' AND b.seq IS NULL GROUP BY v.form_id, e.locale, day`

	// confirmedLines counts requests that were confirmed, by the day of asking.
	confirmedLines = `SELECT v.form_id, r.locale, r.at / ` + dayMicros + ` AS day, count(*) FROM consent_event e` + askedBy("e") + `
		LEFT JOIN consent_event b ON b.seq = e.seq - 1 AND b.request = e.request AND b.kind = e.kind
		WHERE e.seq > $1 AND e.seq <= $2 AND e.kind = 'confirmed' AND b.seq IS NULL GROUP BY v.form_id, r.locale, day`

	// acceptedMails counts requests whose confirmation mail was taken within a
	// time, by the day of asking. One that was mailed again later is known by
	// the copy of the first; where no copies are kept it counts twice.
	acceptedMails = `SELECT v.form_id, r.locale, r.at / ` + dayMicros + ` AS day, count(DISTINCT o.request) FROM outbox o` + askedBy("o") + `
		WHERE o.state = 1 AND o.about <> 'transactional' AND o.done_at > $1 AND o.done_at <= $2 AND o.mail = 'confirm' AND o.code LIKE '2%'
			AND NOT EXISTS (SELECT 1 FROM mail_copy c WHERE c.subscriber_id = o.subscriber_id AND c.request = o.request AND c.id < o.id)
		GROUP BY v.form_id, r.locale, day`

	// turnedLines counts by purpose and day who became active and who ended.
	turnedLines = `SELECT purpose_id, day, sum(CASE WHEN active AND NOT was THEN 1 ELSE 0 END), sum(CASE WHEN was AND NOT active THEN 1 ELSE 0 END) FROM (
			SELECT e.purpose_id, e.at / ` + dayMicros + ` AS day, e.kind IN (` + activeKinds + `) AS active, ` + activeBefore("e", "e.purpose_id") + ` AS was
			FROM consent_event e WHERE e.seq > $1 AND e.seq <= $2 AND e.kind IN (` + foldedKinds + `)
			UNION ALL
			SELECT p.id, e.at / ` + dayMicros + `, e.seq < 0, ` + activeBefore("e", "p.id") + `
			FROM consent_event e CROSS JOIN purpose p WHERE e.seq > $1 AND e.seq <= $2 AND e.kind = 'erased'
		) AS turns WHERE active <> was GROUP BY purpose_id, day`
)

// askedBy joins the line of the request, and the form, that something of a
// person and request belongs to.
func askedBy(of string) string {
	return ` JOIN consent_event r ON r.seq = (SELECT min(q.seq) FROM consent_event q WHERE q.subscriber_id = ` + of + `.subscriber_id AND q.request = ` + of + `.request AND q.kind = 'requested')
		JOIN form_version v ON v.id = r.form_version_id`
}

// formDay names a row of figures of a form.
type formDay struct {
	form   int64
	locale string
	day    akkoord.Day
}

// counted are figures that wait to be added, under what they are of.
type counted struct {
	forms    map[formDay]*akkoord.FormFigures
	purposes map[int64]map[akkoord.Day]akkoord.PurposeDay
	days     map[akkoord.Day][2]int64 // the first and the last line of each
}

// RunGrowth is the run of a job of the kind akkoord.JobGrowth: it counts all
// lines of the ledger and all mails that are not counted yet.
func (s *Store) RunGrowth(ctx context.Context, _ akkoord.Job) (time.Time, error) {
	for {
		more, err := s.countGrowth(ctx)
		if err != nil || !more {
			return time.Time{}, err
		}
		if ctx.Err() != nil {
			return s.cfg.Now(), nil
		}
	}
}

// countGrowth counts the next lines and mails; true: there are more.
func (s *Store) countGrowth(ctx context.Context) (bool, error) {
	v := s.view(ctx)
	var seq, mailAt, end int64
	if err := v.queryRow(`SELECT coalesce((SELECT seq FROM growth_counted WHERE id = 1), 0), coalesce((SELECT mail_at FROM growth_counted WHERE id = 1), 0), coalesce((SELECT max(seq) FROM consent_event), 0)`).Scan(&seq, &mailAt, &end); err != nil {
		return false, err
	}
	upto, mailsTo := min(end, seq+growthLines), max(mailAt, micros(s.cfg.Now().Add(-mailsSettled)))
	many := false
	err := v.queryRow(`SELECT done_at FROM outbox WHERE state = 1 AND about <> 'transactional' AND done_at > $1 AND done_at <= $2 ORDER BY done_at LIMIT 1 OFFSET $3`,
		mailAt, mailsTo, growthLines).Scan(&mailsTo)
	switch {
	case err == nil:
		many = true
	case !errors.Is(err, sql.ErrNoRows):
		return false, err
	}
	c := counted{forms: map[formDay]*akkoord.FormFigures{}, purposes: map[int64]map[akkoord.Day]akkoord.PurposeDay{}, days: map[akkoord.Day][2]int64{}}
	if upto > seq {
		if err := c.lines(v, seq, upto); err != nil {
			return false, err
		}
	}
	if err := c.add(v, acceptedMails, mailAt, mailsTo, func(f *akkoord.FormFigures) *int64 { return &f.Accepted }); err != nil {
		return false, err
	}
	if upto == seq && len(c.forms) == 0 && !many {
		return false, nil
	}
	return upto < end || many, s.update(ctx, "count growth", func(t *tx) error {
		if err := t.exec(`INSERT INTO growth_counted (id, seq, mail_at) VALUES (1, 0, 0) ON CONFLICT (id) DO NOTHING`); err != nil {
			return err
		}
		n, err := t.execCount(`UPDATE growth_counted SET seq = $1, mail_at = $2 WHERE id = 1 AND seq = $3 AND mail_at = $4`, upto, mailsTo, seq, mailAt)
		if err != nil || n == 0 { // another node has counted them
			return err
		}
		return t.putGrowth(c)
	})
}

func (c counted) lines(q querier, seq, upto int64) error {
	if err := c.add(q, askedLines, seq, upto, func(f *akkoord.FormFigures) *int64 { return &f.Asked }); err != nil {
		return err
	}
	if err := c.add(q, confirmedLines, seq, upto, func(f *akkoord.FormFigures) *int64 { return &f.Confirmed }); err != nil {
		return err
	}
	rows, err := q.query(`SELECT at / `+dayMicros+` AS day, min(seq), max(seq) FROM consent_event WHERE seq > $1 AND seq <= $2 GROUP BY day`, seq, upto)
	if err := each(rows, err, func(r row) error {
		var day akkoord.Day
		var lines [2]int64
		err := r.Scan(&day, &lines[0], &lines[1])
		c.days[day] = lines
		return err
	}); err != nil {
		return err
	}
	rows, err = q.query(turnedLines, seq, upto)
	return each(rows, err, func(r row) error {
		var purpose int64
		var d akkoord.PurposeDay
		if err := r.Scan(&purpose, &d.Day, &d.Joined, &d.Gone); err != nil {
			return err
		}
		if c.purposes[purpose] == nil {
			c.purposes[purpose] = map[akkoord.Day]akkoord.PurposeDay{}
		}
		c.purposes[purpose][d.Day] = d
		return nil
	})
}

// add adds to one figure what a question counts.
func (c counted) add(q querier, question string, from, upto int64, figure func(*akkoord.FormFigures) *int64) error {
	rows, err := q.query(question, from, upto)
	return each(rows, err, func(r row) error {
		var k formDay
		var n int64
		err := r.Scan(&k.form, &k.locale, &k.day, &n)
		*figure(c.of(k)) += n
		return err
	})
}

func (c counted) of(k formDay) *akkoord.FormFigures {
	f, ok := c.forms[k]
	if !ok {
		f = &akkoord.FormFigures{}
		c.forms[k] = f
	}
	return f
}

func (t *tx) putGrowth(c counted) error {
	for k, f := range c.forms {
		if err := t.exec(`INSERT INTO form_day (form_id, locale, day, asked, accepted, confirmed) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (form_id, locale, day) DO UPDATE SET asked = form_day.asked + excluded.asked, accepted = form_day.accepted + excluded.accepted, confirmed = form_day.confirmed + excluded.confirmed`,
			k.form, k.locale, int64(k.day), f.Asked, f.Accepted, f.Confirmed); err != nil {
			return err
		}
	}
	for day, lines := range c.days { // lines are counted in order, so that the first of a day is there already
		if err := t.exec(`INSERT INTO ledger_day (day, first_seq, last_seq) VALUES ($1, $2, $3) ON CONFLICT (day) DO UPDATE SET last_seq = excluded.last_seq`, int64(day), lines[0], lines[1]); err != nil {
			return err
		}
	}
	for purpose, days := range c.purposes {
		for _, d := range days {
			if err := t.exec(`INSERT INTO purpose_day (purpose_id, day, joined, gone) VALUES ($1, $2, $3, $4)
				ON CONFLICT (purpose_id, day) DO UPDATE SET joined = purpose_day.joined + excluded.joined, gone = purpose_day.gone + excluded.gone`,
				purpose, int64(d.Day), d.Joined, d.Gone); err != nil {
				return err
			}
		}
	}
	return nil
}

// AddShowings adds how often forms were shown, as a node has counted since it
// last did.
func (s *Store) AddShowings(ctx context.Context, seen []akkoord.FormShowing) error {
	if len(seen) == 0 {
		return nil
	}
	return s.record(ctx, "add showings", func(t *tx) error {
		for _, f := range seen {
			if err := t.exec(`INSERT INTO form_day (form_id, locale, day, shown, opened) SELECT v.form_id, $2, $3, $4, $5 FROM form_version v WHERE v.id = $1
				ON CONFLICT (form_id, locale, day) DO UPDATE SET shown = form_day.shown + excluded.shown, opened = form_day.opened + excluded.opened`,
				f.FormVersionID, f.Locale, int64(f.Day), f.Shown, f.Opened); err != nil {
				return err
			}
		}
		return nil
	})
}

// Growth gives what became of forms and purposes since the beginning of a day.
func (s *Store) Growth(ctx context.Context, since akkoord.Day) (g akkoord.Growth, err error) {
	if err := s.catchUp(ctx); err != nil {
		return g, err
	}
	v := s.view(ctx)
	if g.Forms, err = formFigures(v, since); err != nil {
		return g, err
	}
	if g.Purposes, err = purposeDays(v, since, akkoord.DayOf(s.cfg.Now())); err != nil {
		return g, err
	}
	g.Behind, err = growthBehind(v)
	return g, err
}

// FormGrowth gives what became of one form since the beginning of a day.
func (s *Store) FormGrowth(ctx context.Context, form int64, since akkoord.Day) (g akkoord.FormGrowth, err error) {
	if err := s.catchUp(ctx); err != nil {
		return g, err
	}
	v := s.view(ctx)
	rows, err := v.query(`SELECT day, locale, shown, asked, accepted, opened, confirmed FROM form_day WHERE form_id = $1 AND day >= $2 ORDER BY day, locale`, form, int64(since))
	g.Days, err = list(rows, err, func(r row) (akkoord.FormDay, error) {
		d := akkoord.FormDay{FormFigures: akkoord.FormFigures{FormID: form}}
		return d, r.Scan(&d.Day, &d.Locale, &d.Shown, &d.Asked, &d.Accepted, &d.Opened, &d.Confirmed)
	})
	if err != nil {
		return g, err
	}
	more, err := lateMails(v)
	if err != nil {
		return g, err
	}
	for i, d := range g.Days {
		if f, ok := more.forms[formDay{form, d.Locale, d.Day}]; ok {
			g.Days[i].Accepted += f.Accepted
		}
	}
	g.Behind, err = growthBehind(v)
	return g, err
}

func growthBehind(v querier) (bool, error) {
	var behind int64
	err := v.queryRow(`SELECT coalesce((SELECT max(seq) FROM consent_event), 0) - coalesce((SELECT seq FROM growth_counted WHERE id = 1), 0)`).Scan(&behind)
	return behind > growthLines, err
}

// lateMails are those whose result is not believed to be the last yet.
func lateMails(v querier) (counted, error) {
	c := counted{forms: map[formDay]*akkoord.FormFigures{}}
	var upto int64
	if err := v.queryRow(`SELECT coalesce((SELECT mail_at FROM growth_counted WHERE id = 1), 0)`).Scan(&upto); err != nil {
		return c, err
	}
	return c, c.add(v, acceptedMails, upto, never, func(f *akkoord.FormFigures) *int64 { return &f.Accepted })
}

func formFigures(v querier, since akkoord.Day) ([]akkoord.FormFigures, error) {
	rows, err := v.query(`SELECT form_id, locale, CAST(sum(shown) AS BIGINT), CAST(sum(asked) AS BIGINT), CAST(sum(accepted) AS BIGINT), CAST(sum(opened) AS BIGINT), CAST(sum(confirmed) AS BIGINT) FROM form_day WHERE day >= $1 GROUP BY form_id, locale ORDER BY form_id, locale`, int64(since))
	out, err := list(rows, err, func(r row) (akkoord.FormFigures, error) {
		var f akkoord.FormFigures
		return f, r.Scan(&f.FormID, &f.Locale, &f.Shown, &f.Asked, &f.Accepted, &f.Opened, &f.Confirmed)
	})
	if err != nil {
		return nil, err
	}
	more, err := lateMails(v)
	if err != nil {
		return nil, err
	}
	for k, f := range more.forms {
		for i := range out {
			if k.day >= since && out[i].FormID == k.form && out[i].Locale == k.locale {
				out[i].Accepted += f.Accepted
			}
		}
	}
	return out, nil
}

func purposeDays(v querier, since, today akkoord.Day) (map[int64][]akkoord.PurposeDay, error) {
	out := map[int64][]akkoord.PurposeDay{}
	rows, err := v.query(`SELECT purpose_id, day, joined, gone FROM purpose_day WHERE day >= $1`, int64(since))
	return out, each(rows, err, func(r row) error {
		var purpose int64
		var d akkoord.PurposeDay
		if err := r.Scan(&purpose, &d.Day, &d.Joined, &d.Gone); err != nil || d.Day > today {
			return err
		}
		if out[purpose] == nil {
			for day := since; day <= today; day++ {
				out[purpose] = append(out[purpose], akkoord.PurposeDay{Day: day})
			}
		}
		out[purpose][d.Day-since] = d
		return nil
	})
}

// catchUp counts what happened since the job last did, so that whoever signs up
// sees themselves. After an import, while another page counts, and where nothing
// can be stored now, the page shows what is counted.
func (s *Store) catchUp(ctx context.Context) error {
	if !s.counting.TryLock() {
		return nil
	}
	defer s.counting.Unlock()
	for range growthRead / growthLines {
		more, err := s.countGrowth(ctx)
		if akkoord.KindOf(err) == akkoord.Unavailable {
			return nil
		}
		if err != nil || !more {
			return err
		}
	}
	return nil
}
