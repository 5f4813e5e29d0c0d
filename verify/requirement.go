package verify

import "slices"

// Requirement is what a route wants of a caller beyond a good token: nil to let it in, and an error to answer with 403. Its
// text reaches the log and OnEvent, and not the caller.
type Requirement func(*Claims) error

// Role wants an app role.
func Role(name string) Requirement { return AnyRole(name) }

// AnyRole wants one of several app roles. Without names nobody has one.
func AnyRole(names ...string) Requirement {
	return func(c *Claims) error {
		if slices.ContainsFunc(names, func(name string) bool { return name != "" && c.HasRole(name) }) {
			return nil
		}
		return &Error{sentinel: ErrRole, Found: roles(c) + " in the token of " + caller(c), Wanted: oneOf(names)}
	}
}

// Client wants one of some callers, by object id or client id. A client id counts only where an application calls for itself.
func Client(ids ...string) Requirement {
	return func(c *Claims) error {
		if isClient(c, ids) {
			return nil
		}
		return &Error{sentinel: ErrClient, Found: caller(c), Wanted: oneOf(ids)}
	}
}

// AppOnly wants an application that calls for itself, as a managed identity does, and no user.
func AppOnly() Requirement {
	return func(c *Claims) error {
		if c.AppOnly {
			return nil
		}
		return &Error{sentinel: ErrClient, Found: "a token for a user of " + caller(c), Wanted: "an application's own"}
	}
}

func roles(c *Claims) string {
	if len(c.Roles) == 0 {
		return "no role"
	}
	return oneOf(c.Roles)
}
