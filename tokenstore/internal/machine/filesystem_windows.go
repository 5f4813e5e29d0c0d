package machine

import (
	"path/filepath"
	"strings"
	"syscall"
	"unsafe"
)

// driveRemote is what GetDriveType returns for a drive that another machine answers for.
const driveRemote = 4

// NetworkFileSystem returns the name of the network file system that path is on, "" if it is on
// none.
func NetworkFileSystem(path string) string {
	volume := filepath.VolumeName(path)
	if strings.HasPrefix(volume, `\\`) && !strings.HasPrefix(volume, `\\?\`) && !strings.HasPrefix(volume, `\\.\`) {
		return "SMB"
	}
	root, err := syscall.UTF16PtrFromString(volume + `\`)
	if err != nil {
		return ""
	}
	driveType := syscall.NewLazyDLL("kernel32.dll").NewProc("GetDriveTypeW")
	if kind, _, _ := driveType.Call(uintptr(unsafe.Pointer(root))); kind == driveRemote {
		return "a network drive"
	}
	return ""
}
