// Package grpctoken puts tokens of an [aztoken.Client] on gRPC calls, and replaces one that a
// server rejects.
//
//	orders, err := grpc.NewClient("dns:///orders.example.com:443", append(
//		grpctoken.DialOptions(client, "https://orders.example.com"),
//		grpc.WithTransportCredentials(credentials.NewTLS(nil)),
//	)...)
//
// [aztoken.Client.PerRPCCredentials] needs no further module, and does no more than put the token
// on a call: one that a server rejects stays in use until its refresh, and a call without a token
// ends with Unauthenticated also while Entra ID is down. On the server's side, package grpcverify
// checks the tokens.
package grpctoken

import (
	"context"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"github.com/seed-ac726066/aztoken"
)

// DialOptions returns the options of a connection whose calls carry tokens for resource. They are
// sent over TLS only. A call with PerRPCCredentials of its own keeps those.
//
// Where a server answers a unary call with Unauthenticated, the client looks for another token and,
// if there is one, the call is repeated once. A stream is not repeated; the next one has the other
// token. A call for which there is no token ends with an error for which errors.As finds the
// [*aztoken.Error]; its code is Unavailable where a later try may work, the context's own where
// that has ended, and else Unauthenticated.
func DialOptions(client *aztoken.Client, resource string) []grpc.DialOption {
	s := source{client, resource}
	return []grpc.DialOption{grpc.WithChainUnaryInterceptor(s.unary), grpc.WithChainStreamInterceptor(s.stream)}
}

// source is where the tokens of a connection are from.
type source struct {
	client   *aztoken.Client
	resource string
}

func (s source) unary(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	if hasCredentials(opts) {
		return invoke(ctx, method, req, reply, cc, opts...)
	}
	t, err := s.client.Token(ctx, s.resource)
	if err != nil {
		return noToken(err)
	}
	var server peer.Peer
	err = invoke(ctx, method, req, reply, cc, with(opts, grpc.PerRPCCredentials(bearer{t}), grpc.Peer(&server))...)
	if !isRejection(err) || server.Addr == nil { // without a server it is gRPC itself: the connection has no TLS
		return err
	}
	s.client.Invalidate(t)
	other, otherErr := s.client.Token(ctx, s.resource)
	if otherErr != nil || other.Value() == t.Value() {
		return err
	}
	return invoke(ctx, method, req, reply, cc, with(opts, grpc.PerRPCCredentials(bearer{other}))...)
}

func (s source) stream(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, begin grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	if hasCredentials(opts) {
		return begin(ctx, desc, cc, method, opts...)
	}
	t, err := s.client.Token(ctx, s.resource)
	if err != nil {
		return nil, noToken(err)
	}
	stream, err := begin(ctx, desc, cc, method, with(opts, grpc.PerRPCCredentials(bearer{t}))...)
	if err != nil {
		return nil, err
	}
	return &watched{stream, s, t}, nil
}

// watched is a stream that may turn out to be rejected.
type watched struct {
	grpc.ClientStream
	source source
	token  aztoken.Token
}

func (w *watched) RecvMsg(m any) error {
	err := w.ClientStream.RecvMsg(m)
	if isRejection(err) {
		w.source.client.Invalidate(w.token)
	}
	return err
}

func isRejection(err error) bool { return status.Code(err) == codes.Unauthenticated }

func hasCredentials(opts []grpc.CallOption) bool {
	return slices.ContainsFunc(opts, func(o grpc.CallOption) bool { _, ok := o.(grpc.PerRPCCredsCallOption); return ok })
}

// with returns opts and more, without writing into what the caller has.
func with(opts []grpc.CallOption, more ...grpc.CallOption) []grpc.CallOption {
	return append(slices.Clip(opts), more...)
}

// bearer is one token as the credentials of one call.
type bearer struct{ token aztoken.Token }

// GetRequestMetadata implements [credentials.PerRPCCredentials].
func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + b.token.Value()}, nil
}

// RequireTransportSecurity implements [credentials.PerRPCCredentials].
func (bearer) RequireTransportSecurity() bool { return true }
