package tokenstore

import (
	"context"
	"os/exec"
)

func thisMachine() machine {
	ctx, cancel := context.WithTimeout(context.Background(), idTime)
	defer cancel()
	description, err := exec.CommandContext(ctx, "/usr/sbin/ioreg", "-rd1", "-c", "IOPlatformExpertDevice").Output()
	if err != nil {
		return machine{source: "ioreg: " + err.Error()}
	}
	return darwinMachine(string(description))
}
