package store

import (
	"context"
	"time"

	"akkoord"
)

// RunBulkSteps is RunBulkAct with turns of so many steps.
func (s *Store) RunBulkSteps(ctx context.Context, j akkoord.Job, steps int) (time.Time, error) {
	return s.runBulkAct(ctx, j, steps)
}

// Rehearse has the writer write each group twice, as if a change of it had
// failed the first time.
func (s *Store) Rehearse() { s.writer.rehearse = true }

// MovedTables names the tables that Move copies.
func MovedTables() []string {
	var out []string
	for _, t := range movedTables {
		out = append(out, t.name)
	}
	return out
}
