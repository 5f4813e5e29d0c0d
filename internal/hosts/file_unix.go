//go:build unix

package hosts

import "syscall"

// nonblock opens a FIFO without waiting for somebody who writes to it.
const nonblock = syscall.O_NONBLOCK
