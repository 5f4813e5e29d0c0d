package verify

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/clock/clocktest"

	"github.com/seed-ac726066/aztoken/internal/clock"
)

func TestUntil(t *testing.T) {
	t.Parallel()
	now := time.Now()
	due := now.Add(searchEvery)
	for name, tc := range map[string]struct {
		now, due time.Time
		want     time.Duration
	}{
		"both clocks went on":              {clocktest.Later(now, time.Minute, time.Minute), due, 4 * time.Minute},
		"the wall clock was set back":      {clocktest.Later(now, searchEvery, -time.Hour), due, 0},
		"the machine was suspended":        {clocktest.Later(now, 0, searchEvery), due, 0},
		"keys of a file, by the wall only": {clocktest.Later(now, searchEvery, time.Minute), due.Round(0), 4 * time.Minute},
	} {
		require.Equal(t, tc.want, clock.Until(tc.now, tc.due), name)
	}
}

func TestFetchStateNext(t *testing.T) {
	t.Parallel()
	now := time.Now()
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	for name, tc := range map[string]struct {
		state          fetchState
		earliest, last time.Duration // from now, by chance
	}{
		"at the start":                                    {fetchState{}, -1, -1},
		"with the keys of a file":                         {fetchState{fetched: now, saved: true}, -1, -1},
		"after one that worked":                           {fetchState{fetched: now}, 54 * time.Minute, time.Hour},
		"after a failure":                                 {fetchState{tried: now, failures: 1}, time.Second / 2, time.Second},
		"after three":                                     {fetchState{tried: now, failures: 3}, 2 * time.Second, 4 * time.Second},
		"after six":                                       {fetchState{tried: now, failures: 6}, 16 * time.Second, 32 * time.Second},
		"after many":                                      {fetchState{tried: now, failures: 600}, 30 * time.Second, time.Minute},
		"after a failure with a file":                     {fetchState{tried: now, failures: 1, fetched: now, saved: true}, time.Second / 2, time.Second},
		"after many that are stuck":                       {fetchState{tried: now, failures: 16, stuck: maxStuck}, 5 * time.Minute, 5 * time.Minute},
		"when a key is wanted":                            {fetchState{fetched: now, wanted: true}, -1, -1},
		"when a key is wanted after a search":             {fetchState{fetched: now, searched: ago(time.Minute), wanted: true}, 4 * time.Minute, 4 * time.Minute},
		"when a key is wanted, but fetches fail":          {fetchState{fetched: now, tried: now, failures: 7, wanted: true}, 30 * time.Second, time.Minute},
		"after the first answer without a key":            {fetchState{fetched: now, lacking: 1}, time.Minute, time.Minute},
		"after the second":                                {fetchState{fetched: now, lacking: 2}, 5 * time.Minute, 5 * time.Minute},
		"after the tenth":                                 {fetchState{fetched: now, lacking: 10}, 5 * time.Minute, 5 * time.Minute},
		"after the first, and a key is wanted":            {fetchState{fetched: now, lacking: 1, wanted: true, searched: now}, time.Minute, time.Minute},
		"after the second, and a key is wanted":           {fetchState{fetched: now, lacking: 2, wanted: true}, -1, -1},
		"when a key is wanted long before the next fetch": {fetchState{fetched: ago(time.Minute), wanted: true, searched: ago(5 * time.Minute)}, 0, 0},
	} {
		for random, want := range map[float64]time.Duration{1: tc.earliest, 0: tc.last} {
			if tc.state.failures > 0 { // there chance makes it longer
				want = map[float64]time.Duration{0: tc.earliest, 1: tc.last}[random]
			}
			got := tc.state.next(random)
			if want < 0 {
				require.True(t, got.Before(now.Add(-time.Hour)), "%s: at once, not in %v", name, got.Sub(now))
				continue
			}
			require.Equal(t, want, got.Sub(now), "%s, %v", name, random)
		}
	}
}

