package imdstest_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

func TestFaultsInBothFrontEnds(t *testing.T) {
	t.Parallel()
	const patience = 75 * time.Second // of the client
	good := func(t *testing.T, o outcome) {
		require.NotEmpty(t, o.token(t))
		require.NoError(t, o.bodyErr)
	}
	answer := func(status int, contentType, body string) func(*testing.T, outcome) {
		return func(t *testing.T, o outcome) {
			require.NoError(t, o.err)
			require.NoError(t, o.bodyErr)
			require.Equal(t, status, o.status)
			require.Equal(t, contentType, o.header.Get("Content-Type"))
			require.Equal(t, body, o.body)
			require.Zero(t, o.took)
		}
	}
	const text, object = "text/plain; charset=utf-8", "application/json; charset=utf-8"
	gaveUp := func(t *testing.T, o outcome) {
		require.ErrorIs(t, o.err, context.DeadlineExceeded)
		require.Equal(t, patience, o.took)
	}

	for name, tc := range map[string]struct {
		fault imdstest.Fault
		see   func(*testing.T, outcome)
		log   int // the status that the log has; 0: no answer
	}{
		"":            {imdstest.OK(), good, 200},
		"Status(400)": {imdstest.Status(400), answer(400, object, `{"error":"invalid_request","error_description":"Identity not found"}`), 400},
		"Status(403)": {imdstest.Status(403), answer(403, text, "connecting to 169.254.169.254:80: A socket operation was attempted to an unreachable network."), 403},
		"Status(404)": {imdstest.Status(404), answer(404, "", ""), 404},
		"Status(410)": {imdstest.Status(410), answer(410, "", ""), 410},
		"Status(429)": {imdstest.Status(429), answer(429, "", ""), 429},
		"Status(500)": {imdstest.Status(500), answer(500, object, `{"error":"unknown","error_description":"Failed to retrieve token from the Active directory. For details see logs in /var/log/azure/imds/identity.log"}`), 500},
		"Status(503)": {imdstest.Status(503), answer(503, "", ""), 503},
		"EntraDown":   {imdstest.EntraDown(), answer(500, object, `{"error":"unknown","error_description":"Failed to retrieve token from the Active directory. For details see logs in /var/log/azure/imds/identity.log"}`), 500},
		"Status(429).WithRetryAfter(1.5s)": {imdstest.Status(429).WithRetryAfter(1500 * time.Millisecond), func(t *testing.T, o outcome) {
			require.Equal(t, 429, o.status)
			require.Equal(t, "2", o.header.Get("Retry-After"))
		}, 429},
		"OK.WithRetryAfter(1s)": {imdstest.OK().WithRetryAfter(time.Second), func(t *testing.T, o outcome) {
			good(t, o)
			require.Empty(t, o.header.Get("Retry-After"))
		}, 200},
		"Body(200, text/plain)":     {imdstest.Body(200, "text/plain", "hello"), answer(200, "text/plain", "hello"), 200},
		"Error(400, invalid_scope)": {imdstest.Error(400, "invalid_scope", "No <such> scope"), answer(400, object, `{"error":"invalid_scope","error_description":"No <such> scope"}`), 400},
		"NotJSON": {imdstest.NotJSON(), func(t *testing.T, o outcome) {
			require.Equal(t, 200, o.status)
			require.Equal(t, "text/html; charset=utf-8", o.header.Get("Content-Type"))
			require.True(t, strings.HasPrefix(o.body, "<!DOCTYPE html>"))
		}, 200},
		"Huge(3000000)": {imdstest.Huge(3_000_000), func(t *testing.T, o outcome) {
			require.Equal(t, 200, o.status)
			require.NoError(t, o.bodyErr)
			require.EqualValues(t, -1, o.length, "the client is not warned")
			require.Len(t, o.body, 3_000_000)
			require.True(t, strings.HasPrefix(o.body, `{"access_token":"AAA`))
		}, 200},
		"Huge(5)": {imdstest.Huge(5), answer(200, object, `{"acc`), 200},
		"Redirect(http://evil.test/x)": {imdstest.Redirect("http://evil.test/x"), func(t *testing.T, o outcome) {
			require.Equal(t, 302, o.status)
			require.Equal(t, "http://evil.test/x", o.header.Get("Location"))
		}, 302},
		"Slow(30s)": {imdstest.Slow(30 * time.Second), func(t *testing.T, o outcome) {
			good(t, o)
			require.Equal(t, 30*time.Second, o.headTook)
			require.Equal(t, "86400", o.fields(t)["expires_in"], "right at the time that it is given")
		}, 200},
		"Slow(2m0s)": {imdstest.Slow(2 * time.Minute), gaveUp, 0},
		"SlowBody(1m0s)": {imdstest.SlowBody(time.Minute), func(t *testing.T, o outcome) {
			good(t, o)
			require.Zero(t, o.headTook, "the headers come at once")
			require.Equal(t, time.Minute, o.took)
		}, 200},
		"SlowBody(2m0s)": {imdstest.SlowBody(2 * time.Minute), func(t *testing.T, o outcome) {
			require.ErrorIs(t, o.bodyErr, context.DeadlineExceeded)
			require.Equal(t, patience, o.took)
			require.NotEmpty(t, o.body)
		}, 200},
		"Truncated": {imdstest.Truncated(), func(t *testing.T, o outcome) {
			require.Equal(t, 200, o.status)
			require.ErrorIs(t, o.bodyErr, io.ErrUnexpectedEOF)
			require.EqualValues(t, o.length/2, len(o.body))
		}, 200},
		"Closed": {imdstest.Closed(), func(t *testing.T, o outcome) {
			require.ErrorIs(t, o.err, io.EOF)
			require.Zero(t, o.took)
		}, 0},
		"Hang":    {imdstest.Hang(), gaveUp, 0},
		"Dropped": {imdstest.Dropped(), gaveUp, 0},
		"Refused": {imdstest.Refused(), func(t *testing.T, o outcome) {
			require.Error(t, o.err)
			require.Zero(t, o.took)
		}, 0},
	} {
		for frontEnd, open := range frontEnds {
			t.Run(name+" "+frontEnd, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					c := open(t, nil)
					c.server.Next(tc.fault)
					ctx, cancel := context.WithTimeout(t.Context(), patience)
					defer cancel()
					tc.see(t, c.ask(ctx, vault))

					require.Len(t, c.server.Requests(), 1)
					require.Equal(t, name, c.server.Requests()[0].Fault)
					require.Equal(t, tc.log, c.server.Requests()[0].Status)
					if name != "" {
						require.Equal(t, name, tc.fault.String())
					}
					require.NotEmpty(t, c.ask(t.Context(), vault).token(t), "a fault leaves nothing behind")
				})
			})
		}
	}
}

