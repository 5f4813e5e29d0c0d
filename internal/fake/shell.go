package fake

import (
	"maps"
	"slices"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/fakeazure"
)

// Shell is the syntax of an environment.
type Shell string

// The shells.
const (
	Sh         Shell = "sh"         // bash, zsh and the other descendants of the Bourne shell
	PowerShell Shell = "powershell" // of Windows and Linux
	EnvFile    Shell = "env"        // a file for docker run --env-file: no quotes, no export
)

// Shells returns all of them.
func Shells() []Shell { return []Shell{Sh, PowerShell, EnvFile} }

// Assignments returns the lines that set env, sorted by name.
func (s Shell) Assignments(env fakeazure.Environment) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(env)) {
		value := env[name]
		switch s {
		case PowerShell:
			b.WriteString("$env:" + name + " = '" + strings.ReplaceAll(value, "'", "''") + "'\n")
		case EnvFile:
			b.WriteString(name + "=" + value + "\n")
		default:
			b.WriteString("export " + name + "='" + strings.ReplaceAll(value, "'", `'\''`) + "'\n")
		}
	}
	return b.String()
}
