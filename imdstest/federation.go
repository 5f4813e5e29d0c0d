package imdstest

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

const (
	clusterIssuer     = "https://oidc.cluster.example/7e000000-0000-4000-8000-00000000000c/"
	serviceAccount    = "system:serviceaccount:default:workload"
	federatedAudience = "api://AzureADTokenExchange"
	// federatedLifetime is far more than the hour or so of a real one, because no kubelet replaces it by itself: a test
	// in virtual time may go through months without having to.
	federatedLifetime = 365 * 24 * time.Hour
)

// A federation is what stands in for a Kubernetes cluster: it puts a token into a file, and Entra trusts it.
type federation struct {
	mu      sync.Mutex
	file    string
	current string
}

// RotateFederatedToken puts a new token into the file of [Server.WorkloadIdentity], as the kubelet does. The one before
// is no longer accepted.
func (s *Server) RotateFederatedToken() {
	s.federation.mu.Lock()
	defer s.federation.mu.Unlock()
	s.rotate()
}

// federatedTokenFile returns the file, which is made with the first token.
func (s *Server) federatedTokenFile() string {
	s.federation.mu.Lock()
	defer s.federation.mu.Unlock()
	if s.federation.file == "" {
		s.rotate()
	}
	return s.federation.file
}

func (s *Server) rotate() {
	now := time.Now()
	key := s.keys.signing()
	token := key.token(JWT{
		Header: map[string]any{"alg": "RS256", "kid": key.id},
		Claims: map[string]any{
			"iss": clusterIssuer,
			"sub": serviceAccount,
			"aud": []string{federatedAudience},
			"iat": now.Unix(),
			"nbf": now.Unix(),
			"exp": now.Add(federatedLifetime).Unix(),
			"jti": guid(),
		},
	})
	s.federation.file = s.files.write("azure-identity-token", []byte(token))
	s.federation.current = token
}

// federated returns what Entra has against an assertion: its error's number and words, or 0.
func (s *Server) federated(assertion string) (number int, description string) {
	payload, err := s.keys.all().verify(assertion)
	var claims struct {
		Issuer   string   `json:"iss"`
		Subject  string   `json:"sub"`
		Audience audience `json:"aud"`
		Expires  float64  `json:"exp"`
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
	case len(claims.Audience) != 1 || claims.Audience[0] != federatedAudience:
		return 700212, fmt.Sprintf("%s audience '%s'.", none, claims.Audience)
	}
	s.federation.mu.Lock()
	defer s.federation.mu.Unlock()
	if assertion != s.federation.current {
		return 70021, none + "."
	}
	return 0, ""
}

// An audience is the claim aud: one string or several.
type audience []string

func (a *audience) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}
