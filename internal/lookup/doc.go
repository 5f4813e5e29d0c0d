// Package lookup finds applications and managed identities in the directory by what people call
// them. Its errors say what to call them instead.
package lookup

import "fmt"

// reading returns err with what could not be read.
func reading(what string, err error) error { return fmt.Errorf("aztoken: reading %s: %w", what, err) }
