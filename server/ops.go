package server

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics counts answers by route pattern and class of status; a pattern holds
// no token and no address.
type metrics struct {
	registry *prometheus.Registry
	answers  *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	routes   map[string]*routeMetrics
}

type routeMetrics struct {
	classes [6]prometheus.Counter // by the first digit of the status
	seconds prometheus.Observer
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		answers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "akkoord_http_answers_total", Help: "Answers by route pattern and class of status.",
		}, []string{"route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "akkoord_http_seconds", Help: "Time to answer by route pattern.", Buckets: []float64{.001, .005, .025, .1, .5, 2.5},
		}, []string{"route"}),
		routes: map[string]*routeMetrics{},
	}
	m.registry.MustRegister(m.answers, m.seconds, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.route("")
	return m
}

// route makes the counters of a route before requests come.
func (m *metrics) route(path string) {
	label := path
	if label == "" {
		label = "none"
	}
	r := &routeMetrics{seconds: m.seconds.WithLabelValues(label)}
	for i := range r.classes {
		r.classes[i] = m.answers.WithLabelValues(label, strconv.Itoa(i)+"xx")
	}
	m.routes[path] = r
}

func (m *metrics) observe(path string, status int, took time.Duration) {
	r, ok := m.routes[path]
	if !ok {
		r = m.routes[""]
	}
	if class := status / 100; class >= 0 && class < len(r.classes) {
		r.classes[class].Inc()
	}
	r.seconds.Observe(took.Seconds())
}

// Ops makes the handler of AKKOORD_OPS_LISTEN: /healthz says that the process
// answers, /readyz whether it can do its work (P36), /metrics what it did.
func (s *Server) Ops(ready func(context.Context) error) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
		defer cancel()
		if err := ready(ctx); err != nil {
			s.Log.Warn("not ready", "error", err)
			w.Header().Set("Retry-After", "5")
			answer(w, http.StatusServiceUnavailable, "not ready: the log says why\n")
			return
		}
		answer(w, http.StatusOK, "ready\n")
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{}))
	return mux
}

func answer(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", plainText)
	w.WriteHeader(code)
	w.Write([]byte(text)) //nolint:errcheck // the client is gone
}
