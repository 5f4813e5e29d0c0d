package hosts

import (
	"errors"
	"net/url"
)

// ID names one of the identities of a host. The zero ID is the host's default.
type ID struct {
	Kind  IDKind
	Value string
}

// IDKind is a kind of id.
type IDKind int

const (
	Default IDKind = iota
	ClientID
	ObjectID
	ResourceID
)

// What the hosts say that take fewer kinds of id.
var (
	errNoID       = errors.New("Options.ID: this host has one identity, which its configuration decides; leave ID nil")
	errClientOnly = errors.New("Options.ID: this host takes client ids only; set ID to the ClientID of the identity")
	errEmptyID    = errors.New("Options.ID is empty; give the id, or leave ID nil for the host's default identity")
)

// parameters are the names under which a host takes client id, object id and resource id.
type parameters struct{ clientID, objectID, resourceID string }

// set adds id to query.
func (p parameters) set(query url.Values, id ID) {
	switch id.Kind {
	case ClientID:
		query.Set(p.clientID, id.Value)
	case ObjectID:
		query.Set(p.objectID, id.Value)
	case ResourceID:
		query.Set(p.resourceID, id.Value)
	}
}

// check says what is wrong with id on any host.
func (id ID) check() error {
	if id.Kind != Default && id.Value == "" {
		return errEmptyID
	}
	return nil
}
