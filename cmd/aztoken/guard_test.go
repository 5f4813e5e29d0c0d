package main_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/testservice"
)

// issuerOf is a fake Entra ID on a socket, whose default identity has a role.
func issuerOf(t *testing.T) *imdstest.Server {
	t.Helper()
	return imdstest.NewServer(t, &imdstest.Options{Identities: []imdstest.Identity{{SystemAssigned: true, Roles: map[string][]string{orders: {"reader"}}}}})
}

// guardOf returns the flags of a guard of an issuer.
func guardOf(entra *imdstest.Server, more ...string) []string {
	return append([]string{
		"--listen=127.0.0.1:0", "--audience", orders, "--tenant", imdstest.DefaultTenantID, "--authority", entra.URL,
	}, more...)
}

// guard starts aztoken guard --output json, until the test ends.
func guard(t *testing.T, args ...string) *serving {
	t.Helper()
	return startServing(t, nil, append([]string{"guard"}, args...)...)
}

// check asks a guard as nginx does, about a request with a token, "" for none.
func (s *serving) check(t *testing.T, token, target string) int {
	t.Helper()
	r := s.question(t, token, target)
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return resp.StatusCode
}

func (s *serving) question(t *testing.T, token, target string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.Addresses[0]+"/check", nil)
	require.NoError(t, err)
	r.Header.Set("X-Original-Method", "GET")
	r.Header.Set("X-Original-URI", target)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return r
}

// page returns the status and the content of a page.
func (s *serving) page(t *testing.T, path string) (int, string) {
	t.Helper()
	resp, err := http.Get("http://" + s.Addresses[0] + path)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(text)
}

