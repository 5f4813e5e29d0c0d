//go:build !linux || !amd64

package wallclock

// New returns ErrUnsupported.
func New() (*Clock, error) { return nil, ErrUnsupported }
