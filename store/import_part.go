package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"akkoord"
)

const (
	// partSize is how much of an upload one row holds, in bytes, and so how
	// much one commit adds.
	partSize = 256 << 10
	// partsDropped is how many rows one commit deletes.
	partsDropped = 64
	// inParts begins the name of an upload that is rows of import_part.
	inParts = "parts:"
)

// spoolParts keeps an upload as rows of the database, which every node reaches.
func (s *Store) spoolParts(body io.Reader) (name string, size int64, err error) {
	id, err := s.newID(s.cfg.Now())
	if err != nil {
		return "", 0, err
	}
	name = inParts + id.String()
	part := make([]byte, partSize)
	for number := 0; ; number++ {
		n, err := fill(body, part)
		size += int64(n)
		if n > 0 {
			if failed := s.record(context.Background(), "keep upload", func(t *tx) error {
				return t.exec(`INSERT INTO import_part (upload, number, data, at) VALUES ($1, $2, $3, $4)`, name, number, part[:n], micros(t.now))
			}); failed != nil {
				return name, size, failed
			}
		}
		if errors.Is(err, io.EOF) {
			return name, size, nil
		}
		if err != nil {
			return name, size, err
		}
	}
}

// fill reads until p is full or the body ends. Its error is that of the body:
// one that was cut off is not one that ended.
func fill(body io.Reader, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var more int
		more, err = body.Read(p[n:])
		n += more
	}
	return n, err
}

// dropParts deletes an upload. What held personal data is wiped as that of
// somebody who is erased (P16).
func (s *Store) dropParts(name string) error {
	for {
		var n int64
		err := s.record(context.Background(), "drop upload", func(t *tx) error {
			var err error
			n, err = t.execCount(`DELETE FROM import_part WHERE upload = $1 AND number IN
				(SELECT number FROM import_part WHERE upload = $1 ORDER BY number LIMIT $2)`, name, partsDropped)
			return err
		})
		if err != nil || n < partsDropped {
			wake(s.wiper.forgotten)
			return err
		}
	}
}

// partReader reads an upload from its rows.
type partReader struct {
	view   view
	upload string
	size   int64
	at     int64
	number int64 // of the row in data; -1: none
	data   []byte
}

// openSpool opens an upload; os.ErrNotExist says that it is gone.
func (s *Store) openSpool(ctx context.Context, f akkoord.ImportFile) (io.ReadSeekCloser, error) {
	if !strings.HasPrefix(f.Spool, inParts) {
		return os.Open(f.Spool)
	}
	r := &partReader{view: s.view(ctx), upload: f.Spool, size: f.Size, number: -1}
	return r, r.load(0)
}

func (r *partReader) load(number int64) error {
	if r.number == number {
		return nil
	}
	err := r.view.queryRow(`SELECT data FROM import_part WHERE upload = $1 AND number = $2`, r.upload, number).Scan(&r.data)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("part %d of an upload: %w", number, os.ErrNotExist)
	}
	r.number = number
	return err
}

// Read reads what is left of the row at the place.
func (r *partReader) Read(p []byte) (int, error) {
	if r.at >= r.size {
		return 0, io.EOF
	}
	if err := r.load(r.at / partSize); err != nil {
		return 0, err
	}
	n := copy(p, r.data[min(r.at%partSize, int64(len(r.data))):])
	if n == 0 && len(p) > 0 {
		return 0, io.ErrUnexpectedEOF
	}
	r.at += int64(n)
	return n, nil
}

// Seek goes to a place.
func (r *partReader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 {
		return 0, errors.New("seek before the beginning of an upload")
	}
	r.at = offset
	return offset, nil
}

// Close does nothing: no row is held.
func (r *partReader) Close() error { return nil }
