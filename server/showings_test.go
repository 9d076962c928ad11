package server_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"akkoord"
	"akkoord/server"
)

// M2, M6: what is shown is counted as numbers, and looking changes nothing else:
// a HEAD is no showing, and a page that is opened again is not opened twice.
func TestShowingsAreCountedAndLeadToNobody(t *testing.T) {
	seen := server.NewShowings()
	s := newSite(t, func(c *server.Config) { c.Showings = seen })
	for range 3 {
		s.get("/f/home", header{"Accept-Language", "nl"})
	}
	s.get("/f/home", header{"Accept-Language", "en"})
	s.do(http.MethodHead, "/f/home", "")
	s.get("/f/nowhere")
	link := s.request("a@voorbeeld.example", "travel-news", "ski-offers")
	link.Kind = akkoord.LinkConfirm
	at := "/confirm/" + s.token(link)
	before := s.events()
	s.do(http.MethodHead, at, "")
	for range 2 {
		s.get(at)
	}
	if n := s.events(); n != before {
		t.Errorf("looking made %d events", n-before)
	}
	s.post(at, nil)
	s.get(at) // is in already: no longer part of the way there

	broken := errors.New("the disk is full")
	if err := seen.HandOn(t.Context(), func(context.Context, []akkoord.FormShowing) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("a failure was not told: %v", err)
	}
	s.get("/f/home", header{"Accept-Language", "en"})
	for range 2 { // what was handed on is not handed on again
		if err := seen.HandOn(t.Context(), s.store.AddShowings); err != nil {
			t.Fatal(err)
		}
	}
	growth, err := s.store.Growth(t.Context(), akkoord.DayOf(s.clock.Now()))
	if err != nil {
		t.Fatal(err)
	}
	want := []akkoord.FormFigures{{FormID: 1, Locale: "en", Shown: 2}, {FormID: 1, Locale: "nl", Shown: 3, Asked: 1, Opened: 1, Confirmed: 1}}
	if diff := cmp.Diff(want, growth.Forms); diff != "" {
		t.Error(diff)
	}
}
