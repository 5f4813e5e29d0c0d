package machine

import "syscall"

// mountedLocally is MNT_LOCAL of mount(2).
const mountedLocally = 0x1000

// NetworkFileSystem returns the name of the network file system that path is on, "" if it is on
// none.
func NetworkFileSystem(path string) string {
	var stat syscall.Statfs_t
	if syscall.Statfs(path, &stat) != nil || stat.Flags&mountedLocally != 0 {
		return ""
	}
	var name []byte
	for _, c := range stat.Fstypename {
		if c == 0 {
			break
		}
		name = append(name, byte(c))
	}
	return string(name)
}
