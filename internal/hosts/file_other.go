//go:build !unix

package hosts

// nonblock is nothing where no FIFO is among the files.
const nonblock = 0
