package doctor

import (
	"cmp"
	"errors"
	"time"

	"github.com/seed-ac726066/aztoken/internal/hosts"
)

// badHost returns the check of a host that cannot be asked because of a mistake in the environment,
// or an id that it does not take.
func badHost(err error, o Options, took time.Duration) Check {
	c := Check{Name: hostCheck, Status: Failed, Detail: err.Error(), Fix: fixLocal, Took: took}
	var mistake *hosts.ConfigError
	if errors.As(err, &mistake) {
		c.Detail, c.Fix = mistake.Facts(o.Flag(mistake.Field)), cmp.Or(mistake.Fix, fixLocal)
	}
	return c
}

// rightKind returns what to do about an identity that was not found: fix, unless it was named by
// the wrong kind of id. Only client ids and object ids look alike, and a request with the other
// kind tells them apart.
func rightKind(id hosts.ID, fix string, works func(hosts.ID) bool) string {
	switch {
	case id.Kind == hosts.Default:
		return fix
	case id.Kind == hosts.ClientID && works(hosts.ID{Kind: hosts.ObjectID, Value: id.Value}):
		return "this is an object id: pass it as --object-id"
	case id.Kind == hosts.ObjectID && works(hosts.ID{Kind: hosts.ClientID, Value: id.Value}):
		return "this is a client id: pass it as --client-id"
	}
	return fix
}
