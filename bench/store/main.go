// Store simulates outages of the identity endpoint for programs that are restarted and for fleets
// whose instances come and go, with and without a token store, on a virtual clock. In the folder of
// this module,
//
//	go run ./store
//
// takes some minutes, saves the results in results/store.json, and writes them into README.md and
// the plot beside it.
package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/bench/internal/measure"
	"github.com/seed-ac726066/aztoken/bench/internal/publish"
	"github.com/seed-ac726066/aztoken/bench/internal/results"
)

func main() {
	if os.Getenv(childEndpoint) != "" {
		child()
		return
	}
	// The virtual clock of testing/synctest works only in tests, so this program runs as a test and
	// ends with PASS or FAIL.
	testing.Init()
	testing.Main(
		func(_, _ string) (bool, error) { return true, nil },
		[]testing.InternalTest{{Name: "store", F: write}},
		nil, nil,
	)
}

// processes is the number of processes that are started at once on one directory.
const processes = 50

// write measures, then saves and publishes the results.
func write(t *testing.T) {
	restarted := restarts(t, 1)
	fleets := fleetsOf(t, 1000)
	r := results.Store{Processes: processes, Requests: startProcesses(t, processes)}
	for _, k := range kinds() {
		r.Restarted = append(r.Restarted, restartResult(k.name, restarted[k.name]))
		r.Fleets = append(r.Fleets, fleets[k.name].result(k.name))
	}
	require.False(t, t.Failed())
	var err error
	r.Versions, err = measure.Versions(t.Context(), "github.com/Azure/azure-sdk-for-go/sdk/azidentity")
	require.NoError(t, err)
	require.NoError(t, results.Save(".", "store", r))
	require.NoError(t, publish.Write("."))
}
