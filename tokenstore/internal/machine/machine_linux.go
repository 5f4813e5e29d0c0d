package machine

import "os"

// This returns the Binding of this machine.
func This() Binding { return linuxBinding(os.DirFS("/")) }
