// Store lives through outages of the identity endpoint with programs that are restarted and with
// fleets whose instances come and go, with a token store and without, on a virtual clock. In the
// folder of this module,
//
//	go run ./store
//
// takes some minutes and writes what it has measured into README.md and the plot beside it.
package main

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/bench/internal/measure"
	"github.com/seed-ac726066/aztoken/bench/internal/report"
)

// plotFile is the plot, beside the README of the module, where the program runs.
const plotFile = "store.svg"

func main() {
	if os.Getenv(childEndpoint) != "" {
		child()
		return
	}
	// The virtual clock of testing/synctest is for tests only, so this program is one, and ends
	// with PASS or FAIL.
	testing.Init()
	testing.Main(
		func(_, _ string) (bool, error) { return true, nil },
		[]testing.InternalTest{{Name: "store", F: write}},
		nil, nil,
	)
}

// write measures, and writes down what it has measured.
func write(t *testing.T) {
	restarted := restarts(t, 1)
	fleets := fleetsOf(t, 1000)
	atOnce := startProcesses(t, 50)
	require.False(t, t.Failed())
	versions, err := measure.Versions(t.Context(), "github.com/Azure/azure-sdk-for-go/sdk/azidentity")
	require.NoError(t, err)
	text := section(restarted, fleets, atOnce) + "\nMeasured with " + versions + ".\n"
	require.NoError(t, errors.Join(
		figure(restarted).Save(plotFile),
		report.Replace("README.md", "store", text),
	))
	fmt.Print(text)
}
