package main

import (
	"fmt"
	"io"
	"os"
)

// givenFlags reports whether a flag was given on the command line. Its methods are for services
// that are configured by flags or by a file.
type givenFlags func(flag string) bool

// refuse returns an error for the first of flags that was given together with --config. into says
// where in the file its value belongs.
func (given givenFlags) refuse(flags []string, into string) error {
	for _, flag := range flags {
		if given(flag) {
			return fmt.Errorf("aztoken: --%s beside --config; write it into %s", flag, into)
		}
	}
	return nil
}

// apply makes the change of each flag that was given.
func (given givenFlags) apply(changes map[string]func()) {
	for flag, change := range changes {
		if given(flag) {
			change()
		}
	}
}

// flagValue is the value of a flag; if the flag may be repeated, all its values joined.
type flagValue struct{ name, value string }

// checkEmpty returns an error for the first flag that was given but is empty, as from an unset
// variable in a script: it must not mean the same as a flag that was left out.
func (given givenFlags) checkEmpty(flags []flagValue) error {
	for _, f := range flags {
		if given(f.name) && f.value == "" {
			return fmt.Errorf("aztoken: --%s is empty; give a value, or leave it out", f.name)
		}
	}
	return nil
}

// readConfig opens the file of --config and returns what read makes of it. If the file cannot be
// opened, the error ends with advice.
func readConfig[C any](path, advice string, read func(r io.Reader, name string) (C, error)) (C, error) {
	file, err := os.Open(path)
	if err != nil {
		var none C
		return none, fmt.Errorf("aztoken: %w; %s", err, advice)
	}
	defer file.Close()
	return read(file, path)
}
