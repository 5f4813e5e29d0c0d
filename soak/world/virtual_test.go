package world

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/soak/plan"
)

// It weighs the heap of the process and so runs alone.
func TestVirtual(t *testing.T) {
	once := run(t, brief(4))
	t.Run("finds no violation", func(t *testing.T) {
		for _, v := range once.Violations {
			t.Error(v)
		}
	})
	t.Run("breaks and calls everything", func(t *testing.T) {
		require.Greater(t, once.Tally.Planned, 4000)
		require.Greater(t, once.Tally.Requests, 50)
		require.Positive(t, once.Tally.Rotations)
		require.Positive(t, once.Tally.Without)
		require.Positive(t, once.Tally.Answers[200])
		require.Equal(t, 1, once.Tally.Looks)
		for _, c := range plan.Virtual() {
			require.NotEmpty(t, once.Tally.Steps[c.Layer], c.Layer)
		}
	})
	// What the library draws by itself, the moments of its refreshes, differs each time, and so do
	// its requests.
	t.Run("makes the same faults and calls of the same seed", func(t *testing.T) {
		again := run(t, brief(4))
		require.Empty(t, again.Violations)
		require.Equal(t, once.Tally.Steps, again.Tally.Steps)
		require.Equal(t, once.Tally.Planned, again.Tally.Planned)
	})
}
