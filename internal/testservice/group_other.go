//go:build !unix

package testservice

import (
	"os"
	"os/exec"
)

func leadGroup(*exec.Cmd) {}

func killGroup(p *os.Process) { _ = p.Kill() }
