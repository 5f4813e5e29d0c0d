package hosts

import (
	"fmt"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/seed-ac726066/aztoken/internal/guid"
	"github.com/seed-ac726066/aztoken/internal/jwt"
	"github.com/seed-ac726066/aztoken/internal/wire"
)

const otherTenantAdvice = "leave the tenant out, for the identity's own; tokens of another tenant are for a multi-tenant app registration, " +
	"which can use the identity as its credential (workload identity federation)"

// otherTenant returns the failure of a request for a token of a tenant that is not the identity's.
func otherTenant(wanted, own string) error {
	return &wire.Failure{
		Err:    fmt.Errorf("a token of tenant %s was asked for, and the identity is of tenant %s", quote(wanted), quote(own)),
		Advice: otherTenantAdvice,
	}
}

// IsTenant reports whether s may be a tenant's GUID or domain, which becomes a part of a path.
// Words that stand for any tenant do not count.
func IsTenant(s string) bool {
	switch strings.ToLower(s) {
	case "common", "organizations", "consumers":
		return false
	}
	const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"
	return s != "" && strings.Trim(s, allowed) == "" && strings.Trim(s, ".") != ""
}

// notTenant says what is wrong with s, which is not a tenant.
func notTenant(s string) string { return quote(s) + " is not a tenant, which is a GUID or a domain" }

// isOther reports whether two tenants are known to differ: one of them may be a domain, of which
// only Entra knows the tenant.
func isOther(wanted, own string) bool {
	return guid.Is(wanted) && guid.Is(own) && !strings.EqualFold(wanted, own)
}

// ofTenant returns t, or a failure if t belongs to another tenant than the one that was asked for
// ("" is any). Most hosts have no parameter for a tenant, so their token would be taken for one of
// that tenant.
func ofTenant(tenant string, t azcore.AccessToken) (azcore.AccessToken, error) {
	if tenant == "" {
		return t, nil
	}
	claims, _ := jwt.Claims(t.Token)
	if own := jwt.Text(claims["tid"]); isOther(tenant, own) {
		return azcore.AccessToken{}, otherTenant(tenant, own)
	}
	return t, nil
}
