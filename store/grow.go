package store

import "strings"

// The tables that only grow. Their rows wait in memory for the end of the
// group, which then writes many of them in one statement: each is written
// once, in order, and most changes read none of them.
const (
	ledgerRows = iota
	evidenceRows
	outboxRows
	auditRows
	departureRows
	growing
)

// inserts are the statements of the growing tables, before their values, and
// what follows the values of each row.
var inserts = [growing]struct{ into, rest string }{
	ledgerRows: {into: `INSERT INTO consent_event (seq, at, kind, subscriber_id, purpose_id, campaign_id, mailing_id, request,
		form_version_id, wording_version, privacy_version, locale, source, actor, commitment, hash) VALUES `},
	evidenceRows: {into: `INSERT INTO consent_evidence (seq, data) VALUES `},
	outboxRows: {
		into: `INSERT INTO outbox (subscriber_id, request, locale, at, due_at, state, fence, attempts, first_at, mail, code, done_at) VALUES `,
		rest: `, 0, 0, 0, 0, '', '', 0`,
	},
	auditRows:     {into: `INSERT INTO audit (seq, at, actor, action, object, note) VALUES `},
	departureRows: {into: `INSERT INTO departure (number, at, kind, purpose_id, campaign_id, hash) VALUES `},
}

// columns are the numbers of values of a row.
var columns = [growing]int{ledgerRows: 16, evidenceRows: 2, outboxRows: 5, auditRows: 6, departureRows: 6}

// waiting are the values of rows of one table that are not written yet.
type waiting struct{ values []any }

func (w *waiting) add(row ...any) { w.values = append(w.values, row...) }

// mark remembers how much waits, for a change that may be undone.
type mark [growing]int

func (w *writer) mark() (m mark) {
	for i := range w.rows {
		m[i] = len(w.rows[i].values)
	}
	return m
}

// undo drops what was added after a mark. What was written since is undone by
// the savepoint, and its values are gone already.
func (w *writer) undo(m mark) {
	for i := range w.rows {
		w.rows[i].values = w.rows[i].values[:min(m[i], len(w.rows[i].values))]
	}
}

// steps are the numbers of rows that one statement takes.
var steps = [...]int{64, 16, 4, 1}

// flush writes all rows that wait. Before a change that may read them it is
// called outside of that change's savepoint, since the rows of its neighbours
// are among them; so a change run by record must not call it.
func (t *tx) flush() error {
	for table := range t.rows {
		values, width := t.rows[table].values, columns[table]
		for _, n := range steps {
			for len(values) >= n*width {
				if err := t.exec(t.insert(table, n), values[:n*width]...); err != nil {
					return err
				}
				values = values[n*width:]
			}
		}
		clear(t.rows[table].values)
		t.rows[table].values = t.rows[table].values[:0]
	}
	return nil
}

// insert gives the statement that writes n rows of a table.
func (w *writer) insert(table, n int) string {
	key := [2]int{table, n}
	if q, ok := w.inserts[key]; ok {
		return q
	}
	var b strings.Builder
	b.WriteString(inserts[table].into)
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('(')
		for c := range columns[table] {
			if c > 0 {
				b.WriteString(", ")
			}
			b.WriteString(placeholder(i*columns[table] + c + 1))
		}
		b.WriteString(inserts[table].rest + ")")
	}
	w.inserts[key] = b.String()
	return w.inserts[key]
}
