package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/seed-ac726066/aztoken/internal/agent"
	"github.com/seed-ac726066/aztoken/internal/envfile"
	"github.com/seed-ac726066/aztoken/internal/operation"
	"github.com/seed-ac726066/aztoken/internal/program"
)

// statusAgentFailed is the status that wrappers use for their own failures.
const statusAgentFailed = 125

// bypassing are variables that lead an SDK past the agent: to the exchange of a federated token, to
// Azure Arc, and to Service Fabric.
var bypassing = []string{"AZURE_FEDERATED_TOKEN_FILE", "IMDS_ENDPOINT", "IDENTITY_SERVER_THUMBPRINT"}

func leadsPast(name string) bool {
	return slices.Contains(bypassing, name) || strings.HasPrefix(name, "IDENTITY_") || strings.HasPrefix(name, "MSI_")
}

// runProgram serves until the program ends. Signals do not end it: they are for the program.
func (a *agentCommand) runProgram(cmd *cobra.Command, service *operation.Service, running *agent.Agent, command []string) error {
	if len(running.Config().Identities) != 1 {
		return usage("aztoken: a program has one identity, and %s has several; keep one", a.settings.file)
	}
	var env envfile.Environment
	for _, env = range running.Environments() { // the only one
	}
	if env["IDENTITY_ENDPOINT"] == "" {
		return usage("aztoken: SDKs do not reach a Unix socket; give the program an address by --listen too")
	}
	notify := func(name string) bool { return name == "NOTIFY_SOCKET" } // the agent's
	environ, _ := program.Environ(os.Environ(), nil, notify)
	environ, gone := program.Environ(environ, env, leadsPast)
	for _, name := range gone {
		service.Logger.Info("aztoken agent: the program gets no "+name+" of this environment: it would lead past the agent",
			slog.String("variable", name))
	}
	ctx, end := context.WithCancel(background(cmd))
	defer end()
	var serving errgroup.Group
	service.IgnoreSignals = true
	serving.Go(func() error { return service.Run(ctx) })
	status, err := program.Run(command, environ)
	end()
	if failed := serving.Wait(); failed != nil {
		service.Logger.Error(failed.Error())
	}
	if err != nil {
		return programEnd{fmt.Errorf("aztoken: the program does not start: %w; give one that is there and may be executed", err), status}
	}
	return programEnd{status: status}
}
