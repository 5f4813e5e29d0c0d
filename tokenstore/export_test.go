package tokenstore

// DirOn returns the Backend of Dir(path) on a machine with this id, or on one without if it is
// empty.
func DirOn(path, id string) Backend {
	d := Dir(path).(*dir)
	d.machine = func() machine {
		if id == "" {
			return machine{source: "a test"}
		}
		return bind(machineID{"a test", id})
	}
	return d
}

// HomeName returns the name of the user's directory below a Dir's path.
func HomeName() (string, error) { return homeName() }
