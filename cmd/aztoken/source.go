package main

import (
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/internal/hosts"
	"github.com/seed-ac726066/aztoken/internal/message"
)

// source is the identity and the endpoint to ask, by flags.
type source struct {
	clientID, objectID, resourceID string
	application                    application
	endpoint                       string
	timeout                        time.Duration

	changed func(flag string) bool
}

// idFlags are the flags that name an identity. At most one is set.
var idFlags = []string{"client-id", "object-id", "resource-id"}

func (s *source) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.clientID, "client-id", "", "client id of the identity to use (default: the host's default identity)")
	f.StringVar(&s.objectID, "object-id", "", "object id (principal id) of the identity to use")
	f.StringVar(&s.resourceID, "resource-id", "", "Azure resource id of the identity to use: /subscriptions/…")
	s.application.addFlags(cmd)
	f.StringVar(&s.endpoint, "endpoint", "", "base URL of the IMDS to use, instead of the host that the environment names")
	f.DurationVar(&s.timeout, "timeout", 30*time.Second, "how long to wait for a token")
	cmd.MarkFlagsMutuallyExclusive(idFlags...)
	s.changed = f.Changed
}

// id returns the identity that the flags name. An empty value, as of an unset variable in a script,
// must not become the default identity: NewClient rejects it.
func (s *source) id() aztoken.ID {
	switch {
	case s.changed("client-id"):
		return aztoken.ClientID(s.clientID)
	case s.changed("object-id"):
		return aztoken.ObjectID(s.objectID)
	case s.changed("resource-id"):
		return aztoken.ResourceID(s.resourceID)
	}
	return nil
}

// named returns err with flags in place of the options of the library.
func (s *source) named(err error) error {
	var mistake *hosts.ConfigError
	if !errors.As(err, &mistake) {
		return err
	}
	return errors.New(message.Join([]string{"aztoken", mistake.Facts(s.flag(mistake.Field))}, mistake.Fix))
}

// flag returns the flag for a field of hosts.Config, and anything else as it is.
func (s *source) flag(field string) string {
	switch field {
	case hosts.FieldID:
		for _, flag := range idFlags {
			if s.changed(flag) {
				return "--" + flag
			}
		}
	case hosts.FieldEndpoint:
		return "--endpoint"
	case hosts.FieldAppClientID:
		return "--" + appClientIDFlag
	case hosts.FieldAppTenant:
		return "--" + appTenantFlag
	}
	return field
}

// check returns what is wrong with the flags.
func (s *source) check() error {
	if s.changed("endpoint") && s.endpoint == "" {
		return usage("aztoken: --endpoint is empty; set it to a URL such as http://127.0.0.1:16925, or omit it")
	}
	if s.timeout <= 0 {
		return usage("aztoken: --timeout is %v; set it to a time above 0, such as 30s", s.timeout)
	}
	return s.application.check(s.changed)
}
