package measure_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/bench/internal/measure"
)

func TestTheMedianOfEachBenchmarkIsTaken(t *testing.T) {
	t.Parallel()
	results, err := measure.Read(strings.NewReader(`goos: linux
BenchmarkToken/x/oauth2/serial-2         	     100	        90 ns/op	       0 B/op	       0 allocs/op
BenchmarkToken/x/oauth2/serial-2         	     100	       900 ns/op	       0 B/op	       0 allocs/op
BenchmarkToken/x/oauth2/serial-2         	     100	       100 ns/op	      16 B/op	       1 allocs/op
BenchmarkToken/aws_CredentialsCache/go-2-2 	     100	       50.5 ns/op
PASS
`))
	require.NoError(t, err)
	require.Len(t, results, 2)
	require.InDelta(t, 100, results.Get("Token/x/oauth2/serial").NS, 1e-6)
	require.Zero(t, results.Get("Token/x/oauth2/serial").Allocs)
	require.InDelta(t, 50.5, results.Get("Token/aws CredentialsCache/go-2").NS, 1e-6)
	require.InDelta(t, 100/50.5, results.Ratio("Token/x/oauth2/serial", "Token/aws CredentialsCache/go-2"), 1e-6)
	require.Panics(t, func() { results.Get("Token/another/serial") })
}
