package store

import "strings"

// The tables that only grow come first. Their rows wait in memory for the end
// of the group, which then writes many of them in one statement: each is written
// once, in order, and most changes read none of them.
const (
	ledgerRows = iota
	evidenceRows
	outboxRows
	auditRows
	departureRows
	webhookRows
	growing
)

// The tables of new people, of whom an import has many.
const (
	peopleRows = growing + iota
	subscriptionRows
	interestRows
	bulkTables
)

// bulk is a table whose rows are written many at a time.
type bulk struct {
	table, columns string
	width          int    // values of a row
	rest           string // what follows the values of each row
}

var bulks = [bulkTables]bulk{
	ledgerRows: {table: "consent_event", width: 16, columns: "seq, at, kind, subscriber_id, purpose_id, campaign_id, mailing_id, request, " +
		"form_version_id, wording_version, privacy_version, locale, source, actor, commitment, hash"},
	evidenceRows: {table: "consent_evidence", width: 2, columns: "seq, data"},
	outboxRows: {table: "outbox", width: 5, columns: "subscriber_id, request, locale, at, due_at, state, fence, attempts, first_at, mail, code, done_at",
		rest: `, 0, 0, 0, 0, '', '', 0`},
	auditRows:     {table: "audit", width: 7, columns: "seq, at, actor, action, object, note, hash"},
	departureRows: {table: "departure", width: 6, columns: "number, at, kind, purpose_id, campaign_id, hash"},
	webhookRows: {table: "webhook_message", width: 11,
		columns: "public_id, webhook_id, at, event, subscriber_id, person, purpose_id, campaign_id, mailing_id, reason, due_at"},
	peopleRows: {table: "subscriber", width: 8, columns: "id, public_id, email_hash, email, name, locale, salt, created_at"},
	subscriptionRows: {table: "subscription", width: 12,
		columns: "subscriber_id, purpose_id, state, since, basis, request, version, form_version_id, locale, was_active, agreed, ground"},
	interestRows: {table: "subscriber_interest", width: 2, columns: "subscriber_id, interest_id"},
}

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

// manyRows is from how many on rows are sent as one stream, where the database
// takes such. No group of sign-ups has as many.
const manyRows = maxGroup + 1

// flush writes all rows that wait. Before a change that may read them it is
// called outside of that change's savepoint, since the rows of its neighbours
// are among them; so a change run by record must not call it.
func (t *tx) flush() error {
	for table := range t.rows {
		if err := t.insertMany(table, &t.rows[table]); err != nil {
			return err
		}
	}
	return nil
}

// insertMany writes rows that wait, many in one statement.
func (t *tx) insertMany(table int, w *waiting) error {
	b, values := bulks[table], w.values
	if len(values) >= manyRows*b.width && b.rest == "" {
		streamed, err := t.session.stream(b.table, strings.Split(b.columns, ", "), values)
		if err != nil {
			return err
		}
		if streamed {
			values = nil
		}
	}
	for _, n := range steps {
		for len(values) >= n*b.width {
			if err := t.exec(t.insert(table, n), values[:n*b.width]...); err != nil {
				return err
			}
			values = values[n*b.width:]
		}
	}
	clear(w.values)
	w.values = w.values[:0]
	return nil
}

// insert gives the statement that writes n rows of a table.
func (w *writer) insert(table, n int) string {
	key := [2]int{table, n}
	q, ok := w.inserts[key]
	if !ok {
		b := bulks[table]
		q = "INSERT INTO " + b.table + " (" + b.columns + ") VALUES " + tuples(n, b.width, b.rest)
		w.inserts[key] = q
	}
	return q
}

// tuples gives the placeholders of n rows.
func tuples(n, width int, rest string) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('(')
		for c := range width {
			if c > 0 {
				b.WriteString(", ")
			}
			b.WriteString(placeholder(i*width + c + 1))
		}
		b.WriteString(rest + ")")
	}
	return b.String()
}
