package lifetime_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/lifetime"
)

func TestEnd(t *testing.T) {
	t.Parallel()
	t.Run("waits for the goroutines", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			l := lifetime.New()
			ended := false
			require.True(t, l.Go(func() {
				<-l.Done()
				time.Sleep(time.Second)
				ended = true
			}))
			require.False(t, l.Ended())
			l.End()
			require.True(t, l.Wait(time.Minute))
			require.True(t, ended)
			require.True(t, l.Ended())
			require.Error(t, l.Context().Err())
		})
	})
	t.Run("waits no longer than the limit", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			l := lifetime.New()
			require.True(t, l.Go(func() { time.Sleep(time.Hour) }))
			start := time.Now()
			l.End()
			require.False(t, l.Wait(5*time.Second))
			require.Equal(t, 5*time.Second, time.Since(start))
			time.Sleep(time.Hour)
		})
	})
	t.Run("lets nothing begin afterwards", func(t *testing.T) {
		t.Parallel()
		l := lifetime.New()
		require.True(t, l.Enter())
		l.Leave()
		l.End()
		require.True(t, l.Wait(time.Minute))
		require.False(t, l.Enter())
		require.False(t, l.Go(func() { t.Error("it ran after the end") }))
	})
	t.Run("can be repeated", func(t *testing.T) {
		t.Parallel()
		l := lifetime.New()
		l.End()
		require.True(t, l.Wait(time.Minute))
		l.End()
		require.True(t, l.Wait(time.Minute))
	})
}

func TestNilLifetimeHasEnded(t *testing.T) {
	t.Parallel()
	var l *lifetime.Lifetime
	require.True(t, l.Ended())
	require.False(t, l.Enter())
	require.False(t, l.Go(func() { t.Error("it ran") }))
}
