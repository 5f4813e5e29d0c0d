package aztoken

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/clock/clocktest"
)

func TestWishIsMetBy(t *testing.T) {
	t.Parallel()
	begin := time.Now()
	token := &cachedToken{expires: begin.Add(time.Hour)}
	for _, tc := range []struct {
		name            string
		wish            wish
		monotonic, wall time.Duration
		want            bool
	}{
		{"any token", wish{}, 59 * time.Minute, 59 * time.Minute, true},
		{"claims", wish{claims: "{}"}, 0, 0, false},
		{"enough left", wish{minLife: time.Minute}, 59 * time.Minute, 59 * time.Minute, true},
		{"too little left", wish{minLife: time.Minute}, 59*time.Minute + 1, 59*time.Minute + 1, false},
		{"too little, as the machine was suspended", wish{minLife: time.Minute}, 0, 59*time.Minute + 1, false},
		{"too little, though the wall clock was set back", wish{minLife: time.Minute}, 59*time.Minute + 1, -time.Hour, false},
	} {
		require.Equal(t, tc.want, tc.wish.isMetBy(token, clocktest.Later(begin, tc.monotonic, tc.wall)), tc.name)
	}
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
