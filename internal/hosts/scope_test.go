package hosts_test

import (
	"context"
	"errors"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/hosts"
)

func TestTrimScope(t *testing.T) {
	t.Parallel()
	for scope, want := range map[string]string{
		"https://r":                              "https://r",
		"https://r/":                             "https://r/",
		"https://r/.default":                     "https://r",
		"https://servicebus.azure.net//.default": "https://servicebus.azure.net/",
		"api://app/.default/.default":            "api://app/.default",
		"api://app/.default/more/.default":       "api://app/.default/more",
		"":                                       "",
	} {
		require.Equal(t, want, hosts.TrimScope(scope), scope)
		require.Equal(t, want, hosts.TrimScope(hosts.Scope(want)), "what is put on comes off again")
	}
}

// credential records what it is asked for.
type credential struct {
	asked policy.TokenRequestOptions
	token azcore.AccessToken
	err   error
}

func (c *credential) GetToken(_ context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
	c.asked = opts
	return c.token, c.err
}

func TestFromCredential(t *testing.T) {
	t.Parallel()
	t.Run("passes everything on", func(t *testing.T) {
		t.Parallel()
		c := &credential{token: azcore.AccessToken{Token: "token"}}
		source := hosts.FromCredential(c)
		defer source.Close()
		got, err := source.Token(t.Context(), hosts.Request{Resource: "https://r/", Tenant: "t", CAE: true, Claims: "{}", RejectedSHA256: "0f"})
		require.NoError(t, err)
		require.Equal(t, c.token, got)
		require.Equal(t, policy.TokenRequestOptions{Scopes: []string{"https://r//.default"}, TenantID: "t", EnableCAE: true, Claims: "{}"}, c.asked)
	})
	t.Run("returns the credential's error as it is", func(t *testing.T) {
		t.Parallel()
		c := &credential{err: errors.New("sign in first")}
		_, err := hosts.FromCredential(c).Token(t.Context(), request)
		require.Same(t, c.err, err)
	})
}
