package process

import (
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime/debug"

	"github.com/seed-ac726066/aztoken/internal/operation"
)

// bareVariable is the environment variable that makes a program the bare handler. Its value is the
// address to listen on.
const bareVariable = "AZTOKEN_BENCH_BARE"

// ServeBare serves handler until the process is killed, if [StartBare] started this process. A
// program calls it before anything else.
func ServeBare(handler func() http.Handler) {
	address := os.Getenv(bareVariable)
	if address == "" {
		return
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		panic(err)
	}
	// This is the same server as the command's, with the same timeouts and garbage collector
	// settings, so that only the handlers differ.
	debug.SetGCPercent(800)
	service := operation.Service{Servings: []operation.Serving{{Listener: listener, Handler: handler()}}}
	_ = service.Run(context.Background())
	os.Exit(0)
}

// StartBare starts another copy of this program as the bare handler, with this environment.
func StartBare(environ ...string) (*Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	address, err := FreeAddress()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), append(environ, bareVariable+"="+address)...)
	return Start(cmd, address)
}
