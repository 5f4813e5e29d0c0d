package publicapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
)

// A listing is what `go list` reports about a package.
type listing struct {
	ImportPath, Name, Dir string
	// ForTest is set for an external test package: the package that it tests.
	ForTest string
	Export  string   // the file of its export data
	GoFiles []string // without those that other systems or tags build
	// ImportMap has the import paths that mean a package recompiled for the test.
	ImportMap map[string]string
}

// public lists the import paths of the packages of the module in dir that other modules import.
// Programs do not count, nor do packages below examples, which are only for reading.
func public(dir string) ([]string, error) {
	all, err := list(dir, "./...")
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, p := range all {
		elements := strings.Split(p.ImportPath, "/")
		if p.Name == "main" || len(p.GoFiles) == 0 || slices.Contains(elements, "internal") || slices.Contains(elements, "examples") {
			continue
		}
		paths = append(paths, p.ImportPath)
	}
	return paths, nil
}

func list(dir string, args ...string) ([]listing, error) {
	fields := "-json=ImportPath,Name,Dir,ForTest,Export,GoFiles,ImportMap"
	var stderr bytes.Buffer
	cmd := exec.Command("go", append([]string{"list", fields}, args...)...)
	cmd.Dir, cmd.Stderr = dir, &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list %s: %w\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	var all []listing
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listing
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
}
