package world

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/soak/plan"
)

func TestLink(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		link    link
		arrives bool
		took    time.Duration // of the caller's second
		err     error
	}{
		"good":                     {link{nth: 1}, true, 0, nil},
		"slow":                     {link{plan.Connection{Latency: time.Millisecond}, 1}, true, time.Millisecond, nil},
		"slower than the caller":   {link{plan.Connection{Latency: time.Minute}, 1}, false, time.Second, context.DeadlineExceeded},
		"half-open":                {link{plan.Connection{HalfOpen: true}, 1}, false, time.Second, context.DeadlineExceeded},
		"reset before the request": {link{plan.Connection{Reset: true}, 1}, false, 0, errReset},
		"reset before the answer":  {link{plan.Connection{Reset: true}, 2}, true, 0, errReset},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				began, arrived := time.Now(), false
				resp, err := tc.link.roundTrip(newRequest(ctx), func(*http.Request) (*http.Response, error) {
					arrived = true
					return &http.Response{Body: http.NoBody}, nil
				})
				require.ErrorIs(t, err, tc.err)
				require.Equal(t, tc.err == nil, resp != nil)
				require.Equal(t, tc.arrives, arrived)
				require.Equal(t, tc.took, time.Since(began))
			})
		})
	}
}
