package main

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/schedule"
)

// tested is how many instances a fleet of these tests has: a tenth of the program's, in windows of
// ten times the length.
const tested = 100_000

func simulate(s strategy, sc scenario) *tally {
	return fleet{instances: tested, seed: 1, window: window(tested), strategy: s, scenario: sc}.run()
}

func TestThePromisesAreKept(t *testing.T) {
	t.Parallel()
	for _, sc := range scenarios() {
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, simulate(ours(), sc).broken())
		})
	}
}

func TestThePromisesAreKeptHoweverLongAnOutageIsAndWheneverItBegins(t *testing.T) {
	t.Parallel()
	for _, length := range []time.Duration{10 * time.Minute, 2 * time.Hour, 9 * time.Hour, 12 * time.Hour} {
		for _, begin := range []time.Duration{0, 33*time.Hour + 20*time.Minute} {
			t.Run(fmt.Sprintf("%v at %v", length, begin), func(t *testing.T) {
				t.Parallel()
				require.Empty(t, simulate(ours(), scenario{name: "outage", outage: outage{begin, length}}).broken())
			})
		}
	}
}

func TestInstancesThatShareAStoreAskALittle(t *testing.T) {
	t.Parallel()
	for _, sc := range scenarios() {
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			alone, sharing := simulate(ours(), sc), simulate(withStores(), sc)
			require.Zero(t, sharing.without)
			// All stores are due in the same minutes because they were started together.
			if sc.outage.length == 0 {
				require.Less(t, 20*sharing.peak(), alone.peak())
				return
			}
			require.Less(t, sharing.peak(), alone.peak())
			require.Less(t, 2*sharing.tries(), alone.tries())
			require.LessOrEqual(t, sharing.fresh, promisedFresh)
		})
	}
}

func TestAScheduleWithoutJitterBreaksPromises(t *testing.T) {
	t.Parallel()
	start := simulate(fixedHalfLife(), scenarios()[0]).broken()
	require.Len(t, start, 1)
	require.Contains(t, start[0], "the peak is")
	long := fmt.Sprint(simulate(fixedHalfLife(), steady("outage of 12 h", "", 12*time.Hour)).broken())
	require.Contains(t, long, "the peak is")
	require.Contains(t, long, "were without a token")
}

func TestEachPromiseCanBeBroken(t *testing.T) {
	t.Parallel()
	every := func(wait time.Duration) func(int, time.Duration, float64) time.Duration {
		return func(_ int, _ time.Duration, random float64) time.Duration {
			return time.Duration((0.5 + random/2) * float64(wait))
		}
	}
	for name, tc := range map[string]struct {
		change func(*strategy)
		outage time.Duration
		says   string
	}{
		"peak of an hour":   {func(s *strategy) { s.wait = every(4 * time.Minute) }, time.Hour, "promised are 8"},
		"peak of 12 h":      {func(s *strategy) { s.wait = every(30 * time.Minute) }, 12 * time.Hour, "promised are 12"},
		"tries":             {func(s *strategy) { s.wait = every(15 * time.Minute) }, 12 * time.Hour, "tries per instance and hour"},
		"fresh":             {func(s *strategy) { s.wait = every(4 * time.Hour) }, 6 * time.Hour, "the last instance had a new token"},
		"without a token":   {func(s *strategy) { s.due = azureSDK().due }, time.Hour, "were without a token"},
		"at the half sharp": {func(s *strategy) { s.due = fixedHalfLife().due }, 12 * time.Hour, "were without a token"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := ours()
			tc.change(&s)
			require.Contains(t, fmt.Sprint(simulate(s, steady(name, "", tc.outage)).broken()), tc.says)
		})
	}
}

func TestAFleetThatHasRunForDaysIsSteady(t *testing.T) {
	t.Parallel()
	for _, s := range strategies() {
		if s.shares {
			continue // a hundred stores are too few to be even
		}
		t.Run(s.title, func(t *testing.T) {
			t.Parallel()
			undisturbed := simulate(s, scenario{})
			require.Less(t, undisturbed.peakOverMean(), 1.1)
			sum := 0
			for _, n := range undisturbed.perWindow {
				sum += n
			}
			require.InEpsilon(t, undisturbed.mean(), float64(sum)/span.Seconds(), 0.01, "the mean that peaks are compared with")
			require.Zero(t, undisturbed.failed)
			require.Zero(t, undisturbed.without)
		})
	}
}

func TestTheSeedAloneDecides(t *testing.T) {
	t.Parallel()
	f := fleet{instances: 10_500, seed: 7, window: time.Hour, strategy: ours(), scenario: inStep()}
	first := f.run()
	second := f.run()
	require.Equal(t, first.perWindow, second.perWindow)
	require.Equal(t, []any{first.failed, first.fresh}, []any{second.failed, second.fresh})
	f.seed = 8
	require.NotEqual(t, first.perWindow, f.run().perWindow)
}

func TestOneLifeByHand(t *testing.T) {
	t.Parallel()
	tenHourly := strategy{
		due: func(now, _ time.Time, _ float64) time.Time { return now.Add(10 * time.Hour) },
		wait: func(failures int, _ time.Duration, _ float64) time.Duration {
			return time.Duration(failures) * time.Hour
		},
	}
	for _, tc := range []struct {
		name     string
		outage   outage
		requests []int // at these hours
		failed   int
		fresh    time.Duration
		without  int
		longest  time.Duration
	}{
		{name: "undisturbed", requests: []int{0, 10, 20, 30, 40, 50, 60, 70}},
		{
			name: "an outage", outage: outage{9 * time.Hour, 90 * time.Minute},
			requests: []int{0, 10, 11, 21, 31, 41, 51, 61, 71}, failed: 1, fresh: 30 * time.Minute,
		},
		{
			name: "an outage past the token's end", outage: outage{10 * time.Hour, 15 * time.Hour},
			requests: []int{0, 10, 11, 13, 16, 20, 25, 35, 45, 55, 65}, failed: 5, fresh: 0,
			without: 1, longest: time.Hour + schedule.ExpirySkew,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			f := fleet{instances: 1, window: time.Hour, strategy: tenHourly, scenario: scenario{outage: tc.outage}}
			got := newTally(f)
			f.live(0, rand.New(rand.NewPCG(1, 1)), got)
			want := make([]int, 72)
			for _, hour := range tc.requests {
				want[hour]++
			}
			require.Equal(t, want, got.perWindow)
			require.Equal(t, tc.failed, got.failed)
			require.Equal(t, tc.fresh, got.fresh)
			require.Equal(t, tc.without, got.without)
			require.Equal(t, tc.longest, got.longest)
		})
	}
}
