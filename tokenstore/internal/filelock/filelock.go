// Package filelock locks files between processes: by flock where there is that, and by LockFileEx
// on Windows. It never waits for a lock.
package filelock
