// Package entra has the settings about Entra ID that the commands share: the cloud, the address of
// the keys, and the audiences of a service.
package entra

import (
	"net/url"
	"strings"
	"unicode"

	"github.com/seed-ac726066/aztoken/internal/origin"
	"github.com/seed-ac726066/aztoken/verify"
)

// PublicCloud is the name of the default cloud.
const PublicCloud = "public"

// Clouds returns the names of the clouds.
func Clouds() []string { return []string{PublicCloud, "usgovernment", "china"} }

// Cloud returns the cloud of a name, and false if there is none.
func Cloud(name string) (verify.Cloud, bool) {
	switch name {
	case PublicCloud:
		return verify.Public, true
	case "usgovernment":
		return verify.USGovernment, true
	case "china":
		return verify.China, true
	}
	return verify.Public, false
}

// IsAudience reports whether package verify accepts an audience: not an empty one, a scope, or a
// placeholder.
func IsAudience(a string) bool {
	return strings.Trim(a, "/") != "" && !strings.ContainsFunc(a, unicode.IsSpace) && !strings.ContainsAny(a, "{}<>") &&
		!strings.HasSuffix(a, "//") && !strings.HasSuffix(a, "/.default")
}

// IsAuthority reports whether keys may be fetched from a base URL.
func IsAuthority(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == "" &&
		(u.Scheme == "https" || u.Scheme == "http" && origin.Loopback(u.Hostname()))
}