func TestGuard(t *testing.T) {
	t.Parallel()
	entra := issuerOf(t)
	good := entra.Mint(orders)
	t.Run("checks tokens by flags", func(t *testing.T) {
		t.Parallel()
		s := guard(t, guardOf(entra, "--role=reader", "--role=writer", "--app-only")...)
		require.Equal(t, 200, s.check(t, good, "anything, as no proxy is named"))
		require.Equal(t, 401, s.check(t, "", "/"))
		require.Equal(t, 401, s.check(t, entra.Mint("https://other.example"), "/"))
		require.Equal(t, 403, s.check(t, entra.Mint(orders, func(j *imdstest.JWT) { j.Claims["roles"] = []string{"admin"} }), "/"))
		for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/metrics": 200, "/statusz": 200, "/validate": 401, "/": 404, "/check/a": 404} {
			status, text := s.page(t, path)
			require.Equal(t, want, status, "%s: %s", path, text)
		}
		_, text := s.page(t, "/readyz")
		var ready map[string]any
		require.NoError(t, json.Unmarshal([]byte(text), &ready))
		require.Equal(t, true, ready["ready"])
		require.EqualValues(t, 1, ready["keys"])
		require.Greater(t, ready["expires_in"], 86300.0)
		require.Zero(t, aztoken(t, "ready", "http://"+s.Addresses[0]+"/readyz").status)
		_, text = s.page(t, "/statusz")
		require.Contains(t, text, "aztoken guard")
		s.stop(t)
		require.Equal(t, 4, strings.Count(s.stderr.String(), `"level":"WARN"`), s.stderr)
	})
	t.Run("judges paths for a proxy", func(t *testing.T) {
		t.Parallel()
		s := guard(t, guardOf(entra, "--proxy=nginx")...)
		require.Equal(t, 200, s.check(t, good, "/orders?a"))
		for _, target := range []string{"//", "/a;b", "/../", "/a%2fb", "orders", "/#"} {
			require.Equal(t, 403, s.check(t, good, target), target)
		}
		s.stop(t)
		require.Contains(t, s.stderr.String(), "any role or scope")
	})
	t.Run("is not ready for long enough", func(t *testing.T) {
		t.Parallel()
		s := guard(t, guardOf(entra, "--role=reader", "--min-life=25h")...)
		require.Equal(t, 200, s.check(t, good, "/"))
		require.Equal(t, 1, aztoken(t, "ready", "http://"+s.Addresses[0]+"/readyz").status)
		s.stop(t)
	})
	t.Run("has its pages elsewhere", func(t *testing.T) {
		t.Parallel()
		socket := filepath.Join(testservice.SocketDir(t), "pages.sock")
		s := guard(t, guardOf(entra, "--role=reader", "--metrics=unix:"+socket, "--socket-mode=0600")...)
		for path, want := range map[string]int{"/healthz": 404, "/readyz": 404, "/metrics": 404, "/statusz": 404, "/validate": 401} {
			status, _ := s.page(t, path)
			require.Equal(t, want, status, path)
		}
		info, err := os.Stat(socket)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
		s.stop(t)
	})
	t.Run("listens at a socket", func(t *testing.T) {
		t.Parallel()
		socket := filepath.Join(testservice.SocketDir(t), "guard.sock")
		s := guard(t, append(guardOf(entra, "--role=reader")[1:], "--listen=unix:"+socket)...)
		require.Equal(t, []string{socket}, s.Addresses)
		info, err := os.Stat(socket)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o660), info.Mode().Perm())
		client := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return net.Dial("unix", socket) }}}
		resp, err := client.Get("http://orders.example/check")
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, 401, resp.StatusCode)
		client.CloseIdleConnections()
		s.stop(t)
		require.NoFileExists(t, socket)
	})
	t.Run("serves on while it drains", func(t *testing.T) {
		t.Parallel()
		s := guard(t, guardOf(entra, "--role=reader", "--drain=1h")...)
		require.Equal(t, 200, s.check(t, good, "/"))
		require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
		require.Eventually(t, func() bool { status, _ := s.page(t, "/readyz"); return status == 503 }, 10*time.Second, 10*time.Millisecond)
		_, text := s.page(t, "/readyz")
		require.Contains(t, text, `"ready":false`)
		status, _ := s.page(t, "/healthz")
		require.Equal(t, 200, status)
		resp, err := http.DefaultClient.Do(s.question(t, good, "/"))
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, 200, resp.StatusCode)
		require.True(t, resp.Close, "no proxy asks on a connection that the end closes")
		// A second signal counts only if it comes half a second after the first.
		require.Eventually(t, func() bool {
			_ = s.cmd.Process.Signal(syscall.SIGTERM)
			select {
			case err := <-s.ended:
				return err == nil
			default:
				return false
			}
		}, 10*time.Second, 100*time.Millisecond)
	})
	t.Run("says in text where it is", func(t *testing.T) {
		t.Parallel()
		if runtime.GOOS == "windows" {
			t.Skip("there is no SIGINT to send to a process")
		}
		cmd := invocation{}.command(t, append([]string{"guard"}, guardOf(entra, "--role=reader")...)...)
		stdout, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		line, err := bufio.NewReader(stdout).ReadString('\n')
		require.NoError(t, err)
		require.Regexp(t, `^http://127\.0\.0\.1:\d+\n$`, line)
		require.NoError(t, cmd.Process.Signal(syscall.SIGINT))
		require.NoError(t, cmd.Wait())
	})
}

func TestGuardReload(t *testing.T) {
	t.Parallel()
	entra := issuerOf(t)
	good := entra.Mint(orders)
	file := filepath.Join(t.TempDir(), "guard.yaml")
	write := func(text string) {
		t.Helper()
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	}
	head := fmt.Sprintf("listen: ['127.0.0.1:0']\nproxy: nginx\naudiences: [%s]\ntenants: [%s]\nauthority: %s\nrules:\n", orders, imdstest.DefaultTenantID, entra.URL)
	original := head + "- {path: /, require: [{roles: [reader]}]}\n"
	write(original)
	s := guard(t, "--config", file)
	require.Equal(t, 200, s.check(t, good, "/"))
	for _, bad := range []string{
		strings.Replace(original, "path", "paths", 1), head + "- {path: /, open: true}\n- {path: /, open: true}\n", "",
		strings.Replace(original, "'127.0.0.1:0'", "'127.0.0.1:1'", 1), "metrics: 127.0.0.1:0\n" + original, "key_file: /nowhere/keys.json\n" + original,
		strings.Replace(original, "tenants: [", "tenants: [aaaaaaaa-0000-4000-8000-000000000000, ", 1),
	} {
		write(bad)
		s.reloads(t, "0")
		require.Equal(t, 200, s.check(t, good, "/"), "the old one stays")
		write(original)
		s.reloads(t, "1")
	}
	write(head + "- {path: /, require: [{roles: [writer]}]}\n- {path: /public/, open: true}\n")
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGHUP))
	require.Eventually(t, func() bool { return s.check(t, good, "/") == 403 }, 10*time.Second, 10*time.Millisecond)
	require.Equal(t, 200, s.check(t, "", "/public/"))
	s.stop(t)
	require.Equal(t, 7, strings.Count(s.stderr.String(), `"level":"ERROR"`), s.stderr)
	require.Contains(t, s.stderr.String(), "/public/ (line 8) holds what is below / (line 7) and is open")
}

