package hosts

import (
	"context"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// defaultScope makes a scope of a resource.
const defaultScope = "/.default"

// Scope returns the scope of a resource: all that its application allows the caller.
func Scope(resource string) string { return resource + defaultScope }

// TrimScope returns the resource of a scope, and a resource unchanged. It removes "/.default" once:
// https://servicebus.azure.net//.default is the resource https://servicebus.azure.net/, whose slash
// matters.
func TrimScope(scope string) string { return strings.TrimSuffix(scope, defaultScope) }

// FromCredential returns the Source that asks c.
func FromCredential(c azcore.TokenCredential) Source { return credential{c} }

type credential struct{ azcore.TokenCredential }

// Token implements [Source].
func (c credential) Token(ctx context.Context, r Request) (azcore.AccessToken, error) {
	return c.GetToken(ctx, policy.TokenRequestOptions{
		Scopes: []string{Scope(r.Resource)}, TenantID: r.Tenant, EnableCAE: r.CAE, Claims: r.Claims,
	})
}

// Close implements [Source]. The connections of a credential belong to its creator.
func (credential) Close() {}
