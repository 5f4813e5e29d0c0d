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

// catch catches signals from now on, because one may come before the program runs.
func catch(hasTerminal bool) signals {
	s := signals{make(chan os.Signal, 16), hasTerminal}
	signal.Notify(s.came, caught(hasTerminal)...)
	return s
}

func (s signals) stop() { signal.Stop(s.came) }

// passOn sends signals to the program until it has ended. It leaves out those of a terminal, which
// the terminal sends to the whole group, and so to the program too.
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
