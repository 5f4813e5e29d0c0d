package main

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/seed-ac726066/aztoken/bench/internal/process"
	"github.com/seed-ac726066/aztoken/imdstest"
)

// waitVariable is the environment variable that sets how long the bare handler takes to answer.
const waitVariable = "AZTOKEN_BENCH_WAIT"

// secret is the header value that callers send to the agent.
const secret = "a-secret-for-measurements"

const resource = "https://orders.example.com"

// bare returns a constant as large as a token response.
func bare() http.Handler {
	wait, err := time.ParseDuration(os.Getenv(waitVariable))
	if err != nil {
		panic(err)
	}
	body := []byte(`{"access_token":"` + strings.Repeat("e", 1400) + `","expires_in":"86399","expires_on":"1798000000","resource":"` + resource + `","token_type":"Bearer"}`)
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if wait > 0 {
			time.Sleep(wait)
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body)
	})
}

func startBare(wait time.Duration) (*process.Process, error) {
	return process.StartBare(waitVariable + "=" + wait.String())
}

// headerFile is the file from which the agent reads the secret.
func headerFile(binary string) string { return filepath.Join(filepath.Dir(binary), "header") }

func startAgent(binary string, upstream *upstream) (*process.Process, error) {
	address, err := process.FreeAddress()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(binary, "agent", "--listen", address, "--endpoint", upstream.url, "--rate=0", "--header-file", headerFile(binary))
	cmd.Env = imdstest.Environment{}.Environ()
	return process.Start(cmd, address)
}

// request returns a token request as SDKs send it.
func request(p *process.Process) *http.Request {
	r, err := http.NewRequest(http.MethodGet, "http://"+p.Address+"/msi/token?api-version=2019-08-01&resource="+resource, nil)
	if err != nil {
		panic(err) // cannot happen: the address comes from a running server
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
	u.Mint(resource) // creates the signing key now, not while a caller waits
	if wait > 0 {
		u.Break(imdstest.Slow(wait))
	}
	u.server = &http.Server{Handler: u.Server}
	go func() { _ = u.server.Serve(listener) }() // returns after stop
	return u, nil
}

func (u *upstream) stop() {
	u.Close()
	_ = u.server.Close()
}
