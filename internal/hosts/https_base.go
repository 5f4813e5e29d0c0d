package hosts

import (
	"net/url"
	"strconv"
	"strings"
)

// httpsBase reads the URL below which the token endpoints of tenants are, and returns what is wrong
// with it.
func httpsBase(address string) (u *url.URL, problem string) {
	u, err := url.Parse(address)
	switch {
	case err != nil, hasOddCharacter(address): // a space would be sent as %20
		return nil, "is not a URL"
	case u.Scheme != "https":
		return nil, "does not begin with https://"
	case u.Hostname() == "":
		return nil, "has no host"
	case !isPort(u.Port()):
		return nil, "has no valid port"
	case u.User != nil:
		return nil, "has a user"
	case strings.ContainsAny(address, "?#"): // even an empty one
		return nil, "has a query or a fragment"
	}
	return u, ""
}

// hasOddCharacter reports whether text has a character that no URL has: a space, a control
// character, or one that is not ASCII.
func hasOddCharacter(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}

// isPort reports whether text is a port that a server may have, or "" for the default one.
func isPort(text string) bool {
	port, err := strconv.ParseUint(text, 10, 16)
	return text == "" || err == nil && port > 0
}

// hidePassword quotes an address without its query and without the part before an @, which may be a
// password.
func hidePassword(address string) string { return quote(withoutPassword(address)) }

// hidePath is hidePassword without the path too, for an address that has no use for one.
func hidePath(address string) string {
	address = withoutPassword(address)
	host := 0
	if at := strings.Index(address, "://"); at >= 0 {
		host = at + len("://")
	}
	if at := strings.IndexByte(address[host:], '/'); at >= 0 && host+at+1 < len(address) {
		address = address[:host+at+1] + "…"
	}
	return quote(address)
}

func withoutPassword(address string) string {
	if at := strings.LastIndexByte(address, '@'); at >= 0 {
		address = "…" + address[at:]
	}
	if at := strings.IndexAny(address, "?#"); at >= 0 {
		address = address[:at+1] + "…"
	}
	return address
}
