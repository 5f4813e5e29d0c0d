package grpcverify_test

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/integrations/grpcverify"
	"github.com/seed-ac726066/aztoken/verify"
)

// methods maps each method to the roles that may call it.
var methods = grpcverify.Methods{
	"/grpc.health.v1.Health/Check": grpcverify.Open,
	"/orders.Orders/List":          {verify.Role("consumer")},
}

// trusting returns a verifier that accepts the tokens of entra, for the service in the tests.
func trusting(entra *imdstest.Server) *verify.Verifier {
	verifier, err := verify.New(entra.VerifierOptions(&verify.Options{Audiences: []string{resource}}))
	if err != nil {
		panic(err)
	}
	return verifier
}

func Example() {
	verifier := trusting(imdstest.New(nil))
	defer verifier.Close()
	server := grpc.NewServer(
		grpc.ChainUnaryInterceptor(grpcverify.Unary(verifier, methods)),
		grpc.ChainStreamInterceptor(grpcverify.Stream(verifier, methods)),
	)
	defer server.Stop()
	grpc_health_v1.RegisterHealthServer(server, &health{})
	fmt.Println(len(server.GetServiceInfo()), "service")
	// Output: 1 service
}

func ExampleUnary() {
	entra := imdstest.New(nil)
	verifier := trusting(entra)
	defer verifier.Close()
	list := func(ctx context.Context, _ any) (any, error) {
		claims, _ := verify.FromContext(ctx)
		return "orders of " + claims.ObjectID, nil
	}

	intercept := grpcverify.Unary(verifier, methods) // grpc.ChainUnaryInterceptor(intercept)
	for _, roles := range [][]string{{"consumer"}, {"billing"}} {
		token := entra.Mint(resource, func(j *imdstest.JWT) { j.Claims["roles"] = roles })
		ctx := metadata.NewIncomingContext(context.Background(), metadata.Pairs("authorization", "Bearer "+token))
		reply, err := intercept(ctx, nil, &grpc.UnaryServerInfo{FullMethod: "/orders.Orders/List"}, list)
		fmt.Println(roles, status.Code(err), reply)
	}
	// Output:
	// [consumer] OK orders of 0b000000-0000-4000-8000-000000000001
	// [billing] PermissionDenied <nil>
}

// incoming is the server's end of a stream. An interceptor needs only its context.
type incoming struct {
	grpc.ServerStream
	ctx context.Context
}

func (s incoming) Context() context.Context { return s.ctx }

func ExampleStream() {
	entra := imdstest.New(nil)
	verifier := trusting(entra)
	defer verifier.Close()
	watch := func(_ any, stream grpc.ServerStream) error {
		claims, _ := verify.FromContext(stream.Context())
		fmt.Println("watched by", claims.ObjectID)
		return nil
	}

	intercept := grpcverify.Stream(verifier, methods) // grpc.ChainStreamInterceptor(intercept)
	token := entra.Mint(resource, func(j *imdstest.JWT) { j.Claims["roles"] = []string{"consumer"} })
	ctx := metadata.NewIncomingContext(context.Background(), metadata.Pairs("authorization", "Bearer "+token))
	for _, method := range []string{"/orders.Orders/List", "/orders.Orders/Remove"} {
		err := intercept(nil, incoming{ctx: ctx}, &grpc.StreamServerInfo{FullMethod: method}, watch)
		fmt.Println(method, status.Code(err))
	}
	// Output:
	// watched by 0b000000-0000-4000-8000-000000000001
	// /orders.Orders/List OK
	// /orders.Orders/Remove PermissionDenied
}
