package api

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"reflect"
	"slices"
	"time"

	"akkoord"

	"github.com/danielgtaylor/huma/v2"
)

// Time is a time as the API writes it (see akkoord.Moment). It reads any
// RFC 3339 time.
type Time struct{ akkoord.Moment }

// Schema describes the time in the OpenAPI document. What has no time yet is
// null.
func (Time) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString, Format: "date-time", Nullable: true, Examples: []any{"2026-11-24T09:30:00.000000Z"}}
	s.PrecomputeMessages()
	return s
}

// when gives a time for an answer: null when it is zero.
func when(t time.Time) *Time {
	if t.IsZero() {
		return nil
	}
	return &Time{akkoord.Moment{Time: t}}
}

// optional tells a field that was not sent from one that was sent as null.
type optional[T any] struct {
	sent  bool
	value *T
}

// UnmarshalJSON reads the value or null.
func (o *optional[T]) UnmarshalJSON(b []byte) error {
	o.sent = true
	if bytes.Equal(b, []byte("null")) {
		return nil
	}
	o.value = new(T)
	return json.Unmarshal(b, o.value)
}

// Schema describes T, or null.
func (o optional[T]) Schema(r huma.Registry) *huma.Schema {
	s := *huma.SchemaFromType(r, reflect.TypeFor[T]())
	s.Nullable = true
	s.PrecomputeMessages()
	return &s
}

// list is one page of a list.
type list[T any] struct {
	Items      []T     `json:"items" nullable:"false"`
	NextCursor *string `json:"next_cursor" doc:"Where the next page begins; null on the last."`
}

// Paging is how a caller asks for a page.
type Paging struct {
	Cursor string `query:"cursor" doc:"The next_cursor of the page before."`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Rows of a page."`
}

func (p Paging) page() (akkoord.Page, error) {
	if p.Cursor == "" {
		return akkoord.Page{Limit: p.Limit}, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(p.Cursor)
	if err != nil || len(b) != 8 || int64(binary.BigEndian.Uint64(b)) <= 0 {
		return akkoord.Page{}, akkoord.Fieldf("cursor", "cursor_invalid", "This cursor is not one of ours; use next_cursor of the page before.")
	}
	return akkoord.Page{After: int64(binary.BigEndian.Uint64(b)), Limit: p.Limit}, nil
}

// ByArchive narrows a list of what can be archived.
type ByArchive struct {
	Archived akkoord.Archival `query:"archived" enum:"true,false" doc:"Those that are archived, or those in use; all when left out."`
}

// newList makes a page of what a store's list gave; next is 0 on the last.
func newList[S, T any](rows []S, next int64, show func(S) T) list[T] {
	l := list[T]{Items: make([]T, len(rows))}
	for i, row := range rows {
		l.Items[i] = show(row)
	}
	if next > 0 {
		var b [8]byte
		binary.BigEndian.PutUint64(b[:], uint64(next))
		cursor := base64.RawURLEncoding.EncodeToString(b[:])
		l.NextCursor = &cursor
	}
	return l
}

// cut gives one page of a list that the store gives whole, in the order of a
// number.
func cut[S any](all []S, number func(S) int64, p akkoord.Page) (rows []S, next int64) {
	all = slices.SortedFunc(slices.Values(all), func(a, b S) int { return cmp.Compare(number(a), number(b)) })
	for _, row := range all {
		switch {
		case number(row) <= p.After:
		case len(rows) == p.Size():
			return rows, number(rows[len(rows)-1])
		default:
			rows = append(rows, row)
		}
	}
	return rows, 0
}

// orNil gives nil for an empty text, so that it is null in JSON.
func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// some gives an empty list for nil, so that it is [] in JSON.
func some[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
