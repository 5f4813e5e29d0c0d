package wire

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/stretchr/testify/require"
)

// silence returns a network that drops every packet.
func silence(ctx context.Context, _, _ string) (net.Conn, error) {
	<-ctx.Done()
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: ctx.Err()}
}

// How long connecting may take: azure-sdk-for-net 20609 (over six seconds on a scale set),
// go-autorest 714.
func TestDialer(t *testing.T) {
	t.Parallel()
	took := func(t *testing.T, tr *http.Transport) time.Duration {
		start := time.Now()
		_, err := tr.DialContext(t.Context(), "tcp", "imds.test:80")
		require.Error(t, err)
		return time.Since(start)
	}
	for name, tc := range map[string]struct {
		reach Reach
		want  []time.Duration
	}{
		"on this machine the first is short": {Reach{}, []time.Duration{firstDial, laterDial, laterDial}},
		"in the cluster none is":             {Reach{Place: Cluster}, []time.Duration{laterDial, laterDial}},
		"over the internet none is":          {Reach{Place: Internet}, []time.Duration{laterDial, laterDial}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := tc.reach.newDialer()
				d.connect = silence
				var got []time.Duration
				for range tc.want {
					got = append(got, took(t, &http.Transport{DialContext: d.dial}))
				}
				require.Equal(t, tc.want, got)
			})
		})
	}
	t.Run("is the caller's where the caller has a dialer", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			patient := func(ctx context.Context, network, address string) (net.Conn, error) {
				ctx, cancel := context.WithTimeout(ctx, time.Minute)
				defer cancel()
				return silence(ctx, network, address)
			}
			for _, given := range []*http.Transport{
				{DialContext: patient},
				{Dial: func(network, address string) (net.Conn, error) { return patient(t.Context(), network, address) }},
			} {
				tr := httpTransport(t, &http.Client{Transport: given}, Reach{})
				if tr.DialContext == nil {
					//lint:ignore SA1019 what a caller still sets is used
					require.NotNil(t, tr.Dial)
					continue
				}
				require.Equal(t, time.Minute, took(t, tr))
			}
		})
	})
	t.Run("is ours where the caller's transport has none", func(t *testing.T) {
		t.Parallel()
		given := &http.Transport{}
		require.NotNil(t, httpTransport(t, &http.Client{Transport: given}, Reach{}).DialContext)
		require.Nil(t, given.DialContext, "the caller's transport stays as it was")
	})
	t.Run("leaves ten seconds for a handshake", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, laterDial, httpTransport(t, nil, Reach{}).TLSHandshakeTimeout)
	})
}

func TestConnectBy(t *testing.T) {
	t.Parallel()
	const limit = 10 * time.Second
	ask := func(t *testing.T, given http.RoundTripper) (took time.Duration, failure *Failure) {
		c, err := NewClient(Config{Module: "aztoken", Version: "v0.0.1", Options: azcore.ClientOptions{Transport: &http.Client{Transport: given}}})
		require.NoError(t, err)
		defer c.Close()
		start := time.Now()
		ctx, cancel := ConnectBy(t.Context(), start.Add(limit))
		defer cancel()
		req, err := runtime.NewRequest(ctx, http.MethodGet, "http://imds.test")
		require.NoError(t, err)
		_, err = c.Do(req)
		if err != nil {
			require.ErrorAs(t, err, &failure)
		}
		return time.Since(start), failure
	}
	t.Run("ends the search for an endpoint that is not there", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			took, failure := ask(t, &http.Transport{DialContext: silence})
			require.Equal(t, limit, took)
			require.True(t, failure.Unreachable)
			require.True(t, failure.Retry)
		})
	})
	t.Run("does not end the wait for one that is there", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			took, failure := ask(t, &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
				client, server := net.Pipe()
				go func() {
					defer func() { _ = server.Close() }()
					time.Sleep(2 * limit)
				}()
				return client, nil
			}})
			require.Equal(t, 2*limit, took)
			require.False(t, failure.Unreachable)
		})
	})
	t.Run("does not bound what has no connections", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			took, failure := ask(t, roundTripper(func(r *http.Request) (*http.Response, error) {
				time.Sleep(2 * limit)
				return httptest.NewRecorder().Result(), r.Context().Err()
			}))
			require.Equal(t, 2*limit, took)
			require.Nil(t, failure)
		})
	})
	t.Run("leaves the cause of another end alone", func(t *testing.T) {
		t.Parallel()
		_, failure := ask(t, roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("broken") }))
		require.False(t, failure.Unreachable)
		require.EqualError(t, failure, "broken")
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
