package verify

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/clock/clocktest"
)

func TestAFetchIsDueByTheClockThatSaysSoFirst(t *testing.T) {
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
		require.Equal(t, tc.want, until(tc.now, tc.due), name)
	}
}
