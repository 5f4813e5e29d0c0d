// Package machine distinguishes this machine from its clones, and a local disk from a network file
// system.
package machine

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"
)

// Binding identifies a machine.
type Binding struct {
	ID     string // a hash of the machine's ids, "" if there is none
	Source string // which ids they are, or why there is none; the ids themselves are not in it
}

// Bound reports whether the machine has an id.
func (b Binding) Bound() bool { return b.ID != "" }

// maxID is the size of the longest file that can hold an id, and idTime how long a command that
// prints one may take.
const (
	maxID  = 4 << 10
	idTime = 2 * time.Second
)

// Value is one id of a machine.
type Value struct{ Source, Text string }

// Bind returns the Binding to these ids. Their letter case does not matter.
func Bind(ids ...Value) Binding {
	hash := sha256.New()
	var sources []string
	for _, id := range ids {
		fmt.Fprintf(hash, "%q=%q\n", id.Source, strings.ToLower(id.Text))
		sources = append(sources, id.Source)
	}
	return Binding{ID: hex.EncodeToString(hash.Sum(nil)), Source: strings.Join(sources, " and ")}
}

// linuxBinding returns the Binding of the machine whose root directory is root.
//
// A cloned image keeps its machine-id, so the id that the hypervisor or cloud-init gave the VM is
// added. A container is not bound: a machine-id in it is that of its image, and with the next image
// all entries would be lost.
func linuxBinding(root fs.FS) Binding {
	if mark := containerMark(root); mark != "" {
		return Binding{Source: "this is a container (" + mark + ")"}
	}
	id := readID(root, "etc/machine-id")
	if id == "" || id == "uninitialized" {
		return Binding{Source: "there is no /etc/machine-id"}
	}
	ids := []Value{{"/etc/machine-id", id}}
	for _, path := range []string{
		"sys/class/dmi/id/product_uuid", // for root only
		"var/lib/cloud/data/instance-id",
	} {
		if id := readID(root, path); id != "" {
			return Bind(append(ids, Value{"/" + path, id})...)
		}
	}
	return Bind(ids...)
}

// containerMark returns what shows that this is a container, "" if nothing does.
func containerMark(root fs.FS) string {
	for _, path := range []string{
		".dockerenv",
		"run/.containerenv",             // Podman
		"run/systemd/container",         // systemd-nspawn and LXC
		"var/run/secrets/kubernetes.io", // a pod with a service account
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

// darwinBinding returns the Binding of the machine that `ioreg -rd1 -c IOPlatformExpertDevice`
// describes.
func darwinBinding(description string) Binding {
	for line := range strings.Lines(description) {
		name, value, found := strings.Cut(line, "=")
		if !found || strings.Trim(name, "\" |\t") != "IOPlatformUUID" {
			continue
		}
		if id := strings.Trim(value, "\" \t\r\n"); id != "" {
			return Bind(Value{"IOPlatformUUID", id})
		}
	}
	return Binding{Source: "ioreg names no IOPlatformUUID"}
}

// windowsBinding returns the Binding of the machine with this MachineGuid.
func windowsBinding(guid string) Binding {
	if guid = strings.TrimSpace(guid); guid == "" {
		return Binding{Source: "there is no MachineGuid"}
	}
	return Bind(Value{"MachineGuid", guid})
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
