package schedule_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/seed-ac726066/aztoken/internal/schedule"
	"github.com/stretchr/testify/require"
)

func TestBackgroundTriplesToAQuarterOfWhatIsLeftOrThreeHours(t *testing.T) {
	t.Parallel()
	const top = 1 - 1e-9
	for _, tc := range []struct {
		name     string
		failures int
		left     time.Duration
		after    time.Duration
		random   float64
		want     time.Duration
	}{
		{"first, lowest", 1, 12 * time.Hour, 0, 0, 15 * time.Second},
		{"first, highest", 1, 12 * time.Hour, 0, top, 30 * time.Second},
		{"second is a minute at least", 2, 12 * time.Hour, 0, 0, time.Minute},
		{"second, highest", 2, 12 * time.Hour, 0, top, 90 * time.Second},
		{"third, lowest", 3, 12 * time.Hour, 0, 0, 135 * time.Second},
		{"third, highest", 3, 12 * time.Hour, 0, top, 270 * time.Second},
		{"sixth, lowest", 6, 12 * time.Hour, 0, 0, 3645 * time.Second},
		{"sixth, highest", 6, 12 * time.Hour, 0, top, 7290 * time.Second},
		{"seventh, a quarter of 8 h", 7, 8 * time.Hour, 0, top, 2 * time.Hour},
		{"seventh, three hours at most", 7, 16 * time.Hour, 0, top, 3 * time.Hour},
		{"hundredth, a quarter of 8 h", 100, 8 * time.Hour, 0, top, 2 * time.Hour},
		{"a billionth failure with a year in hand", 1e9, 400 * 24 * time.Hour, 0, top, 3 * time.Hour},
		{"near the end", 10, 8 * time.Minute, 0, top, 2 * time.Minute},
		{"very near the end", 10, time.Minute, 0, top, time.Minute},
		{"after the end", 10, -time.Hour, 0, 0, time.Minute},
		{"Retry-After is the least", 1, 12 * time.Hour, 10 * time.Minute, top, 10 * time.Minute},
		{"Retry-After shorter than the backoff", 10, 12 * time.Hour, time.Second, top, 3 * time.Hour},
		{"Retry-After of a day is cut to a quarter", 1, 8 * time.Hour, 24 * time.Hour, 0, 2 * time.Hour},
		{"Retry-After of a day is cut to three hours", 1, 16 * time.Hour, 24 * time.Hour, 0, 3 * time.Hour},
		{"Retry-After on an expired token is cut to a minute", 5, 0, time.Hour, 0, time.Minute},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := schedule.Background(tc.failures, tc.left, tc.after, tc.random)
			require.InEpsilon(t, tc.want.Seconds(), got.Seconds(), 1e-6)
		})
	}
}

func TestBackgroundNeverOutlivesTheToken(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		failures, left := 1+r.IntN(1000), time.Duration(r.Int64N(int64(30*time.Hour)))
		after := time.Duration(r.Int64N(int64(48 * time.Hour)))
		got := schedule.Background(failures, left, after, r.Float64())
		require.Positive(t, got)
		require.LessOrEqual(t, got, min(max(left/4, time.Minute), 3*time.Hour))
	}
}

func TestForegroundTriesUntilTheFlightEnds(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		limit time.Duration
		took  time.Duration // each try
		want  []time.Duration
	}{
		// The endpoint comes later than the program: azure-container-apps 568, 864, 1448;
		// aad-pod-identity 992.
		{"an answer at once", 75 * time.Second, 0, seconds(0, 2, 7, 15, 25, 35, 45, 55, 65, 72)},
		{"nothing listens", 10 * time.Second, 0, seconds(0, 2, 7)},
		{"packets are dropped", 10 * time.Second, 3 * time.Second, seconds(0, 5)},
		{"the endpoint hangs", 75 * time.Second, 30 * time.Second, seconds(0, 32, 67)},
		{"each try takes a while", 75 * time.Second, time.Second, seconds(0, 3, 9, 18, 29, 40, 51, 62, 72)},
		{"a caller's short deadline", 20 * time.Second, 0, seconds(0, 2, 7, 15, 17)},
		{"a caller's long deadline", 3 * time.Minute, 0, seconds(0, 2, 7, 15, 25, 35, 45, 55, 65, 75, 105, 135, 165, 177)},
		{"a deadline too short for another", 3 * time.Second, 0, seconds(0)},
		{"no time", 0, 0, seconds(0)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var starts []time.Duration
			at := time.Duration(0)
			for try := 1; ; try++ {
				starts = append(starts, at)
				at += tc.took
				wait, again := schedule.Foreground(try, at, tc.limit, 0)
				if !again {
					break
				}
				at += wait
			}
			require.Equal(t, tc.want, starts)
		})
	}
}

