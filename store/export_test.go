package store

// Rehearse has the writer write each group twice, as if a change of it had
// failed the first time.
func (s *Store) Rehearse() { s.writer.rehearse = true }
