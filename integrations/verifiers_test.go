package integrations_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

// ordersAPI is the audience of the services that verify tokens here.
const ordersAPI = "https://orders.example.com"

// A verifier is what a service has before its handlers. verify returns a token's subject.
type verifier struct {
	name   string
	verify func(t *testing.T, srv *imdstest.Server, version int) func(token string) (subject string, err error)
}

var verifiers = []verifier{
	{"go-oidc", goOIDC},
	{"keyfunc and golang-jwt", keyfuncJWT},
}

func goOIDC(t *testing.T, srv *imdstest.Server, version int) func(string) (string, error) {
	t.Helper()
	hc := httpClient(t)
	// The issuer is named as the real one is, and found at the address of the fake.
	ctx := oidc.InsecureIssuerURLContext(oidc.ClientContext(t.Context(), hc), issuer(version))
	provider, err := oidc.NewProvider(ctx, authority(srv, version))
	require.NoError(t, err)
	v := provider.VerifierContext(ctx, &oidc.Config{ClientID: ordersAPI, SupportedSigningAlgs: []string{oidc.RS256}})
	return func(token string) (string, error) {
		verified, err := v.Verify(ctx, token)
		if err != nil {
			return "", err
		}
		return verified.Subject, nil
	}
}

func keyfuncJWT(t *testing.T, srv *imdstest.Server, version int) func(string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	keys := srv.URL + "/" + imdstest.DefaultTenantID + "/discovery/keys"
	if version == 2 {
		keys = srv.URL + "/" + imdstest.DefaultTenantID + "/discovery/v2.0/keys"
	}
	first := false // an error of the first request is an error of New
	set, err := keyfunc.NewDefaultOverrideCtx(ctx, []string{keys}, keyfunc.Override{Client: httpClient(t), NoErrorReturnFirstHTTPReq: &first})
	require.NoError(t, err)
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer(issuer(version)),
		jwt.WithAudience(ordersAPI), jwt.WithExpirationRequired(), jwt.WithIssuedAt())
	return func(token string) (string, error) {
		verified, err := parser.Parse(token, set.Keyfunc)
		if err != nil {
			return "", err
		}
		return verified.Claims.GetSubject()
	}
}

func issuer(version int) string {
	if version == 2 {
		return "https://login.microsoftonline.com/" + imdstest.DefaultTenantID + "/v2.0"
	}
	return "https://sts.windows.net/" + imdstest.DefaultTenantID + "/"
}

func authority(srv *imdstest.Server, version int) string {
	if version == 2 {
		return srv.URL + "/" + imdstest.DefaultTenantID + "/v2.0"
	}
	return srv.URL + "/" + imdstest.DefaultTenantID
}

func TestVerifiersTakeTheFakeForEntra(t *testing.T) {
	t.Parallel()
	for _, v := range verifiers {
		for version, name := range map[int]string{1: "v1", 2: "v2"} {
			t.Run(v.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				srv := imdstest.NewServer(t, &imdstest.Options{TokenVersion: version})
				verify := v.verify(t, srv, version)

				subject, err := verify(imdsToken(t, srv, ordersAPI))
				require.NoError(t, err)
				require.Equal(t, imdstest.DefaultObjectID, subject)

				for why, token := range badTokens(t, srv) {
					_, err := verify(token)
					require.Error(t, err, why)
				}
			})
		}
	}
}

// badTokens returns those that a service must refuse, by the reason why.
func badTokens(t *testing.T, srv *imdstest.Server) map[string]string {
	t.Helper()
	change := func(claim string, value any) func(*imdstest.JWT) {
		return func(j *imdstest.JWT) { j.Claims[claim] = value }
	}
	good := srv.Mint(ordersAPI)
	header, rest, _ := strings.Cut(good, ".")
	_, signature, _ := strings.Cut(rest, ".")
	_, otherRest, _ := strings.Cut(srv.Mint(ordersAPI, change("oid", "another")), ".")
	otherClaims, _, _ := strings.Cut(otherRest, ".")
	return map[string]string{
		"other claims below the signature": header + "." + otherClaims + "." + signature,
		"another audience":                 srv.Mint(ordersAPI + "/"),
		"another issuer":                   srv.Mint(ordersAPI, change("iss", "https://sts.windows.net/another/")),
		"expired":                          srv.Mint(ordersAPI, change("exp", time.Now().Add(-time.Minute).Unix())),
		"not yet valid":                    srv.Mint(ordersAPI, change("nbf", time.Now().Add(time.Hour).Unix())),
		"another key's id":                 srv.Mint(ordersAPI, func(j *imdstest.JWT) { j.Header["kid"] = "another" }),
		"an algorithm that is not allowed": srv.Mint(ordersAPI, func(j *imdstest.JWT) { j.Header["alg"] = "HS256" }),
	}
}

// httpClient leaves no connection behind.
func httpClient(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}
