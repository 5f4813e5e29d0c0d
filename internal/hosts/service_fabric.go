package hosts

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/seed-ac726066/aztoken/internal/wire"
)

const serviceFabricVersion = "2019-07-01-preview"

// serviceFabric is an application of a Service Fabric cluster. Its endpoint has a self-signed
// certificate, and identifies the application by the secret.
//
// https://learn.microsoft.com/azure/service-fabric/how-to-managed-identity-service-fabric-app-code
type serviceFabric struct {
	getter
	at surroundings
}

func newServiceFabric(cfg *Config) (endpoint string, source Source, err error) {
	if cfg.ID.Kind != Default {
		return "", nil, noID()
	}
	thumbprint, err := hex.DecodeString(strings.NewReplacer(":", "", " ", "").Replace(cfg.Getenv(identityThumbprint)))
	if err != nil || len(thumbprint) != sha1.Size {
		return "", nil, inVariable(identityThumbprint, "not a SHA-1 thumbprint of 40 hexadecimal digits", "leave it as Service Fabric sets it")
	}
	vars := named{endpoint: identityEndpoint, secret: identityHeader, header: "Secret"}
	g, err := vars.getter(cfg, serviceFabricVersion, wire.Reach{Thumbprint: thumbprint}, "https")
	if err != nil {
		return "", nil, err
	}
	return g.address(), &serviceFabric{getter: g, at: newSurroundings(cfg, true)}, nil
}

// Token implements [Source].
func (s *serviceFabric) Token(ctx context.Context, r Request) (azcore.AccessToken, error) {
	return s.token(ctx, "aztoken.ServiceFabric", r, revocation(r), s.explain)
}

// revocation returns the parameters that ask for a token past the platform's cache, in place of the
// one that was rejected. The claims of the challenge are not passed on, because the endpoint
// supports revocations only.
func revocation(r Request) url.Values {
	if r.Claims == "" {
		return nil
	}
	query := url.Values{"xms_cc": {"cp1"}} // the client understands claims challenges
	if r.RejectedSHA256 != "" {
		query.Set("token_sha256_to_refresh", r.RejectedSHA256)
	}
	return query
}

func (s *serviceFabric) explain(f *wire.Failure) {
	switch {
	case f.Unreachable:
		f.Advice = absentAdvice(identityEndpoint)
	case errors.Is(f.Err, wire.ErrCertificate):
		f.Advice = "restart the program if the certificate of the cluster was renewed; otherwise something other than Service Fabric answers there"
	case f.Code == "ManagedIdentityNotFound":
		f.Advice = "give the application an identity in its resource template and map it to the service in the manifest (IdentityBindingPolicy)"
	case f.Code == "SecretHeaderNotFound", f.StatusCode == http.StatusUnauthorized:
		f.Advice = staleSecret(identityHeader)
	}
	s.at.explain(f)
}
