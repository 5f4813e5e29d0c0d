package otelaztoken_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	metricservice "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	traceservice "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// collector is what exporters send to: the OTLP services over gRPC and HTTP, on loopback.
type collector struct {
	grpc string // the address
	http string // the address

	mu      sync.Mutex // guards the fields below
	metrics map[string]*metricspb.Metric
	spans   []*tracepb.Span
}

// startCollector returns a collector that ends with the test.
func startCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{metrics: map[string]*metricspb.Metric{}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer()
	metricservice.RegisterMetricsServiceServer(server, &metricServer{of: c})
	traceservice.RegisterTraceServiceServer(server, &traceServer{of: c})
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		require.NoError(t, <-served)
	})
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/metrics", func(w http.ResponseWriter, r *http.Request) {
		var req metricservice.ExportMetricsServiceRequest
		read(w, r, &req)
		c.keepMetrics(&req)
		write(w, &metricservice.ExportMetricsServiceResponse{})
	})
	mux.HandleFunc("POST /v1/traces", func(w http.ResponseWriter, r *http.Request) {
		var req traceservice.ExportTraceServiceRequest
		read(w, r, &req)
		c.keepSpans(&req)
		write(w, &traceservice.ExportTraceServiceResponse{})
	})
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)
	c.grpc, c.http = listener.Addr().String(), strings.TrimPrefix(web.URL, "http://")
	return c
}

func read(w http.ResponseWriter, r *http.Request, req proto.Message) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err == nil {
		err = proto.Unmarshal(body, req)
	}
	if err != nil || r.Header.Get("Content-Type") != "application/x-protobuf" {
		w.WriteHeader(http.StatusBadRequest)
	}
}

func write(w http.ResponseWriter, resp proto.Message) {
	w.Header().Set("Content-Type", "application/x-protobuf")
	body, _ := proto.Marshal(resp)
	_, _ = w.Write(body)
}

// metricServer is the service for metrics over gRPC.
type metricServer struct {
	metricservice.UnimplementedMetricsServiceServer
	of *collector
}

func (s *metricServer) Export(_ context.Context, req *metricservice.ExportMetricsServiceRequest) (*metricservice.ExportMetricsServiceResponse, error) {
	s.of.keepMetrics(req)
	return &metricservice.ExportMetricsServiceResponse{}, nil
}

// traceServer is the service for spans over gRPC.
type traceServer struct {
	traceservice.UnimplementedTraceServiceServer
	of *collector
}

func (s *traceServer) Export(_ context.Context, req *traceservice.ExportTraceServiceRequest) (*traceservice.ExportTraceServiceResponse, error) {
	s.of.keepSpans(req)
	return &traceservice.ExportTraceServiceResponse{}, nil
}

func (c *collector) keepMetrics(req *metricservice.ExportMetricsServiceRequest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, resource := range req.GetResourceMetrics() {
		for _, scope := range resource.GetScopeMetrics() {
			for _, m := range scope.GetMetrics() {
				c.metrics[m.GetName()] = m
			}
		}
	}
}

func (c *collector) keepSpans(req *traceservice.ExportTraceServiceRequest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, resource := range req.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			c.spans = append(c.spans, scope.GetSpans()...)
		}
	}
}

// metric returns the last metric received under a name, nil for none.
func (c *collector) metric(name string) *metricspb.Metric {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.metrics[name]
}

// span returns the span with a name, nil for none.
func (c *collector) span(name string) *tracepb.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.spans {
		if s.GetName() == name {
			return s
		}
	}
	return nil
}
