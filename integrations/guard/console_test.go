package guard_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/testservice"
)

var consoleBlock = regexp.MustCompile("(?ms)^```console\n(.*?)^```$")

// The commands on the page must print what the page shows. An ellipsis matches any output.
func TestConsole(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		testservice.Missing(t, "curl", "there is no curl on this machine")
	}
	content, err := os.ReadFile(page)
	require.NoError(t, err)
	c := newConsole(t)
	blocks := consoleBlock.FindAllStringSubmatch(string(content), -1)
	require.Len(t, blocks, 3)
	for _, block := range blocks {
		for _, typed := range strings.Split("\n"+block[1], "\n$ ")[1:] {
			line, shown, _ := strings.Cut(typed+"\n", "\n")
			c.run(t, line, shown)
		}
	}
}

// console is a shell in which a reader types the commands.
type console struct {
	dir                  string
	environ              []string
	fake, control, guard string            // addresses
	ports                *strings.Replacer // replaces the addresses on the page
	running              *process          // the guard
}

func newConsole(t *testing.T) *console {
	c := &console{dir: t.TempDir(), fake: testservice.FreeAddress(t), control: testservice.FreeAddress(t), guard: testservice.FreeAddress(t)}
	c.ports = strings.NewReplacer("127.0.0.1:16925", c.fake, "127.0.0.1:16926", c.control, "127.0.0.1:16931", c.guard)
	c.environ = append(os.Environ(), "PATH="+filepath.Dir(command)+":"+os.Getenv("PATH"))
	return c
}

// run runs a line and compares its output with what the page shows. Servers are left running.
func (c *console) run(t *testing.T, line, shown string) {
	t.Helper()
	line = c.ports.Replace(line)
	switch words := strings.Fields(line); {
	case strings.HasPrefix(line, "aztoken fake "):
		c.launch(t, append(words[1:], "--listen", c.fake, "--control", c.control), "control address for faults")
	case strings.HasPrefix(line, "aztoken guard "):
		if c.running != nil {
			c.running.stop()
		}
		c.running = c.launch(t, append(words[1:], "--listen", c.guard), "aztoken guard: serving")
	case strings.HasPrefix(line, "TOKEN="):
		c.environ = append(c.environ, "TOKEN="+c.shell(t, line+` && printf %s "$TOKEN"`))
	default:
		pattern := "(?s)^" + strings.ReplaceAll(regexp.QuoteMeta(tidy(shown)), "…", ".*") + "$"
		require.Regexp(t, pattern, tidy(c.shell(t, line)), line)
	}
}

// shell runs a line and returns its output.
func (c *console) shell(t *testing.T, line string) string {
	t.Helper()
	cmd := exec.Command("sh", "-ec", line)
	cmd.Dir, cmd.Env = c.dir, c.environ
	printed, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s: %s", line, printed)
	return string(printed)
}

func (c *console) launch(t *testing.T, args []string, ready string) *process {
	t.Helper()
	cmd := exec.Command(command, args...)
	cmd.Dir, cmd.Env = c.dir, c.environ
	return launch(t, cmd, says(ready))
}

// tidy returns output as a page shows it: without carriage returns, spaces at the ends of lines,
// and newlines at the end.
func tidy(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \r")
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}
