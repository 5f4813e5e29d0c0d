package graph

import (
	"crypto/sha1" // required by UUIDs of version 5; nothing depends on its strength
	"encoding/hex"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/guid"
)

// RoleID returns the id for a role of an application: always the same for the same client id and
// value, so that everyone who adds the role adds the same one. It is a UUID of version 5, of value
// in the namespace appID (RFC 9562, section 5.5), and "" if appID is not a GUID.
func RoleID(appID, value string) string {
	if !guid.Is(appID) {
		return ""
	}
	namespace, _ := hex.DecodeString(strings.ReplaceAll(appID, "-", ""))
	sum := sha1.Sum(append(namespace, value...))
	sum[6] = sum[6]&0x0f | 0x50 // the version
	sum[8] = sum[8]&0x3f | 0x80 // the variant
	return guid.Format([16]byte(sum[:16]))
}
