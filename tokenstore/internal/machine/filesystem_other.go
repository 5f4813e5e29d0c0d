//go:build !linux && !darwin && !windows

package machine

// NetworkFileSystem knows nothing of this system's file systems.
func NetworkFileSystem(string) string { return "" }
