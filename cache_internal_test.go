package aztoken

import (
	"testing"

	"github.com/stretchr/testify/require"
)

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
