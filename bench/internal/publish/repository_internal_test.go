package publish

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/bench/internal/results"
)

// outagesOf returns results in which the libraries fail the given number of calls in outages of 24
// h, and none in other outages.
func outagesOf(failed map[string]int) results.Outage {
	o := results.Outage{Quiet: []results.OutageDay{{Least: 2, Most: 2.5}, {Least: 24, Most: 24}}}
	for library, n := range failed {
		for _, k := range outageKinds {
			for _, h := range outageHours {
				c := results.OutageCell{Library: library, Kind: k.name, Hours: h, Starts: 24}
				if h == 24 {
					c.MostFailed = n
				}
				o.Cells = append(o.Cells, c)
			}
		}
	}
	return o
}

func TestOutageCover(t *testing.T) {
	t.Parallel()
	text, err := outageCover(outagesOf(map[string]int{halfLife: 600, maxAge: 59}))
	require.NoError(t, err)
	require.Equal(t, `| outage | default, `+"`HalfLife()` | `MaxAge(time.Hour)`"+` |
|---|---|---|
| 1 h, 6 h, 12 h, 18 h | no call fails | no call fails |
| 24 h | no token for at most 12 h (measured: 10 h) | no token for at most 70 min (measured: 59 min) |
| requests a day | 2 to 3 | 24 to 24 |
`, text)
	_, err = outageCover(outagesOf(map[string]int{halfLife: 600, maxAge: 71}))
	require.ErrorContains(t, err, maxAge)
	_, err = outageCover(outagesOf(map[string]int{halfLife: 721}))
	require.ErrorContains(t, err, halfLife)
}

func TestVersioned(t *testing.T) {
	t.Parallel()
	const versions = "github.com/Azure/azure-sdk-for-go/sdk/azidentity v1.15.0, golang.org/x/oauth2 v0.38.0"
	require.Equal(t, "azidentity 1.15", versioned(versions, "azidentity"))
	require.Equal(t, "x/oauth2 0.38", versioned(versions, "x/oauth2"))
	require.Equal(t, "MSAL", versioned(versions, "MSAL"))
}

func TestWrap(t *testing.T) {
	t.Parallel()
	require.Equal(t, "* one two\n", wrap("* ", "one  two"))
	long := wrap("* ", strings.Repeat("word ", 50))
	for i, line := range strings.Split(strings.TrimSpace(long), "\n") {
		require.LessOrEqual(t, len(line), 118)
		require.Equal(t, i > 0, strings.HasPrefix(line, "  word"))
	}
	require.Equal(t, 50, strings.Count(long, "word"))
}
