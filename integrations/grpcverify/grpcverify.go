// Package grpcverify checks the tokens of gRPC calls with a [verify.Verifier].
//
//	methods := grpcverify.Methods{
//		"/orders.Orders/List":   {verify.Role("consumer")},
//		"/orders.Orders/Remove": {verify.Role("admin"), verify.AppOnly()},
//	}
//	server := grpc.NewServer(
//		grpc.ChainUnaryInterceptor(grpcverify.Unary(verifier, methods)),
//		grpc.ChainStreamInterceptor(grpcverify.Stream(verifier, methods)),
//	)
//
// In a method, [verify.FromContext] tells who calls. On the other side, aztoken's
// Client.PerRPCCredentials sends the token.
package grpcverify

import (
	"context"
	"errors"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/seed-ac726066/aztoken/verify"
)

// Methods are the requirements of each method by its full name, "/package.Service/Method". "*" is
// for those that are not named; without it they are refused. Nil is every method, for whoever has a
// good token.
type Methods map[string][]verify.Requirement

// of returns the requirements of a method, and reports whether it may be called at all.
func (m Methods) of(method string) (reqs []verify.Requirement, ok bool) {
	if m == nil {
		return nil, true
	}
	if reqs, ok = m[method]; !ok {
		reqs, ok = m["*"]
	}
	return reqs, ok
}

// Unary lets a call through if its bearer token is good and meets the requirements of its method.
// The others end with Unauthenticated, PermissionDenied, or Unavailable if the keys to check tokens
// with are not to be had.
func Unary(v *verify.Verifier, methods Methods) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		ctx, err := authorize(ctx, v, methods, info.FullMethod)
		if err != nil {
			return nil, err
		}
		return handler(ctx, req)
	}
}

// Stream is [Unary] for streams. A stream that was let through is not ended when its token expires.
func Stream(v *verify.Verifier, methods Methods) grpc.StreamServerInterceptor {
	return func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		ctx, err := authorize(stream.Context(), v, methods, info.FullMethod)
		if err != nil {
			return err
		}
		return handler(srv, authorized{stream, ctx})
	}
}

// authorized is a stream with the claims in its context.
type authorized struct {
	grpc.ServerStream
	ctx context.Context
}

func (s authorized) Context() context.Context { return s.ctx }

// authorize returns the context for a call that may go on: with the claims, and without the token,
// which a method could pass on by mistake.
func authorize(ctx context.Context, v *verify.Verifier, methods Methods, method string) (context.Context, error) {
	incoming, _ := metadata.FromIncomingContext(ctx)
	values := incoming.Get("authorization")
	if len(values) != 1 {
		return nil, status.Error(codes.Unauthenticated, "one bearer token is required")
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return nil, status.Error(codes.Unauthenticated, "a bearer token is required")
	}
	reqs, ok := methods.of(method)
	if !ok {
		return nil, status.Error(codes.PermissionDenied, "the method is open to nobody")
	}
	claims, err := v.Authorize(ctx, token, reqs...)
	if err != nil {
		return nil, statusOf(err)
	}
	incoming = incoming.Copy()
	incoming.Delete("authorization")
	return verify.NewContext(metadata.NewIncomingContext(ctx, incoming), claims), nil
}

// statusOf tells a caller as little as the HTTP middleware does; the rest is in the verifier's log.
func statusOf(err error) error {
	var e *verify.Error
	switch {
	case errors.Is(err, verify.ErrKeysUnavailable), errors.Is(err, verify.ErrClosed):
		return status.Error(codes.Unavailable, "tokens cannot be checked at the moment")
	case !errors.As(err, &e), errors.Is(err, verify.ErrRole), errors.Is(err, verify.ErrClient):
		return status.Error(codes.PermissionDenied, "the token does not meet what this method requires")
	}
	return status.Error(codes.Unauthenticated, "the token is not accepted")
}
