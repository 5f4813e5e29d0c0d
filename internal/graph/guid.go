package graph

import (
	"crypto/sha1" // which UUIDs of version 5 are made with; nothing depends on its strength
	"encoding/hex"
	"strings"
)

// IsGUID says whether s is a GUID in the usual form, in either case.
func IsGUID(s string) bool {
	_, ok := parseGUID(s)
	return ok
}

// RoleID is the id for a role of an application: always the same for the same client id and value, so that whoever adds the
// role adds the same one. It is a UUID of version 5, of value in the namespace appID (RFC 9562, section 5.5). "" if appID is
// no GUID.
func RoleID(appID, value string) string {
	namespace, ok := parseGUID(appID)
	if !ok {
		return ""
	}
	sum := sha1.Sum(append(namespace[:], value...))
	sum[6] = sum[6]&0x0f | 0x50 // the version
	sum[8] = sum[8]&0x3f | 0x80 // the variant
	h := hex.EncodeToString(sum[:16])
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}

func parseGUID(s string) (id [16]byte, ok bool) {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return id, false
	}
	n, err := hex.Decode(id[:], []byte(s[:8]+s[9:13]+s[14:18]+s[19:23]+s[24:]))
	return id, err == nil && n == len(id)
}
