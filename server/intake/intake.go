// Package intake takes files of people in while they arrive, since they may be larger
// than memory, and hands back what an import refused of them. The JSON API and the admin
// site share it.
package intake

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"time"

	"akkoord"
)

// ErrBroken is the error of a body that did not arrive whole.
var ErrBroken = errors.New("the body did not arrive whole")

// pause is how long an upload may stand still. There is no limit to the time that it
// takes.
const pause = time.Minute

// formFields is how many parts a form may have before its file.
const formFields = 50

// Pacer reads a body for as long as it keeps coming.
type Pacer struct {
	io.Closer
	body    io.Reader
	control *http.ResponseController
	err     error
}

// Pace makes the body of a request one that is read for as long as it keeps coming.
func Pace(w http.ResponseWriter, r *http.Request) *Pacer {
	p := &Pacer{r.Body, r.Body, http.NewResponseController(w), nil}
	r.Body = p
	return p
}

// Extend gives the answer as much time as a stretch of the body.
func (p *Pacer) Extend() {
	end := time.Now().Add(pause)
	_ = p.control.SetReadDeadline(end) // what can't be paced keeps the server's limits
	_ = p.control.SetWriteDeadline(end)
}

// Err gives why the body did not arrive whole; nil: it did, so far.
func (p *Pacer) Err() error { return p.err }

// Read reads what came.
func (p *Pacer) Read(b []byte) (int, error) {
	p.Extend()
	n, err := p.body.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		p.err = err
	}
	return n, err
}

// File gives the file that a request brings, as its body or as the part named file of a
// form, and the parts before that by their names.
func File(r *http.Request) (file io.Reader, fields url.Values, err error) {
	fields = url.Values{}
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		return r.Body, fields, nil
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, fields, ErrBroken
	}
	for range formFields {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fields, ErrBroken
		}
		if part.FormName() == "file" {
			return part, fields, nil
		}
		if err := addField(fields, part); err != nil {
			return nil, fields, err
		}
	}
	return nil, fields, akkoord.Fieldf("file", "file_missing", "Send the file as the body, or as the part named file of a multipart form, after the other parts.")
}

func addField(fields url.Values, part *multipart.Part) error {
	value, err := io.ReadAll(io.LimitReader(part, int64(akkoord.Limits.Text)+1))
	if err != nil {
		return ErrBroken
	}
	if name := part.FormName(); name != "" {
		fields.Add(name, string(value))
	}
	return nil
}

// Readable gives a file whose head can be read as rows of people; another is refused
// before the rest of it is read. Of a preview the columns may be called otherwise.
func Readable(file io.Reader, preview bool) (io.Reader, error) {
	in := bufio.NewReaderSize(file, 64<<10)
	head, err := in.Peek(64 << 10)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, ErrBroken
	}
	_, err = akkoord.NewImportReader(bytes.NewReader(head), akkoord.ImportSpec{}, akkoord.ImportMark{}, time.Time{})
	if err != nil && !(preview && akkoord.CodeOf(err) == "column_missing") {
		return nil, err
	}
	return in, nil
}

// Rows reads rows of an import that are kept.
type Rows func(outcome akkoord.ImportOutcome, f func(akkoord.ImportedRow) error) error

// WriteRejects writes the rows that an import refused as CSV, with those that it holds
// for want of the facts of their basis.
func WriteRejects(w io.Writer, i akkoord.Import, rows Rows) error {
	csv, err := akkoord.NewRejectWriter(w, i.Tally.Header)
	if err == nil {
		err = rows(akkoord.ImportRejected, csv.Write)
	}
	if err == nil && !i.Spec.DryRun {
		err = rows(akkoord.ImportHeldBack, csv.Write)
	}
	return errors.Join(err, csv.Flush())
}
