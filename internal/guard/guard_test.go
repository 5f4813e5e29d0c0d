package guard_test

import (
	"errors"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/guard"
)

func TestRun(t *testing.T) {
	t.Parallel()
	t.Run("returns nil when the function returns", func(t *testing.T) {
		t.Parallel()
		ran := false
		require.NoError(t, guard.Run(func() { ran = true }))
		require.True(t, ran)
	})
	t.Run("returns what the function panicked with", func(t *testing.T) {
		t.Parallel()
		err := guard.Run(func() { panic("boom") })
		var p *guard.PanicError
		require.ErrorAs(t, err, &p)
		require.Equal(t, "boom", p.Value)
		require.NotEmpty(t, p.Stack)
		require.EqualError(t, err, "panic: boom")
	})
	t.Run("returns for a panic with nil too", func(t *testing.T) {
		t.Parallel()
		var p *guard.PanicError
		require.ErrorAs(t, guard.Run(func() { panic(error(nil)) }), &p)
		require.ErrorAs(t, p.Value.(error), new(*runtime.PanicNilError))
	})
	t.Run("survives a Goexit", func(t *testing.T) {
		t.Parallel()
		require.ErrorIs(t, guard.Run(runtime.Goexit), guard.ErrExited)
	})
	t.Run("keeps a panic that is an error readable", func(t *testing.T) {
		t.Parallel()
		cause := errors.New("cause")
		require.ErrorContains(t, guard.Run(func() { panic(cause) }), "cause")
	})
}
