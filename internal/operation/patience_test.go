package operation_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/operation"
)

func TestWithPatience(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		ctx, release := operation.WithPatience(t.Context(), time.Second)
		defer release()
		deadline, ok := ctx.Deadline()
		require.True(t, ok)
		require.Equal(t, start.Add(time.Second), deadline)
		time.Sleep(300 * time.Millisecond)
		<-ctx.Done()
		require.Equal(t, time.Second, time.Since(start), "counted from the beginning, not from the first who waits")
		require.ErrorIs(t, ctx.Err(), context.DeadlineExceeded)

		outer, cancel := context.WithTimeout(t.Context(), time.Minute)
		ctx, release = operation.WithPatience(outer, time.Hour)
		defer release()
		deadline, _ = ctx.Deadline()
		require.Equal(t, time.Minute, time.Until(deadline))
		cancel()
		<-ctx.Done()
		require.ErrorIs(t, ctx.Err(), context.Canceled)

		ctx, release = operation.WithPatience(t.Context(), time.Hour)
		release() // nobody waited
		require.NoError(t, ctx.Err())
		ctx, release = operation.WithPatience(t.Context(), time.Hour)
		done := ctx.Done()
		release()
		<-done
	})
}
