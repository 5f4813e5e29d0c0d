package main_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/goldenfile"
)

const orders = "https://orders.example.com"

// binary is the command, built once for all tests.
var binary string

func TestMain(m *testing.M) {
	flag.Parse()
	dir, err := os.MkdirTemp("", "aztoken-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "aztoken")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		panic(fmt.Sprintf("building the command: %v\n%s", err, out))
	}
	status := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(status)
}

// invocation is one call of the command.
type invocation struct {
	env   []string // nil: a machine whose environment names no host
	stdin string
	asked bool // stdout may have a token
}

// outcome is the result of an invocation.
type outcome struct {
	stdout, stderr string
	status         int
}

func aztoken(t *testing.T, args ...string) outcome { return invocation{}.run(t, args...) }

func (i invocation) run(t *testing.T, args ...string) outcome {
	t.Helper()
	cmd := i.command(t, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	o := outcome{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
	o.keepsSecrets(t, i.asked)
	return o
}

func (i invocation) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.WaitDelay = 10 * time.Second
	cmd.Stdin = strings.NewReader(i.stdin)
	cmd.Env = i.env
	if i.env == nil {
		cmd.Env = imdstest.Environment{}.Environ()
	}
	return cmd
}

// keepsSecrets checks what is true of every command: no token goes to stderr, none to stdout unless
// asked for, and the advice is for the command line.
func (o outcome) keepsSecrets(t *testing.T, asked bool) {
	t.Helper()
	require.NotContains(t, o.stderr, "eyJ")
	if !asked {
		require.NotContains(t, o.stdout, "eyJ")
	}
	require.NotContains(t, o.stdout+o.stderr, "Options.")
}

// volatile matches what differs from run to run.
var volatile = []struct {
	pattern *regexp.Regexp
	name    string
}{
	{regexp.MustCompile(`eyJ[\w.-]{20,}`), "TOKEN"},
	{regexp.MustCompile(`(https?)://127\.0\.0\.1:\d+`), "$1://ENDPOINT"},
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "ENDPOINT"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`), "TIME"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC`), "TIME"},
	{regexp.MustCompile(`"(expires_in|took_ms)": -?[\d.]+`), `"$1": 0`},
	{regexp.MustCompile(`\b\d+(\.\d+)?(µs|ms)\b`), "DURATION"},
	{regexp.MustCompile(`\b(\d+h)?(\d+m)?\d+(\.\d+)?s\b|\b\d+h(\d+m)?\b|\b\d+m\b`), "DURATION"},
	{regexp.MustCompile(` +DURATION`), " DURATION"},
}

// stable returns text without what differs from run to run.
func stable(text string) string {
	for _, v := range volatile {
		text = v.pattern.ReplaceAllString(text, v.name)
	}
	// The clock of Windows is coarse: a check may take no time, and then reports none.
	if runtime.GOOS == "windows" {
		text = doctorTime.ReplaceAllString(text, "$1 ")
	}
	return text
}

var doctorTime = regexp.MustCompile(`(?m)^([✓✗] \S+) +(DURATION +)?`)

// trustsByFile skips the test if Go does not take certificates from $SSL_CERT_FILE, as on Windows
// and macOS, which have their own store.
func trustsByFile(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		t.Skip("this system has a store of certificates, and Go reads no other")
	}
}

func with(args []string, more ...string) []string {
	return append(append([]string{}, args...), more...)
}

// mistake is what somebody adds to a command, the status that it ends with, and words of what it
// says.
type mistake struct {
	args   []string
	status int
	want   string
}

// requireMistakes requires that a command refuses mistakes, and prints nothing.
func requireMistakes(t *testing.T, command []string, mistakes map[string]mistake) {
	t.Helper()
	for name, m := range mistakes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := aztoken(t, with(command, m.args...)...)
			require.Equal(t, m.status, got.status, got.stderr)
			require.Empty(t, got.stdout)
			require.Contains(t, got.stderr, m.want)
		})
	}
}

// golden compares text with a file, once everything volatile is out of both.
func golden(t *testing.T, name, text string) {
	t.Helper()
	text = stable(text)
	require.Equal(t, stable(goldenfile.Content(t, name, text)), text)
}
