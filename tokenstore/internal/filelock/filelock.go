// Package filelock locks files between processes: with flock if there is one, and with LockFileEx
// on Windows. It never waits for a lock.
package filelock
