package plan

import "time"

// kind is one way to break or disturb a layer.
type kind struct {
	name   string
	action func(size time.Duration, count int) Action
	costly bool // it is work for this machine and proves nothing more when it lasts
}

// step returns a step of the kind. Times are truncated, as the last bit of a logarithm differs
// between processors.
func (k kind) step(l Layer, at, lasting, size time.Duration, count int) Step {
	size = size.Truncate(time.Microsecond)
	return Step{
		At: at.Truncate(time.Microsecond), Lasting: lasting.Truncate(time.Microsecond), Layer: l, Kind: k.name,
		Action: k.action(size, count), Size: size, Count: count,
	}
}

// just returns a kind whose action takes no arguments.
func just(name string, a Action) kind {
	return kind{name: name, action: func(time.Duration, int) Action { return a }}
}

// sized returns a kind whose action depends on the size of its step.
func sized(name string, action func(time.Duration) Action) kind {
	return kind{name: name, action: func(size time.Duration, _ int) Action { return action(size) }}
}

// counted returns a kind whose action depends on the count of its step.
func counted(name string, action func(int) Action) kind {
	return kind{name: name, action: func(_ time.Duration, count int) Action { return action(count) }}
}
