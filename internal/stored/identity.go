package stored

import (
	"strings"

	"github.com/seed-ac726066/aztoken/internal/guid"
	"github.com/seed-ac726066/aztoken/internal/hosts"
	"github.com/seed-ac726066/aztoken/internal/jwt"
)

// Fits reports whether a token may be of the identity id, by its claims: an entry that was sealed
// with the right key may still have been written by a program with a mistake. A tenant of "" is
// any; one that is named by a domain is not compared. Case does not matter. A token that is not a
// JWT has no claims to compare, so Fits accepts it: only the name of its entry counts.
func Fits(token string, id hosts.ID, tenant string) bool {
	claims, ok := jwt.Claims(token)
	if !ok {
		return true
	}
	is := func(want string, names ...string) bool {
		for _, name := range names {
			if got := jwt.Text(claims[name]); got != "" {
				return strings.EqualFold(got, want)
			}
		}
		return true
	}
	if tenant != "" && guid.Is(tenant) && !is(tenant, "tid") {
		return false
	}
	switch id.Kind {
	case hosts.ClientID:
		return is(id.Value, "appid", "azp")
	case hosts.ObjectID:
		return is(id.Value, "oid")
	case hosts.ResourceID:
		return is(id.Value, "xms_mirid")
	}
	return true
}