func TestTruncatedIsAlwaysShort(t *testing.T) {
	inBothFrontEnds(t, func(t *testing.T, c caller) {
		c.server.Break(imdstest.Truncated())
		r := tokenRequest(t.Context(), c.server.URL, vault)
		r.URL.Path = "/elsewhere"
		got := c.send(r)
		require.Equal(t, http.StatusNotFound, got.status)
		require.ErrorIs(t, got.bodyErr, io.ErrUnexpectedEOF, "even where there is nothing to cut")
	})
}

func TestRefusedWithoutASocketIsAFailedDial(t *testing.T) {
	t.Parallel()
	c := inMemory(t, nil)
	c.server.Break(imdstest.Refused())
	_, err := c.server.RoundTrip(tokenRequest(t.Context(), "http://169.254.169.254", vault))
	var dial *net.OpError
	require.ErrorAs(t, err, &dial)
	require.Equal(t, "dial", dial.Op)
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	require.EqualError(t, err, "dial tcp 169.254.169.254:80: connect: "+syscall.ECONNREFUSED.Error())

	_, err = c.server.RoundTrip(tokenRequest(t.Context(), "https://host.test", vault))
	require.ErrorContains(t, err, "dial tcp host.test:443: ")
	_, err = c.server.RoundTrip(tokenRequest(t.Context(), "http://[::1]:8080", vault))
	require.ErrorContains(t, err, "dial tcp [::1]:8080: ")
}

func TestDroppedWithoutASocketIsAFailedDial(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := inMemory(t, nil)
		c.server.Break(imdstest.Dropped())
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		start := time.Now()
		_, err := c.server.RoundTrip(tokenRequest(ctx, c.server.URL, vault))
		var dial *net.OpError
		require.ErrorAs(t, err, &dial)
		require.Equal(t, "dial", dial.Op)
		require.True(t, dial.Timeout())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 30*time.Second, time.Since(start))

		why := errors.New("shutting down")
		stopped, stop := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Minute, func() { stop(why) })
		_, err = c.server.RoundTrip(tokenRequest(stopped, c.server.URL, vault))
		require.ErrorIs(t, err, why)
	})
}

func TestOKIsTheZeroValue(t *testing.T) {
	t.Parallel()
	require.Equal(t, imdstest.Fault{}, imdstest.OK())
	require.Equal(t, "OK", imdstest.Fault{}.String())
}

func TestStatusMustBeOne(t *testing.T) {
	t.Parallel()
	for _, code := range []int{-1, 0, 100, 199, 600} {
		require.Panics(t, func() { imdstest.Status(code) })
		require.Panics(t, func() { imdstest.Error(code, "", "") })
		require.Panics(t, func() { imdstest.Body(code, "", "") })
	}
}
