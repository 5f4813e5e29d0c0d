package hosts

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/seed-ac726066/aztoken/internal/wire"
)

const (
	// arcAddress is where the agent listens on every machine.
	arcAddress = "http://127.0.0.1:40342/metadata/identity/oauth2/token"
	// arcVersion is the first that takes user-assigned identities.
	arcVersion = "2020-06-01"
)

var errNotEchoed = errors.New("the agent gave a token of another identity than the one that was asked for")

// newArc is a server outside Azure with the agent of Azure Arc. The agent answers the first request with the path of a
// file that only root and the group himds may read; the second brings what stands in it.
//
// https://learn.microsoft.com/azure/azure-arc/servers/managed-identity-authentication
func newArc(cfg Config) (Host, error) {
	u, err := url.Parse(arcAddress)
	if cfg.Getenv(identityEndpoint) != "" && cfg.Getenv(imdsEndpoint) != "" { // one alone is no word of the agent's
		u, err = endpoint(cfg.Getenv, identityEndpoint, "http", "https")
	}
	if err != nil {
		return Host{}, err
	}
	w, err := cfg.client(wire.Reach{})
	if err != nil {
		return Host{}, err
	}
	query := url.Values{"api-version": {arcVersion}}
	imdsParameters.set(query, cfg.ID)
	g := getter{url: u, query: query, header: "Metadata", secret: "true"}
	ask := func(ctx context.Context, resource string, _ policy.TokenRequestOptions) (azcore.AccessToken, error) {
		key, err := arcKey(ctx, w, g, resource, cfg.Files)
		if err != nil {
			return azcore.AccessToken{}, err
		}
		req, err := g.request(ctx, resource, "")
		if err != nil {
			return azcore.AccessToken{}, err
		}
		req.Raw().Header.Set("Authorization", "Basic "+key)
		answer, err := w.Do(req)
		if err != nil {
			return azcore.AccessToken{}, err
		}
		token, err := answer.Token()
		if err == nil && !echoes(answer, cfg.ID) {
			err = &wire.Failure{StatusCode: answer.StatusCode, JSON: true, Reason: wire.IdentityNotFound, Err: errNotEchoed,
				Advice: "update the agent (azcmagent), which knows no user-assigned identities, or leave Options.ID nil"}
		}
		if err != nil {
			return azcore.AccessToken{}, err
		}
		return token, nil
	}
	return Host{
		Endpoint: address(u),
		Source:   &source{wire: w, span: "aztoken.AzureArc", ask: ask, explain: explainOAuth, absent: "start the Azure Arc agent (azcmagent show tells how it is)"},
		Close:    w.Close,
	}, nil
}

// arcKey makes the first request and reads the key that the answer points to.
func arcKey(ctx context.Context, w *wire.Client, g getter, resource string, files ArcFiles) (string, error) {
	req, err := g.request(ctx, resource, "")
	if err != nil {
		return "", err
	}
	answer, err := w.Do(req)
	if err != nil {
		return "", err
	}
	if answer.StatusCode != http.StatusUnauthorized {
		if _, err = answer.Token(); err == nil {
			err = &wire.Failure{StatusCode: answer.StatusCode, Err: errNoChallenge, Advice: notArc}
		}
		return "", err
	}
	return files.key(answer.Header.Get("WWW-Authenticate"))
}

// echoes says whether the answer names the identity that was asked for: agents that know no user-assigned identities ignore
// the parameter and give the machine's own.
func echoes(answer wire.Answer, id ID) bool {
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
