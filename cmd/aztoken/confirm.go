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

// errNoAnswer is that nobody was there.
var errNoAnswer = errors.New("aztoken: nothing was changed, as there was no answer; add --yes to go ahead without being asked, or --dry-run to see the plan alone")

// confirmed asks a question at the terminal; anything but yes is no.
func confirmed(ctx context.Context, in io.Reader, out io.Writer, question string) (bool, error) {
	if !isTerminal(in) {
		return false, errNoTerminal
	}
	_, _ = io.WriteString(out, question+" [y/N] ")
	answer := make(chan string, 1) // "" at the end of the file, which is what /dev/null has, though it passes for a terminal
	// Nothing ends a read from a terminal but a line. If Ctrl-C comes instead, the process is about to end, and this with it.
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

// orRefused is err, or that the answer was no.
func orRefused(err error) error {
	if err != nil {
		return err
	}
	return errors.New("aztoken: nothing was changed, as the answer was not yes")
}
