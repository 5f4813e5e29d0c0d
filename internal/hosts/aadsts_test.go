package hosts_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/hosts"
)

func TestEntraErrors(t *testing.T) {
	t.Parallel()
	all := hosts.EntraErrors()
	t.Run("are sorted by code, each once", func(t *testing.T) {
		t.Parallel()
		require.True(t, slices.IsSortedFunc(all, func(a, b hosts.EntraError) int { return a.Code - b.Code }))
		require.Len(t, slices.CompactFunc(slices.Clone(all), func(a, b hosts.EntraError) bool { return a.Code == b.Code }), len(all))
	})
	t.Run("have a meaning and an advice of one line", func(t *testing.T) {
		t.Parallel()
		for _, e := range all {
			require.NotEmpty(t, e.Subject, e.Code)
			require.NotContains(t, e.Meaning+e.Advice, "\n", e.Code)
			require.NotContains(t, e.Meaning+e.Advice, "|", e.Code)
			require.GreaterOrEqual(t, len(e.Meaning), 15, e.Code)
			require.GreaterOrEqual(t, len(e.Advice), 25, e.Code)
		}
	})
	t.Run("are found by the first code that is known", func(t *testing.T) {
		t.Parallel()
		for _, e := range all {
			got, ok := hosts.FindEntraError([]int{1, e.Code, 70021})
			require.True(t, ok)
			require.Equal(t, e, got)
		}
		_, ok := hosts.FindEntraError([]int{1, 7002, 700213000})
		require.False(t, ok)
		_, ok = hosts.FindEntraError(nil)
		require.False(t, ok)
	})
}
