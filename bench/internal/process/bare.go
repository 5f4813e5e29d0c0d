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

// bareVariable makes a program the bare handler: it is the address to listen at.
const bareVariable = "AZTOKEN_BENCH_BARE"

// ServeBare serves handler if this process is one that [StartBare] started, until it is killed. A
// program calls it first of all.
func ServeBare(handler func() http.Handler) {
	address := os.Getenv(bareVariable)
	if address == "" {
		return
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		panic(err)
	}
	// The same server as the command's, with its timeouts and its collector: what is compared is what
	// answers.
	debug.SetGCPercent(800)
	service := operation.Service{Servings: []operation.Serving{{Listener: listener, Handler: handler()}}}
	_ = service.Run(context.Background())
	os.Exit(0)
}

// StartBare starts this program once more, as the bare handler in this environment.
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
