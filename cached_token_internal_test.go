package aztoken

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/clock/clocktest"
)

func TestIsServable(t *testing.T) {
	t.Parallel()
	begin := time.Now() // with the reading of the monotonic clock
	token := &cachedToken{until: begin.Add(time.Hour), untilWall: begin.Add(time.Hour).UnixNano()}
	for _, tc := range []struct {
		name            string
		monotonic, wall time.Duration
		want            bool
	}{
		{"both before", time.Hour - 1, time.Hour - 1, true},
		{"the wall clock ran on while the machine was suspended", 0, time.Hour, false},
		{"the wall clock was set back", time.Hour, -48 * time.Hour, false},
		{"both after", time.Hour, time.Hour, false},
	} {
		require.Equal(t, tc.want, token.isServable(clocktest.Later(begin, tc.monotonic, tc.wall)), tc.name)
	}
}
