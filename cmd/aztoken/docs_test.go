package main_test

import (
	"bufio"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/pages"
)

// checked returns the blocks of a page that are marked as checked by a test.
func checked(t *testing.T, test, page string) (found []string) {
	t.Helper()
	blocks, err := pages.CheckedBy(test)
	require.NoError(t, err)
	for _, b := range blocks {
		if b.Page == page {
			found = append(found, b.Text)
		}
	}
	require.NotEmpty(t, found, page)
	return found
}

// TestDocsOutput: inspect, doctor and fake print what docs/command.md shows, except for times and
// ports.
func TestDocsOutput(t *testing.T) {
	t.Parallel()
	blocks := checked(t, "TestDocsOutput", "docs/command.md")
	require.Len(t, blocks, 3)
	imds := imdstest.NewServer(t, &imdstest.Options{Identities: []imdstest.Identity{{Roles: map[string][]string{orders: {"consumer"}}}}})
	onHost := invocation{env: imds.IMDS().Environ(), asked: true}
	t.Run("inspect", func(t *testing.T) {
		t.Parallel()
		command, want, _ := strings.Cut(blocks[0], "\n")
		require.Equal(t, "$ aztoken token "+orders+" | aztoken inspect --want-version 2", command)
		token := onHost.run(t, "token", orders)
		require.Zero(t, token.status, token.stderr)
		got := invocation{stdin: token.stdout}.run(t, "inspect", "--want-version", "2")
		require.Equal(t, lasting(want), lasting(got.stdout+got.stderr))
	})
	t.Run("doctor", func(t *testing.T) {
		t.Parallel()
		command, want, _ := strings.Cut(blocks[1], "\n")
		args := strings.Fields(command)[2:]
		require.Equal(t, "--endpoint", args[len(args)-2])
		args[len(args)-1] = imds.URL
		got := aztoken(t, args...)
		require.Equal(t, lasting(want), lasting(got.stdout+got.stderr))
	})
	t.Run("fake", func(t *testing.T) {
		t.Parallel()
		if runtime.GOOS == "windows" {
			t.Skip("there is no SIGINT to send to a process")
		}
		command, want, _ := strings.Cut(blocks[2], "\n")
		require.Equal(t, lasting(want), lasting(faulty(t, strings.Fields(command)[2:])))
	})
}

// faulty runs the fake as on the page, and returns what it prints: a token, and after a fault of
// Entra ID the same token again, and none for another resource.
func faulty(t *testing.T, args []string) string {
	t.Helper()
	screen, program, err := os.Pipe()
	require.NoError(t, err)
	defer screen.Close()
	cmd := invocation{}.command(t, append(args, "--listen=127.0.0.1:0", "--control=127.0.0.1:0")...)
	cmd.Stdout, cmd.Stderr = program, program
	require.NoError(t, cmd.Start())
	require.NoError(t, program.Close())
	printed, lines := "", bufio.NewReader(screen)
	read := func(until string) string {
		for {
			line, err := lines.ReadString('\n')
			require.NoError(t, err, printed)
			printed += line
			if strings.Contains(line, until) {
				return line
			}
		}
	}
	address := regexp.MustCompile(`http://[\d.:]+`)
	endpoint := address.FindString(read("identity endpoint at"))
	control := address.FindString(read("control address"))
	ask := func(resource string, logged string) {
		r, err := http.NewRequest(http.MethodGet, endpoint+"/metadata/identity/oauth2/token?api-version=2018-02-01&resource="+url.QueryEscape(resource), nil)
		require.NoError(t, err)
		r.Header.Set("Metadata", "true")
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		read(logged)
	}
	ask(orders, "new token")
	resp, err := http.PostForm(control+"/break", url.Values{"fault": {"EntraDown"}})
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)
	ask(orders, "200, fault EntraDown")
	ask("https://vault.azure.net", "500, fault EntraDown")
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	rest, err := io.ReadAll(lines)
	require.NoError(t, err)
	require.NoError(t, cmd.Wait())
	return printed + string(rest)
}

var clockTime = regexp.MustCompile(`(?m)^\d\d:\d\d:\d\d `)

// lasting returns text without the parts that differ from run to run.
func lasting(text string) string {
	return clockTime.ReplaceAllString(stable(text), "TIME ")
}
