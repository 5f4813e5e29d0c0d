package stored_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/stored"
	"github.com/seed-ac726066/aztoken/tokenstore"
)

func TestHealth(t *testing.T) {
	t.Parallel()
	down := errors.New("connection refused")
	type call struct {
		after time.Duration
		err   error
		want  stored.Change
	}
	for name, calls := range map[string][]call{
		"a store that works says nothing":       {{0, nil, stored.Unchanged}, {time.Hour, tokenstore.ErrNotFound, stored.Unchanged}},
		"a failure is told once":                {{0, down, stored.Failed}, {time.Second, down, stored.Unchanged}, {time.Hour, down, stored.Unchanged}},
		"and the recovery":                      {{0, down, stored.Failed}, {time.Hour, nil, stored.Recovered}, {time.Hour, nil, stored.Unchanged}},
		"no entry is a recovery":                {{0, down, stored.Failed}, {time.Hour, tokenstore.ErrNotFound, stored.Recovered}},
		"an unreadable entry is none":           {{0, down, stored.Failed}, {time.Hour, tokenstore.ErrUnreadable, stored.Unchanged}},
		"nor is it a failure":                   {{0, fmt.Errorf("entry: %w", tokenstore.ErrUnreadable), stored.Unchanged}},
		"a call that was given up is neither":   {{0, context.Canceled, stored.Unchanged}},
		"a call without an answer is a failure": {{0, context.DeadlineExceeded, stored.Failed}},
		"one that flaps is told once a minute": {
			{0, down, stored.Failed}, {10 * time.Second, nil, stored.Unchanged}, {10 * time.Second, down, stored.Unchanged},
			{41 * time.Second, nil, stored.Recovered}, {time.Second, down, stored.Unchanged}, {time.Minute, down, stored.Failed},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var h stored.Health
			now := noon
			for i, c := range calls {
				now = now.Add(c.after)
				require.Equal(t, c.want, h.Note(stored.Load, c.err, now), "call %d", i)
			}
		})
	}
	t.Run("loads that work are no recovery of saves that do not", func(t *testing.T) {
		t.Parallel()
		var h stored.Health
		require.Equal(t, stored.Failed, h.Note(stored.Save, down, noon))
		require.Equal(t, stored.Unchanged, h.Note(stored.Load, nil, noon.Add(time.Hour)))
		require.ErrorIs(t, h.Err(), down)
		require.False(t, h.IsAway(), "it can be read")
		require.Equal(t, stored.Recovered, h.Note(stored.Save, nil, noon.Add(2*time.Hour)))
		require.NoError(t, h.Err())
		h.Note(stored.Load, down, noon.Add(3*time.Hour))
		require.True(t, h.IsAway())
	})
	t.Run("Err is that of the last call", func(t *testing.T) {
		t.Parallel()
		var h stored.Health
		require.NoError(t, h.Err())
		h.Note(stored.Load, down, noon)
		require.ErrorIs(t, h.Err(), down)
		h.Note(stored.Load, tokenstore.ErrUnreadable, noon)
		require.ErrorIs(t, h.Err(), down)
		h.Note(stored.Load, nil, noon)
		require.NoError(t, h.Err())
	})
}