func TestFetchStateTransitions(t *testing.T) {
	t.Parallel()
	now := time.Now()
	begun, wanted := fetchState{phase: waiting, fetched: now}.begin(), fetchState{phase: waiting, fetched: now}.want().begin()
	require.Equal(t, fetching, begun.phase)
	require.False(t, begun.search)
	require.True(t, wanted.search)
	require.False(t, wanted.wanted)
	for name, tc := range map[string]struct {
		got                     fetchState
		wanted, search, granted bool
		failures, lacking       int
	}{
		"a fetch works":  {begun.succeed(now, false), false, false, false, 0, 0},
		"a search works": {wanted.succeed(now, false), false, false, true, 0, 0},
		"a fetch works, and a key was wanted meanwhile": {begun.want().succeed(now, false), true, false, false, 0, 0},
		"a search works, and one more is wanted":        {wanted.want().succeed(now, false), true, false, true, 0, 0},
		"a fetch fails":                                 {begun.fail(now), false, false, false, 1, 0},
		"a search fails and is still wanted":            {wanted.fail(now), true, false, false, 1, 0},
		"it fails twice":                                {wanted.fail(now).begin().fail(now), true, false, false, 2, 0},
		"it works after a failure":                      {wanted.fail(now).begin().succeed(now, false), false, false, true, 0, 0},
		"an answer lacks a key":                         {begun.succeed(now, true), false, false, false, 0, 1},
		"two answers lack a key":                        {begun.succeed(now, true).begin().succeed(now, true), false, false, false, 0, 2},
		"a failure between them does not count":         {begun.succeed(now, true).begin().fail(now).begin().succeed(now, true), false, false, false, 0, 2},
		"the key is back":                               {begun.succeed(now, true).begin().succeed(now, false), false, false, false, 0, 0},
	} {
		require.Equal(t, waiting, tc.got.phase, name)
		require.Equal(t, tc.wanted, tc.got.wanted, name)
		require.Equal(t, tc.search, tc.got.search, name)
		require.Equal(t, tc.granted, !tc.got.searched.IsZero(), name)
		require.Equal(t, tc.failures, tc.got.failures, name)
		require.Equal(t, tc.lacking, tc.got.lacking, name)
	}
	require.False(t, fetchState{}.load(now).begin().succeed(now, false).saved)
}

func TestHeldAfter(t *testing.T) {
	t.Parallel()
	now := time.Now()
	key := func(e string, issuers ...string) *signingKey {
		k := &signingKey{public: readRSA(modulus, e)}
		for _, i := range issuers {
			k.origins = append(k.origins, keyOrigin{issuer: i})
		}
		return k
	}
	a, same, other, others := key("AQAB", "i"), key("AQAB", "i"), key("Aw", "i"), key("AQAB", "j")
	long := absence{now.Add(-absentFor), absentAnswers - 1}
	for name, tc := range map[string]struct {
		before held
		answer answer
		want   held
	}{
		"a new key serves at once":              {held{}, answer{"a": a}, held{"a": {key: a}}},
		"the same keeps its pointer":            {held{"a": {key: a}}, answer{"a": same}, held{"a": {key: a}}},
		"other material replaces it":            {held{"a": {key: a}}, answer{"a": other}, held{"a": {key: other}}},
		"another issuer replaces it":            {held{"a": {key: a}}, answer{"a": others}, held{"a": {key: others}}},
		"of no use any more it goes":            {held{"a": {key: a}}, answer{"a": nil, "b": other}, held{"b": {key: other}}},
		"missing it serves on":                  {held{"a": {key: a}}, answer{"b": other}, held{"a": {a, absence{now, 1}}, "b": {key: other}}},
		"missing again it counts":               {held{"a": {a, absence{now.Add(-time.Minute), 1}}}, answer{"b": other}, held{"a": {a, absence{now.Add(-time.Minute), 2}}, "b": {key: other}}},
		"missing for an hour and ten, it goes":  {held{"a": {a, long}}, answer{"b": other}, held{"b": {key: other}}},
		"missing for an hour and nine, it does": {held{"a": {a, absence{long.Since, absentAnswers - 2}}}, answer{"b": other}, held{"a": {a, absence{long.Since, absentAnswers - 1}}, "b": {key: other}}},
		"missing ten times in less, it does":    {held{"a": {a, absence{now.Add(time.Second - absentFor), 20}}}, answer{"b": other}, held{"a": {a, absence{now.Add(time.Second - absentFor), 21}}, "b": {key: other}}},
		"back it begins anew":                   {held{"a": {a, long}}, answer{"a": same}, held{"a": {key: a}}},
	} {
		before := len(tc.before)
		got := tc.before.after(tc.answer, now)
		require.Len(t, got, len(tc.want), name)
		for id, want := range tc.want {
			require.Same(t, want.key, got[id].key, name)
			require.Equal(t, want.absent, got[id].absent, name)
		}
		require.Len(t, tc.before, before, "%s: it does not change what is held", name)
	}
}
