package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The Azure SDK's tries as the SDK itself was measured to make them: 1 min 37 s for one call,
// before jitter.
func TestTheAzureSDKTriesSevenTimesACall(t *testing.T) {
	t.Parallel()
	const plain = 0.4 // draws the factor 1
	sdk := azureSDK()
	var call time.Duration
	for failures, seconds := range []float64{2, 6, 14, 25, 25, 25} {
		got := sdk.wait(failures+1, 0, plain)
		require.InDelta(t, seconds, got.Seconds(), 1e-6)
		require.Equal(t, got, sdk.wait(failures+1+sdkTries, 0, plain), "and again in the next call")
		call += got
	}
	require.Equal(t, 97*time.Second, call.Round(time.Millisecond))
	require.Equal(t, 24*time.Second, sdk.wait(sdkTries, 0, plain), "the next call")
}

func TestTheMeanIntervalIsThatOfTheSchedule(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		strategy strategy
		want     time.Duration
	}{
		// Halfway from 8 h to 11 h 45 min 36 s.
		{ours(), 9*time.Hour + 52*time.Minute + 48*time.Second},
		{fixedHalfLife(), 12 * time.Hour},
		{azureSDK(), 23*time.Hour + 55*time.Minute},
	} {
		require.InDelta(t, tc.want.Seconds(), tc.strategy.interval().Seconds(), 1, tc.strategy.title)
	}
}
