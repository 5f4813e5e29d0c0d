package grpctoken_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/integrations/grpcverify"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/certificate"
	"github.com/seed-ac726066/aztoken/verify"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const resource = "https://orders.example.com"

// health is a service whose callers need tokens. It can refuse good tokens.
type health struct {
	grpc_health_v1.UnimplementedHealthServer

	mu      sync.Mutex // guards the fields below
	refused map[string]bool
	tokens  []string // tokens that the service received, each once
	calls   int
}

// refuse makes the service answer Unauthenticated to a token from now on.
func (h *health) refuse(token string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.refused[token] = true
}

func (h *health) serve(ctx context.Context) error {
	token, _ := verify.TokenFromContext(ctx)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls++
	if n := len(h.tokens); n == 0 || h.tokens[n-1] != token {
		h.tokens = append(h.tokens, token)
	}
	if h.refused[token] {
		return status.Error(codes.Unauthenticated, "the session was revoked")
	}
	return nil
}

func (h *health) Check(ctx context.Context, _ *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	return &grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_SERVING}, h.serve(ctx)
}

func (h *health) Watch(_ *grpc_health_v1.HealthCheckRequest, stream grpc_health_v1.Health_WatchServer) error {
	if err := h.serve(stream.Context()); err != nil {
		return err
	}
	return stream.Send(&grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_SERVING})
}

// server is a service over TLS whose callers are checked by grpcverify.
type server struct {
	*health
	dial []grpc.DialOption // how to reach it
}

// start starts a service on a listener. dial connects to it.
func start(t *testing.T, entra *imdstest.Server, listener net.Listener, dial func(context.Context) (net.Conn, error)) *server {
	t.Helper()
	v := entra.Verifier(t, &verify.Options{Audiences: []string{resource}, AllowRoleless: true})
	identity := certificate.New("orders.example.com")
	trusted := x509.NewCertPool()
	require.True(t, trusted.AppendCertsFromPEM(identity.PEM()))
	h := &health{refused: map[string]bool{}}
	s := grpc.NewServer(
		grpc.Creds(credentials.NewTLS(identity.TLSConfig())),
		grpc.UnaryInterceptor(grpcverify.Unary(v, nil)), grpc.StreamInterceptor(grpcverify.Stream(v, nil)),
	)
	grpc_health_v1.RegisterHealthServer(s, h)
	served := make(chan error, 1)
	go func() { served <- s.Serve(listener) }()
	t.Cleanup(func() {
		s.Stop()
		require.NoError(t, <-served)
	})
	return &server{h, []grpc.DialOption{
		grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: trusted})),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return dial(ctx) }),
	}}
}

// startOnLoopback starts a service on a loopback socket.
func startOnLoopback(t *testing.T, entra *imdstest.Server) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return start(t, entra, l, func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
	})
}

// startInMemory starts a service for a test in virtual time.
func startInMemory(t *testing.T, entra *imdstest.Server) *server {
	t.Helper()
	l := bufconn.Listen(1 << 16)
	return start(t, entra, l, l.DialContext)
}

// connect returns a client of the service.
func (s *server) connect(t *testing.T, opts ...grpc.DialOption) grpc_health_v1.HealthClient {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///orders.example.com", append(s.dial[:len(s.dial):len(s.dial)], opts...)...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	return grpc_health_v1.NewHealthClient(conn)
}

// check makes a unary call.
func check(ctx context.Context, c grpc_health_v1.HealthClient, opts ...grpc.CallOption) error {
	_, err := c.Check(ctx, &grpc_health_v1.HealthCheckRequest{}, opts...)
	return err
}

// watch makes a call of a stream and reads the first message.
func watch(ctx context.Context, c grpc_health_v1.HealthClient) error {
	stream, err := c.Watch(ctx, &grpc_health_v1.HealthCheckRequest{})
	if err != nil {
		return err
	}
	_, err = stream.Recv()
	return err
}
