package akkoord

import (
	"archive/zip"
	_ "embed" // the README of an export
	"encoding"
	"encoding/json"
	"io"
	"reflect"
	"strings"
)

//go:embed rights_readme.txt
var exportReadme []byte

// WriteZIP writes the record as JSON and as CSV, with a schema that gives each
// field a readable name, in one zip file (Art. 20 GDPR, M20).
func (r PersonRecord) WriteZIP(w io.Writer) error {
	z := zip.NewWriter(w)
	for _, member := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{"README.txt", func(w io.Writer) error { _, err := w.Write(exportReadme); return err }},
		{"data.json", r.WriteJSON},
		{"data.csv", r.WriteCSV},
		{"schema.json", writeRecordSchema},
	} {
		out, err := z.CreateHeader(&zip.FileHeader{Name: member.name, Method: zip.Deflate, Modified: r.MadeAt.UTC()})
		if err != nil {
			return err
		}
		if err := member.write(out); err != nil {
			return err
		}
	}
	return z.Close()
}

// writeRecordSchema writes the JSON Schema (draft 2020-12) of a PersonRecord.
func writeRecordSchema(w io.Writer) error {
	schema := typeSchema(reflect.TypeFor[PersonRecord]())
	schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	schema["title"] = "All that is stored of one person"
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(schema)
}

// typeSchema gives the schema of a type as it is written as JSON.
func typeSchema(t reflect.Type) map[string]any {
	switch {
	case t == reflect.TypeFor[Moment]():
		return map[string]any{"type": []string{"string", "null"}, "format": "date-time"}
	case t.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return map[string]any{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return typeSchema(t.Elem())
	case reflect.Slice:
		return map[string]any{"type": "array", "items": typeSchema(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": typeSchema(t.Elem())}
	case reflect.Struct:
		properties := map[string]any{}
		addProperties(t, properties)
		return map[string]any{"type": "object", "properties": properties}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	}
	return map[string]any{"type": "integer"}
}

func addProperties(t reflect.Type, into map[string]any) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" || !f.IsExported():
		case name == "" && f.Anonymous:
			addProperties(f.Type, into)
		default:
			if name == "" {
				name = f.Name
			}
			property := typeSchema(f.Type)
			property["title"] = readableName(name)
			into[name] = property
		}
	}
}

// readableName makes words of a field's name.
func readableName(name string) string {
	words := strings.ReplaceAll(name, "_", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}
