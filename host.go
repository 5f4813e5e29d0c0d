package aztoken

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/seed-ac726066/aztoken/internal/hosts"
)

// host is where tokens come from. Its source does not cache and makes one try: the cache and the tries are the Client's.
type host struct {
	name   string // for people: "IMDS at http://169.254.169.254 (the environment names no other host)"
	source hosts.Source
	// timeout is that of one try.
	timeout time.Duration
}

// findHost decides from opts and the environment which source this host has.
func findHost(opts Options, files hosts.ArcFiles) (host, error) {
	if opts.Credential != nil {
		if opts.ID != nil || opts.Endpoint != "" {
			return host{}, errors.New("aztoken: Options.ID and Options.Endpoint are for managed identities; leave them out beside Options.Credential")
		}
		// A credential may ask a person to sign in, or try again by itself: it has the time of the whole flight.
		return host{name: "Options.Credential", source: hosts.FromCredential(opts.Credential), timeout: flightLimit}, nil
	}
	getenv := opts.Getenv
	if getenv == nil {
		getenv = os.Getenv
	}
	h, err := hosts.Find(hosts.Config{
		Getenv: getenv, Files: files, Endpoint: opts.Endpoint, ID: hostID(opts.ID),
		Module: module, Version: version, Options: opts.ClientOptions,
	})
	if err != nil {
		return host{}, fmt.Errorf("aztoken: %w", err)
	}
	return host{name: h.String(), source: h.Source, timeout: attemptTimeout}, nil
}

func hostID(id ID) hosts.ID {
	switch id := id.(type) {
	case ClientID:
		return hosts.ID{Kind: hosts.ClientID, Value: string(id)}
	case ObjectID:
		return hosts.ID{Kind: hosts.ObjectID, Value: string(id)}
	case ResourceID:
		return hosts.ID{Kind: hosts.ResourceID, Value: string(id)}
	}
	return hosts.ID{}
}
