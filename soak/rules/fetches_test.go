package rules_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/soak/rules"
)

func TestFetches(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		every  time.Duration
		n      int
		failed bool
		want   bool
	}{
		"searches for unknown keys": {5 * time.Minute, 100, false, true},
		"more":                      {3 * time.Minute, 100, false, false},
		"retries of failed fetches": {30 * time.Second, 100, true, true},
		"more retries":              {20 * time.Second, 300, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var (
				f     rules.Fetches
				found []rules.Finding
			)
			for i := range tc.n {
				now := after(time.Duration(i) * tc.every)
				found = append(found, f.Fetch(now)...)
				if tc.failed {
					f.Failed(now)
				}
			}
			require.Equal(t, tc.want, len(found) == 0, found)
			require.Positive(t, f.WorstHour())
		})
	}
}
