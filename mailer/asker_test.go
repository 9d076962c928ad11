package mailer_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"akkoord"
	"akkoord/mailer"
)

// TestPagesThatDoNotAnswerAreFound: a page is asked for its head, once more in full
// where that is not known, and nowhere else than where the internet is.
func TestPagesThatDoNotAnswerAreFound(t *testing.T) {
	var asked atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("/fine", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/no-head", func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			http.Error(w, "", http.StatusMethodNotAllowed)
		}
	})
	mux.HandleFunc("/shut", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "", http.StatusForbidden) })
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/fine", http.StatusMovedPermanently)
	})
	mux.HandleFunc("/inwards", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://10.0.0.1/", http.StatusFound)
	})
	mux.HandleFunc("/round", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/round", http.StatusFound) })
	mux.HandleFunc("/endless", func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			http.Error(w, "", http.StatusNotImplemented)
			return
		}
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.Header.Get("Cookie") != "" || r.Header.Get("Referer") != "" {
			t.Errorf("%s came with %v", r.URL, r.Header)
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	loopback := &mailer.Asker{Reachable: func(at netip.AddrPort) bool { return at.Addr().IsLoopback() }}
	want := []akkoord.LinkAnswer{
		{URL: "/fine", Status: 200}, {URL: "/no-head", Status: 200}, {URL: "/shut", Status: 403, Code: akkoord.LinkRefused}, {URL: "/gone", Status: 404, Code: akkoord.LinkGone},
		{URL: "/moved", Status: 200}, {URL: "/inwards", Code: akkoord.LinkPrivate}, {URL: "/round", Code: akkoord.LinkUnreachable}, {URL: "/endless", Status: 200},
	}
	var urls []string
	for i := range want {
		want[i].URL = server.URL + want[i].URL
		urls = append(urls, want[i].URL)
	}
	if diff := cmp.Diff(want, loopback.Ask(t.Context(), urls)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	many := slices.Repeat([]string{server.URL + "/fine"}, 80)
	asked.Store(0)
	got := loopback.Ask(t.Context(), many)
	if n := asked.Load(); n != 50 || got[49].Code != "" || got[79].Code != akkoord.LinkUnasked {
		t.Errorf("%d of 80 were asked: %+v", n, got[79])
	}
}

// TestAMailingIsCheckedAsAWhole: what forbids it comes first; then what is left to
// its author, of each variant once (issue 6.6).
func TestAMailingIsCheckedAsAWhole(t *testing.T) {
	w := newWorld(t, 2)
	m := w.draft()
	m.Content = akkoord.Content{Subject: "Sneeuw", Markdown: "[](https://a.example/x) {{email}} [hier](http://a.example/{{email}})"}
	m.Variants = []akkoord.Variant{{Name: "a"}, {Name: "b", Content: akkoord.Content{Subject: "KOOP NU SNEEUW", Markdown: "{{age}}"}}, {Name: "c", Content: akkoord.Content{Markdown: "TODO"}}}
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked = append(asked, r.URL.Path) }))
	t.Cleanup(server.Close)
	tester := &mailer.Tester{Press: w.press(), Readers: w.store.Readers, Asker: &mailer.Asker{Reachable: func(netip.AddrPort) bool { return true }}}
	found, err := tester.Checks(t.Context(), m, akkoord.Sender{From: "a@b.example", Controller: "x", PostalAddress: "x", Contact: "x", Relay: true, Processor: "own"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range found {
		got = append(got, strings.TrimSpace(string(f.Severity)+" "+f.Code+" "+f.Variant))
	}
	for _, want := range []string{"stop unknown_field", "hint preheader_missing a", "warn link_empty a", "hint link_words a", "warn link_http a", "warn placeholder c", "hint unsigned"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is not among %q", want, got)
		}
	}
	if got[0] != "stop unknown_field" || slices.Contains(got, "warn subject_capitals b") {
		t.Errorf("%q", got)
	}
	m.Variants = nil
	m.Content.Markdown = "[een](" + server.URL + "/een) [weer](" + server.URL + "/een) [zij](" + server.URL + "/{{email}}) [ons](https://mail.zonvaart.example/unsubscribe/x) [post](mailto:a@b.example)"
	if _, err := tester.Answers(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(asked, []string{"/een"}) {
		t.Errorf("asked: %q", asked)
	}
}
