package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	otel "go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// exporter sends spans to a collector in the JSON encoding of OTLP/HTTP
// (OpenTelemetry protocol 1.x). Spans that can't be delivered are dropped:
// traces are no evidence, and nothing waits for them.
type exporter struct {
	client  *http.Client
	url     string
	fields  http.Header
	timeout time.Duration
	log     *slog.Logger
	now     func() time.Time

	mu   sync.Mutex
	told time.Time // when the last failure was logged
}

// The message ExportTraceServiceRequest, as far as it is used. 64-bit numbers
// are strings in JSON, ids are hexadecimal.
type (
	otlpRequest struct {
		ResourceSpans []otlpResource `json:"resourceSpans"`
	}
	otlpResource struct {
		Resource   otlpAttributes `json:"resource"`
		ScopeSpans []otlpScope    `json:"scopeSpans"`
	}
	otlpAttributes struct {
		Attributes []otlpAttribute `json:"attributes"`
	}
	otlpScope struct {
		Scope struct {
			Name string `json:"name"`
		} `json:"scope"`
		Spans []otlpSpan `json:"spans"`
	}
	otlpSpan struct {
		TraceID    string          `json:"traceId"`
		SpanID     string          `json:"spanId"`
		ParentID   string          `json:"parentSpanId,omitempty"`
		Name       string          `json:"name"`
		Kind       int             `json:"kind"`
		Start      string          `json:"startTimeUnixNano"`
		End        string          `json:"endTimeUnixNano"`
		Attributes []otlpAttribute `json:"attributes"`
		Status     struct {
			Code int `json:"code,omitempty"`
		} `json:"status"`
	}
	otlpAttribute struct {
		Key   string         `json:"key"`
		Value map[string]any `json:"value"`
	}
)

// otlpError is the code of a failed span, which the SDK numbers otherwise.
const otlpError = 2

// ExportSpans delivers a batch. A failure is logged, at most once a minute, and
// not returned: the SDK would write it past the log.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	if err := e.deliver(ctx, spans); err != nil {
		e.mu.Lock()
		defer e.mu.Unlock()
		if now := e.now(); now.Sub(e.told) >= time.Minute {
			e.told = now
			e.log.Warn("traces are not delivered, and dropped", "error", err)
		}
	}
	return nil
}

// Shutdown has nothing to do: the SDK delivers what is left before.
func (e *exporter) Shutdown(context.Context) error { return nil }

func (e *exporter) deliver(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	if len(spans) == 0 {
		return nil
	}
	body, err := json.Marshal(encodeSpans(spans))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header = e.fields.Clone()
	r.Header.Set("Content-Type", "application/json")
	a, err := e.client.Do(r)
	if err != nil {
		return fmt.Errorf("the collector can't be reached: %w", err)
	}
	defer a.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(a.Body, 64<<10)); err != nil {
		return err
	}
	if a.StatusCode/100 != 2 {
		return fmt.Errorf("the collector answers %d", a.StatusCode)
	}
	return nil
}

// encodeSpans makes the message. All spans are of one program and one tracer.
func encodeSpans(spans []sdk.ReadOnlySpan) otlpRequest {
	var scope otlpScope
	scope.Scope.Name = spans[0].InstrumentationScope().Name
	for _, s := range spans {
		id := s.SpanContext()
		out := otlpSpan{
			TraceID: id.TraceID().String(), SpanID: id.SpanID().String(), Name: s.Name(), Kind: int(s.SpanKind()),
			Start: nanoseconds(s.StartTime()), End: nanoseconds(s.EndTime()), Attributes: encodeAttributes(s.Attributes()),
		}
		if s.Parent().SpanID().IsValid() {
			out.ParentID = s.Parent().SpanID().String()
		}
		if s.Status().Code == codes.Error {
			out.Status.Code = otlpError
		}
		scope.Spans = append(scope.Spans, out)
	}
	return otlpRequest{[]otlpResource{{
		Resource:   otlpAttributes{encodeAttributes(spans[0].Resource().Attributes())},
		ScopeSpans: []otlpScope{scope},
	}}}
}

func nanoseconds(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 10) }

func encodeAttributes(attributes []otel.KeyValue) []otlpAttribute {
	out := make([]otlpAttribute, len(attributes))
	for i, a := range attributes {
		value := map[string]any{"stringValue": a.Value.String()}
		switch a.Value.Type() {
		case otel.INT64:
			value = map[string]any{"intValue": a.Value.String()}
		case otel.BOOL:
			value = map[string]any{"boolValue": a.Value.AsBool()}
		}
		out[i] = otlpAttribute{string(a.Key), value}
	}
	return out
}
