package hosts

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The whole address where the base is wanted: azure-sdk-for-js 16682, Terraform's ARM_MSI_ENDPOINT,
// adal's MSI_ENDPOINT.
func TestParseIMDSBase(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"http://169.254.169.254":                                                         "http://169.254.169.254",
		"http://169.254.169.254/":                                                        "http://169.254.169.254",
		"http://169.254.169.254/metadata/identity/oauth2/token":                          "http://169.254.169.254",
		"http://169.254.169.254/metadata/identity/oauth2/token/":                         "http://169.254.169.254",
		"http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01":   "http://169.254.169.254",
		"http://169.254.169.254/Metadata/Identity/OAuth2/Token?api-version=x&resource=y": "http://169.254.169.254",
		"http://169.254.169.254/metadata/identity/oauth2":                                "http://169.254.169.254",
		"http://169.254.169.254/metadata/identity/":                                      "http://169.254.169.254",
		"http://169.254.169.254/metadata":                                                "http://169.254.169.254",
		"http://169.254.169.254/metadata/instance?api-version=2021-02-01":                "http://169.254.169.254",
		"https://localhost:8443/below/metadata/identity/oauth2/token":                    "https://localhost:8443/below",
		"http://localhost/below//":                                                       "http://localhost/below",
		"http://localhost/be%2Flow/":                                                     "http://localhost/be%2Flow",
		"http://localhost/mymetadata":                                                    "http://localhost/mymetadata",
		"http://localhost/metadata/other":                                                "http://localhost/metadata/other",
		"http://localhost?code=s3cr3t":                                                   "",
		"http://localhost/below?":                                                        "",
		"http://169.254.169.254/ ":                                                       "",
		"http://localhost#x":                                                             "",
		"http://u:p@localhost":                                                           "",
		"http:///metadata/identity/oauth2/token":                                         "",
		"169.254.169.254":                                                                "",
		"169.254.169.254/metadata/identity/oauth2/token":                                 "",
		"unix:/metadata":                                                                 "",
		"http://169.254.169.254\n":                                                       "",
		"":                                                                               "",
		"http://169.254.169.254/metadata/identity/oauth2/token?client_id=x&api-version=x": "http://169.254.169.254",
	} {
		u, ok := parseIMDSBase(base)
		if want == "" {
			require.False(t, ok, base)
			continue
		}
		require.True(t, ok, base)
		require.Equal(t, want, u.String(), base)
	}
}

func TestIMDSBase(t *testing.T) {
	t.Parallel()
	const whole = "http://169.254.169.254/metadata/identity/oauth2/token"
	for _, tc := range []struct {
		name     string
		endpoint string
		env      map[string]string
		base     string
		from     string
	}{
		{"nothing", "", nil, imdsAddress, ""},
		{"Options.Endpoint goes before all", "http://a.test", map[string]string{msiEndpoint: whole, imdsOverride: "http://b.test"}, "http://a.test", FieldEndpoint},
		{"adal's variable with the whole address", "", map[string]string{msiEndpoint: whole}, whole, "$MSI_ENDPOINT"},
		{"Cloud Shell's address is none of IMDS", "", map[string]string{msiEndpoint: "http://localhost:50342/oauth2/token", imdsOverride: "http://b.test"}, "http://b.test", "$AZURE_POD_IDENTITY_AUTHORITY_HOST"},
		{"another IMDS", "", map[string]string{imdsOverride: "http://b.test"}, "http://b.test", "$AZURE_POD_IDENTITY_AUTHORITY_HOST"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			base, from, named := imdsBase(&Config{Endpoint: tc.endpoint, Getenv: func(name string) string { return tc.env[name] }})
			require.Equal(t, tc.base, base)
			require.Equal(t, tc.from, from)
			require.Equal(t, tc.from != "", named)
		})
	}
}
