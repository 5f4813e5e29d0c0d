//go:build !linux && !darwin && !windows

package machine

import "runtime"

// This returns the Binding of this machine.
func This() Binding { return Binding{Source: "no id of a machine is known on " + runtime.GOOS} }
