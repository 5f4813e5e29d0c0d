package hosts

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/seed-ac726066/aztoken/internal/wire"
)

const (
	// arcAddress is where the agent listens on every machine.
	arcAddress = "http://127.0.0.1:40342/metadata/identity/oauth2/token"
	// arcVersion is the first that takes user-assigned identities.
	arcVersion = "2020-06-01"
)

var errOtherIdentity = errors.New("the agent returned a token of another identity than the one requested")

// arc is a server outside Azure with the agent of Azure Arc. The agent answers the first request
// with the path of a file that only root and the group himds may read; the second one carries
// its content.
//
// https://learn.microsoft.com/azure/azure-arc/servers/managed-identity-authentication
type arc struct {
	getter
	files ArcFiles
	id    ID
	at    surroundings
}

func newArc(cfg *Config) (endpoint string, source Source, err error) {
	u, err := url.Parse(arcAddress)
	// The agent sets both.
	named := cfg.Getenv(identityEndpoint) != "" && cfg.Getenv(imdsEndpoint) != ""
	if named {
		u, err = endpointURL(cfg.Getenv, identityEndpoint, "http", "https")
	}
	if err != nil {
		return "", nil, err
	}
	g, err := newMetadataGetter(cfg, u, arcVersion)
	if err != nil {
		return "", nil, err
	}
	return g.address(), &arc{getter: g, files: cfg.Files, id: cfg.ID, at: newSurroundings(cfg, named)}, nil
}

// Token implements [Source].
func (s *arc) Token(ctx context.Context, r Request) (token azcore.AccessToken, err error) {
	ctx, end := s.wire.StartSpan(ctx, "aztoken.AzureArc")
	defer func() { end(err) }()
	key, err := s.key(ctx, r.Resource)
	if err == nil {
		token, err = s.tokenFor(ctx, r.Resource, key)
	}
	return finish(r.Tenant, token, err, s.explain)
}

// key makes the first request and reads the key that the answer points to.
func (s *arc) key(ctx context.Context, resource string) (string, error) {
	req, err := s.request(ctx, resource, nil)
	if err != nil {
		return "", err
	}
	answer, err := s.wire.Do(req)
	if err != nil {
		return "", err
	}
	if answer.StatusCode != http.StatusUnauthorized {
		if _, err = answer.Token(); err == nil {
			err = &wire.Failure{StatusCode: answer.StatusCode, JSON: true, Err: errNoChallenge, Advice: notArc}
		}
		return "", err
	}
	return s.files.key(answer.Header.Get("WWW-Authenticate"))
}

// tokenFor makes the second request, which brings the key.
func (s *arc) tokenFor(ctx context.Context, resource, key string) (azcore.AccessToken, error) {
	req, err := s.request(ctx, resource, nil)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	req.Raw().Header.Set("Authorization", "Basic "+key)
	answer, err := s.wire.Do(req)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	token, err := answer.Token()
	switch {
	case err != nil:
		return azcore.AccessToken{}, err
	case !namesIdentity(answer, s.id):
		return azcore.AccessToken{}, &wire.Failure{
			StatusCode: answer.StatusCode, JSON: true, Reason: wire.IdentityNotFound, Err: errOtherIdentity,
			Advice: "update the agent (azcmagent), which does not support user-assigned identities, or leave the id out",
		}
	}
	return token, nil
}

func (s *arc) explain(f *wire.Failure) {
	if f.Unreachable {
		f.Advice = "start the Azure Arc agent (azcmagent show prints its state); in a container 127.0.0.1 is the container: give it the network of the host, and the agent's keys"
	}
	s.at.explain(f)
	explainStranger(f, s.at.named)
}

// namesIdentity reports whether the answer names the identity that was asked for: agents that know
// no user-assigned identities ignore the parameter and return a token of the machine's own.
func namesIdentity(answer wire.Answer, id ID) bool {
	var names []string
	switch id.Kind {
	case Default:
		return true
	case ClientID:
		names = []string{"client_id"}
	case ObjectID:
		names = []string{"object_id"}
	case ResourceID:
		names = []string{"msi_res_id", "mi_res_id"}
	}
	for _, name := range names {
		if echoed := answer.Member(name); echoed != "" {
			return strings.EqualFold(echoed, id.Value)
		}
	}
	return false
}
