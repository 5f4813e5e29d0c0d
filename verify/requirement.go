package verify

import (
	"runtime/debug"
	"slices"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/guard"
)

// Requirement is what a route requires of a caller beyond a valid token. It returns nil to let the
// caller in. Any error refuses it with 403, or with 503 if the error wraps [ErrUnavailable]; its
// text reaches the log and OnEvent, but not the caller.
type Requirement func(*Claims) error

// Role requires an app role.
func Role(name string) Requirement { return AnyRole(name) }

// AnyRole requires one of several app roles. Without names no caller meets it.
func AnyRole(names ...string) Requirement {
	return func(c *Claims) error {
		if slices.ContainsFunc(names, func(name string) bool { return name != "" && c.HasRole(name) }) {
			return nil
		}
		return newError(ErrRole, orNo("role", c.orZero().Roles)+" in the token of "+caller(c), oneOf(names))
	}
}

// Scope requires a scope, which only tokens of users have.
func Scope(name string) Requirement { return AnyScope(name) }

// AnyScope requires one of several scopes. Without names no caller meets it.
func AnyScope(names ...string) Requirement {
	return func(c *Claims) error {
		if slices.ContainsFunc(names, func(name string) bool { return name != "" && c.HasScope(name) }) {
			return nil
		}
		return newError(ErrScope, orNo("scope", c.orZero().Scopes)+" in the token of "+caller(c), oneOf(names))
	}
}

// Caller requires one of some callers, by object id or client id. A client id counts only if an
// application calls for itself: a user's token names the client that the user signed in with, which
// anybody can use.
func Caller(ids ...string) Requirement {
	return func(c *Claims) error {
		if err := checkCaller(c, ids); err != nil {
			return err
		}
		return nil
	}
}

// AppOnly requires an application that calls for itself, as a managed identity does, and not a
// user.
//
// A token says so in its claim idtyp, which is optional: the token has it if the manifest of this
// service asks for it. A token without idtyp counts as an application's if it has no scopes and its
// subject is its object id.
func AppOnly() Requirement {
	return func(c *Claims) error {
		if c.orZero().AppOnly {
			return nil
		}
		found, advice := notAppOnly(c)
		err := newError(ErrCaller, found+" of "+caller(c), "an application's own token")
		err.Advice = advice
		return err
	}
}

// notAppOnly returns why the token of c does not count as an application's own, and what to do.
func notAppOnly(c *Claims) (found, advice string) {
	switch s := c.orZero().seen; {
	case s.idtyp:
		return "a token whose idtyp is not app", "let an application call for itself, without a user"
	case s.scp:
		return "a user's token with scopes", "let an application call for itself, without a user"
	}
	return "a token without idtyp whose sub is not its oid", adviceIDType
}

// checkCaller returns nil if the caller is one of ids.
func checkCaller(c *Claims, ids []string) *Error {
	c = c.orZero()
	byClient := func(id string) bool { return id != "" && strings.EqualFold(id, c.ClientID) }
	if slices.ContainsFunc(ids, func(id string) bool {
		return id != "" && strings.EqualFold(id, c.ObjectID) || c.AppOnly && byClient(id)
	}) {
		return nil
	}
	err := newError(ErrCaller, caller(c), oneOf(ids))
	if slices.ContainsFunc(ids, byClient) {
		found, advice := notAppOnly(c)
		err.Found, err.Advice = found+" of "+caller(c), advice
	}
	return err
}

// meet returns why c does not meet req, nil if it does. A requirement that panics counts as
// undecided.
func meet(req Requirement, c *Claims) (err error) {
	if req == nil {
		return &Error{Found: "a nil Requirement", Advice: adviceNil}
	}
	defer func() {
		if p := recover(); p != nil {
			err = &Error{sentinel: ErrUnavailable, cause: &guard.PanicError{Value: p, Stack: debug.Stack()}, Advice: advicePanic}
		}
	}()
	err = req(c)
	switch e := err.(type) {
	case nil:
		return nil
	case *Error:
		if e == nil {
			return &Error{Found: "a nil *verify.Error", Advice: adviceTypedNil}
		}
		return e
	}
	_ = err.Error() // if it panics, it panics here and not when it is logged
	return &Error{cause: err}
}

// orZero returns c, or no claims if it is nil.
func (c *Claims) orZero() *Claims {
	if c == nil {
		return &Claims{}
	}
	return c
}

// orNo lists what a token has of a kind.
func orNo(kind string, have []string) string {
	if len(have) == 0 {
		return "no " + kind
	}
	return oneOf(have)
}

// caller names the caller for a log.
func caller(c *Claims) string {
	c = c.orZero()
	who := "object id " + quoted(c.ObjectID)
	if c.ClientID != "" {
		who += ", client id " + quoted(c.ClientID)
	}
	return who
}
