package hosts

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/seed-ac726066/aztoken/internal/wire"
)

// containerInstances is a container group on Windows. On Linux container instances have IMDS, and
// no $IDENTITY_ENDPOINT.
//
//	GET $IDENTITY_ENDPOINT&resource=…&principalId=<object id>
//	Secret: $IDENTITY_HEADER
//
// The version of the API is in the variable's own query. Without principalId the token is that of
// the system-assigned identity.
//
// The endpoint's refusals are not documented. One is known, from azure-sdk-for-net 45547: 404 with
// the code DefaultIdentityNotDefined, if a request has no principalId and there is no
// system-assigned identity. The others are interpreted by status and code, as on any host.
//
// https://learn.microsoft.com/azure/container-instances/container-instances-managed-identity#managed-identity-on-windows-containers
type containerInstances struct {
	getter
	at surroundings
}

func newContainerInstances(cfg *Config) (endpoint string, source Source, err error) {
	if cfg.ID.Kind != Default && cfg.ID.Kind != ObjectID {
		return "", nil, objectIDOnly(cfg.ID)
	}
	vars := named{endpoint: identityEndpoint, secret: identityHeader, header: "Secret"}
	g, err := vars.getter(cfg, ownVersion, wire.Reach{}, "http", "https")
	if err != nil {
		return "", nil, err
	}
	parameters{ObjectID: principalID}.set(g.query, cfg.ID)
	at := newSurroundings(cfg, true)
	at.objectIDs = true
	return g.address(), &containerInstances{getter: g, at: at}, nil
}

// principalID is the parameter that names an identity, by its object id.
const principalID = "principalId"

// dotted is a version as container instances have it, such as 1.0. App Service's are dates.
var dotted = regexp.MustCompile(`^[0-9]+(\.[0-9]+)+$`)

// identityEndpointKind returns what $IDENTITY_ENDPOINT and $IDENTITY_HEADER name, and the mark that
// shows it. App Service sets both too, but its endpoint has no version in the query.
func identityEndpointKind(address string) (kind Kind, mark string) {
	u, err := url.Parse(address)
	if err != nil {
		return AppService, ""
	}
	for name, values := range u.Query() {
		if strings.EqualFold(name, "api-version") && slices.ContainsFunc(values, dotted.MatchString) {
			return ContainerInstances, ", api-version in the query"
		}
	}
	return AppService, ""
}

// Token implements [Source].
func (s *containerInstances) Token(ctx context.Context, r Request) (azcore.AccessToken, error) {
	return s.token(ctx, "aztoken.ContainerInstances", r, nil, s.explain)
}

func (s *containerInstances) explain(f *wire.Failure) {
	switch {
	case f.Unreachable:
		f.Advice = absentAdvice(identityEndpoint) + "; Windows containers in a virtual network cannot reach it"
	case f.StatusCode == http.StatusNotFound && f.Code == "DefaultIdentityNotDefined" && !s.query.Has(principalID):
		f.Advice = "turn on the system-assigned identity of the container group, or name a user-assigned one by its object id"
	case f.StatusCode == http.StatusUnauthorized:
		// No other meaning of this status is known here.
		f.Advice = staleSecret(identityHeader)
	}
	s.at.explain(f)
}
