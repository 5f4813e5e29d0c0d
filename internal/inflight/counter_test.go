package inflight_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/inflight"
)

func TestCounter(t *testing.T) {
	t.Parallel()
	var c inflight.Counter[string]
	first, second := c.Enter("orders", 2), c.Enter("orders", 2)
	require.NotNil(t, first)
	require.NotNil(t, second)
	require.Nil(t, c.Enter("orders", 2), "the limit")
	require.NotNil(t, c.Enter("prices", 2), "which has a count of its own")
	first()
	third := c.Enter("orders", 2)
	require.NotNil(t, third)
	require.Nil(t, c.Enter("orders", 2))
	second()
	third()
	first, second = c.Enter("orders", 2), c.Enter("orders", 2)
	require.NotNil(t, first)
	require.NotNil(t, second)
}
