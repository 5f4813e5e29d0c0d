package tokenstore

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPersist(t *testing.T) {
	t.Parallel()
	busy, broken := errors.New("somebody has it open"), errors.New("broken")
	passes := func(err error) bool { return errors.Is(err, busy) }

	t.Run("repeats what passes until it has passed", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			start, tries := time.Now(), 0
			require.NoError(t, persist(t.Context(), time.Second, func() error {
				if tries++; time.Since(start) < 400*time.Millisecond {
					return busy
				}
				return nil
			}, passes))
			require.Less(t, time.Since(start), 500*time.Millisecond)
			require.Less(t, tries, 10)
		})
	})
	t.Run("gives up after its limit, with the last error", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			require.ErrorIs(t, persist(t.Context(), time.Second, func() error { return busy }, passes), busy)
			require.InDelta(t, time.Second, time.Since(start), float64(100*time.Millisecond))
		})
	})
	t.Run("does not repeat anything else", func(t *testing.T) {
		tries := 0
		require.ErrorIs(t, persist(t.Context(), time.Second, func() error { tries++; return broken }, passes), broken)
		require.Equal(t, 1, tries)
	})
	t.Run("ends with its context", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			start := time.Now()
			require.ErrorIs(t, persist(ctx, time.Second, func() error { return busy }, passes), busy)
			require.Equal(t, 100*time.Millisecond, time.Since(start))
		})
	})
}
