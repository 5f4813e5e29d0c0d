package peers

import "time"

// Expires returns the end of a token as the token itself has it, which is what a service looks at,
// whatever the library says.
func Expires(token string) (time.Time, error) { return expiryOf(token) }
