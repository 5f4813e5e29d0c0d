package platform

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/identityapi"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	const arm = "/subscriptions/1/userAssignedIdentities/a"
	own := Identity{SystemAssigned: true}.filled(1)
	one := Identity{ResourceID: arm}.filled(2)
	other := Identity{}.filled(3)
	named := func(kind identityapi.IDKind, value string) identityapi.ID {
		return identityapi.ID{Kind: kind, Value: value}
	}
	for name, c := range map[string]struct {
		all    []Identity
		id     identityapi.ID
		choice Choice
		want   string // the client id
		why    identityapi.Reason
	}{
		"own, in any place":        {all: []Identity{one, own}, want: own.ClientID},
		"own alone":                {all: []Identity{one, own}, choice: OwnAlone, want: own.ClientID},
		"own before the first":     {all: []Identity{one, own}, choice: OwnOrFirst, want: own.ClientID},
		"the only one":             {all: []Identity{one}, want: one.ClientID},
		"not the only one":         {all: []Identity{one}, choice: OwnAlone, why: identityapi.IdentityNotFound},
		"several":                  {all: []Identity{one, other}, why: identityapi.IdentityAmbiguous},
		"several, by being first":  {all: []Identity{one, other}, choice: OwnOrFirst, want: one.ClientID},
		"several, but none is own": {all: []Identity{one, other}, choice: OwnAlone, why: identityapi.IdentityNotFound},
		"none":                     {choice: OwnOrFirst, why: identityapi.IdentityNotFound},
		"by client id":             {all: []Identity{own, one}, id: named(identityapi.ClientID, one.ClientID), want: one.ClientID},
		"by object id":             {all: []Identity{own, one}, id: named(identityapi.ObjectID, one.ObjectID), want: one.ClientID},
		"by ARM id in lower case":  {all: []Identity{own, one}, id: named(identityapi.ResourceID, "/subscriptions/1/userassignedidentities/a"), want: one.ClientID},
		"by the wrong kind":        {all: []Identity{own, one}, id: named(identityapi.ObjectID, one.ClientID), why: identityapi.IdentityNotFound},
		"by a blank client id":     {all: []Identity{own}, id: named(identityapi.ClientID, ""), why: identityapi.IdentityNotFound},
		"by a blank ARM id":        {all: []Identity{own}, id: named(identityapi.ResourceID, ""), why: identityapi.IdentityNotFound},
	} {
		id, why := choose(c.all, c.id, c.choice)
		require.Equal(t, c.why, why, name)
		if c.want != "" {
			require.Equal(t, c.want, id.ClientID, name)
		} else {
			require.Nil(t, id, name)
		}
	}
}
