package grpctoken_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/integrations/grpcverify/grpctoken"
	"github.com/seed-ac726066/aztoken/internal/clienttest"
)

// minting returns a host that issues a new token for every request.
func minting() *imdstest.Server { return imdstest.New(&imdstest.Options{MintAfter: -1}) }

func TestCalls(t *testing.T) {
	t.Parallel()
	t.Run("carry a token that the server accepts", func(t *testing.T) {
		t.Parallel()
		imds := minting()
		s, c := startOnLoopback(t, imds), clienttest.Over(t, imds, aztoken.Options{})
		for _, opts := range [][]grpc.DialOption{
			grpctoken.DialOptions(c, resource),
			// The credentials of package aztoken itself.
			{grpc.WithPerRPCCredentials(c.PerRPCCredentials(resource))},
		} {
			client := s.connect(t, opts...)
			require.NoError(t, check(t.Context(), client))
			require.NoError(t, watch(t.Context(), client))
		}
		require.Equal(t, 4, s.calls)
		require.Len(t, s.tokens, 1)
	})
	t.Run("are repeated with another token where the server rejects one", func(t *testing.T) {
		t.Parallel()
		imds := minting()
		s, c := startOnLoopback(t, imds), clienttest.Over(t, imds, aztoken.Options{})
		client := s.connect(t, grpctoken.DialOptions(c, resource)...)
		require.NoError(t, check(t.Context(), client))
		s.refuse(s.tokens[0])
		require.NoError(t, check(t.Context(), client))
		require.Len(t, s.tokens, 2)
		require.Equal(t, 3, s.calls)
		require.NoError(t, watch(t.Context(), client))
		require.Len(t, s.tokens, 2)
	})
	t.Run("of a stream have another token after the server has rejected one", func(t *testing.T) {
		t.Parallel()
		imds := minting()
		s, c := startOnLoopback(t, imds), clienttest.Over(t, imds, aztoken.Options{})
		client := s.connect(t, grpctoken.DialOptions(c, resource)...)
		require.NoError(t, watch(t.Context(), client))
		s.refuse(s.tokens[0])
		require.Equal(t, codes.Unauthenticated, status.Code(watch(t.Context(), client)))
		require.NoError(t, watch(t.Context(), client))
	})
	t.Run("end with the server's error where there is no other token", func(t *testing.T) {
		t.Parallel()
		imds := imdstest.New(nil) // returns the same token for an hour
		s, c := startOnLoopback(t, imds), clienttest.Over(t, imds, aztoken.Options{})
		client := s.connect(t, grpctoken.DialOptions(c, resource)...)
		require.NoError(t, check(t.Context(), client))
		s.refuse(s.tokens[0])
		err := check(t.Context(), client)
		require.Equal(t, codes.Unauthenticated, status.Code(err))
		require.ErrorContains(t, err, "the session was revoked")
		require.NotContains(t, err.Error(), "eyJ")
		require.Equal(t, 2, s.calls, "the same token again is of no use")
	})
	t.Run("end with the server's error where the token is for another service", func(t *testing.T) {
		t.Parallel()
		imds := minting()
		s, c := startOnLoopback(t, imds), clienttest.Over(t, imds, aztoken.Options{})
		client := s.connect(t, grpctoken.DialOptions(c, "https://prices.example.com")...)
		require.Equal(t, codes.Unauthenticated, status.Code(check(t.Context(), client)))
		require.Equal(t, codes.Unauthenticated, status.Code(watch(t.Context(), client)))
		require.Zero(t, s.calls)
	})
	t.Run("keep credentials of their own", func(t *testing.T) {
		t.Parallel()
		imds := minting()
		s, c := startOnLoopback(t, imds), clienttest.Over(t, imds, aztoken.Options{})
		client := s.connect(t, grpctoken.DialOptions(c, "https://prices.example.com")...)
		require.NoError(t, check(t.Context(), client, grpc.PerRPCCredentials(c.PerRPCCredentials(resource))))
	})
	t.Run("have no token where there is no TLS, and that is no rejection", func(t *testing.T) {
		t.Parallel()
		imds := minting()
		s := startOnLoopback(t, imds)
		var kinds []aztoken.EventKind
		c := clienttest.Over(t, imds, aztoken.Options{OnEvent: func(ev aztoken.Event) { kinds = append(kinds, ev.Kind) }})
		client := s.connect(t, append(grpctoken.DialOptions(c, resource), grpc.WithTransportCredentials(insecure.NewCredentials()))...)
		err := check(t.Context(), client)
		require.Error(t, err)
		require.Error(t, watch(t.Context(), client))
		require.Zero(t, s.calls)
		require.NoError(t, c.Close())
		require.Equal(t, []aztoken.EventKind{aztoken.EventAcquired}, kinds)
	})
}

