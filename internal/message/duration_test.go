package message_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/message"
)

func TestDuration(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "0s", 45*time.Second + 300*time.Millisecond: "45s", time.Minute: "1m", 3*time.Minute + 20*time.Second: "3m20s",
		time.Hour: "1h", 11*time.Hour + 40*time.Minute + 9*time.Second: "11h40m", 24*time.Hour - time.Second: "24h",
		10 * time.Hour: "10h", 10 * time.Minute: "10m", -5 * time.Minute: "-5m", 20*time.Hour + time.Minute: "20h1m",
	} {
		require.Equal(t, want, message.Duration(d))
	}
}
