package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	otel "go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// tracer makes a span of each request to the site. A span has the method, the
// pattern of the route and the status; never a URL, an address, a client's
// network or what was posted. docs/adr/0011 says why this is not otelhttp.
type tracer struct {
	provider *sdk.TracerProvider
	spans    trace.Tracer
	parents  propagation.TraceContext
}

// newTracer reads the variables OTEL_* of the OpenTelemetry specification. It
// gives nil where they ask for no traces. Sampler, batches and limits are read
// by the SDK.
func newTracer(ctx context.Context, getenv func(string) string, client *http.Client, log *slog.Logger) (*tracer, error) {
	exporter, err := newExporter(getenv, client, log)
	if exporter == nil || err != nil {
		return nil, err
	}
	about, err := resource.New(ctx,
		resource.WithAttributes(otel.String("service.name", "akkoord"), otel.String("service.version", revision())),
		resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(about))
	return &tracer{provider: provider, spans: provider.Tracer("akkoord/server")}, nil
}

// Begin starts the span of a request. Only a trusted one is asked for the trace
// that it belongs to, so that no visitor decides what is sampled.
func (t *tracer) Begin(r *http.Request, route string, trusted bool) (context.Context, func(status int)) {
	ctx := r.Context()
	if trusted {
		ctx = t.parents.Extract(ctx, propagation.HeaderCarrier(r.Header))
	}
	method := r.Method
	switch method {
	case http.MethodGet, http.MethodPost, http.MethodHead, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
	default:
		method = "_OTHER" // as the semantic conventions have it
	}
	name, attributes := method, []otel.KeyValue{otel.String("http.request.method", method)}
	if route != "" {
		name += " " + route
		attributes = append(attributes, otel.String("http.route", route))
	}
	ctx, span := t.spans.Start(ctx, name, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attributes...))
	return ctx, func(status int) {
		span.SetAttributes(otel.Int("http.response.status_code", status))
		if status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

// close delivers what is left.
func (t *tracer) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return t.provider.Shutdown(ctx)
}

// newExporter reads where traces go; nil: nowhere.
func newExporter(getenv func(string) string, client *http.Client, log *slog.Logger) (*exporter, error) {
	first := func(name string) string {
		if v := getenv("OTEL_EXPORTER_OTLP_TRACES_" + name); v != "" {
			return v
		}
		return getenv("OTEL_EXPORTER_OTLP_" + name)
	}
	endpoint := getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
	if base := getenv("OTEL_EXPORTER_OTLP_ENDPOINT"); endpoint == "" && base != "" {
		endpoint = strings.TrimSuffix(base, "/") + "/v1/traces"
	}
	if endpoint == "" || strings.EqualFold(getenv("OTEL_SDK_DISABLED"), "true") || getenv("OTEL_TRACES_EXPORTER") == "none" {
		return nil, nil
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, usageError{fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT must be a URL, like http://127.0.0.1:4318")}
	}
	if first("PROTOCOL") == "grpc" {
		return nil, usageError{fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL is grpc; traces are sent as http/json: leave it out, and give the collector's HTTP port (4318)")}
	}
	e := &exporter{client: client, url: endpoint, fields: http.Header{}, timeout: 10 * time.Second, log: log, now: time.Now}
	if v := first("TIMEOUT"); v != "" {
		ms, err := strconv.Atoi(v)
		if err != nil || ms <= 0 {
			return nil, usageError{fmt.Errorf("OTEL_EXPORTER_OTLP_TIMEOUT must be a number of milliseconds")}
		}
		e.timeout = time.Duration(ms) * time.Millisecond
	}
	for field := range strings.SplitSeq(first("HEADERS"), ",") {
		name, value, _ := strings.Cut(field, "=")
		if value, err = url.PathUnescape(strings.TrimSpace(value)); err != nil {
			return nil, usageError{fmt.Errorf("OTEL_EXPORTER_OTLP_HEADERS must be like name=value,name=value, with %%XX for special characters")}
		}
		if name = strings.TrimSpace(name); name != "" {
			e.fields.Set(name, value)
		}
	}
	return e, nil
}
