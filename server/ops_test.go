package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"akkoord/server"
)

// ask gets a page of the operator's listener.
func ask(ctx context.Context, ops http.Handler, path string, fields ...string) *httptest.ResponseRecorder {
	w, r := httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil)
	for i := 0; i < len(fields); i += 2 {
		r.Header.Set(fields[i], fields[i+1])
	}
	ops.ServeHTTP(w, r)
	return w
}

// P36: each fault flips /readyz, with a line that says which and why, and its
// end flips it back.
func TestP36ReadyTellsTheTruthOfEachCheck(t *testing.T) {
	s := newSite(t)
	faults := map[string]error{}
	check := func(name string) server.Check {
		return server.Check{Name: name, Run: func(context.Context) error { return faults[name] }}
	}
	ops := s.Ops(check("database"), check("disk"), check("sender"))
	const fine = "ready\nok database\nok disk\nok sender\n"
	for name, want := range map[string]string{
		"database": "not ready\nfail database: it\ncan't\nok disk\nok sender\n",
		"disk":     "not ready\nok database\nfail disk: it\ncan't\nok sender\n",
		"sender":   "not ready\nok database\nok disk\nfail sender: it\ncan't\n",
	} {
		if w := ask(t.Context(), ops, "/readyz"); w.Code != 200 || w.Body.String() != fine {
			t.Errorf("before: %d %s", w.Code, w.Body)
		}
		faults[name] = errors.New("it\ncan't")
		w := ask(t.Context(), ops, "/readyz")
		if w.Code != 503 || w.Header().Get("Retry-After") == "" || w.Body.String() != strings.ReplaceAll(want, "it\n", "it ") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if w := ask(t.Context(), ops, "/healthz"); w.Code != 200 {
			t.Errorf("a new process wouldn't help, and /healthz answers %d", w.Code)
		}
		delete(faults, name)
	}
	if !strings.Contains(s.log.String(), "check=disk") {
		t.Error("the log doesn't say why")
	}
	faults["disk"] = errors.New("full")
	var got struct {
		Ready  bool
		Checks []struct {
			Name, Error string
			OK          bool
		}
	}
	w := ask(t.Context(), ops, "/readyz", "Accept", "application/json")
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 503 || got.Ready || len(got.Checks) != 3 || got.Checks[1].Error != "full" || !got.Checks[0].OK {
		t.Errorf("%v %+v", err, got)
	}
}

// P36: a vital check that never returns makes the process count as stuck, and
// asking again and again runs it once.
func TestP36AStuckProcessIsNotHealthy(t *testing.T) {
	s := newSite(t)
	runs, release := make(chan struct{}, 100), make(chan struct{})
	ops := s.Ops(server.Check{Name: "database", Vital: true, Run: func(context.Context) error {
		runs <- struct{}{}
		<-release
		return errors.New("a full disk")
	}})
	hurried, cancel := context.WithCancel(t.Context())
	cancel() // they don't wait, as tests should
	if w := ask(hurried, ops, "/healthz"); w.Code != 200 {
		t.Errorf("at first: %d %s", w.Code, w.Body)
	}
	if w := ask(hurried, ops, "/readyz"); w.Code != 503 || !strings.Contains(w.Body.String(), "fail database: no answer yet") {
		t.Errorf("not ready meanwhile: %d %s", w.Code, w.Body)
	}
	s.clock.add(21 * time.Second)
	for range 10 {
		if w := ask(hurried, ops, "/healthz"); w.Code != 503 || !strings.Contains(w.Body.String(), "database") {
			t.Errorf("stuck: %d %s", w.Code, w.Body)
		}
	}
	close(release)
	if w := ask(t.Context(), ops, "/healthz"); w.Code != 200 {
		t.Errorf("with a fault that a new process doesn't mend: %d %s", w.Code, w.Body)
	}
	if n := len(runs); n > 2 {
		t.Errorf("the check ran %d times", n)
	}
}

// M29: metrics hold patterns of routes, no token, no address, and as few series
// as there are routes, whatever is asked for.
func TestMetricsHoldPatternsAndNothingOfPeople(t *testing.T) {
	s := newSite(t)
	s.get("/confirm/secret-token")
	s.get("/nowhere/anouk@voorbeeld.example")
	s.post("/f/home", map[string][]string{"email": {"anouk@voorbeeld.example"}, "purpose": {"travel-news"}})
	for _, method := range []string{"BREW", "STEEP"} {
		s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), method, "/f/home", nil))
	}
	got := map[string]string{}
	body := ask(t.Context(), s.Ops(), "/metrics").Body.String()
	for line := range strings.Lines(body) {
		if name, value, _ := strings.Cut(strings.TrimSpace(line), "} "); strings.HasPrefix(name, "akkoord_http_requests_total{") && value != "0" {
			got[strings.TrimPrefix(name, "akkoord_http_requests_total")] = value
		}
	}
	want := map[string]string{
		`{method="GET",route="/confirm/:token",status="4xx"`: "1",
		`{method="GET",route="none",status="4xx"`:            "1",
		`{method="POST",route="/f/:form",status="3xx"`:       "1",
		`{method="other",route="/f/:form",status="4xx"`:      "2",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, secret := range []string{"secret-token", "anouk", "voorbeeld.example", "BREW", "STEEP"} {
		if strings.Contains(body, secret) {
			t.Errorf("the metrics hold %q", secret)
		}
	}
	if !strings.Contains(body, `akkoord_http_request_seconds_count{method="POST",route="/f/:form"} 1`) {
		t.Error("no time of the sign-up")
	}
}