func TestNoToken(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault imdstest.Fault
		wait  time.Duration // 0 for none
		code  codes.Code
		is    error
	}{
		"a token endpoint that hangs":        {imdstest.Hang(), time.Second, codes.DeadlineExceeded, context.DeadlineExceeded},
		"an outage, with a deadline":         {imdstest.Status(503), time.Second, codes.DeadlineExceeded, context.DeadlineExceeded},
		"an outage":                          {imdstest.Status(503), 0, codes.Unavailable, nil},
		"an endpoint that throttles":         {imdstest.Status(429), 0, codes.Unavailable, nil},
		"an endpoint that closes":            {imdstest.Closed(), 0, codes.Unavailable, nil},
		"an identity that is not there":      {imdstest.NoDefaultIdentity(), 0, codes.Unauthenticated, aztoken.ErrIdentityNotFound},
		"a resource that is not there":       {imdstest.Error(400, "invalid_resource", "AADSTS500011: no such resource"), 0, codes.Unauthenticated, nil},
		"a machine without managed identity": {imdstest.EC2(), 0, codes.Unauthenticated, aztoken.ErrNoManagedIdentity},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				imds := minting()
				c := clienttest.Over(t, imds, aztoken.Options{})
				require.NoError(t, c.Warm(t.Context(), "https://prices.example.com"), "the endpoint is there")
				if tc.is == aztoken.ErrNoManagedIdentity {
					c = clienttest.Over(t, imds, aztoken.Options{})
				}
				s := startInMemory(t, imds)
				client := s.connect(t, grpctoken.DialOptions(c, resource)...)
				imds.Break(tc.fault)
				for _, call := range []func(context.Context) error{
					func(ctx context.Context) error { return check(ctx, client) },
					func(ctx context.Context) error { return watch(ctx, client) },
				} {
					ctx, cancel := context.WithCancel(t.Context())
					if tc.wait > 0 {
						ctx, cancel = context.WithTimeout(t.Context(), tc.wait)
					}
					err := call(ctx)
					cancel()
					require.Equal(t, tc.code, status.Code(err), err)
					var cause *aztoken.Error
					require.ErrorAs(t, err, &cause)
					require.Equal(t, resource, cause.Resource)
					require.ErrorContains(t, err, "aztoken: no token for")
					if tc.is != nil {
						require.ErrorIs(t, err, tc.is)
					}
				}
				require.Zero(t, s.calls)
				imds.Recover()
				time.Sleep(2 * time.Minute) // the longest that a failure answers later calls
				require.NoError(t, check(t.Context(), client))
			})
		})
	}
	t.Run("a client that is closed", func(t *testing.T) {
		t.Parallel()
		imds := minting()
		c := clienttest.Over(t, imds, aztoken.Options{})
		require.NoError(t, c.Close())
		err := check(t.Context(), startOnLoopback(t, imds).connect(t, grpctoken.DialOptions(c, resource)...))
		require.ErrorIs(t, err, aztoken.ErrClosed)
		require.Equal(t, codes.Unauthenticated, status.Code(err))
	})
}

// No call fails during a day and a half on one connection, with rotations and an outage of 12 hours
// of everything that provides tokens and keys.
func TestOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		imds := minting()
		s, c := startInMemory(t, imds), clienttest.Over(t, imds, aztoken.Options{Refresh: aztoken.HalfLife()})
		client := s.connect(t, grpctoken.DialOptions(c, resource)...)
		bare := s.connect(t, grpc.WithPerRPCCredentials(c.PerRPCCredentials(resource)))
		for minute := range 36 * 60 {
			if minute == 12*60 {
				imds.BreakFor(12*time.Hour, imdstest.EntraDown())
			}
			started := time.Now()
			require.NoError(t, check(t.Context(), client))
			require.NoError(t, watch(t.Context(), client))
			require.NoError(t, check(t.Context(), bare))
			require.Zero(t, time.Since(started), "a call waited in minute %d", minute)
			time.Sleep(time.Minute)
		}
		require.Equal(t, 3*36*60, s.calls)
		require.Greater(t, len(s.tokens), 2)
	})
}
