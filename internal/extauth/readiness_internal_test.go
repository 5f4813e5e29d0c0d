package extauth

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/verify"
)

func TestReadiness(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for name, c := range map[string]struct {
		keys  int
		left  time.Duration
		ready bool
		in    int64
	}{
		"no keys":                       {0, time.Hour, false, 0},
		"long enough":                   {1, time.Hour, true, 3600},
		"just long enough":              {1, 5 * time.Minute, true, 300},
		"a moment too short":            {1, 5*time.Minute - 1, false, 299},
		"over, by a clock that was set": {1, -time.Millisecond, false, -1},
	} {
		got := readiness(verify.Status{Keys: c.keys, ExpireOn: now.Add(c.left)}, 5*time.Minute, now)
		require.Equal(t, c.ready, got.Ready, name)
		require.Equal(t, c.in, got.ExpiresIn, name)
	}
}
