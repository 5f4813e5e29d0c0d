package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/operation"
)

// bareVariable makes this program the bare handler: it is how long an answer takes.
const bareVariable = "AZTOKEN_BENCH_BARE"

// secret is what callers show to the agent.
const secret = "a-secret-for-measurements"

const resource = "https://orders.example.com"

// bare serves a constant of the size of a token's reply, and prints its address.
func bare() {
	wait, err := time.ParseDuration(os.Getenv(bareVariable))
	if err != nil {
		panic(err)
	}
	body := []byte(`{"access_token":"` + strings.Repeat("e", 1400) + `","expires_in":"86399","expires_on":"1798000000","resource":"` + resource + `","token_type":"Bearer"}`)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr())
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if wait > 0 {
			time.Sleep(wait)
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body)
	})
	// The same server, with its timeouts and its collector: what is compared is what answers.
	debug.SetGCPercent(800)
	service := operation.Service{Servings: []operation.Serving{{Listener: listener, Handler: handler}}}
	_ = service.Run(context.Background()) // until it is killed
}

// process is a server under measurement.
type process struct {
	cmd     *exec.Cmd
	address string
}

// build makes the command.
func build() (binary string, remove func(), err error) {
	dir, err := os.MkdirTemp("", "aztoken-bench-")
	if err != nil {
		return "", nil, err
	}
	binary = filepath.Join(dir, "aztoken")
	cmd := exec.Command("go", "build", "-o", binary, "./cmd/aztoken")
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", nil, fmt.Errorf("building the command: %w: %s", err, out)
	}
	return binary, func() { _ = os.RemoveAll(dir) }, os.WriteFile(filepath.Join(dir, "header"), []byte(secret), 0o600)
}

func startBare(wait time.Duration) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), bareVariable+"="+wait.String())
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	return &process{cmd, strings.TrimSpace(line)}, err
}

func startAgent(binary string, upstream *upstream) (*process, error) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := free.Addr().String()
	if err := free.Close(); err != nil {
		return nil, err
	}
	cmd := exec.Command(binary, "agent", "--listen", address, "--endpoint", upstream.url, "--rate=0",
		"--header-file", filepath.Join(filepath.Dir(binary), "header"))
	cmd.Env = imdstest.Environment{}.Environ()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	for range 1000 {
		if resp, err := http.Get("http://" + address + "/healthz"); err == nil {
			return &process{cmd, address}, resp.Body.Close()
		}
		time.Sleep(10 * time.Millisecond)
	}
	return nil, errors.Join(errors.New("the agent does not start"), cmd.Process.Kill())
}

func (p *process) stop() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// request returns a token request as SDKs send it.
func (p *process) request() *http.Request {
	r, err := http.NewRequest(http.MethodGet, "http://"+p.address+"/msi/token?api-version=2019-08-01&resource="+resource, nil)
	if err != nil {
		panic(err) // the address is a server's own
	}
	r.Header.Set("X-IDENTITY-HEADER", secret)
	r.Header.Set("User-Agent", "azsdk-go-azidentity/v1.15.0")
	return r
}

// upstream is a fake IMDS on a socket.
type upstream struct {
	*imdstest.Server
	url    string
	server *http.Server
}

func startUpstream(wait time.Duration) (*upstream, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	u := &upstream{Server: imdstest.New(nil), url: "http://" + listener.Addr().String()}
	u.Mint(resource) // the key is made now, and not while somebody waits
	if wait > 0 {
		u.Break(imdstest.Slow(wait))
	}
	u.server = &http.Server{Handler: u.Server}
	go func() { _ = u.server.Serve(listener) }() // ends with stop
	return u, nil
}

func (u *upstream) stop() {
	u.Close()
	_ = u.server.Close()
}
