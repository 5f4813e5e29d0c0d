package tokenstore

import "github.com/seed-ac726066/aztoken/tokenstore/internal/machine"

// DirOn returns the Backend of Dir(path) on a machine with this id, or on one without if it is
// empty.
func DirOn(path, id string) Backend {
	d := Dir(path).(*dir)
	d.machine = func() machine.Binding {
		if id == "" {
			return machine.Binding{Source: "a test"}
		}
		return machine.Bind(machine.Value{Source: "a test", Text: id})
	}
	return d
}

// HomeName returns the name of the user's directory below a Dir's path.
func HomeName() (string, error) { return homeName() }
