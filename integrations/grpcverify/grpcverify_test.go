package grpcverify_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/integrations/grpcverify"
	"github.com/seed-ac726066/aztoken/verify"
)

const resource = "https://orders.example.com"

// health is a service that says who called it.
type health struct {
	grpc_health_v1.UnimplementedHealthServer
	called, tokens []string
}

func (h *health) note(ctx context.Context) {
	claims, ok := verify.FromContext(ctx)
	if !ok {
		claims = &verify.Claims{ObjectID: "nobody"}
	}
	if token, ok := verify.TokenFromContext(ctx); ok {
		h.tokens = append(h.tokens, token)
	}
	incoming, _ := metadata.FromIncomingContext(ctx)
	h.called = append(h.called, claims.ObjectID+"/"+incoming.Get("trace")[0])
	if len(incoming.Get("authorization")) > 0 {
		h.called = append(h.called, "the token was left")
	}
}

func (h *health) Check(ctx context.Context, _ *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	h.note(ctx)
	return &grpc_health_v1.HealthCheckResponse{}, nil
}

func (h *health) Watch(_ *grpc_health_v1.HealthCheckRequest, stream grpc_health_v1.Health_WatchServer) error {
	h.note(stream.Context())
	return stream.Send(&grpc_health_v1.HealthCheckResponse{})
}

// serve returns a client of a service behind the interceptors.
func serve(t *testing.T, v *verify.Verifier, methods grpcverify.Methods) (grpc_health_v1.HealthClient, *health) {
	t.Helper()
	service := &health{}
	server := grpc.NewServer(grpc.UnaryInterceptor(grpcverify.Unary(v, methods)), grpc.StreamInterceptor(grpcverify.Stream(v, methods)))
	grpc_health_v1.RegisterHealthServer(server, service)
	listener := bufconn.Listen(1 << 16)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient("passthrough:///orders",
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	return grpc_health_v1.NewHealthClient(conn), service
}

// call makes both kinds of call and gives the codes that they end with.
func call(t *testing.T, client grpc_health_v1.HealthClient, authorization ...string) (unary, stream codes.Code) {
	t.Helper()
	md := metadata.Pairs("trace", "42")
	md.Append("authorization", authorization...)
	ctx := metadata.NewOutgoingContext(t.Context(), md)
	_, err := client.Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	unary = status.Code(err)
	watch, err := client.Watch(ctx, &grpc_health_v1.HealthCheckRequest{})
	require.NoError(t, err)
	_, err = watch.Recv()
	return unary, status.Code(err)
}

func TestACallNeedsATokenThatMeetsItsMethod(t *testing.T) {
	t.Parallel()
	srv := imdstest.New(&imdstest.Options{Identities: []imdstest.Identity{{SystemAssigned: true, Roles: map[string][]string{resource: {"consumer"}}}}})
	v := verifier(t, srv)
	good := "Bearer " + srv.Mint(resource)
	methods := grpcverify.Methods{
		grpc_health_v1.Health_Check_FullMethodName: {verify.Role("consumer")},
		grpc_health_v1.Health_Watch_FullMethodName: {verify.Role("admin")},
	}
	for name, tc := range map[string]struct {
		methods       grpcverify.Methods
		authorization []string
		unary, stream codes.Code
	}{
		"a good token":                        {nil, []string{good}, codes.OK, codes.OK},
		"a role too few":                      {methods, []string{good}, codes.OK, codes.PermissionDenied},
		"a method that is not named":          {grpcverify.Methods{grpc_health_v1.Health_Check_FullMethodName: nil}, []string{good}, codes.OK, codes.PermissionDenied},
		"a rule for those that are not named": {grpcverify.Methods{"*": {verify.Role("admin")}}, []string{good}, codes.PermissionDenied, codes.PermissionDenied},
		"no token":                            {nil, nil, codes.Unauthenticated, codes.Unauthenticated},
		"two tokens":                          {nil, []string{good, good}, codes.Unauthenticated, codes.Unauthenticated},
		"another scheme":                      {nil, []string{"Basic eA=="}, codes.Unauthenticated, codes.Unauthenticated},
		"no token after all":                  {nil, []string{"Bearer"}, codes.Unauthenticated, codes.Unauthenticated},
		"another audience":                    {nil, []string{"Bearer " + srv.Mint("https://other.example.com")}, codes.Unauthenticated, codes.Unauthenticated},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, service := serve(t, v, tc.methods)
			unary, stream := call(t, client, tc.authorization...)
			require.Equal(t, tc.unary, unary)
			require.Equal(t, tc.stream, stream)
			for i, called := range service.called {
				require.Equal(t, imdstest.DefaultObjectID+"/42", called)
				require.Equal(t, good, "Bearer "+service.tokens[i])
			}
		})
	}
}

func TestOpenMethodsNeedNoToken(t *testing.T) {
	t.Parallel()
	srv := imdstest.New(nil)
	srv.Break(imdstest.EntraDown())
	v := verifier(t, srv)
	methods := grpcverify.Methods{grpc_health_v1.Health_Check_FullMethodName: grpcverify.Open}
	for name, authorization := range map[string][]string{
		"no token": nil, "a token that cannot be checked": {"Bearer " + srv.Mint(resource)}, "two": {"Bearer a", "Bearer b"}, "no token after all": {"Basic eA=="},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, service := serve(t, v, methods)
			unary, stream := call(t, client, authorization...)
			require.Equal(t, codes.OK, unary)
			require.NotEqual(t, codes.OK, stream, "a method that is not named")
			require.Equal(t, []string{"nobody/42"}, service.called, "without claims, and without the token")
			require.Empty(t, service.tokens)
		})
	}
	client, _ := serve(t, v, grpcverify.Methods{"*": grpcverify.Open, grpc_health_v1.Health_Watch_FullMethodName: {}})
	unary, stream := call(t, client)
	require.Equal(t, codes.OK, unary)
	require.Equal(t, codes.Unauthenticated, stream, "no requirement is not open")
}

func TestWithoutKeysACallIsToldWhenToComeBack(t *testing.T) {
	t.Parallel()
	srv := imdstest.New(nil)
	srv.Break(imdstest.EntraDown())
	client, _ := serve(t, verifier(t, srv), nil)
	unary, stream := call(t, client, "Bearer "+srv.Mint(resource))
	require.Equal(t, codes.Unavailable, unary)
	require.Equal(t, codes.Unavailable, stream)
	_, err := client.Check(metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+srv.Mint(resource)), &grpc_health_v1.HealthCheckRequest{})
	require.Len(t, status.Convert(err).Details(), 1)
	info, ok := status.Convert(err).Details()[0].(*errdetails.RetryInfo)
	require.True(t, ok)
	require.GreaterOrEqual(t, info.GetRetryDelay().AsDuration(), time.Second)
}

func verifier(t *testing.T, srv *imdstest.Server) *verify.Verifier {
	return srv.Verifier(t, &verify.Options{Audiences: []string{resource}, AllowRoleless: true})
}
