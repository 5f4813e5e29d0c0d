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

func TestRequestKey(t *testing.T) {
	t.Parallel()
	keys := map[string]request{}
	for _, resource := range []string{"r", "rt", "r/t"} {
		for _, tenant := range []string{"", "t", "c", "tc", "tcae", "ttrue"} {
			for _, cae := range []bool{false, true} {
				r := request{resource, tenant, cae}
				require.NotContains(t, keys, r.key(), "%+v and %+v", r, keys[r.key()])
				keys[r.key()] = r
			}
		}
	}
	require.Equal(t, "r", request{resource: "r"}.key(), "which the read path looks up as it is")
}

func TestCacheClose(t *testing.T) {
	t.Parallel()
	c := &cache{engine: &engine{}}
	pending, served := c.getOrCreate(request{resource: "pending"}), c.getOrCreate(request{resource: "served"})
	served.served.Store(&cachedToken{})
	c.promote(served)
	require.Equal(t, served, c.lookup(request{resource: "served"}))
	c.close()
	for _, e := range []*entry{pending, served} {
		require.Equal(t, dropped, e.phase)
		require.False(t, e.timer.Stop(), "it is stopped")
	}
	require.Empty(t, c.entries())
	require.Nil(t, c.getOrCreate(request{resource: "late"}), "whoever overtook the end makes no new one")
}
