// Command aztoken gets, inspects and diagnoses tokens of Azure managed identities, runs a fake
// identity endpoint for local development, and grants app roles. Its --help has examples of each.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr})
	stop()
	os.Exit(status)
}
