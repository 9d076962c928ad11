package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"strconv"
	"sync"

	"akkoord"
)

// The send journal of a SQLite database lies beside it, with this ending.
const journalSuffix = ".sendlog"

// journalSize is at how many bytes of the file settled entries are dropped
// from it.
const journalSize = 4 << 20

// fileWire is the wire beside a SQLite database: an append-only
// file, a line for each mark and result, a checksum in front, no sync. What is
// written survives the death of the process; after the death of the machine
// its end may be missing, which recovery takes into account. The result of
// what was on the wire shares a write with the next mark, so that a killed
// process leaves at most one delivery of each connection without a result. It
// holds numbers and masked replies, no address.
type fileWire struct {
	store *Store

	mu   sync.Mutex
	file *os.File
	size int64
	held []byte             // lines to be written with the next mark
	live map[entryKey]entry // last entry of each delivery that is not settled
}

// openFileWire settles what an earlier process left, and starts a new file.
func openFileWire(ctx context.Context, s *Store) (*fileWire, error) {
	path := s.cfg.File() + journalSuffix
	if err := s.recover(ctx, path); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the send journal can't be opened: %w", err)
	}
	return &fileWire{store: s, file: f, live: map[entryKey]entry{}}, nil
}

func (j *fileWire) mark(e entry) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	before := len(j.held)
	j.held = e.append(j.held)
	if err := j.write(); err != nil {
		j.held = j.held[:before]
		return err
	}
	j.live[e.key()] = e
	return nil
}

func (j *fileWire) note(e entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	_, marked := j.live[e.key()]
	j.held = e.append(j.held)
	if !marked {
		j.writeHeld()
	}
	j.live[e.key()] = e
}

func (j *fileWire) noteSystem(e entry) bool {
	j.note(e)
	return false
}

// writeHeld writes results that no mark follows.
func (j *fileWire) writeHeld() {
	if err := j.write(); err != nil {
		j.store.cfg.Log.Error("a result was not written to the send journal", "error", err)
		j.held = j.held[:0]
	}
}

// write appends the lines that are held, whole or not at all.
func (j *fileWire) write() error {
	n, err := j.file.Write(j.held)
	if err != nil {
		if n > 0 {
			err = errors.Join(err, j.file.Truncate(j.size))
		}
		return fmt.Errorf("send journal: %w", err)
	}
	j.size += int64(n)
	j.held = j.held[:0]
	return nil
}

func (j *fileWire) unsettled() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.writeHeld()
}

func (j *fileWire) settled(results []entry) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i := range results {
		delete(j.live, results[i].key())
	}
	if j.size >= journalSize || len(j.live) == 0 && j.size >= journalSize/64 {
		return j.compact()
	}
	return nil
}

// compact puts a file in place that holds only what is not settled: at most a
// line for each connection and the results of a moment.
func (j *fileWire) compact() error {
	if len(j.live) == 0 {
		j.held = j.held[:0]
		if err := j.file.Truncate(0); err != nil {
			return fmt.Errorf("send journal: %w", err)
		}
		j.size = 0
		return nil
	}
	var all []byte
	for _, e := range j.live {
		all = e.append(all)
	}
	path := j.store.cfg.File() + journalSuffix
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("send journal: %w", err)
	}
	if _, err := f.Write(all); err != nil {
		return errors.Join(fmt.Errorf("send journal: %w", err), f.Close(), os.Remove(path+".new"))
	}
	if err := os.Rename(path+".new", path); err != nil {
		return errors.Join(fmt.Errorf("send journal: %w", err), f.Close())
	}
	old := j.file
	j.file, j.size, j.held = f, int64(len(all)), j.held[:0]
	return old.Close()
}

func (j *fileWire) close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.file.Close()
}

// append writes the entry as a line after dst: a checksum, nine numbers and
// two quoted texts.
func (e *entry) append(dst []byte) []byte {
	start := len(dst)
	dst = append(dst, "00000000"...)
	for _, n := range [...]int64{
		e.chunk, e.fence, e.mailing, e.SubscriberID, int64(e.State), int64(e.Attempts), micros(e.FirstAt), micros(e.At), micros(e.NextAt),
	} {
		dst = strconv.AppendInt(append(dst, ' '), n, 10)
	}
	dst = strconv.AppendQuote(append(dst, ' '), e.Code)
	dst = strconv.AppendQuote(append(dst, ' '), e.Reply)
	var room [9]byte
	sum := strconv.AppendUint(room[:0], 1<<32|uint64(crc32.ChecksumIEEE(dst[start+8:])), 16)
	copy(dst[start:], sum[1:])
	return append(dst, '\n')
}

// parseEntry reads a line without its end; false means that it is damaged.
func parseEntry(line []byte) (e entry, ok bool) {
	if len(line) < 9 {
		return e, false
	}
	sum, err := strconv.ParseUint(string(line[:8]), 16, 32)
	if err != nil || uint32(sum) != crc32.ChecksumIEEE(line[8:]) {
		return e, false
	}
	fields := bytes.SplitN(line[9:], []byte(" "), 10)
	if len(fields) != 10 {
		return e, false
	}
	var n [9]int64
	for i := range n {
		if n[i], err = strconv.ParseInt(string(fields[i]), 10, 64); err != nil {
			return e, false
		}
	}
	rest := string(fields[9])
	code, err := strconv.QuotedPrefix(rest)
	if err != nil || len(rest) == len(code) {
		return e, false
	}
	e = entry{chunk: n[0], fence: n[1], mailing: n[2], index: -1}
	e.SubscriberID, e.State, e.Attempts = n[3], akkoord.DeliveryState(n[4]), int(n[5])
	e.FirstAt, e.At, e.NextAt = fromMicros(n[6]), fromMicros(n[7]), fromMicros(n[8])
	e.Code, err = strconv.Unquote(code)
	if err != nil {
		return e, false
	}
	e.Reply, err = strconv.Unquote(rest[len(code)+1:])
	return e, err == nil
}
