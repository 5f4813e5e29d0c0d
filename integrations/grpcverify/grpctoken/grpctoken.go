// Package grpctoken attaches the tokens of an [aztoken.Client] to gRPC calls and replaces a token
// that a server rejects.
//
//	orders, err := grpc.NewClient("dns:///orders.example.com:443", append(
//		grpctoken.DialOptions(client, "https://orders.example.com"),
//		grpc.WithTransportCredentials(credentials.NewTLS(nil)),
//	)...)
//
// [aztoken.Client.PerRPCCredentials] needs no additional module, but it only attaches the token to
// a call: a token that a server rejects stays in use until its refresh, and a call without a token
// fails with Unauthenticated even while Entra ID is down. On the server side, package grpcverify
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

// DialOptions returns the options for a connection whose calls carry tokens for resource. Tokens
// are sent only over TLS. A call with its own PerRPCCredentials keeps those.
//
// If a server answers a unary call with Unauthenticated, the client looks for another token and, if
// there is one, the call is repeated once. A stream is not repeated; the next one has the other
// token. A call for which there is no token fails with an error in which errors.As finds the
// [*aztoken.Error]. Its code is Unavailable if a later try may work, that of the context if the
// context has ended, and otherwise Unauthenticated.
func DialOptions(client *aztoken.Client, resource string) []grpc.DialOption {
	s := source{client, resource}
	return []grpc.DialOption{grpc.WithChainUnaryInterceptor(s.unary), grpc.WithChainStreamInterceptor(s.stream)}
}

// source provides the tokens of a connection.
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
	// Without a server address the error comes from gRPC itself: the connection has no TLS.
	if !isRejection(err) || server.Addr == nil {
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

// watched is a stream whose token the server may still reject.
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

// with returns opts and more, without modifying the caller's slice.
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
