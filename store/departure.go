package store

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"akkoord"
)

// DepartureSuffix follows the path of a database to that of its journal of
// departures, unless another is set.
const DepartureSuffix = ".departures"

// departureFile is the journal of departures beside a SQLite database: the
// lines of the table departure once more, in a file that a restore leaves
// alone. A line is written before its commit, and synced soon after: what a
// power cut takes from the file stands in the database, and is written again at
// the next start.
type departureFile struct {
	f       *os.File
	lines   atomic.Int64
	synced  atomic.Int64 // lines that are on the disk for sure
	grown   chan struct{}
	stop    chan struct{}
	stopped chan struct{}
	close1  sync.Once
}

const (
	// syncPause is how long the journal rests between two syncs. Each costs the
	// disk as much as a commit.
	syncPause = 100 * time.Millisecond
	// maxUnsynced bounds the lines that a power cut may take. With more the
	// writer waits.
	maxUnsynced = 4096
)

// openDepartures opens the journal and makes it as long as the table, or the
// other way round: what the table lacks was done after the backup that the
// database was put back from, and is done again.
func openDepartures(ctx context.Context, s *Store) error {
	path := s.cfg.Journal
	if path == "" {
		path = s.cfg.File() + DepartureSuffix
	}
	_, err := os.Stat(path)
	missing := errors.Is(err, os.ErrNotExist)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("the journal of departures %s can't be written: %w", path, err)
	}
	j := &departureFile{f: f, grown: make(chan struct{}, 1), stop: make(chan struct{}), stopped: make(chan struct{})}
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	lines, err := whole(f, size)
	if err == nil {
		err = f.Truncate(lines * akkoord.DepartureLine)
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	j.lines.Store(lines)
	j.synced.Store(lines)
	s.departures = j
	go j.keepSynced(s.writer.fail)
	have := s.writer.departed
	switch {
	case lines < have:
		err = s.lengthen(ctx, missing || have-lines > maxUnsynced+maxGroup)
	case lines > have:
		err = s.repeat(ctx, lines-have > maxGroup)
	}
	return err
}

// keepSynced syncs what was written, with a pause between, until close. After
// a failed sync nothing is written any more (P05).
func (j *departureFile) keepSynced(fail func()) {
	defer close(j.stopped)
	for {
		select {
		case <-j.grown:
		case <-j.stop:
			return
		}
		if j.sync() != nil {
			fail()
			return
		}
		select {
		case <-time.After(syncPause):
		case <-j.stop:
			return
		}
	}
}

// sync makes durable what was written before it.
func (j *departureFile) sync() error {
	lines := j.lines.Load()
	if err := j.f.Sync(); err != nil {
		return fmt.Errorf("sync the journal of departures: %w", err)
	}
	j.synced.Store(lines)
	return nil
}

func (j *departureFile) close() (err error) {
	j.close1.Do(func() {
		close(j.stop)
		<-j.stopped
		err = errors.Join(j.sync(), j.f.Close())
	})
	return err
}

// whole gives how many lines of a file of some size were surely written: a
// power cut may have left a part of one, or gaps where none was synced.
func whole(f io.ReaderAt, size int64) (int64, error) {
	lines := size / akkoord.DepartureLine
	first := max(0, lines-maxUnsynced-maxGroup)
	tail := bufio.NewReader(io.NewSectionReader(f, first*akkoord.DepartureLine, (lines-first)*akkoord.DepartureLine))
	var line [akkoord.DepartureLine]byte
	for n := first; n < lines; n++ {
		if _, err := io.ReadFull(tail, line[:]); err != nil {
			return 0, err
		}
		if _, err := akkoord.ParseDeparture(string(line[:])); err != nil {
			return n, nil
		}
	}
	return lines, nil
}

