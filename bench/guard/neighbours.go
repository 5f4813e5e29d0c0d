package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/seed-ac726066/aztoken/bench/internal/process"
)

// oauth2ProxyVersion is the version of oauth2-proxy that is measured.
const oauth2ProxyVersion = "v7.15.6"

// neighbour is a server that a proxy asks whether a request may pass.
type neighbour struct {
	name string
	path string // of the check request
	*process.Process
}

// startNeighbours starts all neighbours. The first is the bare handler. stop is never nil.
func startNeighbours(ctx context.Context, e *entra) (all []neighbour, stop func(), err error) {
	var started []func()
	stop = func() {
		for _, end := range started {
			end()
		}
	}
	binary, remove, err := process.Command()
	if err != nil {
		return nil, stop, err
	}
	started = append(started, remove)
	for _, start := range []func() (neighbour, error){
		func() (neighbour, error) {
			p, err := process.StartBare()
			return neighbour{"bare handler", "/check", p}, err
		},
		func() (neighbour, error) { return startGuard(binary, e) },
		func() (neighbour, error) { return startOAuth2Proxy(ctx, filepath.Dir(binary), e) },
	} {
		n, err := start()
		if err != nil {
			return nil, stop, err
		}
		started = append([]func(){n.Stop}, started...)
		all = append(all, n)
	}
	return all, stop, nil
}

// rules is the example rules file of the guard, which users copy.
const rules = examples + "/guard.yaml"

func startGuard(binary string, e *entra) (neighbour, error) {
	address, err := process.FreeAddress()
	if err != nil {
		return neighbour{}, err
	}
	p, err := process.Start(exec.Command(binary,
		"guard", "--config", rules, "--listen", address, "--authority", e.url, "--key-file", filepath.Join(filepath.Dir(binary), "keys.json"),
	), address)
	return neighbour{"aztoken guard", "/check", p}, err
}

// startOAuth2Proxy builds oauth2-proxy and starts it with settings that accept the tokens of e
// unchanged.
func startOAuth2Proxy(ctx context.Context, dir string, e *entra) (neighbour, error) {
	build := exec.CommandContext(ctx, "go", "install", "github.com/oauth2-proxy/oauth2-proxy/v7@"+oauth2ProxyVersion)
	build.Env = append(os.Environ(), "GOBIN="+dir)
	if out, err := build.CombinedOutput(); err != nil {
		return neighbour{}, fmt.Errorf("building oauth2-proxy: %w: %s", err, out)
	}
	address, err := process.FreeAddress()
	if err != nil {
		return neighbour{}, err
	}
	claims, err := e.Claims(e.token())
	if err != nil {
		return neighbour{}, err
	}
	p, err := process.Start(exec.Command(filepath.Join(dir, "oauth2-proxy"),
		"--http-address="+address, "--provider=oidc", "--skip-jwt-bearer-tokens", "--skip-oidc-discovery",
		"--oidc-issuer-url="+claims["iss"].(string), "--oidc-jwks-url="+e.url+"/"+tenant+"/discovery/v2.0/keys",
		"--login-url="+e.url, "--redeem-url="+e.url, "--client-id="+audience, "--client-secret=unused", "--cookie-secret="+strings.Repeat("c", 32),
		"--oidc-email-claim=sub", "--email-domain=*", "--upstream=static://200", "--reverse-proxy",
		"--request-logging=false", "--auth-logging=false", "--standard-logging=false",
	), address)
	return neighbour{"oauth2-proxy", "/oauth2/auth", p}, err
}

// directly returns targets that receive the same check request as nginx sends, but without nginx.
func directly(neighbours []neighbour, token string) (targets []target) {
	for _, n := range neighbours {
		targets = append(targets, target{n.name, func() *http.Request {
			r := get("http://"+n.Address+n.path, token)
			r.Header.Set("X-Original-Method", http.MethodGet)
			r.Header.Set("X-Original-URI", path)
			return r
		}, n.Process})
	}
	return targets
}

const path = "/orders/1"

func get(url, token string) *http.Request {
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		panic(err) // cannot happen: the address comes from a running server
	}
	r.Host = "orders.example"
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}
