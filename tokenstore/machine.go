package tokenstore

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"strings"
	"time"
)

// machine is what entries of a Dir are bound to.
type machine struct {
	binding string // a hash of the ids, "" if there is none
	source  string // which ids, or why there is none; without the ids themselves
}

func (m machine) bound() bool { return m.binding != "" }

// maxID is the size of the longest file that can hold an id, and idTime how long a command that
// prints one may take.
const (
	maxID  = 4 << 10
	idTime = 2 * time.Second
)

// machineID is one id of a machine, and what it is called.
type machineID struct{ source, value string }

// bind returns the machine of these ids.
func bind(ids ...machineID) machine {
	var sources, values []string
	for _, id := range ids {
		sources = append(sources, id.source)
		values = append(values, id.source, strings.ToLower(id.value))
	}
	sum := sha256.Sum256(parts(values...))
	return machine{binding: hex.EncodeToString(sum[:]), source: strings.Join(sources, " and ")}
}

// linuxMachine returns the machine whose root directory is root.
//
// An image that was cloned carries its machine-id along, so the id that the hypervisor or
// cloud-init gave the VM is added. A container is not bound: a machine-id in it is that of its
// image, and with the next image all entries would be lost.
func linuxMachine(root fs.FS) machine {
	if mark := containerMark(root); mark != "" {
		return machine{source: "this is a container (" + mark + ")"}
	}
	id := readID(root, "etc/machine-id")
	if id == "" || id == "uninitialized" {
		return machine{source: "there is no /etc/machine-id"}
	}
	ids := []machineID{{"/etc/machine-id", id}}
	for _, path := range []string{
		"sys/class/dmi/id/product_uuid", // for root only
		"var/lib/cloud/data/instance-id",
	} {
		if id := readID(root, path); id != "" {
			return bind(append(ids, machineID{"/" + path, id})...)
		}
	}
	return bind(ids...)
}

// containerMark returns what shows that this is a container, "" if nothing does.
func containerMark(root fs.FS) string {
	for _, path := range []string{
		".dockerenv",
		"run/.containerenv",         // Podman
		"run/systemd/container",     // systemd-nspawn and LXC
		"run/secrets/kubernetes.io", // a pod with a service account
	} {
		if _, err := fs.Stat(root, path); err == nil {
			return "/" + path
		}
	}
	if overlayRoot(readText(root, "proc/self/mounts", 1<<20)) {
		return "/ is an overlay"
	}
	return ""
}

// overlayRoot reports whether the root directory is a container's, in the text of /proc/mounts.
func overlayRoot(mounts string) bool {
	overlay := false
	for line := range strings.Lines(mounts) {
		fields := strings.Fields(line)
		if len(fields) >= 3 && fields[1] == "/" {
			overlay = fields[2] == "overlay" // the last one mounted is the one that shows
		}
	}
	return overlay
}

// darwinMachine returns the machine that `ioreg -rd1 -c IOPlatformExpertDevice` describes.
func darwinMachine(description string) machine {
	for line := range strings.Lines(description) {
		name, value, found := strings.Cut(line, "=")
		if !found || strings.Trim(name, "\" |\t") != "IOPlatformUUID" {
			continue
		}
		if id := strings.Trim(value, "\" \t\r\n"); id != "" {
			return bind(machineID{"IOPlatformUUID", id})
		}
	}
	return machine{source: "ioreg names no IOPlatformUUID"}
}

// windowsMachine returns the machine with this MachineGuid.
func windowsMachine(guid string) machine {
	if guid = strings.TrimSpace(guid); guid == "" {
		return machine{source: "there is no MachineGuid"}
	}
	return bind(machineID{"MachineGuid", guid})
}

// readID returns the id in a file, "" if it cannot be read.
func readID(root fs.FS, path string) string { return strings.TrimSpace(readText(root, path, maxID)) }

// readText returns the text of a file up to limit, "" if it cannot be read.
func readText(root fs.FS, path string, limit int64) string {
	file, err := root.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, limit))
	if err != nil {
		return ""
	}
	return string(text)
}
