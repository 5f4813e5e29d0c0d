// Package grpcverify checks the tokens of gRPC calls with a [verify.Verifier].
//
//	methods := grpcverify.Methods{
//		"/orders.Orders/List":          {verify.Role("consumer")},
//		"/orders.Orders/Remove":        {verify.Role("admin"), verify.AppOnly()},
//		"/grpc.health.v1.Health/Check": grpcverify.Open,
//	}
//	server := grpc.NewServer(
//		grpc.ChainUnaryInterceptor(grpcverify.Unary(verifier, methods)),
//		grpc.ChainStreamInterceptor(grpcverify.Stream(verifier, methods)),
//	)
//
// In a method, [verify.FromContext] returns the caller's claims, and [verify.TokenFromContext] its
// token. On the other side, aztoken's Client.PerRPCCredentials sends the token.
package grpcverify

import (
	"context"
	"net/http"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/seed-ac726066/aztoken/verify"
)

// Methods are the requirements of each method by its full name, "/package.Service/Method". "*" is
// for those that are not named; without it they are refused. Nil is every method, for whoever has a
// good token.
type Methods map[string][]verify.Requirement

// Open marks a method that needs no token, such as those of health checks and reflection. A token
// that comes all the same is not checked, and there are no claims.
var Open = []verify.Requirement{func(*verify.Claims) error { return nil }}

// isOpen reports whether reqs are Open itself: a copy of it requires a good token.
func isOpen(reqs []verify.Requirement) bool { return len(reqs) == 1 && &reqs[0] == &Open[0] }

// of returns the requirements of a method, and whether it may be called at all.
func (m Methods) of(method string) (reqs []verify.Requirement, ok bool) {
	if m == nil {
		return nil, true
	}
	if reqs, ok = m[method]; !ok {
		reqs, ok = m["*"]
	}
	return reqs, ok
}

// Unary passes on a call if its bearer token is good and meets the requirements of its method. The
// others end with Unauthenticated, PermissionDenied, or, if tokens cannot be checked at the moment,
// Unavailable with RetryInfo.
func Unary(v *verify.Verifier, methods Methods) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		ctx, err := authorize(ctx, v, methods, info.FullMethod)
		if err != nil {
			return nil, err
		}
		return handler(ctx, req)
	}
}

// Stream is [Unary] for streams. A stream that was passed on does not end when its token expires.
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

// authorize returns the context for a call that may go on: with the claims, and without the header
// that has the token, which a method could pass on by mistake.
func authorize(ctx context.Context, v *verify.Verifier, methods Methods, method string) (context.Context, error) {
	reqs, ok := methods.of(method)
	incoming, _ := metadata.FromIncomingContext(ctx)
	values := incoming.Get("authorization")
	incoming = incoming.Copy()
	incoming.Delete("authorization")
	ctx = metadata.NewIncomingContext(ctx, incoming)
	if isOpen(reqs) {
		return ctx, nil
	}
	if len(values) != 1 {
		return nil, status.Error(codes.Unauthenticated, "one bearer token is required")
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return nil, status.Error(codes.Unauthenticated, "a bearer token is required")
	}
	if !ok {
		return nil, status.Error(codes.PermissionDenied, "nobody may call this method")
	}
	claims, err := v.Authorize(ctx, token, reqs...)
	if err != nil {
		return nil, statusOf(v.Refusal(err))
	}
	return verify.NewTokenContext(verify.NewContext(ctx, claims), token), nil
}

// statusOf tells a caller as little as the HTTP middleware does; the rest is in the verifier's log.
func statusOf(e *verify.Error) error {
	switch e.StatusCode() {
	case http.StatusServiceUnavailable:
		s := status.New(codes.Unavailable, "tokens cannot be checked at the moment")
		if with, err := s.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(e.RetryAfter)}); err == nil {
			s = with
		}
		return s.Err()
	case http.StatusForbidden:
		return status.Error(codes.PermissionDenied, "the token does not meet what this method requires")
	}
	return status.Error(codes.Unauthenticated, "the token is not accepted")
}
