package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

// licenseFile matches files that must come with a program that links the module.
var licenseFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice)([.-].*)?$`)

// thirdParty returns the licenses of Go and of all modules that are linked into program.
func thirdParty(ctx context.Context, root, program string) ([]byte, error) {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	goroot, err := goCommand(ctx, root, nil, "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	if err := appendLicenses(&text, "Go "+info.GoVersion, goroot); err != nil {
		return nil, err
	}
	for _, m := range info.Deps {
		dir, err := goCommand(ctx, root, nil, "list", "-m", "-f", "{{.Dir}}", m.Path)
		if err != nil {
			return nil, err
		}
		if err := appendLicenses(&text, m.Path+" "+m.Version, dir); err != nil {
			return nil, err
		}
	}
	return text.Bytes(), nil
}

func appendLicenses(text *bytes.Buffer, name, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("the license of %s: %w", name, err)
	}
	found := false
	for _, e := range entries {
		if e.IsDir() || filepath.Ext(e.Name()) == ".go" || !licenseFile.MatchString(e.Name()) {
			continue
		}
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(text, "== %s: %s\n\n%s\n\n", name, e.Name(), bytes.TrimSpace(content))
		found = true
	}
	if !found {
		return fmt.Errorf("%s has no license in %s; it must not be linked", name, dir)
	}
	return nil
}
