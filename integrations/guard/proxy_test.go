package guard_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/nginxsite"
	"github.com/seed-ac726066/aztoken/internal/testservice"
)

// addresses are the addresses on which the servers of a test listen.
type addresses struct{ proxy, guard, service string }

// proxy is a reverse proxy that asks the guard.
type proxy struct {
	name        string   // the name of its program, also in AZTOKEN_REQUIRE
	needs       []string // the files that it needs, from Debian packages
	speaks      string   // the value of the guard's --proxy
	guardIsDown int      // the status that it answers if the guard is down
	guardHangs  int      // the status that it answers if the guard hangs
	scripted    bool     // a script calls the guard

	// command installs the example into dir and returns what starts the proxy with it.
	command func(t *testing.T, dir string, at addresses) *exec.Cmd
}

var proxies = []proxy{
	{name: "nginx", speaks: "nginx", command: nginx, guardIsDown: http.StatusServiceUnavailable, guardHangs: http.StatusServiceUnavailable},
	{name: "caddy", speaks: "caddy", command: caddy, guardIsDown: http.StatusBadGateway, guardHangs: http.StatusGatewayTimeout},
	{name: "haproxy", speaks: "haproxy", command: haproxy, guardIsDown: http.StatusServiceUnavailable, guardHangs: http.StatusServiceUnavailable, scripted: true},
	{
		name: "apache2", speaks: "nginx", command: apache, guardIsDown: http.StatusServiceUnavailable, guardHangs: http.StatusServiceUnavailable, scripted: true,
		needs: []string{apacheModules + "/mod_lua.so", "/usr/share/lua/5.3/socket/http.lua"},
	},
}

// start starts the proxy with its example.
func (p proxy) start(t *testing.T, at addresses) *process {
	t.Helper()
	if _, err := exec.LookPath(p.name); err != nil {
		testservice.Missing(t, p.name, "there is no "+p.name+" on this machine")
	}
	for _, file := range p.needs {
		if _, err := os.Stat(file); err != nil {
			testservice.Missing(t, p.name, "there is no "+file+" on this machine")
		}
	}
	return launch(t, p.command(t, publicDir(t), at), answers(at.proxy, http.StatusMisdirectedRequest))
}

// changed returns the proxy with these replacements in its files. At least one of them must apply.
func (p proxy) changed(replacements ...string) proxy {
	install := p.command
	p.command = func(t *testing.T, dir string, at addresses) *exec.Cmd {
		t.Helper()
		cmd, done := install(t, dir, at), false
		require.NoError(t, filepath.WalkDir(dir, func(path string, file os.DirEntry, err error) error {
			if err != nil || file.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			other := strings.NewReplacer(replacements...).Replace(string(text))
			done = done || other != string(text)
			return os.WriteFile(path, []byte(other), 0o644)
		}))
		require.True(t, done, "no file has any of %q", replacements)
		return cmd
	}
	return p
}

func nginx(t *testing.T, dir string, at addresses) *exec.Cmd {
	install(t, "nginx/orders.conf", dir, "listen 80", "listen "+at.proxy, "127.0.0.1:16931", at.guard, "127.0.0.1:8080", at.service)
	install(t, "nginx/aztoken/server.conf", filepath.Join(dir, "aztoken"))
	install(t, "nginx/aztoken/location.conf", filepath.Join(dir, "aztoken"))
	cmd, err := nginxsite.Command(dir, "orders.conf", "error")
	require.NoError(t, err)
	return cmd
}

// caddyFrame is the configuration that imports a Caddyfile.
const caddyFrame = `{
	admin off
}
import orders
`

func caddy(t *testing.T, dir string, at addresses) *exec.Cmd {
	site := install(t, "caddy/Caddyfile", dir, "http://orders.example", "http://orders.example:"+port(t, at.proxy), "http:// {", "http://:"+port(t, at.proxy)+" {", "127.0.0.1:8080", at.service)
	install(t, "caddy/aztoken.caddy", dir, "127.0.0.1:16931", at.guard)
	require.NoError(t, os.Rename(site, filepath.Join(dir, "orders")))
	frame := filepath.Join(dir, "Caddyfile")
	require.NoError(t, os.WriteFile(frame, []byte(caddyFrame), 0o644))
	cmd := exec.Command("caddy", "run", "--config", frame, "--adapter", "caddyfile")
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	return cmd
}

func haproxy(t *testing.T, dir string, at addresses) *exec.Cmd {
	lua := install(t, "haproxy/guard.lua", dir, "127.0.0.1:16931", at.guard)
	file := install(t, "haproxy/haproxy.cfg", dir, "/etc/haproxy/guard.lua", lua, "bind :80", "bind "+at.proxy, "127.0.0.1:8080", at.service)
	return exec.Command("haproxy", "-db", "-f", file)
}

// apacheModules is the directory of the modules on Debian.
const apacheModules = "/usr/lib/apache2/modules"

// apacheFrame is the configuration that Debian's apache2.conf has around a site.
const apacheFrame = `
ServerRoot ${DIR}
ServerName localhost
User nobody
Group nogroup
PidFile ${DIR}/apache2.pid
DefaultRuntimeDir ${DIR}
ErrorLog /dev/stderr
Listen ${LISTEN}
LoadModule mpm_event_module ${MODULES}/mod_mpm_event.so
LoadModule authz_core_module ${MODULES}/mod_authz_core.so
LoadModule alias_module ${MODULES}/mod_alias.so
LoadModule proxy_module ${MODULES}/mod_proxy.so
LoadModule proxy_http_module ${MODULES}/mod_proxy_http.so
LoadModule lua_module ${MODULES}/mod_lua.so
Include ${DIR}/orders.conf
`

func apache(t *testing.T, dir string, at addresses) *exec.Cmd {
	lua := install(t, "apache/guard.lua", dir, "127.0.0.1:16931", at.guard)
	install(t, "apache/orders.conf", dir, "/etc/apache2/aztoken/guard.lua", lua, "*:80", at.proxy, "127.0.0.1:8080", at.service)
	frame := filepath.Join(dir, "apache2.conf")
	require.NoError(t, os.WriteFile(frame, []byte(apacheFrame), 0o644))
	return exec.Command("apache2", "-f", frame, "-DFOREGROUND",
		"-C", "Define DIR "+dir, "-C", "Define LISTEN "+at.proxy, "-C", "Define MODULES "+apacheModules)
}
