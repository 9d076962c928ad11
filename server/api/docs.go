package api

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"akkoord"
	"akkoord/templates"
)

// reference draws GET /api/v1/docs: the OpenAPI document as a page to read,
// once for each language.
type reference struct {
	spec    []byte
	baseURL string
	rights  map[string]akkoord.Right
	pages   *templates.Set

	mu    sync.Mutex
	drawn map[string][]byte // by language
}

// docsPolicy lets the page have our own styles and images, and nothing else.
const docsPolicy = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func (d *reference) write(w http.ResponseWriter, r *http.Request) error {
	locale := r.URL.Query().Get("locale")
	if !akkoord.KnownLocale(locale) {
		locale = "en"
	}
	page, err := d.page(locale)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", locale)
	h.Set("Content-Security-Policy", docsPolicy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Length", strconv.Itoa(len(page)))
	_, _ = w.Write(page) // the visitor may have gone
	return nil
}

func (d *reference) page(locale string) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if page, ok := d.drawn[locale]; ok {
		return page, nil
	}
	var spec openAPI
	if err := json.Unmarshal(d.spec, &spec); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := d.pages.Render(&b, locale, d.describe(spec)); err != nil {
		return nil, err
	}
	if d.drawn == nil {
		d.drawn = map[string][]byte{}
	}
	d.drawn[locale] = b.Bytes()
	return b.Bytes(), nil
}

// openAPI is what the page reads of an OpenAPI 3.1 document.
type openAPI struct {
	Paths      map[string]map[string]described `json:"paths"`
	Components struct {
		Schemas map[string]schema `json:"schemas"`
	} `json:"components"`
}

type described struct {
	Summary    string `json:"summary"`
	ID         string `json:"operationId"`
	Tags       []string
	Parameters []struct {
		Name, In, Description string
		Required              bool
		Schema                schema
	} `json:"parameters"`
	Body      bodies            `json:"requestBody"`
	Responses map[string]bodies `json:"responses"`
}

type bodies struct {
	Description string
	Content     map[string]struct{ Schema schema }
}

// schema is a JSON schema as huma writes it.
type schema struct {
	Ref         string `json:"$ref"`
	Type        oneOrMore
	Format      string
	Description string
	Enum        []any
	Default     any
	Properties  map[string]schema
	Required    []string
	Items       *schema
	Additional  json.RawMessage `json:"additionalProperties"`
}

// oneOrMore is a string, or a list of strings.
type oneOrMore []string

// UnmarshalJSON reads either.
func (o *oneOrMore) UnmarshalJSON(b []byte) error {
	if b[0] == '"' {
		*o = []string{strings.Trim(string(b), `"`)}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(o))
}

func (s schema) name() string { return s.Ref[strings.LastIndexByte(s.Ref, '/')+1:] }

// additional gives the schema of a map's values; nil: it is no map.
func (s schema) additional() *schema {
	var out schema
	if len(s.Additional) == 0 || s.Additional[0] != '{' || json.Unmarshal(s.Additional, &out) != nil {
		return nil
	}
	return &out
}

// schemaID is the anchor of a schema, whose name may hold what no address does.
func schemaID(name string) string {
	return "schema-" + strings.Map(func(r rune) rune {
		if r == '-' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return '-'
	}, name)
}

// methods in the order in which a resource's operations stand.
var methods = []string{"get", "post", "put", "patch", "delete"}

