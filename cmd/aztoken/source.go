package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-ac726066/aztoken"
)

// source says whose tokens are asked for, and where, by flags.
type source struct {
	clientID, objectID, resourceID string
	endpoint                       string
	timeout                        time.Duration

	given func(flag string) bool
}

// idFlags are those that name an identity. At most one is given.
var idFlags = []string{"client-id", "object-id", "resource-id"}

func (s *source) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.clientID, "client-id", "", "client id of the identity to use (default: the host's default identity)")
	f.StringVar(&s.objectID, "object-id", "", "object id (principal id) of the identity to use")
	f.StringVar(&s.resourceID, "resource-id", "", "Azure resource id of the identity to use: /subscriptions/…")
	f.StringVar(&s.endpoint, "endpoint", "", "base URL of an IMDS to ask, whatever the environment says")
	f.DurationVar(&s.timeout, "timeout", 30*time.Second, "the most time to wait for a token")
	cmd.MarkFlagsMutuallyExclusive(idFlags...)
	s.given = f.Changed
}

// id is the identity that the flags name. One that is given and empty, as of a variable that is not set in a script, must not
// become the default identity: it stays, and is refused by NewClient.
func (s *source) id() aztoken.ID {
	switch {
	case s.given("client-id"):
		return aztoken.ClientID(s.clientID)
	case s.given("object-id"):
		return aztoken.ObjectID(s.objectID)
	case s.given("resource-id"):
		return aztoken.ResourceID(s.resourceID)
	}
	return nil
}

// check finds mistakes in the flags.
func (s *source) check() error {
	if s.given("endpoint") && s.endpoint == "" {
		return usage("aztoken: --endpoint is empty; give a URL, as in http://127.0.0.1:16925, or leave it out")
	}
	if s.timeout <= 0 {
		return usage("aztoken: --timeout is %v; give a time above 0, such as 30s", s.timeout)
	}
	return nil
}
