package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"
)

// errNoTerminal means that there is no terminal to ask at.
var errNoTerminal = errors.New("aztoken: nothing was changed: there is no terminal for the question; add --yes to apply without asking, or --dry-run to see only the plan")

// errNoAnswer means that nobody answered.
var errNoAnswer = errors.New("aztoken: nothing was changed: there was no answer; add --yes to apply without asking, or --dry-run to see only the plan")

// confirmed asks a question at the terminal. Anything but yes means no.
func confirmed(ctx context.Context, in io.Reader, out io.Writer, question string) (bool, error) {
	if !isTerminal(in) {
		return false, errNoTerminal
	}
	_, _ = io.WriteString(out, question+" [y/N] ")
	// The answer is "" at the end of the input, as with /dev/null, which looks like a terminal.
	answer := make(chan string, 1)
	// Only a line ends a read from a terminal. After Ctrl-C the process ends soon, and this
	// goroutine with it.
	go func() {
		line, _ := bufio.NewReader(in).ReadString('\n')
		answer <- line
	}()
	select {
	case <-ctx.Done():
		_, _ = io.WriteString(out, "\n")
		return false, errors.New("aztoken: nothing was changed")
	case line := <-answer:
		if line == "" {
			_, _ = io.WriteString(out, "\n")
			return false, errNoAnswer
		}
		line = strings.ToLower(strings.TrimSpace(line))
		return line == "y" || line == "yes", nil
	}
}

// orDeclined returns err, or that the answer was no.
func orDeclined(err error) error {
	if err != nil {
		return err
	}
	return errors.New("aztoken: nothing was changed: the answer was not yes")
}
