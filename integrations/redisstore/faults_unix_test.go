//go:build unix

package redisstore_test

import "syscall"

// stop stops the server without closing its connections, as a machine that swaps or is moved does.
func (s *server) stop() error { return s.cmd.Process.Signal(syscall.SIGSTOP) }

func (s *server) resume() error { return s.cmd.Process.Signal(syscall.SIGCONT) }
