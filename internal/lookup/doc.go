// Package lookup finds applications and managed identities in the directory by the ids and names
// that people use. If a name does not work, the error says what to use instead.
package lookup

import "fmt"

// reading returns err with what could not be read.
func reading(what string, err error) error { return fmt.Errorf("aztoken: reading %s: %w", what, err) }
