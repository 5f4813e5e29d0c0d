package main

import (
	"errors"
	"io"
	"time"

	"github.com/seed-ac726066/aztoken/internal/grant"
	"github.com/seed-ac726066/aztoken/internal/graph"
)

// sayAgain is how often a line of progress comes where it cannot be written over.
const sayAgain = 30 * time.Second

// stepWriter tells of steps as they are done. On a terminal the time that is waited runs in its last line.
type stepWriter struct {
	w    io.Writer
	live bool
	said time.Duration // of the waiting for the step that is under way
	now  string        // which one that is
	done map[string]bool
}

func newStepWriter(w io.Writer) *stepWriter {
	return &stepWriter{w: w, live: isTerminal(w), done: map[string]bool{}}
}

func (s *stepWriter) tell(p grant.Progress) {
	if p.Step.Text != s.now {
		s.now, s.said = p.Step.Text, -sayAgain
	}
	if p.Done {
		s.erase()
		s.done[p.Step.Text] = true
		say(s.w, "✓ %s", legible(p.Step.Text))
		return
	}
	line := "waiting for " + awaited(p.Why) + ", " + short(p.Waited)
	switch {
	case s.live:
		// Short, as a line that is wrapped cannot be written over.
		_, _ = io.WriteString(s.w, "\r\x1b[K… "+line)
	case p.Waited-s.said >= sayAgain:
		s.said = p.Waited
		say(s.w, "… %s: %s", legible(p.Step.Text), line)
	}
}

// erase empties the line that is written over.
func (s *stepWriter) erase() {
	if s.live {
		_, _ = io.WriteString(s.w, "\r\x1b[K")
	}
}

// awaited is what is waited for, in a word or two.
func awaited(why error) string {
	var e *graph.Error
	if errors.As(why, &e) && e.Kind == graph.Throttled {
		return "Microsoft Graph, which is busy"
	}
	return "replication"
}
