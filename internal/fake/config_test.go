package fake_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/fake"
	"github.com/seed-ac726066/aztoken/internal/fakeazure"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/federation"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/platform"
)

func TestReadConfig(t *testing.T) {
	t.Parallel()
	config, err := fake.ReadConfig(strings.NewReader(`
tenant: 7e000000-0000-4000-8000-000000000009
token_lifetime: 90m
mint_after: -1s
token_version: 2
optional_claims: [idtyp]
secret: known
resources: [https://orders.example.com]
identities:
  - system_assigned: true
    client_id: c0000000-0000-4000-8000-00000000000a
    roles:
      https://orders.example.com: [consumer, reader]
  - object_id: 0b000000-0000-4000-8000-00000000000b
    resource_id: /subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i
tenants: [7e000000-0000-4000-8000-00000000000c]
proxy_ca_data: true
applications:
  - {}
  - client_id: a0000000-0000-4000-8000-00000000000a
    object_id: 0a000000-0000-4000-8000-00000000000a
    token_lifetime: 1h
    tenants: [7e000000-0000-4000-8000-00000000000d]
    roles:
      https://orders.example.com: [consumer]
    federated_credentials:
      - issuer: https://token.actions.githubusercontent.com
        subject: repo:shop/orders:ref:refs/heads/main
        audience: api://AzureADTokenExchange
  - federated_credentials: []
`), "machine.yaml")
	require.NoError(t, err)
	machine, err := config.Machine()
	require.NoError(t, err)
	require.Equal(t, fakeazure.Options{
		TenantID: "7e000000-0000-4000-8000-000000000009", TokenLifetime: 90 * time.Minute, MintAfter: -time.Second, TokenVersion: 2,
		OptionalClaims: []string{"idtyp"},
		Secret:         "known", Resources: []string{"https://orders.example.com"},
		Identities: []platform.Identity{
			{
				SystemAssigned: true, ClientID: "c0000000-0000-4000-8000-00000000000a",
				Roles: map[string][]string{"https://orders.example.com": {"consumer", "reader"}},
			},
			{
				ObjectID:   "0b000000-0000-4000-8000-00000000000b",
				ResourceID: "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i",
			},
		},
		Tenants: []string{"7e000000-0000-4000-8000-00000000000c"}, ProxyCAData: true,
		Applications: []platform.Application{
			{},
			{
				ClientID: "a0000000-0000-4000-8000-00000000000a", ObjectID: "0a000000-0000-4000-8000-00000000000a",
				TokenLifetime: time.Hour, Tenants: []string{"7e000000-0000-4000-8000-00000000000d"},
				Roles: map[string][]string{"https://orders.example.com": {"consumer"}},
				Credentials: []federation.Credential{{
					Issuer: "https://token.actions.githubusercontent.com", Subject: "repo:shop/orders:ref:refs/heads/main",
					Audience: "api://AzureADTokenExchange",
				}},
			},
			{Credentials: []federation.Credential{}},
		},
	}, machine)
}

func TestReadConfigEmpty(t *testing.T) {
	t.Parallel()
	for text, identities := range map[string][]platform.Identity{"": nil, "# nothing\n": nil, "identities: []": {}} {
		config, err := fake.ReadConfig(strings.NewReader(text), "machine.yaml")
		require.NoError(t, err)
		machine, err := config.Machine()
		require.NoError(t, err)
		require.Equal(t, fakeazure.Options{Identities: identities}, machine)
	}
}

func TestReadConfigMistakes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"identites: []":                           "field identites not found",
		"token_lifetime: 1 day":                   `"1 day" is not a duration`,
		"token_lifetime: 1ms":                     "at least 1s",
		"token_version: 3":                        "token version is 3",
		"optional_claims: [acct]":                 "set them to idtyp",
		"tenant: contoso":                         `"contoso" is not a GUID`,
		"secret: \"a b\"":                         "printable ASCII",
		"identities: [{client_id: x}]":            `identity 1: the client id "x" is not a GUID`,
		"identities: [{}, {object_id: x}]":        `identity 2: the object id "x" is not a GUID`,
		"identities: [{resource_id: orders}]":     "set it to /subscriptions/",
		"tenants: [contoso]":                      "set them to GUIDs",
		"applications: [{client_id: x}]":          `application 1: the client id "x" is not a GUID`,
		"applications: [{}, {tenants: [x]}]":      `application 2: the tenant "x" is not a GUID`,
		"applications: [{token_lifetime: 1ms}]":   "application 1: the token lifetime is 1ms",
		"applications: [{credentials: []}]":       "field credentials not found",
		"tenant: [":                               "machine.yaml: ",
		"token_version: 1\n---\ntoken_version: 2": "several documents",
		"# " + strings.Repeat("x", 1<<20):         "larger than 1 MiB",
	} {
		config, err := fake.ReadConfig(strings.NewReader(text), "machine.yaml")
		if err == nil {
			_, err = config.Machine()
		}
		require.ErrorContains(t, err, want)
		require.Less(t, len(err.Error()), 300, "a person reads it")
	}
}
