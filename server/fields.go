package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"akkoord"
)

// fields are the named values of a form in the order they were sent, whatever
// encoding they came in. Names that nobody asks for are ignored.
type fields []field

type field struct {
	name, value string
	odd         bool // no text: a number, an object, … of a JSON body
}

// maxFields bounds the number of values in one form.
const maxFields = 128

var (
	errBody   = akkoord.Fieldf("body", "body_invalid", "What was sent can't be read. Please fill in the form again.")
	errFields = akkoord.Fieldf("body", "too_many_items", "The form has more than %d values.", maxFields)
)

// first gives the first value of a name, or "".
func (f fields) first(name string) string {
	for _, x := range f {
		if x.name == name {
			return x.value
		}
	}
	return ""
}

// all gives every value of a name.
func (f fields) all(name string) []string {
	var values []string
	for _, x := range f {
		if x.name == name {
			values = append(values, x.value)
		}
	}
	return values
}

func (f *fields) add(x field) error {
	if len(*f) == maxFields {
		return errFields
	}
	*f = append(*f, x)
	return nil
}

// typed gives err, or what is more to the point: that a value of the name is
// no text.
func (f fields) typed(name string, err error) error {
	for _, x := range f {
		if x.name == name && x.odd {
			return akkoord.Fieldf(name, "value_invalid", "The value of %s must be text: in JSON a string.", name)
		}
	}
	return err
}

// flag reads a box: ticked, or not. In JSON it may be true or false too.
func (f fields) flag(name string) (bool, error) {
	switch strings.ToLower(strings.TrimPrefix(f.first(name), "\x00")) { // see addScalar
	case "", "0", "false", "no":
		return false, nil
	case "1", "true", "yes", "on":
		return true, nil
	}
	return false, akkoord.Fieldf(name, name+"_invalid", "The value of %s is true or false.", name)
}

func isJSON(contentType string) bool {
	return contentType == "application/json" || strings.HasPrefix(contentType, "application/json;")
}

// readFields reads a form: urlencoded, multipart or one flat JSON object
// (requirements-mail K.9). Errors are TooLarge, 415 or Invalid.
func readFields(r *http.Request) (fields, error) {
	buf := bodies.Get().(*bytes.Buffer)
	defer bodies.Put(buf)
	body, err := readBody(r, buf)
	if err != nil {
		return nil, err
	}
	contentType := r.Header.Get(echo.HeaderContentType)
	if isJSON(contentType) {
		return jsonFields(body)
	}
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil && contentType != "" {
		return nil, echo.ErrUnsupportedMediaType
	}
	switch kind {
	case "", echo.MIMEApplicationForm:
		return formFields(string(body))
	case echo.MIMEMultipartForm:
		return multipartFields(body, params["boundary"])
	case echo.MIMEApplicationJSON:
		return jsonFields(body)
	}
	return nil, echo.ErrUnsupportedMediaType
}

var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// readBody reads at most Limits.FormBody bytes.
func readBody(r *http.Request, buf *bytes.Buffer) ([]byte, error) {
	if r.ContentLength > akkoord.Limits.FormBody {
		return nil, errTooLarge
	}
	buf.Reset()
	n, err := buf.ReadFrom(io.LimitReader(r.Body, akkoord.Limits.FormBody+1))
	if n > akkoord.Limits.FormBody {
		return nil, errTooLarge
	}
	if err != nil {
		return nil, errBody
	}
	return buf.Bytes(), nil
}

func formFields(body string) (fields, error) {
	f := make(fields, 0, 8)
	for body != "" {
		var pair string
		pair, body, _ = strings.Cut(body, "&")
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return nil, errBody
		}
		if value, err = url.QueryUnescape(value); err != nil {
			return nil, errBody
		}
		if err := f.add(field{name: name, value: value}); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// multipartFields reads the parts that are no files (RFC 7578).
func multipartFields(body []byte, boundary string) (fields, error) {
	if boundary == "" {
		return nil, errBody
	}
	var f fields
	parts := multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return f, nil
		}
		if err != nil {
			return nil, errBody
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return nil, errBody
		}
		if part.FileName() != "" {
			continue
		}
		if err := f.add(field{name: part.FormName(), value: string(value)}); err != nil {
			return nil, err
		}
	}
}

// jsonFields reads one object whose members are strings or lists of strings;
// null is as good as absent. Other values stand as their JSON text, which no
// field accepts.
func jsonFields(body []byte) (fields, error) {
	if !utf8.Valid(body) { // becomes a NUL, which every field refuses by its name
		body = bytes.ToValidUTF8(body, []byte(`\u0000`))
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, errBody
	}
	f := make(fields, 0, 8)
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, errBody
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, errBody
		}
		if err := f.addJSON(name.(string), value); err != nil {
			return nil, err
		}
	}
	if _, err := dec.Token(); err != nil {
		return nil, errBody
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errBody
	}
	return f, nil
}

func (f *fields) addJSON(name string, value json.RawMessage) error {
	switch {
	case string(value) == "null":
		return nil
	case value[0] == '[':
		var list []json.RawMessage
		if err := json.Unmarshal(value, &list); err != nil {
			return errBody
		}
		for _, v := range list {
			if err := f.addScalar(name, v); err != nil {
				return err
			}
		}
		return nil
	}
	return f.addScalar(name, value)
}

func (f *fields) addScalar(name string, value json.RawMessage) error {
	if value[0] != '"' {
		return f.add(field{name, "\x00" + string(value), true})
	}
	var text string
	if err := json.Unmarshal(value, &text); err != nil {
		return errBody
	}
	return f.add(field{name: name, value: text})
}
