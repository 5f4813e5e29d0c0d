package aztoken

// contain runs a callback of the user's and comes back whatever it does: a panic in it, or the runtime.Goexit that a failed
// assertion of a test is, would otherwise take a flight's goroutine with it and leave every caller waiting.
func contain(callback func()) (panicked any) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { panicked = recover() }()
		callback()
	}()
	<-done
	return panicked
}
