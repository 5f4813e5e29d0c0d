//go:build !unix

package hosts

// nonblock is 0 on systems without FIFOs in the file system.
const nonblock = 0
