package store

// sendJournal keeps on-wire marks and outcomes that no commit holds yet.
type sendJournal struct{}

func (j *sendJournal) close() error { return nil }
