package fakegraph

import (
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/guid"
)

// badURIs refuses new App ID URIs as tenants do since 2025: those of an application with tokens of
// version 1 must contain a verified domain, the tenant's id or the client id. All must be free.
func (x exchange) badURIs(before, after Application) (answer, bool) {
	v2 := after.API.RequestedAccessTokenVersion != nil && *after.API.RequestedAccessTokenVersion == 2
	for _, uri := range after.IdentifierURIs {
		if slices.Contains(before.IdentifierURIs, uri) {
			continue
		}
		own := after.AppID != "" && strings.Contains(uri, after.AppID) || strings.Contains(uri, x.options.TenantID) ||
			slices.ContainsFunc(x.options.VerifiedDomains, func(d string) bool { return strings.Contains(uri, d) })
		if !own && !v2 {
			return badRequest("Failed to add identifier URI %s. All newly added URIs must contain a tenant verified domain, tenant ID, or app ID, as per the default tenant policy of your organization.", uri), true
		}
		for _, other := range x.applications {
			if o := other.latest(); o.ID != after.ID && slices.Contains(o.IdentifierURIs, uri) {
				return problem(http.StatusBadRequest, "Request_MultipleObjectsWithSameKeyValue", "Another object with the same value for property identifierUris already exists."), true
			}
		}
	}
	return answer{}, false
}

// badRoles refuses an array of roles: incomplete ones, those of one value or id, and a change of an
// enabled one.
func badRoles(before, after []Role) (answer, bool) {
	seen := map[string]bool{}
	for _, r := range after {
		switch {
		case !guid.Is(r.ID), r.DisplayName == "", r.Description == "", len(r.AllowedMemberTypes) == 0, strings.ContainsAny(r.Value, " \t\n"):
			return badRequest("One or more properties of appRoles are invalid."), true
		case seen[r.ID], r.Value != "" && seen["value "+r.Value]:
			return problem(http.StatusBadRequest, "InvalidValue", "Property appRoles contains duplicate values."), true
		}
		seen[r.ID], seen["value "+r.Value] = true, true
	}
	for _, old := range before {
		kept := slices.ContainsFunc(after, func(r Role) bool { return reflect.DeepEqual(r, old) })
		if old.IsEnabled && !kept {
			return problem(http.StatusBadRequest, "CannotDeleteOrUpdateEnabledEntitlement", "Permission (scope or role) cannot be deleted or updated unless disabled first."), true
		}
	}
	return answer{}, false
}
