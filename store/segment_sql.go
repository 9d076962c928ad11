package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"akkoord"
)

// filterSQL is the condition of a filter, on a subscription x of a subscriber
// s. All that people typed is bound; the text depends on the filter's shape
// alone, so that mailings of one shape share a statement.
type filterSQL struct {
	text    strings.Builder
	args    []any
	purpose int64
	now     time.Time
	names   akkoord.Vocabulary
}

// compileFilter gives the condition of a checked filter, whose parameters come
// after those in args, and all parameters.
func compileFilter(q querier, f akkoord.Filter, purposeID int64, now time.Time, args []any) (string, []any, error) {
	names, err := vocabulary(q, f)
	if err != nil {
		return "", nil, err
	}
	return compileNamed(names, f, purposeID, now, args)
}

// compileNamed is compileFilter for whoever has read what the names in the filter mean.
func compileNamed(names akkoord.Vocabulary, f akkoord.Filter, purposeID int64, now time.Time, args []any) (string, []any, error) {
	c := &filterSQL{args: args, purpose: purposeID, now: now, names: names}
	err := c.node(f)
	return c.text.String(), c.args, err
}

func (c *filterSQL) bind(v any) string {
	c.args = append(c.args, v)
	return "$" + strconv.Itoa(len(c.args))
}

func (c *filterSQL) write(parts ...string) {
	for _, p := range parts {
		c.text.WriteString(p)
	}
}

func (c *filterSQL) node(f akkoord.Filter) error {
	switch f.Kind {
	case akkoord.FilterAll:
		return c.join(f.Of, " AND ", "(1 = 1)")
	case akkoord.FilterAny:
		return c.join(f.Of, " OR ", "(1 = 0)")
	case akkoord.FilterNot:
		c.write("NOT ")
		return c.node(f.Of[0])
	case akkoord.FilterInterest, akkoord.FilterLearned, akkoord.FilterAttribute, akkoord.FilterClicked, akkoord.FilterActive:
		c.write("EXISTS (SELECT 1")
		c.told(f, "w.subscriber_id = x.subscriber_id AND ")
		c.write(")")
	case akkoord.FilterLocale:
		c.write("(s.locale = ", c.bind(f.Text), ")")
	case akkoord.FilterConsentedBefore:
		c.write("(x.since < ", c.bind(micros(f.At)), ")")
	case akkoord.FilterConsentedAfter:
		c.write("(x.since >= ", c.bind(micros(f.At)), ")")
	case akkoord.FilterSource:
		c.write(`(coalesce((SELECT e.source FROM consent_event e WHERE e.subscriber_id = x.subscriber_id AND e.purpose_id = x.purpose_id AND e.request = x.request
			ORDER BY e.seq LIMIT 1), '') = `, c.bind(f.Text), ")")
	default:
		return fmt.Errorf("a filter has a node of the kind %q", f.Kind)
	}
	return nil
}

func (c *filterSQL) join(of []akkoord.Filter, by, none string) error {
	if len(of) == 0 {
		c.write(none)
		return nil
	}
	c.write("(")
	for i, child := range of {
		if i > 0 {
			c.write(by)
		}
		if err := c.node(child); err != nil {
			return err
		}
	}
	c.write(")")
	return nil
}

// told writes from which rows it is known of whom a leaf holds, of a table w with a
// subscriber_id; the condition on them begins with that on the person, or with nothing.
func (c *filterSQL) told(f akkoord.Filter, person string) {
	switch f.Kind {
	case akkoord.FilterInterest:
		c.write(" FROM subscriber_interest w WHERE ", person, "w.interest_id = ", c.bind(c.names.Interests[f.Text]))
	case akkoord.FilterAttribute:
		c.write(" FROM subscriber_attribute w WHERE ", person)
		c.attribute(f)
	case akkoord.FilterLearned:
		c.write(" FROM click w JOIN link l ON l.id = w.link_id JOIN subscription y ON y.subscriber_id = w.subscriber_id AND y.purpose_id = l.purpose_id WHERE ", person)
		c.learned(f)
	case akkoord.FilterClicked:
		c.write(" FROM click w JOIN link l ON l.id = w.link_id WHERE ", person)
		c.clicked(f)
	default:
		c.write(" FROM activity w WHERE ", person, "w.purpose_id = ", c.bind(c.purpose), " AND w.at >= ", c.bind(micros(f.Cutoff(c.now))))
	}
}

// leafQuery selects of whom a leaf of a checked filter holds, by itself: of
// everybody who is active for the purpose at least, and some more than once.
func leafQuery(f akkoord.Filter, purposeID int64, now time.Time, names akkoord.Vocabulary) (string, []any, error) {
	c := &filterSQL{purpose: purposeID, now: now, names: names}
	switch f.Kind {
	case akkoord.FilterInterest, akkoord.FilterLearned, akkoord.FilterAttribute, akkoord.FilterClicked, akkoord.FilterActive:
		c.write("SELECT w.subscriber_id")
		c.told(f, "")
	default:
		c.write("SELECT x.subscriber_id FROM subscription x WHERE x.purpose_id = ", c.bind(purposeID), " AND x.state = 'active' AND ")
		if err := c.node(f); err != nil {
			return "", nil, err
		}
	}
	return c.text.String(), c.args, nil
}

