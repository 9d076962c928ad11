package akkoord

import (
	"errors"
	"fmt"
	"strings"
)

// Kind is the sort of an error that a person or a program outside can do
// something about. The server maps each kind to one HTTP status, once.
type Kind string

// The kinds of errors. An error that is not an *Error is a fault of ours.
const (
	Invalid      Kind = "invalid"      // the input is wrong; Field says where
	Unauthorized Kind = "unauthorized" // no or unknown credentials
	Forbidden    Kind = "forbidden"    // known, but without the right
	NotFound     Kind = "not_found"    // there is no such thing, or not for you
	Conflict     Kind = "conflict"     // the state of things forbids it
	Expired      Kind = "expired"      // it was valid once
	TooLarge     Kind = "too_large"    // over a limit of Limits
	TooMany      Kind = "too_many"     // over a rate limit
	Unavailable  Kind = "unavailable"  // try again later
)

// Error is an error that is told to whoever caused it. Message is a full
// English sentence that names the way out and holds no address, token or
// secret. Code is stable (RFC 9457 problem documents carry it) and is the key
// under which pages find the sentence in the reader's language.
type Error struct {
	Kind    Kind
	Code    string
	Field   string   // form or JSON field that is wrong, if one is
	Message string   // one sentence in English
	Reasons []Reason // all that stands in the way, where there may be several
}

// Reason is one of several obstacles reported at once.
type Reason struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Error gives the message, preceded by the field.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Field != "" {
		b.WriteString(e.Field + ": ")
	}
	b.WriteString(e.Message)
	for _, r := range e.Reasons {
		b.WriteString(" " + r.Message)
	}
	return b.String()
}

// Errorf makes an Error of a kind with a stable code.
func Errorf(kind Kind, code, format string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Fieldf makes an Invalid error about one field.
func Fieldf(field, code, format string, args ...any) *Error {
	return &Error{Kind: Invalid, Code: code, Field: field, Message: fmt.Sprintf(format, args...)}
}

// KindOf gives the kind of err, or "" for nil and for faults of ours.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return ""
}

// CodeOf gives the stable code of err, or "" where there is none.
func CodeOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

// AtField says of an Error that names no field in which one it is.
func AtField(field string, err error) error {
	if e, ok := errors.AsType[*Error](err); ok && e.Field == "" {
		e.Field = field
	}
	return err
}
