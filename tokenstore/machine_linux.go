package tokenstore

import "os"

func thisMachine() machine { return linuxMachine(os.DirFS("/")) }
