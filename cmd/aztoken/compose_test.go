package main_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// The compose file is read by an engine that the tests have not; what it tells the command to do is
// read by the command.
func TestComposeFile(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../examples/compose/compose.yaml")
	require.NoError(t, err)
	var file struct {
		Services map[string]struct {
			Command     []string
			Healthcheck struct{ Test []string }
		}
	}
	require.NoError(t, yaml.Unmarshal(text, &file))
	require.Len(t, file.Services, 2)
	calls := 0
	for name, service := range file.Services {
		for _, call := range [][]string{service.Command, service.Healthcheck.Test} {
			if len(call) == 0 {
				continue
			}
			if call[0] == "CMD" {
				require.Equal(t, "/aztoken", call[1])
				call = call[2:]
			}
			calls++
			require.Contains(t, commands, call[0], name)
			got := aztoken(t, append(call, "--help")...)
			require.Zero(t, got.status, "%s: %s", name, got.stderr)
		}
	}
	require.Equal(t, 3, calls)
}
