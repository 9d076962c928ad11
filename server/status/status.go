// Package status holds the one map from kinds of errors to HTTP statuses, for
// the pages, the JSON API and the admin site.
package status

import (
	"net/http"

	"akkoord"
)

var statuses = map[akkoord.Kind]int{
	akkoord.Invalid:      http.StatusUnprocessableEntity,
	akkoord.Unauthorized: http.StatusUnauthorized,
	akkoord.Forbidden:    http.StatusForbidden,
	akkoord.NotFound:     http.StatusNotFound,
	akkoord.Conflict:     http.StatusConflict,
	akkoord.Expired:      http.StatusGone,
	akkoord.TooLarge:     http.StatusRequestEntityTooLarge,
	akkoord.TooMany:      http.StatusTooManyRequests,
	akkoord.Unavailable:  http.StatusServiceUnavailable,
}

// Of gives the status of a kind of error (RFC 9110 §15); 500 for a fault of
// ours.
func Of(kind akkoord.Kind) int {
	if code, ok := statuses[kind]; ok {
		return code
	}
	return http.StatusInternalServerError
}