// Killed and started again while Entra ID is down, a guard has the keys of its file.
func TestGuardRestartsInAnOutage(t *testing.T) {
	t.Parallel()
	entra := issuerOf(t)
	keys := filepath.Join(t.TempDir(), "keys.json")
	args := guardOf(entra, "--role=reader", "--key-file", keys)
	s := guard(t, args...)
	require.Equal(t, 200, s.check(t, entra.Mint(orders), "/"))
	require.Eventually(t, func() bool { _, err := os.Stat(keys); return err == nil }, 10*time.Second, 10*time.Millisecond)
	require.NoError(t, s.cmd.Process.Kill())
	<-s.ended

	entra.Issuer().Break(imdstest.EntraDown())
	s = guard(t, args...)
	require.Equal(t, 200, s.check(t, entra.Mint(orders), "/"), "a token that it has never seen")
	require.Equal(t, 401, s.check(t, "", "/"))
	status, text := s.page(t, "/readyz")
	require.Equal(t, 200, status)
	require.Contains(t, text, `"key_source":"key file"`)
	s.stop(t)

	s = guard(t, guardOf(entra, "--role=reader")...)
	r := s.question(t, entra.Mint(orders), "/")
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, 503, resp.StatusCode, "without the file it has none")
	require.NotEmpty(t, resp.Header.Get("Retry-After"))
	status, _ = s.page(t, "/readyz")
	require.Equal(t, 503, status)
	status, _ = s.page(t, "/healthz")
	require.Equal(t, 200, status, "an outage must not have it restarted")
	s.stop(t)
}

