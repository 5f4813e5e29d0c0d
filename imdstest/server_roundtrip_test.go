package imdstest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

// A trackedBody tells whether it was closed.
type trackedBody struct {
	io.Reader
	closed bool
}

func (b *trackedBody) Close() error { b.closed = true; return nil }

func TestRoundTripClosesTheRequestsBody(t *testing.T) {
	t.Parallel()
	server := imdstest.New(nil)
	done, cancel := context.WithCancel(t.Context())
	cancel()
	for name, tc := range map[string]struct {
		ctx   context.Context
		fault imdstest.Fault
	}{
		"answered": {t.Context(), imdstest.OK()},
		"refused":  {t.Context(), imdstest.Refused()},
		"too late": {done, imdstest.OK()},
	} {
		server.Recover()
		server.Next(tc.fault)
		body := &trackedBody{Reader: strings.NewReader("x")}
		r := tokenRequest(tc.ctx, server.URL, vault)
		r.Body = body
		if response, err := server.RoundTrip(r); err == nil {
			require.NoError(t, response.Body.Close())
		}
		require.True(t, body.closed, name)
	}
}

func TestRoundTripDoesNotChangeTheRequest(t *testing.T) {
	t.Parallel()
	server := imdstest.New(nil)
	r := tokenRequest(t.Context(), server.URL, vault)
	r.Header.Set("Authorization", "Bearer secret")
	r.Header["lower"] = []string{"x"}
	before := r.Clone(t.Context())
	response, err := server.RoundTrip(r)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, before.Header, r.Header)
	require.Equal(t, before.URL, r.URL)
	require.Same(t, r, response.Request)
	require.Equal(t, "200 OK", response.Status)
	require.Equal(t, "HTTP/1.1", response.Proto)
	require.True(t, response.ProtoAtLeast(1, 1))
}

func TestRoundTripFailsWithTheContextsCause(t *testing.T) {
	t.Parallel()
	why := errors.New("shutting down")
	for _, f := range []imdstest.Fault{imdstest.Hang(), imdstest.Slow(time.Hour)} {
		t.Run(f.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := imdstest.New(nil)
				server.Break(f)
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(time.Minute, func() { cancel(why) })
				start := time.Now()
				_, err := server.RoundTrip(tokenRequest(ctx, server.URL, vault))
				require.Equal(t, why, err)
				require.Equal(t, time.Minute, time.Since(start))

				_, err = server.RoundTrip(tokenRequest(ctx, server.URL, vault))
				require.Equal(t, why, err)
				require.Equal(t, 1, server.Count(), "a request that is over before it begins is never sent")
			})
		})
	}
}

func TestRoundTripMakesTheBodyAsItIsRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := imdstest.New(nil)
		server.Next(imdstest.Huge(1<<60), imdstest.SlowBody(time.Hour), imdstest.OK())

		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		response, err := server.Do(tokenRequest(ctx, server.URL, vault))
		require.NoError(t, err)
		require.Equal(t, []string{"chunked"}, response.TransferEncoding)
		_, err = io.CopyN(io.Discard, response.Body, 1<<20)
		require.NoError(t, err)
		cancel()
		_, err = response.Body.Read(make([]byte, 1))
		require.ErrorIs(t, err, context.Canceled)

		response, err = server.Do(tokenRequest(t.Context(), server.URL, vault))
		require.NoError(t, err)
		failed := make(chan error)
		go func() {
			_, err := io.Copy(io.Discard, response.Body)
			failed <- err
		}()
		synctest.Wait()
		require.NoError(t, response.Body.Close())
		require.ErrorIs(t, <-failed, http.ErrBodyReadAfterClose, "Close ends a read that waits")

		response, err = server.Do(tokenRequest(t.Context(), server.URL, vault))
		require.NoError(t, err)
		_, err = io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		_, err = response.Body.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.EOF, "what was read to its end stays so")
	})
}

func TestSlowBodyComesInPieces(t *testing.T) {
	inBothFrontEnds(t, func(t *testing.T, c caller) {
		c.server.Next(imdstest.SlowBody(20 * time.Second))
		response, err := c.client.Do(tokenRequest(t.Context(), c.server.URL, vault))
		require.NoError(t, err)
		defer response.Body.Close()
		start, got, buffer := time.Now(), int64(0), make([]byte, 4096)
		var times []time.Duration
		for err == nil {
			var n int
			n, err = response.Body.Read(buffer)
			if n > 0 {
				got += int64(n)
				times = append(times, time.Since(start))
			}
		}
		require.ErrorIs(t, err, io.EOF)
		require.Equal(t, response.ContentLength, got)
		require.Greater(t, len(times), 15)
		require.Less(t, times[0], 2*time.Second)
		require.Equal(t, 20*time.Second, times[len(times)-1])
	})
}

func TestNewMayBeCalledOutsideTheBubble(t *testing.T) {
	t.Parallel()
	server := imdstest.New(nil)
	for range 2 {
		synctest.Test(t, func(t *testing.T) {
			c := caller{server, &http.Client{Transport: server}}
			server.Next(imdstest.Slow(time.Minute), imdstest.Hang())
			require.Equal(t, time.Minute, c.ask(t.Context(), vault).took)
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			require.ErrorIs(t, c.ask(ctx, vault).err, context.DeadlineExceeded)
		})
	}
}

func TestCloseEndsWhatHangs(t *testing.T) {
	inBothFrontEnds(t, func(t *testing.T, c caller) {
		c.server.Break(imdstest.Hang())
		time.AfterFunc(time.Minute, c.server.Close)
		got := c.ask(t.Context(), vault)
		require.ErrorIs(t, got.err, io.EOF)
		require.Equal(t, time.Minute, got.took)
		c.server.Close()
		c.server.Recover()
		require.ErrorIs(t, c.ask(t.Context(), vault).err, io.EOF, "and there are no answers after it")
	})
}
