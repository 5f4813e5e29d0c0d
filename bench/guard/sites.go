package main

import (
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/seed-ac726066/aztoken/bench/internal/process"
	"github.com/seed-ac726066/aztoken/internal/nginxsite"
)

// examples is the folder of the files that users copy.
const examples = "../examples/guard"

// startSites starts an nginx without a neighbour, which comes first, and one for each neighbour,
// all in front of the same service. stop is never nil.
func startSites(neighbours []neighbour, token string) (targets []target, stop func(), err error) {
	var started []func()
	stop = func() {
		for _, end := range started {
			end()
		}
	}
	service, err := process.StartBare()
	if err != nil {
		return nil, stop, err
	}
	started = append(started, service.Stop)
	for _, n := range append([]neighbour{{name: "nobody"}}, neighbours...) {
		site, end, err := startSite(n, service.Address)
		if err != nil {
			return nil, stop, err
		}
		started = append(started, end)
		targets = append(targets, target{n.name, func() *http.Request { return get("http://"+site.Address+path, token) }, n.Process})
	}
	return targets, stop, nil
}

// startSite starts nginx with the recipe, changed to call n.
func startSite(n neighbour, service string) (site *process.Process, stop func(), err error) {
	address, err := process.FreeAddress()
	if err != nil {
		return nil, nil, err
	}
	dir, err := os.MkdirTemp("", "aztoken-bench-")
	if err != nil {
		return nil, nil, err
	}
	remove := func() { _ = os.RemoveAll(dir) }
	if err := errors.Join(
		os.Chmod(dir, 0o755), // the nginx workers run as another user
		os.MkdirAll(filepath.Join(dir, "aztoken"), 0o755),
		install(dir, "orders.conf", siteChanges(n, address, service)...),
		install(dir, "aztoken/server.conf", "/check", n.path),
		install(dir, "aztoken/location.conf"),
	); err != nil {
		remove()
		return nil, nil, err
	}
	cmd, err := nginxsite.Command(dir, "orders.conf", "crit")
	if err != nil {
		remove()
		return nil, nil, err
	}
	site, err = process.Start(cmd, address)
	if err != nil {
		remove()
		return nil, nil, err
	}
	return site, func() { site.Stop(); remove() }, nil
}

// siteChanges returns pairs of a text in the site file and its replacement.
func siteChanges(n neighbour, address, service string) []string {
	changes := []string{"listen 80", "listen " + address, "127.0.0.1:8080", service}
	if n.Process == nil {
		return append(changes,
			"include aztoken/server.conf;", "",
			// settings that every proxy of a service has
			"include aztoken/location.conf;", `proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;`)
	}
	return append(changes, "127.0.0.1:16931", n.Address)
}

func install(dir, file string, changes ...string) error {
	content, err := os.ReadFile(filepath.Join(examples, "nginx", file))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, file), []byte(strings.NewReplacer(changes...).Replace(string(content))), 0o644)
}

// nginxVersion returns the version of the nginx in use.
func nginxVersion(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "nginx", "-v").CombinedOutput()
	if err != nil {
		return err.Error()
	}
	_, version, _ := strings.Cut(strings.TrimSpace(string(out)), "/")
	return version
}
