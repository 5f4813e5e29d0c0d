package doctor

import (
	"strings"
	"time"

	"github.com/seed-ac726066/aztoken/internal/hosts"
)

// badHost is the check of a host that cannot be asked: a mistake in the environment, or an id that it does not take.
func badHost(err error, id hosts.ID, took time.Duration) Check {
	c := Check{Name: hostCheck, Status: Failed, Detail: err.Error(), Took: took}
	c.Fix = "correct the variable that the message names, or give --endpoint"
	if strings.HasPrefix(c.Detail, "Options.ID") {
		c.Fix = "the id is not of a kind that this host takes, or not an id: give the one that the message names, or none"
		if id.Value == "" {
			c.Fix = "give the id a value, or leave the flag out"
		}
	}
	return c
}

// rightKind is what to do about an identity that was not found, where it was named by a wrong kind of id. Only a client id and
// an object id look alike, and asking by the other tells.
func rightKind(id hosts.ID, fix string, works func(hosts.ID) bool) string {
	switch {
	case id.Kind == hosts.Default:
		return fix
	case id.Kind == hosts.ClientID && works(hosts.ID{Kind: hosts.ObjectID, Value: id.Value}):
		return "this is an object id: give it as --object-id"
	case id.Kind == hosts.ObjectID && works(hosts.ID{Kind: hosts.ClientID, Value: id.Value}):
		return "this is a client id: give it as --client-id"
	}
	return fix
}
