package store

import (
	"slices"
	"strings"
	"testing"
)

// P16: on PostgreSQL what is deleted stays in its table until that is vacuumed,
// so each table that people are forgotten from is.
func TestEachTableThatPeopleAreForgottenFromIsVacuumed(t *testing.T) {
	for _, q := range forgetting {
		rest, ok := strings.CutPrefix(q, "DELETE FROM ")
		table, _, _ := strings.Cut(rest, " ")
		if !ok || !slices.Contains(vacuumed, table) {
			t.Errorf("%s is not vacuumed: %s", table, q)
		}
	}
}
