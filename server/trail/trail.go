// Package trail names what was read in the audit trail (M27), for the JSON API
// and the admin site: by public id, so that a data protection officer can look
// it up. A line holds no personal data.
package trail

import (
	"fmt"
	"strings"

	"akkoord"
)

// Subscriber names a person; the zero person, who was looked for and is not
// there, is just "subscriber".
func Subscriber(p akkoord.Subscriber) string {
	if p.PublicID.IsZero() {
		return "subscriber"
	}
	return "subscriber:" + p.PublicID.String()
}

// Mailing names a mailing.
func Mailing(m akkoord.Mailing) string { return "mailing:" + m.PublicID.String() }

// Mails is People for transactional mails.
func Mails(ids []akkoord.ID) string { return span(ids, "1 mail", "mails") }

// People is the note of a read of several people: how many, and the first and
// the last of them. Lists are in the order in which people were first known or,
// of those who did something, did it, so those between them are known too. Zero ids, of people who were erased,
// count but name nobody.
func People(ids []akkoord.ID) string { return span(ids, "1 person", "people") }

// Found is People for those whom a filter let through.
func Found(f akkoord.PeopleFilter, ids []akkoord.ID) string {
	if f.Everybody() {
		return People(ids)
	}
	return f.Query().Encode() + ": " + People(ids)
}

// Opened is the note of a read of one person: by which grants it was done (M26).
func Opened(grants []akkoord.Grant) string {
	var names []string
	for _, g := range grants {
		names = append(names, g.Name())
	}
	return "by " + strings.Join(names, ", ")
}

func span(ids []akkoord.ID, one, many string) string {
	var first, last akkoord.ID
	for _, id := range ids {
		if id.IsZero() {
			continue
		}
		if first.IsZero() {
			first = id
		}
		last = id
	}
	count := one
	if len(ids) != 1 {
		count = fmt.Sprintf("%d %s", len(ids), many)
	}
	switch {
	case first.IsZero():
		return count
	case first == last:
		return count + ", " + first.String()
	}
	return count + ", " + first.String() + " to " + last.String()
}
