package main_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

const (
	agentClientA = "c0000000-0000-4000-8000-00000000000a"
	agentClientB = "c0000000-0000-4000-8000-00000000000b"
)

// serving is a running command that serves.
type serving struct {
	Addresses   []string                     `json:"addresses"`
	Environment map[string]map[string]string `json:"environment"`

	cmd    *exec.Cmd
	stderr *bytes.Buffer // only after the end
	ended  chan error
}

// machineForAgents is a fake host on a socket, with two identities.
func machineForAgents(t *testing.T) *imdstest.Server {
	t.Helper()
	return imdstest.NewServer(t, &imdstest.Options{Identities: []imdstest.Identity{{ClientID: agentClientA}, {ClientID: agentClientB}}})
}

// serve starts aztoken agent --output json, until the test ends.
func serve(t *testing.T, args ...string) *serving { return serveIn(t, nil, args...) }

// serveIn is serve in an environment, nil for the usual one.
func serveIn(t *testing.T, env []string, args ...string) *serving {
	t.Helper()
	return startServing(t, env, append([]string{"agent"}, args...)...)
}

// startServing starts a command that serves, until the test ends.
func startServing(t *testing.T, env []string, args ...string) *serving {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("there is no SIGTERM to send to a process")
	}
	s := &serving{stderr: new(bytes.Buffer), ended: make(chan error, 1)}
	s.cmd = invocation{env: env}.command(t, append(args, "--output=json")...)
	s.cmd.Stderr = s.stderr
	stdout, err := s.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, s.cmd.Start())
	t.Cleanup(func() { _ = s.cmd.Process.Kill() })
	lines := bufio.NewReader(stdout)
	line, err := lines.ReadBytes('\n')
	if err != nil {
		_ = s.cmd.Wait()
		t.Fatal(err, s.stderr)
	}
	require.NoError(t, json.Unmarshal(line, s))
	go func() {
		_, _ = io.Copy(io.Discard, lines)
		s.ended <- s.cmd.Wait()
	}()
	return s
}

func (s *serving) stop(t *testing.T) {
	t.Helper()
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, <-s.ended, s.stderr)
	require.NotContains(t, s.stderr.String(), "eyJ")
}

// reloads sends SIGHUP and waits until the metric of reloading is want.
func (s *serving) reloads(t *testing.T, want string) {
	t.Helper()
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGHUP))
	require.Eventually(t, func() bool {
		resp, err := http.Get("http://" + s.Addresses[0] + "/metrics")
		require.NoError(t, err)
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return strings.Contains(string(text), "aztoken_config_last_reload_successful "+want)
	}, 10*time.Second, 10*time.Millisecond)
}

// token asks as an SDK does. header is the secret.
func (s *serving) token(t *testing.T, header, resource string) (int, map[string]any) {
	t.Helper()
	query := url.Values{"api-version": {"2019-08-01"}, "resource": {resource}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.Addresses[0]+"/msi/token?"+query.Encode(), nil)
	require.NoError(t, err)
	req.Header.Set("X-IDENTITY-HEADER", header)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	var reply map[string]any
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&reply))
	return resp.StatusCode, reply
}

// page gets /statusz as a browser or a program does. A host of "" is the address.
func page(t *testing.T, address, host, accept string) (status int, header http.Header, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/statusz", nil)
	require.NoError(t, err)
	req.Host = host
	req.Header.Set("Accept", accept)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, resp.Header, string(text)
}

