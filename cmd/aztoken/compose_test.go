package main_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// The tests do not have the engine that reads the compose file, but the command can read the
// arguments that the file gives it.
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

// The files that run the services call them with flags that exist.
func TestTheExamplesCallTheServicesAsTheyAre(t *testing.T) {
	t.Parallel()
	type container struct {
		Command, Args  []string
		Healthcheck    struct{ Test []string }
		StartupProbe   probe `yaml:"startupProbe"`
		ReadinessProbe probe `yaml:"readinessProbe"`
	}
	read := func(name string, into any) {
		text, err := os.ReadFile("../../examples/" + name)
		require.NoError(t, err)
		require.NoError(t, yaml.Unmarshal(text, into))
	}
	var compose struct{ Services map[string]container }
	read("compose-agent/compose.yaml", &compose)
	containers := slices.Collect(maps.Values(compose.Services))
	var calls [][]string
	for _, service := range []string{"agent", "guard"} {
		var pod struct {
			Spec struct {
				Template struct {
					Spec struct {
						InitContainers []container `yaml:"initContainers"`
					}
				}
			}
		}
		read("kubernetes/"+service+"-sidecar.yaml", &pod)
		containers = append(containers, pod.Spec.Template.Spec.InitContainers...)
		unit, err := os.ReadFile("../../examples/systemd/aztoken-" + service + ".service")
		require.NoError(t, err)
		_, start, found := strings.Cut(string(unit), "\nExecStart=/usr/local/bin/aztoken ")
		require.True(t, found)
		start, _, _ = strings.Cut(start, "\n")
		calls = append(calls, strings.Fields(start))
	}
	for _, c := range containers {
		for _, call := range [][]string{c.Command, c.Args, c.Healthcheck.Test, c.StartupProbe.Exec.Command, c.ReadinessProbe.Exec.Command} {
			call = slices.DeleteFunc(call, func(word string) bool { return word == "CMD" || word == "/aztoken" })
			if len(call) > 0 {
				calls = append(calls, call)
			}
		}
	}
	require.Len(t, calls, 10)
	for _, call := range calls {
		require.Contains(t, commands, call[0])
		got := aztoken(t, append(call, "--help")...)
		require.Zero(t, got.status, "%s: %s", call, got.stderr)
	}
}

// probe is a probe of Kubernetes.
type probe struct {
	Exec struct{ Command []string }
}
