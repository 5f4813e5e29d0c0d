package program

import (
	"os"
	"os/signal"
)

// signals are those that reach the program.
type signals struct {
	came        chan os.Signal
	hasTerminal bool
}

// catch takes signals from now on, as one may come before the program runs.
func catch(hasTerminal bool) signals {
	s := signals{make(chan os.Signal, 16), hasTerminal}
	signal.Notify(s.came, caught(hasTerminal)...)
	return s
}

func (s signals) stop() { signal.Stop(s.came) }

// passOn sends to the program what comes, until it has ended. What a terminal sends, it sends to
// the program too: to its whole group.
func (s signals) passOn(program *os.Process, ended <-chan struct{}) {
	for {
		select {
		case <-ended:
			return
		case sig := <-s.came:
			if !s.hasTerminal || !ofTerminal(sig) {
				_ = program.Signal(sig) // it may have ended just now
			}
		}
	}
}