func TestAgent(t *testing.T) {
	t.Parallel()
	t.Run("serves the library's own client by the environment that it prints", func(t *testing.T) {
		t.Parallel()
		host := machineForAgents(t)
		s := serve(t, "--listen=127.0.0.1:0", "--endpoint", host.URL, "--id", agentClientA, "--warm", orders)
		env := s.Environment["default"]
		require.Len(t, env, 4)
		got := invocation{env: imdstest.Environment(env).Environ(), asked: true}.run(t, "token", orders)
		require.Zero(t, got.status, got.stderr)
		require.Contains(t, invocation{stdin: got.stdout}.run(t, "inspect").stdout, agentClientA)
		ready := "http://" + s.Addresses[0] + "/readyz"
		require.Zero(t, aztoken(t, "ready", ready).status)
		host.Break(imdstest.Dropped())
		got = invocation{env: imdstest.Environment(env).Environ(), asked: true}.run(t, "token", orders)
		require.Zero(t, got.status, "upstream is down: %s", got.stderr)
		s.stop(t)
		down := aztoken(t, "ready", ready)
		require.Equal(t, 1, down.status)
		require.Contains(t, down.stderr, "see that the agent runs")
	})
	t.Run("has a page on its identities, beside the other pages", func(t *testing.T) {
		t.Parallel()
		host := machineForAgents(t)
		config := filepath.Join(t.TempDir(), "agent.yaml")
		text := "listen: ['127.0.0.1:0']\nendpoint: " + host.URL + "\nidentities:\n" +
			"- {name: orders, client_id: " + agentClientA + ", warm: [" + orders + "]}\n- {name: prices, client_id: " + agentClientB + "}\n"
		require.NoError(t, os.WriteFile(config, []byte(text), 0o600))
		s := serve(t, "--config", config)
		require.Eventually(t, func() bool { return aztoken(t, "ready", "http://"+s.Addresses[0]+"/readyz").status == 0 }, 10*time.Second, 20*time.Millisecond)

		status, header, body := page(t, s.Addresses[0], "", "text/html")
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, "text/html; charset=utf-8", header.Get("Content-Type"))
		require.Contains(t, header.Get("Content-Security-Policy"), "default-src 'none'")
		require.Contains(t, body, "<h1><bdi>aztoken agent</bdi></h1>")
		require.NotContains(t, body, "eyJ")
		status, header, body = page(t, s.Addresses[0], "", "application/json")
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, []string{"Accept"}, header["Vary"])
		var state struct {
			Level   string
			Clients []struct {
				Name, Identity string
				Resources      []struct{ Resource, State string }
			}
		}
		require.NoError(t, json.Unmarshal([]byte(body), &state))
		require.Equal(t, "ok", state.Level)
		require.Len(t, state.Clients, 2)
		require.Equal(t, "orders", state.Clients[0].Name)
		require.Equal(t, agentClientA, state.Clients[0].Identity)
		require.Equal(t, orders, state.Clients[0].Resources[0].Resource)
		require.Equal(t, "valid", state.Clients[0].Resources[0].State)
		require.Equal(t, "prices", state.Clients[1].Name)

		status, _, body = page(t, s.Addresses[0], "attacker.example", "")
		require.Equal(t, http.StatusForbidden, status)
		require.NotContains(t, body, orders)

		require.NoError(t, os.WriteFile(config, []byte(strings.Replace(text, "prices", "rates", 1)), 0o600))
		require.NoError(t, s.cmd.Process.Signal(syscall.SIGHUP))
		require.Eventually(t, func() bool {
			_, _, body := page(t, s.Addresses[0], "", "")
			return strings.Contains(body, "rates") && !strings.Contains(body, "prices")
		}, 10*time.Second, 20*time.Millisecond)
		s.stop(t)
	})
	t.Run("has it where --metrics moves the other pages", func(t *testing.T) {
		t.Parallel()
		free, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		require.NoError(t, free.Close())
		moved := free.Addr().String()
		s := serve(t, "--listen=127.0.0.1:0", "--metrics", moved, "--endpoint", machineForAgents(t).URL, "--id", agentClientA)
		status, _, _ := page(t, s.Addresses[0], "", "")
		require.Equal(t, http.StatusNotFound, status)
		status, _, body := page(t, moved, "agent.example", "")
		require.Equal(t, http.StatusOK, status, "a probe knows the address of a pod")
		require.Contains(t, body, agentClientA)
		s.stop(t)
	})
	t.Run("is not ready while a warm token is missing", func(t *testing.T) {
		t.Parallel()
		host := machineForAgents(t)
		host.Break(imdstest.Status(503))
		s := serve(t, "--listen=127.0.0.1:0", "--metrics=127.0.0.1:0", "--endpoint", host.URL, "--id", agentClientA, "--warm", orders)
		got := aztoken(t, "ready", "http://"+s.Addresses[0]+"/readyz")
		require.Equal(t, 1, got.status)
		require.Contains(t, got.stderr, "not the /readyz", "--metrics has moved it")
		s.stop(t)
	})
	t.Run("takes a file at SIGHUP as a whole or not at all", func(t *testing.T) {
		t.Parallel()
		host := machineForAgents(t)
		dir := t.TempDir()
		file, header := filepath.Join(dir, "agent.yaml"), filepath.Join(dir, "header")
		write := func(name, text string) {
			t.Helper()
			require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
		}
		write(header, "a-secret-of-some-length\n")
		good := "listen: ['127.0.0.1:0']\nendpoint: " + host.URL + "\nidentities:\n- {name: a, client_id: " + agentClientA + ", header_file: " + header + "}\n"
		write(file, good)
		s := serve(t, "--config", file)
		require.NotContains(t, s.Environment["a"], "IDENTITY_HEADER", "a log may keep it")
		status, _ := s.token(t, "a-secret-of-some-length", orders)
		require.Equal(t, http.StatusOK, status)
		reloads := func(want string) { t.Helper(); s.reloads(t, want) }
		for _, bad := range []string{
			strings.Replace(good, "client_id", "clientid", 1), strings.Replace(good, "'127.0.0.1:0'", "'127.0.0.1:1'", 1),
			good + "store: /nowhere\n", good + "metrics: 127.0.0.1:0\n",
		} {
			write(file, bad)
			reloads("0")
			status, _ = s.token(t, "a-secret-of-some-length", orders)
			require.Equal(t, http.StatusOK, status, "the old one stays")
			write(file, good)
			reloads("1")
		}
		write(file, good+"- {name: b, client_id: "+agentClientB+"}\n")
		write(header, "another-secret-of-some-length")
		require.NoError(t, s.cmd.Process.Signal(syscall.SIGHUP))
		require.Eventually(t, func() bool {
			status, _ := s.token(t, "another-secret-of-some-length", orders)
			return status == http.StatusOK
		}, 10*time.Second, 10*time.Millisecond)
		status, _ = s.token(t, "a-secret-of-some-length", orders)
		require.Equal(t, http.StatusUnauthorized, status)
		s.stop(t)
		require.Equal(t, 4, strings.Count(s.stderr.String(), `"level":"ERROR"`), s.stderr)
	})
	t.Run("keeps its callers' secret across restarts by its environment file", func(t *testing.T) {
		t.Parallel()
		host := machineForAgents(t)
		file := filepath.Join(t.TempDir(), "agent.env")
		var first []byte
		for range 2 {
			s := serve(t, "--listen=127.0.0.1:0", "--endpoint", host.URL, "--id", agentClientA, "--env-file", file)
			require.NotContains(t, s.Environment["default"], "IDENTITY_HEADER")
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			_, after, _ := bytes.Cut(text, []byte("IDENTITY_HEADER="))
			header, _, _ := bytes.Cut(after, []byte("\n"))
			if first != nil {
				require.Equal(t, string(first), string(header))
			}
			first = header
			status, _ := s.token(t, string(header), orders)
			require.Equal(t, http.StatusOK, status)
			s.stop(t)
		}
	})
	t.Run("restarted in an outage serves the tokens of its store to callers that know the old secret", func(t *testing.T) {
		t.Parallel()
		host := machineForAgents(t)
		dir := t.TempDir()
		key := filepath.Join(dir, "key")
		require.NoError(t, os.WriteFile(key, bytes.Repeat([]byte{7}, 32), 0o600))
		args := []string{
			"--listen=127.0.0.1:0", "--endpoint", host.URL, "--id", agentClientA, "--warm", orders,
			"--env-file", filepath.Join(dir, "env"), "--store", filepath.Join(dir, "store"), "--store-key-file", key,
			"--allow", "https://vault.azure.net," + orders,
		}
		s := serve(t, args...)
		text, err := os.ReadFile(filepath.Join(dir, "env"))
		require.NoError(t, err)
		header := regexp.MustCompile(`IDENTITY_HEADER=(.*)`).FindStringSubmatch(string(text))[1]
		status, before := s.token(t, header, orders)
		require.Equal(t, http.StatusOK, status)
		s.stop(t)

		host.Break(imdstest.Dropped())
		s = serve(t, args...)
		status, after := s.token(t, header, orders)
		require.Equal(t, http.StatusOK, status, after)
		require.Equal(t, before["access_token"], after["access_token"])
		resp, err := http.Get("http://" + s.Addresses[0] + "/metrics")
		require.NoError(t, err)
		defer resp.Body.Close()
		page, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.Contains(t, string(page), "aztoken_store_up 1")
		s.stop(t)
	})
}

