package rules_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/soak/rules"
)

func TestLifecycle(t *testing.T) {
	t.Parallel()
	require.Empty(t, rules.Closed("client", 0, nil, 0))
	require.Empty(t, rules.Closed("client", time.Millisecond, nil, time.Second))
	require.Empty(t, rules.Reopened(nil))
	require.Empty(t, rules.LeftBehind(3, 3))
	require.Empty(t, rules.Goroutines(40))
	require.Empty(t, rules.Heap(1<<20, 1<<20))
	for want, findings := range map[rules.Rule][][]rules.Finding{
		rules.EndsCleanly: {
			rules.Closed("client", time.Millisecond, nil, 0), rules.Closed("client", 0, errNoToken, 0), rules.Reopened(errNoToken),
			rules.LeftBehind(3, 4), {rules.RequestAfterClose()},
		},
		rules.NoGrowth: {rules.Goroutines(41), rules.Heap(1<<20+1, 1<<20)},
	} {
		for _, found := range findings {
			require.Equal(t, []rules.Rule{want}, broken(found), found)
		}
	}
}
