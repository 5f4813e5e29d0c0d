package measure

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/seed-ac726066/aztoken/bench/internal/gotool"
)

// Machine says in a few words what the figures were measured on.
func Machine() string {
	return fmt.Sprintf("%s, %s/%s, %d cores%s", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), cpu())
}

// cpu is the model of the processor, where Linux tells.
func cpu() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return " (" + strings.TrimSpace(value) + ")"
		}
	}
	return ""
}

// Versions says which version of each module is in use, as "path version, path version".
func Versions(ctx context.Context, modules ...string) (string, error) {
	out, err := gotool.Output(ctx, append([]string{"list", "-m", "-f", "{{.Path}} {{.Version}}"}, modules...)...)
	if err != nil {
		return "", err
	}
	return strings.Join(strings.Split(strings.TrimSpace(out), "\n"), ", "), nil
}
