//go:build !linux && !darwin && !windows

package tokenstore

// networkFileSystem knows nothing of this system's file systems.
func networkFileSystem(string) string { return "" }
