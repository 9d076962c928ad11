package store

import (
	"context"
	"math"
	"strconv"
	"strings"

	"akkoord"
)

// peopleQuery is the question who passes a filter, from an index in the order of
// its pages: that of people's numbers or, where the filter names an act, that of
// the ledger's lines (docs/adr/0058).
type peopleQuery struct {
	filterSQL
	filter   akkoord.PeopleFilter
	purposes []int64 // what the filter is about; nil: no matter
	interest int64

	first, last int64 // the lines of the ledger among which an act is
}

// peopleQuery reads what the names in a filter mean. Nothing of it depends on
// what people typed but the values that are bound.
func (s *Store) peopleQuery(ctx context.Context, f akkoord.PeopleFilter) (*peopleQuery, error) {
	q, v := &peopleQuery{filter: f, purposes: f.Among}, s.view(ctx)
	if f.Purpose != "" {
		p, err := s.Purpose(ctx, f.Purpose)
		if akkoord.KindOf(err) == akkoord.NotFound {
			return nil, akkoord.Fieldf("purpose", "filter_purpose", "There is no such purpose.")
		}
		if err != nil {
			return nil, err
		}
		q.purposes = []int64{p.ID}
	}
	if f.Interest != "" {
		err := inList(v, []string{f.Interest}, `SELECT slug, id FROM interest WHERE slug IN (`, func(_ string, id int64) { q.interest = id })
		if err != nil {
			return nil, err
		}
		if q.interest == 0 {
			return nil, akkoord.Fieldf("interest", "filter_interest", "Nobody was ever offered the interest %q.", f.Interest)
		}
	}
	if f.Act != "" {
		var err error
		if q.first, q.last, err = s.linesOf(ctx, f.From, f.To); err != nil {
			return nil, err
		}
	}
	if q.purposes == nil && f.State != "" {
		all, err := numbers(v, `SELECT id FROM purpose ORDER BY id`)
		if err != nil {
			return nil, err
		}
		q.purposes = all
	}
	return q, nil
}

// maxStood bounds the purposes that a question reads one by one: with each of their
// states it stays below the 500 parts that SQLite takes.
const maxStood = 90

// page writes the question for the next so many people after a cursor; each row
// is a person and their cursor.
func (q *peopleQuery) page(after int64, limit int) (string, []any) {
	q.text, q.args = strings.Builder{}, nil
	switch {
	case q.filter.Act != "":
		q.acts(after)
	case len(q.purposes) <= maxStood && (q.interest == 0 && q.purposes != nil || q.filter.State != "" && q.filter.State != akkoord.Active):
		q.standing(after, limit)
	default:
		q.known(after)
	}
	q.write(" ORDER BY 2 LIMIT ", q.bind(limit))
	return q.text.String(), q.args
}

// known are people by what they chose, or by what is on record of them alone.
func (q *peopleQuery) known(after int64) {
	number := "s.id"
	if q.interest != 0 {
		number = "w.subscriber_id"
		q.write(`SELECT w.subscriber_id, w.subscriber_id FROM subscriber_interest w JOIN subscriber s ON s.id = w.subscriber_id WHERE w.interest_id = `, q.bind(q.interest))
	} else {
		q.write(`SELECT s.id, s.id FROM subscriber s WHERE 1 = 1`)
	}
	q.write(` AND `, number, ` > `, q.bind(after))
	q.locale("s.locale")
	if q.purposes == nil {
		return
	}
	q.write(` AND EXISTS (SELECT 1 FROM subscription x WHERE x.subscriber_id = `, number, ` AND x.purpose_id IN (`, q.list(q.purposes), `)`)
	if q.filter.State != "" {
		q.write(` AND x.state = `, q.bind(string(q.filter.State)))
		q.since()
	}
	q.write(`)`)
}

func (q *peopleQuery) list(ids []int64) string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = strconv.FormatInt(id, 10) // our own numbers
	}
	if len(out) == 0 {
		return "NULL"
	}
	return strings.Join(out, ", ")
}

func (q *peopleQuery) locale(column string) {
	if q.filter.Locale != "" {
		q.write(" AND ", column, " = ", q.bind(q.filter.Locale))
	}
}

// standing are people by where they stand: of each purpose and state the first
// of a page, as their index gives them, and of these the first.
func (q *peopleQuery) standing(after int64, limit int) {
	states := akkoord.PeopleStates
	if q.filter.State != "" {
		states = []akkoord.State{q.filter.State}
	}
	q.write(`SELECT DISTINCT person, person FROM (SELECT 0 AS person WHERE 1 = 0`)
	for _, purpose := range q.purposes {
		for _, state := range states {
			q.write(` UNION ALL SELECT person FROM (`)
			q.stand(purpose, state, after, limit)
			q.write(`) AS part`)
		}
	}
	q.write(`) AS parts`)
}

func (q *peopleQuery) stand(purpose int64, state akkoord.State, after int64, limit int) {
	// Those who are pending are few and are read at once by when they asked; a plus
	// before a column keeps a database from walking everybody by number instead.
	column := "x.subscriber_id"
	q.write(`SELECT x.subscriber_id AS person FROM subscription x JOIN subscriber s ON s.id = x.subscriber_id
		WHERE x.purpose_id = `, q.bind(purpose), ` AND x.state = '`, string(state), `'`)
	switch state {
	case akkoord.Active:
	case akkoord.Pending:
		column = "+x.subscriber_id"
		q.write(` AND x.since > 0`)
	default:
		q.write(` AND x.state NOT IN ('active', 'pending')`)
	}
	q.write(` AND `, column, ` > `, q.bind(after))
	q.since()
	q.locale("s.locale")
	q.chose("x.subscriber_id")
	q.write(` ORDER BY `, column, ` LIMIT `, q.bind(limit))
}

