package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/bench/internal/peers"
	"github.com/seed-ac726066/aztoken/bench/internal/results"
	"github.com/seed-ac726066/aztoken/imdstest"
)

// quietRuns is the number of programs that run through days without an outage, for each library. It
// takes several because the refresh times are random.
const quietRuns = 24

// quietDays returns how many requests aztoken makes on a day without an outage. It counts from the
// second day on, because the first day includes the request at the start.
func quietDays(t *testing.T) []results.OutageDay {
	ours := libraries()[:2]
	days := make([]results.OutageDay, len(ours))
	counts := make([]float64, len(ours)*quietRuns)
	require.True(t, inFastMotion(t, len(counts), func(t *testing.T, i int, resource string) {
		imds := imdstest.New(&imdstest.Options{TokenLifetime: tokenLife, MintAfter: mintsAnew})
		defer imds.Close()
		client, err := ours[i/quietRuns].New(peers.Endpoint{Transport: imds, Resource: fmt.Sprint(resource, "/quiet")})
		require.NoError(t, err)
		c := caller{client: client}
		c.callFor(t, 24*time.Hour)
		first := imds.Count()
		c.callFor(t, duration-24*time.Hour)
		counts[i] = float64(imds.Count()-first) / (duration.Hours()/24 - 1)
		require.NoError(t, client.Close())
	}))
	for n, l := range ours {
		of := counts[n*quietRuns : (n+1)*quietRuns]
		days[n] = results.OutageDay{Library: l.Name, Least: of[0], Most: of[0]}
		for _, count := range of {
			days[n].Least, days[n].Most = min(days[n].Least, count), max(days[n].Most, count)
		}
	}
	return days
}
