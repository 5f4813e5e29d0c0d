package rate_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/rate"
)

func taken(b *rate.Bucket, now time.Time, perSecond, tries int) (n int) {
	for range tries {
		if b.Take(now, perSecond) {
			n++
		}
	}
	return n
}

func TestBucket(t *testing.T) {
	t.Parallel()
	now := time.Now()
	var b rate.Bucket
	require.Equal(t, 20, taken(&b, now, 10, 100), "two seconds' worth at once")
	require.Equal(t, 10, taken(&b, now.Add(time.Second), 10, 100))
	require.Equal(t, 20, taken(&b, now.Add(time.Hour), 10, 100), "no more than that is saved up")
	require.Equal(t, 0, taken(&b, now, 10, 100), "a clock that is set back gives nothing")
	require.Equal(t, 100, taken(&b, now, 0, 100), "0 is no limit")
}

func TestPeers(t *testing.T) {
	t.Parallel()
	now := time.Now()
	var p rate.Peers
	require.Same(t, p.Of("10.0.0.1:1", now), p.Of("10.0.0.1:2", now), "ports are not told apart")
	require.NotSame(t, p.Of("10.0.0.1:1", now), p.Of("[fe80::1]:1", now))
	require.Same(t, p.Of("", now), p.Of("@", now), "a Unix socket is one peer")
	busy := func(i int) *rate.Bucket {
		b := p.Of("host"+strconv.Itoa(i)+":1", now)
		b.Take(now, 10)
		return b
	}
	for i := range 5000 {
		busy(i)
	}
	require.Same(t, busy(6000), busy(6001), "beyond some thousands they share one")
	now = now.Add(time.Minute)
	require.NotSame(t, busy(6000), busy(6001), "those that were idle have made room")
}
