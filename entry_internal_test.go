package aztoken

import (
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/clock/clocktest"
	"github.com/seed-ac726066/aztoken/internal/schedule"
)

func TestATokenThatIsKeptDoesNotLiveLongerForAWallClockThatIsSetBack(t *testing.T) {
	t.Parallel()
	const hour = time.Hour
	for name, tc := range map[string]struct {
		wall  time.Duration // what the wall clock says an hour later
		next  time.Duration // what the next token lives
		keeps bool
	}{
		"the clock goes on, a shorter life":  {hour, 10 * hour, true},
		"the clock goes on, a longer life":   {hour, 24 * hour, false},
		"it was set back, a shorter life":    {-5 * hour, 10 * hour, true},
		"it was set back, a longer life":     {-5 * hour, 24 * hour, false},
		"it was set ahead, a shorter life":   {6 * hour, 10 * hour, true},
		"it was set ahead, an absolute life": {6 * hour, 24 * hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := NewClient(&Options{Credential: azcore.TokenCredential(nil), Getenv: func(string) string { return "" }})
			require.NoError(t, err)
			defer func() { require.NoError(t, c.Close()) }()
			e := c.cache.getOrCreate(request{resource: "https://orders.example.com"})
			begin := time.Now()
			first, _ := e.install(plainFlight, azcore.AccessToken{Token: "first", ExpiresOn: begin.Round(0).Add(24 * hour)}, begin, begin)
			now := clocktest.Later(begin, hour, tc.wall)
			second, news := e.install(plainFlight, azcore.AccessToken{Token: "second", ExpiresOn: now.Add(tc.next)}, now, now)
			kind := news.events[0].Kind
			if tc.keeps {
				require.Equal(t, EventUnchanged, kind)
				require.Zero(t, second.until.Sub(first.until), "on the monotonic clock")
				require.Equal(t, first.untilWall, second.untilWall)
			} else {
				require.Equal(t, EventAcquired, kind)
				require.Equal(t, hour+tc.next-schedule.ExpirySkew, second.until.Sub(begin))
			}
		})
	}
}