// lengthen writes what the journal lacks. More than a power cut may take means
// that the journal was lost, and whoever left between the backup and now is
// known to nobody: nothing is sent until an owner agrees.
func (s *Store) lengthen(ctx context.Context, lost bool) error {
	if lost {
		if err := s.hold(ctx, akkoord.HoldJournalLost); err != nil {
			return err
		}
	}
	for s.departures.lines.Load() < s.writer.departed {
		page, err := s.Departures(ctx, s.departures.lines.Load(), 1000)
		if err == nil && len(page) == 0 {
			err = fmt.Errorf("line %d is missing", s.departures.lines.Load()+1)
		}
		if err == nil {
			err = s.departures.append(page)
		}
		if err != nil {
			return fmt.Errorf("the journal of departures: %w", err)
		}
	}
	return s.departures.sync()
}

// repeat does again what the database lacks, in steps.
func (s *Store) repeat(ctx context.Context, restored bool) error {
	if restored {
		if err := s.hold(ctx, akkoord.HoldRestored); err != nil {
			return err
		}
	}
	if _, err := s.departures.f.Seek(s.writer.departed*akkoord.DepartureLine, io.SeekStart); err != nil {
		return err
	}
	r := bufio.NewReader(s.departures.f)
	for s.writer.departed < s.departures.lines.Load() {
		var step []akkoord.Departure
		for range min(500, s.departures.lines.Load()-s.writer.departed) {
			line, err := r.ReadString('\n')
			if err != nil {
				return fmt.Errorf("the journal of departures: %w", err)
			}
			d, err := akkoord.ParseDeparture(line)
			if err != nil {
				return err
			}
			step = append(step, d)
		}
		if err := s.redo(ctx, step); err != nil {
			return err
		}
	}
	return nil
}

