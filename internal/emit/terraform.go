package emit

import (
	"fmt"
	"strings"
)

const configurationHead = `# %s
# What exists is imported; check the plan before you apply it.

terraform {
  required_version = ">= 1.5" # of which import blocks are
  required_providers {
    azuread = {
      source  = "hashicorp/azuread"
      version = "~> 3.0"
    }
  }
}
`

// Configuration is text in Terraform's language, as terraform fmt formats it.
type Configuration struct {
	strings.Builder
	Names Identifiers // of the declarations
}

// NewConfiguration returns the first lines of a configuration for the provider azuread.
func NewConfiguration(title string) *Configuration {
	c := &Configuration{Names: Identifiers{}}
	fmt.Fprintf(c, configurationHead, Comment(title))
	return c
}

// Resource writes a resource with arguments, names and expressions in turn, and its import if id is
// not "".
func (c *Configuration) Resource(kind, name, id string, arguments ...string) {
	if id != "" {
		fmt.Fprintf(c, "\nimport {\n  to = %s.%s\n  id = %s\n}\n", kind, name, HCL(id))
	}
	width := 0
	for i := 0; i < len(arguments); i += 2 {
		width = max(width, len(arguments[i]))
	}
	fmt.Fprintf(c, "\nresource %q %q {\n", kind, name)
	for i := 0; i < len(arguments); i += 2 {
		fmt.Fprintf(c, "  %-*s = %s\n", width, arguments[i], arguments[i+1])
	}
	c.WriteString("}\n")
}
