package platform

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/fakeazure/issuer"
	"github.com/seed-ac726066/aztoken/internal/identityapi"
)

// Identity is a managed identity that is assigned to the machine.
type Identity struct {
	SystemAssigned bool // of several, the first counts

	// ClientID and ObjectID are GUIDs. Blank: ones that end in the identity's place in the list.
	ClientID, ObjectID string

	// ResourceID is the ARM id, compared without regard to case. Blank: none.
	ResourceID string

	Roles map[string][]string // app roles, by resource
}

// filled returns a copy of id, the n-th of its machine, that has no blank GUIDs and shares no
// memory with it.
func (id Identity) filled(n int) Identity {
	if id.ClientID == "" {
		id.ClientID = fmt.Sprintf("c0000000-0000-4000-8000-%012d", n)
	}
	if id.ObjectID == "" {
		id.ObjectID = fmt.Sprintf("0b000000-0000-4000-8000-%012d", n)
	}
	id.Roles = cloneRoles(id.Roles)
	return id
}

// subject returns id as the issuer of a token for resource sees it.
func (id Identity) subject(resource string) issuer.Subject {
	return issuer.Subject{ClientID: id.ClientID, ObjectID: id.ObjectID, Roles: id.Roles[resource]}
}

// Choice is how a host chooses the identity of a request that names none.
type Choice int

const (
	OwnOrOnly  Choice = iota // the system-assigned one, or the only one
	OwnAlone                 // the system-assigned one
	OwnOrFirst               // the system-assigned one, or the first
)

// choose returns the identity that a request gets, or why there is none.
func choose(all []Identity, id identityapi.ID, unnamed Choice) (*Identity, identityapi.Reason) {
	if id == (identityapi.ID{}) {
		return chooseUnnamed(all, unnamed)
	}
	for i := range all {
		if all[i].is(id) {
			return &all[i], 0
		}
	}
	return nil, identityapi.IdentityNotFound
}

func (id *Identity) is(named identityapi.ID) bool {
	switch named.Kind {
	case identityapi.ClientID:
		return strings.EqualFold(named.Value, id.ClientID)
	case identityapi.ObjectID:
		return strings.EqualFold(named.Value, id.ObjectID)
	default:
		return named.Value != "" && strings.EqualFold(named.Value, id.ResourceID)
	}
}

func chooseUnnamed(all []Identity, c Choice) (*Identity, identityapi.Reason) {
	own := slices.IndexFunc(all, func(id Identity) bool { return id.SystemAssigned })
	switch {
	case own >= 0:
		return &all[own], 0
	case len(all) == 0 || c == OwnAlone:
		return nil, identityapi.IdentityNotFound
	case len(all) == 1 || c == OwnOrFirst:
		return &all[0], 0
	default:
		return nil, identityapi.IdentityAmbiguous
	}
}
