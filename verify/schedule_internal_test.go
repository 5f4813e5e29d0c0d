package verify

import (
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// later is a time as a machine has it after a while on its monotonic clock, with its wall clock set meanwhile.
func later(now time.Time, monotonic, wall time.Duration) time.Time {
	t := now.Add(wall)
	reading := &(*struct {
		_         uint64
		monotonic int64
	})(unsafe.Pointer(&t)).monotonic // as package time has it; no function sets one without the other
	*reading += int64(monotonic - wall)
	return t
}

func TestAFetchIsDueByTheClockThatSaysSoFirst(t *testing.T) {
	t.Parallel()
	now := time.Now()
	due := now.Add(searchEvery)
	for name, tc := range map[string]struct {
		now, due time.Time
		want     time.Duration
	}{
		"both clocks went on":              {later(now, time.Minute, time.Minute), due, 4 * time.Minute},
		"the wall clock was set back":      {later(now, searchEvery, -time.Hour), due, 0},
		"the machine was suspended":        {later(now, 0, searchEvery), due, 0},
		"keys of a file, by the wall only": {later(now, searchEvery, time.Minute), due.Round(0), 4 * time.Minute},
	} {
		require.Equal(t, tc.want, until(tc.now, tc.due), name)
	}
}
