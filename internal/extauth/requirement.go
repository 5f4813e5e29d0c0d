package extauth

import (
	"errors"
	"slices"
	"strings"

	"github.com/seed-ac726066/aztoken/verify"
)

// Entry is what a caller must show, all of it. A token with neither roles nor scopes only
// identifies its bearer, so it meets only an entry that names callers.
type Entry struct {
	Roles  []string `yaml:"roles"`  // one of them
	Scopes []string `yaml:"scopes"` // one of them
	// Callers are object ids, or client ids of applications that call for themselves: one of them.
	Callers []string `yaml:"callers"`
	AppOnly bool     `yaml:"app_only"` // the caller is an application, not a user
}

// isEmpty reports whether e requires nothing.
func (e Entry) isEmpty() bool {
	return len(e.Roles)+len(e.Scopes)+len(e.Callers) == 0 && !e.AppOnly
}

// requirement returns the requirement of an entry.
func (e Entry) requirement() verify.Requirement {
	var all []verify.Requirement
	if len(e.Callers) > 0 {
		all = append(all, verify.Caller(e.Callers...))
	} else {
		all = append(all, roleOrScope)
	}
	if len(e.Roles) > 0 {
		all = append(all, verify.AnyRole(e.Roles...))
	}
	if len(e.Scopes) > 0 {
		all = append(all, verify.AnyScope(e.Scopes...))
	}
	if e.AppOnly {
		all = append(all, verify.AppOnly())
	}
	return func(c *verify.Claims) error {
		for _, required := range all {
			if err := required(c); err != nil {
				return err
			}
		}
		return nil
	}
}

// roleOrScope requires some role or scope.
func roleOrScope(c *verify.Claims) error {
	if len(c.Roles)+len(c.Scopes) > 0 {
		return nil
	}
	return verify.AnyRole()(c)
}

// oneOf returns the requirement to meet one of several entries. Without entries no caller meets it.
func oneOf(entries []Entry) verify.Requirement {
	var all []verify.Requirement
	for _, e := range entries {
		all = append(all, e.requirement())
	}
	if len(all) == 1 {
		return all[0]
	}
	return func(c *verify.Claims) error {
		var why []string
		for _, required := range all {
			err := required(c)
			if err == nil {
				return nil
			}
			why = append(why, brief(err))
		}
		return &verify.Error{Found: strings.Join(why, "; or ")}
	}
}

// brief returns the text of a requirement's error, without its advice.
func brief(err error) string {
	var e *verify.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	short := *e
	short.Advice = ""
	return strings.TrimPrefix(short.Error(), "verify: ")
}

// admitsOnly reports whether one of wide lets in every caller that one of narrow lets in, as far as
// their texts show.
func admitsOnly(narrow, wide []Entry) bool {
	return !slices.ContainsFunc(narrow, func(n Entry) bool {
		return !slices.ContainsFunc(wide, n.implies)
	})
}

// implies reports whether everybody who meets e meets o.
func (e Entry) implies(o Entry) bool {
	within := func(own, others []string) bool {
		return len(others) == 0 || len(own) > 0 && !slices.ContainsFunc(own, func(text string) bool { return !slices.Contains(others, text) })
	}
	// This also accepts a token without roles and scopes.
	somebody := len(e.Callers) > 0 && len(e.Roles)+len(e.Scopes) == 0
	return within(e.Roles, o.Roles) && within(e.Scopes, o.Scopes) && within(e.Callers, o.Callers) &&
		(e.AppOnly || !o.AppOnly) && (!somebody || len(o.Callers) > 0)
}