// since is in which period the state began.
func (q *peopleQuery) since() {
	if q.filter.From != 0 || q.filter.To != 0 {
		from, before := q.filter.Period()
		q.write(` AND x.since >= `, q.bind(micros(from)), ` AND x.since < `, q.bind(micros(before)))
	}
}

func (q *peopleQuery) chose(person string) {
	if q.interest != 0 {
		q.write(` AND EXISTS (SELECT 1 FROM subscriber_interest w WHERE w.subscriber_id = `, person, ` AND w.interest_id = `, q.bind(q.interest), `)`)
	}
}

// cameBy is as the source of a segment: that of the first line of the request,
// which a line that asks is itself.
func (q *peopleQuery) cameBy(line string) {
	switch {
	case q.filter.Source == "":
	case q.filter.Act.Asks():
		q.write(` AND `, line, `.source = `, q.bind(q.filter.Source))
	default:
		q.write(` AND coalesce((SELECT o.source FROM consent_event o WHERE o.subscriber_id = `, line, `.subscriber_id AND o.request = `, line, `.request AND +o.purpose_id = `, line, `.purpose_id
			ORDER BY o.seq LIMIT 1), '') = `, q.bind(q.filter.Source))
	}
}

// acts are people by what they did: each at the first line of the period that
// says so.
func (q *peopleQuery) acts(after int64) {
	q.write(`SELECT e.subscriber_id, e.seq FROM consent_event e JOIN subscriber s ON s.id = e.subscriber_id WHERE `)
	q.act("e")
	q.write(` AND e.seq > `, q.bind(after))
	q.chose("e.subscriber_id")
	q.write(` AND NOT EXISTS (SELECT 1 FROM consent_event f WHERE f.subscriber_id = e.subscriber_id AND f.seq < e.seq AND `)
	q.act("f")
	q.write(`)`)
}

// endingKinds are the kinds that end a subscription, as a list of SQL.
var endingKinds = kindList(func(s akkoord.State) bool { return s == akkoord.Withdrawn || s == akkoord.Lapsed })

// act is what a line of the ledger has to say.
func (q *peopleQuery) act(line string) {
	f := q.filter
	from, before := f.Period()
	q.write(line, `.seq >= `, q.bind(q.first), ` AND `, line, `.seq <= `, q.bind(q.last), ` AND `, line, `.at >= `, q.bind(micros(from)), ` AND `, line, `.at < `, q.bind(micros(before)))
	switch f.Act {
	case akkoord.ActConfirmed:
		q.write(` AND `, line, `.kind = 'confirmed'`)
	case akkoord.ActJoined:
		q.write(` AND `, line, `.kind IN (`, activeKinds, `) AND NOT `, activeBefore(line, line+".purpose_id"))
	case akkoord.ActLeft:
		q.write(` AND `, line, `.kind IN (`, endingKinds, `) AND `, activeBefore(line, line+".purpose_id"))
	default:
		q.write(` AND `, line, `.kind = 'requested'`)
	}
	if f.Act == akkoord.ActAnswered {
		q.write(` AND EXISTS (SELECT 1 FROM consent_event c WHERE c.subscriber_id = `, line, `.subscriber_id AND c.request = `, line, `.request AND +c.purpose_id = `, line, `.purpose_id AND c.kind = 'confirmed')`)
	}
	if q.purposes != nil {
		q.write(` AND `, line, `.purpose_id IN (`, q.list(q.purposes), `)`)
	}
	if f.Act.Asks() {
		q.locale(line + ".locale")
	} else {
		q.locale("s.locale")
	}
	q.cameBy(line)
	if f.State != "" {
		q.write(` AND EXISTS (SELECT 1 FROM subscription x WHERE x.subscriber_id = `, line, `.subscriber_id AND x.purpose_id = `, line, `.purpose_id AND x.state = `, q.bind(string(f.State)), `)`)
	}
}

// linesOf gives the first and the last line of the ledger that can be of some
// days; 0 for the last day is that there is none. Lines that nobody has counted
// yet can be of any.
func (s *Store) linesOf(ctx context.Context, from, to akkoord.Day) (first, last int64, err error) {
	if err := s.catchUp(ctx); err != nil {
		return 0, 0, err
	}
	if to == 0 {
		to = math.MaxInt32
	}
	var counted, end int64
	err = s.view(ctx).queryRow(`SELECT coalesce((SELECT min(first_seq) FROM ledger_day WHERE day >= $1 AND day <= $2), 0), coalesce((SELECT max(last_seq) FROM ledger_day WHERE day >= $1 AND day <= $2), 0),
		coalesce((SELECT seq FROM growth_counted WHERE id = 1), 0), coalesce((SELECT max(seq) FROM consent_event), 0)`, int64(from), int64(to)).Scan(&first, &last, &counted, &end)
	if counted < end {
		last = end
		if first == 0 {
			first = counted + 1
		}
	}
	return first, last, err
}
