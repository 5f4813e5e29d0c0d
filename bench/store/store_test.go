package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv(childEndpoint) != "" {
		child()
		return
	}
	goleak.VerifyTestMain(m)
}

func TestARestartedProgram(t *testing.T) {
	t.Parallel()
	all := restarts(t, 8)
	for _, r := range all["aztoken with a store"] {
		require.Zero(t, r.failed+r.expired, "outage in hour %d", r.hour)
		require.Zero(t, r.waited, "outage in hour %d", r.hour)
		require.Less(t, r.requests, 100)
	}
	for _, k := range kinds()[1:] {
		for _, r := range all[k.name] {
			require.InDelta(t, 12*60, r.failed+r.expired, 60, "%s has no token after the first restart in the outage", k.name)
		}
	}
}

func TestAFleet(t *testing.T) {
	t.Parallel()
	all := fleetsOf(t, 40)
	stored := all["aztoken with a store"]
	require.LessOrEqual(t, stored.cold, 10)
	require.LessOrEqual(t, stored.daily, 6.0)
	require.Zero(t, stored.outageFailed)
	require.Equal(t, 40, all["aztoken"].cold)
	require.Positive(t, all["aztoken"].outageFailed)
	require.Positive(t, all["azidentity"].outageFailed)
}

func TestProcessesOnOneDirectory(t *testing.T) {
	// Not parallel: a process whose disk access takes 250 ms requests a token by itself, and the
	// other tests would leave it no CPU.
	require.LessOrEqual(t, startProcesses(t, 8), 2)
}

func TestWhatIsKeptOfRestarts(t *testing.T) {
	t.Parallel()
	r := restartResult("azidentity", []run{{hour: 30, failed: 3, expired: 1, waited: 2, requests: 9}, {hour: 30, requests: 1}})
	require.Equal(t, []int{2, 1, 4, 4}, []int{r.Starts, r.Unharmed, r.MostFailed, r.Failed})
	require.InDelta(t, 1, r.Waited, 1e-9)
	require.InDelta(t, 5, r.Requests, 1e-9)
	require.NotEmpty(t, r.Steps)
}
