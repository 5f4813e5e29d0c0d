package hosts

import (
	"strings"

	"github.com/seed-ac726066/aztoken/internal/message"
)

// The fields of [Config] and [Federation] that a [ConfigError] may be about, by the names that
// aztoken.Options has for them.
const (
	FieldID            = "ID"
	FieldEndpoint      = "Endpoint"
	FieldClientOptions = "ClientOptions"
	FieldCloud         = "Cloud"
	FieldAppTenant     = "Federation.TenantID"
	FieldAppClientID   = "Federation.ClientID"
	FieldAssertion     = "Federation.Assertion"
)

// ConfigError reports a mistake in a [Config] or in the environment. Its parts are data, so that a
// command can name its flag where the library names an option.
type ConfigError struct {
	// Field is what is wrong: a field of Config, or a variable with its dollar sign.
	Field string
	// Problem is what is wrong with it.
	Problem string
	// Fix is what to do about it, "" if Problem says it.
	Fix string
	// Host is the host that was found and why, "" if that is irrelevant.
	Host string
	// Err is the cause, nil for none.
	Err error
}

// Error returns the message for a user of aztoken.Options.
func (e *ConfigError) Error() string {
	field := e.Field
	if !strings.HasPrefix(field, "$") {
		field = "Options." + field
	}
	return message.Join([]string{e.Facts(field)}, e.Fix)
}

// Facts returns the message without Fix, and with another name for Field, such as that of a flag.
func (e *ConfigError) Facts(field string) string {
	cause := ""
	if e.Err != nil {
		cause = e.Err.Error()
	}
	text := message.Join([]string{field, e.Problem, cause}, "")
	if e.Host != "" {
		text += " (the host is " + e.Host + ")"
	}
	return text
}

// Unwrap returns the cause.
func (e *ConfigError) Unwrap() error { return e.Err }

// inVariable returns the error of an environment variable.
//
// It has many callers, and inlining would put a copy into each.
//
//go:noinline
func inVariable(name, problem, fix string) *ConfigError {
	return &ConfigError{Field: "$" + name, Problem: problem, Fix: fix}
}
