package measure

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/seed-ac726066/aztoken/bench/internal/gotool"
)

// Machine describes in a few words the machine of the measurements.
func Machine() string {
	return fmt.Sprintf("%s, %s/%s, %d cores%s", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), cpu())
}

// cpu returns the model of the processor, where Linux tells.
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

// Versions returns the version of each module in use, as "path version, path version".
func Versions(ctx context.Context, modules ...string) (string, error) {
	out, err := gotool.Output(ctx, append([]string{"list", "-m", "-f", "{{.Path}} {{.Version}}"}, modules...)...)
	if err != nil {
		return "", err
	}
	return strings.Join(strings.Split(strings.TrimSpace(out), "\n"), ", "), nil
}
