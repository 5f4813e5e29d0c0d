package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"
)

// errNoTerminal is that nobody can be asked.
var errNoTerminal = errors.New("aztoken: nothing was changed, as there is no terminal to ask at; add --yes to go ahead without being asked, or --dry-run to see the plan alone")

// confirmed asks a question at the terminal; anything but yes is no.
func confirmed(ctx context.Context, in io.Reader, out io.Writer, question string) (bool, error) {
	if !isTerminal(in) {
		return false, errNoTerminal
	}
	_, _ = io.WriteString(out, question+" [y/N] ")
	answer := make(chan string, 1)
	// Nothing ends a read from a terminal but a line. If Ctrl-C comes instead, the process is about to end, and this with it.
	go func() {
		line, _ := bufio.NewReader(in).ReadString('\n')
		answer <- line
	}()
	select {
	case <-ctx.Done():
		return false, errors.New("aztoken: nothing was changed")
	case line := <-answer:
		line = strings.ToLower(strings.TrimSpace(line))
		return line == "y" || line == "yes", nil
	}
}

// orRefused is err, or that the answer was no.
func orRefused(err error) error {
	if err != nil {
		return err
	}
	return errors.New("aztoken: nothing was changed, as the answer was not yes")
}
