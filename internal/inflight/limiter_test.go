package inflight_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/inflight"
)

func TestLimiter(t *testing.T) {
	t.Parallel()
	// ended is the context of calls that must not wait.
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	acquire := func(t *testing.T, l inflight.Limiter, background bool) (release func()) {
		t.Helper()
		release = l.Acquire(t.Context(), background)
		require.NotNil(t, release)
		return release
	}
	for _, tc := range []struct {
		name                 string
		callers, others      int // that have a slot: those who wait, and those in the background
		caller, inBackground bool
	}{
		{"none", 0, 0, true, true},
		{"all but one of those who wait", 3, 0, true, true},
		{"as many as there may be", 4, 0, false, false},
		{"all of the background", 0, 3, true, false},
		{"all of the background, and one who waits", 1, 3, false, false},
	} {
		t.Run("with "+tc.name, func(t *testing.T) {
			t.Parallel()
			l := inflight.NewLimiter(4, 3)
			for range tc.callers {
				acquire(t, l, false)
			}
			for range tc.others {
				acquire(t, l, true)
			}
			for background, want := range map[bool]bool{false: tc.caller, true: tc.inBackground} {
				if !want {
					require.Nil(t, l.Acquire(ended, background), "background: %t", background)
					continue
				}
				acquire(t, l, background)()
			}
		})
	}
	t.Run("gives both slots back, also where there was only one of two", func(t *testing.T) {
		t.Parallel()
		l := inflight.NewLimiter(1, 1)
		for range 3 {
			acquire(t, l, true)()
		}
		release := acquire(t, l, false)
		require.Nil(t, l.Acquire(ended, true), "which has the slot of the background for a moment")
		release()
		acquire(t, l, true)()
	})
	t.Run("waits for a slot until ctx ends", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			l := inflight.NewLimiter(1, 1)
			release := acquire(t, l, true)
			time.AfterFunc(time.Minute, release)
			short, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			require.Nil(t, l.Acquire(short, false))
			start := time.Now()
			acquire(t, l, true)()
			require.Equal(t, time.Minute-time.Second, time.Since(start))
		})
	})
}
