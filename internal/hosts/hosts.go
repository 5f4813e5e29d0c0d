// Package hosts finds the identity endpoint of each kind of Azure host and asks it for tokens. Its
// sources do not cache, and try once.
package hosts

import (
	"errors"
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/seed-ac726066/aztoken/internal/wire"
)

// Config has what is needed to find a host.
type Config struct {
	// Getenv reads the environment.
	Getenv func(name string) string
	// Files are the places that Azure Arc's agent has on this machine.
	Files ArcFiles
	// Endpoint is the base URL of IMDS. If it is set, the environment does not matter.
	Endpoint string
	// ID is the identity to ask for. Its zero value is the host's default.
	ID ID
	// Module, Version and Options are for the requests.
	Module, Version string
	Options         azcore.ClientOptions
}

// Host is a place that issues tokens.
type Host struct {
	Kind Kind
	// Endpoint is its address, without anything secret.
	Endpoint string
	// Why says how it was found.
	Why string
	// Named reports whether a variable or Config.Endpoint names the endpoint. If none does, its
	// address is the one that every machine of its kind has, and there may be nothing.
	Named bool
	// Source asks it.
	Source Source
}

// String returns the name of the host for people: "IMDS at http://169.254.169.254 (the environment
// names no other host)".
func (h Host) String() string { return fmt.Sprintf("%s at %s (%s)", h.Kind, h.Endpoint, h.Why) }

// Find returns the host that cfg describes. It looks only at the environment and, for Azure Arc, at
// the file system. Its errors are a [*ConfigError].
func Find(cfg Config) (Host, error) {
	kind, why, named := detect(cfg.Endpoint, cfg.Getenv, cfg.Files.agentIsThere)
	endpoint, source, err := constructor(kind)(&cfg)
	if err == nil {
		err = cfg.ID.check() // after the host's own check of its kind
	}
	if err != nil {
		var mistake *ConfigError
		if errors.As(err, &mistake) && cfg.Endpoint == "" { // with an endpoint nothing was detected
			mistake.Host = string(kind) + ": " + why
		}
		return Host{}, err
	}
	return Host{Kind: kind, Endpoint: endpoint, Why: why, Named: named, Source: source}, nil
}

// constructor returns the function that makes the Source of a kind of host.
func constructor(kind Kind) func(*Config) (endpoint string, source Source, err error) {
	switch kind {
	case WorkloadIdentity, IdentityBinding:
		return newWorkloadIdentity
	case ServiceFabric:
		return newServiceFabric
	case AppService:
		return newAppService
	case ContainerInstances:
		return newContainerInstances
	case AzureML:
		return newAzureML
	case CloudShell:
		return newCloudShell
	case AzureArc:
		return newArc
	}
	return newIMDS
}

// client returns the wire.Client of a host's source.
func (cfg *Config) client(reach wire.Reach) (*wire.Client, error) {
	w, err := wire.NewClient(wire.Config{Module: cfg.Module, Version: cfg.Version, Options: cfg.Options, Reach: reach})
	if err != nil {
		return nil, &ConfigError{Field: FieldClientOptions, Err: err}
	}
	return w, nil
}