// comparisons are the operators of SQL.
var comparisons = map[akkoord.FilterOp]string{
	akkoord.OpEqual: " = ", akkoord.OpOther: " <> ", akkoord.OpLess: " < ", akkoord.OpAtMost: " <= ", akkoord.OpMore: " > ", akkoord.OpAtLeast: " >= ",
}

// attribute compares numbers by size as numbers. All else is text, as equal
// numbers are: there is one way to write each.
func (c *filterSQL) attribute(f akkoord.Filter) {
	a := c.names.Attributes[f.Text]
	c.write("w.attribute_id = ", c.bind(a.ID))
	bySize := f.Op != akkoord.OpEqual && f.Op != akkoord.OpOther && a.Type == akkoord.AttributeNumber
	switch {
	case f.Op == akkoord.OpExists:
	case bySize: // CASE, since values of other attributes may be no numbers
		value, _ := strconv.ParseFloat(f.Value, 64) // written by Attribute.Parse
		c.write(" AND CASE WHEN w.attribute_id = ", c.bind(a.ID), " THEN CAST(w.value AS DOUBLE PRECISION)", comparisons[f.Op], "CAST(", c.bind(value), " AS DOUBLE PRECISION) ELSE 1 = 0 END")
	default:
		c.write(" AND w.value", comparisons[f.Op], c.bind(f.Value))
	}
}

// clicked asks about clicks under the segment's own purpose alone (M16).
func (c *filterSQL) clicked(f akkoord.Filter) {
	c.write("w.machine = 0 AND l.purpose_id = ", c.bind(c.purpose))
	switch f.By {
	case akkoord.ClickCampaign:
		c.write(" AND l.campaign_id = ", c.bind(c.names.Campaigns[f.Text].ID))
	case akkoord.ClickTopic:
		c.write(" AND l.topic = ", c.bind(f.Text))
	default:
		c.write(" AND l.url = ", c.bind(f.Text))
	}
	c.write(" AND w.last_at >= ", c.bind(micros(f.Cutoff(c.now))))
}

// learned says in SQL what akkoord.Purpose.Learned does.
func (c *filterSQL) learned(f akkoord.Filter) {
	after := c.names.LearnAfter[c.purpose]
	if after == 0 {
		c.write("1 = 0 AND ")
	}
	c.write("w.machine = 0 AND l.purpose_id = ", c.bind(c.purpose), " AND l.topic = ", c.bind(f.Text), " AND y.state = 'active' AND y.tracking > 0 AND y.learning > 0 AND w.last_at >= y.learning AND w.last_at >= ",
		c.bind(micros(akkoord.LearnedSince(c.now))), " GROUP BY w.subscriber_id HAVING count(*) >= ", c.bind(after))
}

// mailable are the people of purpose $1 whom the gate lets pass at the time $2,
// of a subscription x and a subscriber s.
const mailable = ` FROM subscription x JOIN subscriber s ON s.id = x.subscriber_id
	WHERE x.purpose_id = $1 AND x.state = 'active' AND s.paused_until <= $2 AND NOT ` + unfounded + ` AND NOT ` + outgrown + `
		AND NOT EXISTS (SELECT 1 FROM suppression k WHERE k.hash = s.email_hash AND k.kind <> 'blocked')`

// CountSegment counts the people of a purpose who may be mailed and are in a
// filter, now. Errors are those of akkoord.Filter.Check.
func (s *Store) CountSegment(ctx context.Context, purposeID int64, f akkoord.Filter) (int64, error) {
	p, err := s.peopleOf(ctx, purposeID, f)
	if err != nil {
		return 0, err
	}
	return p.counted(ctx)
}

// SampleSegment gives a page of the people whom CountSegment counts, in the
// order in which they were first known, and the number after which the next
// page begins; 0 when there is none.
func (s *Store) SampleSegment(ctx context.Context, purposeID int64, f akkoord.Filter, p akkoord.Page) ([]akkoord.Subscriber, int64, error) {
	of, err := s.peopleOf(ctx, purposeID, f)
	if err != nil {
		return nil, 0, err
	}
	condition, args, err := of.condition()
	if err != nil {
		return nil, 0, err
	}
	args = append(args, p.After, p.Size()+1)
	after, limit := "$"+strconv.Itoa(len(args)-1), "$"+strconv.Itoa(len(args))
	rows, err := s.view(ctx).askOnce(`SELECT `+strings.ReplaceAll(subscriberColumns, "subscriber.", "s.")+mailable+` AND `+condition+`
		AND x.subscriber_id > `+after+` ORDER BY x.subscriber_id LIMIT `+limit, args)
	var out []akkoord.Subscriber
	err = each(rows, err, func(r row) error {
		person, err := scanSubscriber(r)
		out = append(out, person)
		return err
	})
	out, next := cut(out, p, func(person akkoord.Subscriber) int64 { return person.ID })
	return out, next, err
}
