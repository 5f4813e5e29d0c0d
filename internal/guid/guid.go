// Package guid makes and recognizes GUIDs as Azure writes them: lower-case hex in five groups.
package guid

import (
	"crypto/rand"
	"fmt"
	"strings"
)

// New returns a random GUID (RFC 9562, version 4).
func New() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return Format(b)
}

// Format returns b as a GUID.
func Format(b [16]byte) string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// Is reports whether s is a GUID, in upper or lower case, without braces.
func Is(s string) bool {
	groups := strings.Split(s, "-")
	if len(groups) != 5 {
		return false
	}
	for i, size := range []int{8, 4, 4, 4, 12} {
		if len(groups[i]) != size || strings.Trim(groups[i], "0123456789abcdefABCDEF") != "" {
			return false
		}
	}
	return true
}
