// Package emit writes text for other tools that change a directory, with the quoting, the names and
// the first lines that each tool needs.
package emit

import (
	"fmt"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/wire"
)

// Form is a tool to write for.
type Form string

const (
	AzureCLI  Form = "az"        // a script for bash and the Azure CLI
	Terraform Form = "terraform" // for its provider azuread
	Bicep     Form = "bicep"     // for its extension microsoftGraphV1
)

// Forms returns all of them.
func Forms() []string { return []string{string(AzureCLI), string(Terraform), string(Bicep)} }

// Check returns an error that lists all forms if f is none of them.
func (f Form) Check() error {
	switch f {
	case AzureCLI, Terraform, Bicep:
		return nil
	}
	return fmt.Errorf("aztoken: --emit is %q; use %s", string(f), strings.Join(Forms(), ", "))
}

// Comment returns text as one line of a comment, which external names cannot break.
func Comment(text string) string { return wire.Plain(text) }