// Requests of proxies for whose body net/http would wait, or that it would treat as more than a
// question.
func TestGuardAnswersAtOnce(t *testing.T) {
	t.Parallel()
	entra := issuerOf(t)
	s := guard(t, guardOf(entra, "--role=reader", "--proxy=nginx")...)
	good := entra.Mint(orders)
	// send returns the answer to a request that is written unchanged.
	send := func(request string) *http.Response {
		t.Helper()
		conn, err := net.Dial("tcp", s.Addresses[0])
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		// This is shorter than net/http's wait for a request.
		require.NoError(t, conn.SetDeadline(time.Now().Add(4*time.Second)))
		_, err = io.WriteString(conn, request)
		require.NoError(t, err)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err, "%.100q", request)
		return resp
	}
	head := "Host: orders.example\r\nX-Original-Method: POST\r\nX-Original-URI: /orders\r\nAuthorization: Bearer " + good + "\r\n"
	for name, c := range map[string]struct {
		request string
		status  int
	}{
		"plain":                        {"GET /check HTTP/1.1\r\n" + head + "\r\n", 200},
		"a length without a body":      {"POST /check HTTP/1.1\r\n" + head + "Content-Length: 1000\r\n\r\n", 200},
		"of GET":                       {"GET /check HTTP/1.1\r\n" + head + "Content-Length: 5\r\n\r\n", 200},
		"without a token":              {"POST /check HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\nX-Original-Method: POST\r\nX-Original-URI: /\r\n\r\n", 401},
		"chunks that never come":       {"POST /check HTTP/1.1\r\n" + head + "Transfer-Encoding: chunked\r\n\r\n", 200},
		"a body that is asked for":     {"POST /check HTTP/1.1\r\n" + head + "Content-Length: 1000\r\nExpect: 100-continue\r\n\r\n", 200},
		"a length at /healthz":         {"GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", 200},
		"a length at /validate":        {"GET /validate HTTP/1.1\r\n" + head + "Content-Length: 5\r\n\r\n", 200},
		"a handshake of a websocket":   {"GET /check HTTP/1.1\r\n" + head + "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", 200},
		"an upgrade to HTTP/2":         {"GET /check HTTP/1.1\r\n" + head + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", 200},
		"HTTP/1.0":                     {"GET /check HTTP/1.0\r\n" + head + "\r\n", 200},
		"HTTP/1.0 without a host":      {"GET /check HTTP/1.0\r\nX-Original-Method: GET\r\nX-Original-URI: /\r\nAuthorization: Bearer " + good + "\r\n\r\n", 200},
		"OPTIONS *":                    {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 404},
		"CONNECT":                      {"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 404},
		"a double slash, not cleaned":  {"GET //check HTTP/1.1\r\n" + head + "\r\n", 404},
		"dots, not cleaned":            {"GET /a/../check HTTP/1.1\r\n" + head + "\r\n", 404},
		"60 KiB of headers":            {"GET /check HTTP/1.1\r\n" + head + "Cookie: " + strings.Repeat("a", 60<<10) + "\r\n\r\n", 200},
		"80 KiB of headers":            {"GET /check HTTP/1.1\r\n" + head + "Cookie: " + strings.Repeat("a", 80<<10) + "\r\n\r\n", 431},
		"the target in a second line":  {"GET /check HTTP/1.1\r\n" + head + "X-Original-URI: /public\r\n\r\n", 403},
		"the same in other letters":    {"GET /check HTTP/1.1\r\n" + head + "x-original-uri: /orders\r\n\r\n", 403},
		"no host":                      {"GET /check HTTP/1.1\r\nX-Original-Method: GET\r\n\r\n", 400},
		"an expectation that is none":  {"GET /check HTTP/1.1\r\n" + head + "Expect: more\r\n\r\n", 417},
		"a method of the guard's own":  {"PURGE /check HTTP/1.1\r\n" + head + "\r\n", 200},
		"headers of the guard's own":   {"GET /check HTTP/1.1\r\n" + head + "x-auth-roles: admin\r\n\r\n", 403},
		"such with an underscore":      {"GET /check HTTP/1.1\r\n" + head + "X_Auth_Roles: admin\r\n\r\n", 403},
		"such that a hop takes off":    {"GET /check HTTP/1.1\r\n" + head + "Connection: X-Auth-Roles\r\nX-Auth-Roles: admin\r\n\r\n", 403},
		"nothing that is read to mean": {"GET /check HTTP/1.1\r\n" + head + "X_Original_URI: /public\r\nX-Forwarded-Uri: /public\r\n\r\n", 200},
	} {
		resp := send(c.request)
		require.Equal(t, c.status, resp.StatusCode, name)
		require.Empty(t, resp.Header.Get("Upgrade"), name)
		require.Empty(t, resp.Header.Get("Location"), name)
	}
	t.Run("and keeps a connection open for the next question", func(t *testing.T) {
		conn, err := net.Dial("tcp", s.Addresses[0])
		require.NoError(t, err)
		defer conn.Close()
		reader := bufio.NewReader(conn)
		for range 3 {
			_, err = io.WriteString(conn, "GET /check HTTP/1.1\r\n"+head+"\r\n")
			require.NoError(t, err)
			resp, err := http.ReadResponse(reader, nil)
			require.NoError(t, err)
			require.Equal(t, 200, resp.StatusCode)
			require.False(t, resp.Close)
		}
	})
	s.stop(t)
}

func TestGuardMistakes(t *testing.T) {
	t.Parallel()
	const audience, tenant = "--audience=" + orders, "--tenant=" + imdstest.DefaultTenantID
	write := func(name, text string) string {
		file := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		return file
	}
	good := write("good.yaml", "audiences: [a]\ntenants: ["+imdstest.DefaultTenantID+"]\nproxy: nginx\nrules:\n- {path: /, open: true}\n")
	requireMistakes(t, []string{"guard"}, map[string]mistake{
		"no audience":             {[]string{tenant, "--role=a"}, 2, "--audience: there is none"},
		"no tenant":               {[]string{audience, "--role=a"}, 2, "--tenant: there is none"},
		"a tenant that is none":   {[]string{audience, "--tenant=common", "--role=a"}, 2, "--tenant: \"common\" is not a GUID"},
		"a scope for an audience": {[]string{"--audience=api://a/.default", tenant}, 2, "--audience: \"api://a/.default\""},
		"a proxy that is none":    {[]string{audience, tenant, "--proxy=apache"}, 2, "--proxy: \"apache\" is no kind of proxy; give one of nginx"},
		"a cloud that is none":    {[]string{audience, tenant, "--cloud=x"}, 2, "--cloud: \"x\" is no cloud"},
		"an authority by http":    {[]string{audience, tenant, "--authority=http://login.example"}, 2, "--authority"},
		"a caller that is none":   {[]string{audience, tenant, "--caller=orders"}, 2, "--caller: \"orders\" is not a GUID"},
		"an empty role":           {[]string{audience, tenant, "--role="}, 2, "--role is empty"},
		"an empty role of two":    {[]string{audience, tenant, "--role=a", "--role=b,"}, 2, "--role: \"\" is no name"},
		"an empty scope":          {[]string{audience, tenant, "--scope="}, 2, "--scope is empty"},
		"an empty caller":         {[]string{audience, tenant, "--caller="}, 2, "--caller is empty"},
		"an empty proxy":          {[]string{audience, tenant, "--proxy="}, 2, "--proxy is empty"},
		"an empty key file":       {[]string{audience, tenant, "--key-file="}, 2, "--key-file is empty"},
		"an argument":             {[]string{audience, tenant, "x"}, 2, "unknown command"},
		"an address that is none": {[]string{audience, tenant, "--listen=16931"}, 2, "--listen: \"16931\" is not an address"},
		"no address of its own":   {[]string{audience, tenant, "--listen=192.0.2.1:0"}, 1, "no such address"},
		"pages at no address":     {[]string{audience, tenant, "--listen=127.0.0.1:0", "--metrics=192.0.2.1:0"}, 1, "no such address"},
		"a mode that is none":     {[]string{audience, tenant, "--socket-mode=rw"}, 2, "--socket-mode"},
		"a drain of less than 0":  {[]string{audience, tenant, "--drain=-1s"}, 2, "--drain"},
		"a life of less than 0":   {[]string{audience, tenant, "--min-life=-1s"}, 2, "--min-life"},
		"--role beside a file":    {[]string{"--config", good, "--role=a"}, 2, "--role beside --config"},
		"--scope beside a file":   {[]string{"--config", good, "--scope=a"}, 2, "--scope beside --config"},
		"--caller beside a file":  {[]string{"--config", good, "--caller=a"}, 2, "--caller beside --config"},
		"--app-only beside it":    {[]string{"--config", good, "--app-only"}, 2, "--app-only beside --config"},
		"a flag that overrules":   {[]string{"--config", good, "--tenant=x"}, 2, "\"x\" is not a GUID"},
		"no file":                 {[]string{"--config", good + "x"}, 2, filepath.Base(good) + "x"},
		"a slip":                  {[]string{"--config", write("slip.yaml", "rules:\n- paths: /\n")}, 2, "line 2: field paths not found"},
		"a key twice":             {[]string{"--config", write("twice.yaml", "proxy: nginx\nproxy: caddy\n")}, 2, "line 2"},
		"an empty rule":           {[]string{"--config", write("empty.yaml", "audiences: [a]\ntenants: ["+imdstest.DefaultTenantID+"]\nproxy: nginx\nrules:\n- path: /\n  require: [{}]\n")}, 2, "line 6"},
	})
}
