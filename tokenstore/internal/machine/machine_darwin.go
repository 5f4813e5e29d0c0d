package machine

import (
	"context"
	"os/exec"
)

// This returns the Binding of this machine.
func This() Binding {
	ctx, cancel := context.WithTimeout(context.Background(), idTime)
	defer cancel()
	description, err := exec.CommandContext(ctx, "/usr/sbin/ioreg", "-rd1", "-c", "IOPlatformExpertDevice").Output()
	if err != nil {
		return Binding{Source: "ioreg: " + err.Error()}
	}
	return darwinBinding(string(description))
}
