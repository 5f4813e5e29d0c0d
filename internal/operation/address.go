package operation

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
)

// CheckAddress returns what is wrong with an address for [Listen].
func CheckAddress(address string) error {
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		// On Windows a path that begins with a slash has no volume.
		if !filepath.IsAbs(path) && !strings.HasPrefix(path, "/") {
			return fmt.Errorf("%q is not a socket; give unix: and an absolute path", address)
		}
		return nil
	}
	if _, _, err := net.SplitHostPort(address); err != nil {
		return fmt.Errorf("%q is not an address; give host:port, or unix:/path", address)
	}
	return nil
}

// IsRemote reports whether other machines can reach an address that passed [CheckAddress].
func IsRemote(address string) bool {
	if strings.HasPrefix(address, "unix:") {
		return false
	}
	host, _, _ := net.SplitHostPort(address)
	return host != "localhost" && !net.ParseIP(host).IsLoopback()
}
