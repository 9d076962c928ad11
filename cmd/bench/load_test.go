package main

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAnswers(t *testing.T) {
	tests := map[string]struct {
		wire string
		want answer
		rest string
	}{
		"length":     {"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", answer{status: 200}, ""},
		"empty":      {"HTTP/1.1 204 No Content\r\n\r\n", answer{status: 204}, ""},
		"chunks":     {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\na\r\n0123456789\r\n0\r\n\r\n", answer{status: 200}, ""},
		"last":       {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", answer{status: 200, last: true}, ""},
		"refusal":    {"HTTP/1.1 422 Unprocessable\r\nContent-Length: 7\r\n\r\ne-mail?", answer{status: 422, start: "e-mail?"}, ""},
		"two in row": {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP", answer{status: 200}, "HTTP"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := bufio.NewReader(strings.NewReader(tt.wire))
			got, err := readAnswer(r)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(answer{})); diff != "" {
				t.Errorf("readAnswer() (-want +got):\n%s", diff)
			}
			if rest, _ := r.ReadString(0); rest != tt.rest {
				t.Errorf("left on the wire: %q, want %q", rest, tt.rest)
			}
		})
	}
	for _, wire := range []string{"", "SSH-2.0\r\n", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"} {
		if a, err := readAnswer(bufio.NewReader(strings.NewReader(wire))); err == nil {
			t.Errorf("readAnswer(%q) = %+v, want an error", wire, a)
		}
	}
}

// visitor is a real server that notes what the generator asks.
type visitor struct {
	mu   sync.Mutex
	seen map[string]int
}

func (v *visitor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	what := r.Method + " " + r.URL.Path + " " + r.FormValue("List-Unsubscribe")
	if what += r.PostFormValue("email"); r.PostFormValue("purpose") != "" {
		what += " " + r.PostFormValue("purpose")
	}
	v.mu.Lock()
	v.seen[what]++
	v.mu.Unlock()
	if strings.HasPrefix(r.URL.Path, "/f/") {
		w.WriteHeader(http.StatusSeeOther)
	}
	w.Write([]byte(strings.Repeat("a page in chunks ", 1000)))
}

func TestLoadAsksEachThingOnce(t *testing.T) {
	tokens := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(tokens, []byte("t0\nt1\nt2\nt3\nt4"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		order loadOrder
		want  map[string]int
	}{
		"sign-up": {loadOrder{Kind: "signup", Path: "/f/bench", Purpose: "travel-news", Batch: "4", Limit: 3}, map[string]int{
			"POST /f/bench reiziger4.0@example.org travel-news": 1,
			"POST /f/bench reiziger4.1@example.org travel-news": 1,
			"POST /f/bench reiziger4.2@example.org travel-news": 1}},
		"confirm": {loadOrder{Kind: "confirm", Tokens: tokens, Skip: 1, Limit: 2}, map[string]int{
			"POST /confirm/t1 ": 1, "POST /confirm/t2 ": 1}},
		"leave": {loadOrder{Kind: "leave", Tokens: tokens, Skip: 3, Limit: 100}, map[string]int{
			"POST /unsubscribe/t3 One-Click": 1, "POST /unsubscribe/t4 One-Click": 1}},
		"hello": {loadOrder{Kind: "hello", Limit: 4}, map[string]int{"GET /hello ": 4}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			v := &visitor{seen: map[string]int{}}
			server := httptest.NewServer(v)
			defer server.Close()
			tt.order.Addr, tt.order.Clients, tt.order.For = server.Listener.Addr().String(), 2, time.Minute
			got, err := load(tt.order)
			if err != nil {
				t.Fatal(err)
			}
			want := 0
			for _, n := range tt.want {
				want += n
			}
			if got.Answers != want || got.Bad != 0 {
				t.Errorf("load() = %+v, want %d good answers", got, want)
			}
			if diff := cmp.Diff(tt.want, v.seen); diff != "" {
				t.Errorf("asked (-want +got):\n%s", diff)
			}
		})
	}
}

// A refusal is no answer: it is counted as bad, and its reason is kept.
func TestLoadCountsRefusals(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "no such form", http.StatusNotFound)
	}))
	defer server.Close()
	got, err := load(loadOrder{Addr: server.Listener.Addr().String(), Kind: "signup", Path: "/f/none", Clients: 1, Limit: 3, For: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if got.Answers != 0 || got.Bad != 3 || got.FirstBad != "404 no such form\n" {
		t.Errorf("load() = %+v, want three refusals and their reason", got)
	}
}

func TestLoadRefusesUsedUpTokens(t *testing.T) {
	tokens := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(tokens, []byte("t0"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, order := range []loadOrder{{Kind: "leave", Tokens: tokens, Skip: 1}, {Kind: "confirm", Tokens: tokens + "x"}, {Kind: "dance"}} {
		if got, err := load(order); err == nil {
			t.Errorf("load(%+v) = %+v, want an error", order, got)
		}
	}
}
