package server

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics counts requests by pattern of the route, method and class of status;
// a pattern holds no token and no address. What belongs to a route and method
// is made at its first request, and then found without a lock.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	routes   map[string]*routeMetrics // by pattern; "": no route
}

type routeMetrics struct {
	pattern string
	methods [len(methods) + 1]atomic.Pointer[methodMetrics] // the last is for all others
}

type methodMetrics struct {
	classes [len(classes)]prometheus.Counter
	seconds prometheus.Observer
}

var (
	methods = [...]string{http.MethodGet, http.MethodPost, http.MethodHead, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}
	classes = [...]string{"2xx", "3xx", "4xx", "5xx"}
)

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "akkoord_http_requests_total", Help: "Requests answered, by pattern of the route, method and class of status.",
		}, []string{"route", "method", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "akkoord_http_request_seconds", Help: "Time to answer a request, by pattern of the route and method.",
			Buckets: []float64{.001, .005, .025, .1, .5, 2.5},
		}, []string{"route", "method"}),
		routes: map[string]*routeMetrics{},
	}
	m.registry.MustRegister(m.requests, m.seconds, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.route("")
	return m
}

// route makes room for a route before requests come.
func (m *metrics) route(pattern string) {
	label := pattern
	if label == "" {
		label = "none"
	}
	m.routes[pattern] = &routeMetrics{pattern: label}
}

func (m *metrics) observe(pattern, method string, status int, took time.Duration) {
	r, ok := m.routes[pattern]
	if !ok {
		r = m.routes[""]
	}
	i := 0
	for i < len(methods) && methods[i] != method {
		i++
	}
	c := r.methods[i].Load()
	if c == nil {
		c = m.method(r, i)
	}
	if class := status/100 - 2; class >= 0 && class < len(c.classes) {
		c.classes[class].Inc()
	}
	c.seconds.Observe(took.Seconds())
}

// method makes what counts one method of a route. Two that make it at once
// get the same counters.
func (m *metrics) method(r *routeMetrics, i int) *methodMetrics {
	name := "other"
	if i < len(methods) {
		name = methods[i]
	}
	c := &methodMetrics{seconds: m.seconds.WithLabelValues(r.pattern, name)}
	for j, class := range classes {
		c.classes[j] = m.requests.WithLabelValues(r.pattern, name, class)
	}
	r.methods[i].Store(c)
	return c
}

// Tracer follows requests for somebody who collects traces.
type Tracer interface {
	// Begin is called with the pattern of the route, which holds no token; "" for
	// none. trusted says that the request comes from a trusted proxy, whose
	// word may be taken for the trace that it belongs to. It gives the context of
	// the request, and what ends it.
	Begin(r *http.Request, route string, trusted bool) (ctx context.Context, end func(status int))
}

// Measure adds figures of others to /metrics. It fails where two have one name.
func (s *Server) Measure(c prometheus.Collector) error { return s.metrics.registry.Register(c) }

// Ops makes the handler of AKKOORD_OPS_LISTEN: /healthz says whether the
// process goes on, /readyz whether it can do all of its work (P36), /metrics
// what it did.
func (s *Server) Ops(checks ...Check) http.Handler {
	h := newHealth(s.Now, s.Log, checks)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", h.alive)
	mux.HandleFunc("GET /readyz", h.ready)
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}))
	return mux
}