func (d *reference) describe(spec openAPI) templates.ReferencePage {
	page := templates.ReferencePage{Site: templates.Site{Path: Prefix + "/docs"}, Document: Prefix + "/openapi.json", Base: d.baseURL + Prefix}
	at := map[string]int{}
	for _, path := range slices.Sorted(maps.Keys(spec.Paths)) {
		for _, method := range methods {
			op, ok := spec.Paths[path][method]
			if !ok {
				continue
			}
			resource := strings.Split(path, "/")[1]
			i, known := at[resource]
			if !known {
				i = len(page.Resources)
				at[resource] = i
				page.Resources = append(page.Resources, templates.ReferenceResource{Name: resource, ID: "resource-" + resource})
			}
			page.Resources[i].Operations = append(page.Resources[i].Operations, d.operation(spec, strings.ToUpper(method), path, op))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(spec.Components.Schemas)) {
		s := templates.ReferenceSchema{Name: name, ID: schemaID(name)}
		of := spec.Components.Schemas[name]
		for _, field := range slices.Sorted(maps.Keys(of.Properties)) {
			s.Fields = append(s.Fields, describeField(field, of.Properties[field], slices.Contains(of.Required, field)))
		}
		page.Schemas = append(page.Schemas, s)
	}
	return page
}

func (d *reference) operation(spec openAPI, method, path string, op described) templates.ReferenceOperation {
	right := d.rights[method+" "+path]
	out := templates.ReferenceOperation{ID: op.ID, Method: method, Path: path, Summary: op.Summary, Right: string(right)}
	for _, role := range akkoord.Roles {
		if role.May(right) {
			out.Roles = append(out.Roles, string(role))
		}
	}
	for _, p := range op.Parameters {
		f := describeField(p.Name, p.Schema, p.Required)
		f.In, f.About = p.In, cmp.Or(p.Description, f.About)
		out.Parameters = append(out.Parameters, f)
	}
	out.Bodies = bodiesOf(spec, op.Body, true)
	for _, code := range slices.Sorted(maps.Keys(op.Responses)) {
		if code != "default" { // what is wrong, which is told once for all
			out.Answers = append(out.Answers, templates.ReferenceAnswer{Code: code, Bodies: bodiesOf(spec, op.Responses[code], false)})
		}
	}
	out.Curl = d.curl(method, path, op, out.Bodies)
	return out
}

// curl is a line that calls the operation.
func (d *reference) curl(method, path string, op described, in []templates.ReferenceBody) string {
	line := "curl"
	if method != http.MethodGet {
		line += " -X " + method
	}
	line += ` -H "Authorization: Bearer $AKKOORD_KEY"`
	if len(in) > 0 {
		body := in[0]
		var one bytes.Buffer
		switch {
		case body.Type != "application/json" || body.Example == "":
			line += ` -H "Content-Type: ` + body.Type + `" --data-binary @FILE`
		case json.Compact(&one, []byte(body.Example)) == nil:
			line += ` -H "Content-Type: application/json" -d '` + strings.ReplaceAll(one.String(), "'", `'\''`) + "'"
		}
	}
	for _, p := range op.Parameters {
		if p.In == "query" && p.Required {
			path += map[bool]string{true: "?", false: "&"}[!strings.Contains(path, "?")] + p.Name + "=…"
		}
	}
	return line + ` "` + d.baseURL + Prefix + path + `"`
}

// bodiesOf describes bodies by media type. Of a request an example has what
// must be there; of an answer all.
func bodiesOf(spec openAPI, all bodies, request bool) []templates.ReferenceBody {
	var out []templates.ReferenceBody
	for _, media := range slices.Sorted(maps.Keys(all.Content)) {
		s := all.Content[media].Schema
		body := templates.ReferenceBody{Type: media, Schema: typeOf(s)}
		if strings.HasSuffix(media, "json") && (s.Ref != "" || len(s.Type) > 0) {
			var b bytes.Buffer
			enc := json.NewEncoder(&b)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "  ")
			if enc.Encode(example(spec, s, "", request, nil)) == nil {
				body.Example = strings.TrimSpace(b.String())
			}
		}
		out = append(out, body)
	}
	return out
}

func describeField(name string, s schema, required bool) templates.ReferenceField {
	f := templates.ReferenceField{Name: name, Type: typeOf(s), About: s.Description, Required: required}
	for _, v := range s.Enum {
		if text, ok := v.(string); ok {
			f.Values = append(f.Values, text)
		}
	}
	if s.Items != nil && len(f.Values) == 0 {
		f.Values = describeField("", *s.Items, false).Values
	}
	if s.Default != nil {
		if b, err := json.Marshal(s.Default); err == nil {
			f.Default = string(b)
		}
	}
	return f
}

// typeOf names a type, with the schema that it leads to.
func typeOf(s schema) templates.ReferenceType {
	if s.Ref != "" {
		return templates.ReferenceType{Schema: s.name(), ID: schemaID(s.name())}
	}
	if s.Items != nil {
		t := typeOf(*s.Items)
		t.List = true
		return t
	}
	if of := s.additional(); of != nil {
		t := typeOf(*of)
		t.Map = true
		return t
	}
	name := strings.Join(slices.DeleteFunc(slices.Clone(s.Type), func(t string) bool { return t == "null" }), ", ")
	if s.Format != "" && name == "string" {
		name += " (" + s.Format + ")"
	}
	return templates.ReferenceType{Name: name}
}

// example makes a value of a schema. A schema within itself is left out.
func example(spec openAPI, s schema, name string, must bool, above []string) any {
	if s.Ref != "" {
		if slices.Contains(above, s.name()) {
			return nil
		}
		return example(spec, spec.Components.Schemas[s.name()], name, must, append(slices.Clone(above), s.name()))
	}
	if s.Default != nil {
		return s.Default
	}
	if len(s.Enum) > 0 {
		return s.Enum[0]
	}
	if of := s.additional(); of != nil {
		return map[string]any{"en": example(spec, *of, name, must, above)}
	}
	kind := ""
	if len(s.Type) > 0 {
		kind = s.Type[0]
	}
	switch kind {
	case "object":
		out := map[string]any{}
		for field, of := range s.Properties {
			if !must || slices.Contains(s.Required, field) {
				out[field] = example(spec, of, field, must, above)
			}
		}
		return out
	case "array":
		if s.Items == nil {
			return []any{}
		}
		if of := example(spec, *s.Items, name, must, above); of != nil {
			return []any{of}
		}
		return []any{}
	case "integer", "number":
		return 1
	case "boolean":
		return false
	case "string":
		return exampleText(s.Format, name)
	}
	return nil
}

// exampleText gives a text as a field of that name has it.
func exampleText(format, name string) string {
	switch {
	case format == "uuid":
		return "0193f2a1-7c40-7d2e-9c1a-5b6f0e8d4a21"
	case format == "date-time":
		return "2026-11-24T13:32:00.000000Z"
	case format == "date":
		return "2026-11-24"
	case name == "email":
		return "anouk@voorbeeld.example"
	case name == "url":
		return "https://www.zonvaart.example/"
	case name == "slug", name == "purpose", name == "purposes":
		return "travel-news"
	case name == "locale":
		return "nl"
	case name == "country":
		return "NL"
	}
	return "…"
}