func TestForegroundObeysRetryAfterOrGivesUp(t *testing.T) {
	t.Parallel()
	wait, again := schedule.Foreground(1, 0, 75*time.Second, 20*time.Second)
	require.True(t, again)
	require.Equal(t, 20*time.Second, wait)
	_, again = schedule.Foreground(1, time.Second, 75*time.Second, math.MaxInt64)
	require.False(t, again, "nor for ever")
	_, again = schedule.Foreground(1, 0, 75*time.Second, 24*time.Hour)
	require.False(t, again, "nobody waits a day because a header says so")
	wait, again = schedule.Foreground(0, 0, 75*time.Second, 0)
	require.True(t, again)
	require.Equal(t, 2*time.Second, wait, "a number that no try has is the first")
}

func TestHoldoffGrowsWhileRejectionsFollow(t *testing.T) {
	t.Parallel()
	require.Equal(t, 5*time.Minute, schedule.Holdoff(0, 0))
	require.Equal(t, 10*time.Minute, schedule.Holdoff(5*time.Minute, 5*time.Minute))
	require.Equal(t, time.Hour, schedule.Holdoff(40*time.Minute, 40*time.Minute))
	require.Equal(t, time.Hour, schedule.Holdoff(time.Hour, 2*time.Hour))
	require.Equal(t, 5*time.Minute, schedule.Holdoff(time.Hour, 3*time.Hour), "an old story is forgotten")
}

func TestAloneIsBetweenThreeQuartersAndFifteenSixteenthsOfALife(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		life   time.Duration
		random float64
		want   time.Duration
	}{
		{24 * time.Hour, 0, 18 * time.Hour},
		{24 * time.Hour, 0.5, 20*time.Hour + 15*time.Minute},
		{24 * time.Hour, 1 - 1e-12, 22*time.Hour + 30*time.Minute},
		{time.Hour, 0, 45 * time.Minute},
		{16 * time.Second, 0.5, 13500 * time.Millisecond},
		{0, 0.5, 0},
	} {
		got := schedule.Alone(noon, noon.Add(tc.life), tc.random).Sub(noon)
		require.InDelta(t, tc.want.Seconds(), got.Seconds(), 1e-3, "%v at %v", tc.life, tc.random)
	}
}

func TestLookDoublesFromAMinuteToAQuarterOfAnHourOrOfWhatIsLeft(t *testing.T) {
	t.Parallel()
	const top = 1 - 1e-12
	for _, tc := range []struct {
		n      int
		left   time.Duration
		random float64
		want   time.Duration
	}{
		{1, 12 * time.Hour, 0, time.Minute},
		{1, 12 * time.Hour, top, 90 * time.Second},
		{2, 12 * time.Hour, 0, 2 * time.Minute},
		{2, 12 * time.Hour, top, 3 * time.Minute},
		{4, 12 * time.Hour, 0, 8 * time.Minute},
		{4, 12 * time.Hour, top, 12 * time.Minute},
		{5, 12 * time.Hour, 0, 15 * time.Minute},
		{5, 12 * time.Hour, top, 15 * time.Minute},
		{1e9, 12 * time.Hour, 0.5, 15 * time.Minute},
		{0, 12 * time.Hour, 0, time.Minute},
		{9, 20 * time.Minute, 0.5, 5 * time.Minute},
		{1, 2 * time.Minute, top, 30 * time.Second},
		{1, 0, 0.5, 0},
		{1, -time.Hour, 0.5, 0},
	} {
		got := schedule.Look(tc.n, tc.left, tc.random)
		require.InDelta(t, tc.want.Seconds(), got.Seconds(), 1e-3, "look %d with %v left at %v", tc.n, tc.left, tc.random)
	}
}

func TestAsksAlone(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		alone, expires time.Duration // from now
		looks          int
		want           bool
	}{
		"long before":                  {time.Hour, 7 * time.Hour, 9, false},
		"from then on":                 {0, 6 * time.Hour, 1, true},
		"later":                        {-time.Hour, 5 * time.Hour, 3, true},
		"later, the first time":        {-time.Hour, 5 * time.Hour, 0, false},
		"near the end, the first time": {-time.Hour, 29 * time.Second, 0, true},
		"minutes before it":            {-time.Hour, 4 * time.Minute, 0, false},
		"after the end":                {-time.Hour, -time.Minute, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, schedule.AsksAlone(noon, noon.Add(tc.alone), noon.Add(tc.expires), tc.looks))
		})
	}
}

func seconds(ss ...int) []time.Duration {
	ds := make([]time.Duration, len(ss))
	for i, s := range ss {
		ds[i] = time.Duration(s) * time.Second
	}
	return ds
}