func TestAgentMistakes(t *testing.T) {
	t.Parallel()
	config := filepath.Join(t.TempDir(), "agent.yaml")
	require.NoError(t, os.WriteFile(config, []byte("identities:\n- name: a\n  clientid: x\n"), 0o600))
	for name, c := range map[string]struct {
		env    imdstest.Environment
		args   []string
		status int
		want   string
	}{
		"a program without --":      {nil, []string{"true"}, 2, "put -- before a program"},
		"an empty id":               {nil, []string{"--client-id="}, 2, "--client-id is empty"},
		"two spellings of an id":    {nil, []string{"--id=a", "--client-id=b"}, 2, "[client-id id]"},
		"an id that is none":        {nil, []string{"--id=a"}, 2, "not a GUID"},
		"a file with a slip":        {nil, []string{"--config", config}, 2, "line 3: field clientid not found"},
		"a flag beside the file":    {nil, []string{"--config", config, "--allow=r"}, 2, "--allow beside --config"},
		"no file":                   {nil, []string{"--config", config + "x"}, 2, "no such file"},
		"a mode that is none":       {nil, []string{"--socket-mode=rw"}, 2, "--socket-mode"},
		"a developer everywhere":    {nil, []string{"--dev"}, 2, "--allow"},
		"a developer's store":       {nil, []string{"--dev", "--allow=r", "--store=/s"}, 2, "--store"},
		"IMDS for the network":      {nil, []string{"--imds", "--listen=0.0.0.0:0"}, 2, "--listen"},
		"no address that is its":    {nil, []string{"--listen=192.0.2.1:0"}, 1, "no such address"},
		"itself":                    {nil, []string{"--listen=127.0.0.1:26937", "--endpoint=http://localhost:26937"}, 2, "ask itself"},
		"itself by the environment": {imdstest.Environment{"IDENTITY_ENDPOINT": "http://127.0.0.1:26938/msi/token", "IDENTITY_HEADER": "x"}, []string{"--listen=127.0.0.1:26938"}, 2, "IDENTITY_ENDPOINT"},
		"a header file of none":     {nil, []string{"--listen=127.0.0.1:0", "--header-file", config + "x"}, 1, "make the file"},
		"an env file in nowhere":    {nil, []string{"--listen=127.0.0.1:0", "--env-file=/nowhere/env"}, 1, "directory must be there"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := invocation{}
			if c.env != nil {
				i.env = c.env.Environ()
			}
			got := i.run(t, append([]string{"agent"}, c.args...)...)
			require.Equal(t, c.status, got.status, got.stderr)
			require.Empty(t, got.stdout)
			require.Contains(t, got.stderr, c.want)
		})
	}
}
