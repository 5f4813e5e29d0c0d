// Outage runs aztoken and other, unmodified libraries through outages of the identity endpoint and
// of Entra ID, on a virtual clock. In the folder of this module,
//
//	go run ./outage
//
// takes some minutes, saves the results in results/outage.json, and writes them into README.md,
// outage/README.md and the plots next to it.
package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/bench/internal/measure"
	"github.com/seed-ac726066/aztoken/bench/internal/publish"
	"github.com/seed-ac726066/aztoken/bench/internal/results"
)

// modules are the modules of the measured libraries.
var modules = []string{
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity",
	"github.com/Azure/azure-sdk-for-go/sdk/azcore",
	"github.com/AzureAD/microsoft-authentication-library-for-go",
	"golang.org/x/oauth2",
	"cloud.google.com/go/auth",
	"github.com/aws/aws-sdk-go-v2",
	"github.com/aws/aws-sdk-go-v2/credentials",
}

func main() {
	// The virtual clock of testing/synctest works only in tests, so this program runs as a test and
	// ends with PASS or FAIL.
	testing.Init()
	testing.Main(
		func(_, _ string) (bool, error) { return true, nil },
		[]testing.InternalTest{{Name: "outages", F: write}},
		nil, nil,
	)
}

// write fills all cells, then saves and publishes the results.
func write(t *testing.T) {
	cells := grid(libraries(), kinds, lengths)
	require.True(t, fill(t, cells, 1))
	r := results.Outage{Quiet: quietDays(t)}
	for _, c := range cells {
		r.Cells = append(r.Cells, c.result())
	}
	var err error
	r.Versions, err = measure.Versions(t.Context(), modules...)
	require.NoError(t, err)
	require.NoError(t, results.Save(".", "outage", r))
	require.NoError(t, publish.Write("."))
}
