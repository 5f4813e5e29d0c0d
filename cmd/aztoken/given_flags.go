package main

import (
	"fmt"
	"io"
	"os"
)

// givenFlags reports whether a flag is on the command line of a service that may have a file too.
type givenFlags func(flag string) bool

// refuse returns an error for the first of flags that is given beside --config, whose place in the
// file is into.
func (given givenFlags) refuse(flags []string, into string) error {
	for _, flag := range flags {
		if given(flag) {
			return fmt.Errorf("aztoken: --%s beside --config; write it into %s", flag, into)
		}
	}
	return nil
}

// apply carries out what each flag that is given changes.
func (given givenFlags) apply(changes map[string]func()) {
	for flag, change := range changes {
		if given(flag) {
			change()
		}
	}
}

// flagValue is what a flag was set to, in one text if it may be repeated.
type flagValue struct{ name, value string }

// checkEmpty returns an error for the first flag that is given and empty, as of a variable that is
// not set in a script: it must not mean what a flag does that is left out.
func (given givenFlags) checkEmpty(flags []flagValue) error {
	for _, f := range flags {
		if given(f.name) && f.value == "" {
			return fmt.Errorf("aztoken: --%s is empty; give a value, or leave it out", f.name)
		}
	}
	return nil
}

// readConfig returns what read makes of the file of --config. The advice is for a file that cannot
// be opened.
func readConfig[C any](path, advice string, read func(r io.Reader, name string) (C, error)) (C, error) {
	file, err := os.Open(path)
	if err != nil {
		var none C
		return none, fmt.Errorf("aztoken: %w; %s", err, advice)
	}
	defer file.Close()
	return read(file, path)
}
