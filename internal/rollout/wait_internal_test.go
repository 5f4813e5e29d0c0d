package rollout

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/graph"
)

func TestNextWait(t *testing.T) {
	t.Parallel()
	busy := fmt.Errorf("x: %w", &graph.Error{Kind: graph.Throttled, RetryAfter: time.Minute})
	for _, c := range []struct {
		last time.Duration
		err  error
		want time.Duration
	}{
		{0, ErrNotSeen, 500 * time.Millisecond},
		{500 * time.Millisecond, ErrNotSeen, time.Second},
		{4 * time.Second, ErrNotSeen, 8 * time.Second},
		{8 * time.Second, ErrNotSeen, 15 * time.Second},
		{15 * time.Second, ErrNotSeen, 15 * time.Second},
		{0, busy, time.Minute},
		{time.Minute, ErrNotSeen, 15 * time.Second},
	} {
		require.Equal(t, c.want, nextWait(c.last, c.err), "%v %v", c.last, c.err)
	}
}

func TestIsTransient(t *testing.T) {
	t.Parallel()
	for kind, want := range map[graph.Kind]bool{
		graph.NotReplicated: true, graph.RoleNotThereYet: true, graph.Conflict: true, graph.Throttled: true,
		graph.Refused: false, graph.CredentialExists: false, graph.TooManyCredentials: false, graph.ForbiddenByPolicy: false, graph.Forbidden: false, graph.Unauthorized: false, graph.BadIdentifierURI: false, graph.NameTaken: false, graph.Unavailable: false,
	} {
		require.Equal(t, want, isTransient(&graph.Error{Kind: kind}), kind)
	}
	require.True(t, isTransient(ErrNotSeen))
	require.False(t, isTransient(context.Canceled))
	require.False(t, isTransient(errors.New("x")))
}

// TestUntilReplicated: the error has what was waited for, also when the time ends during a
// try.
func TestUntilReplicated(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		tries := 0
		err := untilReplicated(ctx, func() error {
			if tries++; tries == 1 {
				return ErrNotSeen
			}
			cancel()
			return ctx.Err()
		}, func(time.Duration, error) {})
		require.ErrorIs(t, err, ErrNotSeen)
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, 2, tries)
	})
}