// redo does departures again that stand in the journal, and numbers them as
// it does.
func (s *Store) redo(ctx context.Context, ds []akkoord.Departure) error {
	return s.update(ctx, "repeat departures", func(t *tx) error {
		for _, d := range ds {
			if d.Number != t.departed+1 {
				return fmt.Errorf("the journal of departures has line %d where %d was expected", d.Number, t.departed+1)
			}
			t.departed++
			t.putDeparture(d)
			if err := t.redo(d); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *tx) redo(d akkoord.Departure) error {
	st, err := standing(t, byHash, d.Person[:])
	if err != nil {
		return err
	}
	c := st.Depart(d, t.now)
	if st.Subscriber.ID != 0 {
		return t.put(st, c)
	}
	for _, k := range c.Suppress {
		if err := t.exec(`INSERT INTO suppression (hash, kind, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, d.Person[:], string(k), micros(d.At)); err != nil {
			return err
		}
	}
	if d.Kind == akkoord.DepartureKind(akkoord.SuppressedErased) {
		return t.eraseAddress(d.Person)
	}
	return nil
}

// depart notes the departures of a change.
func (t *tx) depart(p akkoord.Subscriber, c akkoord.Change) {
	if !c.Departs() {
		return
	}
	if c.Address != nil { // what they take along stands against the new address
		t.note(akkoord.Change{Suppress: c.Suppress}.Departures(t.store.hasher.Person(*c.Address), t.now))
		c.Suppress = nil
	}
	t.note(c.Departures(t.store.hasher.Person(p.Email), t.now))
}

func (t *tx) note(departures []akkoord.Departure) {
	for _, d := range departures {
		t.departed++
		d.Number = t.departed
		for n := len(t.leaving); n > 0 && t.leaving[n-1].Number >= d.Number; n-- { // of a change that was undone
			t.leaving = t.leaving[:n-1]
		}
		t.leaving = append(t.leaving, d)
		t.putDeparture(d)
	}
}

func (t *tx) putDeparture(d akkoord.Departure) {
	t.rows[departureRows].add(d.Number, micros(d.At), string(d.Kind), d.Purpose, d.Campaign, d.Person[:])
}

// append writes lines to the end. On an error the file is as it was.
func (j *departureFile) append(ds []akkoord.Departure) error {
	if len(ds) == 0 {
		return nil
	}
	var text []byte
	for _, d := range ds {
		text = d.AppendText(text)
	}
	before := j.lines.Load()
	if _, err := j.f.WriteAt(text, before*akkoord.DepartureLine); err != nil {
		return errors.Join(fmt.Errorf("the journal of departures: %w", err), j.cut(before))
	}
	j.lines.Add(int64(len(ds)))
	return nil
}

// cut takes back what was written after a number of lines.
func (j *departureFile) cut(lines int64) error {
	j.lines.Store(lines)
	return j.f.Truncate(lines * akkoord.DepartureLine)
}

// together writes the lines of a group and commits it. Where the commit fails
// they are taken back.
func (j *departureFile) together(ds []akkoord.Departure, commit func() error) error {
	if j == nil || len(ds) == 0 {
		return commit()
	}
	before := j.lines.Load()
	if before-j.synced.Load() > maxUnsynced {
		if err := j.sync(); err != nil {
			return err
		}
	}
	if err := j.append(ds); err != nil {
		return err
	}
	if err := commit(); err != nil {
		return errors.Join(err, j.cut(before))
	}
	wake(j.grown)
	return nil
}

// Departures gives lines of the journal of departures after a number, oldest
// first.
func (s *Store) Departures(ctx context.Context, after int64, limit int) ([]akkoord.Departure, error) {
	rows, err := s.view(ctx).query(`SELECT number, at, kind, purpose_id, campaign_id, hash FROM departure WHERE number > $1 ORDER BY number LIMIT $2`, after, limit)
	return list(rows, err, scanDeparture)
}

func scanDeparture(r row) (d akkoord.Departure, err error) {
	var at int64
	var hash []byte
	err = r.Scan(&d.Number, &at, &d.Kind, &d.Purpose, &d.Campaign, &hash)
	d.At = fromMicros(at)
	copy(d.Person[:], hash)
	return d, err
}

// RepeatDepartures does again what a journal holds that this database lacks,
// and gives how many lines that was. On PostgreSQL, where the journal is a table,
// it is how an exported one is brought back after a restore (P17).
// Nothing is sent after it until EndHold. A journal that was lost is found by it.
func (s *Store) RepeatDepartures(ctx context.Context, r io.Reader) (int64, error) {
	if err := s.hold(ctx, akkoord.HoldRestored); err != nil {
		return 0, err
	}
	var last, done int64 // the writer's own count is the writer's alone: other groups go on meanwhile
	if err := s.view(ctx).queryRow(`SELECT coalesce(max(number), 0) FROM departure`).Scan(&last); err != nil {
		return 0, err
	}
	var step []akkoord.Departure
	flush := func() error {
		err := s.redo(ctx, step)
		done += int64(len(step))
		step = step[:0]
		return err
	}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		d, err := akkoord.ParseDeparture(lines.Text())
		if err != nil {
			return done, err
		}
		if d.Number <= last {
			continue
		}
		last = d.Number
		if step = append(step, d); len(step) == 500 {
			if err := flush(); err != nil {
				return done, err
			}
		}
	}
	if err := errors.Join(lines.Err(), flush()); err != nil {
		return done, err
	}
	return done, s.update(ctx, "find journal", func(t *tx) error { return t.holdAs(akkoord.HoldRestored, akkoord.HoldJournalLost) })
}

// writeDepartures writes the journal of a database that was filled by Move.
func writeDepartures(ctx context.Context, db *sql.DB, path string) error {
	rows, err := db.QueryContext(ctx, `SELECT number, at, kind, purpose_id, campaign_id, hash FROM departure ORDER BY number`)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return errors.Join(err, rows.Close())
	}
	w := bufio.NewWriter(f)
	err = each(rows, nil, func(r row) error {
		d, err := scanDeparture(r)
		if err != nil {
			return err
		}
		_, err = w.Write(d.AppendText(nil))
		return err
	})
	return errors.Join(err, w.Flush(), f.Sync(), f.Close())
}
