package store

import (
	"database/sql"
	"errors"
	"strconv"

	"akkoord"
)

// named names a thing in the audit trail as those outside know it: by its
// slug, or by its public id.
func named(kind, name string) string { return kind + ":" + name }

// object names a thing in the audit trail by its internal number, as actors
// are named too. PublicNames tells which thing it was.
func object(kind string, id int64) string { return named(kind, strconv.FormatInt(id, 10)) }

// missing turns "no rows" into a NotFound error about the kind of thing.
func missing(err error, kind string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return akkoord.Errorf(akkoord.NotFound, "not_found", "There is no such %s.", kind)
	}
	return err
}

// taken turns "no rows" of an INSERT that did nothing into a Conflict.
func taken(err error, kind, slug string) error {
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	e := akkoord.Errorf(akkoord.Conflict, "slug_taken", "There is a %s %q already; choose another slug.", kind, slug)
	e.Field = "slug"
	return e
}

// fixed is the Conflict of an edit that touches what never changes.
func fixed(field, code, sentence string) error {
	e := akkoord.Errorf(akkoord.Conflict, code, "%s", sentence)
	e.Field = field
	return e
}

// cut takes from a list that was read with one row more than the page holds
// the rows of the page, and the number after which the next page begins; 0
// when there is none.
func cut[T any](rows []T, p akkoord.Page, number func(T) int64) ([]T, int64) {
	if len(rows) <= p.Size() {
		return rows, 0
	}
	rows = rows[:p.Size()]
	return rows, number(rows[len(rows)-1])
}

// peopleNote says in the audit trail of how many people something was done.
func peopleNote(n int) string {
	if n == 1 {
		return "1 person"
	}
	return strconv.Itoa(n) + " people"
}

// expiryNote says in the audit trail what a run of retention did.
func expiryNote(expired, forgotten int) string {
	return strconv.Itoa(expired) + " expired, " + strconv.Itoa(forgotten) + " of them forgotten"
}
