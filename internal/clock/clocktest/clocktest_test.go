package clocktest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/clock/clocktest"
)

func TestTheClocksGoApart(t *testing.T) {
	t.Parallel()
	now := time.Now()
	later := clocktest.Later(now, time.Hour, -5*time.Hour)
	require.Equal(t, time.Hour, later.Sub(now), "by the monotonic clock")
	require.Equal(t, -5*time.Hour, later.Round(0).Sub(now.Round(0)), "by the wall clock")
}
