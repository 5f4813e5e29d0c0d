// Package contain calls functions of users and survives them.
package contain

// Call runs callback and comes back whatever it does: a panic in it, or the runtime.Goexit that a failed assertion of a test is,
// would otherwise take the goroutine of a refresh with it and leave every caller waiting. It gives what callback panicked with.
func Call(callback func()) (panicked any) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { panicked = recover() }()
		callback()
	}()
	<-done
	return panicked
}
