package measure_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/bench/internal/measure"
)

func TestEachRoundOfABenchmarkIsKept(t *testing.T) {
	t.Parallel()
	runs, err := measure.Read(strings.NewReader(`goos: linux
BenchmarkToken/x/oauth2/serial-2         	     100	        90 ns/op	       0 B/op	       0 allocs/op
BenchmarkToken/x/oauth2/serial-2         	     100	       900 ns/op	       0 B/op	       0 allocs/op
BenchmarkToken/x/oauth2/serial-2         	     100	       100 ns/op	      16 B/op	       1 allocs/op
BenchmarkToken/aws_CredentialsCache/go-2-2 	     100	       50.5 ns/op
PASS
`))
	require.NoError(t, err)
	require.Len(t, runs, 2)
	require.InDeltaSlice(t, []float64{90, 900, 100}, runs["Token/x/oauth2/serial"].NS, 1e-6)
	require.Zero(t, runs["Token/x/oauth2/serial"].Allocs)
	require.InDeltaSlice(t, []float64{50.5}, runs["Token/aws_CredentialsCache/go-2"].NS, 1e-6)
}
