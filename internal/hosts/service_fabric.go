package hosts

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/wire"
)

const serviceFabricVersion = "2019-07-01-preview"

var errThumbprint = errors.New("$" + identityThumbprint + " is no SHA-1 thumbprint of 40 hexadecimal digits; it must be as Service Fabric sets it")

// newServiceFabric is an application of a Service Fabric cluster. Its endpoint has a certificate that it signed itself,
// and tells the application by the secret which identity it has.
//
// https://learn.microsoft.com/azure/service-fabric/how-to-managed-identity-service-fabric-app-code
func newServiceFabric(cfg Config) (Host, error) {
	if cfg.ID.Kind != Default {
		return Host{}, errNoID
	}
	u, err := endpoint(cfg.Getenv, identityEndpoint, "https")
	if err != nil {
		return Host{}, err
	}
	thumbprint, err := hex.DecodeString(strings.NewReplacer(":", "", " ", "").Replace(cfg.Getenv(identityThumbprint)))
	if err != nil || len(thumbprint) != sha1.Size {
		return Host{}, errThumbprint
	}
	header, err := secret(cfg.Getenv, identityHeader)
	if err != nil {
		return Host{}, err
	}
	return getter{
		url: u, query: url.Values{"api-version": {serviceFabricVersion}}, header: "Secret", secret: header,
		reach: wire.Reach{Thumbprint: thumbprint}, claims: revocation,
		explain: explainServiceFabric, absent: absentAt(identityEndpoint),
	}.host(cfg, "aztoken.ServiceFabric")
}

type refusedKey struct{}

// WithRefused tells a source which token a claims challenge refused, by the lower-case hex SHA-256 of it; "" for none.
func WithRefused(ctx context.Context, sha256 string) context.Context {
	return context.WithValue(ctx, refusedKey{}, sha256)
}

// revocation asks for a token past the platform's cache, in place of the one that was refused. What the claims of the
// challenge say is not passed on: the endpoint knows revocations only.
func revocation(ctx context.Context, _ string) url.Values {
	query := url.Values{"xms_cc": {"cp1"}} // the client understands claims challenges
	if refused, _ := ctx.Value(refusedKey{}).(string); refused != "" {
		query.Set("token_sha256_to_refresh", refused)
	}
	return query
}

func explainServiceFabric(f *wire.Failure) {
	explainLocal(f)
	switch f.Code {
	case "ManagedIdentityNotFound":
		f.Reason, f.Retry = wire.IdentityNotFound, false // a 404 that does not pass
		f.Advice = "give the application an identity in its resource template and map it to the service in the manifest (IdentityBindingPolicy)"
	case "SecretHeaderNotFound":
		f.Advice = "take $IDENTITY_HEADER from the process's own environment"
	}
	switch {
	case errors.Is(f.Err, wire.ErrCertificate):
		f.Advice = "start the program anew if the cluster's certificate was renewed; else it is not Service Fabric that answers there"
	case f.StatusCode == http.StatusUnauthorized:
		f.Advice = "the endpoint does not accept the value of $IDENTITY_HEADER; take it from the process's own environment"
	}
}
