package api

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"akkoord"
	"akkoord/server/sight"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// operation is one line of the table in operations.go.
type operation struct {
	method, path string
	right        akkoord.Right
	summary      string
	status       int           // of success; 0 is 200
	sees         akkoord.Right // right to know that the thing in the path exists; empty: everybody with a key
}

// name gives the operation's id in the OpenAPI document: "get-subscribers-id-events".
func (o operation) name() string {
	path := strings.NewReplacer("{", "", "}", "", "/", "-").Replace(o.path)
	return strings.ToLower(o.method) + path
}

// registration adds an operation to the API.
type registration func(*API) error

// handle makes the registration of an operation that answers with JSON.
func handle[I, O any](o operation, f func(context.Context, *I) (O, error)) registration {
	type reply struct {
		Status   int
		Withheld string `header:"Akkoord-Withheld" doc:"Fields that no grant of the key opens, and that are empty for that."`
		Once     string `header:"Akkoord-Once" doc:"The field that is shown this once, and is stored nowhere."`
		Body     O
	}
	return func(a *API) error {
		op, err := a.prepare(o)
		if err != nil {
			return err
		}
		huma.Register(a.huma, op, func(ctx context.Context, in *I) (*reply, error) {
			out, err := f(ctx, in)
			if err != nil {
				return nil, a.problem(ctx, o, err)
			}
			status := cmp.Or(o.status, http.StatusOK)
			if s, ok := any(out).(interface{ httpStatus() int }); ok {
				status = s.httpStatus()
			}
			var once string
			if s, ok := any(out).(interface{ once() string }); ok {
				once = s.once()
			}
			return &reply{status, withheld(ctx), once, out}, nil
		})
		return nil
	}
}

// withheld names what was taken out of the answer, for its header.
func withheld(ctx context.Context) string {
	var names []string
	for _, f := range sight.Withheld(ctx) {
		names = append(names, string(f))
	}
	return strings.Join(names, ", ")
}

// document is an answer that is not JSON.
type document struct {
	contentType string
	header      map[string]string
	body        []byte
}

// handleDocument makes the registration of an operation that answers with a
// document of one of several types.
func handleDocument[I any](o operation, types []string, f func(context.Context, *I) (document, error)) registration {
	type reply struct{ Body func(huma.Context) }
	return func(a *API) error {
		op, err := a.prepare(o)
		if err != nil {
			return err
		}
		ok := &huma.Response{Description: "OK", Content: map[string]*huma.MediaType{}}
		for _, t := range types {
			ok.Content[t] = &huma.MediaType{}
		}
		op.Responses["200"] = ok
		huma.Register(a.huma, op, func(ctx context.Context, in *I) (*reply, error) {
			out, err := f(ctx, in)
			if err != nil {
				return nil, a.problem(ctx, o, err)
			}
			return &reply{func(c huma.Context) {
				c.SetHeader("Content-Type", out.contentType)
				if names := withheld(ctx); names != "" {
					c.SetHeader("Akkoord-Withheld", names)
				}
				for name, value := range out.header {
					c.SetHeader(name, value)
				}
				c.SetStatus(http.StatusOK)
				_, _ = c.BodyWriter().Write(out.body) // the caller may have gone
			}}, nil
		})
		return nil
	}
}

// prepare gives huma's description of an operation, with its right as a gate
// before the input is even looked at.
func (a *API) prepare(o operation) (huma.Operation, error) {
	if o.right == "" {
		return huma.Operation{}, fmt.Errorf("%s %s: %w", o.method, o.path, errNoRight)
	}
	a.rights[o.method+" "+o.path] = o.right
	failure := a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[problem](), true, "Problem")
	op := huma.Operation{
		OperationID: o.name(), Method: o.method, Path: o.path, Summary: o.summary, DefaultStatus: o.status,
		Description: "Needs the right " + string(o.right) + ".", Tags: []string{strings.Split(o.path, "/")[1]},
		MaxBodyBytes: akkoord.Limits.APIBody + 1, BodyReadTimeout: -1, // readBody has read it
		Middlewares: huma.Middlewares{func(ctx huma.Context, next func(huma.Context)) {
			if err := o.allows(caller(ctx.Context()).Role); err != nil {
				_, w := humago.Unwrap(ctx)
				problemOf(err).write(w)
				return
			}
			if err := acceptable(ctx); err != nil {
				_, w := humago.Unwrap(ctx)
				err.write(w)
				return
			}
			next(ctx)
		}},
		Responses: map[string]*huma.Response{"default": {
			Description: "What is wrong, as a problem document (RFC 9457).",
			Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: failure}},
		}},
	}
	if o.method == http.MethodPost {
		op.Parameters = []*huma.Param{{
			Name: "Idempotency-Key", In: "header", Schema: &huma.Schema{Type: "string"},
			Description: "A request that comes again with the same key within 24 hours gets the answer of the first.",
		}}
	}
	return op, nil
}

// acceptable refuses a body of a media type that the operation does not take
// (RFC 9110 §15.5.16). JSON without a type is fine.
func acceptable(ctx huma.Context) *problem {
	body := ctx.Operation().RequestBody
	r, _ := humago.Unwrap(ctx)
	if body == nil || r.ContentLength == 0 {
		return nil
	}
	sent, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	for want := range body.Content {
		json := want == "application/json"
		if err == nil && (sent == want || json && strings.HasSuffix(sent, "+json")) || json && r.Header.Get("Content-Type") == "" {
			return nil
		}
	}
	want := strings.Join(slices.Sorted(maps.Keys(body.Content)), ", ")
	p := &problem{Status: http.StatusUnsupportedMediaType, Code: "media_type", Field: "Content-Type", Detail: "Send the body as " + want + ", and say so in Content-Type.", accepts: want}
	return p.complete()
}

// allows reports whether a role may use the operation. What a role may not
// even know of looks as if it were not there (P28).
func (o operation) allows(role akkoord.Role) error {
	switch {
	case role.May(o.right):
		return nil
	case o.sees != "" && !role.May(o.sees):
		return akkoord.Errorf(akkoord.NotFound, "not_found", "There is nothing with this id.")
	}
	return akkoord.Errorf(akkoord.Forbidden, "right_missing", "The role %s of this key does not have the right %s.", role, o.right)
}

// problem gives the problem document of an error, and logs faults of ours.
func (a *API) problem(ctx context.Context, o operation, err error) error {
	p := problemOf(err)
	if p.Status == http.StatusInternalServerError && ctx.Err() == nil {
		a.cfg.Log.ErrorContext(ctx, "api operation failed", "operation", o.name(), "error", err)
	}
	return p
}
