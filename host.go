package aztoken

import (
	"errors"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
)

// defaultScope makes a scope of a resource. It comes off exactly once: https://servicebus.azure.net//.default is the
// resource https://servicebus.azure.net/.
const defaultScope = "/.default"

// trimScope makes a resource of a scope, and leaves a resource alone.
func trimScope(scope string) string { return strings.TrimSuffix(scope, defaultScope) }

// host is where tokens come from. Its source does not cache and makes one try: the cache and the tries are the Client's.
type host struct {
	name   string // for people: "IMDS at http://169.254.169.254"
	source azcore.TokenCredential
	// timeout is that of one try.
	timeout time.Duration
	close   func()
}

// findHost decides from opts and the environment which source this host has.
func findHost(opts Options, getenv func(string) string) (host, error) {
	if opts.Credential != nil {
		if opts.ID != nil || opts.Endpoint != "" {
			return host{}, errors.New("aztoken: Options.ID and Options.Endpoint are for managed identities; leave them out beside Options.Credential")
		}
		// A credential may ask a person to sign in, or try again by itself: it has the time of the whole flight.
		return host{name: "Options.Credential", source: opts.Credential, timeout: flightLimit, close: func() {}}, nil
	}
	return newIMDS(opts, getenv)
}
