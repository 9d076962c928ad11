package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// collector is a real HTTP server that takes traces.
type collector struct {
	*httptest.Server
	mu     sync.Mutex
	fields http.Header
	path   string
	bodies []string
}

func startCollector(t *testing.T, status int) *collector {
	c := &collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.fields, c.path, c.bodies = r.Header, r.URL.Path, append(c.bodies, string(b))
		w.WriteHeader(status)
	}))
	t.Cleanup(c.Close)
	return c
}

func environment(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

// F.19: traces hold the patterns of routes, never a token, an address or what
// was posted; and a collector understands them.
func TestTracesHoldPatternsAndNothingOfPeople(t *testing.T) {
	t.Parallel()
	c := startCollector(t, http.StatusOK)
	tr, err := newTracer(t.Context(), environment("OTEL_EXPORTER_OTLP_ENDPOINT", c.URL, "OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%20b"), c.Client(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	site, ops, _, err := freePorts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	checked, err := settings{
		databaseSettings: databaseSettings{Database: "sqlite:" + dir + "/akkoord.db", SecretFile: dir + "/akkoord.key"},
		Listen:           site.Addr().String(), URL: "http://" + site.Addr().String(), TLS: "off", OpsListen: ops.Addr().String(), SignUpsPerIP: "0",
	}.check()
	if err != nil {
		t.Fatal(err)
	}
	checked.tracer = tr
	a, err := newApp(t.Context(), checked, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := seedDemo(t.Context(), a.store, checked.URL); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- a.run(ctx, site, ops) }()
	for path, posted := range map[string]url.Values{
		"/f/home":               {"email": {"anouk@voorbeeld.example"}, "name": {"Anouk"}, "purpose": {"travel-news"}},
		"/confirm/secret-token": {"x": {"y"}},
		"/nowhere?to=anouk":     {},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, checked.URL+path, strings.NewReader(posted.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
	}
	cancel()
	if err := <-served; err != nil {
		t.Fatal(err)
	}
	if err := tr.close(); err != nil {
		t.Fatal(err)
	}

	c.mu.Lock()
	defer c.mu.Unlock()
	if c.path != "/v1/traces" || c.fields.Get("Content-Type") != "application/json" || c.fields.Get("Api-Key") != "a b" {
		t.Errorf("posted to %s with %v", c.path, c.fields)
	}
	names := map[string]bool{}
	for _, body := range c.bodies {
		var m otlpRequest
		if err := json.Unmarshal([]byte(body), &m); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(body, `{"key":"service.name","value":{"stringValue":"akkoord"}}`) {
			t.Errorf("nothing says what program this is: %.300s", body)
		}
		for _, s := range m.ResourceSpans[0].ScopeSpans[0].Spans {
			names[s.Name] = true
			if len(s.TraceID) != 32 || len(s.SpanID) != 16 || s.Kind != 2 || s.Start >= s.End {
				t.Errorf("%+v", s)
			}
		}
		for _, secret := range []string{"anouk", "Anouk", "127.0.0.1", "/f/home", "secret-token", "nowhere"} {
			if strings.Contains(body, secret) {
				t.Errorf("a trace holds %q", secret)
			}
		}
	}
	for _, want := range []string{"POST /f/:form", "POST /confirm/:token", "POST"} {
		if !names[want] {
			t.Errorf("no span %q among %v", want, names)
		}
	}
}

// A span has the fixed attributes alone, belongs to the trace that a trusted
// proxy names, and to none that a visitor names.
func TestASpanBelongsToTheTraceOfATrustedProxy(t *testing.T) {
	c := startCollector(t, http.StatusOK)
	tr, err := newTracer(t.Context(), environment("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", c.URL+"/here"), c.Client(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), "BREW", "/confirm/secret?email=anouk", nil)
	r.Header.Set("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	for _, trusted := range []bool{true, false} {
		_, end := tr.Begin(r, "/confirm/:token", trusted)
		end(http.StatusServiceUnavailable)
	}
	if err := tr.close(); err != nil {
		t.Fatal(err)
	}
	var m otlpRequest
	if err := json.Unmarshal([]byte(c.bodies[0]), &m); err != nil || c.path != "/here" {
		t.Fatal(err, c.path)
	}
	spans := m.ResourceSpans[0].ScopeSpans[0].Spans
	if len(spans) != 2 || spans[0].TraceID != "0af7651916cd43dd8448eb211c80319c" || spans[0].ParentID != "b7ad6b7169203331" || spans[1].TraceID == spans[0].TraceID || spans[1].ParentID != "" {
		t.Fatalf("%+v", spans)
	}
	want := []otlpAttribute{
		{"http.request.method", map[string]any{"stringValue": "_OTHER"}},
		{"http.route", map[string]any{"stringValue": "/confirm/:token"}},
		{"http.response.status_code", map[string]any{"intValue": "503"}},
	}
	if diff := cmp.Diff(want, spans[0].Attributes); diff != "" || spans[0].Status.Code != otlpError {
		t.Errorf("%s %+v", diff, spans[0].Status)
	}
}

// Traces are off by default, and what can't work is said in a sentence that
// names the variable.
func TestTracesAreOffUnlessAskedFor(t *testing.T) {
	const endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"
	for name, tt := range map[string]struct {
		env  []string
		want string // in the error; "off", "on"
	}{
		"nothing":      {nil, "off"},
		"endpoint":     {[]string{endpoint, "http://127.0.0.1:4318"}, "on"},
		"disabled":     {[]string{endpoint, "http://127.0.0.1:4318", "OTEL_SDK_DISABLED", "true"}, "off"},
		"no exporter":  {[]string{endpoint, "http://127.0.0.1:4318", "OTEL_TRACES_EXPORTER", "none"}, "off"},
		"no URL":       {[]string{endpoint, "127.0.0.1:4318"}, endpoint},
		"grpc":         {[]string{endpoint, "http://127.0.0.1:4317", "OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}, "OTEL_EXPORTER_OTLP_PROTOCOL"},
		"bad timeout":  {[]string{endpoint, "http://127.0.0.1:4318", "OTEL_EXPORTER_OTLP_TIMEOUT", "10s"}, "OTEL_EXPORTER_OTLP_TIMEOUT"},
		"bad headers":  {[]string{endpoint, "http://127.0.0.1:4318", "OTEL_EXPORTER_OTLP_HEADERS", "a=%zz"}, "OTEL_EXPORTER_OTLP_HEADERS"},
		"with a field": {[]string{endpoint, "http://127.0.0.1:4318", "OTEL_EXPORTER_OTLP_TRACES_HEADERS", "a=b,c=d"}, "on"},
	} {
		e, err := newExporter(environment(tt.env...), &http.Client{}, slog.New(slog.DiscardHandler))
		got := "off"
		switch {
		case err != nil && strings.Contains(err.Error(), tt.want):
			got = tt.want
		case err != nil:
			got = err.Error()
		case e != nil:
			got = "on"
		}
		if got != tt.want {
			t.Errorf("%s: %s, not %s", name, got, tt.want)
		}
	}
}

// A collector that fails costs a line in the log and nothing else.
func TestACollectorThatFailsIsLoggedOnce(t *testing.T) {
	c := startCollector(t, http.StatusServiceUnavailable)
	var log strings.Builder
	tr, err := newTracer(t.Context(), environment("OTEL_EXPORTER_OTLP_ENDPOINT", c.URL), c.Client(), slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		_, end := tr.Begin(httptest.NewRequestWithContext(t.Context(), "GET", "/", nil), "/", false)
		end(200)
		if err := tr.provider.ForceFlush(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if n := strings.Count(log.String(), "traces are not delivered"); n != 1 || !strings.Contains(log.String(), "503") {
		t.Errorf("%d lines: %s", n, log.String())
	}
	if err := tr.close(); err != nil {
		t.Error(err)
	}
}
