package api

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"

	"akkoord"

	"github.com/danielgtaylor/huma/v2"
)

// uploadPause is how long an upload may stand still. There is no limit to its
// size or to the time that it takes.
const uploadPause = time.Minute

// spooled is the upload of one request.
type spooled struct {
	file  akkoord.ImportFile
	taken bool // an import was begun with it
}

type uploadKey struct{}

// isImport reports whether a request brings a file of people.
func isImport(r *http.Request) bool {
	return r.Method == http.MethodPost && r.URL.Path == Prefix+"/imports"
}

// serveImport keeps the body of an import in a file before the operation is
// asked, since it may be larger than memory. A role without the right uploads
// nothing.
func (a *API) serveImport(w http.ResponseWriter, r *http.Request) error {
	if !caller(r.Context()).Role.May(akkoord.ChangePeople) {
		a.mux.ServeHTTP(w, r)
		return nil
	}
	pacer := &pacer{body: r.Body, control: http.NewResponseController(w)}
	r.Body = io.NopCloser(pacer)
	body, err := importBody(r)
	if err != nil {
		return err
	}
	file, err := a.cfg.Store.SpoolImport(body)
	if err != nil {
		if pacer.err != nil {
			return &problem{Status: http.StatusBadRequest, Code: "body_broken", Detail: "The body did not arrive whole."}
		}
		return err
	}
	up := &spooled{file: file}
	r = r.WithContext(context.WithValue(r.Context(), uploadKey{}, up))
	r.Body, r.ContentLength = http.NoBody, 0
	pacer.extend() // for the answer
	err = a.replay.serve(w, r, file.Digest[:], a.mux)
	if !up.taken {
		err = errors.Join(err, a.cfg.Store.DropSpool(file))
	}
	return err
}

// pacer reads a body for as long as it keeps coming.
type pacer struct {
	body    io.Reader
	control *http.ResponseController
	err     error
}

func (p *pacer) extend() {
	end := time.Now().Add(uploadPause)
	_ = p.control.SetReadDeadline(end) // what can't be paced keeps the server's limits
	_ = p.control.SetWriteDeadline(end)
}

func (p *pacer) Read(b []byte) (int, error) {
	p.extend()
	n, err := p.body.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		p.err = err
	}
	return n, err
}

// importBody gives the file that a request brings, as its body or as the part
// named file of a form, whose other parts join the query. A file whose head
// can't be read is refused before the rest is.
func importBody(r *http.Request) (io.Reader, error) {
	body := io.Reader(r.Body)
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		parts, err := r.MultipartReader()
		if err == nil {
			body, err = filePart(r, parts)
		}
		if err != nil {
			return nil, err
		}
	}
	in := bufio.NewReaderSize(body, 64<<10)
	head, err := in.Peek(64 << 10)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, &problem{Status: http.StatusBadRequest, Code: "body_broken", Detail: "The body did not arrive whole."}
	}
	if _, err := akkoord.NewImportReader(bytes.NewReader(head), akkoord.ImportSpec{}, akkoord.ImportMark{}, time.Time{}); err != nil {
		return nil, err
	}
	return in, nil
}

// filePart passes over the parts before the file.
func filePart(r *http.Request, parts *multipart.Reader) (io.Reader, error) {
	query := r.URL.Query()
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, akkoord.Fieldf("file", "file_missing", "Send the file as the body, or as the part named file of a multipart form, after the other parts.")
		}
		if err != nil {
			return nil, &problem{Status: http.StatusBadRequest, Code: "body_broken", Detail: "The body did not arrive whole."}
		}
		if part.FormName() == "file" {
			r.URL = &url.URL{Path: r.URL.Path, RawQuery: query.Encode()}
			return part, nil
		}
		value, err := io.ReadAll(io.LimitReader(part, int64(akkoord.Limits.Text)+1))
		if err != nil {
			return nil, &problem{Status: http.StatusBadRequest, Code: "body_broken", Detail: "The body did not arrive whole."}
		}
		if name := part.FormName(); name != "" && !query.Has(name) {
			query.Set(name, string(value))
		}
	}
}

// stream is an answer that is written while it is read.
type stream struct {
	header map[string]string
	write  func(io.Writer) error
}

// handleStream makes the registration of an operation that answers with a
// stream of one type. An error in the middle cuts the answer off.
func handleStream[I any](o operation, contentType string, f func(context.Context, *I) (stream, error)) registration {
	type reply struct{ Body func(huma.Context) }
	return func(a *API) error {
		op, err := a.prepare(o)
		if err != nil {
			return err
		}
		op.Responses["200"] = &huma.Response{Description: "OK", Content: map[string]*huma.MediaType{contentType: {}}}
		huma.Register(a.huma, op, func(ctx context.Context, in *I) (*reply, error) {
			out, err := f(ctx, in)
			if err != nil {
				return nil, a.problem(ctx, o, err)
			}
			return &reply{func(c huma.Context) {
				c.SetHeader("Content-Type", contentType)
				for name, value := range out.header {
					c.SetHeader(name, value)
				}
				c.SetStatus(http.StatusOK)
				if err := out.write(c.BodyWriter()); err != nil {
					if ctx.Err() == nil {
						_ = a.problem(ctx, o, err) // it is logged
					}
					panic(http.ErrAbortHandler)
				}
			}}, nil
		})
		return nil
	}
}

// handleUpload makes the registration of an operation whose body serveImport
// has taken; it says in the description what that may be.
func handleUpload[I, O any](o operation, f func(context.Context, *I) (O, error)) registration {
	register := handle(o, f)
	return func(a *API) error {
		if err := register(a); err != nil {
			return err
		}
		op := a.huma.OpenAPI().Paths[o.path].Post
		file := &huma.MediaType{Schema: &huma.Schema{Type: "string", Format: "binary"}}
		form := huma.SchemaFromType(a.huma.OpenAPI().Components.Schemas, reflect.TypeFor[struct {
			Purpose  string `json:"purpose,omitempty"`
			Basis    string `json:"basis,omitempty"`
			Evidence string `json:"evidence,omitempty"`
			DryRun   bool   `json:"dry_run,omitempty"`
			File     string `json:"file" format:"binary" doc:"After the other parts."`
		}]())
		op.RequestBody = &huma.RequestBody{
			Description: "CSV or NDJSON of any size; what a row may hold is in docs/import.md.", Required: true,
			Content: map[string]*huma.MediaType{"text/csv": file, "application/x-ndjson": file, "multipart/form-data": {Schema: form}},
		}
		return nil
	}
}
