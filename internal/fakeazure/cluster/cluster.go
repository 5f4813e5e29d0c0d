// Package cluster plays a Kubernetes cluster with workload identity: it puts a token into a file,
// and knows whether an assertion is the one in the file.
package cluster

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/seed-ac726066/aztoken/internal/fakeazure/files"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/issuer"
	"github.com/seed-ac726066/aztoken/internal/guid"
)

const (
	clusterIssuer  = "https://oidc.cluster.example/7e000000-0000-4000-8000-00000000000c/"
	serviceAccount = "system:serviceaccount:default:workload"
	audience       = "api://AzureADTokenExchange"
	// lifetime is far more than the hour or so of a real one, because no kubelet replaces it by
	// itself: a test in virtual time may go through months without having to.
	lifetime = 365 * 24 * time.Hour
)

// Cluster is a cluster with one service account. It is safe for concurrent use.
type Cluster struct {
	issuer *issuer.Issuer // its keys sign for the cluster too: making others takes time
	files  *files.Dir

	// mu guards what follows, and the file. The locks of files and of the issuer are taken under it.
	mu      sync.Mutex
	file    string
	current string
}

// New returns a cluster that writes its token into a file of dir.
func New(signer *issuer.Issuer, dir *files.Dir) *Cluster {
	return &Cluster{issuer: signer, files: dir}
}

// TokenFile returns the path of the file, which is made with the first token.
func (c *Cluster) TokenFile() (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.file != "" {
		return c.file, nil
	}
	err := c.rotate()
	return c.file, err
}

// Rotate puts a new token into the file, as the kubelet does. The one before is no longer accepted.
func (c *Cluster) Rotate() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rotate()
}

func (c *Cluster) rotate() error {
	now := time.Now()
	token, err := c.issuer.Mint(issuer.Subject{}, "", now, func(j *issuer.JWT) {
		j.Header = map[string]any{"alg": "RS256", "kid": j.Header["kid"]}
		j.Claims = map[string]any{
			"iss": clusterIssuer,
			"sub": serviceAccount,
			"aud": []string{audience},
			"iat": now.Unix(),
			"nbf": now.Unix(),
			"exp": now.Add(lifetime).Unix(),
			"jti": guid.New(),
		}
	})
	if err != nil {
		return err
	}
	file, err := c.files.Write("azure-identity-token", []byte(token))
	if err != nil {
		return err
	}
	c.file, c.current = file, token
	return nil
}

// Check returns what Entra ID has against an assertion: the number of its error and the words, or
// 0.
func (c *Cluster) Check(assertion string) (number int, description string) {
	payload, err := c.issuer.Payload(assertion)
	var claims struct {
		Issuer   string    `json:"iss"`
		Subject  string    `json:"sub"`
		Audience audiences `json:"aud"`
		Expires  float64   `json:"exp"`
	}
	if err == nil {
		err = json.Unmarshal(payload, &claims)
	}
	const none = "No matching federated identity record found for presented assertion"
	switch {
	case err != nil:
		return 50027, "JWT token is invalid or malformed."
	case !time.Now().Before(time.Unix(int64(claims.Expires), 0)):
		return 700024, "Client assertion is not within its valid time range."
	case claims.Issuer != clusterIssuer:
		return 700211, fmt.Sprintf("%s issuer '%s'.", none, claims.Issuer)
	case claims.Subject != serviceAccount:
		return 700213, fmt.Sprintf("%s subject '%s'.", none, claims.Subject)
	case len(claims.Audience) != 1 || claims.Audience[0] != audience:
		return 700212, fmt.Sprintf("%s audience '%s'.", none, claims.Audience)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if assertion != c.current {
		return 70021, none + "."
	}
	return 0, ""
}

// audiences is the claim aud: one string or several.
type audiences []string

// UnmarshalJSON reads either form.
func (a *audiences) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = audiences{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}
