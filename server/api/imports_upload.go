package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"reflect"

	"akkoord"
	"akkoord/server/intake"

	"github.com/danielgtaylor/huma/v2"
)

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
	pacer := intake.Pace(w, r)
	body, err := importBody(r)
	if errors.Is(err, intake.ErrBroken) {
		return errBroken()
	}
	if err != nil {
		return err
	}
	file, err := a.cfg.Store.SpoolImport(body)
	if pacer.Err() != nil {
		return errBroken()
	}
	if err != nil {
		return err
	}
	up := &spooled{file: file}
	r = r.WithContext(context.WithValue(r.Context(), uploadKey{}, up))
	r.Body, r.ContentLength = http.NoBody, 0
	pacer.Extend() // for the answer
	err = a.replay.serve(w, r, file.Digest[:], a.mux)
	if !up.taken {
		err = errors.Join(err, a.cfg.Store.DropSpool(file))
	}
	return err
}

func errBroken() error {
	return &problem{Status: http.StatusBadRequest, Code: "body_broken", Detail: "The body did not arrive whole."}
}

// importBody gives the file that a request brings. The parts of a form before it join
// the query.
func importBody(r *http.Request) (io.Reader, error) {
	body, fields, err := intake.File(r)
	if err != nil {
		return nil, err
	}
	query := r.URL.Query()
	for name, values := range fields {
		if !query.Has(name) {
			query.Set(name, values[0])
		}
	}
	r.URL = &url.URL{Path: r.URL.Path, RawQuery: query.Encode()}
	return intake.Readable(body, query.Get("preview") == "true")
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
			Preview  bool   `json:"preview,omitempty"`
			Locale   string `json:"locale,omitempty"`
			File     string `json:"file" format:"binary" doc:"After the other parts."`
		}]())
		op.RequestBody = &huma.RequestBody{
			Description: "CSV or NDJSON of any size; what a row may hold is in docs/import.md.", Required: true,
			Content: map[string]*huma.MediaType{"text/csv": file, "application/x-ndjson": file, "multipart/form-data": {Schema: form}},
		}
		return nil
	}
}
