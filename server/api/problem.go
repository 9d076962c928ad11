package api

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"akkoord"
	"akkoord/server/status"

	"github.com/danielgtaylor/huma/v2"
)

// problem is an error as RFC 9457 has it, with a stable code.
type problem struct {
	Type    string           `json:"type"`
	Title   string           `json:"title"`
	Status  int              `json:"status"`
	Detail  string           `json:"detail"`
	Code    string           `json:"code" doc:"Stable; programs may rely on it."`
	Field   string           `json:"field,omitempty" doc:"The field, parameter or header that is wrong."`
	Reasons []akkoord.Reason `json:"reasons,omitempty" doc:"All that stands in the way, where there may be several."`
	accepts string           // media type that a refused body should have had
}

// problemOf tells of an error what its causer may know.
func problemOf(err error) *problem {
	if p, ok := errors.AsType[*problem](err); ok {
		return p.complete()
	}
	if e, ok := errors.AsType[*akkoord.Error](err); ok && e.Kind != "" {
		p := problem{Status: status.Of(e.Kind), Code: e.Code, Field: e.Field, Detail: e.Message, Reasons: e.Reasons}
		return p.complete()
	}
	p := problem{Status: http.StatusInternalServerError, Code: "internal", Detail: "Something went wrong on our side; the log says what."}
	return p.complete()
}

func (p *problem) complete() *problem {
	p.Type, p.Title = "about:blank", http.StatusText(p.Status)
	return p
}

// Error gives the detail; GetStatus, GetHeaders and ContentType are how huma
// asks for the rest.
func (p *problem) Error() string { return p.Detail }

// GetStatus gives the HTTP status.
func (p *problem) GetStatus() int { return p.Status }

// ContentType gives the media type of RFC 9457.
func (p *problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders gives what RFC 9110 wants beside some statuses.
func (p *problem) GetHeaders() http.Header {
	h := http.Header{}
	switch p.Status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="akkoord"`)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		h.Set("Retry-After", "5")
	case http.StatusUnsupportedMediaType:
		h.Set("Accept", p.accepts)
	}
	return h
}

func (p *problem) write(w http.ResponseWriter) {
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(p) // the caller may have gone
}

// asProblem turns huma's own errors, which are about malformed input, into
// problem documents that name the first wrong field and echo no value.
func asProblem(_ huma.Context, _ string, v any) (any, error) {
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	p := &problem{Status: m.Status, Code: "request_invalid", Detail: sentence(m.Detail)}
	if len(m.Errors) > 0 {
		e := m.Errors[0]
		p.Field = fieldOf(e.Location)
		p.Code, p.Detail = "value_invalid", "The value of "+p.Field+" is wrong: "+e.Message+"."
		switch missing, unread := missingProperty.FindStringSubmatch(e.Message), unreadableValue.FindStringSubmatch(e.Message); {
		case missing != nil:
			p.Field = strings.TrimPrefix(p.Field+"."+missing[1], ".")
			p.Code, p.Detail = "field_missing", "The field "+p.Field+" is missing."
		case strings.HasPrefix(e.Message, "required "):
			p.Code, p.Detail = "field_missing", "The parameter "+p.Field+" is missing."
		case e.Message == "unexpected property":
			p.Code, p.Detail = "field_unknown", "There is no field "+p.Field+" here; openapi.json lists those there are."
		case e.Message == "unknown query parameter":
			p.Code, p.Detail = "parameter_unknown", "There is no parameter "+p.Field+" here; openapi.json lists those there are."
		case m.Status == http.StatusBadRequest:
			p.Field, p.Code, p.Detail = "", "json_invalid", "The body is not valid JSON."
		case strings.HasPrefix(e.Message, "invalid date/time"):
			p.Detail = "The value of " + p.Field + " is no time; give one like 2026-11-24T09:30:00Z."
		case unread != nil:
			p.Field = fieldOfType(unread[1])
			p.Detail = "The value of " + cmp.Or(p.Field, "a field") + " can't be read: it is of another kind, or a number that is too large or has a fraction."
		case p.Field == "" && e.Message == "expected object":
			p.Detail = "The body has to be one JSON object, in curly brackets."
		case p.Field == "":
			p.Detail = "The body is wrong: " + e.Message + "."
		}
	}
	if m.Status == http.StatusBadRequest && len(m.Errors) == 0 {
		p.Code, p.Detail = "body_missing", "This request needs a body in JSON."
	}
	return p.complete(), nil
}

// unreadableValue is what encoding/json says of a value that a field can't hold, which is
// named after the type that it is in.
var unreadableValue = regexp.MustCompile(`^json: cannot unmarshal .+ into Go (?:struct field (\S+)|value) of type `)

// fieldOfType gives a field without the type that it is in, which has no name or, in
// brackets, those of others.
func fieldOfType(field string) string {
	if i := strings.LastIndex(field, "]."); i >= 0 {
		return field[i+2:]
	}
	_, field, _ = strings.Cut(field, ".")
	return field
}

var missingProperty = regexp.MustCompile(`^expected required property (\S+) to be present$`)

// fieldOf gives a field's name as its sender knows it: "body.name.nl" is
// name.nl, "query.limit" is limit.
func fieldOf(location string) string {
	for _, place := range []string{"body.", "query.", "path.", "header.", "body"} {
		if rest, ok := strings.CutPrefix(location, place); ok {
			return rest
		}
	}
	return location
}

func sentence(s string) string {
	if s == "" {
		return "The request is wrong."
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}
