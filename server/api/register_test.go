package api

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"akkoord"
)

// TestNoRight does not start with an operation that declares no right (P28).
func TestNoRight(t *testing.T) {
	a, err := New(Config{Sender: func() akkoord.Sender { return akkoord.Sender{} }})
	if err != nil {
		t.Fatal(err)
	}
	answer := func(context.Context, *struct{}) (head, error) { return head{}, nil }
	if err := handle(operation{method: http.MethodGet, path: "/open"}, answer)(a); !errors.Is(err, errNoRight) {
		t.Errorf("error %v", err)
	}
}

// FuzzCursor reads back every cursor that a list gives, and panics on none.
func FuzzCursor(f *testing.F) {
	f.Add(int64(1), "")
	f.Add(int64(1)<<62, "AAAAAAAAAAE")
	f.Fuzz(func(t *testing.T, n int64, s string) {
		_, _ = Paging{Cursor: s}.page()
		l := newList([]int{1}, n, func(i int) int { return i })
		if l.NextCursor == nil {
			if n > 0 {
				t.Fatal("no cursor")
			}
			return
		}
		if p, err := (Paging{Cursor: *l.NextCursor, Limit: 7}).page(); err != nil || p.After != n || p.Limit != 7 {
			t.Fatal(p, err)
		}
	})
}
