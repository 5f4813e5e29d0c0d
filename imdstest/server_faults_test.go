package imdstest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

func statuses(t *testing.T, c caller, n int) []int {
	t.Helper()
	var got []int
	for range n {
		got = append(got, c.ask(t.Context(), vault).status)
	}
	return got
}

func TestNextIsPlayedInOrderAndFirst(t *testing.T) {
	t.Parallel()
	c := inMemory(t, nil)
	c.server.Break(imdstest.Status(503))
	c.server.Next(imdstest.Status(429), imdstest.OK())
	c.server.Next(imdstest.Status(410))
	require.Equal(t, []int{429, 200, 410, 503, 503}, statuses(t, c, 5))
}

func TestBreakLastsUntilRecover(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := inMemory(t, nil)
		c.server.Break(imdstest.Status(500))
		time.Sleep(72 * time.Hour)
		require.Equal(t, []int{500, 500}, statuses(t, c, 2))
		c.server.Next(imdstest.Status(429), imdstest.Status(429))
		c.server.Recover()
		require.Equal(t, []int{200, 200}, statuses(t, c, 2), "the script is cleared too")
	})
}

func TestBreakForEndsByItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := inMemory(t, nil)
		c.server.Break(imdstest.Status(500))
		c.server.BreakFor(70*time.Second, imdstest.Status(410))
		require.Equal(t, []int{410}, statuses(t, c, 1), "the later break counts")
		time.Sleep(70*time.Second - time.Nanosecond)
		require.Equal(t, []int{410}, statuses(t, c, 1))
		time.Sleep(time.Nanosecond)
		require.Equal(t, []int{200}, statuses(t, c, 1))
		c.server.BreakFor(time.Hour, imdstest.Status(410))
		c.server.Recover()
		require.Equal(t, []int{200}, statuses(t, c, 1))
	})
}

func TestFaultsComeBeforeARequestIsJudged(t *testing.T) {
	t.Parallel()
	c := inMemory(t, nil)
	c.server.Next(imdstest.Status(503))
	r := tokenRequest(t.Context(), c.server.URL, "")
	require.Equal(t, 503, c.send(r).status)
	require.Equal(t, 400, c.send(r).status)
}
