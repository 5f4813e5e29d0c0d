package imdstest

import "strings"

// Identity is a managed identity that is assigned to the machine.
type Identity struct {
	// SystemAssigned marks the machine's own identity. There is at most one; of several, the first counts.
	SystemAssigned bool

	// ClientID and ObjectID are GUIDs. Blank: ones that end in the identity's place in the list,
	// counted from 1, as [DefaultClientID] and [DefaultObjectID] do.
	ClientID, ObjectID string

	// ResourceID is the ARM id, compared without regard to case. Blank: none, the identity cannot be
	// asked for by it.
	ResourceID string

	// Roles are the app roles that the identity has, by resource. A token for another resource has no
	// claim roles.
	Roles map[string][]string
}

// A selector names the identity that a request asks for. A host fills in the one that it was given.
type selector struct {
	clientID, objectID, resourceID string
	blank                          bool // an id was given, with nothing in it
}

// What a request for an identity can come to, besides an identity. The words are the platform's.
const (
	identityNotFound  = "Identity not found"
	identityAmbiguous = "Multiple user assigned identities exist, " +
		"please specify the clientId / resourceId of the identity in the token request"
)

// identity returns the identity that sel selects, or the platform's words for why there is none.
func (s *Server) identity(sel selector) (id *Identity, problem string) {
	if sel == (selector{}) {
		return s.unnamedIdentity()
	}
	for i := range s.options.Identities {
		id := &s.options.Identities[i]
		if strings.EqualFold(sel.clientID, id.ClientID) ||
			strings.EqualFold(sel.objectID, id.ObjectID) ||
			sel.resourceID != "" && strings.EqualFold(sel.resourceID, id.ResourceID) {
			return id, ""
		}
	}
	return nil, identityNotFound
}

// unnamedIdentity returns the identity of a request that names none.
func (s *Server) unnamedIdentity() (id *Identity, problem string) {
	all := s.options.Identities
	for i := range all {
		if all[i].SystemAssigned {
			return &all[i], ""
		}
	}
	switch len(all) {
	case 0:
		return nil, identityNotFound
	case 1:
		return &all[0], ""
	default:
		return nil, identityAmbiguous
	}
}

// ownIdentity returns the identity of a host that lets no request name one: the system-assigned or else the first.
func (s *Server) ownIdentity(selector) (id *Identity, problem string) {
	if id, _ := s.unnamedIdentity(); id != nil {
		return id, ""
	}
	if len(s.options.Identities) > 0 {
		return &s.options.Identities[0], ""
	}
	return nil, identityNotFound
}

// defaultIdentity is the one whose claims Mint starts from, which is there even where a request would find none.
func (s *Server) defaultIdentity() Identity {
	if id, _ := s.ownIdentity(selector{}); id != nil {
		return *id
	}
	return Identity{}.filled(1)
}
