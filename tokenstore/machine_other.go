//go:build !linux && !darwin && !windows

package tokenstore

import "runtime"

func thisMachine() machine { return machine{source: "no id of a machine is known on " + runtime.GOOS} }
