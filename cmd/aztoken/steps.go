package main

import (
	"errors"
	"io"
	"time"

	"github.com/seed-ac726066/aztoken/internal/graph"
	"github.com/seed-ac726066/aztoken/internal/message"
	"github.com/seed-ac726066/aztoken/internal/rollout"
)

// sayAgain is how often progress is reported if a line cannot be overwritten.
const sayAgain = 30 * time.Second

// stepWriter reports steps as they are done. On a terminal its last line shows the time waited.
type stepWriter struct {
	w    io.Writer
	live bool
	said time.Duration // the time waited at the last report, for the current step
	now  string        // the current step
	done map[string]bool
}

func newStepWriter(w io.Writer) *stepWriter {
	return &stepWriter{w: w, live: isTerminal(w), done: map[string]bool{}}
}

func (s *stepWriter) tell(p rollout.Progress) {
	if p.Step != s.now {
		s.now, s.said = p.Step, -sayAgain
	}
	if p.Done {
		s.erase()
		s.done[p.Step] = true
		say(s.w, "✓ %s", printable(p.Step))
		return
	}
	line := "waiting for " + awaited(p.Why) + ", " + message.Duration(p.Waited)
	switch {
	case s.live:
		// Keep it short, because a wrapped line cannot be overwritten.
		_, _ = io.WriteString(s.w, "\r\x1b[K… "+line)
	case p.Waited-s.said >= sayAgain:
		s.said = p.Waited
		say(s.w, "… %s: %s", printable(p.Step), line)
	}
}

// erase clears the line that is overwritten.
func (s *stepWriter) erase() {
	if s.live {
		_, _ = io.WriteString(s.w, "\r\x1b[K")
	}
}

// awaited returns what the step waits for, in a word or two.
func awaited(why error) string {
	var e *graph.Error
	if errors.As(why, &e) && e.Kind == graph.Throttled {
		return "Microsoft Graph, which is throttling"
	}
	return "replication"
}
